"""The gate that every request to one exchange goes through: the urgent first, and never more than is allowed.

ccxt's own limiter lets an emergency order wait behind whatever was asked before; this one lets it pass. The
exchange counts per address, so all accounts at one exchange share one gate.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count

from asyncio_throttle.throttler import Throttler

from bot.venues.live.outcome import retry_after_ms
from bot.venues.live.terms import Window
from bot.venues.live.wire import Reply, Request, Urgency

BANNED = 418
TOO_MANY = 429
BAN_MS = 120_000
"""How long a ban lasts where the exchange does not say: the shortest that Binance documents."""
PAUSE_MS = 10_000
"""How long to leave an exchange alone that said too many requests and not until when."""
BREATH_MS = 2_000
"""How long to leave it alone where only a code of its own said so: such limits are counted over a second."""
BURST_MS = 10_000
"""In how long reading may use up what is left where much is unknown at once: longer than a proof takes."""
_USED_WEIGHT = "x-mbx-used-weight-1m"
_USED_WEIGHT_MS = 60_000
_EARLY_S = 1e-6
"""Timers may ring this much before their time."""


class ClockThrottler(Throttler):
    """asyncio-throttle's sliding window on the loop's own clock: it sleeps until a slot frees, no polling.

    The library reads another clock than the loop's and asks every 10 ms whether it may.
    """

    def flush(self) -> None:
        """Let go of what has left the window."""
        gone = asyncio.get_running_loop().time() - self.period + _EARLY_S
        while self._task_logs and self._task_logs[0] <= gone:
            self._task_logs.popleft()

    async def acquire(self) -> None:
        """Wait for one slot."""
        while not self.take(1, self.rate_limit):  # noqa: ASYNC110  # it sleeps exactly as long as it must
            await asyncio.sleep(self.frees_in(1, self.rate_limit))

    def take(self, weight: int, limit: int) -> bool:
        """Take ``weight`` if the window then holds no more than ``limit``; whether it was taken."""
        self.flush()
        if len(self._task_logs) + weight > limit:
            return False
        self.add(weight)
        return True

    def add(self, weight: int) -> None:
        """Count ``weight`` as used now, whatever the limit."""
        self._task_logs.extend([asyncio.get_running_loop().time()] * weight)

    def give_back(self, weight: int) -> None:
        """Uncount the latest ``weight``: it was taken and not used."""
        for _ in range(min(weight, len(self._task_logs))):
            self._task_logs.pop()

    def used(self) -> int:
        """How much of the window is used."""
        self.flush()
        return len(self._task_logs)

    def frees_in(self, weight: int, limit: int) -> float:
        """Seconds until ``weight`` fits under ``limit``."""
        over = len(self._task_logs) + weight - limit
        if over <= 0:
            return 0.0
        leaves = self._task_logs[min(over, len(self._task_logs)) - 1]
        return float(leaves + self.period - asyncio.get_running_loop().time())


@dataclass(order=True, slots=True)
class _Waiter:
    urgency: Urgency
    number: int
    weight: int = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class _Lane:
    """Those who wait for one window. The head of the heap is the only one anything is computed for."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.used = ClockThrottler(window.capacity, window.per_ms / 1000)
        self.waiting: list[_Waiter] = []
        self.alarm: asyncio.TimerHandle | None = None
        self.closed_until = 0.0
        """The loop's time until which only emergencies may pass here, whatever holds elsewhere."""

    def limit(self, urgency: Urgency) -> int:
        """How full the window may become by a request of this urgency."""
        spared = 0 if urgency <= Urgency.EMERGENCY else self.window.reserve
        return self.window.capacity - spared

    def pump(self, closed_until: Mapping[bool, float]) -> None:
        """Let everybody through who may go now, and come back when the next one may."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        now = asyncio.get_running_loop().time()
        while self.waiting:
            head = self.waiting[0]
            if head.turn.cancelled():
                heappop(self.waiting)  # It gave up in this very turn of the loop.
                continue
            urgent = head.urgency <= Urgency.EMERGENCY
            shut = closed_until[urgent] - now
            if not urgent:
                shut = max(shut, self.closed_until - now)
            limit = self.limit(head.urgency)
            if shut <= 0 and self.used.take(head.weight, limit):
                heappop(self.waiting).turn.set_result(None)
                continue
            wait = max(shut, self.used.frees_in(head.weight, limit))
            self.alarm = asyncio.get_running_loop().call_later(wait, self.pump, closed_until)
            return

    def forget(self, waiter: _Waiter) -> None:
        """A waiter gave up: it leaves nothing behind, not even the slot it may just have been given."""
        if waiter in self.waiting:
            self.waiting.remove(waiter)
            heapify(self.waiting)
        elif waiter.turn.done() and not waiter.turn.cancelled():
            self.used.give_back(waiter.weight)


class Gate:
    """The dispatcher of one exchange.

    Every window has a reserve that only ``Urgency.EMERGENCY`` and above may use. Within an urgency it is
    first come, first served. Used inside one running loop.
    """

    def __init__(self, windows: Mapping[str, Window]) -> None:
        """``windows`` as the exchange's traits name them, one at least."""
        for name, window in windows.items():
            assert 0 <= window.reserve < window.capacity, f"window {name}: {window}, expected room beside it"
        self._lanes = {name: _Lane(window) for name, window in windows.items()}
        self._closed_until = {True: 0.0, False: 0.0}
        """By whether it concerns emergencies: the loop's time until which nobody may pass."""
        self._numbers = count()
        self.banned_for: Callable[[int], None] = lambda _: None
        """Told of each ban, and how long it lasts: another process must not ask during it either."""

    async def turn(self, request: Request, urgency: Urgency) -> None:
        """Wait until ``request`` may leave. ``KeyError`` for a window that the exchange does not have."""
        lane = self._lanes[request.window]
        most = lane.limit(urgency)
        assert request.weight <= most, f"{request.path} weighs {request.weight}, never more than {most} pass"
        future = asyncio.get_running_loop().create_future()
        waiter = _Waiter(urgency, next(self._numbers), request.weight, future)
        heappush(lane.waiting, waiter)
        lane.pump(self._closed_until)
        try:
            await future
        except asyncio.CancelledError:
            lane.forget(waiter)
            lane.pump(self._closed_until)
            raise

    def learn(self, request: Request, reply: Reply) -> str:
        """Take in what a reply says about limits; what there is to tell people, empty mostly.

        Too many requests close the gate for all but emergencies, or what is counted apart and nothing else;
        a ban closes it for everybody: each request during a ban makes it longer.
        """
        self._learn_used(request, reply.headers.get(_USED_WEIGHT, ""))
        if reply.status not in (TOO_MANY, BANNED):
            return ""
        wait_ms = retry_after_ms(reply.headers) or 0
        if reply.status == TOO_MANY:
            return self.slow_down(request, str(TOO_MANY), wait_ms or PAUSE_MS)
        self.close(wait_ms or BAN_MS, emergencies=True)
        self.banned_for(wait_ms or BAN_MS)
        waits = f"everything, emergencies too, waits {(wait_ms or BAN_MS) / 1000:g} s"
        return f"the exchange answered {reply.status}: {waits}"

    def slow_down(self, request: Request, said: str, wait_ms: int = BREATH_MS) -> str:
        """Close for ``wait_ms`` what ``request`` went through, but for emergencies; what to tell people.

        ``said`` is how the exchange put it: not every one says by the status that it was too much.
        """
        lane = self._lanes[request.window]
        if lane.window.apart:
            lane.closed_until = max(lane.closed_until, asyncio.get_running_loop().time() + wait_ms / 1000)
            lane.pump(self._closed_until)
            who = f"{request.window}, but for emergencies,"
        else:
            self.close(wait_ms, emergencies=False)
            who = "everything but emergencies"
        return f"the exchange answered {said}: {who} waits {wait_ms / 1000:g} s"

    def close(self, wait_ms: int, *, emergencies: bool) -> None:
        """Let nobody pass for ``wait_ms``; emergencies only if ``emergencies`` says so. Never shortens."""
        until = asyncio.get_running_loop().time() + wait_ms / 1000
        for concerned in {False, emergencies}:
            self._closed_until[concerned] = max(self._closed_until[concerned], until)
        for lane in self._lanes.values():
            lane.pump(self._closed_until)

    @property
    def banned(self) -> bool:
        """Whether nobody may pass now, emergencies included."""
        return self._closed_until[True] > asyncio.get_running_loop().time()

    def busy_ms(self, request: Request, share: float) -> int:
        """How far apart requests of this weight must be to use ``share`` of what is there for background."""
        window = self._lanes[request.window].window
        return int(request.weight * window.per_ms / ((window.capacity - window.reserve) * share))

    def apart_ms(self, requests: Sequence[Request]) -> int:
        """How far apart these together must be so that a burst of them does not use the windows up.

        The less is left, the farther apart, down to the pace that can be kept for ever.
        """
        weights: Counter[str] = Counter()
        for request in requests:
            weights[request.window] += request.weight
        apart_ms = 0
        for name, weight in weights.items():
            lane = self._lanes[name]
            room = lane.window.capacity - lane.window.reserve
            left = max(room - lane.used.used(), 1)
            burst_ms = weight * min(lane.window.per_ms, BURST_MS) // left
            apart_ms = max(apart_ms, min(burst_ms, weight * lane.window.per_ms // room))
        return apart_ms

    def _learn_used(self, request: Request, said: str) -> None:
        """Others behind the same address count as well: what the exchange counted above ours was theirs."""
        lane = self._lanes[request.window]
        if said.isascii() and said.isdigit() and lane.window.per_ms == _USED_WEIGHT_MS:
            theirs = min(int(said), lane.window.capacity) - lane.used.used()
            lane.used.add(max(0, theirs))
