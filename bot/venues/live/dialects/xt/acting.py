"""Requests that change something at XT.

Closing is said by the pair of sides: a sale on the long side can close it and never open a short, so no flag
is needed, and none is documented. A stop goes to the plan interface only, with its trigger price under the
one name that is read there (``stopPrice``); at the order interface no trigger is read, and what was meant as
a stop sells at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.intents import OpenHedge
from bot.core.types import ClientId, Order, OrderKind, Position, PositionMode, PriceKind
from bot.venues.live.dialects.xt.spelling import (
    CLOSES,
    MODES,
    OPENS,
    PLANS,
    PRIVATE,
    SIDES,
    TRIGGERS,
    contracts_of,
    spelt,
)
from bot.venues.live.exact import plain
from bot.venues.live.terms import Instrument
from bot.venues.live.wire import Param, Request

_ORDER = "future/trade/v1/order/create"
_PLAN = "future/trade/v1/entrust/create-plan"


@dataclass(frozen=True, slots=True)
class XtActing:
    """Requests for an account of XT, which keeps a long and a short side by side."""

    mode: PositionMode

    def __post_init__(self) -> None:
        """Refuse the mode that XT does not have."""
        if self.mode is not PositionMode.HEDGE:
            raise ValueError(f"XT keeps a long and a short side by side; found position mode {self.mode}")

    def add_margin(self, position: Position, instrument: Instrument, amount: Decimal) -> Request:
        """Move margin in, or out where ``amount`` is negative."""
        return _post(
            "future/user/v1/position/margin",
            symbol=instrument.id,
            margin=plain(abs(amount)),
            type="ADD" if amount > 0 else "SUB",
            positionSide=SIDES[position.id.side],
        )

    def set_leverage(
        self, position: Position, instrument: Instrument, leverage: Decimal
    ) -> Sequence[Request]:
        """The leverage of the position's own side; the other side keeps its own. Whole numbers only."""
        return (_set_leverage(instrument, SIDES[position.id.side], leverage),)

    def reduce(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        limit: Decimal | None = None,
    ) -> Request:
        """Close a part of the position: what XT does not find on that side it does not do."""
        side = position.id.side
        return _order(instrument, CLOSES[side], SIDES[side], quantity, client_id, limit)

    def place_stop(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        client_id: ClientId,
        by: PriceKind = PriceKind.MARK,
    ) -> Request:
        """A plan that sells the whole side at market once the mark price has come there."""
        quantity = position.quantity
        return _plan(OrderKind.STOP_MARKET, position, instrument, trigger, quantity, client_id, by)

    def place_take_profit(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        quantity: Decimal,
        client_id: ClientId,
    ) -> Request:
        """The same with profit, by the mark price."""
        kind = OrderKind.TAKE_PROFIT_MARKET
        return _plan(kind, position, instrument, trigger, quantity, client_id, PriceKind.MARK)

    def cancel(self, instrument: Instrument, order: Order) -> Request:
        """Nothing at XT is cancelled by a client id: ``cancel_by_id`` does it by XT's own."""
        raise ValueError(f"XT cancels {order.client_id} by its own id only")

    def open_hedge(
        self, intent: OpenHedge, guarded: Position, instrument: Instrument, client_id: ClientId
    ) -> Sequence[Request]:
        """Margin mode and leverage of the side that is opened, then the order."""
        side = guarded.id.side.opposite
        return (
            _post(
                "future/user/v1/position/change-type",
                symbol=instrument.id,
                positionSide=SIDES[side],
                positionType=MODES[guarded.mode],
            ),
            _set_leverage(instrument, SIDES[side], intent.leverage),
            _order(instrument, OPENS[side], SIDES[side], intent.quantity, client_id, intent.limit),
        )


def cancel_by_id(instrument: Instrument, order: Order, venue_id: str) -> Request:
    """Cancel a resting order by XT's id of it: a plan and an ordinary order have different doors."""
    if not venue_id:
        raise ValueError(f"{instrument.symbol}: XT's id of {order.client_id} is not known")
    if order.trigger is None:
        return _post("future/trade/v1/order/cancel", orderId=venue_id)
    return _post("future/trade/v1/entrust/cancel-plan", entrustId=venue_id)


def _set_leverage(instrument: Instrument, position_side: str, leverage: Decimal) -> Request:
    if leverage < 1 or leverage % 1:
        raise ValueError(f"{instrument.symbol}: XT takes whole leverages; found {leverage}")
    return _post(
        "future/user/v1/position/adjust-leverage",
        symbol=instrument.id,
        positionSide=position_side,
        leverage=int(leverage),
    )


def _order(
    instrument: Instrument,
    order_side: str,
    position_side: str,
    quantity: Decimal,
    client_id: ClientId,
    limit: Decimal | None,
) -> Request:
    """An order that trades now or not at all: at market, or at ``limit`` immediate-or-cancel."""
    priced: dict[str, Param] = {"orderType": "MARKET"}
    if limit is not None:
        priced = {"orderType": "LIMIT", "price": plain(limit), "timeInForce": "IOC"}
    return _post(
        _ORDER,
        symbol=instrument.id,
        clientOrderId=spelt(client_id),
        orderSide=order_side,
        positionSide=position_side,
        origQty=contracts_of(quantity, instrument),
        **priced,
    )


def _plan(
    kind: OrderKind,
    position: Position,
    instrument: Instrument,
    trigger: Decimal,
    quantity: Decimal,
    client_id: ClientId,
    by: PriceKind,
) -> Request:
    side = position.id.side
    return _post(
        _PLAN,
        symbol=instrument.id,
        clientOrderId=spelt(client_id),
        orderSide=CLOSES[side],
        positionSide=SIDES[side],
        entrustType=PLANS[kind],
        origQty=contracts_of(quantity, instrument),
        stopPrice=plain(trigger),
        triggerPriceType=TRIGGERS[by],
        # XT's page of this request: market orders take IOC only. ccxt sends GTC.
        timeInForce="IOC",
    )


def _post(path: str, **params: Param) -> Request:
    return Request(api=PRIVATE, method="POST", path=path, params=params)
