"""The cheapest defence: what it does first, and that it finishes what takes two steps."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.capabilities import YES, Capabilities
from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import Book
from bot.core.intents import AddMargin, ReducePosition
from bot.core.settings import Limits, RuleEntry
from bot.core.types import RuleName
from strategies.cheapest_defence import CheapestDefence, CheapestDefenceParams
from tests.building.core import BTC, CROSS, ISOLATED, D, Desk, a_position, of
from tests.lab.replay.crashes import endured

MINUTE = 60_000


def defence(**params: Any) -> RuleEntry:
    return RuleEntry(rule=CheapestDefence(RuleName("cheapest_defence"), CheapestDefenceParams(**params)))


def test_where_money_is_there_and_losses_count_it_adds_margin() -> None:
    desk = Desk(defence(loss_counts=D(1)))
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    assert isinstance(action.intent, AddMargin)
    assert action.intent.amount == D("4.32")
    assert action.distance_after is not None
    assert action.distance_after >= D("0.1")


def test_where_capital_is_dear_and_losses_do_not_count_it_closes() -> None:
    desk = Desk(defence(capital_per_day=D("0.1"), loss_counts=D(0)))
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    assert isinstance(action.intent, ReducePosition)


def test_what_takes_two_steps_is_finished_although_the_first_one_ended_the_danger() -> None:
    desk = Desk(defence(loss_counts=D(1)), limits=Limits(margin_per_position=D(3)))
    desk.holds(a_position())
    (first,) = of(Action, desk.mark("95"))
    assert isinstance(first.intent, AddMargin)
    assert first.intent.amount == D(3)
    assert "then closing" in first.reason
    desk.works(first)
    assert D("0.06") < (desk.engine.distance(first.id) or D(0)) < D("0.1")
    (second,) = of(Action, desk.mark("95", after_ms=2 * MINUTE))
    assert isinstance(second.intent, ReducePosition)
    assert second.intent.then_add > 0


def test_half_gone_it_is_left_alone_once_it_is_long_ago() -> None:
    desk = Desk(defence(loss_counts=D(1)), limits=Limits(margin_per_position=D(3)))
    desk.holds(a_position())
    (first,) = of(Action, desk.mark("95"))
    desk.works(first)
    assert of(Action, desk.mark("95", after_ms=11 * MINUTE)) == []


def test_a_cross_position_is_made_smaller() -> None:
    desk = Desk(defence(), free="13.6")
    desk.holds(a_position(mode=CROSS))
    (action,) = of(Action, desk.mark("95"))
    assert isinstance(action.intent, ReducePosition)
    assert action.intent.then_add == 0


def test_it_steps_so_often_and_no_more() -> None:
    desk = Desk(defence(max_times=1, loss_counts=D(1)))
    desk.holds(a_position())
    (first,) = of(Action, desk.mark("95"))
    desk.works(first)
    assert of(Action, desk.mark("90", after_ms=2 * MINUTE)) == []


def test_where_nothing_less_reaches_the_target_it_closes_everything_if_it_can() -> None:
    able = Capabilities(
        venue="somewhere", levers={("ReducePosition", CROSS): YES, ("ReducePosition", ISOLATED): YES}
    )
    desk = Desk(defence(loss_counts=D(1)), able=able)
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    assert isinstance(action.intent, ReducePosition)
    assert action.intent.quantity == 1


def test_what_the_venue_cannot_do_at_all_is_refused_with_its_reason() -> None:
    desk = Desk(defence(), able=Capabilities(venue="somewhere"))
    desk.holds(a_position())
    assert [refusal.because for refusal in of(Refusal, desk.mark("95"))] == [Because.CAPABILITY]


def test_far_from_liquidation_there_is_nothing_to_show() -> None:
    desk = Desk(defence())
    desk.holds(a_position(margin="30"))
    assert desk.engine.explain()[0].rules[0].table == ()


def test_explain_shows_what_each_lever_would_cost() -> None:
    desk = Desk(defence())
    desk.holds(a_position(), mark="95")
    desk.fold(Book(at_ms=desk.now_ms, symbol=BTC, bid=D(95), ask=D(95), bid_depth=D(100), ask_depth=D(100)))
    table = desk.engine.explain()[0].rules[0].table
    assert table[0][0] == "lever"
    assert [row[0] for row in table[1:]] == [
        "add margin",
        "close a part",
        "cut leverage",
        "open hedge",
        "cheapest",
    ]


def test_a_target_that_is_no_farther_than_the_trigger_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be above below"):
        CheapestDefenceParams(below=D("0.06"), restore_to=D("0.05"))


# -- recorded crashes ---------------------------------------------------------------------------------

CHEAPEST: dict[str, dict[str, Any]] = {"cheapest_defence": {}}


@pytest.mark.parametrize(
    ("crash", "tape"), [("2025-04-07", "BTC_bybit_perp_5m"), ("2025-11-21", "ETH_binance_perp_5m")]
)
def test_in_a_fall_that_is_made_good_it_keeps_what_would_be_lost(
    shared: Path, tmp_path: Path, crash: str, tape: str
) -> None:
    ended = endured(shared, tmp_path, crash, tape, rules=CHEAPEST)
    assert (ended.liquidations, ended.undefended_liquidations) == (0, 1)
    assert ended.equity > ended.undefended + 700


def test_in_a_fall_that_ends_before_its_trigger_it_is_silent(shared: Path, tmp_path: Path) -> None:
    ended = endured(shared, tmp_path, "2024-03-05", "BTC_binance_perp_5m", rules=CHEAPEST, leverage=5)
    assert ended.acts == {}
    assert ended.equity == ended.undefended
