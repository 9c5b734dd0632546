"""A bot that guards while a test does something to its exchange."""

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

from bot.runtime.control import ControlError, ask

Run = Callable[..., Result]
Act = Callable[["Bot"], None]
POLL_S = 0.05
READY_S, HAPPEN_S = 20.0, 20.0


class Bot:
    """The running bot, asked over its control socket as a person would ask."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"

    def status(self) -> Any:
        """How it says things stand; ``None`` while nobody answers."""
        return self._ask("status")

    def rows(self, kind: str, **asked: Any) -> list[Any]:
        """The last rows of its journal of a kind, as ``Action`` or ``Refusal``."""
        rows = self._ask("journal", kind=kind, latest=True, **asked) or []
        return [{**row, "body": json.loads(row["body"])} for row in rows]

    def acted(self) -> list[str]:
        """The rules that acted, in their order."""
        return [row["rule"] for row in self.rows("Action")]

    def armed(self) -> bool:
        """Whether it is armed and knows its positions."""
        return self.is_in("armed")

    def is_in(self, state: str) -> bool:
        """Whether all its accounts are in that state and it knows its positions."""
        status = self.status()
        return bool(status) and set(status["states"].values()) == {state} and bool(status["positions"])

    def until(self, holds: Callable[[], object], within_s: float = HAPPEN_S) -> None:
        """Wait for something to hold, and no longer than that."""
        end = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < end, f"it did not happen within {within_s} s: {self.status()}"
            time.sleep(POLL_S)

    def _ask(self, query: str, **args: Any) -> Any:
        try:
            return asyncio.run(ask(self._data, query, args))
        except ControlError:
            return None


def guarded(
    holdfast: Run,
    config: Path,
    flag: str,
    act: Act,
    lasting: str = "60s",
    ready: Callable[["Bot"], object] = lambda bot: bot.armed(),
) -> Result:
    """Run the bot, do that once it is ``ready``, and end it as a person would; what went wrong counts.

    A bot that ends by itself, or never began, is not waited for, and no signal is sent that would end the
    tests instead of it.
    """
    failed: list[BaseException] = []
    over = threading.Event()
    bot = Bot(config.parent)

    def work() -> None:
        try:
            bot.until(lambda: ready(bot), READY_S)
            act(bot)
        except BaseException as error:  # noqa: BLE001  # it is raised where the test is
            failed.append(error)
        finally:
            if not over.is_set():
                os.kill(os.getpid(), signal.SIGINT)

    # A daemon: a process that ends waits for all other threads, and leaves if they do not end.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    answer = holdfast("run", config, flag, "--for", lasting)
    over.set()
    thread.join()
    if failed:
        raise AssertionError(answer.output + answer.stderr) from failed[0]
    return answer
