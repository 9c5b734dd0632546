"""One recorded crash, one position, some rules: how it ends with them, and how without."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.config.rule_pages import toml
from bot.config.settings import Settings, load
from bot.core.settings import DAY_MS
from bot.core.types import ZERO
from bot.lab.replay.result import ReplayResult, Run
from bot.lab.replay.run import replay
from bot.lab.tapes import Tape, read_tape
from bot.runtime.journal.port import Journal

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a recorded crash, and a position of 10,000 that is opened at its first price."""

    tape: str
    """Path below ``data/crashes``, without its endings; funding is taken from beside it."""
    side: str = "long"
    leverage: int = 5
    days: int = 30
    """How much of it is played, at most."""


def in_crash(
    shared: Path,
    folder: Path,
    window: Window,
    rules: Mapping[str, Mapping[str, Any]],
    journal: Journal | None = None,
) -> ReplayResult:
    """The window played with ``rules`` (by name, with their parameters), and with none."""
    settings = settings_for(folder, window, rules)
    kept = None if journal is None else nullcontext(journal)
    return asyncio.run(replay(tapes_of(shared, window), settings, journal=kept))


def settings_for(folder: Path, window: Window, rules: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The shipped settings for any tape, with these rules alone."""
    text = (ROOT / "config" / "replay.toml").read_text(encoding="utf-8")
    head, _, _ = text.partition("[[rules]]")
    _, contracts, tail = text.partition('[contracts."*"]')
    for old, new in (
        ('side = "long"', f'side = "{window.side}"'),
        ("leverage = 10", f"leverage = {window.leverage}"),
        ("margin_per_position = 500\n", ""),
    ):
        assert old in head, f"config/replay.toml no longer says {old}"
        head = head.replace(old, new)
    tables = [f'[[rules]]\nuse = "{name}"\nparams = {toml(params)}' for name, params in rules.items()]
    path = folder / "crash.toml"
    path.write_text("\n\n".join((head, "[seatbelt]\nenabled = false", *tables, contracts + tail)))
    return load(path, {})


def worth(run: Run) -> Decimal:
    """What the account is worth at the end; it begins with 100,000."""
    return sum((pool.equity for pool in run.figures.pools), ZERO)


def acted(run: Run) -> list[str]:
    """What its rules did, in order."""
    return [type(done.action.intent).__name__ for done in run.record.done]


def tapes_of(shared: Path, window: Window) -> list[Tape]:
    """The prices of the window, and the funding that was paid in it."""
    path = shared / "data" / "crashes" / f"{window.tape}.csv.gz"
    symbol, venue, *_ = path.name.split("_")
    funding = path.parent / f"{symbol}_{venue}_funding.csv.gz"
    prices = read_tape(path, symbol_map={})
    last = int(prices.times.searchsorted(prices.times[0] + window.days * DAY_MS))
    paid = [read_tape(funding, symbol_map={})] if funding.exists() else []
    return [part(prices, 0, last), *paid]


def part(tape: Tape, first: int, last: int) -> Tape:
    """The bars [first, last) of a tape."""
    columns = {name: getattr(tape, name)[first:last] for name in ("times", "open", "high", "low", "close")}
    volume = None if tape.volume is None else tape.volume[first:last]
    return replace(tape, volume=volume, **columns)
