"""Watches from a thread whether the event loop turns, and ends the process when it does not.

A loop that is held up hears nothing, sends nothing and answers no signal. After a while the stack of every
thread is written down, later the process leaves, so that whoever supervises it starts another one; what
protects the positions rests at the exchange.

Only what this thread has lived through itself counts. A process that was stopped or a machine that was
suspended finds a loop that was silent for hours and is perfectly well: to leave then would be to leave at the
worst moment. (A library that never lets go of the interpreter stops this thread as well; against that there
is the supervisor's own watchdog, ``bot.runtime.watchdogs.supervisor``.)
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loguru import logger

from bot.runtime.errors import HUNG
from bot.runtime.redaction import redact

LOOK_MS = 250
LATE_MS = 500
"""A turn that comes this much too late is noted."""
QUIET_MS = 60_000
"""How often late turns are noted."""
WRITING_S = 1.0
"""How long it is waited for the stacks to be written: the terminal or the disk may be what hangs."""


class Standstill:
    """How long the same beat has been found again and again."""

    def __init__(self) -> None:
        """No beat has been found yet."""
        self._beats = 0
        self._looked_ms = 0
        self.ms = 0

    def look(self, beats: int, now_ms: int) -> int:
        """Find ``beats`` beats so far; 0 of them means that there is no loop to watch.

        A look that comes late itself counts for two looks at most, however late it is.
        """
        passed_ms = min(now_ms - self._looked_ms, 2 * LOOK_MS)
        self.ms = self.ms + passed_ms if beats and beats == self._beats else 0
        self._beats, self._looked_ms = beats, now_ms
        return self.ms


def _leave(code: int) -> None:
    os._exit(code)


class LoopWatch:
    """The thread, and the beat of the loop that it looks at."""

    def __init__(
        self, dump_ms: int, abort_ms: int, *, leave: Callable[[int], None] = _leave, look_ms: int = LOOK_MS
    ) -> None:
        """Write the stacks after ``dump_ms``, ``leave`` after ``abort_ms``."""
        self._dump_ms = dump_ms
        self._abort_ms = abort_ms
        self._leave = leave
        self._look_ms = look_ms
        self._beats = 0
        self._over = threading.Event()
        self.worst_ms = 0
        """The latest that a turn of the loop ever came."""
        self.late_ms = 0
        """How late the last one came."""
        self._noted_ms: float = -QUIET_MS

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs, whenever a loop beats."""
        thread = threading.Thread(target=self._watch, name="watch over the loop", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    async def beat(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._beats += 1
                due = loop.time() + self._look_ms / 1000
                await asyncio.sleep(self._look_ms / 1000)
                self._note(round((loop.time() - due) * 1000), loop.time() * 1000)
        finally:
            self._beats = 0

    # -- inside -------------------------------------------------------------------------------------

    def _note(self, late_ms: int, now_ms: float) -> None:
        self.late_ms, self.worst_ms = late_ms, max(self.worst_ms, late_ms)
        if late_ms > LATE_MS and now_ms - self._noted_ms >= QUIET_MS:
            self._noted_ms = now_ms
            logger.warning("a turn of the loop came {} ms late", late_ms)

    def _watch(self) -> None:
        standstill, dumped = Standstill(), False
        while not self._over.wait(self._look_ms / 1000):
            stands_ms = standstill.look(self._beats, time.monotonic_ns() // 1_000_000)
            if stands_ms >= self._dump_ms and not dumped:
                _write(f"the loop has stood still for {stands_ms} ms")
            dumped = stands_ms >= self._dump_ms
            if stands_ms >= self._abort_ms:
                _write(f"the loop has stood still for {stands_ms} ms: leaving, to be started anew")
                self._leave(HUNG)
                return


def stacks() -> list[str]:
    """Where every thread is: file, line and function, innermost last; no values."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    found = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001  # there is no other way to another thread's stack
        places = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_stack(frame)]
        found.append(f"thread {names.get(ident, ident)}: {' > '.join(places)}")
    return found


def _write(headline: str) -> None:
    """Tell people and the log, and wait no longer than ``WRITING_S`` for either."""
    lines = [redact(line) for line in (headline, *stacks())]

    def to_people() -> None:
        os.write(2, "".join(f"holdfast: {line}\n" for line in lines).encode(errors="replace"))

    def to_log() -> None:
        for line in lines:
            logger.critical("{}", line)

    writers = [threading.Thread(target=write, daemon=True) for write in (to_people, to_log)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(WRITING_S)
