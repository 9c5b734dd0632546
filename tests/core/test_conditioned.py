"""Conditions of the configuration: when a rule may speak because of them, and after how long.

The position is liquidated at 90, so the distance is 0.08 at a mark of 97.83 and 0.05 at 94.74.
"""

from dataclasses import replace

import pytest

from bot.config.when import parse_when
from bot.core.armed.conditioned import CONFIRMING
from bot.core.asking.explain import RuleExplanation
from bot.core.decisions import Action, Decision
from bot.core.facts import FundingRate, OpenInterest, OutcomeKind
from bot.core.intents import AddMargin, Level, Notify, PlaceStop
from bot.core.settings import Limits, RuleEntry
from bot.core.view import View
from bot.core.wake import Always, At, BarClose, Changed, Metric, Wake, all_of, any_of
from tests.building.core import (
    BTC,
    LONG,
    T0,
    D,
    Desk,
    a_contract,
    a_position,
    adds,
    changes,
    of,
    says,
    stops,
)

HOUR = 3_600_000


def under(when: str | None, confirm_for_ms: int = 0, entry: RuleEntry | None = None) -> RuleEntry:
    """A rule that adds margin below 8 %, under a condition."""
    condition = None if when is None else parse_when(when)
    return replace(entry or adds(), when=condition, confirm_for_ms=confirm_for_ms)


TELLS = says("tells", Notify(id=LONG, level=Level.INFO, text="seen"), when=Always())
"""A rule that always has something to say."""


def acted(decisions: list[Decision]) -> bool:
    return bool(of(Action, decisions))


def explained(desk: Desk) -> RuleExplanation:
    return desk.engine.explain()[0].rules[0]


# -- when -------------------------------------------------------------------------------------------------


def test_a_rule_speaks_where_both_its_own_wake_and_the_condition_hold() -> None:
    desk = Desk(under("mark < 95"))
    desk.holds(a_position())
    assert not acted(desk.mark("97"))
    assert not acted(desk.mark("95"))
    assert acted(desk.mark("94.9"))


def test_a_condition_alone_does_not_make_a_rule_speak() -> None:
    desk = Desk(under("mark < 99"))
    desk.holds(a_position())
    assert not acted(desk.mark("98.5"))


@pytest.mark.parametrize(
    ("when", "mark", "holds"),
    [
        ("distance < 0.05", "94.8", False),
        ("distance < 0.05", "94.7", True),
        ("distance <= 0.1", "97", True),
        ("0.05 > distance", "94.7", True),
        ("0.06 < distance < 0.07", "96", True),
        ("0.06 < distance < 0.07", "97", False),
        ("not distance > 0.05", "94.7", True),
        ("not (distance > 0.05 or mark > 1)", "94.7", False),
        ("mark >= 96", "96", True),
        ("mark > 96", "96", False),
        ("mark == 96", "96", True),
        ("mark != 96", "96", False),
        ("mark < entry * 0.97", "96.9", True),
        ("mark < entry * 0.97", "97", False),
        ("entry - mark > 2 * 1.5", "96.9", True),
        ("abs(mark - entry) > 3", "96.9", True),
        ("min(mark, 95, entry) == 95", "97", True),
        ("max(profit, -5) < -3", "96.9", True),
        ("-profit >= 3.1", "96.9", True),
        ("notional < 96", "95.9", True),
        ("quantity * leverage == 5 and margin / notional > 0.14", "95.9", True),
        ("side == 1 and liquidation == 90", "95", True),
        ("margin_ratio > 0.3", "97", True),
        ("free >= 1000 and loss_at_liquidation > 0", "97", True),
    ],
)
def test_what_a_condition_says_is_what_holds(when: str, mark: str, holds: bool) -> None:
    desk = Desk(under(when, entry=TELLS))
    desk.holds(a_position(), mark=None)
    assert acted(desk.mark(mark)) is holds


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("close_1h < 99", "no bar of 1h has closed yet"),
        ("not close_1h < 99", "no bar of 1h has closed yet"),
        ("mark > atr_1h", "fewer than 14 bars of 1h have closed"),
        ("mark / 0 > 1", "mark / 0 has no value"),
        ("mark / (entry - entry) > 1 or mark < 0", "mark / (entry - entry) has no value"),
    ],
)
def test_what_is_not_known_holds_nothing_and_is_said(when: str, why: str) -> None:
    desk = Desk(under(when))
    desk.holds(a_position())
    assert not acted(desk.mark("95"))
    reading = explained(desk).when
    assert reading is not None
    assert not reading.holds
    assert reading.parts[0].unknown == why


def test_what_is_not_known_does_not_stand_in_the_way_of_the_other_part_of_an_or() -> None:
    desk = Desk(under("close_1h < 99 or mark < 96"))
    desk.holds(a_position())
    assert not acted(desk.mark("97"))
    assert acted(desk.mark("95"))


def test_a_position_without_a_liquidation_price_is_infinitely_far_from_it() -> None:
    desk = Desk(under("distance > 0.9 and not distance < 5", entry=TELLS))
    assert acted(desk.holds(a_position(margin="100")))


def test_a_bar_that_closes_may_make_a_condition_hold() -> None:
    desk = Desk(under("close_1h < 99"))
    desk.holds(a_position(), mark="97")
    assert not acted(desk.bar("100", "101", "98", "99.5"))
    desk.now_ms += HOUR
    desk.mark("97")
    assert acted(desk.bar("99.5", "100", "97", "98"))


def test_a_change_of_the_position_may_make_a_condition_hold() -> None:
    desk = Desk(under("entry > 105"))
    desk.holds(a_position(), mark="97")
    assert acted(desk.holds(a_position(entry=D(110), margin="23.6"), mark=None))


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("funding_8h > 0.0015", True),
        ("funding_8h == 0.002", True),
        ("funding_cost_8h < 0", False),
        ("not funding_8h > 0.0015", False),
    ],
)
def test_funding_that_is_told_may_make_a_condition_hold(when: str, holds: bool) -> None:
    desk = Desk(under(when), contracts=(a_contract(funding_interval_ms=4 * HOUR),))
    desk.holds(a_position(), mark="97")
    reading = explained(desk).when
    assert reading is not None
    assert reading.parts[0].unknown == "no funding rate is known yet"
    told = FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D("0.001"), next_ms=desk.now_ms + HOUR)
    assert acted(desk.fold(told)) is holds


def test_open_interest_that_is_told_may_make_a_condition_hold() -> None:
    desk = Desk(under("open_interest < 1000"))
    desk.holds(a_position(), mark="97")
    assert not acted(desk.fold(OpenInterest(at_ms=desk.now_ms, symbol=BTC, quantity=D(1_000))))
    assert acted(desk.fold(OpenInterest(at_ms=desk.now_ms, symbol=BTC, quantity=D(999))))


def test_marks_that_change_nothing_end_at_the_tripwire() -> None:
    desk = Desk(under("mark < entry * 0.95 and side > 0"))
    desk.holds(a_position())
    wire = desk.engine.tripwires.wire(BTC)
    assert (wire.low, wire.high) == (D("97.9"), D("Infinity"))
    desk.mark("97.5")  # Its own wake holds: now the condition is what is missing.
    assert desk.engine.tripwires.wire(BTC).low == 95


def test_a_comparison_that_no_band_is_known_for_is_looked_at_at_every_mark() -> None:
    desk = Desk(under("mark < liquidation * 1.05"))
    desk.holds(a_position(), mark="97")
    wire = desk.engine.tripwires.wire(BTC)
    assert wire.low > wire.high
    assert not acted(desk.mark("94.5"))
    assert acted(desk.mark("94.4"))


def test_a_condition_that_cannot_hold_for_now_leaves_the_wire_open() -> None:
    desk = Desk(under("leverage > 20"))
    desk.holds(a_position(), mark="97")
    wire = desk.engine.tripwires.wire(BTC)
    assert (wire.low, wire.high) == (D("-Infinity"), D("Infinity"))


def test_the_occasion_a_rule_waits_for_passes_while_its_condition_does_not_hold() -> None:
    desk = Desk(under("mark < 96", entry=says("sees", AddMargin(id=LONG, amount=D(1)), when=BarClose(HOUR))))
    desk.holds(a_position(), mark="97")
    desk.bar("100", "101", "98", "97")
    assert not acted(desk.mark("95"))


# -- confirm_for ------------------------------------------------------------------------------------------


def confirming(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(was, now) for subject, was, now in changes(decisions) if subject == "rule:adds"]


BEGINS = [("waiting", CONFIRMING)]
ENDS = [(CONFIRMING, "waiting")]


def test_a_condition_has_to_hold_for_its_time_before_the_rule_acts() -> None:
    desk = Desk(under(None, 3_000))
    desk.holds(a_position())
    began = desk.mark("97")
    assert confirming(began) == BEGINS
    assert not acted(began)
    assert not acted(desk.mark("96.9", after_ms=2_999))
    assert acted(desk.mark("96.8", after_ms=1))


def test_the_time_comes_without_a_mark() -> None:
    desk = Desk(under(None, 3_000))
    desk.holds(a_position())
    desk.mark("97")
    assert not acted(desk.tick(after_ms=2_999))
    assert acted(desk.tick(after_ms=1))


def test_an_interruption_of_one_mark_begins_the_time_anew() -> None:
    desk = Desk(under(None, 3_000))
    desk.holds(a_position())
    desk.mark("97")
    assert confirming(desk.mark("97.9", after_ms=2_000)) == ENDS
    assert confirming(desk.mark("97", after_ms=1)) == BEGINS
    assert not acted(desk.tick(after_ms=2_999))
    assert acted(desk.tick(after_ms=1))


def test_rule_and_condition_have_to_hold_together() -> None:
    desk = Desk(under("mark < 96", 3_000))
    desk.holds(a_position())
    assert confirming(desk.mark("97")) == []
    assert confirming(desk.mark("95.9", after_ms=10_000)) == BEGINS
    assert confirming(desk.mark("96", after_ms=2_000)) == ENDS
    desk.mark("95", after_ms=1)
    assert not acted(desk.mark("95", after_ms=2_999))
    assert acted(desk.mark("95", after_ms=1))


def test_what_was_confirmed_ends_with_what_holds() -> None:
    desk = Desk(under(None, 3_000), limits=Limits(cooldown_ms=1))
    desk.holds(a_position())
    desk.mark("97")
    (action,) = of(Action, desk.tick(after_ms=3_000))
    desk.answer(action, OutcomeKind.REJECTED, proof="no")
    assert confirming(desk.mark("98", after_ms=1)) == ENDS
    assert not acted(desk.mark("97", after_ms=1))


def test_an_interruption_while_an_answer_is_out_counts() -> None:
    desk = Desk(stops("92"), under(None, 3_000))
    desk.holds(a_position())
    (place,) = of(Action, desk.mark("97"))
    assert isinstance(place.intent, PlaceStop)
    assert confirming(list(desk.steps[-1].decisions)) == BEGINS
    assert confirming(desk.mark("98", after_ms=1_000)) == ENDS
    assert confirming(desk.mark("97", after_ms=1_000)) == BEGINS
    desk.answer(place, OutcomeKind.REJECTED, proof="no")
    assert not acted(desk.tick(after_ms=2_000))
    assert acted(desk.tick(after_ms=1_000))


def test_while_an_answer_is_out_the_time_goes_on() -> None:
    desk = Desk(stops("92"), under(None, 3_000))
    desk.holds(a_position())
    (place,) = of(Action, desk.mark("97"))
    assert acted(desk.tick(after_ms=1_000)) is False
    desk.now_ms += 2_000
    decisions = desk.answer(place, OutcomeKind.REJECTED, proof="no")
    assert [type(a.intent) for a in of(Action, decisions)] == [AddMargin]


def test_a_silent_mark_confirms_nothing() -> None:
    desk = Desk(under(None, 8_000), limits=Limits(stale_after_ms=5_000))
    desk.holds(a_position())
    desk.mark("97")
    assert confirming(desk.tick(after_ms=5_001)) == ENDS
    assert confirming(desk.mark("97", after_ms=1)) == BEGINS
    assert not acted(desk.mark("97", after_ms=4_000))
    assert acted(desk.mark("97", after_ms=4_000))


def test_a_new_run_begins_to_count_anew() -> None:
    desk = Desk(under(None, 3_000))
    desk.holds(a_position())
    desk.mark("97")
    again = Desk(under(None, 3_000))
    again.now_ms = T0 + 2_900
    assert not acted(again.holds(a_position(), mark="97"))
    assert not acted(again.tick(after_ms=2_999))
    assert acted(again.tick(after_ms=1))


@pytest.mark.parametrize("wake", [BarClose(HOUR), Changed()])
def test_a_rule_of_occasions_acts_at_one_that_finds_its_condition_confirmed(wake: Wake) -> None:
    entry = says("sees", AddMargin(id=LONG, amount=D(1)), when=wake)
    desk = Desk(under("mark < 97.5 and high_1h > 0", 3_000, entry))
    desk.bar("100", "101", "98", "99")
    desk.holds(a_position(), mark="99")
    desk.mark("97")
    assert not acted(desk.tick(after_ms=4_000))
    desk.now_ms += HOUR
    desk.mark("97")
    desk.now_ms += 1
    assert acted(desk.bar("99", "101", "96", "97") + desk.pays_in("1"))


def test_a_rule_of_occasions_learns_between_them_that_its_condition_was_interrupted() -> None:
    entry = says("adds", AddMargin(id=LONG, amount=D(1)), when=BarClose(HOUR))
    desk = Desk(under("mark < 97.5 and high_1h > 0", 3_000, entry))
    desk.holds(a_position(), mark="97")
    desk.bar("100", "101", "98", "99")
    assert confirming(desk.mark("98", after_ms=HOUR)) == ENDS
    desk.mark("97", after_ms=1)
    desk.now_ms += 2_999
    assert not acted(desk.bar("99", "101", "96", "97"))


def test_a_time_that_a_rule_waits_for_is_the_beginning_of_what_holds() -> None:
    entry = says("adds", AddMargin(id=LONG, amount=D(1)), when=At(T0 + 1_000))
    desk = Desk(under(None, 3_000, entry))
    desk.holds(a_position())
    assert confirming(desk.tick(after_ms=1_000)) == BEGINS
    assert not acted(desk.tick(after_ms=2_999))
    assert acted(desk.tick(after_ms=1))


def test_of_a_wake_of_several_conditions_the_levels_have_to_last() -> None:
    wake = any_of(all_of(BarClose(HOUR), Metric.MARK.below(D(97))), Metric.MARK.above(D(105)), At(T0 + HOUR))
    desk = Desk(under("high_1h > 0", 3_000, says("adds", AddMargin(id=LONG, amount=D(1)), when=wake)))
    desk.holds(a_position(), mark="99")
    desk.bar("100", "101", "98", "99")
    assert confirming(desk.mark("96.9", after_ms=1)) == BEGINS
    assert confirming(desk.mark("97", after_ms=1)) == ENDS
    assert confirming(desk.mark("105.1", after_ms=1)) == BEGINS
    assert confirming(desk.mark("105", after_ms=1)) == ENDS
    assert confirming(desk.mark("101", after_ms=HOUR)) == BEGINS
    assert confirming(desk.mark("102", after_ms=1)) == []


def test_an_occasion_or_a_level_is_always_there() -> None:
    wake = any_of(BarClose(HOUR), Metric.MARK.below(D(97)))
    desk = Desk(under("high_1h > 0", 3_000, says("adds", AddMargin(id=LONG, amount=D(1)), when=wake)))
    desk.holds(a_position(), mark="99")
    assert confirming(desk.bar("100", "101", "98", "99")) == BEGINS


def test_a_rule_that_raised_confirms_nothing_while_an_answer_is_out() -> None:
    def raises(view: View) -> Wake:
        raise ValueError(view.id)

    desk = Desk(
        stops("92"), under(None, 3_000, says("adds", when=raises)), under("mark < 96", entry=adds(name="b"))
    )
    desk.holds(a_position())
    desk.mark("97")
    assert confirming(desk.mark("96.5", after_ms=1_000)) == []


def test_the_seatbelt_waits_for_nothing() -> None:
    desk = Desk(under("mark < 1", 60_000), seatbelt=True)
    (place,) = of(Action, desk.holds(a_position()))
    assert (place.rule, type(place.intent)) == ("seatbelt", PlaceStop)


# -- explain ----------------------------------------------------------------------------------------------


def test_explain_shows_the_condition_with_its_parts_and_values() -> None:
    desk = Desk(under("distance < 0.08 and not (close_1h < entry)"))
    desk.holds(a_position())
    desk.bar("100", "101", "98", "99")
    shown = explained(desk)
    assert [(each.text, each.holds) for each in shown.conditions] == [("distance below 0.08", False)]
    assert shown.when is not None
    assert (shown.when.text, shown.when.holds) == ("distance < 0.08 and not (close_1h < entry)", False)
    assert [(p.text, p.values, p.holds, p.unknown) for p in shown.when.parts] == [
        ("distance < 0.08", (("distance", "0.1"),), False, None),
        ("close_1h >= entry", (("close_1h", "99"), ("entry", "100")), False, None),
    ]


def test_explain_says_what_is_missing_and_for_how_long() -> None:
    desk = Desk(under("mark < 96", 3_000))
    desk.holds(a_position())
    assert explained(desk).verdict == "quiet: its conditions do not hold"
    desk.mark("97")
    assert explained(desk).verdict == "quiet: its own conditions hold, mark < 96 does not"
    assert explained(desk).confirmed_in_ms is None
    desk.mark("95")
    desk.mark("95", after_ms=500)
    shown = explained(desk)
    assert shown.verdict == "quiet: all holds, and has to for 2.5 s more"
    assert (shown.confirms_for_ms, shown.confirmed_in_ms) == (3_000, 2_500)
