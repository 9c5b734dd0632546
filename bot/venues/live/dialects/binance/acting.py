"""Requests that change something at Binance.

Sources: developers.binance.com, derivatives, "New Order", "New Algo Order", "Modify Isolated Position
Margin", "Change Initial Leverage", "Change Margin Type". Four things that go wrong elsewhere are right here
by construction: margin is sent in money and never rounded by the contract's step; a conditional order goes
to the algo service, where Binance has kept them since 2025-12-09 (the old path answers -4120); it is sized
by quantity and not by ``closePosition``, of which Binance takes no second one (-4130), so that a stop can be
replaced without a moment in which there is none; and it triggers by the mark price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from bot.core.intents import OpenHedge
from bot.core.types import (
    ONE,
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionMode,
    PriceKind,
    Side,
)
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import plain
from bot.venues.live.terms import Instrument
from bot.venues.live.wire import Param, Request

ADD, REDUCE = 1, 2
"""The types of a change of an isolated position's margin."""
WORKING_TYPE = {PriceKind.MARK: "MARK_PRICE", PriceKind.LAST: "CONTRACT_PRICE"}
MARGIN_TYPE = {MarginMode.ISOLATED: "ISOLATED", MarginMode.CROSS: "CROSSED"}
CONDITIONAL = frozenset({OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_MARKET})


@dataclass(frozen=True, slots=True)
class BinanceActing:
    """The requests of one interface for an account in one position mode."""

    section: Section
    mode: PositionMode

    def add_margin(self, position: Position, instrument: Instrument, amount: Decimal) -> Request:
        """Move money; the exchange takes the direction as a type, never as a sign."""
        params: dict[str, Param] = {
            "symbol": instrument.id,
            "amount": plain(abs(amount)),
            "type": ADD if amount > 0 else REDUCE,
        }
        return self._post("positionMargin", params | self._side(position.id.side))

    def set_leverage(
        self, position: Position, instrument: Instrument, leverage: Decimal
    ) -> Sequence[Request]:
        """Set the leverage of the symbol, whole numbers only: rounded down, the safer way, to 1 at least."""
        return (self._leverage(instrument, leverage),)

    def reduce(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        limit: Decimal | None = None,
    ) -> Request:
        """Close a part. Hedge mode names the side in place of ``reduceOnly``, which it refuses (-1106)."""
        params = self._order(instrument, position.id.side, quantity, opens=False)
        return self._place(params, client_id, limit)

    def place_stop(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        client_id: ClientId,
        by: PriceKind = PriceKind.MARK,
    ) -> Request:
        """Rest a stop for the whole position."""
        params = self._order(instrument, position.id.side, position.quantity, opens=False)
        return self._rest(params, "STOP_MARKET", trigger, client_id, by)

    def place_take_profit(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        quantity: Decimal,
        client_id: ClientId,
    ) -> Request:
        """Rest a take-profit, triggered by the mark price like the stops."""
        params = self._order(instrument, position.id.side, quantity, opens=False)
        return self._rest(params, "TAKE_PROFIT_MARKET", trigger, client_id, PriceKind.MARK)

    def cancel(self, instrument: Instrument, order: Order) -> Request:
        """Cancel by our own id: at the algo service, or at the order book."""
        conditional = order.kind in CONDITIONAL
        name = "clientAlgoId" if conditional else "origClientOrderId"
        return Request(
            api=self.section.private,
            method="DELETE",
            path="algoOrder" if conditional else "order",
            params={"symbol": instrument.id, name: order.client_id},
        )

    def open_hedge(
        self, intent: OpenHedge, guarded: Position, instrument: Instrument, client_id: ClientId
    ) -> Sequence[Request]:
        """Margin mode and leverage of the hedging contract, then the order.

        Both are set every time: they are absolute, and -4046 says that the mode is so already. A mode that
        cannot be changed because something is open there (-4047, -4048) ends it before anything is bought.
        """
        margin = self._post("marginType", {"symbol": instrument.id, "marginType": MARGIN_TYPE[guarded.mode]})
        order = self._order(instrument, guarded.id.side.opposite, intent.quantity, opens=True)
        return (
            margin,
            self._leverage(instrument, intent.leverage),
            self._place(order, client_id, intent.limit),
        )

    def _leverage(self, instrument: Instrument, leverage: Decimal) -> Request:
        whole = max(leverage.to_integral_value(ROUND_FLOOR), ONE)
        return self._post("leverage", {"symbol": instrument.id, "leverage": int(whole)})

    def _order(
        self, instrument: Instrument, side: Side, quantity: Decimal, *, opens: bool
    ) -> dict[str, Param]:
        params: dict[str, Param] = {
            "symbol": instrument.id,
            "side": "BUY" if (side is Side.LONG) is opens else "SELL",
            "quantity": plain(self.section.sent(quantity, instrument.contract)),
        }
        if self.mode is PositionMode.ONE_WAY:
            params["reduceOnly"] = "false" if opens else "true"
        return params | self._side(side)

    def _side(self, side: Side) -> dict[str, Param]:
        return {"positionSide": side.upper()} if self.mode is PositionMode.HEDGE else {}

    def _place(self, params: dict[str, Param], client_id: ClientId, limit: Decimal | None) -> Request:
        how: dict[str, Param] = {"type": "MARKET"}
        if limit is not None:
            how = {"type": "LIMIT", "timeInForce": "IOC", "price": plain(limit)}
        ids: dict[str, Param] = {"newClientOrderId": client_id, "newOrderRespType": "RESULT"}
        return self._post("order", params | how | ids, window="orders")

    def _rest(
        self, params: dict[str, Param], kind: str, trigger: Decimal, client_id: ClientId, by: PriceKind
    ) -> Request:
        # Price protection would keep a stop from triggering just when mark and last price part.
        how: dict[str, Param] = {
            "algoType": "CONDITIONAL",
            "type": kind,
            "triggerPrice": plain(trigger),
            "workingType": WORKING_TYPE[by],
            "priceProtect": "FALSE",
            "clientAlgoId": client_id,
            "newOrderRespType": "RESULT",
        }
        return self._post("algoOrder", params | how, window="orders")

    def _post(self, path: str, params: dict[str, Param], window: str = "requests") -> Request:
        return Request(api=self.section.private, method="POST", path=path, params=params, window=window)
