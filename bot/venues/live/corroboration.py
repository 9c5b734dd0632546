"""Asks a second source at once where a mark is hard to believe, and keeps asking until it is known.

Until then the last good mark stays; a true crash is through as soon as REST agrees. What REST brings where a
stream is silent comes by here as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import LastPrice, MarkPrice
from bot.core.types import Symbol
from bot.venues.live.connection import Connection
from bot.venues.live.datagate import DataGate, Judgement, Source, Verdict
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.wire import Urgency

PACE_MS = (250, 500, 1_000)
"""How long after each asking the next one follows; the last of them for ever."""
URGENT = 4
"""So many askings use what the exchange's limits keep for emergencies; those after them do not."""
UNANSWERED_MS = 1_000
"""After how long without an answer people are told."""
ANSWER_MS = 5_000
"""How long an answer is waited for. Late is better than never: an exchange is slow just when it matters."""
SAID_MS = 60_000
"""How often the same thing is said of a symbol."""
IN_A_ROW = 3
"""So many wrong frames in a row make a stream sick."""
NAMED = 3
"""How many symbols a line names."""

Settled = Callable[[Judgement], None]
"""Takes a judgement with a mark that may be believed."""


@dataclass(slots=True)
class _Doubt:
    since_ms: int
    why: str
    next_ms: int
    asked: int = 0
    told: bool = False

    @property
    def turn_ms(self) -> int:
        """When there is something to do about it: to ask, or to tell people."""
        return self.next_ms if self.told else min(self.next_ms, self.since_ms + UNANSWERED_MS)


class Corroboration:
    """Where the marks of an account's markets are believed or not."""

    def __init__(self, connection: Connection) -> None:
        """Nothing is asked before ``run``."""
        self.sick = ""
        """Why the stream needs another connection; empty while it is well."""
        self.dropped = 0
        """How many marks proved wrong."""
        self.gate = DataGate()
        self._reading = connection.dialect.reading
        self._listing = connection.listing
        self._line = connection.wires.reads
        self._clock = connection.wires.clock
        self._now_ms = connection.now_ms
        self._say = connection.say
        self._flaws = Flaws(connection.say)
        self._doubts: dict[Symbol, _Doubt] = {}
        self._asked_ms: dict[Symbol, int] = {}
        self._said_ms: dict[tuple[Symbol, str], int] = {}
        self._senseless = 0
        self._woken = asyncio.Event()

    def admit(self, mark: MarkPrice, index: Decimal | None, source: Source) -> MarkPrice | None:
        """What may be believed now that ``mark`` came, by our clock; ``None`` where nothing more than before.

        It may be another than ``mark``: a newer one that was held.
        """
        judged = self.gate.judge(mark, index, source)
        if source is Source.STREAM:
            self._senseless = 0
        return mark if judged is None else self._take_in(mark, judged)

    def trade(self, fact: LastPrice) -> None:
        """A last price, which tells a mark that stands still from one that is frozen."""
        self.gate.trade(fact)

    def refuse(self, symbol: Symbol) -> None:
        """A frame of the stream was of no use: it is of another time."""
        self.gate.refuse(symbol)
        self._look_for_sickness(symbol)

    def senseless(self, what: str) -> None:
        """A message of the stream made no sense; ``IN_A_ROW`` with no mark between them are too many."""
        self._senseless += 1
        if self._senseless >= IN_A_ROW:
            self.sick = f"{self._senseless} messages in a row make no sense, the last: {what}"

    def start_anew(self) -> None:
        """The stream has another connection: what was wrong with the old one does not count any more."""
        self.sick, self._senseless = "", 0
        self.gate.start_anew()

    async def run(self, watched: Callable[[], Collection[Symbol]], settled: Settled) -> None:
        """Ask while there is doubt of what is ``watched``, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                now_ms, symbols = self._now_ms(), watched()
                for symbol in [s for s in self._doubts if s not in symbols]:
                    del self._doubts[symbol]
                due = [symbol for symbol, doubt in self._doubts.items() if doubt.next_ms <= now_ms]
                if due:
                    urgency = self._note_asking(due, now_ms)
                    group.create_task(self._ask(sorted(due), urgency, settled), name="a second source")
                self._tell_unanswered(now_ms)
                wait_ms = min((d.turn_ms - now_ms for d in self._doubts.values()), default=None)
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if wait_ms is None else wait_ms / 1000):
                        await self._woken.wait()
                self._woken.clear()

    async def _ask(self, symbols: Sequence[Symbol], urgency: Urgency, settled: Settled) -> None:
        """One reading of the marks in doubt."""
        instruments = [self._listing.by_symbol[s] for s in symbols if s in self._listing.by_symbol]
        if not instruments:
            return
        try:
            async with asyncio.timeout(ANSWER_MS / 1000):
                requests = self._reading.market_requests(instruments)
                payloads = [await self._line.read(request, urgency) for request in requests]
            facts = self._reading.market(payloads, self._listing)
        except (Unreadable, TimeoutError, ValueError, KeyError) as error:
            self._flaws.note("a second source", str(error) or f"no answer within {ANSWER_MS / 1000:g} s")
            return
        for fact in facts:
            # One answer may tell of every symbol there is.
            if not isinstance(fact, MarkPrice) or fact.symbol not in symbols:
                continue
            if self._clock.is_ahead(fact.at_ms):
                self._clock.doubt()
                continue
            mark = self._clock.ours(fact)
            judged = self.gate.judge(mark, None, Source.REST)
            judged = judged or Judgement(verdict=Verdict.PASSED, mark=mark)
            if self._take_in(mark, judged) is not None:
                settled(judged)

    def _take_in(self, mark: MarkPrice, judged: Judgement) -> MarkPrice | None:
        """Keep the doubts in step with a judgement; what may be believed by it."""
        self._tell(mark, judged)
        if self.gate.in_doubt(mark.symbol):
            self._wonder(mark.symbol, judged.why)
        else:
            self._doubts.pop(mark.symbol, None)
        self._look_for_sickness(mark.symbol)
        return judged.mark

    def _wonder(self, symbol: Symbol, why: str) -> None:
        """Ask about it at once, but not faster than the pace allows where it is doubted again and again."""
        if symbol in self._doubts:
            return
        now_ms, before = self._now_ms(), self.gate.refused(symbol)
        next_ms = max(now_ms, self._asked_ms.get(symbol, 0) + _pace_ms(before))
        self._doubts[symbol] = _Doubt(since_ms=now_ms, why=why, next_ms=next_ms)
        self._woken.set()

    def _note_asking(self, symbols: Sequence[Symbol], now_ms: int) -> Urgency:
        """How urgent it is: as what may hang on it at first, for that which goes on and on is not news."""
        urgency = Urgency.ACCOUNT
        for symbol in symbols:
            doubt = self._doubts[symbol]
            if doubt.asked + self.gate.refused(symbol) < URGENT:
                urgency = Urgency.EMERGENCY
            doubt.next_ms = now_ms + _pace_ms(doubt.asked)
            doubt.asked += 1
            self._asked_ms[symbol] = now_ms
        return urgency

    def _look_for_sickness(self, symbol: Symbol) -> None:
        refused = self.gate.refused(symbol)
        if refused >= IN_A_ROW:
            self.sick = f"{refused} marks of {symbol} in a row were wrong"

    def _tell(self, mark: MarkPrice, judged: Judgement) -> None:
        """What a person wants to know of it, once in a while."""
        if judged.verdict is Verdict.CONFIRMED and judged.why:
            self._say_of(mark.symbol, "it is true", f"{judged.why}, and a second source agrees")
        elif judged.verdict is Verdict.REFUSED:
            self.dropped += 1
            self._say_of(mark.symbol, "it is wrong", f"{judged.why} is dropped")
        elif judged.contradicted is not None:
            self.dropped += 1
            wrong = judged.contradicted.price
            self._say_of(mark.symbol, "it is wrong", f"a mark of {wrong} is dropped: it is {mark.price}")

    def _tell_unanswered(self, now_ms: int) -> None:
        late = [
            symbol
            for symbol, doubt in self._doubts.items()
            if not doubt.told and now_ms - doubt.since_ms >= UNANSWERED_MS
        ]
        if not late:
            return
        for symbol in late:
            self._doubts[symbol].told = True
        more = f" and {len(late) - NAMED} more" if len(late) > NAMED else ""
        self._say(
            f"{', '.join(late[:NAMED])}{more}: {self._doubts[late[0]].why}; no second source has settled it "
            f"within {UNANSWERED_MS / 1000:g} s, the last good mark stays"
        )

    def _say_of(self, symbol: Symbol, topic: str, text: str) -> None:
        now_ms, key = self._now_ms(), (symbol, topic)
        if now_ms - self._said_ms.get(key, -SAID_MS) >= SAID_MS:
            self._said_ms[key] = now_ms
            self._say(f"{symbol}: {text}")


def _pace_ms(asked: int) -> int:
    """How long to leave it alone after so many askings and one."""
    return PACE_MS[min(asked, len(PACE_MS) - 1)]
