"""Keeps live streams as tapes: bars of trades as the exchange closes them, bars of marks made of every mark.

A bar of marks is kept only where marks were heard all through it: half a minute's extremes are no minute's.
What was not heard is a gap, and a gap is silence. A settlement is kept at the rate that was announced last
before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.facts import BarClosed, Fact, FundingRate, LastPrice, MarkPrice
from bot.core.types import Symbol
from bot.lab.store.keeping import Store
from bot.lab.store.naming import Kept
from bot.lab.store.spans import Span, joined
from bot.venues.live.exact import plain
from bot.venues.live.history import Row, Series

SILENT_MS = 15_000
"""Without a mark for this long nothing is known: one that stands still is told every ten seconds."""
FOLD_EVERY = 60
"""After how many pages they are folded into the tape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """The prices of a bar so far; ``whole`` while they were heard without silence from its beginning."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    last_ms: int
    whole: bool

    def and_then(self, at_ms: int, price: Decimal) -> _Open:
        """With one more price."""
        return replace(
            self,
            high=max(self.high, price),
            low=min(self.low, price),
            close=price,
            last_ms=at_ms,
            whole=self.whole and at_ms - self.last_ms <= SILENT_MS,
        )

    def row(self) -> Row:
        """As a bar."""
        prices = (self.open, self.high, self.low, self.close)
        return Row(self.open_ms, tuple(plain(price) for price in prices))


class Recorder:
    """Takes facts as an inbox does, and keeps what they come to when told to ``flush``."""

    def __init__(
        self, store: Store, venue: str, timeframe_ms: int, begun_ms: int, *, closed: bool = True
    ) -> None:
        """What began before ``begun_ms`` is left out: a feed asks for earlier bars at its start.

        Where the exchange has no bars of that length (not ``closed``), they are made of the last prices.
        """
        self._store = store
        self._venue = venue
        self._timeframe_ms = timeframe_ms
        self._begun_ms = begun_ms
        self._closed = closed
        self._open: dict[tuple[Series, Symbol], _Open] = {}
        self._announced: dict[Symbol, FundingRate] = {}
        self._rows: dict[Kept, dict[int, Row]] = {}
        self.heard = 0
        """Facts that were taken in."""

    async def put(self, batch: Iterable[Fact]) -> None:
        """Take in a batch."""
        self.put_now(batch)

    def put_now(self, batch: Iterable[Fact]) -> None:
        """Take in a batch at once."""
        for fact in batch:
            match fact:
                case MarkPrice(at_ms=at_ms, symbol=symbol, price=price):
                    self._hear(Series.MARK, at_ms, symbol, price)
                case LastPrice(at_ms=at_ms, symbol=symbol, price=price) if not self._closed:
                    self._hear(Series.BARS, at_ms, symbol, price)
                case BarClosed(timeframe_ms=length) if length == self._timeframe_ms:
                    self._bar(fact)
                case FundingRate():
                    self._settle(fact)
                case _:
                    continue
            self.heard += 1

    def flush(self) -> int:
        """Keep what is whole by now; how many rows that were."""
        kept = 0
        for series, rows in self._rows.items():
            if not rows:
                continue
            length = series.timeframe_ms or 1
            # Each stretch that follows without a gap is one span: what lies between two was not heard.
            for span in joined(Span(at_ms, at_ms + length) for at_ms in rows):
                within = [rows[at_ms] for at_ms in sorted(rows) if span.start_ms <= at_ms < span.end_ms]
                self._store.keep(series, span, within)
            kept += len(rows)
            rows.clear()
            if self._store.unfolded(series) >= FOLD_EVERY:
                self._store.fold(series)
        return kept

    def close(self) -> Sequence[Kept]:
        """Keep and fold everything; the series that were recorded."""
        self.flush()
        for series in self._rows:
            self._store.fold(series)
        return tuple(sorted(self._rows))

    def _hear(self, series: Series, at_ms: int, symbol: Symbol, price: Decimal) -> None:
        opened_ms, before = at_ms - at_ms % self._timeframe_ms, self._open.get((series, symbol))
        if before is not None and at_ms < before.last_ms:
            return  # Told late by a second source; the bar it belongs to may be over.
        if before is not None and before.open_ms == opened_ms:
            self._open[series, symbol] = before.and_then(at_ms, price)
            return
        heard_on = before is not None and at_ms - before.last_ms <= SILENT_MS
        if before is not None and before.whole and heard_on:
            self._add(series, symbol, before.row())
        self._open[series, symbol] = _Open(
            open_ms=opened_ms, open=price, high=price, low=price, close=price, last_ms=at_ms, whole=heard_on
        )

    def _bar(self, bar: BarClosed) -> None:
        opened_ms = bar.at_ms - bar.timeframe_ms
        if opened_ms < self._begun_ms:
            return
        values = [plain(price) for price in (bar.open, bar.high, bar.low, bar.close)]
        if bar.volume is not None:
            values.append(plain(bar.volume))
        self._add(Series.BARS, bar.symbol, Row(opened_ms, tuple(values)))

    def _settle(self, told: FundingRate) -> None:
        before = self._announced.get(told.symbol)
        if before is not None and told.next_ms > before.next_ms:
            self._add(Series.FUNDING, told.symbol, Row(before.next_ms, (plain(before.rate),)))
        self._announced[told.symbol] = told

    def _add(self, series: Series, symbol: Symbol, row: Row) -> None:
        length = 0 if series is Series.FUNDING else self._timeframe_ms
        kept = Kept(venue=self._venue, symbol=symbol, series=series, timeframe_ms=length)
        self._rows.setdefault(kept, {})[row.at_ms] = row
