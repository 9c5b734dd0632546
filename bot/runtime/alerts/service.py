"""Alerts at work in a run: an observer that notices, a feed that tells, and what people ask of them.

The desk is looked at once a second. A channel has at most one message under way, in a task of its own, so
that a slow one keeps nobody waiting but itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import count

from bot.core.facts import ProcessChanged
from bot.core.intents import Level
from bot.core.step import Step
from bot.runtime.alerts.channel import Channel
from bot.runtime.alerts.desk import Desk, Telling
from bot.runtime.alerts.keeping import keep_acknowledged, keep_noticed, keep_told, recalled
from bot.runtime.alerts.message import Message, Origin, written
from bot.runtime.alerts.notice import Notice
from bot.runtime.alerts.noticing import Noticing
from bot.runtime.alerts.thread import Thread
from bot.runtime.control import Args, BadQuery, Query
from bot.runtime.inbox import Inbox
from bot.runtime.journal import Journal
from bot.runtime.queries import only, text

LOOK_MS = 1_000
HEARD, UNHEARD = "heard", "unheard"


class Alerts:
    """``observe`` is to be an observer of the shell, ``feed`` one of its feeds."""

    def __init__(
        self,
        desk: Desk,
        channels: Mapping[str, Channel],
        *,
        origin: Origin,
        journal: Journal,
        now_ms: Callable[[], int],
        look_ms: int = LOOK_MS,
    ) -> None:
        """``channels`` by the names of the desk's routes; the desk is looked at every ``look_ms``."""
        self._desk = desk
        self._channels = channels
        self._origin = origin
        self._journal = journal
        self._now_ms = now_ms
        self._look_ms = look_ms
        self._noticing = Noticing()
        self._heard = True
        self._tests = count(1)
        self._under_way: set[asyncio.Task[None]] = set()

    def observe(self, step: Step) -> None:
        """Put on the desk what of this step is worth telling, if there is anybody to tell it."""
        if not self._channels:
            return
        for notice in self._noticing.of(step):
            self._hear(notice)

    async def feed(self, inbox: Inbox) -> None:
        """Tell people for as long as this runs; that nobody can be reached is a fact for the core."""
        for thread in await recalled(self._journal, self._now_ms()):
            self._desk.restore(thread, self._now_ms())
        await self._warm(inbox)
        try:
            while True:
                for telling in self._desk.due(self._now_ms()):
                    task = asyncio.create_task(self._tell(telling), name=f"alert by {telling.channel}")
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                await self._say_if_heard(inbox)
                await asyncio.sleep(self._look_ms / 1000)
        finally:
            for task in self._under_way:
                task.cancel()

    def queries(self) -> dict[str, Query]:
        """``alerts``, ``ack`` (of ``numbers``, or of all) and ``test_alert`` (of ``channel``, or all)."""
        return {"alerts": self._list, "ack": self._ack, "test_alert": self._test}

    # -- inside -----------------------------------------------------------------------------------------

    async def _warm(self, inbox: Inbox) -> None:
        """Say at once which channel can never carry, rather than in the night it is needed."""
        for name, channel in self._channels.items():
            wrong = await channel.warm()
            if wrong:
                await inbox.put((self._change(f"channel {name}", HEARD, UNHEARD, wrong, Level.CRITICAL),))

    def _hear(self, notice: Notice) -> None:
        news = self._desk.hear(notice)
        if news is not None:
            keep_noticed(self._journal, news, self._now_ms())

    async def _tell(self, telling: Telling) -> None:
        left_ms = self._now_ms()
        message = written(telling, self._origin, left_ms)
        sent = await self._channels[telling.channel].send(message)
        now_ms = self._now_ms()
        self._desk.sent(telling, now_ms, told=sent.told)
        keep_told(self._journal, telling, now_ms, took_ms=now_ms - left_ms, wrong=sent.wrong)

    async def _say_if_heard(self, inbox: Inbox) -> None:
        heard = not self._desk.is_unheard
        if heard == self._heard:
            return
        self._heard = heard
        if heard:
            change = self._change("alerts", UNHEARD, HEARD, "a channel carries again", Level.INFO)
        else:
            because = "no channel for what is critical carries"
            change = self._change("alerts", HEARD, UNHEARD, because, Level.CRITICAL)
        await inbox.put((change,))

    def _change(self, part: str, was: str, now: str, because: str, level: Level) -> ProcessChanged:
        return ProcessChanged(at_ms=self._now_ms(), part=part, was=was, now=now, because=because, level=level)

    async def _list(self, args: Args) -> object:
        only(args)
        return {
            "alerts": [_shown(thread) for thread in self._desk.threads],
            "channels": [
                {
                    "name": line.route.name,
                    "levels": sorted(line.route.levels),
                    "failures": line.failures,
                    "sent_in_a_day": len(line.sent_ms),
                }
                for line in self._desk.lines
            ],
        }

    async def _ack(self, args: Args) -> object:
        only(args, "by", "numbers")
        by = text(args, "by")
        if not by:
            raise BadQuery("by is missing, expected the name of whoever has seen it")
        asked = args.get("numbers")
        if asked is not None and not (isinstance(asked, list) and all(type(each) is int for each in asked)):
            raise BadQuery(f"numbers {asked!r}, expected a list of whole numbers")
        seen = self._desk.acknowledge(asked, by)
        if seen:
            keep_acknowledged(self._journal, seen, by, self._now_ms())
        return {"acknowledged": seen, "waiting": [t.number for t in self._desk.threads if t.needs_somebody]}

    async def _test(self, args: Args) -> object:
        only(args, "channel")
        name = text(args, "channel")
        known = [line.route.name for line in self._desk.lines]
        if name is not None and name not in known:
            raise BadQuery(f"no channel {name}; there are {', '.join(known) or 'none'}")
        number = next(self._tests)
        test = Message(
            level=Level.INFO,
            subject=f"[TEST] Holdfast, {self._origin.mode}, test {number}",
            body="This is a test that somebody asked for. Nothing happened.",
        )
        results = []
        for each in known if name is None else [name]:
            left_ms = self._now_ms()
            sent = await self._channels[each].send(test)
            took_ms = self._now_ms() - left_ms
            results.append({"channel": each, "told": sent.told, "wrong": sent.wrong, "took_ms": took_ms})
        return {"tests": results}


def _shown(thread: Thread) -> dict[str, object]:
    return {
        "number": thread.number,
        "level": thread.notice.level,
        "text": thread.notice.text,
        "since_ms": thread.since_ms,
        "times": thread.times,
        "over": thread.is_over,
        "needs_somebody": thread.needs_somebody,
        "acknowledged_by": thread.acknowledged_by,
        "told_ms": dict(thread.told_ms),
    }
