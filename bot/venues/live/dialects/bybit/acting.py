"""Requests that change something at Bybit. Each says its category, its position index and its own id."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.core.contracts import ContractKind
from bot.core.intents import OpenHedge
from bot.core.types import OUR_PREFIX, ClientId, Order, Position, PositionMode, PriceKind, Side
from bot.venues.live.exact import plain
from bot.venues.live.terms import Instrument
from bot.venues.live.wire import Param, Request

CREATE, CANCEL = "v5/order/create", "v5/order/cancel"
SET_LEVERAGE, ADD_MARGIN = "v5/position/set-leverage", "v5/position/add-margin"
RISES, FALLS = 1, 2
ONE_WAY_INDEX = 0
HEDGE_INDEX = {Side.LONG: 1, Side.SHORT: 2}
TRIGGERS = {PriceKind.MARK: "MarkPrice", PriceKind.LAST: "LastPrice"}
BUYS = {Side.LONG: "Buy", Side.SHORT: "Sell"}


class BybitActing:
    """Bybit's requests for an account of one position mode; see ``Acting``."""

    def __init__(self, mode: PositionMode) -> None:
        """One-way and hedge differ in the position index only."""
        self._mode = mode

    def add_margin(self, position: Position, instrument: Instrument, amount: Decimal) -> Request:
        """Add margin, or take it out by a negative amount; ccxt has no unified call for it."""
        return _post(
            ADD_MARGIN,
            instrument,
            margin=plain(amount),
            positionIdx=self._index(instrument, position.id.side),
        )

    def set_leverage(
        self, position: Position, instrument: Instrument, leverage: Decimal
    ) -> Sequence[Request]:
        """Set the leverage of the symbol: both sides in one request.

        ``ValueError`` in hedge mode: Bybit wants both sides' leverage at once and resets the margin of each,
        so the side that was not meant would lose what was added to it.
        """
        if self._hedged(instrument):
            raise ValueError(
                f"{position.id}: Bybit sets the leverage of a long and a short at once and resets the margin "
                "of both; close a part of the position instead"
            )
        return [_leverage(instrument, leverage)]

    def reduce(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        limit: Decimal | None = None,
    ) -> Request:
        """Close, reduce-only; Bybit makes an immediate-or-cancel order of a market order itself."""
        kind: dict[str, Param] = {"orderType": "Market"} if limit is None else _limit(limit)
        return self._close(position, instrument, quantity, client_id, **kind, timeInForce="IOC")

    def place_stop(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        client_id: ClientId,
        by: PriceKind = PriceKind.MARK,
    ) -> Request:
        """A conditional market order of the whole quantity, not the position's own stop-loss field.

        The field would overwrite what the trader set there, and has no client id.
        """
        falls = position.id.side is Side.LONG
        return self._conditional(
            position, instrument, position.quantity, client_id, trigger, by, FALLS if falls else RISES
        )

    def place_take_profit(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        quantity: Decimal,
        client_id: ClientId,
    ) -> Request:
        """The same on the other side of the price, by mark."""
        rises = position.id.side is Side.LONG
        return self._conditional(
            position, instrument, quantity, client_id, trigger, PriceKind.MARK, RISES if rises else FALLS
        )

    def cancel(self, instrument: Instrument, order: Order) -> Request:
        """By client id; plain and conditional orders alike (the order filter is for spot only)."""
        if not order.client_id.startswith(OUR_PREFIX):
            raise ValueError(f"{order.client_id} is no order of ours, it is not touched")
        return _post(CANCEL, instrument, orderLinkId=order.client_id)

    def open_hedge(
        self, intent: OpenHedge, guarded: Position, instrument: Instrument, client_id: ClientId
    ) -> Sequence[Request]:
        """Leverage first, then the order. The margin mode is the account's: that of ``guarded`` already."""
        side = guarded.id.side.opposite
        return [
            _leverage(instrument, intent.leverage),
            _post(
                CREATE,
                instrument,
                side=BUYS[side],
                **_limit(intent.limit),
                timeInForce="IOC",
                qty=plain(intent.quantity),
                reduceOnly=False,
                positionIdx=self._index(instrument, side),
                orderLinkId=client_id,
            ),
        ]

    def _conditional(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        trigger: Decimal,
        by: PriceKind,
        direction: int,
    ) -> Request:
        """``closeOnTrigger``: the exchange makes room for it, whatever balance is free at that moment."""
        return self._close(
            position,
            instrument,
            quantity,
            client_id,
            orderType="Market",
            triggerPrice=plain(trigger),
            triggerDirection=direction,
            triggerBy=TRIGGERS[by],
            closeOnTrigger=True,
        )

    def _close(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        **more: Param,
    ) -> Request:
        return _post(
            CREATE,
            instrument,
            side=BUYS[position.id.side.opposite],
            qty=plain(quantity),
            reduceOnly=True,
            positionIdx=self._index(instrument, position.id.side),
            orderLinkId=client_id,
            **more,
        )

    def _index(self, instrument: Instrument, side: Side) -> int:
        return HEDGE_INDEX[side] if self._hedged(instrument) else ONE_WAY_INDEX

    def _hedged(self, instrument: Instrument) -> bool:
        return self._mode is PositionMode.HEDGE and may_be_hedged(instrument)


def may_be_hedged(instrument: Instrument) -> bool:
    """Whether a long and a short can stand side by side: in USDT perpetuals only (Switch Position Mode)."""
    contract = instrument.contract
    return (
        contract.kind is ContractKind.LINEAR and contract.expiry_ms is None and contract.settlement == "USDT"
    )


def _leverage(instrument: Instrument, leverage: Decimal) -> Request:
    return _post(SET_LEVERAGE, instrument, buyLeverage=plain(leverage), sellLeverage=plain(leverage))


def _limit(limit: Decimal) -> dict[str, Param]:
    return {"orderType": "Limit", "price": plain(limit)}


def _post(path: str, instrument: Instrument, **params: Param) -> Request:
    return Request(
        api=("private",),
        method="POST",
        path=path,
        params={"category": instrument.family, "symbol": instrument.id, **params},
        window="orders",
    )
