"""Rules that break a promise each: the contract suite has to notice every one of them.

All of them add margin, or should, where liquidation of a long bought at 100 is near: it is at 90.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any, ClassVar

from bot.core.intents import AddMargin, Intent, OpenHedge, ReducePosition
from bot.core.rule import Decisions, Needs, Params, Rule
from bot.core.types import RuleName, Symbol
from bot.core.view import View
from bot.core.wake import Always, Metric, Never, Wake
from tests.building.core import D
from tests.strategies.contract.example import MINUTE, Example, mark


class Plain(Rule[Params]):
    """Breaks none: adds 1 wherever it is asked, twice."""

    proposes: ClassVar[tuple[type[Intent], ...]] = (AddMargin,)

    def wake(self, view: View) -> Wake:
        return Never("twice is enough") if view.times_acted > 1 else Metric.DISTANCE.below(D("0.08"))

    def decide(self, view: View) -> Decisions:
        yield AddMargin(id=view.id, amount=D(1)), "near"


class Counting(Plain):
    """Its answer depends on how often anybody asked."""

    asked = count(1)

    def decide(self, view: View) -> Decisions:
        yield AddMargin(id=view.id, amount=D(next(self.asked))), "near"


class Remembering(Plain):
    """Remembers by itself that it has acted: a restart makes it forget."""

    def __init__(self, name: RuleName, params: Params) -> None:
        super().__init__(name, params)
        self._done = False

    def decide(self, view: View) -> Decisions:
        if not self._done:
            self._done = True
            yield AddMargin(id=view.id, amount=D(1)), "near"


class Oversleeping(Plain):
    """Sleeps for ever after a mark that it does not like."""

    def wake(self, view: View) -> Wake:
        return super().wake(view) if view.mark < 98 else Never("not below 98")


class Undeclared(Plain):
    """Closes something, and never said that it would."""

    def decide(self, view: View) -> Decisions:
        yield ReducePosition(id=view.id, quantity=D("0.1")), "near"


class Daring(Plain):
    """Opens a hedge without saying that it may raise exposure."""

    proposes = (AddMargin, OpenHedge)

    def decide(self, view: View) -> Decisions:
        amounts = {"quantity": D(1), "leverage": D(2), "limit": D(1)}
        yield OpenHedge(id=view.id, symbol=Symbol("BTC/USDT:USDT-Q1"), **amounts), "near"
        yield AddMargin(id=view.id, amount=D(1)), "near"


class Impatient(Plain):
    """Counts how often it was asked: what is told twice brings it forward."""

    def __init__(self, name: RuleName, params: Params) -> None:
        super().__init__(name, params)
        self._asked = 0

    def wake(self, view: View) -> Wake:
        return Always()

    def decide(self, view: View) -> Decisions:
        self._asked += 1
        if self._asked > 3 and not view.times_acted:
            yield AddMargin(id=view.id, amount=D(1)), "asked often enough"


class Clumsy(Plain):
    """Raises at one mark."""

    def decide(self, view: View) -> Decisions:
        if view.mark == 95:
            raise ValueError("an unlucky mark")
        yield AddMargin(id=view.id, amount=D(1)), "near"


class Idle(Plain):
    """Has nothing to do in its own example."""

    def needs(self) -> Needs:
        return Needs()

    def wake(self, view: View) -> Wake:
        return Metric.DISTANCE.below(D("0.001"))


class Vague(Params):
    below: int = 5


class Undocumented(Rule[Vague]):
    """Does not say what its parameter means."""

    proposes = (AddMargin,)

    def decide(self, view: View) -> Decisions:
        yield AddMargin(id=view.id, amount=D(self.params.below)), "near"


def an_example(rule: type[Rule[Any]]) -> Example:
    beats = [mark("99"), mark("97.5"), mark("95", after_ms=2 * MINUTE), mark("94"), mark("93")]
    return Example(params={}, beats=beats, draw=None, rule=rule)


PLANTED: Mapping[str, Example] = {
    kind.__name__.lower(): an_example(kind)
    for kind in (
        Plain,
        Counting,
        Remembering,
        Oversleeping,
        Undeclared,
        Daring,
        Impatient,
        Clumsy,
        Idle,
        Undocumented,
    )
}
