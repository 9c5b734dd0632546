"""Recorded frames, ways to spoil them, and what the real client makes of a request of ours."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import strategies as st

from bot.venues.live.dialect import Streams
from bot.venues.live.terms import Subscription
from bot.venues.live.wire import Request

FOLDER = Path(__file__).resolve().parents[1] / "frames"
GONE = object()
SPOILT = [GONE, None, "", "nan", "-inf", "-1", -1, "abc", 0, True, [], {}, [None], float("nan"), "1e5", "Buy"]


@cache
def frames(exchange: str) -> Mapping[str, Any]:
    """The payloads of ``tests/frames/<exchange>.jsonl`` by what they are; copy before changing one."""
    lines = (FOLDER / f"{exchange}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return {frame["what"]: frame["payload"] for frame in found}


def frame(exchange: str, what: str) -> Any:
    """A copy of one payload."""
    return copy.deepcopy(frames(exchange)[what])


def places(payload: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a payload something stands that could be spoilt."""
    inner = payload.items() if isinstance(payload, dict) else enumerate(payload)
    for key, value in inner:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def spoil(payload: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The payload with something else, or nothing, at that place."""
    spoilt = copy.deepcopy(payload)
    at = spoilt
    for key in place[:-1]:
        at = at[key]
    if value is GONE:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return spoilt


@st.composite
def spoilt(draw: st.DrawFn, payload: Any) -> Any:
    """One or two things in the payload gone wrong."""
    for _ in range(draw(st.integers(1, 2))):
        where = list(places(payload))
        if not where:
            break
        payload = spoil(payload, draw(st.sampled_from(where)), draw(st.sampled_from(SPOILT)))
    return payload


def decimals(found: Any) -> Iterator[Decimal]:
    """Every decimal in facts, positions, orders or lists of them."""
    if isinstance(found, Decimal):
        yield found
    elif is_dataclass(found):
        for field in fields(found):
            yield from decimals(getattr(found, field.name))
    elif isinstance(found, Mapping):
        for value in found.values():
            yield from decimals(value)
    elif isinstance(found, tuple | list):
        for value in found:
            yield from decimals(value)


def signed(exchange_id: str, request: Request) -> dict[str, Any]:
    """What the real ccxt class makes of a request, in the shape of the golden requests; nothing is sent."""
    client = client_of(exchange_id)
    made = client.sign(request.path, request.api, request.method, request.outgoing())
    url = urlsplit(made["url"])
    body = json.loads(made["body"]) if made["body"] else None
    return {
        "host": url.hostname,
        "path": url.path,
        "method": made["method"],
        "query": dict(parse_qsl(url.query)),
        "body": body,
    }


def client_of(exchange_id: str, **options: Any) -> Any:
    """A client of ccxt with an invented key that never connects."""
    ccxt = import_module("ccxt")
    return getattr(ccxt, exchange_id)(options | {"apiKey": "key", "secret": "secret", "password": "phrase"})


def subscribed(exchange_id: str, streams: Streams, these: Sequence[Subscription], *markets: Any) -> list[Any]:
    """What the real client sends for each subscription: section of the address and message.

    Nothing is connected; a request by REST that a call would make first is an error.
    """
    client = getattr(import_module("ccxt.pro"), exchange_id)(
        dict(streams.client_options()) | {"apiKey": "key", "secret": "secret", "password": "phrase"}
    )
    sent: list[Any] = []

    async def watch(url: str, _hashes: Any, message: Any = None, *_: Any) -> None:
        sent.append((urlsplit(url).path.rpartition("/")[2], message))
        raise Sent

    def refuse(*arguments: Any, **_: Any) -> None:
        raise AssertionError(f"the client asked for {arguments[0]}")

    async def pass_by(*_: Any, **__: Any) -> None:
        pass

    async def run() -> None:
        client.set_markets(markets)
        client.watch = client.watch_multiple = watch
        client.authenticate, client.fetch, client.spawn = pass_by, refuse, refuse
        for each in these:
            with suppress(Sent):
                await each.start(client)
        await client.close()

    asyncio.run(run())
    return sent


class Sent(Exception):  # noqa: N818 - it is no error
    """Ends a call of the client where it would begin to wait."""


def golden(shared: Path, exchange_id: str, case: str) -> dict[str, Any]:
    """The one request that ccxt built for this case."""
    recorded = json.loads((shared / "data/venues/golden_requests.json").read_text(encoding="utf-8"))
    return dict(recorded[exchange_id][case]["requests"][0])
