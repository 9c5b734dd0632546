"""Taking margin back: only what was added, slowly, and never so that anything is worse for it.

At the desk a long of 1 at 100 keeps 4 %: it is liquidated at (100 - margin) / 0.96.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import OutcomeKind
from bot.core.intents import Posture, SetPosture, WithdrawMargin
from bot.core.margin.rules import LeverageCut, MarginRules, Removable
from bot.core.settings import Limits, RuleEntry
from bot.core.types import RuleName
from bot.core.wake import Metric
from strategies.margin_withdraw import MarginWithdraw, MarginWithdrawParams
from tests.building.core import CROSS, LONG, D, Desk, a_contract, a_position, a_stop, adds, of, reasons, says
from tests.lab.replay.crashes import endured

HOUR = 3_600_000
FEED: dict[str, Any] = {"name": "feed", "cooldown_ms": 0}
RULES = MarginRules(
    name="x", version="1", leverage_cut=LeverageCut.TOPS_UP, removable=Removable.ABOVE_INITIAL_AT_MARK
)


def withdraws(**params: Any) -> RuleEntry:
    values: dict[str, Any] = {"above": "0.15", "keep": "0.1"} | params
    return RuleEntry(rule=MarginWithdraw(RuleName("withdraw"), MarginWithdrawParams(**values)), cooldown_ms=0)


def fed(*entries: RuleEntry, amount: str = "20", seatbelt: bool = False) -> Desk:
    """A long with a margin of 13.6 to which 20 was added at 95: 33.6, liquidated at 69.2."""
    desk = Desk(
        adds(amount, **FEED),
        *entries,
        contracts=[a_contract(rules=RULES)],
        limits=Limits(margin_per_position=D(amount)),
        seatbelt=seatbelt,
    )
    desk.holds(a_position())
    desk.orders[LONG] = ()
    (action,) = of(Action, desk.mark("95"))
    desk.works(action)
    return desk


def taken(decisions: list[Any]) -> list[object]:
    return [a.intent.amount for a in of(Action, decisions) if isinstance(a.intent, WithdrawMargin)]


def test_six_hours_after_the_last_addition_a_quarter_of_it_is_taken() -> None:
    # (100 - 69.2) / 100 = 30.8 %; without 5 liquidation is at (100 - 28.6) / 0.96 = 74.375, on the tick 74.4.
    desk = fed(withdraws())
    assert taken(desk.mark("100", after_ms=6 * HOUR - 1)) == []
    (action,) = of(Action, desk.mark("100", after_ms=1))
    assert action.intent == WithdrawMargin(id=LONG, amount=D(5))
    assert action.reason == "liquidation 30.80% away, 20 may be taken back"
    assert action.distance_after == D("0.256")


def test_then_every_hour_until_only_what_must_be_kept_is_there() -> None:
    # 28.6: 25.6 % away. 23.6: (100 - 23.6) / 0.96 = 79.58, on the tick 79.6: 20.4 %. Five more: 15.2 %.
    # For 19 % 100 - 0.96 * 81 = 22.24 is wanted, so 1.36 may go; and 19 % is no longer more than 20 %.
    desk = fed(withdraws(above="0.2", keep="0.19"))
    desk.now_ms += 5 * HOUR
    found = []
    for _ in range(6):
        actions = of(Action, desk.mark("100", after_ms=HOUR))
        found += taken(list(actions))
        for action in actions:
            desk.works(action)
    assert found == [D(5), D(5), D("1.36")]


def test_what_was_not_added_by_us_stays() -> None:
    desk = Desk(withdraws(), contracts=[a_contract(rules=RULES)])
    desk.holds(a_position(margin="50"))
    assert taken(desk.mark("120", after_ms=99 * HOUR)) == []
    (rule,) = desk.engine.explain()[0].rules
    assert rule.verdict == "quiet until something changes: nothing that was added is left to take back"


def test_its_own_cap_leaves_a_part_for_good() -> None:
    desk = fed(withdraws(cap="0.3"))
    first = of(Action, desk.mark("100", after_ms=6 * HOUR))
    assert taken(list(first)) == [D(5)]
    desk.works(first[0])
    second = of(Action, desk.mark("100", after_ms=HOUR))
    assert taken(list(second)) == [D(1)]
    desk.works(second[0])
    assert taken(desk.mark("100", after_ms=99 * HOUR)) == []


def test_what_proves_not_applied_may_be_taken_again() -> None:
    desk = fed(withdraws(cap="0.25"))
    (action,) = of(Action, desk.mark("100", after_ms=6 * HOUR))
    desk.answer(action, OutcomeKind.REJECTED, code="-1", proof="said so")
    assert taken(desk.mark("100.1", after_ms=HOUR)) == [D(5)]


def test_it_is_silent_in_cross() -> None:
    desk = Desk(withdraws())
    desk.holds(a_position(mode=CROSS))
    (rule,) = desk.engine.explain()[0].rules
    assert "only isolated positions" in rule.verdict


# -- what the guard lets through ----------------------------------------------------------------------


def test_no_more_than_leaves_the_stop_beyond_liquidation() -> None:
    # A stop at 72 protects until liquidation is there: 100 - 0.96 * 72 = 30.88 of margin. 71.9 is the last
    # price before it: a margin of 30.976, on the step 30.98, so 2.62 of 33.6 may go.
    desk = fed(withdraws())
    desk.rests(a_stop("72"))
    assert taken(desk.mark("100", after_ms=6 * HOUR)) == [D("2.62")]


def test_nothing_that_would_wake_another_rule() -> None:
    # It asks for 5, and a quarter more is 6.25: 27.35 leaves (100 - 27.35) / 0.96 = 75.68, on the tick 75.7,
    # which is 24.3 % away.
    desk = fed(withdraws(), says("near", when=Metric.DISTANCE.below(D("0.25"))))
    (refusal,) = of(Refusal, desk.mark("100", after_ms=6 * HOUR))
    assert (refusal.because, refusal.text) == (Because.NOT_SAFER, "it would wake near")


def test_nothing_where_liquidation_would_be_too_near() -> None:
    # At 20x the venue keeps 4.4 of an equity of 21.6: 15 of 33.6 may go, and (100 - 18.6) / 0.96 = 84.8 is
    # 3.6 % below 88.
    asks = WithdrawMargin(id=LONG, amount=D(15))
    desk = fed(says("greedy", asks, when=Metric.MARK.below(D(90))))
    desk.holds(a_position(margin="33.6", leverage=D(20)), mark="95")
    (refusal,) = of(Refusal, desk.mark("88"))
    assert (refusal.because, refusal.text) == (Because.NOT_SAFER, "liquidation would be only 3.6364% away")


def test_nothing_while_another_rule_wants_caution() -> None:
    careful = says(
        "careful",
        lambda view: [SetPosture(id=view.id, posture=Posture.CAUTIOUS)],
        when=Metric.MARK.above(D(99)),
    )
    refused = reasons(fed(careful, withdraws()).mark("100", after_ms=6 * HOUR))
    assert ("withdraw", Because.POSTURE) in refused


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"above": "0.1", "keep": "0.1"}, "above 0.1 must be above keep 0.1"),
        ({"share": "0.5", "cap": "0.4"}, "cap 0.4 must not be below share 0.5"),
        ({"every": "0s"}, "every"),
        ({"quiet": "6"}, "a duration with its unit"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_with_the_reason(
    params: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        MarginWithdrawParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------

FED: dict[str, Any] = {"below": 0.06, "restore_to": 0.10}


def test_after_a_crash_what_it_took_is_free_again_and_nothing_else_is_different(
    shared: Path, tmp_path: Path
) -> None:
    rules: dict[str, dict[str, Any]] = {"top_up": FED}
    kept = endured(shared, tmp_path, "2024-03-05", "ETH_binance_perp_5m", rules=rules, leverage=8)
    rules["margin_withdraw"] = {"above": 0.15, "keep": 0.12}
    given = endured(shared, tmp_path, "2024-03-05", "ETH_binance_perp_5m", rules=rules, leverage=8)
    assert kept.acts == {"AddMargin": 1}
    assert given.acts["AddMargin"] == 1
    assert given.acts["WithdrawMargin"] > 1
    assert (given.equity, given.liquidations) == (kept.equity, 0)
    assert given.locked < kept.locked


def test_where_nothing_was_added_it_is_silent(shared: Path, tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {"top_up": FED, "margin_withdraw": {"above": 0.15, "keep": 0.12}}
    ended = endured(shared, tmp_path, "2024-03-05", "BTC_binance_perp_5m", rules=rules, leverage=8)
    assert ended.acts == {}
