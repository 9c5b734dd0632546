"""What is known of the market: last marks, closed bars and the indicators over them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract, underlying
from bot.core.facts import BarClosed, Book, FundingRate, MarkPrice, OpenInterest
from bot.core.markets.funding import Funding
from bot.core.markets.indicators import Atr, Indicator, Series, series_of
from bot.core.markets.interest import InterestHistory
from bot.core.markets.passage import Passage, PassageSeries
from bot.core.markets.returns import Returns, ReturnsSeries, Together, together
from bot.core.structure import Structure, StructureSeries, Zones, structure_series
from bot.core.timeframe import format_timeframe
from bot.core.types import Symbol


def undeclared(what: str) -> str:
    """What to say of market data that a rule waits for or asks for, and that nobody was told to bring."""
    return f"{what}: name that in needs(), or it never comes"


@dataclass(slots=True, eq=False)
class _Bars:
    """The closed bars of one symbol and timeframe: the last of them, and the indicators over all."""

    last: BarClosed
    series: tuple[Series | StructureSeries, ...]


class Market:
    """Prices by symbol, and the indicators that the configured rules declared they need."""

    __slots__ = (
        "_bars",
        "_indicators",
        "_specs",
        "_structure_specs",
        "_structures",
        "_timeframes_ms",
        "_together",
        "books",
        "contracts",
        "funding",
        "interest",
        "interests",
        "mark_at_ms",
        "marks",
        "turn",
    )

    def __init__(
        self,
        indicators: Iterable[Indicator],
        timeframes_ms: Collection[int] = (),
        interest_window_ms: int = 0,
        structures: Iterable[Structure] = (),
    ) -> None:
        """Know nothing yet; what is named here will be computed, and bars of ``timeframes_ms`` will be told.

        Those of the indicators need not be named again. Open interest is kept for ``interest_window_ms``.
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
        self.funding: dict[Symbol, Funding] = {}
        """The funding told of each symbol, where a rule needs it."""
        self.interests = InterestHistory(interest_window_ms)
        self._bars: dict[tuple[Symbol, int], _Bars] = {}
        self._specs: dict[int, list[Indicator]] = {}
        for spec in sorted(set(indicators), key=lambda s: (s.timeframe_ms, s.length, type(s).__name__)):
            self._specs.setdefault(spec.timeframe_ms, []).append(spec)
        self._timeframes_ms = frozenset(timeframes_ms) | self._specs.keys()
        self._indicators: dict[tuple[Symbol, Indicator], Series] = {}
        self._structure_specs: dict[int, list[Structure]] = {}
        for each in structures:
            self._structure_specs.setdefault(each.timeframe_ms, []).append(each)
        self._structures: dict[tuple[Symbol, Structure], StructureSeries] = {}
        self._together: dict[tuple[Symbol, Symbol, Returns], tuple[object, Together | None]] = {}

    def mark(self, fact: MarkPrice) -> None:
        """Take a mark price as the present one."""
        self.marks[fact.symbol] = fact.price
        self.mark_at_ms[fact.symbol] = fact.at_ms

    def fund(self, fact: FundingRate) -> bool:
        """Take what is told of the next settlement; whether it is news."""
        symbol = fact.symbol
        known, contract = self.funding.get(symbol), self.contracts.get(symbol)
        if contract is None:
            return False
        told = Funding.told(fact, known, contract.funding_interval_ms)
        self.funding[symbol] = told
        return told != known

    def open_interest(self, fact: OpenInterest) -> None:
        """Take the open interest as told, and remember it where a rule looks back."""
        self.interest[fact.symbol] = fact.quantity
        if self.interests.window_ms:
            self.interests.add(fact)

    def dated(self, index: str) -> list[Contract]:
        """The dated contracts of an underlying (``Contract.index``), the next to expire first."""
        dated = [c for c in self.contracts.values() if c.expiry_ms is not None and c.index == index]
        return sorted(dated, key=lambda contract: contract.expiry_ms or 0)

    def beside(self, index: str, others: Collection[Symbol]) -> list[Contract]:
        """The contracts of an underlying, the next to expire first, its perpetual, and ``others``."""
        undated = [self.contracts.get(symbol) for symbol in dict.fromkeys((Symbol(index), *others))]
        return [*self.dated(index), *(contract for contract in undated if contract is not None)]

    def bar(self, fact: BarClosed) -> bool:
        """Take a closed bar into the indicators of its timeframe; a late or repeated one changes nothing."""
        symbol, timeframe_ms = key = fact.symbol, fact.timeframe_ms
        bars = self._bars.get(key)
        if bars is None:
            bars = self._bars[key] = _Bars(fact, self._made(symbol, timeframe_ms))
        elif fact.at_ms <= bars.last.at_ms:
            return False
        bars.last = fact
        for series in bars.series:
            series.update(fact)
        return True

    def _made(self, symbol: Symbol, timeframe_ms: int) -> tuple[Series | StructureSeries, ...]:
        """What is counted over one symbol's bars of one timeframe, without history."""
        made = {spec: series_of(spec) for spec in self._specs.get(timeframe_ms, ())}
        found = {spec: structure_series(spec) for spec in self._structure_specs.get(timeframe_ms, ())}
        self._indicators.update({(symbol, spec): series for spec, series in made.items()})
        self._structures.update({(symbol, spec): series for spec, series in found.items()})
        return (*made.values(), *found.values())

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
        return self.value(symbol, spec)

    def passage(self, symbol: Symbol, spec: Passage) -> PassageSeries | None:
        """How far a symbol goes within a time; ``None`` before a first bar, raises if nobody declared it."""
        series = self._known(symbol, spec)
        assert series is None or isinstance(series, PassageSeries), f"{spec} over {series}"
        return series

    def value(self, symbol: Symbol, spec: Indicator) -> Decimal | None:
        """An indicator, ``None`` while history is too short; raises where nobody declared it."""
        series = self._known(symbol, spec)
        return None if series is None else series.value

    def _known(self, symbol: Symbol, spec: Indicator) -> Series | None:
        series = self._indicators.get((symbol, spec))
        if series is None:
            declared = spec in self._specs.get(spec.timeframe_ms, ())
            assert declared, undeclared(_named(spec))
        return series

    def together(self, symbol: Symbol, other: Symbol, spec: Returns) -> Together | None:
        """How one coin moves with another; ``None`` while too little is known of either.

        A dated contract moves with its coin: it counts as the perpetual, where there are bars of that.
        """
        one, against = self._returns(symbol, spec), self._returns(other, spec)
        if one is None or against is None:
            return None
        key, made_of = (symbol, other, spec), (one, one.at_ms, against, against.at_ms)
        known = self._together.get(key)
        if known is None or known[0] != made_of:
            known = self._together[key] = made_of, together(one, against)
        return known[1]

    def _returns(self, symbol: Symbol, spec: Returns) -> ReturnsSeries | None:
        series = self._known(Symbol(underlying(symbol)), spec) or self._known(symbol, spec)
        assert series is None or isinstance(series, ReturnsSeries), f"{spec} over {series}"
        return series

    def zones(self, symbol: Symbol, spec: Structure) -> Zones | None:
        """Zones of price, ``None`` while history is too short; raises where nobody declared them."""
        series = self._structures.get((symbol, spec))
        if series is None:
            assert spec in self._structure_specs.get(spec.timeframe_ms, ()), undeclared(repr(spec))
            return None
        return series.value


def _named(spec: Indicator) -> str:
    kind = "ATR" if isinstance(spec, Atr) else type(spec).__name__
    return f"{kind}({spec.length}) of {format_timeframe(spec.timeframe_ms)}"
