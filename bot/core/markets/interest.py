"""Open interest over time: how much of it came or went within a window.

In a cascade positions are closed by force, and open interest falls with the price.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from bot.core.facts import OpenInterest
from bot.core.types import ONE, Symbol

_PLACES = Decimal("1E-8")


class InterestHistory:
    """What was told within ``window_ms``, and the last thing told before it."""

    __slots__ = ("_told", "window_ms")

    def __init__(self, window_ms: int) -> None:
        """Keep what a window of this length needs; nothing for 0."""
        self.window_ms = window_ms
        self._told: dict[Symbol, deque[tuple[int, Decimal]]] = {}

    def add(self, fact: OpenInterest) -> None:
        """Take what is told; what has been overtaken is left out."""
        told = self._told.setdefault(fact.symbol, deque())
        if told and fact.at_ms <= told[-1][0]:
            return
        told.append((fact.at_ms, fact.quantity))
        while len(told) > 1 and told[1][0] <= fact.at_ms - self.window_ms:
            told.popleft()

    def change(self, symbol: Symbol, window_ms: int) -> Decimal | None:
        """How much more there is than ``window_ms`` before the last telling, as a fraction; below 0: less.

        ``None`` while nothing so old is known.
        """
        told = self._told.get(symbol)
        if not told:
            return None
        at_ms, now = told[-1]
        before = None
        for then_ms, quantity in told:
            if then_ms > at_ms - window_ms:
                break
            before = quantity
        return None if not before else (now / before - ONE).quantize(_PLACES)
