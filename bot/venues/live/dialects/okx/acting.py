"""Requests that change something at OKX. Each says its margin mode: left out, OKX and ccxt take cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.core.intents import OpenHedge
from bot.core.types import (
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionMode,
    PriceKind,
    Side,
)
from bot.venues.live.dialects.okx.spelling import NET, contracts, spelt
from bot.venues.live.exact import plain
from bot.venues.live.terms import Instrument
from bot.venues.live.wire import Expiry, Param, Request

ORDER, CANCEL = "trade/order", "trade/cancel-order"
ALGO, CANCEL_ALGO = "trade/order-algo", "trade/cancel-algos"
SET_LEVERAGE, MARGIN = "account/set-leverage", "account/position/margin-balance"
EXPIRY = Expiry(header="expTime", within_ms=3_000)
"""Of orders alone: OKX takes it for placing and amending them, and for nothing that waits for a price."""
AT_MARKET = "-1"
TRIGGERS = {PriceKind.MARK: "mark", PriceKind.LAST: "last"}
BUYS = {Side.LONG: "buy", Side.SHORT: "sell"}
WAITING = frozenset({OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_MARKET})
"""The kinds that OKX keeps apart from its order book."""


class OkxActing:
    """OKX's requests for an account of one position mode; see ``Acting``."""

    def __init__(self, mode: PositionMode) -> None:
        """Hedge mode names the side of the position in every request."""
        self._hedge = mode is PositionMode.HEDGE

    def add_margin(self, position: Position, instrument: Instrument, amount: Decimal) -> Request:
        """Add, or reduce where the amount is negative: here OKX says it in words."""
        return _post(
            MARGIN,
            instId=instrument.id,
            posSide=position.id.side.value if self._hedge else NET,
            type="add" if amount > 0 else "reduce",
            amt=plain(abs(amount)),
        )

    def set_leverage(
        self, position: Position, instrument: Instrument, leverage: Decimal
    ) -> Sequence[Request]:
        """Set it for this margin mode; the side is named only where both sides have an isolated one."""
        return [self._leverage(instrument, leverage, position.mode, position.id.side)]

    def reduce(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        limit: Decimal | None = None,
    ) -> Request:
        """Close, reduce-only; in hedge mode a close cannot do anything else and OKX ignores the word."""
        kind: dict[str, Param] = {"ordType": "market"} if limit is None else _limit(limit)
        return _order(
            **self._close(position, instrument, quantity),
            **kind,
            clOrdId=spelt(client_id),
        )

    def place_stop(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        client_id: ClientId,
        by: PriceKind = PriceKind.MARK,
    ) -> Request:
        """A conditional order with a stop-loss side only."""
        return self._conditional(
            position,
            instrument,
            position.quantity,
            client_id,
            slTriggerPx=plain(trigger),
            slTriggerPxType=TRIGGERS[by],
            slOrdPx=AT_MARKET,
        )

    def place_take_profit(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        quantity: Decimal,
        client_id: ClientId,
    ) -> Request:
        """A conditional order with a take-profit side only, by mark."""
        return self._conditional(
            position,
            instrument,
            quantity,
            client_id,
            tpTriggerPx=plain(trigger),
            tpTriggerPxType=TRIGGERS[PriceKind.MARK],
            tpOrdPx=AT_MARKET,
        )

    def cancel(self, instrument: Instrument, order: Order) -> Request:
        """By our id: conditional orders have an endpoint of their own, which takes a list."""
        named = spelt(order.client_id)
        if order.kind in WAITING:
            return replace(_post(CANCEL_ALGO, instId=instrument.id, algoClOrdId=named), listed=True)
        return _post(CANCEL, instId=instrument.id, clOrdId=named)

    def open_hedge(
        self, intent: OpenHedge, guarded: Position, instrument: Instrument, client_id: ClientId
    ) -> Sequence[Request]:
        """Leverage first, then the order, both in the margin mode of ``guarded``."""
        side = guarded.id.side.opposite
        return [
            self._leverage(instrument, intent.leverage, guarded.mode, side),
            _order(
                instId=instrument.id,
                tdMode=guarded.mode.value,
                side=BUYS[side],
                **self._named(side),
                sz=contracts(intent.quantity, instrument.contract),
                **_limit(intent.limit),
                reduceOnly=False,
                clOrdId=spelt(client_id),
            ),
        ]

    def _leverage(self, instrument: Instrument, leverage: Decimal, mode: MarginMode, side: Side) -> Request:
        return _post(
            SET_LEVERAGE,
            instId=instrument.id,
            lever=plain(leverage),
            mgnMode=mode.value,
            **(self._named(side) if mode is MarginMode.ISOLATED else {}),
        )

    def _conditional(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        **when: Param,
    ) -> Request:
        """Our id goes out twice: where ``clOrdId`` is missing ccxt invents one, and a tag of its own."""
        return _post(
            ALGO,
            **self._close(position, instrument, quantity),
            ordType="conditional",
            **when,
            algoClOrdId=spelt(client_id),
            clOrdId=spelt(client_id),
        )

    def _close(self, position: Position, instrument: Instrument, quantity: Decimal) -> dict[str, Param]:
        return {
            "instId": instrument.id,
            "tdMode": position.mode.value,
            "side": BUYS[position.id.side.opposite],
            **self._named(position.id.side),
            "sz": contracts(quantity, instrument.contract),
            "reduceOnly": True,
        }

    def _named(self, side: Side) -> dict[str, Param]:
        return {"posSide": side.value} if self._hedge else {}


def _limit(limit: Decimal) -> dict[str, Param]:
    return {"ordType": "ioc", "px": plain(limit)}


def _order(**params: Param) -> Request:
    return replace(_post(ORDER, **params), expiry=EXPIRY)


def _post(path: str, **params: Param) -> Request:
    return Request(api=("private",), method="POST", path=path, params=params, window=path)
