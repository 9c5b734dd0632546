"""What single rows of Bybit say: a position, an order, an execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from bot.core.facts import Fill
from bot.core.types import (
    OUR_PREFIX,
    ZERO,
    AccountName,
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionId,
    PositionMode,
    PriceKind,
    Side,
)
from bot.venues.live.dialects.bybit.acting import may_be_hedged
from bot.venues.live.fills import slippage
from bot.venues.live.rows import Row, above_nought, given, ms, number, text, text_if_given
from bot.venues.live.terms import Instrument, Listing

Known = TypeVar("Known")
SIDES = {"Buy": Side.LONG, "Sell": Side.SHORT}
INDEXES = {0: None, 1: Side.LONG, 2: Side.SHORT}
"""Which side's position an index means; in one-way mode the row's own side has to say it."""
OPEN = frozenset({"New", "PartiallyFilled", "Untriggered", "Triggered"})
CLOSED = frozenset({"Rejected", "PartiallyFilledCanceled", "Filled", "Cancelled", "Deactivated"})
STOPS = frozenset({"StopLoss", "PartialStopLoss"})
PROFITS = frozenset({"TakeProfit", "PartialTakeProfit"})
CONDITIONAL = frozenset({"Stop", "TrailingStop"}) | STOPS | PROFITS
PLAIN = frozenset({"", "UNKNOWN"})
TRIGGERS = {"MarkPrice": PriceKind.MARK, "LastPrice": PriceKind.LAST, "IndexPrice": PriceKind.LAST}
"""Holdfast tells mark from everything that is not mark; the index is not."""
FALLS = 2
INDEX = "positionIdx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position, how it is kept, and the exchange's own figure of its liquidation, where it shows one.

    What cannot be held on both sides has index 0 in either mode, and says nothing of it.
    """

    position: Position
    liquidation: Decimal | None
    kept: PositionMode | None


def position(of: Row, account: AccountName, mode: MarginMode, listing: Listing) -> Held | None:
    """A position; ``None`` for the row of a symbol without one.

    ``createdTime`` is when the symbol was traded first, not this lot, so it does not identify the lot.
    """
    if number(of, "size") == 0:
        return None
    instrument = listing.by_id[text(of, "symbol")]
    side = _one_of(of, "side", SIDES)
    owner = _owner(of)
    if owner is not None and owner is not side:
        raise ValueError(f"positionIdx {of.get(INDEX)} does not go with side {of.get('side')}")
    liquidation = number(of, "liqPrice") if given(of, "liqPrice") else ZERO
    return Held(
        position=Position(
            id=PositionId(account, instrument.symbol, side),
            quantity=above_nought(of, "size"),
            entry=above_nought(of, "avgPrice"),
            leverage=above_nought(of, "leverage"),
            mode=mode,
            margin=_margin(of) if mode is MarginMode.ISOLATED else ZERO,
        ),
        liquidation=liquidation if liquidation > 0 else None,
        kept=_kept(owner, instrument),
    )


def _margin(of: Row) -> Decimal:
    """What sits in an isolated position, without unrealised profit.

    ``positionBalance`` where it is kept, else ``positionIM``, which contains added margin too: the example of
    Add Or Reduce Margin shows 0.01926611 for a value of 0.11033265 at 12 times, after 0.01 was added:
    0.00919439 + 0.01 + a closing fee of 0.00007172.
    """
    balance = number(of, "positionBalance") if given(of, "positionBalance") else ZERO
    return balance if balance > 0 else above_nought(of, "positionIM")


def order(of: Row, account: AccountName, listing: Listing) -> Order | None:
    """A resting order; ``None`` for one that rests no more."""
    if text(of, "orderStatus") in CLOSED:
        return None
    if of["orderStatus"] not in OPEN:
        raise ValueError(f"orderStatus is {of['orderStatus']!r}, which is not known here")
    instrument = listing.by_id[text(of, "symbol")]
    towards = _one_of(of, "side", SIDES)
    owner = _owner(of)
    reduces = _reduces(of) if owner is None else owner is not towards
    side = (towards.opposite if reduces else towards) if owner is None else owner
    kind, trigger = _kind(of, towards)
    left = number(of, "leavesQty") if given(of, "leavesQty") else number(of, "qty")
    if left < 0 or (left == 0 and trigger is None):
        raise ValueError(f"an order with {left} left rests no more, and yet it is {of['orderStatus']}")
    return Order(
        client_id=client_id(of),
        id=PositionId(account, instrument.symbol, side),
        kind=kind,
        reduces=reduces,
        quantity=left,
        trigger=trigger,
        limit=above_nought(of, "price") if of.get("orderType") == "Limit" else None,
        trigger_by=PriceKind.MARK if trigger is None else _one_of(of, "triggerBy", TRIGGERS),
        closes_position=trigger is not None and left == 0,
        placed_ms=ms(of.get("createdTime"), "createdTime"),
    )


def client_id(of: Row) -> ClientId:
    """The client id of an order, the exchange's own id where it has none."""
    return ClientId(text(of, "orderLinkId") if given(of, "orderLinkId") else text(of, "orderId"))


def is_ours(of: Row) -> bool:
    """Whether a row belongs to an order of ours."""
    link = of.get("orderLinkId")
    return isinstance(link, str) and link.startswith(OUR_PREFIX)


def _reduces(of: Row) -> bool:
    """Whether a one-way order can only reduce: it says so, or it is the stop or profit of the position."""
    return (
        of.get("reduceOnly") is True
        or of.get("closeOnTrigger") is True
        or text_if_given(of, "stopOrderType") in STOPS | PROFITS
    )


def _kind(of: Row, towards: Side) -> tuple[OrderKind, Decimal | None]:
    """What sort of order, and its trigger while it waits for one."""
    sort = text_if_given(of, "stopOrderType")
    limited = of.get("orderType") == "Limit"
    if sort in PLAIN or of["orderStatus"] != "Untriggered":
        return (OrderKind.LIMIT if limited else OrderKind.MARKET), None
    if sort not in CONDITIONAL:
        raise ValueError(f"stopOrderType is {sort!r}, which is not known here")
    trigger = above_nought(of, "triggerPrice")
    # A trailing stop trails from its activation price on, which lies where a take-profit would.
    if sort in PROFITS or sort == "TrailingStop" or (sort == "Stop" and _waits_for_profit(of, towards)):
        return OrderKind.TAKE_PROFIT_MARKET, trigger
    return (OrderKind.STOP_LIMIT if limited else OrderKind.STOP_MARKET), trigger


def _waits_for_profit(of: Row, towards: Side) -> bool:
    """Whether a reducing conditional order waits for the price that the position earns by."""
    return _reduces(of) and (of.get("triggerDirection") == FALLS) is (towards is Side.LONG)


def fill(of: Row, instrument: Instrument) -> Fill:
    """One execution. The profit is there only where Bybit tells it (``execPnl``).

    A fee paid in another coin than the contract settles in has not left the contract's wallet.
    """
    contract = instrument.contract
    quantity, price = above_nought(of, "execQty"), above_nought(of, "execPrice")
    bought = _one_of(of, "side", SIDES) is Side.LONG
    fee, elsewhere = number(of, "execFee"), text_if_given(of, "feeCurrency") not in ("", contract.settlement)
    return Fill(
        quantity=quantity,
        price=price,
        fee=ZERO if elsewhere else fee,
        pnl=number(of, "execPnl") if given(of, "execPnl") else ZERO,
        slippage=slippage(contract, quantity, price, above_nought(of, "markPrice"), bought=bought)
        if given(of, "markPrice")
        else ZERO,
    )


def closed_side(of: Row) -> Side:
    """The side of the position that an execution closed: what was sold was a long."""
    return _one_of(of, "side", SIDES).opposite


def instrument_of(of: Row, listing: Listing) -> Instrument:
    """The instrument of a row."""
    return listing.by_id[text(of, "symbol")]


def _kept(owner: Side | None, instrument: Instrument) -> PositionMode | None:
    if owner is not None:
        return PositionMode.HEDGE
    return PositionMode.ONE_WAY if may_be_hedged(instrument) else None


def _owner(of: Row) -> Side | None:
    return INDEXES[index(of)]


def index(of: Row) -> int:
    """The position index of a row: 0 in one-way mode, 1 and 2 for the long and the short of hedge mode."""
    value = of.get(INDEX)
    if not isinstance(value, int) or isinstance(value, bool) or value not in INDEXES:
        raise ValueError(f"{INDEX} is {value!r}, expected 0, 1 or 2")
    return value


def _one_of(of: Row, name: str, known: Mapping[str, Known]) -> Known:
    value = text(of, name)
    if value not in known:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(known)}")
    return known[value]
