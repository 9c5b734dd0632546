"""The catalogue of a store: what each file holds, how far it was fetched, and the hash it must have.

It is one JSON file that is always replaced as a whole, after the file it speaks of: whoever finds a tape that
is newer than its entry also finds the pages it was made of.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.core.timeframe import format_timeframe, parse_timeframe
from bot.lab.store.disk import Disk
from bot.lab.store.errors import StoreError
from bot.lab.store.naming import Kept, tiers_path
from bot.lab.store.spans import Span
from bot.venues.live.history import Series

FILE = "manifest.json"
SCHEMA_VERSION = 1


class Entry(BaseModel):
    """One file. Times in ms UTC; ``covered`` is what was asked for and answered, rows there or not.

    ``sha256`` is that of the unpacked file, as ``holdfast replay`` prints it. ``source`` tells how it came:
    by request or from live streams.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    venue: str
    symbol: str
    series: Series
    timeframe: str
    source: str
    rows: int
    first_ms: int | None
    last_ms: int | None
    covered: tuple[tuple[int, int], ...]
    sha256: str
    updated_ms: int

    @property
    def kept(self) -> Kept:
        """Which series it is."""
        length_ms = parse_timeframe(self.timeframe) if self.timeframe else 0
        return Kept(venue=self.venue, symbol=self.symbol, series=self.series, timeframe_ms=length_ms)

    @property
    def spans(self) -> tuple[Span, ...]:
        """What is covered."""
        return tuple(Span(*each) for each in self.covered)


class TiersEntry(BaseModel):
    """A file of tiers: which contract's, when they held, and the hash of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    venue: str
    symbol: str
    tiers: int
    sha256: str
    updated_ms: int


class Catalogue(BaseModel):
    """Everything that is entered, by file below the store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = SCHEMA_VERSION
    files: dict[str, Entry] = Field(default_factory=dict)
    tiers: dict[str, TiersEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def in_place(self) -> Self:
        """Each file is where what it holds belongs: nothing outside of the store is ever read or written."""
        strays = [name for name, entry in self.files.items() if entry.kept.path != name]
        strays += [n for n, entry in self.tiers.items() if tiers_path(entry.venue, entry.symbol) != n]
        if strays:
            raise ValueError(f"{strays[0]} is no place for what it is said to hold")
        return self


def timeframe_text(timeframe_ms: int) -> str:
    """How an entry spells a timeframe; nothing for funding."""
    return format_timeframe(timeframe_ms) if timeframe_ms else ""


def read(folder: Path) -> Catalogue:
    """The catalogue, empty where there is none yet; StoreError for one that is damaged."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Catalogue()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            path, f"it cannot be read ({error})", "check the file and its permissions"
        ) from error
    try:
        found = Catalogue.model_validate_json(text)
    except ValidationError as error:
        what = "; ".join(each["msg"] for each in error.errors()[:3])
        remedy = "restore it, or move it away and fetch again: tapes without an entry are not touched"
        raise StoreError(path, f"this is no catalogue of a store ({what})", remedy) from error
    if found.schema_version != SCHEMA_VERSION:
        raise StoreError(
            path, f"it has version {found.schema_version}", f"this program reads {SCHEMA_VERSION}"
        )
    return found


def write(folder: Path, entries: Catalogue, disk: Disk) -> None:
    """Replace the catalogue as a whole."""
    text = json.dumps(entries.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True)
    disk.put(folder / FILE, f"{text}\n".encode())
