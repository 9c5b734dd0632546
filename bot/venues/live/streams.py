"""Holds streams open: each subscription is a task of its own that starts again whenever it ends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from bot.core.facts import Link
from bot.venues.live.connection import Connection
from bot.venues.live.flaws import Flaws
from bot.venues.live.terms import Subscription
from bot.venues.live.wire import Request, Urgency

FIRST_MS, LONGEST_MS = 100, 5_000
"""How long to wait before the first attempt to start again, and at most."""
STEADY_MS = 10_000
"""A subscription that lasted so long starts again as if it had never failed."""
_LOG_IN = Request(api="", method="POST", path="a key for the private stream")


class StreamKeeper:
    """The subscriptions of one link. ``started`` is told of each start."""

    def __init__(
        self,
        connection: Connection,
        started: Callable[[], None],
        accepted: asyncio.Event | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """``jitter`` is a number between 0 and 1, another one each time.

        Nothing is started while our key is not ``accepted``: each attempt is one more of a key that is gone.
        """
        self._wires = connection.wires
        self._now_ms = connection.now_ms
        self._flaws = Flaws(connection.say)
        self._started = started
        self._accepted = accepted
        self._jitter = jitter
        self._tasks: list[asyncio.Task[None]] = []

    def hold(self, subscriptions: Sequence[Subscription], group: asyncio.TaskGroup) -> None:
        """Hold these from now on, and no others."""
        self.drop()
        self._tasks = [
            group.create_task(self._keep(subscription), name=f"stream {subscription.name}")
            for subscription in subscriptions
        ]

    def drop(self) -> None:
        """Hold nothing any more."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _keep(self, subscription: Subscription) -> None:
        wait_ms = FIRST_MS
        while True:
            if self._accepted is not None:
                await self._accepted.wait()
            if subscription.link is Link.ACCOUNT:
                # ccxt asks for a key by REST on its own, and each request during a ban makes it longer.
                await self._wires.gate.turn(_LOG_IN, Urgency.ACCOUNT)
            began_ms = self._now_ms()
            self._started()
            why = await self._once(subscription)
            if self._now_ms() - began_ms >= STEADY_MS:
                wait_ms = FIRST_MS
            self._flaws.note(f"stream {subscription.name}", why)
            # Everybody was cut off at the same moment: nobody should come back at the same one.
            await asyncio.sleep(wait_ms * (0.5 + self._jitter()) / 1000)
            wait_ms = min(2 * wait_ms, LONGEST_MS)

    async def _once(self, subscription: Subscription) -> str:
        """Subscribe and stay; why it ended."""
        client = self._wires.feed  # asked each time: it may have been replaced
        # ccxt counts failures by itself and would wait up to 30 s after the exchange is back.
        client.ws_dial_backoff = {}
        try:
            async with asyncio.timeout(subscription.renew_ms / 1000 if subscription.renew_ms else None):
                await subscription.start(client)
        except TimeoutError:
            return "it runs out and is renewed"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return "its connection was closed"  # ccxt cancels who waits on a client that is closed.
        except Exception as error:  # noqa: BLE001  # whatever ended it, it is started again
            return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return "it ended"
