"""What is special about Bybit, as data."""

from __future__ import annotations

from bot.core.capabilities import YES, Capability
from bot.core.held.losses import Ending
from bot.core.types import MarginMode, PositionMode
from bot.venues.live.dialects.bybit.market import INTERVALS
from bot.venues.live.dialects.bybit.streams import RECV_WINDOW_MS
from bot.venues.live.terms import Assumed, Codes, Traits, Window

ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS
NO_MARGIN_IN_CROSS = Capability(
    works=False, because="Bybit moves margin of isolated positions only (110015)", substitute="ReducePosition"
)
LOCKS_ONLY = Capability(
    works=False,
    because="in cross a lower leverage only locks balance, liquidation stays where it is",
    substitute="ReducePosition",
)
RESETS_BOTH = Capability(
    works=False,
    because="Bybit sets the leverage of a long and a short at once and resets the margin of both",
    substitute="AddMargin",
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
    # It resets the margin to the initial margin of the new leverage and drops what was added: the contract's
    # margin rules say so, and the guard refuses a cut that would bring liquidation nearer.
    ("CutLeverage", ISOLATED): YES,
    ("AddMargin", CROSS): NO_MARGIN_IN_CROSS,
    ("WithdrawMargin", CROSS): NO_MARGIN_IN_CROSS,
    ("CutLeverage", CROSS): LOCKS_ONLY,
}

# docs/v5/error. Left open on purpose: 10000 server timeout, 10007 user authentication failed, 10014 duplicate
# request, 10016 server error, 429 high load, 110035 cancellation not completed.
CODES = Codes(
    rejected=frozenset(
        {
            *("10001", "10008", "10017", "10024", "10027", "10028", "10029", "100028"),
            *("30133", "30134", "30135", "30136", "30208", "40004"),
            *("110001", "110003", "110004", "110005", "110006", "110007", "110008", "110009", "110011"),
            *("110012", "110013", "110014", "110015", "110016", "110017", "110018", "110019", "110020"),
            *("110021", "110022", "110023", "110024", "110027", "110028", "110029", "110031", "110032"),
            *("110033", "110034", "110036", "110037", "110038", "110039", "110040", "110041", "110042"),
            *("110044", "110045", "110046", "110047", "110048", "110049", "110050", "110051", "110052"),
            *("110053", "110057", "110058", "110059", "110060", "110061", "110063", "110064", "110066"),
            *("110067", "110068", "110069", "110070", "110074", "110077", "110078", "110079", "110080"),
            *("110085", "110086", "110087", "110088", "110089", "110090", "110092", "110093", "110094"),
            *("110095", "110096", "110097", "110098", "110099", "110100", "110101", "110102", "110103"),
            *("110104", "110105", "110106", "110107", "110108", "110109", "110118", "110120", "110121"),
            *("170346", "170360", "3100197", "3200320", "3200403", "3400139"),
        }
    ),
    exists=frozenset({"110030", "110072"}),
    already=frozenset({"110010", "110043"}),
    auth=frozenset({"10003", "10004", "10005", "10010", "33004", "-2015"}),
    limited=frozenset({"10006", "10009", "10018"}),
    clock=frozenset({"10002", "-1"}),
    crowded=frozenset({"110017"}),
    # 110042: about to be delivered, it can only be reduced. 110074: the contract is not live.
    suspended=frozenset({"110042", "110074"}),
)

# docs/v5/rate-limit: 600 requests in any five seconds for one address, together; 10 a second for one user and
# each of create, cancel and set-leverage, 50 a second for each of the lists. The three share the 600. A
# second is taken as a little longer, for requests that are longer under way than those before them.
WINDOWS = {
    "requests": Window(capacity=300, per_ms=5_000, reserve=30),
    "account": Window(capacity=200, per_ms=5_000, reserve=40),
    "orders": Window(capacity=10, per_ms=1_100, reserve=4),
}

ASSUMED = (
    Assumed(
        what="positionBalance, where it is not 0, is the margin of an isolated position without unrealised "
        "profit; else positionIM is, added margin and closing fee included",
        settle="on the test network add margin to an isolated position and compare both fields before, after "
        "and at another mark price",
    ),
    Assumed(
        what="walletBalance contains the margin of isolated positions and totalPositionIM is all of it",
        settle="on the test network open an isolated position and compare the wallet before and after",
    ),
    Assumed(
        what="in cross only the wallet of the settlement coin is counted, although other coins back the "
        "account too: liquidation is really further away",
        settle="keep the collateral in the settlement coin, or guard isolated positions",
    ),
    Assumed(
        what="a symbol that was switched to another position mode than the account's other symbols has no "
        "position; the mode is taken from open positions, else from BTCUSDT",
        settle="use one position mode for all symbols",
    ),
    Assumed(
        what="only USDT perpetuals have a long and a short side by side: a dated contract is sent "
        "positionIdx 0 in hedge mode as well",
        settle="on the test network switch USDT to hedge mode and buy a dated contract",
    ),
    Assumed(
        what="a request is not carried out after its receive window, as it is checked at the gateway",
        settle="ask Bybit whether the matching engine checks it again",
    ),
    Assumed(
        what="executions tell the realised profit as execPnl; where they do not it is booked as 0",
        settle="close a part on the test network and look at the execution",
    ),
    Assumed(
        what="BustTrade and AdlTrade name the side of the trade, so that Sell closes a long",
        settle="look at the execution of a liquidated position in hedge mode",
    ),
)

TRAITS = Traits(
    name="bybit",
    ccxt_id="bybit",
    margin_rules=("bybit_linear", "bybit_inverse"),
    hosts=frozenset({"api.bybit.com", "stream.bybit.com"}),
    position_modes=frozenset(PositionMode),
    levers=LEVERS,
    in_hedge={("CutLeverage", ISOLATED): RESETS_BOTH},
    codes=CODES,
    endings={
        "Deactivated": Ending.CANCELLED,
        "Cancelled": Ending.CANCELLED,
        "Triggered": Ending.MET,
        "New": Ending.MET,
        "PartiallyFilled": Ending.MET,
        "PartiallyFilledCanceled": Ending.MET,
        "Filled": Ending.MET,
    },
    windows=WINDOWS,
    recv_window_ms=RECV_WINDOW_MS,
    mark_source="tickers stream, markPrice, every 100 ms when it moved",
    funding_source="tickers stream and request, fundingRate with nextFundingTime; a message with only one of "
    "them says nothing",
    conditional_orders="order/realtime shows plain and conditional orders together, 50 a page",
    stop_replacement="a new conditional order is placed and read back, then the old one is cancelled; at "
    "most 10 conditional orders a symbol",
    timeframes_ms=frozenset(INTERVALS),
    client_id_max=36,
    client_id_chars="letters, digits, - and _",
    quarterlies="linear and inverse, contractType LinearFutures and InverseFutures",
    test_network="api-testnet.bybit.com, and demo trading",
    assumed=ASSUMED,
    sources=(
        "bybit-exchange.github.io v5/order: create-order, cancel-order, open-order, order-list, execution",
        "bybit-exchange.github.io v5/position: leverage, manual-add-margin, position-mode, and its own page",
        "bybit-exchange.github.io v5/account: account-info, wallet-balance; user/apikey-info",
        "bybit-exchange.github.io v5/market: instrument, risk-limit, tickers, kline, time",
        "bybit-exchange.github.io v5/market: mark-kline, history-fund-rate, open-interest",
        "bybit-exchange.github.io v5/websocket: public/ticker, public/kline, private, wss-authentication",
        "bybit-exchange.github.io v5: error (2026-01), rate-limit, enum, acct-mode",
        "Bybit help 900000294083: a change of leverage resets the margin",
    ),
)
