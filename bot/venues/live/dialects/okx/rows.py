"""What single rows of OKX say: a position, an order, a conditional order, a trade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from bot.core.facts import Fill
from bot.core.types import (
    ZERO,
    AccountName,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionId,
    PositionMode,
    PriceKind,
    Side,
)
from bot.venues.live.dialects.okx.spelling import MODES, OWNERS, TRADES, quantity, read
from bot.venues.live.fills import slippage
from bot.venues.live.rows import Row, above_nought, given, ms, number, text, text_if_given
from bot.venues.live.terms import Instrument, Listing

Known = TypeVar("Known")
LIVE = frozenset({"live", "partially_filled"})
DONE = frozenset({"canceled", "filled", "mmp_canceled"})
WAITING = frozenset({"live", "pause"})
TRIGGERED = frozenset({"effective", "partially_effective"})
ENDED = frozenset({"canceled", "order_failed", "partially_failed"})
TAKEN = frozenset({"market", "ioc", "fok", "optimal_limit_ioc"})
"""Order types that never rest: seen resting they are about to be gone."""
TRIGGERS = {"mark": PriceKind.MARK, "last": PriceKind.LAST, "index": PriceKind.LAST}
"""Holdfast tells mark from everything that is not mark; the index is not."""
TRAILING, TRIGGER = "move_order_stop", "trigger"
WHOLE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position, how it is kept, and the exchange's own figure of its liquidation, where it shows one."""

    position: Position
    liquidation: Decimal | None
    kept: PositionMode


def position(of: Row, account: AccountName, listing: Listing) -> Held | None:
    """A position; ``None`` for a row that holds nothing.

    ``margin`` has no unrealised profit in it: OKX adds ``upl`` to it for its own margin ratio.
    """
    held = number(of, "pos")
    if held == 0:
        return None
    instrument = listing.by_id[text(of, "instId")]
    mode = _one_of(of, "mgnMode", MODES)
    owner = _one_of(of, "posSide", OWNERS)
    if owner is not None and held < 0:
        raise ValueError(f"pos is {held} of a {owner}, expected above 0")
    liquidation = number(of, "liqPx") if given(of, "liqPx") else ZERO
    return Held(
        position=Position(
            id=PositionId(account, instrument.symbol, owner or (Side.LONG if held > 0 else Side.SHORT)),
            quantity=quantity(abs(held), instrument.contract),
            entry=above_nought(of, "avgPx"),
            leverage=above_nought(of, "lever"),
            mode=mode,
            margin=above_nought(of, "margin") if mode is MarginMode.ISOLATED else ZERO,
            opened_ms=ms(of.get("cTime"), "cTime"),
        ),
        liquidation=liquidation if liquidation > 0 else None,
        kept=PositionMode.ONE_WAY if owner is None else PositionMode.HEDGE,
    )


def order(of: Row, account: AccountName, listing: Listing) -> Order:
    """An order in the book."""
    instrument = listing.by_id[text(of, "instId")]
    if text(of, "state") not in LIVE:
        raise ValueError(f"state is {of['state']!r}, expected {' or '.join(sorted(LIVE))}")
    side, reduces = _acts_on(of)
    left = above_nought(of, "sz") - (number(of, "accFillSz") if given(of, "accFillSz") else ZERO)
    if left <= 0:
        raise ValueError(f"an order with {left} left rests no more")
    limited = given(of, "px")
    return Order(
        client_id=read(text_if_given(of, "clOrdId"), text(of, "ordId")),
        id=PositionId(account, instrument.symbol, side),
        kind=_plain_kind(text(of, "ordType"), limited=limited),
        reduces=reduces,
        quantity=quantity(left, instrument.contract),
        limit=above_nought(of, "px") if limited else None,
        placed_ms=ms(of.get("cTime"), "cTime"),
    )


def _plain_kind(ord_type: str, *, limited: bool) -> OrderKind:
    if ord_type in TAKEN:
        return OrderKind.IOC if limited else OrderKind.MARKET
    return OrderKind.LIMIT


def conditional(of: Row, account: AccountName, listing: Listing) -> Order:
    """A conditional order. Of a one-cancels-the-other it is the stop that protects."""
    instrument = listing.by_id[text(of, "instId")]
    if text(of, "state") not in WAITING:
        raise ValueError(f"state is {of['state']!r}, expected {' or '.join(sorted(WAITING))}")
    side, reduces = _acts_on(of)
    kind, trigger, by, at = _trigger(of, side)
    whole = given(of, "closeFraction")
    if whole and number(of, "closeFraction") != WHOLE:
        raise ValueError(f"closeFraction is {of['closeFraction']!r}, expected 1")
    return Order(
        client_id=read(text_if_given(of, "algoClOrdId"), text(of, "algoId")),
        id=PositionId(account, instrument.symbol, side),
        kind=kind,
        reduces=reduces or whole,
        quantity=ZERO if whole else quantity(above_nought(of, "sz"), instrument.contract),
        trigger=trigger,
        limit=at,
        trigger_by=by,
        closes_position=whole,
        placed_ms=ms(of.get("cTime"), "cTime"),
    )


def _trigger(of: Row, side: Side) -> tuple[OrderKind, Decimal, PriceKind, Decimal | None]:
    """Kind, trigger, by which price, and the limit that it becomes."""
    sort = text(of, "ordType")
    if sort == TRAILING:
        # It trails from its activation price on, which lies where a take-profit would.
        named = "activePx" if given(of, "activePx") else "moveTriggerPx"
        return OrderKind.TAKE_PROFIT_MARKET, above_nought(of, named), PriceKind.LAST, None
    if sort == TRIGGER:
        trigger, limit = above_nought(of, "triggerPx"), _limit(of, "ordPx")
        kind = OrderKind.STOP_MARKET if limit is None else OrderKind.STOP_LIMIT
        kind = OrderKind.TAKE_PROFIT_MARKET if _waits_for_profit(of, trigger, side) else kind
        return kind, trigger, _one_of(of, "triggerPxType", TRIGGERS), limit
    if given(of, "slTriggerPx"):
        limit = _limit(of, "slOrdPx")
        kind = OrderKind.STOP_MARKET if limit is None else OrderKind.STOP_LIMIT
        return kind, above_nought(of, "slTriggerPx"), _one_of(of, "slTriggerPxType", TRIGGERS), limit
    return (
        OrderKind.TAKE_PROFIT_MARKET,
        above_nought(of, "tpTriggerPx"),
        _one_of(of, "tpTriggerPxType", TRIGGERS),
        _limit(of, "tpOrdPx"),
    )


def _waits_for_profit(of: Row, trigger: Decimal, side: Side) -> bool:
    """Whether a plain trigger lies where the position earns, seen from the price when it was placed.

    Where that is not told it is not counted on as protection.
    """
    return not given(of, "last") or (trigger > number(of, "last")) is (side is Side.LONG)


def _limit(of: Row, name: str) -> Decimal | None:
    price = number(of, name)
    return None if price == -1 else above_nought(of, name)


def _acts_on(of: Row) -> tuple[Side, bool]:
    """The side of the position an order acts on, and whether it reduces it."""
    towards = _one_of(of, "side", TRADES)
    owner = OWNERS.get(text_if_given(of, "posSide"))
    if owner is not None:
        return owner, owner is not towards
    reduces = text_if_given(of, "reduceOnly") == "true"
    return (towards.opposite if reduces else towards), reduces


def trade(of: Row, instrument: Instrument) -> Fill:
    """One trade, from the list of trades or from the message about its order.

    OKX writes what it charges as a negative fee.
    """
    contract = instrument.contract
    traded, price = quantity(above_nought(of, "fillSz"), contract), above_nought(of, "fillPx")
    fee = "fillFee" if "fillFee" in of else "fee"
    currency = text_if_given(of, "fillFeeCcy" if "fillFee" in of else "feeCcy")
    return Fill(
        quantity=traded,
        price=price,
        fee=ZERO if currency not in ("", contract.settlement) else -number(of, fee),
        pnl=number(of, "fillPnl") if given(of, "fillPnl") else ZERO,
        slippage=slippage(
            contract,
            traded,
            price,
            above_nought(of, "fillMarkPx"),
            bought=_one_of(of, "side", TRADES) is Side.LONG,
        )
        if given(of, "fillMarkPx")
        else ZERO,
    )


def total(of: Row, instrument: Instrument) -> Fill:
    """All that an order traded, from its own totals, while the list of trades lags behind them."""
    return Fill(
        quantity=quantity(above_nought(of, "accFillSz"), instrument.contract),
        price=above_nought(of, "avgPx"),
        fee=-number(of, "fee") if given(of, "fee") else ZERO,
        pnl=number(of, "pnl") if given(of, "pnl") else ZERO,
        slippage=ZERO,
    )


def closed_side(of: Row) -> Side:
    """The side of the position that a forced trade closed: in one-way mode what was sold was a long."""
    owner = OWNERS.get(text_if_given(of, "posSide"))
    return owner or _one_of(of, "side", TRADES).opposite


def _one_of(of: Row, name: str, known: Mapping[str, Known]) -> Known:
    value = text(of, name)
    if value not in known:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(each for each in known if each)}")
    return known[value]
