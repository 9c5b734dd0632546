"""Binance COIN-M: perpetuals and quarterlies that settle in the coin, in contracts of 100 or 10 dollars."""

from __future__ import annotations

from functools import partial

from bot.core.contracts import ContractKind
from bot.core.types import PositionMode
from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects.binance.acting import BinanceActing
from bot.venues.live.dialects.binance.answers import BinanceAnswers
from bot.venues.live.dialects.binance.beside import BinanceBeside
from bot.venues.live.dialects.binance.contracts import BinanceContracts
from bot.venues.live.dialects.binance.history import WINDOWS, history
from bot.venues.live.dialects.binance.margin_moves import BinanceMarginHistory
from bot.venues.live.dialects.binance.reading import TIMEFRAMES_MS, BinanceReading
from bot.venues.live.dialects.binance.recent import recent
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.dialects.binance.streams import RECV_WINDOW_MS, BinanceStreams
from bot.venues.live.dialects.binance.traits import (
    ASSUMED,
    CLIENT_ID_CHARS,
    CLIENT_ID_MAX,
    CODES,
    ENDINGS,
    SOURCES,
    levers,
)
from bot.venues.live.terms import Assumed, Traits, Window

SECTION = Section(
    name="binancecoinm",
    kind=ContractKind.INVERSE,
    public=("dapiPublic",),
    private=("dapiPrivate",),
    positions=("dapiPrivate",),
    balances=("dapiPrivate",),
    # The second version goes by symbol; the first goes by pair, though a quarterly has brackets of its own.
    data=("dapiData",),
    brackets=("dapiPrivateV2",),
    steps=("qtyFloor", "qtyCap"),
    multi_assets=False,
    mark_array=False,
    private_kind="inverse",
)

TRAITS = Traits(
    name=SECTION.name,
    ccxt_id="binancecoinm",
    margin_rules=("binance_coinm",),
    hosts=frozenset({"dapi.binance.com", "dstream.binance.com", "api.binance.com"}),
    position_modes=frozenset(PositionMode),
    tiers_public=False,
    levers=levers("-4150"),
    codes=CODES,
    endings=ENDINGS,
    windows={
        "requests": Window(capacity=2400, per_ms=60_000, reserve=300),
        "orders": Window(capacity=1200, per_ms=60_000, reserve=240),
        **WINDOWS,
    },
    recv_window_ms=RECV_WINDOW_MS,
    mark_source="stream <symbol>@markPrice@1s, one per symbol over one connection; GET /dapi/v1/premiumIndex",
    funding_source="the same frames (r, T), empty on quarterlies",
    conditional_orders="GET /dapi/v1/openAlgoOrders, apart from GET /dapi/v1/openOrders",
    stop_replacement="new quantity-sized reduce-only stop, read back, old one cancelled",
    timeframes_ms=TIMEFRAMES_MS,
    client_id_max=CLIENT_ID_MAX,
    client_id_chars=CLIENT_ID_CHARS,
    margin_history="GET /dapi/v1/positionMargin/history (USER_ADJUST)",
    quarterlies="inverse, BTC/USD:BTC-YYMMDD, no funding, own brackets",
    test_network="testnet.binancefuture.com; demo trading in ccxt",
    assumed=(
        *ASSUMED,
        Assumed(
            what="COIN-M has the algo-order endpoints of USD-M: ccxt says so, no page of Binance does",
            settle="POST, GET and DELETE /dapi/v1/algoOrder, GET /dapi/v1/openAlgoOrders",
        ),
        Assumed(
            what="qtyFloor, qtyCap and cum of its brackets are coins, as the FAQ ceccfcfb has it",
            settle="compare the liquidation price of a position in the second bracket",
        ),
        Assumed(
            what="streams and listen keys stay at dstream and /dapi; a newer page names fstream and /fapi",
            settle="POST /dapi/v1/listenKey, connect, and wait for an ACCOUNT_UPDATE",
        ),
        Assumed(
            what="1200 orders and 2400 of weight a minute",
            settle="GET /dapi/v1/exchangeInfo, rateLimits",
        ),
    ),
    sources=SOURCES,
)

DIALECT = Dialect(
    traits=TRAITS,
    contracts=BinanceContracts(SECTION),
    acting=partial(BinanceActing, SECTION),
    reading=BinanceReading(SECTION),
    beside=BinanceBeside(SECTION),
    answers=BinanceAnswers(),
    streams=BinanceStreams(SECTION),
    recent=recent(SECTION),
    history=history(SECTION),
    margin_history=BinanceMarginHistory(SECTION),
)
