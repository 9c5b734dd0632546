"""Keeps rows: each answer as a page of its own at once, all pages of a series folded into its tape later.

A tape of a year is too large to be written anew for each answer, and an answer too dear to be lost. So a page
is written, whole or not at all, and says by its name which time it covers. Folding writes the new tape beside
the old one, puts it in its place, then enters it into the catalogue, and only then removes the pages:
whenever it is killed, what is there is a whole tape, and nothing that was answered is asked for again.
"""

from __future__ import annotations

import gzip
import hashlib
import heapq
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bot.core.contracts import Tiers
from bot.lab.store import catalogue
from bot.lab.store.catalogue import Entry, TiersEntry
from bot.lab.store.disk import UNFINISHED, Disk
from bot.lab.store.errors import StoreError
from bot.lab.store.naming import Kept, tiers_path
from bot.lab.store.spans import Span, joined
from bot.venues.live.history import Row

PAGES = ".pages"
BY_REQUEST, BY_STREAM = "requests", "streams"
_LEVEL = 6
_SPAN = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


class Line(NamedTuple):
    """A line of a tape and its time."""

    at_ms: int
    text: str


class _Page(NamedTuple):
    span: Span
    path: Path


class Store:
    """A folder of tapes. One process at a time writes to it, and holds it (``bot.runtime.lock``)."""

    def __init__(
        self,
        folder: Path,
        now_ms: Callable[[], int],
        *,
        source: str | None = None,
        disk: Disk | None = None,
    ) -> None:
        """``source`` is how what is kept from now on comes; ``None`` to look only.

        StoreError for a damaged catalogue, and for a store of another source: one tape may not mix two.
        """
        self.folder = folder
        self._disk = disk or Disk()
        self.catalogue = catalogue.read(folder)
        others = {entry.source for entry in self.catalogue.files.values()} - {source}
        if others and source is not None:
            raise StoreError(
                folder,
                f"what is kept here came from {', '.join(sorted(others))}, not from {source}",
                "name another folder with --store",
            )
        self._now_ms = now_ms
        self._source = source

    def covered(self, kept: Kept) -> tuple[Span, ...]:
        """What of a series is there already, folded or not."""
        entry = self.catalogue.files.get(kept.path)
        folded = entry.spans if entry is not None else ()
        return joined((*folded, *(page.span for page in self._pages(kept))))

    def keep(self, kept: Kept, span: Span, rows: Sequence[Row]) -> None:
        """Keep the rows of one span; none there is an answer too."""
        lines = "".join(f"{row.at_ms},{','.join(row.values)}\n" for row in rows)
        self._disk.put(self._folder_of(kept) / f"{span.start_ms}-{span.end_ms}.csv", lines.encode())

    def unfolded(self, kept: Kept) -> int:
        """How many pages of a series wait to be folded."""
        return len(self._pages(kept))

    def fold(self, kept: Kept) -> Entry | None:
        """Take the pages of a series into its tape; its entry, ``None`` where nothing was ever kept.

        StoreError where the tape is not what the last fold left: it is somebody's own or was changed.
        """
        pages, known = self._pages(kept), self.catalogue.files.get(kept.path)
        if not pages:
            return known
        path, some = self.folder / kept.path, any(page.path.stat().st_size for page in pages)
        # A tape without a row is no tape; that nothing was there is remembered all the same.
        made = self._made(kept, path, known, pages) if some or path.exists() else _NOTHING
        entry = self._entered(kept, known, made, pages)
        self.catalogue.files[kept.path] = entry
        catalogue.write(self.folder, self.catalogue, self._disk)
        _forget(pages)
        return entry

    def _made(self, kept: Kept, path: Path, known: Entry | None, pages: Sequence[_Page]) -> _Made:
        """Put the new tape in the place of the old one."""
        before = Tape(path)
        widths = {before.width, *(_width(page.path) for page in pages)} - {0}
        columns = kept.columns[: min(widths)]
        made: list[_Made] = []

        def fill(file: BinaryIO) -> None:
            lines = _merged(before, *(_page_lines(page.path) for page in pages))
            made.append(_write(file, columns, lines))
            # A fold that was killed before it entered the tape left exactly the one that is made again now.
            expected = {made[0].sha256, known.sha256 if known else made[0].sha256}
            if before.sha256 and before.sha256 not in expected:
                found = "this tape was changed after it was kept" if known else "no fetch made this tape"
                raise StoreError(path, found, "move it away and fetch again, or name another store")

        self._disk.write(path, fill)
        return made[0]

    def _entered(self, kept: Kept, known: Entry | None, made: _Made, pages: Sequence[_Page]) -> Entry:
        spans = joined((*(known.spans if known else ()), *(page.span for page in pages)))
        return Entry(
            venue=kept.venue,
            symbol=kept.symbol,
            series=kept.series,
            timeframe=catalogue.timeframe_text(kept.timeframe_ms),
            source=self._source or BY_REQUEST,
            rows=made.rows,
            first_ms=made.first_ms,
            last_ms=made.last_ms,
            covered=tuple((span.start_ms, span.end_ms) for span in spans),
            sha256=made.sha256,
            updated_ms=self._now_ms(),
        )

    def keep_tiers(self, venue: str, symbol: str, tiers: Tiers) -> Path:
        """Keep the tiers that hold now, in place of earlier ones, as ``tiers`` of a configuration reads."""
        rows = [
            {
                "floor": str(tier.floor),
                "cap": None if tier.cap is None else str(tier.cap),
                "rate": str(tier.rate),
                "deduction": str(tier.deduction),
                "max_leverage": None if tier.max_leverage is None else str(tier.max_leverage),
            }
            for tier in tiers
        ]
        told = {"venue": venue, "symbol": symbol, "fetched_ms": self._now_ms(), "tiers": rows}
        data = f"{json.dumps(told, indent=1)}\n".encode()
        path = tiers_path(venue, symbol)
        self._disk.put(self.folder / path, data)
        self.catalogue.tiers[path] = TiersEntry(
            venue=venue,
            symbol=symbol,
            tiers=len(rows),
            sha256=hashlib.sha256(data).hexdigest(),
            updated_ms=self._now_ms(),
        )
        catalogue.write(self.folder, self.catalogue, self._disk)
        return self.folder / path

    def tapes(self) -> Iterator[Path]:
        """Every file of a series that is there, entered or not."""
        return (path for path in sorted(self.folder.rglob("*.csv.gz")) if PAGES not in path.parts)

    def waiting(self) -> tuple[str, ...]:
        """The series that have pages which were never folded."""
        folder = self.folder / PAGES
        pages = sorted(folder.rglob("*.csv"))
        return tuple(dict.fromkeys(str(page.parent.relative_to(folder)) for page in pages))

    def _folder_of(self, kept: Kept) -> Path:
        return self.folder / PAGES / kept.path

    def _pages(self, kept: Kept) -> list[_Page]:
        paths = self._folder_of(kept).glob("*.csv")
        named = ((_SPAN.fullmatch(path.stem), path) for path in paths)
        return sorted(_Page(Span(int(name[1]), int(name[2])), path) for name, path in named if name)


class Tape:
    """The lines of a tape that is there, read one by one; ``sha256`` is known once all were read.

    A tape that is not there has no line and no hash.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.sha256 = ""

    @property
    def width(self) -> int:
        """How many columns it has; 0 where it is not there."""
        if not self._path.exists():
            return 0
        try:
            with gzip.open(self._path, "rt", encoding="utf-8") as file:
                return len(file.readline().split(","))
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise self._damaged(error) from error

    def __iter__(self) -> Iterator[Line]:
        """The lines behind the first one; StoreError for what cannot be unpacked or has no time."""
        if not self._path.exists():
            return
        digest = hashlib.sha256()
        try:
            with gzip.open(self._path) as file:
                digest.update(file.readline())
                for raw in file:
                    digest.update(raw)
                    yield _line(raw.decode())
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise self._damaged(error) from error
        self.sha256 = digest.hexdigest()

    def _damaged(self, error: Exception) -> StoreError:
        return StoreError(self._path, f"it is damaged ({error})", "move it away and fetch again")


class _Made(NamedTuple):
    rows: int
    first_ms: int | None
    last_ms: int | None
    sha256: str


_NOTHING = _Made(0, None, None, "")


def _line(text: str) -> Line:
    return Line(int(text.partition(",")[0]), text if text.endswith("\n") else f"{text}\n")


def _page_lines(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            yield _line(text)


def _merged(*sorted_lines: Iterable[Line]) -> Iterator[Line]:
    """All lines by their time, each time once: of several the one that was kept last."""
    pending: Line | None = None
    for line in heapq.merge(*sorted_lines, key=lambda line: line.at_ms):
        if pending is not None and pending.at_ms != line.at_ms:
            yield pending
        pending = line
    if pending is not None:
        yield pending


def _width(page: Path) -> int:
    """How many columns every line of a page has at least; 0 where it has none."""
    return min((line.text.count(",") + 1 for line in _page_lines(page)), default=0)


def _write(file: BinaryIO, columns: Sequence[str], lines: Iterable[Line]) -> _Made:
    """Write a packed tape. The same lines always make the same file.

    A column that is not known of every line is left out: a volume of nought would be a lie.
    """
    digest, rows, first_ms, last_ms = hashlib.sha256(), 0, None, None
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=_LEVEL) as packed:
        head, width = f"{','.join(columns)}\n".encode(), len(columns)
        digest.update(head)
        packed.write(head)
        for line in lines:
            raw = _cut(line.text, width).encode()
            digest.update(raw)
            packed.write(raw)
            first_ms = line.at_ms if first_ms is None else first_ms
            rows, last_ms = rows + 1, line.at_ms
    return _Made(rows, first_ms, last_ms, digest.hexdigest())


def _cut(text: str, width: int) -> str:
    if text.count(",") < width:
        return text
    return f"{','.join(text.rstrip().split(',')[:width])}\n"


def _forget(pages: Sequence[_Page]) -> None:
    for page in pages:
        page.path.unlink()
    for folder in {page.path.parent for page in pages}:
        for half in folder.glob(f"*{UNFINISHED}"):  # Killed while it was being written.
            half.unlink()
        folder.rmdir()
