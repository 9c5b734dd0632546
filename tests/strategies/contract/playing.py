"""Plays the example of a rule. What it wants is done by the venue at once and read back."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bot.core.codec import decode_fact, encode
from bot.core.decisions import Action, Decision
from bot.core.facts import (
    AccountRead,
    BarClosed,
    Book,
    CarriedOver,
    Fact,
    FundingRate,
    InstrumentChanged,
    LastPrice,
    MarkPrice,
    OpenInterest,
)
from bot.core.held.spot import SpotBalancesChanged
from bot.core.intents import Intent
from bot.core.types import RuleName
from tests.building.core import MAIN, Desk, of
from tests.strategies.contract.example import Beat, Example, entry_of

_MARKET = (
    SpotBalancesChanged,
    InstrumentChanged,
    MarkPrice,
    LastPrice,
    BarClosed,
    Book,
    OpenInterest,
    FundingRate,
)

Deed = tuple[int, RuleName, Intent, str]
"""An action without the id that only one run gives: when, which rule, what, and why."""


class Recorded(Desk):
    """A desk that keeps the batches it was told, for those who are told them again."""

    told: list[tuple[Fact, ...]]

    def fold(self, *facts: Fact) -> list[Decision]:
        """One batch."""
        self.told = [*getattr(self, "told", ()), facts]
        return super().fold(*facts)

    @property
    def market(self) -> Iterator[Fact]:
        """All that is not about the account: what a new run reads at the exchange, or waits for."""
        return (fact for facts in self.told for fact in facts if isinstance(fact, _MARKET))


def a_desk(name: str, example: Example, **settings: Any) -> Recorded:
    """A desk with the rule, where all is known but the positions."""
    desk = Recorded(
        entry_of(name, example),
        contracts=example.contracts,
        limits=example.limits,
        free=example.free,
        **settings,
    )
    for beat in example.before:
        beat(desk)
    return desk


def seen(desk: Desk, example: Example) -> list[Action]:
    """The positions are seen, and what is wanted of them is done."""
    return obeyed(desk, lambda its: its.holds(*example.held))


def obeyed(desk: Desk, *beats: Beat) -> list[Action]:
    """Something happens, and all that is wanted then is done, and what that leads to; the actions."""
    done: list[Action] = []
    for beat in beats:
        before = len(desk.steps)
        beat(desk)
        done += _carried_out(desk, before)
    return done


def played(name: str, example: Example, **settings: Any) -> tuple[Recorded, list[Action]]:
    """The whole example; the desk as it is then, and all actions."""
    desk = a_desk(name, example, **settings)
    return desk, [*seen(desk, example), *obeyed(desk, *example.beats)]


def until_it_acts(name: str, example: Example) -> tuple[Recorded, list[Action], Sequence[Beat]]:
    """Up to the first beat that the rule acts at; the desk, its actions, and the beats that are left."""
    desk = a_desk(name, example)
    actions = seen(desk, example)
    left = list(example.beats)
    while not actions and left:
        actions = obeyed(desk, left.pop(0))
    return desk, actions, left


def restarted(desk: Recorded, name: str, example: Example) -> Recorded:
    """Another run: told what the last one wrote down, and then what the exchange shows."""
    fact = CarriedOver(at_ms=desk.now_ms, epoch=1, carried=desk.engine.carried())
    again = Recorded(entry_of(name, example), contracts=(), limits=example.limits, known=False, epoch=2)
    again.now_ms, again.free = desk.now_ms, desk.free
    again.positions, again.orders = dict(desk.positions), dict(desk.orders)
    again.fold(decode_fact(encode(fact)))
    for told in desk.market:
        again.fold(told)
    for id_, orders in desk.orders.items():
        again.rests(*orders, id_=id_)
    if desk.positions:
        again.holds(*desk.positions.values(), mark=None)
    again.fold(again.balance(), AccountRead(at_ms=again.now_ms, account=MAIN))
    return again


def deeds(actions: Sequence[Action]) -> list[Deed]:
    """What was done, by whichever run."""
    return [(action.at_ms, action.rule, action.intent, action.reason) for action in actions]


def again(facts: tuple[Fact, ...]) -> Beat:
    """A batch is told once more."""
    return lambda desk: desk.fold(*facts)


def last_marks(desk: Recorded) -> Callable[[Desk], None]:
    """Every mark once more, now: none of them is old any longer."""
    prices = {fact.symbol: fact.price for fact in desk.market if isinstance(fact, MarkPrice)}

    def beat(its: Desk) -> None:
        for symbol, price in prices.items():
            its.mark(str(price), symbol)

    return beat


def _carried_out(desk: Desk, first: int) -> list[Action]:
    done: list[Action] = []
    at = first
    while at < len(desk.steps):
        for action in of(Action, desk.steps[at].decisions):
            assert len(done) < 50, f"it never ends: {action}"
            done.append(action)
            desk.works(action)
        at += 1
    return done
