"""Time that passes at once: what is going to happen in the world, and the loop of a program that lives in it.

The world's events lie in one heap. A program's loop has no sockets to wait on; where it would wait, the next
event of the world happens instead. So one thread runs both, in an order that follows from the times alone,
and a process can be frozen or killed between any two turns of its loop without anything of it running on.

Time is counted in whole microseconds from nought: a loop's clock is a float, and at the size of a date its
rounding could keep a timer from ever being due.
"""

from __future__ import annotations

import asyncio
from asyncio import _get_running_loop, _set_running_loop, base_events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from decimal import getcontext
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from math import ceil
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Happening = Callable[[], object]
US = 1_000
"""Microseconds of a millisecond."""
RESOLUTION_S = 1e-6
DAY_S = 86_400
"""The base's loop waits no longer than this at a time."""
MANY_TIMERS, MOST = 100, 0.5
"""Of more timers than this no more than that share is kept after being cancelled, as the base has it."""


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even what it would do at its end."""


class Time:
    """The events to come. ``now_us`` never goes back."""

    def __init__(self) -> None:
        """Nothing is going to happen."""
        self.now_us = 0
        self.coming: list[tuple[int, int, Happening]] = []
        """A heap of what is going to happen: when, in which order, and what."""
        self._numbers = count()
        self._own: Any = _Own(self)
        self.turns_left: int | None = None
        """Of the loop that runs, until its program is killed; ``None`` while it is to live."""

    @property
    def now_ms(self) -> int:
        """Whole milliseconds since the beginning."""
        return self.now_us // US

    def at(self, at_ms: float, happening: Happening) -> None:
        """Let it happen then; in the order of the calls where several happen at one moment."""
        heappush(self.coming, (max(self.now_us, round(at_ms * US)), next(self._numbers), happening))

    def after(self, ms: float, happening: Happening) -> None:
        """Let it happen in a while."""
        now_us = self.now_us
        at_us = round((now_us / US + ms) * US)
        heappush(self.coming, (max(now_us, at_us), next(self._numbers), happening))

    def pass_until(self, at_ms: float) -> None:
        """Let everything happen that happens until then, while no program runs or it stands still."""
        until_us = round(at_ms * US)
        while self.coming and self.coming[0][0] <= until_us:
            self._next()
        self.now_us = max(self.now_us, until_us)

    def kill_in(self, turns: int) -> None:
        """Kill the program that runs after so many turns of its loop."""
        self.turns_left = turns

    def spare(self) -> None:
        """Kill nobody any more."""
        self.turns_left = None

    def turn(self) -> None:
        """A loop whose turns are counted takes one: the last kills its program."""
        assert self.turns_left is not None, "nobody counts"
        self.turns_left -= 1
        if self.turns_left <= 0:
            self.turns_left = None
            raise Killed

    def look(self) -> None:
        """Let one thing happen that is due already, if anything is."""
        coming = self.coming
        if coming and coming[0][0] <= self.now_us:
            self._next()

    def wait(self, due_us: int | None) -> None:
        """Nobody has anything to do until then, or ever: let the next thing happen, if it comes first."""
        coming = self.coming
        if coming and (due_us is None or coming[0][0] <= due_us):
            self._next()
            return
        assert due_us is not None, "everybody waits for ever"
        self.now_us = due_us

    def _next(self) -> None:
        self.now_us, _, happening = heappop(self.coming)
        running = _get_running_loop()
        _set_running_loop(self._own)
        try:
            happening()
        finally:
            _set_running_loop(running)


class _Own:
    """The loop that the world's own code finds, which asks it for nothing but to be called soon."""

    def __init__(self, time: Time) -> None:
        self._time = time

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        self._time.after(0, partial(callback, *args))


class _Callback(partial[object]):
    """What is to be called in a turn of the loop: a handle of the library's would be made step by step."""

    _cancelled = False

    def cancel(self) -> None:
        """Do not call it any more."""
        self._cancelled = True


class _Timer(float):
    """What is to be called at a time; in the heap it is that time, and among equals nobody is first."""

    __slots__ = ("_callback",)
    _callback: _Callback | None

    def cancel(self) -> None:
        """Do not call it any more."""
        if self._callback is not None:
            self._callback._cancelled = True
            self._callback = None


class Program(base_events.BaseEventLoop):
    """The loop of one program in the world.

    It does what the base does, in the base's order, and leaves out what only real programs need: sockets,
    other threads, a debugger, contexts of tasks. Most of a simulated hour was spent on these.
    """

    _ready: deque[_Callback]
    get_debug = staticmethod(bool)  # never; each future asks at its birth

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time
        self._selector = self
        self._timers: list[_Timer] = []
        self._births = count()
        self.create_future = partial(asyncio.Future, loop=self)  # type: ignore[method-assign]  # the same, sooner
        self.gone = False
        self.set_task_factory(_numbered(self._births))

    def time(self) -> float:
        """Seconds since the world began."""
        return self._time.now_us / 1e6

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """In the next turn."""
        made = _Callback(callback, *args)
        self._ready.append(made)
        return made  # type: ignore[return-value]  # all that anybody does with one is to cancel it

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """At a time."""
        timer = _Timer(when)
        timer._callback = _Callback(callback, *args)
        heappush(self._timers, timer)
        return timer  # type: ignore[return-value]  # as above

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """After a time."""
        # ``call_at`` once more: it is what every sleep comes to.
        timer = _Timer(self._time.now_us / 1e6 + delay)
        timer._callback = _Callback(callback, *args)
        heappush(self._timers, timer)
        return timer  # type: ignore[return-value]  # as above

    def _run_once(self) -> None:
        """Turn after turn, until the program is to stop: wait, unless there is something to do, and do it."""
        ready, time, coming = self._ready, self._time, self._time.coming
        while True:
            timers, now_us = self._timers, time.now_us
            # In most turns there is something to do, and nothing else is due.
            if (
                not ready
                or time.turns_left is not None
                or (coming and coming[0][0] <= now_us)
                or (timers and (timers[0]._callback is None or timers[0] < now_us / 1e6 + RESOLUTION_S))
                or len(timers) > MANY_TIMERS
            ):
                self._wait(ready, time)
            for _ in range(len(ready)):
                callback = ready.popleft()
                if not callback._cancelled:
                    try:
                        callback()
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:  # noqa: BLE001  # as the base does: the handler's to judge
                        self.call_exception_handler(
                            {"message": f"error in {callback.func}", "exception": error}
                        )
            if self._stopping:  # type: ignore[attr-defined]  # of the base
                return

    def _wait(self, ready: deque[_Callback], time: Time) -> None:
        """Let happen what happens until there is something to do; and one thing where there is already."""
        timers = self._timers
        if timers and (timers[0]._callback is None or len(timers) > MANY_TIMERS):
            timers = self._drop_cancelled()
        while True:
            if time.turns_left is not None:
                time.turn()
            if ready or (timers and timers[0] <= time.now_us / 1e6):
                time.look()
            elif timers:
                away_s = min(timers[0] - time.now_us / 1e6, DAY_S)
                time.wait(time.now_us + ceil(away_s * 1e6))
            else:
                time.wait(None)
            if timers:
                ends = time.now_us / 1e6 + RESOLUTION_S
                while timers and timers[0] < ends:
                    timer = heappop(timers)
                    if timer._callback is not None:
                        ready.append(timer._callback)
            if ready:
                return
            timers = self._drop_cancelled()

    def _drop_cancelled(self) -> list[_Timer]:
        """Forget timers that nobody waits for any more: at the head, or all of them where they are many.

        The others.
        """
        timers = self._timers
        if len(timers) > MANY_TIMERS:
            wanted = [each for each in timers if each._callback is not None]
            if len(timers) - len(wanted) > MOST * len(timers):
                self._timers = timers = wanted
                heapify(timers)
        while timers and timers[0]._callback is None:
            heappop(timers)
        return timers

    def select(self, timeout: float | None) -> list[Any]:
        """There is nothing to select from."""
        return []

    def hear(self, callback: Callable[..., object], *args: Any) -> None:
        """Something reaches the program from the world, if there still is one."""
        if not self.gone:
            self.call_soon(callback, *args)

    def live(self, main: Coroutine[Any, Any, T]) -> T:
        """Run to the end, or until ``Killed``; after that nothing of it runs any more."""
        task, variables = self.create_task(main), _variables()
        try:
            return self.run_until_complete(task)
        finally:
            assert _variables() == variables, "what one task says of itself would hold for all of them here"
            self._time.spare()
            self.gone = True
            for each in asyncio.all_tasks(self):
                each._log_destroy_pending = False  # type: ignore[attr-defined]  # it was killed, not forgotten

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There is no other thread."""


def _variables() -> set[object]:
    """What anybody said of himself alone; decimals always do."""
    getcontext()
    return set(copy_context())


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not depend on where it lies in memory."""

    number: int

    def __hash__(self) -> int:
        return self.number


def _numbered(births: count[int]) -> Callable[..., _Task]:
    def made(loop: asyncio.AbstractEventLoop, coroutine: Any, **named: Any) -> _Task:
        task = _Task.__new__(_Task)
        task.number = next(births)  # At its birth it is put into a set already.
        task.__init__(coroutine, loop=loop, **named)  # type: ignore[misc]  # not twice: ``__new__`` does not
        return task

    return made
