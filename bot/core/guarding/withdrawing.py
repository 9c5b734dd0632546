"""Taking margin back out of an isolated position: how much of what a rule asks for, and whether at all.

Only what the bot added to this lot is taken, never the trader's own; no more than the venue gives back; and
no more than leaves every stop that protects the position beyond liquidation. Afterwards no other rule may be
awake that is quiet now, even if a quarter more were taken: money that goes to and fro only feeds the venue.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.danger.conditions import QUIET, holds
from bot.core.danger.situation import Situation, protects
from bot.core.decisions import Because
from bot.core.guarding.case import Case, No
from bot.core.intents import WithdrawMargin
from bot.core.margin.project import removable_margin
from bot.core.settings import RESERVED_NAMES
from bot.core.types import MarginMode

LEAST_DISTANCE = Decimal("0.05")
"""Nothing is taken where liquidation would then be nearer than this fraction of the mark."""
_AND_A_QUARTER = Decimal("1.25")


def sized_withdrawal(intent: WithdrawMargin, situation: Situation, case: Case) -> WithdrawMargin | No:
    """As much of what is asked for as may be taken."""
    contract, added = situation.contract, case.holder.history.margin_left
    if situation.position.mode is not MarginMode.ISOLATED:
        return No(Because.NOT_SAFER, "in cross there is no margin of its own to take")
    if added < contract.margin_step:
        return No(Because.BUDGET, "nothing is left of what was added to this position")
    removable = removable_margin(situation.pool, situation.id, situation.marks)
    amount = contract.margin_down(min(intent.amount, added, removable))
    amount = _behind_stops(replace(intent, amount=amount), situation)
    if amount < contract.margin_step:
        text = f"{removable} may be taken at the venue, and less before liquidation would pass the stop"
        return No(Because.MINIMUM, text)
    return intent if amount == intent.amount else replace(intent, amount=amount)


def withdrawal_objection(
    intent: WithdrawMargin, before: Situation, after: Situation | None, case: Case
) -> No | None:
    """Why the position would not stay safe; ``None`` if it would."""
    if after is None:
        return No(Because.NOT_SAFER, "there would be no position")
    if after.distance < LEAST_DISTANCE:
        return No(Because.NOT_SAFER, f"liquidation would be only {after.distance:.4%} away")
    further = before.after(replace(intent, amount=intent.amount * _AND_A_QUARTER))
    for armed in case.holder.armed:
        if armed.name in RESERVED_NAMES or armed is case.armed or holds(armed.wake, before, QUIET):
            continue
        if further is None or holds(armed.wake, further, QUIET):
            return No(Because.NOT_SAFER, f"it would wake {armed.name}")
    return None


def _behind_stops(intent: WithdrawMargin, situation: Situation) -> Decimal:
    """The most of the amount after which every stop that protects now still does, on the margin step."""
    step = situation.contract.margin_step
    low, high = 0, int(intent.amount / step)
    if _keeps_stops(intent, situation):
        return intent.amount
    while high - low > 1:
        middle = (low + high) // 2
        if _keeps_stops(replace(intent, amount=middle * step), situation):
            low = middle
        else:
            high = middle
    return low * step


def _keeps_stops(intent: WithdrawMargin, situation: Situation) -> bool:
    after = situation.after(intent)
    if after is None or after.distance <= 0:
        return False
    return all(protects(after, order) for order in situation.protecting)
