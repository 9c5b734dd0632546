"""Whether what was promised still holds, told from bands alone, without the figures they were made of."""

from __future__ import annotations

from bot.core.accounts.book import Armed, Holder
from bot.core.danger.situation import Situation
from bot.core.wake import Above, Below

_LEVELS = frozenset({Below, Above})
"""Wakes that no event makes true."""


def promise_lasts(holder: Holder, situation: Situation) -> bool:
    """Whether marks and time are still within what the position's last answer was good for."""
    rooms, reach = situation.rooms, holder.reach
    if rooms is not None and holder.tied is reach:
        # While all marks are in the room that was laid for it, its sums need not be looked at.
        market = situation.market
        if rooms.calm(situation.pool, market.marks, market.turn):
            return reach.lasts_at(situation)
    return reach.lasts(situation)


def stays_false(armed: Armed, situation: Situation) -> bool:
    """Whether the wake is a level that was false and cannot hold yet: then its figure is not needed."""
    wake = armed.wake
    return (
        armed.band_wake is wake
        and not situation.stands
        and type(wake) in _LEVELS
        and armed.band_for is situation.ground
        and armed.band.lasts(situation)
    )
