"""What is known of the market: last marks, closed bars and the indicators over them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.facts import BarClosed, MarkPrice
from bot.core.indicators import Atr, AtrSeries
from bot.core.types import Symbol


class Market:
    """Prices by symbol, and the indicators that the configured rules declared they need."""

    __slots__ = ("_atr", "_atr_specs", "bars", "mark_at_ms", "marks")

    def __init__(self, indicators: Iterable[Atr]) -> None:
        """Know nothing yet; only ``indicators`` will be computed."""
        self.marks: dict[Symbol, Decimal] = {}
        self.mark_at_ms: dict[Symbol, int] = {}
        self.bars: dict[tuple[Symbol, int], BarClosed] = {}
        self._atr_specs: dict[int, list[Atr]] = {}
        for spec in sorted(set(indicators), key=lambda s: (s.timeframe_ms, s.length)):
            self._atr_specs.setdefault(spec.timeframe_ms, []).append(spec)
        self._atr: dict[tuple[Symbol, Atr], AtrSeries] = {}

    def mark(self, fact: MarkPrice) -> None:
        """Take a mark price as the present one."""
        self.marks[fact.symbol] = fact.price
        self.mark_at_ms[fact.symbol] = fact.at_ms

    def bar(self, fact: BarClosed) -> bool:
        """Take a closed bar into the indicators of its timeframe; a late or repeated one changes nothing."""
        key = fact.symbol, fact.timeframe_ms
        last = self.bars.get(key)
        if last is not None and fact.at_ms <= last.at_ms:
            return False
        self.bars[key] = fact
        for spec in self._atr_specs.get(fact.timeframe_ms, ()):
            series = self._atr.get((fact.symbol, spec))
            if series is None:
                series = self._atr[fact.symbol, spec] = AtrSeries(spec.length)
            series.update(fact)
        return True

    def atr(self, symbol: Symbol, spec: Atr) -> Decimal | None:
        """The average true range, ``None`` while there is too little history or nobody declared the need."""
        series = self._atr.get((symbol, spec))
        return series.value if series is not None else None
