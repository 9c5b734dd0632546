"""What the process uses up: memory, descriptors, tasks. A leak is told of early and ends in a restart.

A guard that runs for months must not find its end in the kernel's out-of-memory killer or in a connection
that cannot be opened, which both come in the middle of something. Started anew it takes over where it was.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.config.watching import WatchdogsTable
from bot.core.facts import ProcessChanged
from bot.core.intents import Level

SETTLING_MS = 60_000
"""What is used in the first minute is what the process needs; from there on growth is counted."""
EASED = 0.9
"""Below this part of the bound it was told of, it is told that it is over."""
_STATUS = Path("/proc/self/statm")
_DESCRIPTORS = (Path("/proc/self/fd"), Path("/dev/fd"))
WELL, STRAINED, SPENT = "well", "strained", "spent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Beyond ``warning`` people are told, beyond ``limit`` it is started anew; ``unit`` names both."""

    warning: int
    limit: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is in use now; ``None`` where the system does not say."""

    memory_mib: int | None
    descriptors: int | None
    tasks: int


def bounds_of(table: WatchdogsTable) -> dict[str, Bound]:
    """The bounds as the file gives them."""
    growth = Bound(
        warning=table.memory_growth_warning, limit=table.memory_growth_limit, unit="MiB more than at first"
    )
    descriptors = Bound(warning=table.descriptors_warning, limit=table.descriptors_limit, unit="open")
    tasks = Bound(warning=table.tasks_warning, limit=table.tasks_limit, unit="in the loop")
    return {"memory": growth, "descriptors": descriptors, "tasks": tasks}


def measured() -> Use:
    """What this process and the running loop use now."""
    return Use(memory_mib=_resident_mib(), descriptors=_open_descriptors(), tasks=len(asyncio.all_tasks()))


class Strain:
    """Judges one use after the other, and tells each change once."""

    def __init__(self, bounds: Mapping[str, Bound]) -> None:
        """``bounds`` of ``memory``, which is growth since the first minute, ``descriptors`` and ``tasks``."""
        self._bounds = bounds
        self._states = dict.fromkeys(bounds, WELL)
        self._first_ms: int | None = None
        self._needed_mib = 0

    def judge(self, use: Use, at_ms: int) -> list[ProcessChanged]:
        """What changed with this use."""
        found = {
            "memory": self._growth_mib(use, at_ms),
            "descriptors": use.descriptors,
            "tasks": use.tasks,
        }
        changes = (self._judged(part, found[part], bound, at_ms) for part, bound in self._bounds.items())
        return [change for change in changes if change is not None]

    # -- inside -------------------------------------------------------------------------------------

    def _growth_mib(self, use: Use, at_ms: int) -> int | None:
        if use.memory_mib is None:
            return None
        if self._first_ms is None:
            self._first_ms = at_ms
        if at_ms - self._first_ms <= SETTLING_MS:
            self._needed_mib = max(self._needed_mib, use.memory_mib)
        return max(0, use.memory_mib - self._needed_mib)

    def _judged(self, part: str, used: int | None, bound: Bound, at_ms: int) -> ProcessChanged | None:
        was = self._states[part]
        if used is None or was == SPENT:
            return None
        now = _state(was, used, bound)
        if now == was:
            return None
        self._states[part] = now
        because = f"{part}: {used} {bound.unit}"
        if now == SPENT:
            because += f", more than {bound.limit}: it ends in order, to be started anew"
        elif now == STRAINED:
            because += f", more than {bound.warning}; at {bound.limit} it is started anew"
        level = {WELL: Level.INFO, STRAINED: Level.WARNING, SPENT: Level.CRITICAL}[now]
        return ProcessChanged(at_ms=at_ms, part=part, was=was, now=now, because=because, level=level)


def _state(was: str, used: int, bound: Bound) -> str:
    if used > bound.limit:
        return SPENT
    eased = used < EASED * bound.warning
    return STRAINED if used > bound.warning or (was == STRAINED and not eased) else WELL


def _resident_mib() -> int | None:
    try:
        pages = int(_STATUS.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def _open_descriptors() -> int | None:
    for folder in _DESCRIPTORS:
        try:
            return len(os.listdir(folder)) - 1  # noqa: PTH208  # the folder's own descriptor is among them
        except OSError:
            continue
    return None
