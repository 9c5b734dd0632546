"""Top-up: adds isolated margin, enough and not more, a limited number of times."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.decisions import Action, Because, Refusal
from bot.core.intents import AddMargin
from bot.core.settings import Limits, RuleEntry
from bot.core.types import PositionId, RuleName
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import CROSS, LONG, SHORT, D, Desk, a_contract, a_position, of


def top_up(**params: Any) -> RuleEntry:
    return RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams(**params)))


def amount(action: Action) -> Decimal:
    assert isinstance(action.intent, AddMargin)
    return action.intent.amount


@pytest.mark.parametrize(("id_", "quiet", "loud"), [(LONG, "97.9", "97.8"), (SHORT, "101.8", "101.9")])
def test_it_acts_when_liquidation_is_nearer_than_its_trigger(id_: PositionId, quiet: str, loud: str) -> None:
    # 90 is less than 8 % away below 97.826..; 110 above 101.851..
    desk = Desk(top_up())
    desk.holds(a_position(id_))
    assert of(Action, desk.mark(quiet)) == []
    assert len(of(Action, desk.mark(loud))) == 1


@pytest.mark.parametrize(
    ("id_", "mark", "added"),
    [
        # 12 % below 95 is 83.6: margin 100 - 0.96 * 83.6 = 19.744, of which 13.6 are there.
        (LONG, "95", "6.15"),
        # 12 % above 105 is 117.6: margin 1.04 * 117.6 - 100 = 22.304, of which 14.4 are there.
        (SHORT, "105", "7.91"),
    ],
)
def test_it_adds_what_brings_the_target_back_rounded_up_to_the_cent(
    id_: PositionId, mark: str, added: str
) -> None:
    desk = Desk(top_up())
    desk.holds(a_position(id_))
    (action,) = of(Action, desk.mark(mark))
    assert amount(action) == D(added)
    assert action.distance_after is not None
    assert D("0.12") <= action.distance_after < D("0.1205")
    assert "away" in action.reason
    desk.works(action)
    assert of(Action, desk.steps[-1].decisions) == []


def test_trigger_and_target_are_two_numbers_so_that_it_rests_in_between() -> None:
    desk = Desk(top_up(), limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    desk.works(of(Action, desk.mark("95"))[0])
    # Liquidated at 83.6 now (in fact 83.59.. on the tick): 8 % away at 90.87.
    for price in ("94", "92", "91"):
        assert of(Action, desk.mark(price)) == []
    assert len(of(Action, desk.mark("90.8"))) == 1


def test_it_acts_at_most_so_often_per_lot() -> None:
    desk = Desk(top_up(max_times=2), limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    prices = ("97", "89", "82", "78", "75")
    count = 0
    for price in prices:
        for action in of(Action, desk.mark(price)):
            count += 1
            desk.works(action)
    assert count == 2
    (rule,) = desk.engine.explain()[0].rules
    assert rule.verdict == "quiet until something changes: margin was added 2 times already"
    desk.closed()
    desk.holds(a_position(opened_ms=desk.now_ms + 1), mark="97")
    assert len(of(Action, desk.steps[-1].decisions)) == 1


def test_it_says_why_it_has_nothing_to_do_in_cross() -> None:
    desk = Desk(top_up(below="0.5", restore_to="0.6"), free="30")
    desk.holds(a_position(mode=CROSS))
    assert of(Action | Refusal, desk.steps[-1].decisions) == []  # type: ignore[arg-type]
    (rule,) = desk.engine.explain()[0].rules
    assert "isolated positions only" in rule.verdict


def test_a_poor_account_gives_what_it_has() -> None:
    desk = Desk(top_up(), free="2")
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    assert amount(action) == 2


def test_an_empty_account_is_a_refusal() -> None:
    desk = Desk(top_up(), free="0")
    desk.holds(a_position())
    (refusal,) = of(Refusal, desk.mark("95"))
    assert refusal.because is Because.BALANCE


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"below": "0"}, "below"),
        ({"below": "1"}, "below"),
        ({"below": "-0.1"}, "below"),
        ({"below": "nan"}, "below"),
        ({"restore_to": "1"}, "restore_to"),
        ({"max_times": 0}, "max_times"),
        ({"max_times": 101}, "max_times"),
        ({"max_times": 1.5}, "max_times"),
        ({"belov": "0.1"}, "belov"),
        ({"below": "0.12", "restore_to": "0.12"}, "must be above below"),
        ({"below": "0.2", "restore_to": "0.12"}, "must be above below"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(params: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        TopUpParams(**params)


def test_parameters_are_documented_and_cannot_be_changed() -> None:
    params: Any = TopUpParams()
    schema = TopUpParams.model_json_schema()
    assert all("description" in field for field in schema["properties"].values())
    with pytest.raises(ValidationError):
        params.below = D("0.5")


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=places)


@given(
    id_=st.sampled_from([LONG, SHORT]),
    quantity=decimals("0.1", "20", 1),
    share=decimals("0.06", "0.3", 3),
    below=decimals("0.02", "0.3", 3),
    more=decimals("0.01", "0.3", 3),
    step=st.sampled_from([D("0.01"), D("0.1"), D(1)]),
    move=decimals("0.75", "1.25", 3),
)
def test_an_addition_always_reaches_the_target_and_a_step_less_would_not(
    id_: PositionId,
    quantity: Decimal,
    share: Decimal,
    below: Decimal,
    more: Decimal,
    step: Decimal,
    move: Decimal,
) -> None:
    target = below + more
    margin = share * 100 * quantity
    desk = Desk(
        top_up(below=below, restore_to=target), free="100000", contracts=[a_contract(margin_step=step)]
    )
    mark = D(100) * move
    for action in of(Action, desk.holds(a_position(id_, str(quantity), margin=str(margin)), mark=str(mark))):
        assert action.distance_before is not None
        assert action.distance_before < below
        assert action.distance_after is None or action.distance_after >= target
        # By hand: with a step of margin less, liquidation is nearer than the tick that was wanted.
        less = margin + amount(action) - step
        sign = id_.side.sign
        price = (100 - sign * less / quantity) / (1 - sign * D("0.04"))
        wanted = mark * (1 - sign * target)
        assert sign * (price - wanted.quantize(D("0.1"), ROUND_FLOOR if sign > 0 else ROUND_CEILING)) > 0
        assert amount(action) % step == 0
