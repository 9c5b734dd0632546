"""From an intent to the requests that carry it out: which, in which order, how urgent, and under which ids.

Pure. What cannot be planned is said in a sentence and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.decisions import Action
from bot.core.held.pairs import hedge_id
from bot.core.intents import (
    AddMargin,
    CancelStop,
    CloseHedge,
    CutLeverage,
    MoveStop,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    WithdrawMargin,
)
from bot.core.settings import FLATTEN
from bot.core.types import ONE, OUR_PREFIX, ClientId, Order, Position, PositionId
from bot.venues.live.dialect import Acting
from bot.venues.live.terms import AccountState, Instrument, Listing
from bot.venues.live.wire import Request, Urgency

SLICES_MAX = 20
"""A reduction in more slices than this is left at so many: each asks the market anew."""
DEARER = Decimal("1.1")
"""How much dearer what is closed may be than when that was decided: where an order may only be worth so much,
its slices are cut by that."""
ATTEMPTS_MAX = 3
"""How often an exit may be asked for: again where orders of ours had to make room for it (``crowding``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be sent for an action.

    ``before`` come first and change nothing by themselves that matters (margin mode, leverage of a hedge); if
    one of them fails nothing has happened. ``requests`` are the act, one after the other; ``orders`` are the
    client ids of those that are orders, beside them. ``id`` is the position that the act changes.
    """

    id: PositionId
    instrument: Instrument
    urgency: Urgency
    requests: tuple[Request, ...]
    before: tuple[Request, ...] = ()
    orders: tuple[ClientId, ...] = ()
    conditional: bool = False
    replaces: tuple[Order, ...] = ()
    """Resting stops of ours to cancel once the new one has been seen, or the position has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """How an account acts at its exchange; ``cancel_by_id`` as in ``Dialect``."""

    acting: Acting
    cancel_by_id: Callable[[Instrument, Order, str], Request] | None = None

    def cancel(self, instrument: Instrument, order: Order, state: AccountState) -> Request:
        """Cancel a resting order; ``LookupError`` where it takes an id of the exchange that nobody knows."""
        if self.cancel_by_id is None:
            return self.acting.cancel(instrument, order)
        venue_id = state.venue_ids.get(order.client_id)
        if venue_id is None:
            raise LookupError(f"the exchange's own id of {order.client_id} is not known")
        return self.cancel_by_id(instrument, order, venue_id)


def plan(
    action: Action, levers: Levers, listing: Listing, state: AccountState, attempt: int = 1
) -> Plan | str:
    """The requests of an action on the account as last read, or why there are none.

    Each ``attempt`` at an exit has client ids of its own.
    """
    acting = levers.acting
    intent = action.intent
    try:
        match intent:
            case OpenHedge():
                return _open_hedge(action, intent, acting, listing, state)
            case CloseHedge(id=id_, symbol=symbol, quantity=quantity):
                bounds = quantity, None
                return _reduce(action, hedge_id(id_, symbol), bounds, acting, listing, state, attempt)
            case ReducePosition(id=id_, quantity=quantity, limit=limit):
                return _reduce(action, id_, (quantity, limit), acting, listing, state, attempt)
            case CancelStop(client_id=client_id):
                return _cancel(intent, client_id, levers, listing, state)
            case _:
                return _on_position(action, _held(intent.id, state), levers, listing, state)
    except (LookupError, ValueError) as impossible:
        return f"{type(intent).__name__}: {impossible.args[0]}"


def sought(action: Action, listing: Listing, state: AccountState) -> Plan | str:
    """What to look for of an action that an earlier run sent: the plan it had, without its requests."""
    intent = action.intent
    id_ = intent.id
    orders: tuple[ClientId, ...] = (action.client_id,)
    replaces: tuple[Order, ...] = ()
    conditional = isinstance(intent, PlaceStop | MoveStop | PlaceTakeProfit)
    try:
        match intent:
            case OpenHedge(symbol=symbol):
                id_ = hedge_id(intent.id, symbol)
            case CloseHedge(symbol=symbol, quantity=quantity):
                id_ = hedge_id(intent.id, symbol)
                orders = _all_ids(action, _slices(quantity, _instrument(id_, listing), action.mark))
            case ReducePosition(quantity=quantity):
                orders = _all_ids(action, _slices(quantity, _instrument(id_, listing), action.mark))
                replaces = our_stops(id_, state) if position_of(id_, state) is None else ()
            case MoveStop():
                stops = our_stops(id_, state)
                replaces = tuple(stop for stop in stops if stop.client_id != action.client_id)
            case PlaceStop() | PlaceTakeProfit():
                pass
            case _:
                orders = ()
        instrument = _instrument(id_, listing)
    except LookupError as missing:
        return f"{type(intent).__name__}: {missing.args[0]}"
    return Plan(
        id=id_,
        instrument=instrument,
        urgency=Urgency.PROTECTION,
        requests=(),
        orders=orders,
        conditional=conditional,
        replaces=replaces,
    )


def our_stops(id_: PositionId, state: AccountState) -> tuple[Order, ...]:
    """The resting stops of ours on a position."""
    return tuple(
        order
        for order in state.orders
        if order.id == id_ and order.kind.is_stop and order.reduces and order.client_id.startswith(OUR_PREFIX)
    )


def position_of(id_: PositionId, state: AccountState) -> Position | None:
    """A position as last read."""
    return next((position for position in state.positions if position.id == id_), None)


def _held(id_: PositionId, state: AccountState) -> Position:
    position = position_of(id_, state)
    if position is None:
        raise LookupError(f"there is no position {id_}")
    return position


def _instrument(id_: PositionId, listing: Listing) -> Instrument:
    instrument = listing.by_symbol.get(id_.symbol)
    if instrument is None:
        raise LookupError(f"{id_.symbol} is not listed here")
    return instrument


def _on_position(
    action: Action, position: Position, levers: Levers, listing: Listing, state: AccountState
) -> Plan | str:
    acting = levers.acting
    intent, instrument = action.intent, _instrument(position.id, listing)
    urgency, conditional = Urgency.PROTECTION, True
    orders: tuple[ClientId, ...] = (action.client_id,)
    replaces: tuple[Order, ...] = ()
    requests: Sequence[Request]
    match intent:
        case AddMargin(amount=amount):
            urgency, orders, conditional = Urgency.EMERGENCY, (), False
            requests = (acting.add_margin(position, instrument, amount),)
        case WithdrawMargin(amount=amount):
            orders, conditional = (), False
            requests = (acting.add_margin(position, instrument, -amount),)
        case CutLeverage(leverage=leverage):
            urgency, orders, conditional = Urgency.EMERGENCY, (), False
            requests = acting.set_leverage(position, instrument, leverage)
        case PlaceStop(trigger=trigger, trigger_by=by) | MoveStop(trigger=trigger, trigger_by=by):
            replaces = our_stops(position.id, state) if isinstance(intent, MoveStop) else ()
            if not any(o.id == position.id and o.kind.is_stop and o.reduces for o in state.orders):
                urgency = Urgency.EMERGENCY  # Nothing at the exchange protects it: a pause cannot be sat out.
            requests = (acting.place_stop(position, instrument, trigger, action.client_id, by),)
        case PlaceTakeProfit(trigger=trigger, quantity=quantity):
            requests = (acting.place_take_profit(position, instrument, trigger, quantity, action.client_id),)
        case _:
            return f"{type(intent).__name__}: this venue carries out no such intent"
    return Plan(
        id=position.id,
        instrument=instrument,
        urgency=urgency,
        requests=tuple(requests),
        orders=orders,
        conditional=conditional,
        replaces=replaces,
    )


def _cancel(
    intent: CancelStop, client_id: str, levers: Levers, listing: Listing, state: AccountState
) -> Plan:
    """A stop goes whether its position is still there or not: one that outlived it is the usual case."""
    instrument = _instrument(intent.id, listing)
    return Plan(
        id=intent.id,
        instrument=instrument,
        urgency=Urgency.PROTECTION,
        requests=(levers.cancel(instrument, _ours(intent.id, client_id, state), state),),
    )


def _ours(id_: PositionId, client_id: str, state: AccountState) -> Order:
    """A resting order of ours. Of nobody else's: foreign orders are never touched."""
    for order in state.orders:
        if order.client_id == client_id and order.id == id_ and client_id.startswith(OUR_PREFIX):
            return order
    raise LookupError(f"there is no order {client_id} of ours on {id_}")


def _reduce(
    action: Action,
    id_: PositionId,
    bounds: tuple[Decimal, Decimal | None],
    acting: Acting,
    listing: Listing,
    state: AccountState,
    attempt: int,
) -> Plan:
    """At market or at a limit, in slices where no order may be so large. Our stops go with the last.

    ``bounds`` are the quantity and the limit.
    """
    quantity, limit = bounds
    position, instrument = _held(id_, state), _instrument(id_, listing)
    parts = _slices(min(quantity, position.quantity), instrument, action.mark)
    ids = _ids(action, parts, attempt)
    return Plan(
        id=position.id,
        instrument=instrument,
        urgency=_haste(action),
        requests=tuple(
            acting.reduce(position, instrument, part, each, limit)
            for part, each in zip(parts, ids, strict=True)
        ),
        orders=ids,
        replaces=our_stops(id_, state) if quantity >= position.quantity else (),
    )


def _haste(action: Action) -> Urgency:
    """Who goes first of those that close something: what a person wants closed, then what is in danger."""
    if action.rule == FLATTEN:
        return Urgency.KILL
    return Urgency.EMERGENCY if isinstance(action.intent, ReducePosition) else Urgency.PROTECTION


def _ids(action: Action, parts: Sequence[Decimal], attempt: int = 1) -> tuple[ClientId, ...]:
    """A client id for each slice; that of the first, at the first attempt, is the action's own."""
    numbers = (SLICES_MAX * (attempt - 1) + slice_ for slice_ in range(1, len(parts) + 1))
    return tuple(
        action.client_id if number == 1 else ClientId(f"{action.client_id}-{number}") for number in numbers
    )


def _all_ids(action: Action, parts: Sequence[Decimal]) -> tuple[ClientId, ...]:
    """Those of every attempt there may have been; of the later ones the first slice shows it."""
    again = (_ids(action, parts[:1], attempt)[0] for attempt in range(2, ATTEMPTS_MAX + 1))
    return (*_ids(action, parts), *again)


def _slices(quantity: Decimal, instrument: Instrument, mark: Decimal) -> list[Decimal]:
    """What one order each may carry, at about this mark."""
    limits = [instrument.max_quantity] if instrument.max_quantity is not None else []
    if instrument.max_notional is not None:
        contract = instrument.contract
        worth = contract.notional(contract.lot, mark) * DEARER
        limits.append(max(instrument.max_notional // worth, ONE) * contract.lot)
    most = min(limits, default=quantity)
    if quantity <= most:
        return [quantity]
    parts: list[Decimal] = []
    while quantity > 0 and len(parts) < SLICES_MAX:
        parts.append(min(quantity, most))
        quantity -= parts[-1]
    return parts


def _open_hedge(
    action: Action, intent: OpenHedge, acting: Acting, listing: Listing, state: AccountState
) -> Plan:
    guarded = _held(intent.id, state)
    id_ = hedge_id(intent.id, intent.symbol)
    instrument = _instrument(id_, listing)
    *before, order = acting.open_hedge(intent, guarded, instrument, action.client_id)
    return Plan(
        id=id_,
        instrument=instrument,
        urgency=Urgency.PROTECTION,
        before=tuple(before),
        requests=(order,),
        orders=(action.client_id,),
    )
