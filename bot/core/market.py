"""What is known of the market: last marks, closed bars and the indicators over them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.facts import BarClosed, Book, MarkPrice
from bot.core.indicators import Atr, AtrSeries
from bot.core.timeframe import format_timeframe
from bot.core.types import Symbol


def undeclared(what: str) -> str:
    """What to say of market data that a rule waits for or asks for, and that nobody was told to bring."""
    return f"{what}: name that in needs(), or it never comes"


@dataclass(slots=True, eq=False)
class _Bars:
    """The closed bars of one symbol and timeframe: the last of them, and the indicators over all."""

    last: BarClosed
    series: tuple[AtrSeries, ...]


class Market:
    """Prices by symbol, and the indicators that the configured rules declared they need."""

    __slots__ = (
        "_atr",
        "_atr_specs",
        "_bars",
        "_timeframes_ms",
        "books",
        "contracts",
        "interest",
        "mark_at_ms",
        "marks",
        "turn",
    )

    def __init__(self, indicators: Iterable[Atr], timeframes_ms: Collection[int] = ()) -> None:
        """Know nothing yet; ``indicators`` will be computed, and bars of ``timeframes_ms`` will be told.

        Those of the indicators need not be named again.
        """
        self.marks: dict[Symbol, Decimal] = {}
        self.turn = 0
        """Counts the batches: what was worked out from the marks in one turn holds until its end."""
        self.mark_at_ms: dict[Symbol, int] = {}
        self.contracts: dict[Symbol, Contract] = {}
        self.books: dict[Symbol, Book] = {}
        """The last order book told of each symbol."""
        self.interest: dict[Symbol, Decimal] = {}
        """The last open interest told of each symbol."""
        self._bars: dict[tuple[Symbol, int], _Bars] = {}
        self._atr_specs: dict[int, list[Atr]] = {}
        for spec in sorted(set(indicators), key=lambda s: (s.timeframe_ms, s.length)):
            self._atr_specs.setdefault(spec.timeframe_ms, []).append(spec)
        self._timeframes_ms = frozenset(timeframes_ms) | self._atr_specs.keys()
        self._atr: dict[tuple[Symbol, Atr], AtrSeries] = {}

    def mark(self, fact: MarkPrice) -> None:
        """Take a mark price as the present one."""
        self.marks[fact.symbol] = fact.price
        self.mark_at_ms[fact.symbol] = fact.at_ms

    def dated(self, index: str) -> list[Contract]:
        """The dated contracts of an underlying (``Contract.index``), the next to expire first."""
        dated = [c for c in self.contracts.values() if c.expiry_ms is not None and c.index == index]
        return sorted(dated, key=lambda contract: contract.expiry_ms or 0)

    def bar(self, fact: BarClosed) -> bool:
        """Take a closed bar into the indicators of its timeframe; a late or repeated one changes nothing."""
        symbol, timeframe_ms = key = fact.symbol, fact.timeframe_ms
        bars = self._bars.get(key)
        if bars is None:
            made = {spec: AtrSeries(spec.length) for spec in self._atr_specs.get(timeframe_ms, ())}
            self._atr.update({(symbol, spec): series for spec, series in made.items()})
            bars = self._bars[key] = _Bars(fact, tuple(made.values()))
        elif fact.at_ms <= bars.last.at_ms:
            return False
        bars.last = fact
        for series in bars.series:
            series.update(fact)
        return True

    def last_bar(self, symbol: Symbol, timeframe_ms: int) -> BarClosed | None:
        """The last closed bar, ``None`` before the first; raises where nobody declared the timeframe."""
        bars = self._bars.get((symbol, timeframe_ms))
        if bars is None:
            assert timeframe_ms in self._timeframes_ms, undeclared(
                f"bars of {format_timeframe(timeframe_ms)}"
            )
            return None
        return bars.last

    def atr(self, symbol: Symbol, spec: Atr) -> Decimal | None:
        """The average true range, ``None`` while history is too short; raises where nobody declared it."""
        series = self._atr.get((symbol, spec))
        if series is None:
            declared = spec in self._atr_specs.get(spec.timeframe_ms, ())
            assert declared, undeclared(f"ATR({spec.length}) of {format_timeframe(spec.timeframe_ms)}")
            return None
        return series.value
