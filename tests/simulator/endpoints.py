"""What the simulated Binance USD-M answers, as ``docs/binance.md`` lists it.

``python -m tests.simulator.endpoints docs/binance.md`` brings that page up to date. The list of what there is
at Binance is that of ccxt, whose description of the exchange names every path of its REST interface.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from urllib.parse import urlsplit

from bot.simulator.binance.listing import ORDER_TYPES
from bot.simulator.binance.socket_api import METHODS, SESSION
from bot.simulator.binance.unserved import UNSERVED, UNSERVED_EVENTS, UNSERVED_STREAMS
from tests.building.simulator import a_world
from tests.simulator.binance_desk import binance

Endpoint = tuple[str, str]

STREAMS = {
    "<symbol>@aggTrade": "btcusdt@aggTrade",
    "<symbol>@trade": "btcusdt@trade",
    "<symbol>@markPrice@1s": "btcusdt@markPrice@1s",
    "!markPrice@arr@1s": "!markPrice@arr@1s",
    "<symbol>@kline_<interval>": "btcusdt@kline_1m",
    "<pair>_<contractType>@continuousKline_<interval>": "btcusdt_perpetual@continuousKline_1m",
    "<symbol>@miniTicker": "btcusdt@miniTicker",
    "!miniTicker@arr": "!miniTicker@arr",
    "<symbol>@ticker": "btcusdt@ticker",
    "!ticker@arr": "!ticker@arr",
    "<symbol>@bookTicker": "btcusdt@bookTicker",
    "!bookTicker": "!bookTicker",
    "<symbol>@forceOrder": "btcusdt@forceOrder",
    "!forceOrder@arr": "!forceOrder@arr",
    "<symbol>@depth<levels>@100ms": "btcusdt@depth5@100ms",
    "<symbol>@depth@100ms": "btcusdt@depth@100ms",
    "<symbol>@rpiDepth@500ms": "btcusdt@rpiDepth@500ms",
    "!contractInfo": "!contractInfo",
}
"""The pages of "Websocket Market Streams", with an example of each name."""
EVENTS = (
    "ACCOUNT_UPDATE",
    "ORDER_TRADE_UPDATE",
    "TRADE_LITE",
    "ALGO_UPDATE",
    "MARGIN_CALL",
    "ACCOUNT_CONFIG_UPDATE",
    "listenKeyExpired",
)
"""The pages of "User Data Streams" that are told."""


@lru_cache(maxsize=1)
def known_to_ccxt() -> frozenset[Endpoint]:
    """Every endpoint of USD-M in the description that ccxt has of the exchange."""
    described = import_module("ccxt").binanceusdm().describe()
    return frozenset(
        (method.upper(), f"{urlsplit(described['urls']['api'][name]).path.rstrip('/')}/{path}")
        for name, methods in described["api"].items()
        if name.startswith("fapi")
        for method, paths in methods.items()
        for path in paths
    )


def unserved() -> Mapping[Endpoint, str]:
    """What is refused, by method and path as it is asked for, with the reasons."""
    return {
        (method, path if path.startswith("/") else f"/fapi/{path}"): why
        for (method, path), why in UNSERVED.items()
    }


def page() -> str:
    """The page."""
    served = binance(a_world()).served
    missing = sorted(unserved().items(), key=lambda row: (row[1], row[0][1], row[0][0]))
    return "\n".join(
        (
            *INTRODUCTION,
            "",
            "## Orders",
            "",
            ", ".join(f"`{kind}`" for kind in ORDER_TYPES) + ".",
            "The last five rest with the algo service (`/fapi/v1/algoOrder`).",
            "",
            "## REST",
            "",
            *_table(("answered", "by method"), _by_path(served)),
            "",
            *_table(
                ("refused with -4084", "by method", "because"),
                ((f"`{path}`", method, why) for (method, path), why in missing),
            ),
            "",
            "## Websocket API",
            "",
            "At `wss://ws-fapi.binance.com/ws-fapi/v1`: "
            + ", ".join(f"`{name}`" for name in sorted((*METHODS, *SESSION)))
            + ".",
            "",
            "## Streams",
            "",
            "Public: " + ", ".join(f"`{name}`" for name in sorted(STREAMS)) + ".",
            "",
            "Private: " + ", ".join(f"`{name}`" for name in sorted(EVENTS)) + ".",
            "",
            *_table(
                ("not sent", "because"),
                ((f"`{name}`", why) for name, why in {**UNSERVED_STREAMS, **UNSERVED_EVENTS}.items()),
            ),
            "",
        )
    )


INTRODUCTION = (
    "# The simulated Binance USD-M",
    "",
    "`holdfast simulator --venue binanceusdm` speaks the wire protocol of Binance USD-M over the paper",
    "exchange, so that any client of that exchange can trade on it. This page lists what it answers and what",
    "it refuses. A test holds it to the description of the exchange in ccxt: each path there is in one of",
    "the two tables.",
    "",
    "What an exchange of one trader cannot know is refused and never invented. What it does that no source",
    "confirms, `holdfast venues binanceusdm --assumed` lists.",
)


def _by_path(served: Iterable[Endpoint]) -> Iterator[tuple[str, str]]:
    for path, endpoints in groupby(sorted(served, key=itemgetter(1, 0)), key=itemgetter(1)):
        yield f"`{path}`", " ".join(method for method, _ in endpoints)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
