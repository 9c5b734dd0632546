"""How the market presses on a position: the price moves against it, others are forced out, its side pays.

Liquidations feed on each other: each is an order that moves the price on to the next. That shows in a fast
move with open interest going, and is likelier where funding says that most stand on one side.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.markets.indicators import Move
from bot.core.rule import Needs
from bot.core.types import ZERO
from bot.core.view import View


class Pressure(NamedTuple):
    """What presses on one position now; all of it fractions."""

    against: Decimal
    """How far the price has moved against it; below 0 in its favour, 0 while nobody knows."""
    interest: Decimal | None
    """How much more open interest there is, below 0 less; ``None`` where nobody tells."""
    owed: Decimal
    """What its side pays at the next settlement, of its value; below 0 it receives, 0 while nobody knows."""


@dataclass(frozen=True, slots=True)
class Pressing:
    """Over which bars it is measured: the move, and the change of open interest in the same time."""

    move: Move

    def needs(self) -> Needs:
        """Closed bars, funding and the history of open interest."""
        return Needs(
            indicators=frozenset((self.move,)),
            funding=True,
            open_interest=True,
            interest_window_ms=self._window_ms,
        )

    def on(self, view: View) -> Pressure:
        """What presses on the view's position."""
        moved, funding, side = view.indicator(self.move), view.funding, view.id.side
        return Pressure(
            against=ZERO if moved is None else -moved * side.sign,
            interest=view.open_interest_change(self._window_ms),
            owed=ZERO if funding is None else funding.owed_by(side),
        )

    @property
    def _window_ms(self) -> int:
        return self.move.timeframe_ms * self.move.length
