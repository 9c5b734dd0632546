"""A store in an empty folder, and an exchange that knows a past and counts what it was asked."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.core.types import Symbol
from bot.lab.store.disk import Disk
from bot.lab.store.fetching import Wanted
from bot.lab.store.keeping import BY_REQUEST, Store
from bot.venues.live.history import Asked, Market, Row, Series, Told
from bot.venues.live.line import Unreadable
from bot.venues.live.wire import Request
from tests.building.contracts import BTC

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
T0 = 1_760_000_040_000 // HOUR_MS * HOUR_MS
LONG_AFTER_MS = T0 + 10_000 * HOUR_MS
PAGE = 10


def a_store(folder: Path, source: str = BY_REQUEST) -> Store:
    """On a scratch disk, long after all that is fetched."""
    return Store(folder, lambda: LONG_AFTER_MS, source=source, disk=Disk(lambda _: None))


def a_market(symbol: Symbol = BTC, *, listed_ms: int = 0, dated: bool = False) -> Market:
    return Market(
        symbol=symbol,
        id=symbol.partition(":")[0].replace("/", ""),
        inverse=False,
        dated=dated,
        listed_ms=listed_ms,
    )


def bars_wanted(minutes: int, *, from_minute: int = 0, listed_ms: int = 0, page: int = PAGE) -> Wanted:
    """Minutes of BTC from ``T0`` on."""
    return Wanted(
        venue="binanceusdm",
        market=a_market(listed_ms=listed_ms),
        series=Series.BARS,
        told=Told(page=page, timeframes_ms=(MINUTE_MS,)),
        timeframe_ms=MINUTE_MS,
        since_ms=T0 + from_minute * MINUTE_MS,
        until_ms=T0 + minutes * MINUTE_MS,
    )


def funding_wanted(hours: int, page: int = PAGE) -> Wanted:
    """Funding of BTC from ``T0`` on."""
    return Wanted(
        venue="binanceusdm",
        market=a_market(),
        series=Series.FUNDING,
        told=Told(page=page),
        timeframe_ms=0,
        since_ms=T0,
        until_ms=T0 + hours * HOUR_MS,
    )


def a_bar_row(minute: int, close: str = "100") -> Row:
    return Row(T0 + minute * MINUTE_MS, ("100", "101", "99", close, "5"))


class FakePast:
    """An exchange with these rows, of which an answer holds ``page`` at most, the last ones."""

    def __init__(self, rows: Sequence[Row], *, page: int = PAGE) -> None:
        self.asked: list[tuple[int, int]] = []
        self.breaks_at: int | None = None
        """The number of the request that breaks, from 1."""
        self.forgets: Callable[[Row], bool] = lambda _: False
        """Rows that an answer leaves out the first time they are asked for."""
        self._rows = rows
        self._page = page
        self._told: set[Row] = set()

    async def rows(self, asked: Asked) -> Sequence[Row]:
        self.asked.append((asked.start_ms, asked.end_ms))
        if len(self.asked) == self.breaks_at:
            raise Unreadable(Request(api="public", method="GET", path="klines"), "the connection broke")
        within = [row for row in self._rows if asked.start_ms <= row.at_ms < asked.end_ms][-self._page :]
        left = [row for row in within if not self.forgets(row) or row in self._told]
        self._told.update(within)
        return left


def lines(path: Path) -> list[str]:
    """The lines of a tape."""
    return gzip.decompress(path.read_bytes()).decode().splitlines()
