"""The bot as a process of its own, which may end at any moment, and its journal as it lies there then."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bot.runtime.control import ControlError, ask
from bot.runtime.journal import JournalQuery, JournalRow
from bot.runtime.journal.sqlite import read_journal
from tests.building.simulator import ALICES_KEY

ROOT = Path(__file__).resolve().parents[3]
JOURNAL = "holdfast.db"
POLL_S = 0.02
_USER_TIME = 11
"""Its place among the words after the name; the system's time on its behalf stands behind it."""
ARMED_WITHIN_S = 90.0
END_WITHIN_S = 60.0
USUAL_S = 2.0
"""From its start to ARMED, where nobody else wants the processors."""


class Victim:
    """One bot: started, killed and started again in the same folder."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self.starts = 0
        self.slowness = 1.0
        """How much slower than usual this machine is now, by the latest start that was waited for."""

    @property
    def data(self) -> Path:
        """Where its journal is."""
        return self._config.parent / "data"

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def start(self, *before: str, **limits: Any) -> None:
        """Start it; ``before`` is put in front of the command line."""
        self.starts += 1
        self._began = time.monotonic()
        command = [*before, sys.executable, "-m", "bot", "run", str(self._config), "--live"]
        with self._said("out").open("ab") as out, self._said("err").open("wb") as err:
            self._process = subprocess.Popen(
                command, cwd=self._config.parent, env=environment(), stdout=out, stderr=err, **limits
            )

    def worked_s(self) -> float:
        """How much of a processor it has used so far: that does not depend on who else wants one."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[_USER_TIME : _USER_TIME + 2])) / os.sysconf("SC_CLK_TCK")

    def state(self) -> str:
        """What state it says its account is in; empty while nobody answers."""
        status = self.ask("status")
        return str(status["states"]["main"]) if status else ""

    def until(self, state: str, within_s: float = ARMED_WITHIN_S) -> float:
        """Wait for a state; the seconds since it was started."""
        while self.state() != state:
            waited = time.monotonic() - self._began
            assert self.is_alive(), f"it ended with {self.code()}: {self.errors()}"
            assert waited < within_s, f"not {state} after {waited:.1f} s but {self.state()}"
            time.sleep(POLL_S)
        took = time.monotonic() - self._began
        self.slowness = max(1.0, took / USUAL_S)
        return took

    def until_again(self, state: str, within_s: float = ARMED_WITHIN_S) -> None:
        """Wait for a state it was in before."""
        end = time.monotonic() + within_s
        while self.state() != state:
            assert self.is_alive(), f"it ended with {self.code()}: {self.errors()}"
            assert time.monotonic() < end, f"not {state} again within {within_s} s but {self.state()}"
            time.sleep(POLL_S)

    def until_answered(self, within_s: float = ARMED_WITHIN_S) -> None:
        """Wait until some bot answers in this folder, whichever."""
        end = time.monotonic() + within_s
        while self.ask("status") is None:
            assert time.monotonic() < end, f"nobody answered within {within_s} s: {self.errors()}"
            time.sleep(POLL_S)

    def holder(self) -> int:
        """The number of the process that holds the folder."""
        return int((self.data / "holdfast.lock").read_text())

    def gave_up(self, within_s: float) -> bool:
        """Whether it ends by itself within that time."""
        end = time.monotonic() + within_s
        while self.is_alive() and time.monotonic() < end:
            time.sleep(POLL_S)
        return not self.is_alive()

    def ask(self, query: str, **args: Any) -> Any:
        """Ask it over its control socket; ``None`` while nobody answers."""
        try:
            return asyncio.run(ask(self.data, query, args))
        except (ControlError, OSError):
            return None

    def last_row(self) -> tuple[int, str] | None:
        """Number and hash of the last row that it says is committed."""
        rows = self.ask("journal", latest=True, limit=1)
        return (rows[0]["seq"], rows[0]["hash"]) if rows else None

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """A signal, if it still lives."""
        if self.is_alive():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without warning."""
        self.send(signal.SIGKILL)
        self.code()

    def stop(self) -> int:
        """End it in order; its exit code."""
        self.send(signal.SIGTERM)
        return self.code()

    def code(self) -> int:
        """What it ended with, once it has."""
        assert self._process is not None
        return self._process.wait(END_WITHIN_S)

    def errors(self) -> str:
        """What it said on stderr since it was last started."""
        return self._said("err").read_text().strip()

    def output(self) -> str:
        """Everything it ever printed."""
        return self._said("out").read_text()

    def rows(self) -> list[JournalRow]:
        """The journal as it lies there, verified, read from a copy; empty where there is none yet."""
        if not (self.data / JOURNAL).is_file() or not (self.data / JOURNAL).stat().st_size:
            return []
        copy = self._config.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for file in self.data.glob(f"{JOURNAL}*"):
            shutil.copy(file, copy)
        return asyncio.run(_rows(copy / JOURNAL))

    def _said(self, name: str) -> Path:
        return self._config.parent / f"bot.{name}"


def environment() -> dict[str, str]:
    """With the keys of the account, and this very tree as the program."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ALICES_KEY": ALICES_KEY.key,
        "ALICES_SECRET": ALICES_KEY.secret,
    }


async def _rows(path: Path) -> list[JournalRow]:
    found: list[JournalRow] = []
    async with read_journal(path) as journal:
        while page := await journal.read(JournalQuery(after_seq=found[-1].seq if found else 0)):
            found += page
    return found
