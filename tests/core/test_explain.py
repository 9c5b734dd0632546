"""Why it acts and why it does not: conditions with their values, verdicts, and one line per position."""

from decimal import Decimal

import pytest

from bot.core.asking.explain import TIME_COMES, ConditionReading, RuleExplanation
from bot.core.decisions import Action, Because
from bot.core.facts import CommandKind, OutcomeKind
from bot.core.intents import Level, Notify
from bot.core.settings import Limits
from bot.core.types import PositionId, Symbol
from bot.core.wake import Always, At, BarClose, Changed, Metric, Never, Wake, all_of, any_of
from tests.building.core import (
    BTC,
    ETH,
    ETH_LONG,
    LONG,
    NEAR,
    SHORT,
    D,
    Desk,
    a_position,
    a_stop,
    adds,
    closes,
    of,
    says,
)


def explained(wake: Wake, *, id_: PositionId = LONG, margin: str | None = None) -> RuleExplanation:
    desk = Desk(says("rule", when=wake))
    desk.holds(a_position(id_, margin=margin))
    (explanation,) = desk.engine.explain()
    (rule,) = explanation.rules
    return rule


def test_a_condition_is_shown_with_its_value_and_how_far_away_it_is() -> None:
    (reading,) = explained(NEAR).conditions
    assert reading == ConditionReading(
        text="distance below 0.08", value="0.1000", threshold="0.08", away="0.0200", holds=False
    )


@pytest.mark.parametrize(
    ("wake", "text", "value", "away", "holds"),
    [
        (Metric.DISTANCE.below(D("0.2")), "distance below 0.2", "0.1000", None, True),
        (Metric.DISTANCE.above(D("0.2")), "distance above 0.2", "0.1000", "0.1000", False),
        (Metric.MARK.below(D(95)), "mark below 95", "100", "5", False),
        (Metric.MARK.above(D(95)), "mark above 95", "100", None, True),
        # 4 of maintenance over 13.6 of equity.
        (Metric.MARGIN_RATIO.above(D("0.5")), "margin_ratio above 0.5", "0.2941", "0.2059", False),
        (Metric.LIQUIDATION.above(D("90.7")), "liquidation above 90.7", "90.2", "0.5", False),
    ],
)
def test_every_metric_is_shown_in_its_own_units(
    wake: Wake, text: str, value: str, away: str | None, holds: bool
) -> None:
    # 13.408 of margin for the last case: (100 - 13.408) / 0.96 = 90.2.
    margin = "13.408" if "liquidation" in text else None
    (reading,) = explained(wake, margin=margin).conditions
    assert (reading.text, reading.value, reading.away, reading.holds) == (text, value, away, holds)


@pytest.mark.parametrize(
    ("wake", "text"),
    [
        (BarClose(3_600_000), "a 1h bar closes"),
        (Changed(), "position, orders, balance or state change"),
        (Always(), "every fact"),
        (Never("no reason"), "nothing before a change: no reason"),
    ],
)
def test_events_are_shown_in_words(wake: Wake, text: str) -> None:
    (reading,) = explained(wake).conditions
    assert (reading.text, reading.value, reading.threshold, reading.away) == (text, None, None, None)


def test_a_time_is_shown_in_milliseconds() -> None:
    (reading,) = explained(At(10**15)).conditions
    assert (reading.text, reading.threshold, reading.holds) == (TIME_COMES, str(10**15), False)
    assert reading.value is not None
    assert reading.away == str(10**15 - int(reading.value))
    (past,) = explained(At(0)).conditions
    assert (past.away, past.holds) == (None, True)


def test_conditions_in_conditions_are_shown_one_by_one() -> None:
    readings = explained(any_of(NEAR, all_of(Changed(), Metric.MARK.below(D(95))))).conditions
    assert [r.text for r in readings] == [
        "distance below 0.08",
        "position, orders, balance or state change",
        "mark below 95",
    ]


def test_without_a_liquidation_price_a_distance_has_no_value() -> None:
    (reading,) = explained(NEAR, margin="100").conditions
    assert (reading.value, reading.away, reading.holds) == ("none", None, False)
    (reading,) = explained(Metric.LIQUIDATION.below(D(120)), id_=SHORT, margin="14.4").conditions
    assert D(reading.value or 0) == 110


@pytest.mark.parametrize(
    ("wake", "verdict"),
    [
        (NEAR, "quiet: its conditions do not hold"),
        (Never("it has no legs"), "quiet until something changes: it has no legs"),
        (Metric.DISTANCE.below(D("0.2")), "awake, and finds nothing to do"),
    ],
)
def test_the_verdict_says_why_a_rule_is_quiet(wake: Wake, verdict: str) -> None:
    assert explained(wake).verdict == verdict


def test_a_refused_rule_says_by_whom_and_why() -> None:
    desk = Desk(adds(), free="0")
    desk.holds(a_position())
    desk.mark("95")
    (rule,) = desk.engine.explain()[0].rules
    assert rule.verdict.startswith("wants to act, refused (balance): free 0")
    assert rule.last_refusal is not None
    assert rule.last_refusal.because is Because.BALANCE


def test_a_parked_rule_says_what_it_raised() -> None:
    desk = Desk(says("bad", lambda view: [1 // 0]))
    desk.holds(a_position(), mark="95")
    (rule,) = desk.engine.explain()[0].rules
    assert rule.parked
    assert rule.verdict.startswith("parked: ZeroDivisionError")


def test_before_the_first_mark_there_are_no_values() -> None:
    desk = Desk(adds())
    desk.holds(a_position(), mark=None)
    (explanation,) = desk.engine.explain()
    assert (explanation.mark, explanation.liquidation, explanation.distance) == (None, None, None)
    assert explanation.margin_ratio is None
    assert [(r.conditions, r.verdict) for r in explanation.rules] == [((), "waits for a mark price")]
    (status,) = desk.engine.overview()
    assert (status.mark, status.next_rule, status.next_away) == (None, None, None)


def test_what_was_done_is_counted() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    desk.works(action)
    (rule,) = desk.engine.explain()[0].rules
    assert (rule.rule, rule.times_acted, rule.shadow) == ("adds", 1, False)


def test_one_symbol_or_all() -> None:
    desk = Desk(adds())
    desk.holds(a_position(), a_position(SHORT), a_position(ETH_LONG))
    assert [e.id for e in desk.engine.explain()] == [LONG, SHORT, ETH_LONG]
    assert [e.id for e in desk.engine.explain(BTC)] == [LONG, SHORT]
    assert [e.id for e in desk.engine.explain(ETH)] == [ETH_LONG]
    assert desk.engine.explain(Symbol("XRP/USDT:USDT")) == ()


# -- one line per position ----------------------------------------------------------------------------


def test_a_line_says_how_the_position_stands() -> None:
    desk = Desk(adds())
    desk.holds(a_position(LONG, "1"))
    desk.rests(a_stop("93"))
    (status,) = desk.engine.overview()
    assert (status.id, status.quantity, status.mark) == (LONG, D(1), D(100))
    assert (status.liquidation, status.distance) == (D(90), D("0.1"))
    assert status.margin_ratio == D(4) / D("13.6")
    assert status.protected_by == "theirs-93"


def test_the_next_rule_is_the_one_nearest_to_its_distance() -> None:
    far = closes(name="far", when=Metric.DISTANCE.below(D("0.03")))
    desk = Desk(far, adds(), says("other", when=any_of(Metric.MARK.below(D(1)), Changed())))
    desk.holds(a_position())
    (status,) = desk.engine.overview()
    assert (status.next_rule, status.next_away) == ("adds", "0.0200")
    desk = Desk(adds(), far, free="0")
    desk.holds(a_position(), mark="97")
    (status,) = desk.engine.overview()
    # 7 of 97 is 0.0722: 0.0422 to go for the other.
    assert (status.next_rule, status.next_away) == ("far", "0.0422")


def test_a_parked_rule_is_not_the_next_one() -> None:
    far = closes(name="far", when=Metric.DISTANCE.below(D("0.03")))
    desk = Desk(says("bad", lambda view: [1 // 0]), far)
    desk.holds(a_position(), mark="95")
    desk.mark("100")
    (status,) = desk.engine.overview()
    # "bad" would be nearer: 0.1 is 0.02 from 0.08 and 0.07 from 0.03.
    assert (status.next_rule, status.next_away) == ("far", "0.0700")


def test_a_rule_whose_budget_is_spent_is_not_the_next_one() -> None:
    far = closes(name="far", when=Metric.DISTANCE.below(D("0.01")))
    desk = Desk(adds(), far, limits=Limits(margin_per_position=D(0)))
    desk.holds(a_position())
    assert desk.engine.overview()[0].next_rule == "adds"
    desk.mark("95")
    desk.pays_in("1")  # another state: the budget is as spent as before
    desk.mark("100")
    (status,) = desk.engine.overview()
    assert (status.next_rule, status.next_away) == ("far", "0.0900")


def test_a_budget_that_renews_lets_its_rule_be_the_next_one_again() -> None:
    desk = Desk(adds(), limits=Limits(margin_per_day=D(0)))
    desk.holds(a_position())
    desk.mark("95")
    desk.mark("100", after_ms=1_000)
    assert desk.engine.overview()[0].next_rule is None
    desk.mark("100", after_ms=86_400_000)
    assert desk.engine.overview()[0].next_rule == "adds"


def test_a_rule_that_waits_for_what_never_comes_is_not_the_next_one() -> None:
    desk = Desk(says("waits", when=all_of(NEAR, Never("it has no legs"))))
    desk.holds(a_position())
    assert desk.engine.overview()[0].next_rule is None


def test_without_a_distance_there_is_no_next_rule() -> None:
    desk = Desk(adds())
    desk.holds(a_position(margin="100"))
    (status,) = desk.engine.overview()
    assert (status.next_rule, status.distance, status.liquidation) == (None, None, None)


def test_the_last_action_and_the_last_refusal_are_shown() -> None:
    tells = says("tells", Notify(id=LONG, level=Level.INFO, text="x"), when=Always())
    desk = Desk(adds(), closes(), tells)
    desk.holds(a_position())
    (status,) = desk.engine.overview()
    assert status.last_action is not None
    assert status.last_action.rule == "tells"
    (action,) = of(Action, desk.mark("95", after_ms=100))
    (status,) = desk.engine.overview()
    assert status.last_action == action
    desk.command(CommandKind.HALT)
    desk.works(action)
    (status,) = desk.engine.overview()
    assert status.last_refusal is not None


def test_the_distance_to_liquidation_can_be_asked_for() -> None:
    desk = Desk()
    desk.holds(a_position(), a_position(SHORT), a_position(ETH_LONG, margin="100"))
    desk.mark("99")
    assert desk.engine.distance(LONG) == D(9) / D(99)
    assert desk.engine.distance(SHORT) == D(11) / D(99)
    assert desk.engine.distance(ETH_LONG) is None
    assert desk.engine.distance(PositionId(LONG.account, Symbol("XRP"), LONG.side)) is None
    assert isinstance(desk.engine.distance(LONG), Decimal)


def test_what_a_person_paused_is_shown_before_it_would_have_acted_and_the_fixed_rules_are_not() -> None:
    desk = Desk(adds(), closes(), seatbelt=True)
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.command(CommandKind.PAUSE, "adds")
    desk.command(CommandKind.PAUSE, str(ETH_LONG), until_ms=desk.now_ms + 5_000)
    half_an_hour, soon = desk.now_ms + 30 * 60_000, desk.now_ms + 5_000

    def shown() -> list[list[int | None]]:
        return [[rule.paused_until_ms for rule in each.rules] for each in desk.engine.explain()]

    assert shown() == [[half_an_hour, None, None], [half_an_hour, soon, None]]
    desk.command(CommandKind.PAUSE, until_ms=desk.now_ms + 9_000)
    assert shown()[0] == [half_an_hour, desk.now_ms + 9_000, None]
    desk.mark("100", after_ms=9_000)
    assert shown() == [[half_an_hour, None, None], [half_an_hour, None, None]]


def test_a_rule_that_waits_for_its_release_is_shown_as_latched() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, equal_actions=2))
    desk.holds(a_position())
    assert not desk.engine.explain()[0].rules[0].latched
    desk.answer(of(Action, desk.steps[-1].decisions)[0], OutcomeKind.REJECTED)
    assert desk.engine.explain()[0].rules[0].latched
    desk.command(CommandKind.RESET, "adds")
    assert not desk.engine.explain()[0].rules[0].latched


def test_how_far_everything_is_can_be_asked_alone() -> None:
    desk = Desk(says("rule", when=NEAR))
    desk.holds(a_position(LONG))
    desk.holds(a_position(ETH_LONG))
    overview = [(status.distance, D(status.next_away or 0)) for status in desk.engine.overview()]
    assert list(desk.engine.distances(LONG.account)) == overview
    assert overview[0] == (D("0.1"), D("0.02"))
