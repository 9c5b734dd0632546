"""Channels: an address of the apprise kind, tried with a bound on time, and never shown.

apprise answers when a service has, from a thread; what takes longer than we wait goes on there and may still
arrive, so that a message may be seen twice: better than not at all.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from bot.core.intents import Level
from bot.runtime.alerts.message import Message

T = TypeVar("T")
WAIT_S = 20.0
"""How long a message may take. What takes longer has to be told another way meanwhile."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message; ``wrong`` says what was the matter, and never the address."""

    told: bool
    wrong: str = ""


class Channel(Protocol):
    """Something that carries a message to people."""

    async def warm(self) -> str:
        """Get ready before it is needed; what is wrong with it, empty where nothing is. Never raises."""
        ...

    async def send(self, message: Message) -> Sent:
        """Send it. Never raises for what goes wrong on the way."""
        ...


class AppriseChannel:
    """One apprise address. apprise is imported in a thread, because it takes its time."""

    def __init__(self, url: str, *, wait_s: float = WAIT_S) -> None:
        """``url`` is a secret: whoever has it can write to these people."""
        self._url = url
        self._wait_s = wait_s
        self._service: Any = None

    async def warm(self) -> str:
        """Import apprise and let it read the address."""
        try:
            self._service = await _in_a_thread(partial(_opened, self._url))
        except ValueError as error:
            return str(error)
        return ""

    async def send(self, message: Message) -> Sent:
        """Send it; a service that does not answer in time has not told anybody."""
        try:
            async with asyncio.timeout(self._wait_s):
                if self._service is None and (wrong := await self.warm()):
                    return Sent(told=False, wrong=wrong)
                told = await _in_a_thread(
                    partial(
                        self._service.notify,
                        title=message.subject,
                        body=message.body,
                        notify_type=_KINDS[message.level],
                    )
                )
        except TimeoutError:
            return Sent(told=False, wrong=f"no answer within {self._wait_s:g} s")
        except Exception as error:  # noqa: BLE001  # foreign code of 170 services; its words may hold the address
            return Sent(told=False, wrong=type(error).__name__)
        return Sent(told=bool(told), wrong="" if told else "the service did not take it")


async def _in_a_thread(work: Callable[[], T]) -> T:
    """What ``work`` returns or raises, done in a thread of its own that keeps no process from ending.

    Those that asyncio lends are few, are needed by others, and are waited for at the end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[..., None], what: object) -> None:
        if not done.done():
            set_it(what)

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # it is raised where it is awaited
            outcome: tuple[Callable[..., None], object] = done.set_exception, error
        else:
            outcome = done.set_result, result
        # The loop may be closed by now, and nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="alert", daemon=True).start()
    return await done


_KINDS = {Level.INFO: "info", Level.WARNING: "warning", Level.CRITICAL: "failure"}


def _opened(url: str) -> Any:  # noqa: ANN401  # apprise has no types
    from apprise import Apprise  # noqa: PLC0415  # half a second that no start waits for

    # What apprise logs may hold the address.
    logger = logging.getLogger("apprise")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    # The service itself rather than a list of one: a list is told through threads that outlive it, and a
    # process waits for those when it ends.
    service = Apprise.instantiate(url)
    if service is None:
        raise ValueError("its address is none that apprise knows")
    return service
