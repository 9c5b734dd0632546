"""Funding as a share of margin: said, reduced, or left before the settlement that costs too much.

At the desk a long of 1 at 100 has a margin of 13.6. At 0.1 % every eight hours a settlement costs 0.1 and a
day 0.3, which is 2.2 % of the margin; at 0.3 % a day costs 6.6 %.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.contracts import ContractKind
from bot.core.decisions import Action, Decision
from bot.core.facts import CarriedOver, FundingPaid, FundingRate
from bot.core.intents import Level, Notify, ReducePosition
from bot.core.rule import Needs
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, RuleName
from strategies.funding_guard import FundingGuard, FundingGuardParams
from tests.building.core import BTC, CROSS, LONG, SHORT, T0, D, Desk, a_contract, a_position, of
from tests.lab.replay.crashes import endured

MINUTE, HOUR = 60_000, 3_600_000
MARK = "100"


def guard(**params: Any) -> RuleEntry:
    return RuleEntry(rule=FundingGuard(RuleName("funding"), FundingGuardParams(**params)))


def told(desk: Desk, rate: str, next_ms: int) -> list[Action]:
    said = of(Action, desk.mark(MARK)) if desk.now_ms > T0 else []
    assert said == [], "an old mark would be refused"
    fact = FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D(rate), next_ms=next_ms)
    return of(Action, desk.fold(fact))


def paying(id_: PositionId = LONG, rate: str = "0.003", **params: Any) -> Desk:
    """A position for which a rate was told that is settled in eight hours."""
    desk = Desk(guard(**params))
    desk.holds(a_position(id_))
    told(desk, rate, T0 + 8 * HOUR)
    return desk


def closed(decisions: list[Decision] | list[Action]) -> list[object]:
    return [a.intent.quantity for a in of(Action, decisions) if isinstance(a.intent, ReducePosition)]


def test_it_says_once_per_settlement_what_a_day_costs() -> None:
    desk = Desk(guard(warn="0.05"))
    desk.holds(a_position())
    (action,) = told(desk, "0.003", T0 + 8 * HOUR)
    text = f"funding 0.3000% at {T0 + 8 * HOUR} costs 0.30 of a margin of 13.60"
    assert action.intent == Notify(id=LONG, level=Level.WARNING, text=text)
    assert action.reason == "more than 5.0% in a day"
    desk.now_ms += HOUR
    assert told(desk, "0.0031", T0 + 8 * HOUR) == []
    desk.now_ms = T0 + 8 * HOUR
    assert len(told(desk, "0.003", T0 + 16 * HOUR)) == 1


def test_a_mark_that_makes_it_dearer_is_an_occasion() -> None:
    # 5 % of 13.6 in a day is 0.2266.. for a settlement: 0.24 % of 94.4 is less, of 94.5 more.
    desk = Desk(guard(warn="0.05"))
    desk.holds(a_position(), mark="94")
    assert told(desk, "0.0024", T0 + 8 * HOUR) == []
    assert of(Action, desk.mark("94.4")) == []
    assert len(of(Action, desk.mark("94.5"))) == 1


@pytest.mark.parametrize(("id_", "rate"), [(LONG, "-0.003"), (SHORT, "0.003"), (LONG, "0")])
def test_whoever_receives_is_left_alone(id_: PositionId, rate: str) -> None:
    desk = paying(id_, rate, warn="0.0001", reduce="0.001")
    assert closed(desk.mark("100", after_ms=8 * HOUR - MINUTE)) == []
    assert of(Action, desk.steps[-1].decisions) == []


def test_a_short_pays_where_the_rate_is_negative() -> None:
    desk = paying(SHORT, "-0.003", warn="0.05", aside="0.06")
    assert closed(desk.mark("100", after_ms=8 * HOUR - MINUTE)) == [D(1)]


@pytest.mark.parametrize(("params", "quantity"), [({"reduce": "0.06"}, "0.5"), ({"aside": "0.06"}, "1")])
def test_ten_minutes_before_the_settlement_it_reduces_or_steps_aside(
    params: dict[str, Any], quantity: str
) -> None:
    desk = paying(**params)
    assert closed(desk.mark("100", after_ms=7 * HOUR)) == []
    assert closed(desk.mark("100", after_ms=50 * MINUTE - 1)) == []
    (action,) = of(Action, desk.mark("100", after_ms=1))
    assert closed([action]) == [D(quantity)]
    assert action.reason.endswith("costs 0.30 of a margin of 13.60: more than 6.0% in a day")


def test_it_reduces_once_for_each_settlement() -> None:
    desk = paying(reduce="0.06")
    (action,) = of(Action, desk.mark("100", after_ms=8 * HOUR - 10 * MINUTE))
    desk.works(action)
    assert closed(desk.mark("100.1", after_ms=5 * MINUTE)) == []
    desk.now_ms = T0 + 8 * HOUR
    told(desk, "0.003", T0 + 16 * HOUR)
    # Half of it has half the margin: it costs the same share.
    assert closed(desk.mark("100", after_ms=8 * HOUR - MINUTE)) == [D("0.25")]


def test_after_the_settlement_it_waits_to_be_told_of_the_next() -> None:
    desk = paying(aside="0.06")
    assert closed(desk.mark("100", after_ms=8 * HOUR)) == []


def test_a_shortened_interval_multiplies_the_day() -> None:
    # Settled at 8 h, then announced for 10 h: twelve times 0.1 a day are 8.8 % of the margin.
    desk = Desk(guard(warn="0.05", aside="0.08"))
    desk.holds(a_position())
    assert told(desk, "0.001", T0 + 8 * HOUR) == []
    desk.now_ms = T0 + 8 * HOUR
    (action,) = told(desk, "0.001", T0 + 10 * HOUR)
    assert isinstance(action.intent, Notify)
    assert closed(desk.mark("100", after_ms=110 * MINUTE)) == [D(1)]


def test_an_interval_cut_short_before_the_settlement_counts_from_the_last_one() -> None:
    # Settled at 8 h and announced for 16 h, then brought forward to 12 h: six a day.
    desk = Desk(guard(warn="0.04"))
    desk.holds(a_position())
    told(desk, "0.001", T0 + 8 * HOUR)
    desk.now_ms = T0 + 8 * HOUR
    assert told(desk, "0.001", T0 + 16 * HOUR) == []
    desk.now_ms += HOUR
    assert len(told(desk, "0.001", T0 + 12 * HOUR)) == 1


def test_what_the_contract_says_of_its_interval_holds_until_a_settlement_was_seen() -> None:
    desk = Desk(guard(warn="0.05"), contracts=[a_contract(funding_interval_ms=2 * HOUR)])
    desk.holds(a_position())
    assert len(told(desk, "0.001", T0 + 2 * HOUR)) == 1


def test_at_its_cap_a_rate_counts_twice() -> None:
    # 2.2 % a day, and twice that at the cap.
    for cap, said in (("0.0011", 0), ("0.001", 1)):
        desk = Desk(guard(warn="0.04", cap=cap))
        desk.holds(a_position())
        assert len(told(desk, "0.001", T0 + 8 * HOUR)) == said


def paid(desk: Desk, amount: str) -> list[Decision]:
    return desk.fold(FundingPaid(at_ms=desk.now_ms, id=LONG, rate=D("0.005"), amount=D(amount)))


def test_what_was_paid_so_far_counts_to_what_may_be_spent() -> None:
    # 10 % of 13.6 is 1.36. With 1.05 paid a settlement of 0.3 just fits; with 1.07 it does not.
    desk = paying(spent="0.1")
    paid(desk, "-1.05")
    assert closed(desk.mark("100", after_ms=8 * HOUR - MINUTE)) == []
    assert closed(paid(desk, "-0.02")) == [D(1)]


def test_it_knows_what_was_paid_over_a_restart() -> None:
    desk = paying(spent="0.1")
    paid(desk, "-1.07")
    again = Desk(guard(spent="0.1"), known=False, epoch=2)
    again.fold(CarriedOver(at_ms=T0, epoch=1, carried=desk.engine.carried()))
    again.is_read()
    again.holds(a_position())
    told(again, "0.003", T0 + 8 * HOUR)
    assert closed(again.mark("100", after_ms=8 * HOUR - MINUTE)) == [D(1)]


def test_another_lot_begins_with_nothing_paid() -> None:
    desk = paying(spent="0.1")
    paid(desk, "-1.07")
    desk.closed()
    desk.holds(a_position(opened_ms=T0 + 1))
    assert closed(desk.mark("100", after_ms=8 * HOUR - MINUTE)) == []


def test_in_cross_the_margin_is_what_its_leverage_asks_for() -> None:
    # At 5x 20: 0.9 a day are 4.5 %.
    desk = Desk(guard(warn="0.04", aside="0.045"), free="20")
    desk.holds(a_position(mode=CROSS))
    (action,) = told(desk, "0.003", T0 + 8 * HOUR)
    assert isinstance(action.intent, Notify)
    assert closed(desk.mark("100", after_ms=8 * HOUR - MINUTE)) == []
    assert closed(desk.mark("100.1")) == [D(1)]


def test_an_inverse_contract_pays_more_as_the_price_falls() -> None:
    # 1000 of it at 100 are 10 coins: 0.03 a settlement. A third of 4 % of a margin of 2.25 is 0.03 too.
    contract = a_contract(kind=ContractKind.INVERSE, settlement="BTC", lot=D(1))
    desk = Desk(guard(warn="0.04"), contracts=[contract])
    desk.holds(a_position(quantity="1000", margin="2.25"))
    assert told(desk, "0.003", T0 + 8 * HOUR) == []
    assert of(Action, desk.mark("101")) == []
    assert len(of(Action, desk.mark("99.9"))) == 1


def test_without_the_rule_nobody_reads_funding() -> None:
    desk = Desk()
    assert desk.engine.needs == Needs()
    desk.holds(a_position())
    assert told(desk, "0.01", T0 + HOUR) == []
    assert not any(isinstance(f, FundingRate) for step in desk.steps for f in step.facts)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"warn": "0.05", "reduce": "0.05"}, "reduce 0.05 must be above warn 0.05"),
        ({"reduce": "0.2", "aside": "0.1"}, "aside 0.1 must be above reduce 0.2"),
        ({"warn": "0.3", "aside": "0.1"}, "aside 0.1 must be above warn 0.3"),
        ({"lead": "0s"}, "lead"),
        ({"spent": "1"}, "spent"),
        ({"fraction": "1.1"}, "fraction"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_with_the_reason(
    params: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        FundingGuardParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{"aside": 0.1}, {"reduce": 0.1}])
def test_in_november_2022_a_short_of_sol_is_not_bled(
    params: dict[str, float], shared: Path, tmp_path: Path
) -> None:
    # The rate stood at its cap of 2 %, at last every two hours: 21.4 % of the value in 38 hours.
    tapes = ("SOL_binance_perp_15m", "SOL_binance_funding")
    rules: dict[str, dict[str, Any]] = {"funding_guard": {"warn": 0.05} | params}
    ended = endured(shared, tmp_path, "2022-11-08_ftx", *tapes, rules=rules, side="short", leverage=5)
    assert ended.equity > ended.undefended + 1_000


def test_the_same_days_it_leaves_a_short_of_btc_alone(shared: Path, tmp_path: Path) -> None:
    tapes = ("BTC_binance_perp_5m", "BTC_binance_funding")
    rules: dict[str, dict[str, Any]] = {"funding_guard": {"warn": 0.05, "aside": 0.1}}
    ended = endured(shared, tmp_path, "2022-11-08_ftx", *tapes, rules=rules, side="short", leverage=5)
    assert ended.acts == {}
    assert ended.equity == ended.undefended
