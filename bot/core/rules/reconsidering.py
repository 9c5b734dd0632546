"""When a hedge that was refused for what the account is gets another look.

What it may cost and whether the account would lose less with it is worked out over joint shocks of all that
is held, and changes slowly: a tick brings no other answer, a move or some minutes may. A change of state asks
at once, as ever. What the market itself may lift within a second, a price or a thin book, is asked at every
mark.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.decisions import Because
from bot.core.intents import OpenHedge
from bot.core.settings import MINUTE_MS
from bot.core.types import ONE
from bot.core.view import View
from bot.core.wake import AnyOf, At, Metric, any_of

MOVED = Decimal("0.0025")
"""A move of the mark after which it is another question, as a fraction."""
AFTER_MS = 5 * MINUTE_MS
"""How long an answer holds where the mark stays: prices of other contracts are not looked at meanwhile."""

_OF_THE_ACCOUNT = frozenset({Because.NOT_SAFER, Because.MINIMUM, Because.BALANCE})


def another_look(view: View) -> AnyOf | None:
    """What a hedge refused in this state waits for; ``None`` where none was, or at any mark it may be had."""
    refused = view.memory.refused(OpenHedge)
    if refused is None or refused.because not in _OF_THE_ACCOUNT:
        return None
    low, high = refused.mark * (ONE - MOVED), refused.mark * (ONE + MOVED)
    return any_of(Metric.MARK.below(low), Metric.MARK.above(high), At(refused.at_ms + AFTER_MS))
