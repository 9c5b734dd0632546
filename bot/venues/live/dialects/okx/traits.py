"""What is special about OKX, as data."""

from __future__ import annotations

from bot.core.capabilities import YES, Capability
from bot.core.held.losses import Ending
from bot.core.types import MarginMode, PositionMode
from bot.venues.live.dialects.okx.market import BARS
from bot.venues.live.dialects.okx.spelling import ID_MAX
from bot.venues.live.terms import Assumed, Codes, Traits, Window

ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS
NO_MARGIN_IN_CROSS = Capability(
    works=False, because="OKX moves margin of isolated positions only (59300)", substitute="ReducePosition"
)
REFUSED_WITH_A_STOP = Capability(
    works=False,
    because="OKX refuses it while a stop rests on the position, and one always does (59668)",
    substitute="AddMargin",
)
LOCKS_ONLY = Capability(
    works=False,
    because="in cross a lower leverage only locks balance, and it is refused while a stop rests (59669)",
    substitute="ReducePosition",
)
LEVERS = {
    (lever, mode): YES
    for mode in MarginMode
    for lever in (
        "ReducePosition",
        "PlaceStop",
        "MoveStop",
        "CancelStop",
        "PlaceTakeProfit",
        "OpenHedge",
        "CloseHedge",
        "SetPosture",
        "Notify",
    )
} | {
    ("AddMargin", ISOLATED): YES,
    ("WithdrawMargin", ISOLATED): YES,
    ("CutLeverage", ISOLATED): REFUSED_WITH_A_STOP,
    ("AddMargin", CROSS): NO_MARGIN_IN_CROSS,
    ("WithdrawMargin", CROSS): NO_MARGIN_IN_CROSS,
    ("CutLeverage", CROSS): LOCKS_ONLY,
}


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# docs-v5 error codes (2026-07). Left open on purpose: 1 without a code inside, 2 partial success, 50001
# service unavailable, 50004 and 51054 and 51149 timeouts, 50013 busy, 50026 system error, 50042 repeated
# request, 51410 a cancellation under way.
CODES = Codes(
    rejected=_codes(
        "50000 50002 50005 50006 50007 50008 50009 50010 50012 50014 50015 50016 50017 50018 50019 "
        "50020 50021 50022 50023 50024 50025 50027 50028 50029 50030 50032 50033 50035 50037 "
        "50038 50041 50044 50046 50051 50052 50053 50059 50060 50062 50067 50072 50108 50109 50115 "
        "50122 51000 51001 51002 51003 51004 51005 51006 51007 51008 51009 51010 51012 51014 51015 "
        "51020 51021 51022 51023 51024 51025 51026 51027 51028 51029 51030 51031 51032 51033 51037 "
        "51038 51039 51041 51043 51044 51046 51047 51048 51049 51050 51051 51052 51053 51056 51058 "
        "51063 51070 51087 51088 51094 51096 51100 51101 51102 51103 51104 51105 51106 51107 51108 "
        "51109 51110 51112 51113 51115 51116 51117 51119 51120 51121 51122 51123 51124 51127 51129 "
        "51130 51131 51134 51135 51136 51137 51138 51144 51148 51150 51155 51169 51170 51174 51175 "
        "51176 51180 51181 51185 51186 51187 51201 51202 51203 51204 51205 51206 51207 51209 51210 "
        "51212 51250 51252 51261 51275 51276 51277 51278 51279 51280 51298 51299 51300 51302 51303 "
        "51304 51305 51306 51307 51308 51327 51328 51329 51330 51331 51333 51341 51342 51400 51402 "
        "51403 51404 51405 51407 51603 59000 59101 59102 59103 59104 59105 59106 59107 59108 59109 "
        "59112 59113 59114 59200 59201 59300 59301 59302 59303 59668 59669 59670"
    ),
    exists=_codes("50071 51011 51016 51065 51068"),
    already=_codes("51401"),
    auth=_codes(
        "50100 50101 50103 50104 50105 50106 50107 50110 50111 50113 50114 50118 50119 50120 50121 59506"
    ),
    limited=_codes("50011 50040 50061"),
    clock=_codes("50036 50102 50112"),
    crowded=_codes("51112"),
    suspended=_codes("51021 51022 51027 51028 51030"),
)

SPAN_MS = 2_200
"""OKX counts in two seconds; requests may take this much longer to get there than those before them."""


def _own(capacity: int, *, reserve: int) -> Window:
    """The limit of one endpoint, which is counted by itself."""
    return Window(capacity=capacity, per_ms=SPAN_MS, reserve=reserve, apart=True)


# Each endpoint has a limit of its own; what is not here shares "requests", whose limit is that of the
# tightest of the rest: marks and the clock. Nothing is kept for emergencies where there is none: in what is
# only read.
WINDOWS = {
    "requests": Window(capacity=10, per_ms=SPAN_MS, reserve=2),
    "account/config": _own(5, reserve=0),
    "account/balance": _own(10, reserve=0),
    "account/positions": _own(10, reserve=0),
    "trade/orders-pending": _own(60, reserve=0),
    "trade/orders-algo-pending": _own(20, reserve=0),
    "trade/orders-history": _own(40, reserve=0),
    "trade/orders-algo-history": _own(20, reserve=0),
    "trade/fills": _own(60, reserve=0),
    "trade/order": _own(60, reserve=20),
    "trade/order-algo": _own(20, reserve=8),
    "trade/cancel-order": _own(60, reserve=20),
    "trade/cancel-algos": _own(20, reserve=8),
    "account/set-leverage": _own(20, reserve=4),
    "account/position/margin-balance": _own(20, reserve=8),
    "public/position-tiers": _own(10, reserve=0),
    "public/open-interest": _own(20, reserve=0),
    # Five a second, which says nothing of two.
    "account/bills": _own(5, reserve=0),
    "market/candles": _own(40, reserve=0),
    "market/history-candles": _own(20, reserve=0),
    "market/history-mark-price-candles": _own(10, reserve=0),
    "public/funding-rate-history": _own(10, reserve=0),
    "rubik/stat/contracts/open-interest-history": _own(5, reserve=0),
}

ASSUMED = (
    Assumed(
        what="cashBal is without the margin of isolated positions: it has been transferred to them",
        settle="in demo trading open an isolated position and compare cashBal before and after",
    ),
    Assumed(
        what="cTime of a position stays the same while it is open and is new when it is opened again, "
        "although posId is not",
        settle="in demo trading close a position, open it again and compare cTime",
    ),
    Assumed(
        what="margin can be moved in steps of 0.01 of a stable coin and 0.000001 of another",
        settle="in demo trading move margin with more decimals",
    ),
    Assumed(
        what="position tiers are the same for isolated and cross margin",
        settle="compare the two answers of public/position-tiers for the families that are traded",
    ),
    Assumed(
        what="a clOrdId sent with a conditional order beside algoClOrdId does no harm; ccxt sends one",
        settle="in demo trading place a stop and look at both ids of the order that it becomes",
    ),
    Assumed(
        what="a request that is no order may be carried out up to 30 seconds after its time stamp; an order "
        "is refused once its expTime is over",
        settle="ask OKX whether the matching engine checks it again",
    ),
    Assumed(
        what="a query for a conditional order that does not exist is answered with 51603, 51293 or an "
        "empty list",
        settle="in demo trading query an id that was never used",
    ),
    Assumed(
        what="liquidations and deleveraging come on the orders channel with their category and the side of "
        "the trade, so that sell closes a long",
        settle="look at the message of a liquidated position in one-way mode",
    ),
    Assumed(
        what="history-candles tells the latest closed bars as well, open-interest-history the last 1,440 "
        "rows, funding-rate-history three months",
        settle="fetch yesterday, a week and half a year of one contract and look at the gaps",
    ),
)

TRAITS = Traits(
    name="okx",
    ccxt_id="okx",
    margin_rules=("okx_linear", "okx_inverse"),
    hosts=frozenset({"www.okx.com", "ws.okx.com"}),
    position_modes=frozenset(PositionMode),
    levers=LEVERS,
    codes=CODES,
    endings={
        "canceled": Ending.CANCELLED,
        "effective": Ending.MET,
        "partially_effective": Ending.MET,
    },
    windows=WINDOWS,
    recv_window_ms=30_000,
    mark_source="mark-price stream, every 200 ms when it moved, every 10 s when not",
    funding_source="funding-rate stream and request, fundingRate for fundingTime",
    conditional_orders="trade/orders-algo-pending by sort: conditional and oco, trigger, move_order_stop; "
    "100 a page",
    stop_replacement="a new conditional order is placed and read back, then the old one is cancelled; "
    "a close of the whole position (closeFraction) could only be one",
    timeframes_ms=frozenset(BARS),
    client_id_max=ID_MAX,
    client_id_chars="letters and digits; a hyphen of ours goes out as Z",
    margin_history="account/bills, sub-types 160 and 161",
    quarterlies="linear and inverse, instType FUTURES",
    test_network="demo trading, by a header",
    assumed=ASSUMED,
    sources=(
        "okx.com docs-v5: trade/order, trade/order-algo, trade/cancel-algos, trade/orders-algo-pending",
        "okx.com docs-v5: transaction timeouts, expTime: placing and amending orders, and nothing else",
        "okx.com docs-v5: trade/orders-pending, trade/orders-history, trade/orders-algo-history, trade/fills",
        "okx.com docs-v5: account/positions, account/balance, account/config",
        "okx.com docs-v5: account/set-leverage, account/position/margin-balance",
        "okx.com docs-v5: public/instruments, position-tiers, mark-price, funding-rate",
        "okx.com docs-v5: market/history-candles, history-mark-price-candles, funding-rate-history, rubik",
        "okx.com docs-v5: channels mark-price, funding-rate, positions, account, orders, orders-algo",
        "okx.com docs-v5: error codes of 2026-07",
    ),
)
