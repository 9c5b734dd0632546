"""What is special about XT, as data. Sources are XT's own pages, and ccxt 4.5.90 where those are silent."""

from __future__ import annotations

from bot.core.capabilities import YES, Capability
from bot.core.held.losses import Ending
from bot.core.types import MarginMode, PositionMode
from bot.venues.capabilities import EVERYWHERE, HEDGES, LOCKS_ONLY, NO_MARGIN_IN_CROSS
from bot.venues.live.dialects.xt.reading import INTERVALS
from bot.venues.live.terms import Assumed, Codes, Traits, Window

_TOPS_UP = Capability(
    works=True,
    because="draws margin only where the new initial margin is above what is there: after a top-up, nothing",
    substitute="AddMargin",
)

_NO_HEDGES = Capability(
    works=False,
    because="no dated contract of XT was ever seen, and opening one in another coin was never tried",
    substitute="ReducePosition",
)

_LEVERS = (
    {(lever, mode): YES for lever in EVERYWHERE for mode in MarginMode}
    | {(lever, mode): _NO_HEDGES for lever in HEDGES for mode in MarginMode}
    | {(lever, MarginMode.ISOLATED): YES for lever in ("AddMargin", "WithdrawMargin")}
    | {(lever, MarginMode.CROSS): NO_MARGIN_IN_CROSS for lever in ("AddMargin", "WithdrawMargin")}
    | {("CutLeverage", MarginMode.ISOLATED): _TOPS_UP, ("CutLeverage", MarginMode.CROSS): LOCKS_ONLY}
)

# Each names a check of the request before anything is done with it: the tables of error codes on XT's pages
# of the requests that create orders and plans and change margin, and two that ccxt quotes whole.
_REJECTED = frozenset(
    {
        "contract_not_open",
        "exceed_max_leverage",
        "insufficient_balance",
        "invalid_margin",
        "invalid_params",
        "invalid_price",
        "invalid_quantity",
        "invalid_quantity_scale",
        "invalid_symbol",
        "invalid_time_in_force",
        "open_order_max_nominal_value_limit",
        "open_order_min_nominal_value_limit",
        "openapi_not_supported",
        "sub_account_not_trade",
        "symbol_is_not_open_position",
        "symbol_is_not_trading",
        "symbol_not_support_openapi",
        "symbol_not_support_trading_via_api",
        "user_can_not_open_position",
        "user_can_not_trade",
    }
)
_AUTH = frozenset(
    {"401", "403", "AUTH_001", "AUTH_007", "AUTH_101", "AUTH_102", "AUTH_103", "AUTH_104", "AUTH_106"}
)

_ASSUMED = (
    Assumed(
        what="an answer with a code that names a check of the request (invalid_params, insufficient_balance,"
        " ...) means that nothing was done; every other code leaves the outcome open",
        settle="send one request of each kind with a wrong value and read orders and margin afterwards",
    ),
    Assumed(
        what="a request is not carried out later than 5 s after its time stamp: XT says so of its gateway,"
        " not of what stands behind it",
        settle="send an order with a time stamp of 4.9 s ago in a busy hour and watch for a later fill",
    ),
    Assumed(
        what="client ids of up to 32 letters, digits and underscores are taken, kept and shown; ours go out"
        " as hf_3_17",
        settle="place and cancel a far stop with such an id and look for it in entrust/plan-list",
    ),
    Assumed(
        what="a second order with a client id that is in use is refused or at least shown beside the first;"
        " no code for it is known",
        settle="place two far stops with one client id",
    ),
    Assumed(
        what="a sale with positionSide LONG (a purchase with SHORT) only ever closes, no more than is open",
        settle="close more contracts than the position has, with the smallest position there is",
    ),
    Assumed(
        what="resting plans do not count as closing orders (availableCloseSize): an exit and a second stop"
        " are taken while a stop for the whole position rests",
        settle="place two stops for the whole of a small position, then close it at market",
    ),
    Assumed(
        what="a plan at market takes timeInForce IOC (XT's page); ccxt sends GTC",
        settle="place a far stop with each and compare the answers",
    ),
    Assumed(
        what="a triggered plan shows as an ordinary order with sourceId = the plan's id",
        settle="let a small stop trigger and read order/list-history",
    ),
    Assumed(
        what="amounts in JSON are taken as strings; margin is taken in steps of the coin's display precision",
        settle="add the smallest step of margin to a small position and read isolatedMargin",
    ),
    Assumed(
        what="isolatedMargin of a position excludes unrealised profit, walletBalance of the account includes"
        " the margin of isolated positions, bonus and coupons are in neither",
        settle="compare position/list and balance/list with XT's own pages at a price away from entry",
    ),
    Assumed(
        what="maxNotional of a contract holds for an order that closes as for one that opens, although XT's"
        " page speaks of opening only: a large exit goes in slices",
        settle="close more than that in one order",
    ),
    Assumed(
        what="closeProfit of an order is realised profit before fees",
        settle="close a part at a known price and compute it",
    ),
    Assumed(
        what="pages of 100 rows are given; more rows than were given are told by total or hasNext",
        settle="rest 12 plans and ask for pages of 10 and of 100",
    ),
    Assumed(
        what="brackets are flat: the rate of the bracket holds for the whole position, without a deduction",
        settle="compare XT's liquidation price of a position above the first bracket with both arithmetics",
    ),
    Assumed(
        what="there is no one-way mode, although one page of XT names positionSide BOTH; such a row is not"
        " guessed at but reported",
        settle="ask XT",
    ),
    Assumed(
        what="funding is due at whole intervals of 8 hours since midnight UTC until q/funding-rate has told"
        " of another time: the stream tells only the rate",
        settle="compare nextCollectionTime of all symbols",
    ),
    Assumed(
        what="a listen key ends after 8 hours (XT's page in Chinese) and a new one leaves the old one valid",
        settle="keep two private streams open for nine hours",
    ),
    Assumed(
        what="no stream tells of plans: one that is cancelled by hand or met is seen at the next reading of"
        " the account, after ten seconds at most, two where a threshold is near",
        settle="subscribe to every private topic, cancel a plan by hand and see whether anything comes",
    ),
    Assumed(
        what="cast in the list of funding fees is below nought where the account paid",
        settle="compare the list with the balance before and after a settlement",
    ),
    Assumed(
        what="the clock of the spot interface is that of the futures interface",
        settle="compare time with the t of q/mark-price",
    ),
    Assumed(
        what="there are no dated contracts to hedge with: none was seen, although the row of a contract has a"
        " place for one",
        settle="look at future/market/v1/public/symbol/detail for a productType other than perpetual",
    ),
    Assumed(
        what="records of funding rates come newest first; an id with direction NEXT brings the older ones",
        settle="fetch the funding of a contract over a year and look for gaps with holdfast data verify",
    ),
)

TRAITS = Traits(
    name="xt",
    ccxt_id="xt",
    margin_rules=("xt_linear",),
    hosts=frozenset(
        {"api.xt.com", "dapi.xt.com", "fapi.xt.com", "fstream.xt.com", "sapi.xt.com", "stream.xt.com"}
    ),
    position_modes=frozenset({PositionMode.HEDGE}),
    levers=_LEVERS,
    endings={
        "USER_REVOCATION": Ending.CANCELLED,
        "CANCELED": Ending.CANCELLED,
        "PARTIALLY_CANCELED": Ending.CANCELLED,
        "TRIGGERING": Ending.MET,
        "TRIGGERED": Ending.MET,
        "NEW": Ending.MET,
        "PARTIALLY_FILLED": Ending.MET,
        "FILLED": Ending.MET,
    },
    codes=Codes(rejected=_REJECTED, auth=_AUTH, limited=frozenset({"429"}), clock=frozenset({"AUTH_105"})),
    # 1000 requests a minute from one address, else it is locked out for ten minutes.
    windows={"requests": Window(capacity=1000, per_ms=60_000, reserve=200)},
    recv_window_ms=5_000,
    mark_source="agg_ticker@SYMBOL, field m, once a second",
    funding_source="fund_rate@SYMBOL, field r, once a minute; q/funding-rate tells when it is due",
    conditional_orders="entrust/plan-list (ours) and entrust/profit-list (set by hand), state NOT_TRIGGERED",
    stop_replacement="place the new plan, see it in entrust/plan-list, cancel the old one by its entrustId",
    timeframes_ms=frozenset(INTERVALS),
    client_id_max=32,
    client_id_chars="A-Z a-z 0-9 _",
    margin_history="",
    bars_streamed=False,
    assumed=_ASSUMED,
    sources=(
        "doc.xt.com/docs/futures",
        "xtsupport 7219807415705 (liquidation), 7218719025945 (margin and leverage)",
        "ccxt 4.5.90: async_support/xt.py, pro/xt.py",
    ),
)
