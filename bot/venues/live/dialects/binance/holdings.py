"""Rows of an account at Binance: positions and resting orders of both kinds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.types import (
    ZERO,
    AccountName,
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionId,
    PriceKind,
    Side,
)
from bot.venues.live.dialects.binance.payloads import BOTH, acted_on, moment, truth
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument, Listing

MODES = {"isolated": MarginMode.ISOLATED, "cross": MarginMode.CROSS}
KINDS = {
    "LIMIT": OrderKind.LIMIT,
    "STOP": OrderKind.STOP_LIMIT,
    "STOP_MARKET": OrderKind.STOP_MARKET,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT_MARKET,
}
"""Every other kind (a trailing stop) is shown as a market order: nobody may count on it as a stop."""
TRIGGERS = {"MARK_PRICE": PriceKind.MARK, "CONTRACT_PRICE": PriceKind.LAST}


def position_of(
    section: Section, name: AccountName, row: Mapping[str, Any], listing: Listing
) -> Position | None:
    """One row of positionRisk; ``None`` where nothing is held. ``ValueError`` where it makes no sense.

    ``isolatedWallet`` is the margin without unrealised profit, ``isolatedMargin`` is not. The time of the
    last change is no time of opening: it moves with every fill, so a lot's is not known.
    """
    amount = exact(row["positionAmt"], "positionAmt")
    if not amount:
        return None
    instrument = listing.by_id.get(row["symbol"])
    if instrument is None:
        raise ValueError(f"{row['symbol']} is not among the contracts with tiers")
    mode = MODES[row["marginType"]]
    return Position(
        id=PositionId(name, instrument.symbol, _side(amount, row["positionSide"])),
        quantity=section.received(abs(amount), instrument.contract),
        entry=positive(row["entryPrice"], "entryPrice"),
        leverage=positive(row["leverage"], "leverage"),
        mode=mode,
        margin=exact(row["isolatedWallet"], "isolatedWallet") if mode is MarginMode.ISOLATED else ZERO,
    )


def liquidation_of(row: Mapping[str, Any]) -> Decimal | None:
    """The exchange's own liquidation price; it spells none as 0 or below."""
    price = exact(row["liquidationPrice"], "liquidationPrice")
    return price if price > 0 else None


def plain_order(
    section: Section, name: AccountName, row: Mapping[str, Any], listing: Listing
) -> Order | None:
    """One row of openOrders; ``None`` for a contract that is not listed.

    ``origType`` is what was placed: an order that was triggered is a market or limit order by ``type``.
    """
    instrument = listing.by_id.get(row["symbol"])
    if instrument is None:
        return None
    left = exact(row["origQty"], "origQty") - exact(row["executedQty"], "executedQty")
    return _order(
        name,
        instrument,
        row,
        client_id=row["clientOrderId"],
        kind=row["origType"],
        quantity=section.received(left, instrument.contract),
        trigger=row["stopPrice"],
        placed_ms=row["time"],
    )


def algo_order(section: Section, name: AccountName, row: Mapping[str, Any], listing: Listing) -> Order | None:
    """One row of openAlgoOrders; ``None`` for a contract that is not listed."""
    instrument = listing.by_id.get(row["symbol"])
    if instrument is None:
        return None
    return _order(
        name,
        instrument,
        row,
        client_id=row["clientAlgoId"],
        kind=row["orderType"],
        quantity=section.received(exact(row["quantity"] or "0", "quantity"), instrument.contract),
        trigger=row["triggerPrice"],
        placed_ms=row["createTime"],
    )


def _side(amount: Decimal, named: str) -> Side:
    held = Side.LONG if amount > 0 else Side.SHORT
    if named not in (BOTH, held.upper()):
        raise ValueError(f"positionSide is {named!r} with an amount of {amount}")
    return held


def _order(
    name: AccountName,
    instrument: Instrument,
    row: Mapping[str, Any],
    *,
    client_id: object,
    kind: str,
    quantity: Decimal,
    trigger: object,
    placed_ms: object,
) -> Order:
    whole = truth(row["closePosition"], "closePosition")
    side, reduces = acted_on(
        row["side"], row["positionSide"], reduces=whole or truth(row["reduceOnly"], "reduceOnly")
    )
    if not isinstance(client_id, str) or not client_id:
        raise ValueError(f"client id is {client_id!r}, expected a name")
    if quantity < 0 or (not quantity and not whole):
        raise ValueError(f"{client_id}: quantity left is {quantity}")
    known = KINDS.get(kind, OrderKind.MARKET)
    conditional = known.is_stop or known is OrderKind.TAKE_PROFIT_MARKET
    limit = exact(row["price"], "price")
    return Order(
        client_id=ClientId(client_id),
        id=PositionId(name, instrument.symbol, side),
        kind=known,
        reduces=reduces,
        quantity=quantity,
        trigger=positive(trigger, "trigger") if conditional else None,
        limit=limit if limit > 0 else None,
        trigger_by=TRIGGERS[row["workingType"]],
        closes_position=whole,
        placed_ms=moment(placed_ms, "time"),
    )
