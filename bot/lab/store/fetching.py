"""Fetches a series into a store: what is missing, page by page, with holes asked for a second time.

Time that was asked for and answered is never asked for again, rows there or not. Only bars that are over are
kept: the one still open would stay half a bar for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.lab.store.catalogue import Entry
from bot.lab.store.keeping import Store
from bot.lab.store.naming import Kept
from bot.lab.store.spans import Span, holes, pieces, without
from bot.venues.live.history import DAY_MS, Asked, Market, Row, Series, Told

LATE_MS = {Series.BARS: 10_000, Series.MARK: 10_000, Series.FUNDING: 600_000, Series.INTEREST: 600_000}
"""How long after its time a row is sure to be told: what is asked for before is taken for missing, for ever.

Exchanges close a bar within seconds, and publish settlements and statistics within minutes.
"""

EARLIER_MS = 30 * DAY_MS
"""How long before the day that an exchange dates its listing a contract may have traded; assumed."""


class Source(Protocol):
    """Whoever knows the past."""

    async def rows(self, asked: Asked) -> Sequence[Row]:
        """What was asked for, oldest first, each time once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A series from ``since_ms`` on and before ``until_ms``, as one exchange tells it."""

    venue: str
    market: Market
    series: Series
    told: Told
    timeframe_ms: int
    since_ms: int
    until_ms: int

    @property
    def kept(self) -> Kept:
        """Where it is kept."""
        return Kept(
            venue=self.venue,
            symbol=self.market.symbol,
            series=self.series,
            timeframe_ms=self.timeframe_ms,
        )

    def span(self, now_ms: int) -> Span:
        """What of it can be had: since it was listed, within the exchange's reach, over by now."""
        step_ms = self.timeframe_ms or 1
        earliest_ms = self.told.earliest_ms(self.timeframe_ms, now_ms)
        start_ms = max(self.since_ms, self.market.listed_ms - EARLIER_MS, earliest_ms)
        end_ms = min(self.until_ms, now_ms - LATE_MS[self.series])
        start_ms = -(-start_ms // step_ms) * step_ms
        return Span(start_ms, max(start_ms, end_ms // step_ms * step_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a series is: ``done_ms`` of ``whole_ms``, and the rows that came."""

    kept: Kept
    done_ms: int
    whole_ms: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a fetch did: ``rows`` that came, ``missing`` stretches that the exchange has no row of.

    ``span`` is what could be had at all; ``entry`` is ``None`` where nothing could.
    """

    kept: Kept
    span: Span
    rows: int
    missing: tuple[Span, ...]
    entry: Entry | None


async def fetch(
    store: Store, source: Source, wanted: Wanted, now_ms: int, tell: Callable[[Progress], None]
) -> Fetched:
    """Bring what the store lacks of ``wanted``; what has come stays, however this ends.

    ``now_ms`` is the exchange's clock. Whatever ``source`` raises ends it after everything was folded.
    """
    kept, span = wanted.kept, wanted.span(now_ms)
    store.fold(kept)
    lacking = without(span, store.covered(kept))
    whole_ms = sum(each.end_ms - each.start_ms for each in lacking)
    done_ms = rows = 0
    missing: list[Span] = []
    try:
        for piece in (
            p for each in lacking for p in pieces(each, wanted.told.stretch_ms(wanted.timeframe_ms))
        ):
            found = await _page(source, wanted, piece)
            store.keep(kept, piece, found)
            if wanted.timeframe_ms:
                missing += holes((row.at_ms for row in found), piece, wanted.timeframe_ms)
            done_ms, rows = done_ms + piece.end_ms - piece.start_ms, rows + len(found)
            tell(Progress(kept=kept, done_ms=done_ms, whole_ms=whole_ms, rows=rows))
    finally:
        entry = store.fold(kept)
    return Fetched(kept=kept, span=span, rows=rows, missing=tuple(missing), entry=entry)


async def _page(source: Source, wanted: Wanted, piece: Span) -> Sequence[Row]:
    if wanted.timeframe_ms:
        return await _bars(source, wanted, piece)
    found = await source.rows(_asked(wanted, piece))
    middle_ms = (piece.start_ms + piece.end_ms) // 2
    if len(found) < wanted.told.page or middle_ms == piece.start_ms:
        return found
    # A full page of settlements may have left some out, at whichever end.
    early = await _page(source, wanted, Span(piece.start_ms, middle_ms))
    return [*early, *await _page(source, wanted, Span(middle_ms, piece.end_ms))]


async def _bars(source: Source, wanted: Wanted, piece: Span) -> Sequence[Row]:
    """The bars of a piece. What an answer left out is asked for again until an answer brings nothing new."""
    found = {row.at_ms: row for row in await source.rows(_asked(wanted, piece))}
    while lacking := holes(sorted(found), piece, wanted.timeframe_ms):
        before = len(found)
        around = Span(lacking[0].start_ms, lacking[-1].end_ms)
        found |= {row.at_ms: row for row in await source.rows(_asked(wanted, around))}
        if len(found) == before:
            break
    return [found[at_ms] for at_ms in sorted(found)]


def _asked(wanted: Wanted, span: Span) -> Asked:
    return Asked(
        series=wanted.series,
        market=wanted.market,
        timeframe_ms=wanted.timeframe_ms,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
    )
