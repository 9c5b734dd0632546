"""Tripwires: per symbol the tightest band of all wakes, so that most marks cost two comparisons.

A wire is never the judge. It is a superset filter: outside it somebody is asked, inside it nobody would
have spoken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from bot.core.book import Holder
from bot.core.conditions import FOREVER_MS
from bot.core.facts import MarkPrice
from bot.core.situation import INFINITE
from bot.core.types import PositionId, Symbol

_NOWHERE = -INFINITE


class Wire:
    """The band of one symbol, and the last mark that stayed inside it since somebody looked."""

    __slots__ = ("at_ms", "high", "low", "swallowed")

    def __init__(self) -> None:
        """Nobody watches: every mark is inside."""
        self.low: Decimal = _NOWHERE
        self.high: Decimal = INFINITE
        self.at_ms = -1
        self.swallowed: MarkPrice | None = None

    def close(self) -> None:
        """Let no mark pass unseen."""
        self.low, self.high = INFINITE, _NOWHERE


class Tripwires:
    """The wires of all symbols and the times at which rules asked to be woken."""

    def __init__(self, watchers: Mapping[Symbol, Sequence[Holder]]) -> None:
        """Watch for the positions in ``watchers``, which the books keep current."""
        self._watchers = watchers
        self._timed: dict[PositionId, Holder] = {}
        self.wires: dict[Symbol, Wire] = {}
        self.next_at_ms = FOREVER_MS

    def wire(self, symbol: Symbol) -> Wire:
        """The wire of a symbol, which comes to be when first heard of."""
        wire = self.wires.get(symbol)
        if wire is None:
            wire = self.wires[symbol] = Wire()
        return wire

    def broken(self, symbol: Symbol, price: Decimal) -> list[Holder]:
        """The positions whose own band this mark is not strictly inside of."""
        found = []
        for holder in self._watchers.get(symbol, ()):
            bands = holder.reach.bands
            if bands is not None:
                band = bands.get(symbol)
                if band is None:
                    continue
                above = band.low is None or price > band.low
                if above and (band.high is None or price < band.high):
                    continue
            found.append(holder)
        return found

    def overdue(self, at_ms: int) -> list[Holder]:
        """The positions on which a rule asked to be woken at or before ``at_ms``."""
        return [holder for holder in self._timed.values() if holder.reach.at_ms <= at_ms]

    def retie(
        self, holders: Iterable[Holder], gone: Collection[PositionId], symbols: Collection[Symbol]
    ) -> None:
        """Tie the wires anew: ``holders`` were asked, ``gone`` closed, ``symbols`` changed their watchers."""
        loose = [holder for holder in holders if holder.tied is not holder.reach]
        if not (loose or gone or symbols):
            return
        affected = set(symbols)
        for id_ in gone:
            self._timed.pop(id_, None)
        for holder in loose:
            holder.tied = holder.reach
            if holder.reach.at_ms < FOREVER_MS:
                self._timed[holder.id] = holder
            else:
                self._timed.pop(holder.id, None)
            affected.update(holder.watches)
        self.next_at_ms = min((h.reach.at_ms for h in self._timed.values()), default=FOREVER_MS)
        for symbol in affected:
            self._tie(symbol)

    def _tie(self, symbol: Symbol) -> None:
        wire = self.wire(symbol)
        low, high = _NOWHERE, INFINITE
        for holder in self._watchers.get(symbol, ()):
            bands = holder.reach.bands
            if bands is None:
                wire.close()
                return
            band = bands.get(symbol)
            if band is not None:
                if band.low is not None and band.low > low:
                    low = band.low
                if band.high is not None and band.high < high:
                    high = band.high
        wire.low, wire.high = low, high
