"""Every single byte of a journal that is wrong, one after the other: found out, or proven to change nothing.

A journal lies there in one of two ways. Closed in order, its seal knows every byte of it, so every flip has
to be found out. After a kill there is a log beside it, and in both files are bytes that nothing reads: then
either the flip is found out, or every row and the whole schema read as they were written. Those are counted
apart.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.core.decisions import Action
from bot.core.facts import MarkPrice
from bot.core.intents import AddMargin
from bot.core.step import Step
from bot.core.types import AccountName, ClientId, PositionId, RuleName, Side, Symbol
from bot.runtime.journal import JournalError
from bot.runtime.journal.sqlite import open_journal, read_journal

D = Decimal
SIZE = 64 * 1024
NAME = "journal.db"
BTC = Symbol("BTC/USDT:USDT")
OPENED_MS = 1_790_000_000_000
LOGGED = 2
"""Commits that are in the log of a journal that was killed, beside the one that opened it."""
_MEMORY = Path("/dev/shm")  # nothing but test data is put there
"""Where the journals of so many flips lie, where there is such a place."""


@dataclass(frozen=True, slots=True)
class Image:
    """The files of a journal as they lay there at one moment, by name, and what they say."""

    name: str
    files: dict[str, bytes]
    rows: tuple[Any, ...]
    schema: tuple[Any, ...]


@dataclass(slots=True)
class Found:
    """What came of the flips of one file of an image."""

    flips: int = 0
    detected: int = 0
    without_effect: int = 0
    missed: list[str] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)
    """The beginnings of what was said."""

    def add(self, other: "Found") -> None:
        """Take another share."""
        self.flips += other.flips
        self.detected += other.detected
        self.without_effect += other.without_effect
        self.missed += other.missed
        self.words += other.words


def a_step(number: int) -> Step:
    """A mark, and margin that is added because of it."""
    at_ms = OPENED_MS + 1_000 * number
    id_ = PositionId(AccountName("main"), BTC, Side.LONG)
    action = Action(
        at_ms=at_ms,
        client_id=ClientId(f"hf-1-{number + 1}"),
        rule=RuleName("top_up"),
        intent=AddMargin(id=id_, amount=D(number) + D("25.01")),
        reason=f"liquidation {number % 9}.{number % 7}% away",
        mark=D(64_000) - number,
        distance_before=D("0.079"),
        distance_after=D("0.12"),
        deadline_ms=at_ms + 5_000,
    )
    mark = MarkPrice(at_ms=at_ms, symbol=BTC, price=D(64_000) - number)
    return Step(at_ms, (), (mark,), (action,))


def closed(folder: Path) -> Image:
    """A sealed journal of exactly 64 KiB that was closed in order."""
    for steps in range(20, 60):
        path = folder / str(steps) / NAME
        asyncio.run(_write(path, steps))
        if path.stat().st_size == SIZE:
            return _image("closed in order", path.parent)
    raise AssertionError(f"no number of steps makes {SIZE} bytes")


def killed(folder: Path) -> Image:
    """The same one, opened again, written to and killed: with what it committed since then in its log."""
    path = folder / "whole" / NAME
    path.parent.mkdir(parents=True)
    for name, data in closed(folder / "closed").files.items():
        (path.parent / name).write_bytes(data)
    aside = folder / "killed"

    async def main() -> None:
        async with open_journal(path, opened_ms=OPENED_MS, sealed=True) as journal:
            for number in range(LOGGED):
                journal.append(a_step(1_000 + number))
                await journal.commit()
            shutil.copytree(path.parent, aside)

    asyncio.run(main())
    log = aside / (NAME + "-wal")
    log.write_bytes(log.read_bytes().rstrip(b"\0"))  # It was given its length before it was used.
    return _image("killed", aside)


def flip(image: Image, name: str, offsets: Sequence[int], jobs: int = 1) -> Found:
    """Flip a bit of each of these bytes of a file of the image, one at a time, and open what comes of it."""
    found = Found()
    with ProcessPoolExecutor(jobs) as pool:
        shares = [offsets[job::jobs] for job in range(jobs)]
        for each in [pool.submit(_flipped, image, name, share) for share in shares]:
            found.add(each.result())
    return found


def _flipped(image: Image, name: str, offsets: Sequence[int]) -> Found:
    where = _MEMORY if _MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="flips-", dir=where) as folder:
        return asyncio.run(_judged(image, name, offsets, Path(folder)))


async def _judged(image: Image, name: str, offsets: Sequence[int], folder: Path) -> Found:
    found = Found()
    for offset in offsets:
        _lay_down(image, name, offset, folder)
        found.flips += 1
        try:
            rows, schema = await _read(folder / NAME)
        except JournalError as error:
            found.detected += 1
            found.words[_begin(error.found)] += 1
            continue
        except Exception as error:  # noqa: BLE001  # anything else is what is looked for
            found.missed.append(f"{name} byte {offset}: {type(error).__name__}: {error}")
            continue
        if (rows, schema) == (image.rows, image.schema):
            found.without_effect += 1
        else:
            found.missed.append(f"{name} byte {offset}: other rows are read, and nothing is said")
    return found


def _lay_down(image: Image, name: str, offset: int, folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    for each, data in image.files.items():
        written = bytearray(data)
        if each == name:
            written[offset] ^= 1 << offset % 8
        (folder / each).write_bytes(written)


async def _read(path: Path) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Every row and the schema, through the door the bot uses; nothing is left out of either."""
    async with read_journal(path) as journal:
        return await _everything(journal._database)


async def _everything(database: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    found = []
    for statement in ("SELECT * FROM row ORDER BY seq", "SELECT name, sql FROM sqlite_master ORDER BY name"):
        async with database.execute(statement) as cursor:
            found.append(tuple(tuple(row) for row in await cursor.fetchall()))
    return found[0], found[1]


def _image(name: str, folder: Path) -> Image:
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    with TemporaryDirectory() as copy:
        for each, data in files.items():
            (Path(copy) / each).write_bytes(data)
        rows, schema = asyncio.run(_read(Path(copy) / NAME))
    return Image(name, files, rows, schema)


async def _write(path: Path, steps: int) -> None:
    async with open_journal(path, opened_ms=OPENED_MS, sealed=True) as journal:
        for number in range(steps):
            journal.append(a_step(number))


def _begin(words: str) -> str:
    """What was said, without the numbers in it."""
    return "".join("#" if letter.isdigit() else letter for letter in words.split(" (", maxsplit=1)[0])
