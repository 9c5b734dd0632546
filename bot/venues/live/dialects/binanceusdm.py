"""Binance USD-M: perpetuals and quarterlies that settle in USDT or USDC, counted in coins."""

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
    name="binanceusdm",
    kind=ContractKind.LINEAR,
    public=("fapiPublic",),
    private=("fapiPrivate",),
    positions=("fapiPrivateV2",),
    balances=("fapiPrivateV3",),
    data=("fapiData",),
    brackets=("fapiPrivate",),
    steps=("notionalFloor", "notionalCap"),
    multi_assets=True,
    mark_array=True,
    private_kind="linear",
)

TRAITS = Traits(
    name=SECTION.name,
    ccxt_id="binanceusdm",
    margin_rules=("binance_usdm",),
    hosts=frozenset({"fapi.binance.com", "fstream.binance.com", "api.binance.com"}),
    position_modes=frozenset(PositionMode),
    tiers_public=False,
    levers=levers("-4161"),
    codes=CODES,
    endings=ENDINGS,
    # exchangeInfo, rateLimits. The reserve pays emergencies of a minute and a look at the account.
    windows={
        "requests": Window(capacity=2400, per_ms=60_000, reserve=300),
        "orders": Window(capacity=300, per_ms=10_000, reserve=60),
        **WINDOWS,
    },
    recv_window_ms=RECV_WINDOW_MS,
    mark_source="stream !markPrice@arr@1s, all symbols once a second; GET /fapi/v1/premiumIndex",
    funding_source="the same frames (r, T), empty on quarterlies",
    conditional_orders="GET /fapi/v1/openAlgoOrders, apart from GET /fapi/v1/openOrders",
    stop_replacement="new quantity-sized reduce-only stop, read back, old one cancelled",
    timeframes_ms=TIMEFRAMES_MS,
    client_id_max=CLIENT_ID_MAX,
    client_id_chars=CLIENT_ID_CHARS,
    margin_history="GET /fapi/v1/positionMargin/history (USER_ADJUST)",
    quarterlies="linear, BTC/USDT:USDT-YYMMDD, no funding, own brackets",
    test_network="testnet.binancefuture.com; demo trading in ccxt",
    assumed=(
        *ASSUMED,
        Assumed(
            what="the second version of positionRisk stays: it alone tells leverage and margin mode",
            settle="GET /fapi/v2/positionRisk; once it is gone, the third version and symbolConfig together",
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
