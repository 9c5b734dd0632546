"""A disk that takes nothing more, while the real bot guards: it says so, ends, and sent nothing unwritten.

Nothing may be on the books of the exchange without a committed intent, what rests there stays, and a start
that the disk does not allow is one line. Once there is room again the bot guards as before.
"""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.types import OUR_PREFIX, PositionId
from bot.runtime.errors import FAILED
from tests.building.simulator import ALICE
from tests.faults.kill.audit import audit
from tests.faults.kill.lane import Lane

SMALL = 8 * 1024 * 1024
CALLS = ("pwrite64", "fdatasync", "fsync")
"""What the journal asks of the disk; everything else in the process writes by other calls."""
Protected = frozenset[PositionId]
_WITHIN_S = 8.0
_STIRRED_S = 0.3


@dataclass(slots=True)
class Trouble:
    """What came of it."""

    ended: int = 0
    """Times the bot ended by itself, with one line."""
    went_on: int = 0
    """Times the fault did not meet it: it wrote less than that."""
    refused: int = 0
    """Starts that were one line."""
    lines: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)

    def add(self, other: "Trouble") -> None:
        """Take what came of another share."""
        self.ended += other.ended
        self.went_on += other.went_on
        self.refused += other.refused
        self.lines |= other.lines
        self.violations += other.violations

    def told(self) -> list[str]:
        """For people."""
        return [
            f"ended by itself {self.ended}, went on {self.went_on}, starts refused {self.refused}",
            *(f"  it said: {line}" for line in sorted(self.lines)),
            f"violations: {len(self.violations)}",
            *(f"  {each}" for each in self.violations),
        ]


def full(one: Lane, trouble: Trouble) -> None:
    """A small disk fills up while the bot guards, stays full over a start, and has room again."""
    with _small_disk(one.victim.data):
        one.arm()
        ballast = one.victim.data / "ballast"
        _fill(ballast)
        kept = _protected(one)
        if not _stirred(one, lambda: not one.victim.is_alive()):
            trouble.violations.append("the disk is full and it does not notice")
        _ended(one, trouble, kept, "the disk is full")
        _fill(ballast)
        one.start()
        _refused(one, trouble, "the disk is full")
        ballast.unlink()
        one.arm()
        one.settle()
        trouble.violations += one.tally.violations


def read_only(one: Lane, trouble: Trouble) -> None:
    """The disk may only be read: a start is one line, and nothing is sent."""
    with _small_disk(one.victim.data):
        one.arm()
        one.victim.stop()
        _mounted(one.victim.data, "-o", "remount,ro")
        one.start()
        _refused(one, trouble, "")
        _mounted(one.victim.data, "-o", "remount,rw")
        one.arm()
        one.settle()
        trouble.violations += one.tally.violations


def too_large(one: Lane, trouble: Trouble) -> None:
    """No file may become larger than a mebibyte: the same as a full disk, and it takes no rights at all."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, 1024 * 1024))

    one.arm()
    one.victim.stop()
    one.victim.start(preexec_fn=limit)
    _refused(one, trouble, "File too large")
    one.arm()
    one.settle()
    trouble.violations += one.tally.violations


def broken(one: Lane, trouble: Trouble, call: str, nth: int, error: str) -> None:
    """The ``nth`` such call of a thread fails: the bot ends with a line, or never came to it."""
    if not one.victim.starts:
        one.arm()
        one.victim.stop()
    kept = _protected(one)
    strace = shutil.which("strace")
    assert strace is not None
    inject = f"inject={call}:error={error}:when={nth}"
    one.hand.exchange.wire.peer = f"start {one.victim.starts}"
    one.victim.start(
        strace, "-D", "-f", "--seccomp-bpf", "-qqq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject
    )
    if _stirred(one, lambda: not one.victim.is_alive()):
        _ended(one, trouble, kept, "")
    else:
        trouble.went_on += 1
        one.victim.stop()
    one.look()
    one.arm()
    one.settle()
    trouble.violations += one.tally.violations
    one.tally.violations.clear()


def is_root() -> bool:
    """Whether a small disk can be made: it takes the rights of root."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


def _stirred(one: Lane, over: Callable[[], bool]) -> bool:
    """Let the market ask for actions until something holds; whether it came to that."""
    end = time.monotonic() + _WITHIN_S * one.victim.slowness
    while not over():
        if time.monotonic() > end:
            return False
        one.hand.chance.choice((one.hand.fall, one.hand.slip, one.hand.shake))()
        time.sleep(_STIRRED_S)
    return True


def _ended(one: Lane, trouble: Trouble, kept: Protected, said: str) -> None:
    """It ended on purpose, what protects the positions is there, and nothing was sent unwritten."""
    trouble.ended += 1
    _one_line(one, trouble, said)
    held = set(one.hand.exchange.by_hand(lambda world: world.view(ALICE).positions))
    if bare := (kept & held) - _protected(one):
        trouble.violations.append(f"no stop rests any more for {', '.join(map(str, sorted(bare)))}")
    rows = one.look()
    trouble.violations += audit(one.hand.exchange.world, rows, one.hand.margin_moves, over=False).violations


def _refused(one: Lane, trouble: Trouble, said: str) -> None:
    """A start that comes to nothing."""
    trouble.refused += 1
    if not one.victim.gave_up(_WITHIN_S * one.victim.slowness):
        trouble.violations.append("it started where it cannot write")
        one.victim.kill()
        return
    _one_line(one, trouble, said)


def _one_line(one: Lane, trouble: Trouble, said: str) -> None:
    code, errors = one.victim.code(), one.victim.errors()
    if code != FAILED:
        trouble.violations.append(f"it ended with {code}, expected {FAILED}: {errors}")
    if len(errors.splitlines()) != 1 or said not in errors:
        trouble.violations.append(f"expected one line with {said!r}, found: {errors}")
    trouble.lines.add(errors.replace(str(one.victim.data.parent), "..."))


def _protected(one: Lane) -> Protected:
    """The positions for which a stop of ours rests. For a moment there may be two, while one is moved."""
    resting = one.hand.exchange.by_hand(lambda world: world.view(ALICE).open_orders)
    ours = (order for order in resting if order.conditional and order.client_id.startswith(OUR_PREFIX))
    return frozenset(order.id for order in ours)


def _fill(ballast: Path) -> None:
    """Take what room there is."""
    with ballast.open("ab", buffering=0) as file:
        for block in (64 * 1024, 4096, 512):
            try:
                while True:
                    file.write(bytes(block))
            except OSError:
                continue


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own, of memory."""
    folder.mkdir()
    _mounted("tmpfs", folder, "-t", "tmpfs", "-o", f"size={SMALL}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # as found


def _mounted(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)  # as found
