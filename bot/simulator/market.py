"""What is public: prices, funding, bars and the book of every symbol."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from bot.core.contracts import Contract
from bot.core.types import ZERO, Symbol
from bot.venues.paper import MarketModel

MINUTE_MS = 60_000
DAY_MS = 86_400_000
BARS_MAX = 50_000
"""Minutes remembered per symbol, more than a month."""
SETTLED_MAX = 5_000
"""Settlements of funding remembered per symbol."""
BOOK_LEVELS = 20


class Bar(NamedTuple):
    """Open, high, low, close and volume (base, or contracts' face value) of one stretch of time."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    trades: int = 1

    def with_price(self, price: Decimal, quantity: Decimal) -> Bar:
        """The bar after one more trade."""
        open_ms, first, high, low, _, volume, trades = self
        if price > high:
            high = price
        elif price < low:
            low = price
        return Bar(open_ms, first, high, low, price, volume + quantity, trades + 1)


Settled = tuple[int, Decimal, Decimal]
"""When funding was settled, at which rate and mark."""


@dataclass(slots=True)
class Ticker:
    """One symbol as the public sees it. Mutable: it is written at every price."""

    contract: Contract
    mark: Decimal = ZERO
    last: Decimal = ZERO
    index: Decimal = ZERO
    funding_rate: Decimal = Decimal("0.0001")
    next_funding_ms: int = 0
    open_interest: Decimal = Decimal(1000)
    updated_ms: int = 0
    trades: int = 0
    listed_ms: int = 0
    halted: bool = False
    """In maintenance: shown, not traded."""
    bars: deque[Bar] = field(default_factory=lambda: deque(maxlen=BARS_MAX))
    settled: deque[Settled] = field(default_factory=lambda: deque(maxlen=SETTLED_MAX))
    """Funding that was settled, oldest first."""

    @property
    def known(self) -> bool:
        """Whether a price has come in yet."""
        return self.mark > 0


class Market:
    """The tickers of all symbols. Prices come in by ``World.move`` only."""

    def __init__(self, contracts: Mapping[Symbol, Contract], model: MarketModel) -> None:
        self.model = model
        self.tickers = {symbol: Ticker(contract) for symbol, contract in contracts.items()}
        self.deliveries: dict[Symbol, Decimal] = {}
        """At which price the contracts were settled that are."""
        self.marks: dict[Symbol, Decimal] = {}
        """The mark of every symbol that has one."""
        self._past: dict[Symbol, _Past] = {}
        self._marked: dict[Symbol, deque[Bar]] = {}
        """Bars of the mark, for the symbols where it was ever another price than the last one."""

    def __getitem__(self, symbol: Symbol) -> Ticker:
        """The ticker of that symbol; ``KeyError`` if it is not listed."""
        return self.tickers[symbol]

    def __iter__(self) -> Iterator[Ticker]:
        """Every ticker, in the order the contracts were listed."""
        return iter(self.tickers.values())

    def price(
        self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, index: Decimal | None = None
    ) -> None:
        """New prices of a symbol: of the ticker, and of the bar of this minute."""
        ticker = self.tickers[symbol]
        self.marks[symbol] = ticker.mark = mark
        ticker.last = last
        ticker.index = mark if index is None else index
        ticker.updated_ms = at_ms
        ticker.trades += 1
        interval = ticker.contract.funding_interval_ms
        if ticker.contract.expiry_ms is None and ticker.next_funding_ms <= at_ms - interval:
            ticker.next_funding_ms = (at_ms // interval + 1) * interval
        if mark != last or symbol in self._marked:
            bars = self._marked.get(symbol)
            if bars is None:  # Until now the marks were the trades.
                bars = self._marked[symbol] = deque(ticker.bars, maxlen=BARS_MAX)
            _count(bars, at_ms, mark, ZERO)
        _count(ticker.bars, at_ms, last, ticker.contract.lot)

    def seed(self, symbol: Symbol, bars: Iterable[Bar]) -> None:
        """Minutes from before the simulation began, oldest first; they replace what is there."""
        ticker = self.tickers[symbol]
        ticker.bars.clear()
        ticker.bars.extend(bars)
        self._past.pop(symbol, None)
        self._marked.pop(symbol, None)

    def bars(self, symbol: Symbol, timeframe_ms: int, count: int | None = None) -> Sequence[Bar]:
        """Bars of that length, oldest first, all or the last ``count``; the last one may be open still."""
        return _of_length(self.tickers[symbol].bars, timeframe_ms, count)

    def mark_bars(self, symbol: Symbol, timeframe_ms: int, count: int | None = None) -> Sequence[Bar]:
        """The same of the mark; its volume and trades mean nothing."""
        return _of_length(self._marked.get(symbol) or self.tickers[symbol].bars, timeframe_ms, count)

    def day(self, symbol: Symbol, now_ms: int) -> Bar | None:
        """The last 24 hours as one bar; ``None`` before the first price."""
        bars = self.tickers[symbol].bars
        if not bars:
            return None
        since_ms, newest = now_ms - DAY_MS, bars[-1]
        past = self._past.get(symbol)
        if past is None or not past.holds(bars, since_ms):
            past = self._past[symbol] = _past_of(bars, since_ms)
        return newest if past.bar is None else _joined(past.bar, newest, past.bar.open_ms)

    def book(self, symbol: Symbol, levels: int = BOOK_LEVELS) -> tuple[Sequence[Level], Sequence[Level]]:
        """Bids and asks, best first: half the spread away from the last price, then tick by tick.

        Each level holds an equal part of the depth of the model; without one, a thousand lots.
        """
        ticker = self.tickers[symbol]
        contract, last = ticker.contract, ticker.last
        half = last * self.model.spread / 2
        depth = self.model.depth_of(symbol)
        each = contract.lot * 1000
        if depth is not None:
            each = max(contract.lot, contract.quantity_down(depth / last / levels))
        bid = max(contract.tick, contract.price_down(last - half))
        ask = max(bid + contract.tick, contract.price_up(last + half))
        bids = [(bid - contract.tick * i, each) for i in range(levels) if bid - contract.tick * i > 0]
        return bids, [(ask + contract.tick * i, each) for i in range(levels)]


Level = tuple[Decimal, Decimal]
"""Price and quantity."""


@dataclass(frozen=True, slots=True)
class _Past:
    """The minutes of a day that are over, as one bar: every price of a minute asks for them.

    ``last`` is the last of them, and ``before_ms`` when the last one began that was too old.
    """

    bar: Bar | None
    last: Bar | None
    before_ms: int

    def holds(self, bars: deque[Bar], since_ms: int) -> bool:
        """Whether it is still what is over, and of this day."""
        last = bars[-2] if len(bars) > 1 else None
        return self.last is last and (
            self.before_ms < since_ms and (self.bar is None or self.bar.open_ms >= since_ms)
        )


def _past_of(bars: deque[Bar], since_ms: int) -> _Past:
    day: Bar | None = None
    for bar in islice(reversed(bars), 1, None):
        if bar.open_ms < since_ms:
            return _Past(day, bars[-2], bar.open_ms)
        day = bar if day is None else _joined(bar, day, bar.open_ms)
    return _Past(day, bars[-2] if len(bars) > 1 else None, -1)


def _count(bars: deque[Bar], at_ms: int, price: Decimal, quantity: Decimal) -> None:
    """Put a price into the bar of its minute."""
    opened = at_ms - at_ms % MINUTE_MS
    if bars and bars[-1].open_ms == opened:
        bars[-1] = bars[-1].with_price(price, quantity)
        return
    # A new minute begins where the one before ended, as it does where somebody always trades.
    first = bars[-1].close if bars and opened - bars[-1].open_ms == MINUTE_MS else price
    bar = Bar(open_ms=opened, open=first, high=first, low=first, close=first)
    bars.append(bar.with_price(price, quantity))


def _of_length(bars: deque[Bar], timeframe_ms: int, count: int | None) -> Sequence[Bar]:
    made: list[Bar] = []
    for bar in reversed(bars):
        opened = bar.open_ms - bar.open_ms % timeframe_ms
        if made and made[-1].open_ms == opened:
            made[-1] = _joined(bar, made[-1], opened)
        elif count is not None and len(made) == count:
            break
        else:
            made.append(bar if bar.open_ms == opened else bar._replace(open_ms=opened))
    return made[::-1]


def _joined(one: Bar, two: Bar, open_ms: int) -> Bar:
    """Two bars as one; ``one`` is the earlier."""
    _, first, high, low, _, volume, trades = one
    _, _, higher, lower, last, more, others = two
    return Bar(open_ms, first, max(high, higher), min(low, lower), last, volume + more, trades + others)
