"""Whether what an action was to do has happened, told from reading the account and nothing else.

The same question closes an intent that the exchange confirmed and one that nobody answered; only what a
negative answer is worth differs, and that is for the one who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.core.decisions import Action
from bot.core.facts import Fill
from bot.core.intents import AddMargin, CancelStop, CutLeverage, OpenHedge, WithdrawMargin
from bot.core.types import ClientId, Position
from bot.venues.live.plan import Plan, position_of
from bot.venues.live.terms import AccountState, OrderState

_MOSTLY = Decimal("0.75")
_HARDLY = Decimal("0.25")
"""Shares of an amount of margin: funding that was settled meanwhile is far below either."""
_ALONE = Decimal("0.01")
"""A change of margin that differs by no more than this share from the amount is of nobody else's making."""


class Sight(StrEnum):
    """What a reading shows of an act."""

    DONE = "done"
    NOT_DONE = "not done"
    LAGGING = "lagging"
    """It happened, and not everything that was read shows it yet: the exchange answers from behind."""
    UNCLEAR = "unclear"
    """This reading can decide nothing: an order still trades, or the position is another one now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a reading shows, how it is known, and what orders of the act traded.

    ``doubtful``: another source says otherwise, and the one that says no may be answered from behind.
    ``alone``: margin changed by the amount of the act, so that nobody else has moved any meanwhile.
    """

    sight: Sight
    proof: str
    fills: tuple[Fill, ...] = ()
    doubtful: bool = False
    alone: bool = False
    ended: str | None = None
    """Of a conditional order that rests no more: the exchange's word for how it ended."""


def effect(
    action: Action,
    plan: Plan,
    before: Position | None,
    state: AccountState,
    orders: Sequence[OrderState | None],
) -> Effect:
    """Judge a reading: ``before`` is the position before the act, ``orders`` those of ``plan.orders``."""
    now = position_of(plan.id, state)
    match action.intent:
        case AddMargin(amount=amount):
            return _margin(amount, before, now)
        case WithdrawMargin(amount=amount):
            return _margin(-amount, before, now)
        case CutLeverage(leverage=leverage):
            return _leverage(leverage, now)
        case CancelStop(client_id=client_id):
            rests = any(order.client_id == client_id for order in state.orders)
            sight = Sight.NOT_DONE if rests else Sight.DONE
            return Effect(sight=sight, proof=f"{client_id} {'still rests' if rests else 'is gone'}")
        case _ if plan.conditional:
            return _resting(action.client_id, orders[0], state)
        case _:
            opens = isinstance(action.intent, OpenHedge)
            return _traded(orders, before, now, opens=opens)


def _margin(amount: Decimal, before: Position | None, now: Position | None) -> Effect:
    """By the change of the isolated margin: margin has no id by which it could be asked for."""
    if before is None or now is None or (before.opened_ms and now.opened_ms != before.opened_ms):
        return Effect(sight=Sight.UNCLEAR, proof="the position is another one now")
    if now.quantity > before.quantity:
        return Effect(sight=Sight.UNCLEAR, proof="the position has grown meanwhile")
    # Closing a part releases margin pro rata, and what was added before that among it.
    left = now.quantity / before.quantity
    share = (now.margin - before.margin * left) / (amount * left)
    proof = f"isolated margin {before.margin} -> {now.margin}"
    if share >= _MOSTLY:
        return Effect(sight=Sight.DONE, proof=proof, alone=abs(share - 1) <= _ALONE)
    return Effect(sight=Sight.NOT_DONE if share <= _HARDLY else Sight.UNCLEAR, proof=proof)


def _leverage(leverage: Decimal, now: Position | None) -> Effect:
    if now is None:
        return Effect(sight=Sight.UNCLEAR, proof="the position is gone")
    done = now.leverage <= leverage
    return Effect(sight=Sight.DONE if done else Sight.NOT_DONE, proof=f"leverage is {now.leverage}")


def _resting(client_id: ClientId, order: OrderState | None, state: AccountState) -> Effect:
    listed = any(resting.client_id == client_id for resting in state.orders)
    if order is None and listed:
        return Effect(sight=Sight.DONE, proof=f"{client_id} rests")
    if order is None:
        return Effect(sight=Sight.NOT_DONE, proof="no order has our id")
    if order.open and not listed:
        return Effect(sight=Sight.LAGGING, proof=f"{order.client_id} is open and not listed")
    proof = f"{order.client_id} {'rests' if order.open else order.status or 'is no longer open'}"
    ended = None if order.open else order.status
    return Effect(sight=Sight.DONE, proof=proof, fills=order.fills, ended=ended)


def _traded(
    orders: Sequence[OrderState | None], before: Position | None, now: Position | None, *, opens: bool
) -> Effect:
    known = [order for order in orders if order is not None]
    held_before = before.quantity if before is not None else Decimal(0)
    held = now.quantity if now is not None else Decimal(0)
    if not known:
        moved = held > held_before if opens else held < held_before
        proof = "no order has our id" + (f", and yet {held_before} -> {held} held" if moved else "")
        return Effect(sight=Sight.NOT_DONE, proof=proof, doubtful=moved)
    if any(order.open for order in known):
        return Effect(sight=Sight.UNCLEAR, proof="the order still trades")
    fills = tuple(fill for order in known for fill in order.fills)
    traded = sum((fill.quantity for fill in fills), Decimal(0))
    grown = held >= held_before + traded
    shrunk = before is None or held <= held_before - traded
    caught_up = grown if opens else shrunk
    words = ", ".join(f"{order.client_id} {order.status}".rstrip() for order in known)
    proof = f"{words}: {traded} traded, {held_before} -> {held} held"
    return Effect(sight=Sight.DONE if caught_up else Sight.LAGGING, proof=proof, fills=fills)
