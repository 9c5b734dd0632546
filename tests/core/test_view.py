"""What a rule sees, and the nouns it sees it in."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core.contracts import ContractKind, Tier
from bot.core.intents import AddMargin, Intent, ReducePosition, flaw
from bot.core.margin.rules import MaintenanceAt, MarginRules
from bot.core.rule import Decisions, Needs, Params, Rule
from bot.core.settings import EngineSettings, RuleEntry
from bot.core.types import ClientId, OrderKind, RuleName, Side
from bot.core.view import View
from bot.core.wake import Always, Metric, Never, any_of, timeframes
from bot.core.wake import BarClose as Bar
from tests.building.core import (
    BTC,
    CROSS,
    ETH_SHORT,
    LONG,
    SHORT,
    D,
    Desk,
    a_contract,
    a_position,
    a_stop,
    adds,
    says,
)


def seen(look: Callable[[View], Any], *orders: Any, position: Any = None, **desk: Any) -> Any:
    """What a rule makes of its view of one position at a mark of 100."""
    found: list[Any] = []

    def looks(view: View) -> list[Intent]:
        found.append(look(view))
        return []

    at = Desk(says("looks", looks, when=Always(), symbols=frozenset({BTC})), **desk)
    at.holds(position or a_position())
    at.rests(*orders)
    return found[-1]


@pytest.mark.parametrize(
    ("look", "value"),
    [
        (lambda v: (v.id, v.mark, v.position.margin), (LONG, D(100), D("13.6"))),
        (lambda v: (v.liquidation, v.distance, v.endangered), (D(90), D("0.1"), True)),
        # 13.6 of equity, of which 4 must be kept; all of it would be lost.
        (lambda v: (v.margin_ratio, v.loss_at_liquidation), (4 / D("13.6"), D("13.6"))),
        (lambda v: (v.free, v.times_acted, v.contract.symbol), (D(1000), 0, BTC)),
        # 12 % below 100 is 88: 100 - 0.96 * 88 = 15.52.
        (lambda v: v.margin_for_distance(D("0.12")), D("1.92")),
        (lambda v: v.close_for_loss(D("6.8")), D("0.5")),
        (lambda v: v.close_for_distance(D("0.1")), (D(0), D(0))),
        (lambda v: v.clear_of_liquidation(D("0.01")), D("90.9")),
        (lambda v: v.clear_of_liquidation(D("0.9")), D("95")),
    ],
)
def test_a_rule_sees_the_position_in_money_and_price(look: Callable[[View], Any], value: Any) -> None:
    assert seen(look) == value


def test_without_equity_the_ratio_is_infinite_and_nothing_is_left_to_lose() -> None:
    look = seen(lambda v: (v.margin_ratio, v.loss_at_liquidation), position=a_position(entry=D(120)))
    assert look == (D("Infinity"), D(0))


def test_beyond_liquidation_no_place_is_clear_of_it() -> None:
    assert seen(lambda v: v.clear_of_liquidation(D("0.01")), position=a_position(margin="1")) is None
    assert seen(lambda v: v.clear_of_liquidation(D("0.01")), position=a_position(margin="100")) is None


def test_the_stops_are_told_apart_by_what_they_are_good_for() -> None:
    far, near = a_stop("92"), a_stop("97")
    small = a_stop("99", quantity="0.1")
    assert seen(lambda v: (v.stops.nearest, v.stops.protecting, v.stops.ours)) == (None, None, None)
    assert seen(lambda v: (v.stops.nearest, v.stops.protecting), far, near, small) == (small, near)
    assert seen(lambda v: v.stops.placed_by(near), near) is None
    profit = a_stop("98", kind=OrderKind.TAKE_PROFIT_MARKET)
    assert seen(lambda v: v.stops.nearest, profit, far) == far


def test_of_two_stops_at_one_price_the_first_name_counts() -> None:
    one, two = (replace(a_stop("95"), client_id=ClientId(name)) for name in ("a", "b"))
    assert seen(lambda v: v.stops.nearest, two, one) == one


def test_where_maintenance_is_asked_at_the_mark_liquidation_moves_with_it() -> None:
    # 4 % of the mark are kept: at 100 equity may fall to 4, at 90.4; at 95 to 3.8, at 90.2.
    moving = a_contract(rules=MarginRules(name="x", version="1", maintenance_at=MaintenanceAt.MARK))
    wake = any_of(Metric.LIQUIDATION.below(D("90.3")), Never("x"))
    asked: list[Decimal] = []

    def hear(view: View) -> list[Intent]:
        asked.append(view.mark)
        return []

    desk = Desk(says("ear", hear, when=wake), contracts=[moving])
    desk.holds(a_position())
    assert desk.engine.overview()[0].liquidation == D("90.4")
    desk.mark("99")
    desk.mark("95")
    assert asked == [95]


def test_liquidation_that_does_not_exist_is_infinitely_far_for_a_condition() -> None:
    desk = Desk(
        says("low", when=Metric.LIQUIDATION.below(D(1))),
        says("high", when=Metric.LIQUIDATION.above(D(10**9))),
        free="1000",
    )
    desk.holds(a_position(margin="100"), a_position(ETH_SHORT, mode=CROSS))
    long, short = desk.engine.explain()
    assert [r.conditions[0].holds for r in long.rules] == [True, False]
    # 1000 behind a short of 1: (100 + 1000) / 1.04 is a price; there is always one for a short.
    assert short.liquidation == D("1057.6")


def test_a_cross_position_that_cannot_be_liquidated_may_be_made_smaller() -> None:
    desk = Desk(says("cuts", ReducePosition(id=LONG, quantity=D("0.5")), when=Always()), free="200")
    desk.holds(a_position(mode=CROSS))
    status = desk.engine.overview()[0]
    assert status.liquidation is None
    assert status.last_refusal is None
    assert status.last_action is not None


def test_there_is_no_bar_until_one_has_closed() -> None:
    found: list[Any] = []

    class Looks(Rule[Params]):
        def needs(self) -> Needs:
            return Needs(bars_ms=frozenset({3_600_000}))

        def decide(self, view: View) -> Decisions:
            found.append(view.bar(3_600_000))
            return ()

    desk = Desk(RuleEntry(rule=Looks(RuleName("looks"), Params())))
    desk.holds(a_position())
    desk.bar("100", "101", "99", "100.5")
    assert [bar and bar.close for bar in found] == [None, D("100.5")]


# -- nouns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["quantity", "entry", "leverage"])
def test_a_position_of_nothing_is_a_mistake(field: str) -> None:
    nothing: dict[str, Any] = {field: D(0)}
    with pytest.raises(AssertionError, match=field):
        replace(a_position(), **nothing)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tick": D(0)}, "tick"),
        ({"lot": D(0)}, "lot"),
        ({"tiers": ()}, "no tiers"),
        ({"tiers": (Tier(floor=D(5), cap=None, rate=D(1)),)}, "tiers start at 5"),
        (
            {
                "tiers": (
                    Tier(floor=D(0), cap=D(5), rate=D("0.1")),
                    Tier(floor=D(6), cap=None, rate=D("0.2")),
                )
            },
            "a hole",
        ),
    ],
)
def test_a_contract_that_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        a_contract(**changes)


def test_a_contract_rounds_to_its_steps() -> None:
    contract = a_contract(lot=D("0.05"), tick=D("0.5"), margin_step=D("0.1"))
    assert (contract.quantity_down(D("0.99")), contract.quantity_up(D("0.96"))) == (D("0.95"), D(1))
    assert (contract.price_down(D("99.9")), contract.price_up(D("99.6"))) == (D("99.5"), D(100))
    assert (contract.margin_down(D("1.99")), contract.margin_up(D("1.91"))) == (D("1.9"), D(2))
    assert contract.notional(D(2), D(50)) == 100
    assert replace(contract, kind=ContractKind.INVERSE).notional(D(100), D(50)) == 2


def test_sides_and_names() -> None:
    assert (Side.LONG.sign, Side.SHORT.sign) == (1, -1)
    assert (Side.LONG.opposite, Side.SHORT.opposite) == (Side.SHORT, Side.LONG)
    assert str(SHORT) == "main/BTC/USDT:USDT/short"
    assert [kind for kind in OrderKind if kind.is_stop] == [OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT]


def test_an_intent_without_a_flaw_has_none() -> None:
    assert flaw(AddMargin(id=LONG, amount=D(1))) is None
    assert flaw(AddMargin(id=LONG, amount=D("sNaN"))) is not None


def test_needs_add_up() -> None:
    both = Needs(bars_ms=frozenset({1}), book=True) | Needs(bars_ms=frozenset({2}), options=True)
    assert both == Needs(bars_ms=frozenset({1, 2}), book=True, options=True)
    assert both.timeframes_ms == {1, 2}


def test_the_timeframes_a_wake_waits_for() -> None:
    assert timeframes(any_of(Bar(1), any_of(Bar(2), Always()))) == {1, 2}
    assert timeframes(Never("x")) == frozenset()


def test_no_two_rules_have_one_name_and_none_that_of_the_seatbelt() -> None:
    with pytest.raises(AssertionError, match="two rules of one name"):
        EngineSettings(rules=(adds(), adds()), capabilities={})
    with pytest.raises(AssertionError, match="reserved"):
        EngineSettings(rules=(adds(name="seatbelt"),), capabilities={})
