"""The probability of liquidation as rules and conditions see it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.config.when import parse_when
from bot.core.decisions import Action
from bot.core.facts import BarClosed, FundingRate
from bot.core.intents import AddMargin, Intent
from bot.core.markets.passage import Passage
from bot.core.rule import Needs
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, Side
from bot.core.view import View
from bot.core.wake import Always, BarClose, Metric, Wake, any_of
from tests.building.core import BTC, LONG, SHORT, D, Desk, Says, a_position, of, says
from tests.core.test_passage import DAY, HOUR, wandering


class Counts(Says):
    """Adds margin where liquidation within a day is likelier than one in ten."""

    def __init__(self, *, funding: bool = False, declared: bool = True) -> None:
        self._wanted = Needs(indicators=frozenset({Passage(DAY)} if declared else ()), funding=funding)
        self.seen: list[Decimal | None] = []
        super().__init__("counts", self._said, self._awaits)

    def needs(self) -> Needs:
        return self._wanted

    def _awaits(self, view: View) -> Wake:
        self.seen.append(view.p_liquidation(DAY))
        near = view.distance_where(D("0.1"), DAY)
        closed = BarClose(HOUR)
        return closed if near is None else any_of(closed, Metric.DISTANCE.below(near))

    def _said(self, view: View) -> list[Intent]:
        chance = view.p_liquidation(DAY)
        return [AddMargin(id=view.id, amount=D(1))] if chance is not None and chance > D("0.1") else []


def after_bars(*rules: RuleEntry, count: int = 60, id_: PositionId = LONG) -> Desk:
    desk = Desk(*rules)
    for bar in wandering(count):
        desk.now_ms += HOUR
        desk.fold(bar._replace(at_ms=desk.now_ms))
    desk.holds(a_position(id_))
    return desk


def test_a_rule_may_wait_for_a_probability_like_for_a_distance() -> None:
    rule = Counts()
    desk = after_bars(RuleEntry(rule=rule))
    wire = desk.engine.tripwires.wire(BTC)
    assert D(90) < wire.low < D(100)
    assert not of(Action, desk.mark(str(wire.low + D("0.1"))))
    assert of(Action, desk.mark(str(wire.low - D("0.1"))))
    first, last = rule.seen[0], rule.seen[-1]
    assert first is not None
    assert last is not None
    assert first < D("0.1") < last


@pytest.mark.parametrize("id_", [LONG, SHORT])
def test_nearer_is_likelier_on_either_side(id_: PositionId) -> None:
    rule = Counts()
    desk = after_bars(RuleEntry(rule=rule), id_=id_)
    nearer = "99" if id_.side is Side.LONG else "101"
    desk.mark(nearer)
    desk.tick()
    assert rule.seen[-1] is not None
    assert rule.seen[0] is not None
    assert rule.seen[-1] > rule.seen[0]


def test_funding_that_has_to_be_paid_makes_it_likelier_and_what_is_received_does_not() -> None:
    found = {}
    for rate in ("0", "0.01", "-0.01"):
        rule = Counts(funding=True)
        desk = after_bars(RuleEntry(rule=rule))
        desk.fold(FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D(rate), next_ms=desk.now_ms + HOUR))
        desk.tick()
        found[rate] = rule.seen[-1] or D(0)
    assert found["0.01"] > found["0"] >= found["-0.01"]


def test_a_rule_that_asks_for_it_and_did_not_say_so_is_parked() -> None:
    desk = after_bars(RuleEntry(rule=Counts(declared=False)))
    assert desk.engine.explain()[0].rules[0].parked


def test_without_a_liquidation_price_it_is_nothing_and_without_bars_it_is_not_known() -> None:
    rule = Counts()
    desk = after_bars(RuleEntry(rule=rule))
    desk.holds(a_position(margin="100"), mark=None)
    assert rule.seen[-1] == 0
    young = Counts()
    after_bars(RuleEntry(rule=young), count=20)
    assert young.seen == [None]
    newborn = Counts()
    after_bars(RuleEntry(rule=newborn), count=0)
    assert newborn.seen == [None]


# -- as a measure -----------------------------------------------------------------------------------------


def under(when: str) -> RuleEntry:
    """A rule that always speaks, under a condition."""
    return replace(says("adds", AddMargin(id=LONG, amount=D(1)), when=Always()), when=parse_when(when))


def test_a_condition_on_it_is_a_level_of_the_distance() -> None:
    desk = after_bars(under("p_liquidation_1d > 0.1"))
    wire = desk.engine.tripwires.wire(BTC)
    assert D(90) < wire.low < D(100)
    assert wire.high == D("Infinity")
    assert not of(Action, desk.mark(str(wire.low + D("0.1"))))
    assert of(Action, desk.mark(str(wire.low - D("0.1"))))


def test_a_closing_bar_moves_what_is_waited_for() -> None:
    desk = after_bars(under("p_liquidation_1d > 0.1"))
    before = desk.engine.tripwires.wire(BTC).low
    for swing in ("4", "5", "6"):
        desk.now_ms += HOUR
        wild = (D(100), D(100) + D(swing), D(100) - D(swing), D(100))
        desk.fold(BarClosed(desk.now_ms, BTC, HOUR, *wild))
    assert desk.engine.tripwires.wire(BTC).low > before


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("p_liquidation_1d < 0.9", True),
        ("not p_liquidation_1d < 0.9", False),
        ("p_liquidation_1d >= 0.000001", True),
        ("p_liquidation_1d > 0", True),
        ("p_liquidation_1d > 1", False),
        ("p_liquidation_1d * 2 < 1", True),
        ("p_liquidation_1d != 0.5", True),
        ("p_liquidation_7d > p_liquidation_1d", False),
    ],
)
def test_whatever_is_asked_of_it_is_answered(when: str, holds: bool) -> None:
    desk = after_bars(under(when))
    assert bool(of(Action, desk.steps[-1].decisions)) is holds


def test_explain_shows_it_and_says_where_it_is_not_known() -> None:
    desk = after_bars(under("p_liquidation_1d > 0.1 and p_liquidation_7d > 0.1"))
    reading = desk.engine.explain()[0].rules[0].when
    assert reading is not None
    day, week = reading.parts
    assert day.unknown is None
    assert D(0) < D(day.values[0][1]) < D("0.1")
    assert week.unknown == "too few bars of 4h have closed"
