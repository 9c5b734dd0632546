"""An event loop whose time passes only while everybody waits, and then at once."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Leaper(selectors.SelectSelector):
    """Instead of waiting, moves the loop's time."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for ever"
        self.loop.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now = 0.0
        leaper = _Leaper()
        leaper.loop = self
        super().__init__(leaper)
        # Near nought and coarse enough that rounding cannot keep a timer from being due.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.now


def live(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work())


async def sleep_ms(ms: int) -> None:
    await asyncio.sleep(ms / 1000)


def now_ms() -> int:
    """The virtual loop's time, in milliseconds from an arbitrary day."""
    return T0 + round(asyncio.get_running_loop().time() * 1000)


T0 = 20_000 * 86_400_000


async def at(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    """Do it when the loop's time is ``seconds``."""
    await asyncio.sleep(seconds - asyncio.get_running_loop().time())
    return await work()
