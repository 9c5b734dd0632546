"""XT's streams, subscribed to by our own messages: ccxt's ``watch_positions`` freezes on a flat account.

The client's ping is ours as well. ccxt's tells itself that a pong has come whenever it sends a ping, so that
a dead connection looks alive for ever; ours says when something last came in. Nothing is passed on to ccxt:
its handler of pongs calls what does not exist, and that would end the stream.

Bars are not among them: that of the bars (``kline@``) does not say when one is over. They are asked for when
they close.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.core.facts import Book, Fact, FundingRate, LastPrice, Link, MarkPrice
from bot.core.types import AccountName
from bot.venues.live.dialects.xt.spelling import PRIVATE, result, text_of, time_of
from bot.venues.live.exact import exact, positive
from bot.venues.live.levels import book, levels
from bot.venues.live.terms import Heard, Instrument, Listing, Payload, Subscription, Wanted

KEEP_ALIVE_MS = 5_000
"""How often is pinged; XT closes a connection after 30 s without one."""
PONGS_MISSED = 3
"""Ours counts as dead after so many, and one more: what came in is looked at when the next ping goes out."""
LISTEN_KEY_MS = 7 * 3_600_000
"""An hour less than a listen key lasts (XT's page of it)."""
_TOPICS_PER_FRAME = 50
"""An unknown symbol silently drops what stands behind it in its frame, so a frame is not all there is."""
ACCOUNT = "account"
"""The id of the private subscription, by which its receipt is known."""
_ACCOUNT_TOPICS = ("order", "trade", "balance", "position")
_ACCOUNT_HEARD = frozenset({*_ACCOUNT_TOPICS, "notify"})
_DEPTH = 20

Start = Callable[[Any], Awaitable[object]]


def ping(client: Any) -> str:  # noqa: ANN401 - ccxt's client is untyped
    """The text XT wants to hear; what counts as its answer is that anything at all came in."""
    client.lastPong = client.last_message_at or client.lastPong
    return "ping"


class XtStreams:
    """Subscriptions, and what their messages say."""

    def client_options(self) -> Mapping[str, Any]:
        """Our ping instead of ccxt's, often enough to notice a dead connection."""
        return {
            "options": {"ws": {"ping": ping, "keepAlive": KEEP_ALIVE_MS, "maxPingPongMisses": PONGS_MISSED}}
        }

    def streams(self, wanted: Wanted, listing: Listing) -> Sequence[Subscription]:
        """Mark and last of each symbol once a second, its funding, and its book where that is wanted."""
        topics = [t for symbol in wanted.symbols for t in _topics(listing.by_symbol[symbol], wanted)]
        frames = [topics[at : at + _TOPICS_PER_FRAME] for at in range(0, len(topics), _TOPICS_PER_FRAME)]
        return tuple(
            Subscription(name=f"market-{at}", link=Link.MARKET, start=_public(f"market-{at}", frame))
            for at, frame in enumerate(frames)
        )

    def private_streams(self) -> Sequence[Subscription]:
        """Everything about the account on one listen key, of which one start fetches one."""
        return (Subscription(name=ACCOUNT, link=Link.ACCOUNT, start=_private, renew_ms=LISTEN_KEY_MS),)

    def hear(self, account: AccountName, message: Payload, listing: Listing, now_ms: int) -> Heard:
        """What one message says; only prices, funding and books are facts."""
        if isinstance(message, str):
            return _hear_text(message)
        if not isinstance(message, Mapping):
            return Heard(flaw=f"XT sends {str(message)[:100]}")
        topic = message.get("topic")
        if topic is None:
            return _hear_answer(message)
        if not isinstance(topic, str):
            return Heard(flaw=f"XT sends {str(message)[:100]}")
        if topic in _ACCOUNT_HEARD and _is_private(message):
            return Heard(account=True)
        try:
            return Heard(facts=tuple(_facts(topic, message.get("data"), listing)))
        except ValueError as error:
            return Heard(flaw=f"XT {topic}: {error}")


def _topics(instrument: Instrument, wanted: Wanted) -> Iterator[str]:
    yield f"agg_ticker@{instrument.id}"
    if instrument.contract.expiry_ms is None:
        yield f"fund_rate@{instrument.id}"
    if wanted.book:
        yield f"depth@{instrument.id},{_DEPTH}"


def _public(name: str, topics: Sequence[str]) -> Start:
    async def start(client: Any) -> object:  # noqa: ANN401 - ccxt's exchange is untyped
        frame = {"method": "SUBSCRIBE", "params": list(topics), "id": name}
        return await client.watch(_url(client, "market"), name, frame, name, {"id": name})

    return start


async def _private(client: Any) -> object:  # noqa: ANN401 - ccxt's exchange is untyped
    """Fetch a listen key and subscribe with it; a new key is a new subscription to ccxt's client."""
    answer = await client.request("future/user/v1/user/listen-key", PRIVATE, "GET", {})
    key = text_of(result(answer, "XT's listen key"), "listen key")
    frame = {
        "method": "SUBSCRIBE",
        "params": [f"{topic}@{key}" for topic in _ACCOUNT_TOPICS],
        "id": ACCOUNT,
    }
    return await client.watch(_url(client, "user"), ACCOUNT, frame, f"{ACCOUNT}@{key}", {"id": ACCOUNT})


def _url(client: Any, tail: str) -> str:  # noqa: ANN401 - ccxt's exchange is untyped
    return f"{client.urls['api']['ws']['contract']}/{tail}"


def _is_private(message: Mapping[str, Any]) -> bool:
    """Public trades have the name of private ones, and say ``s`` where those say ``symbol``."""
    data = message.get("data")
    return not (isinstance(data, Mapping) and message["topic"] == "trade" and "s" in data)


def _hear_text(message: str) -> Heard:
    if message == "pong":
        return Heard()
    if "listen" in message.lower():
        return Heard(link_down=f"XT says {message[:100]}")
    return Heard(flaw=f"XT says {message[:100]}: a topic was refused, and those behind it in its frame")


def _hear_answer(message: Mapping[str, Any]) -> Heard:
    """A subscription taken or refused: 0 is success, 2 a listen key that is none."""
    if message.get("event") == "pong":
        return Heard()
    if message.get("code") == 0:
        # From now on changes are told: what happened before has to be read.
        return Heard(account=message.get("id") == ACCOUNT)
    said = f"XT says {str(message.get('msg'))[:100]} ({message.get('code')})"
    words = str(message.get("msg")).lower()
    if message.get("code") in (2, 401) or "listen" in words or "token" in words:
        return Heard(link_down=said)
    return Heard(flaw=said)


def _facts(topic: str, data: object, listing: Listing) -> Iterator[Fact]:
    if not isinstance(data, Mapping):
        raise ValueError(f"found {str(data)[:100]}, expected data")  # noqa: TRY004 - a payload
    name = data.get("s")
    instrument = listing.by_id.get(name) if isinstance(name, str) else None
    if instrument is None:
        raise ValueError(f"symbol {name!r} is not listed")
    at_ms = time_of(data.get("t"), "t")
    symbol = instrument.symbol
    match topic:
        case "agg_ticker":
            yield MarkPrice(at_ms=at_ms, symbol=symbol, price=positive(data.get("m"), "mark price"))
            yield LastPrice(at_ms=at_ms, symbol=symbol, price=positive(data.get("c"), "last price"))
        case "fund_rate":
            # The message does not tell when it is due: at the next whole interval since midnight UTC.
            every = instrument.contract.funding_interval_ms
            rate = exact(data.get("r"), "funding rate")
            yield FundingRate(at_ms=at_ms, symbol=symbol, rate=rate, next_ms=at_ms - at_ms % every + every)
        case "depth":
            yield _book(data, instrument, at_ms)
        case _:
            raise ValueError("a topic nobody asked for")


def _book(data: Mapping[str, Any], instrument: Instrument, at_ms: int) -> Book:
    """Best prices, and the money in the levels that are sent (20 of each side)."""
    size = instrument.contract.contract_size
    bids, asks = levels(data.get("b"), "bids", size), levels(data.get("a"), "asks", size)
    return book(instrument, at_ms, bids, asks)
