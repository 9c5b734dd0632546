"""SIGKILL at the n-th call that an action makes into the system, for every n there is.

strace attaches to the bot once it is armed, and counts; then the market asks for one kind of action.
"""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bot.core.provenance import origin_of
from tests.faults.kill.audit import deeds_in
from tests.faults.kill.lane import Lane, Share
from tests.faults.kill.levers import KINDS, Kind
from tests.faults.kill.scene import Hand

CALLS = ("fdatasync", "pwrite64", "sendto", "recvfrom")
"""What changes something outside of the process, or brings an answer into it: journal and exchange."""
MANY = 20
_DONE_WITHIN_S = 20.0
_POLL_S = 0.05
_ASKED_S = 0.4


def is_possible() -> bool:
    """Whether there is an strace that may attach to a process of ours."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    asked = [strace, "-qq", "-o", "/dev/null", "-e", "trace=none", "true"]
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def shared_by_kind(most: int, kinds: Sequence[str] = ()) -> list[Share]:
    """A share for each sort of call and each kind of action, or those named; two where there are many calls.

    A lane that is used for long becomes slow, and a rule acts for one position a hundred times at most.
    """
    parts = 2 if most > MANY else 1
    return [
        Share(partial(kill_at_every_call, kind, call, slice(part, None, parts)), most, kind.venue)
        for call in CALLS
        for kind in KINDS
        if not kinds or kind.name in kinds
        for part in range(parts)
    ]


def kill_at_every_call(kind: Kind, call: str, part: slice, one: Lane, most: int) -> None:
    """Each such call that an action of a kind makes is its last once: all of them, or ``most`` spread evenly.

    A rehearsal counts them. An action that made fewer calls than that goes through. Of these calls a lane
    takes a ``part``.
    """
    for nth in _spread(_rehearsed(one, kind, call), most)[part]:
        _prepare(one, kind)
        one.tally.points[f"{kind.name} {call}"] += _killed(one, kind, call, nth)


def _killed(one: Lane, kind: Kind, call: str, nth: int) -> bool:
    """Kill it at that call of an action; whether it came to that."""
    done = _finished(one, kind)
    with _traced(one.victim.pid, call, f"inject={call}:signal=KILL:when={nth}"):
        kind.ask(one.hand)
        died = _over(one, kind, done)
    if died:
        one.victim.code()
        one.tally.kills += 1
        one.look()
    return died


def _rehearsed(one: Lane, kind: Kind, call: str) -> int:
    """How many such calls an action of the kind makes, and whatever else goes on meanwhile."""
    _prepare(one, kind)
    done = _finished(one, kind)
    with _traced(one.victim.pid, call) as trace:
        kind.ask(one.hand)
        assert not _over(one, kind, done), "it died in a rehearsal"
        calls = trace.read_text(errors="replace").splitlines()
    return sum(f" {call}(" in line for line in calls)


def _spread(count: int, most: int) -> Sequence[int]:
    """From 1 to ``count``, every one, or ``most`` of them from the first to the last."""
    if count <= most:
        return range(1, count + 1)
    return sorted({1 + round(each * (count - 1) / max(1, most - 1)) for each in range(most)})


def _prepare(one: Lane, kind: Kind) -> None:
    if not one.victim.is_alive():
        one.arm()
    for deed in (Hand.calm, *kind.before):
        deed(one.hand)
        _until_quiet(one)


def _until_quiet(one: Lane) -> None:
    """Nothing is on its way, twice in a row: what was asked for by the last change has been done."""
    end = time.monotonic() + _DONE_WITHIN_S * one.victim.slowness
    calm = 0
    while calm < 2:  # twice in a row
        time.sleep(4 * _POLL_S)
        calm = calm + 1 if one.open_intents() == 0 else 0
        assert time.monotonic() < end, "it never comes to rest"


def _over(one: Lane, kind: Kind, done: tuple[int, int]) -> bool:
    """Wait until it died, an action later than ``done`` has its outcome, or in vain; whether it died.

    It is asked seldom: each answer is a call too.
    """
    end = time.monotonic() + _DONE_WITHIN_S * one.victim.slowness
    while not one.victim.gave_up(_ASKED_S):
        now = _finished(one, kind)
        if now > done and one.open_intents() == 0:
            return False
        if time.monotonic() > end:
            # Its money may be gone, or its time not come: whether it acts at all is asked elsewhere.
            one.tally.points[f"{kind.name} not done"] += 1
            return False
    return True


def _finished(one: Lane, kind: Kind) -> tuple[int, int]:
    """Epoch and number of the latest action of a kind that has its outcome."""
    deeds = [deed for deed in deeds_in(one.latest_rows()) if deed.kind == kind.name and deed.outcome]
    return max((origin for deed in deeds if (origin := origin_of(deed.client_id))), default=(0, 0))


@contextmanager
def _traced(pid: int, call: str, *inject: str) -> Iterator[Path]:
    """While the block runs, such calls of the process are written down, and something is injected."""
    strace = shutil.which("strace")
    assert strace is not None
    with tempfile.TemporaryDirectory(prefix="trace-") as folder:
        trace = Path(folder) / "calls"
        command = [strace, "-f", "-o", str(trace), "-p", str(pid), "-e", f"trace={call}"]
        command += [word for each in inject for word in ("-e", each)]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
        assert tracer.stderr is not None
        try:
            tracer.stderr.readline()  # "Process ... attached": from here on it counts.
            yield trace
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.stderr.close()
            tracer.wait()
