"""Rules that the configuration has put a condition on: ``when`` something holds, ``confirm_for`` some time.

The condition narrows the rule's own wake; ``decide`` is asked where both hold. To confirm, both have to hold
for a time without interruption. Of the rule's own wake the levels count: an event, such as a closing bar, is
an occasion and lasts no time at all, so one that comes before all is confirmed has passed.

The time is counted from the mark at which everything came to hold. Whoever waits for it also has to see the
mark at which it ends, even while the rule itself could not act: while the answer to an intent is out, and
between two events it waits for. A symbol that is silent confirms nothing. A new run begins to count anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import assert_never

from bot.core.accounts.book import Armed, Holder, Parked
from bot.core.danger.conditions import OPEN, QUIET, Reach, holds, reach
from bot.core.danger.situation import Situation
from bot.core.decisions import Decision, StateChanged
from bot.core.rule import Needs
from bot.core.types import Symbol
from bot.core.wake import (
    Above,
    AllOf,
    Always,
    AnyOf,
    At,
    BarClose,
    Below,
    Changed,
    Expressed,
    Figure,
    Never,
    Told,
    Wake,
    Watching,
    any_of,
)
from bot.core.when.clauses import HAIR, every

_LEAST = Decimal("1E-18")
CONFIRMING = "confirming"
_WAITING = "waiting"
_UNASKED = Never("the rule has not been asked yet")


@dataclass(slots=True, eq=False)
class Conditioned(Armed):
    """One rule with a condition on one position."""

    silent: Collection[Symbol] = ()
    """The symbols of the account whose mark prices are silent now."""
    own: Wake = _UNASKED
    """The rule's own wake."""
    since_ms: int | None = None
    """Since when all of it holds; ``None`` where it does not, or need not for any time."""
    _own_awaits_ms: frozenset[int] = frozenset()
    _own_figures: frozenset[Figure] = frozenset()
    _needs: Needs = field(init=False)

    def __post_init__(self) -> None:
        """Look up once what the condition speaks of: it is asked for at every evaluation."""
        Armed.__post_init__(self)
        when = self.entry.when
        self._needs = Needs() if when is None else when.needs

    @property
    def asks_for(self) -> Wake:
        """The rule's own wake."""
        return self.own

    def expect(self, wake: Wake, situation: Situation, decisions: list[Decision]) -> None:
        """Wait for ``wake`` and the condition, from now on; what began or ended is added to ``decisions``."""
        if wake is not self.own and wake != self.own:
            Armed.expect(self, wake, situation, decisions)
            self.own, self._own_awaits_ms, self._own_figures = wake, self.awaits_ms, self.figures
        asked = self._asked(situation)
        self.wake = every(self.own, asked)
        if self.entry.confirm_for_ms:
            whole = every(_lasting(self.own), asked)
            self._count(whole, situation, decisions)
            self.wake = self._confirmed(self.wake, whole, situation.now_ms)
        self.awaits_ms = self._own_awaits_ms | self._needs.timeframes_ms
        self.figures = self._own_figures | self._needs.figures
        self.band_for = None  # Of several conditions another may be the one that does not hold.

    def asleep(self, version: int, now_ms: int) -> bool:
        """Who confirms never sleeps: somebody has to see when it ends."""
        return not self.entry.confirm_for_ms and Armed.asleep(self, version, now_ms)

    def meanwhile(self, situation: Situation, decisions: list[Decision]) -> Reach:
        """Go on counting while nobody may act, and say how long nothing begins or ends."""
        if not self.entry.confirm_for_ms:
            return OPEN
        whole = every(_lasting(self.own), self._asked(situation))
        self._count(whole, situation, decisions)
        return reach(self._turn(whole, situation.now_ms), situation)

    def confirmed_in_ms(self, now_ms: int) -> int | None:
        """How long all of it still has to hold; 0 once it did, ``None`` where it does not hold."""
        if self.since_ms is None:
            return None
        return max(0, self.since_ms + self.entry.confirm_for_ms - now_ms)

    # -- inside -------------------------------------------------------------------------------------

    def _asked(self, situation: Situation) -> Wake:
        when = self.entry.when
        return Always() if when is None else when.wake(situation)

    def _count(self, whole: Wake, situation: Situation, decisions: list[Decision]) -> None:
        """Begin to count, or stop, as all of it holds or not."""
        holding = situation.id.symbol not in self.silent and holds(whole, situation, QUIET)
        if holding is (self.since_ms is not None):
            return
        self.since_ms = situation.now_ms if holding else None
        seconds = Decimal(self.entry.confirm_for_ms) / 1000
        said = f"all holds, for {seconds:f} s before it may act" if holding else "it holds no more"
        decisions.append(
            StateChanged(
                at_ms=situation.now_ms,
                subject=f"rule:{self.name}",
                was=_WAITING if holding else CONFIRMING,
                now=CONFIRMING if holding else _WAITING,
                because=f"on {situation.id} {said}",
            )
        )

    def _confirmed(self, narrowed: Wake, whole: Wake, now_ms: int) -> Wake:
        """The wake before it is confirmed, and afterwards as long as it stays so."""
        turn = self._turn(whole, now_ms)
        if self.since_ms is None:
            return narrowed if isinstance(narrowed, Never) else turn
        due_ms = self.since_ms + self.entry.confirm_for_ms
        if now_ms < due_ms:
            return any_of(Watching(At(due_ms)), turn)
        return narrowed if isinstance(turn.condition, Never) else any_of(narrowed, turn)

    def _turn(self, whole: Wake, now_ms: int) -> Watching:
        """What has to be looked at: the end of what holds now, or the beginning."""
        return Watching(whole if self.since_ms is None else _end_of(whole, now_ms))


def meanwhile(
    holder: Holder, situation: Situation, decisions: list[Decision], parked: Parked
) -> Iterator[Reach]:
    """Go on counting although nobody may act: how long each rule of a position need not be looked at."""
    for armed in holder.armed:
        if armed.name not in parked.broken:
            yield armed.meanwhile(situation, decisions)


def _hair(threshold: Decimal) -> Decimal:
    """So little that nothing is lost by looking so much earlier, and never nothing."""
    return max(abs(threshold) * HAIR, _LEAST)


def _lasting(wake: Wake) -> Wake:
    """What of a wake may hold for a time: its events are occasions, and always there."""
    match wake:
        case BarClose() | Changed() | Told():
            return Always()
        case AllOf(conditions):
            return every(*map(_lasting, conditions))
        case AnyOf(conditions):
            lasting = tuple(map(_lasting, conditions))
            return Always() if Always() in lasting else AnyOf(lasting)
        case _:
            return wake


def _end_of(wake: Wake, now_ms: int) -> Wake:
    """What holds wherever ``wake`` does not: perhaps a hair earlier, never later."""
    match wake:
        case Below(metric, threshold):
            return metric.above(threshold - _hair(threshold))
        case Above(metric, threshold):
            return metric.below(threshold + _hair(threshold))
        case At(at_ms):
            return Never("time does not go back") if now_ms >= at_ms else Always()
        case Expressed(asked, holding):
            return Expressed(asked, holding=not holding)
        case AllOf(conditions):
            return AnyOf(tuple(_end_of(each, now_ms) for each in conditions))
        case AnyOf(conditions):
            return every(*(_end_of(each, now_ms) for each in conditions))
        case Never():
            return Always()
        case Always() | BarClose() | Changed() | Told() | Watching():
            return Never("it always holds")
        case _:
            assert_never(wake)
