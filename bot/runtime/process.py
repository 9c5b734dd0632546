"""The life of the process around an asynchronous program: signals in, one line and an exit code out.

Whatever happens, the process ends. Database and other libraries keep threads that Python waits for, so an
error at the wrong moment would otherwise leave a process that does nothing and cannot be restarted.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import NoReturn

from bot.runtime.errors import CRASHED, ShellError, one_line
from bot.runtime.redaction import redact

DYING_S = 2.0
"""After an error, what is still to be closed has this long."""
STOPPING_S = 10.0
"""After a signal, and after the deadline of what is under way: the journal is closed, and that is the end."""
INTERRUPTED = 130


class Life:
    """What the program is given: how to hear of a signal, and how to make sure that the end comes."""

    def __init__(self) -> None:
        """Alive."""
        self.exit_code = 0
        self._message = "it did not end in time"
        self._on_stop: Callable[[str], None] | None = None
        self._waiting_s = 0.0
        self._main: asyncio.Task[None] | None = None
        self._signals = 0
        self._over = threading.Event()
        self._stray: BaseException | None = None

    def on_stop(self, stop: Callable[[str], None], *, deadline_ms: int = 0) -> None:
        """Call ``stop`` with the reason at a signal; before this is set, a signal cancels the program.

        An action under way is waited for until its deadline, ``deadline_ms`` at most.
        """
        self._on_stop = stop
        self._waiting_s = deadline_ms / 1000

    def dying(self, error: BaseException) -> None:
        """The program ends by ``error``: it has ``DYING_S`` seconds to close what is open."""
        self.exit_code = exit_code_of(error)
        self._message = line_about(error)
        self._end_within(DYING_S)

    def end(self, because: str, exit_code: int) -> None:
        """The program is to end in order by its own wish; the process ends with ``exit_code`` then."""
        self.exit_code = exit_code
        self._stop(because)

    # -- inside -------------------------------------------------------------------------------------

    async def live(self, program: Callable[[Life], Awaitable[None]]) -> None:
        """Run the program in the present task, under signals and with nothing that dies unseen."""
        loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        loop.set_exception_handler(self._stray_error)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled, number)
        try:
            await program(self)
        except BaseException as error:
            cause = self._stray or error
            self.dying(cause)
            if cause is error:
                raise
            raise cause from None

    def ended(self) -> None:
        """The loop is closed: the deadline no longer holds."""
        self._over.set()

    def _signalled(self, number: signal.Signals) -> None:
        self._signals += 1
        if self._signals > 1:
            _say("interrupted twice, leaving at once")
            _leave(INTERRUPTED)
        self._stop(number.name)

    def _stop(self, because: str) -> None:
        self._end_within(self._waiting_s + STOPPING_S)
        if self._on_stop is not None:
            self._on_stop(because)
        elif self._main is not None:
            self._main.cancel()

    def _stray_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """An error that nobody waits for: a part of the bot has died, so the whole ends."""
        error = context.get("exception")
        if not isinstance(error, Exception):
            loop.default_exception_handler(context)
        elif self._stray is None and self._main is not None:
            self._stray = error
            self._main.cancel()

    def _end_within(self, seconds: float) -> None:
        """Start a watch that no thread and no task can hold up; the shortest of several counts."""

        def watch() -> None:
            if not self._over.wait(seconds):
                _say(self._message)
                _leave(self.exit_code or CRASHED)

        threading.Thread(target=watch, name="last resort", daemon=True).start()


def run(
    program: Callable[[Life], Awaitable[None]],
    *,
    report: Callable[[BaseException], None] | None = None,
) -> int:
    """Run ``program`` to its end; its exit code. Says what went wrong in one line on stderr.

    ``report`` is told of defects, with their traceback: the log. If a thread is left that would keep the
    process alive, this does not return but ends it.
    """
    life = Life()
    try:
        asyncio.run(life.live(program))
    except (KeyboardInterrupt, asyncio.CancelledError):
        life.exit_code = INTERRUPTED
        _say("interrupted")
    except ShellError as error:
        life.exit_code = error.exit_code
        _say(line_about(error))
    except Exception as error:  # noqa: BLE001  # the outermost place: it becomes a line and an exit code
        life.exit_code = CRASHED
        if report is not None:
            report(error)
        _say(line_about(error))
    finally:
        life.ended()
    _join_threads(life.exit_code)
    return life.exit_code


def exit_code_of(error: BaseException) -> int:
    """What the process ends with when ``error`` ends it."""
    if isinstance(error, ShellError):
        return error.exit_code
    return INTERRUPTED if isinstance(error, KeyboardInterrupt | asyncio.CancelledError) else CRASHED


def line_about(error: BaseException) -> str:
    """The one line people get, without secrets; a defect names the place in the code."""
    line = one_line(error)
    if not isinstance(error, ShellError) and error.__traceback__ is not None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line += f" ({frame.filename}:{frame.lineno})"
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return redact(line + notes)


def _join_threads(code: int) -> None:
    """Wait for threads that Python would wait for, but not for ever."""
    deadline = time.monotonic() + DYING_S
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.daemon:
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            _say(f"thread {thread.name} does not end, leaving without it")
            _leave(code or CRASHED)


def _say(line: str) -> None:
    print(f"holdfast: {line}", file=sys.stderr, flush=True)  # noqa: T201  # the last words go to people


def _leave(code: int) -> NoReturn:
    """End the process, whatever its threads are doing. What was not committed is lost, and nothing else."""
    os._exit(code)
