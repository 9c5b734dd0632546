"""Several processes of one folder, all at once: one guards, the others say so and end with 75."""

import subprocess
import sys
from pathlib import Path

from bot.runtime.errors import BUSY
from tests.faults.kill.lane import Lane
from tests.faults.kill.victim import environment

_WITHIN_S = 60.0


def start_together(one: Lane, number: int) -> None:
    """Start the bot and so many others in the same moment; whoever came first guards."""
    config = one.victim.data.parent / "bot.toml"
    one.start()
    others = [_rival(config) for _ in range(number)]
    ended = [(other.wait(_WITHIN_S), _said(other)) for other in _losers(one, others)]
    for code, said in ended:
        one.tally.rivals += 1
        if code != BUSY or "is already running here" not in said:
            one.tally.violations.append(f"I33 a second instance ended with {code}: {said}")


def _losers(one: Lane, others: list["subprocess.Popen[bytes]"]) -> list["subprocess.Popen[bytes]"]:
    """All but the one that guards; if that is a rival, it is ended and the bot started anew."""
    one.victim.until_answered()
    winners = [other for other in others if other.poll() is None and one.victim.holder() == other.pid]
    if not winners:
        one.until_armed()
        return others
    for winner in winners:
        winner.kill()
        winner.wait()
    code = one.victim.code()
    if code != BUSY:
        one.tally.violations.append(f"I33 the one that came second ended with {code}")
    one.arm()
    return [other for other in others if other not in winners]


def _rival(config: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "bot", "run", str(config), "--live"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=config.parent, env=environment(), stdout=subprocess.DEVNULL, stderr=pipe
    )


def _said(process: "subprocess.Popen[bytes]") -> str:
    assert process.stderr is not None
    with process.stderr as stream:
        return stream.read().decode().strip()
