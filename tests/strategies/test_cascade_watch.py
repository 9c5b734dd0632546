"""Signs of a cascade: two together tighten the others, three of them under way reduce.

At the desk a long of 1 at 100 is liquidated at 90. The move is that over three bars of a minute.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Decision
from bot.core.facts import FundingRate, OpenInterest
from bot.core.intents import AddMargin, Posture, ReducePosition, SetPosture
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, RuleName
from strategies.cascade_watch import CascadeWatch, CascadeWatchParams
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import BTC, LONG, SHORT, T0, D, Desk, a_position, of
from tests.lab.replay.crashes import endured

MINUTE = 60_000


def watch(**params: Any) -> RuleEntry:
    values: dict[str, Any] = {"bars": 3, "near": "0.08"} | params
    return RuleEntry(rule=CascadeWatch(RuleName("cascade"), CascadeWatchParams(**values)))


def bar(desk: Desk, close: str, interest: str | None = None) -> list[Decision]:
    """A minute later; first open interest is told, if it is."""
    desk.now_ms += MINUTE
    if interest is not None:
        desk.fold(OpenInterest(at_ms=desk.now_ms, symbol=BTC, quantity=D(interest)))
    return [*desk.mark(close), *desk.bar(close, close, close, close, timeframe_ms=MINUTE)]


def a_desk(*others: RuleEntry, id_: PositionId = LONG, **params: Any) -> Desk:
    desk = Desk(watch(**params), *others)
    desk.holds(a_position(id_))
    for _ in range(4):
        bar(desk, "100", "1000")
    return desk


def intents(decisions: list[Decision]) -> list[object]:
    return [a.intent for a in of(Action, decisions)]


def tight(times: str = "1.5", id_: PositionId = LONG) -> SetPosture:
    return SetPosture(id=id_, posture=Posture.CAUTIOUS, tighten=D(times))


def test_a_move_and_nearness_tighten_the_others_until_half_of_it_is_made_good() -> None:
    # 97 is 3 % down and 7.2 % from 90; 97.5 still 2.5 %, more than half of 3; a bar later, from 98, 0.5 %.
    desk = a_desk()
    assert intents(bar(desk, "98")) == []
    (action,) = of(Action, bar(desk, "97"))
    assert action.intent == tight()
    assert action.reason == "a cascade is likely: 3.00% against it, liquidation 7.22% away"
    assert intents(bar(desk, "97.5")) == []
    (action,) = of(Action, bar(desk, "97.5"))
    assert action.intent == SetPosture(id=LONG, posture=Posture.NORMAL)
    assert action.reason == "no cascade any more: liquidation 7.69% away"


def test_for_a_short_it_is_a_rise_that_hurts() -> None:
    # Liquidated at 110: 6.8 % from 103.
    desk = a_desk(id_=SHORT)
    assert intents(bar(desk, "97")) == []
    assert intents(bar(desk, "100")) == []
    assert intents(bar(desk, "103")) == [tight(id_=SHORT)]


def test_one_sign_alone_is_no_cascade() -> None:
    assert intents(bar(a_desk(near="0.05"), "97")) == []
    assert intents(bar(a_desk(near="0.05"), "100", "900")) == []
    assert intents(bar(a_desk(near="0.11"), "100", "1000")) == []


def test_open_interest_that_goes_and_a_crowd_that_pays_are_signs_too() -> None:
    desk = a_desk(near="0.05")
    desk.fold(FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D("0.001"), next_ms=T0 + 8 * 60 * MINUTE))
    (action,) = of(Action, bar(desk, "100", "949"))
    assert action.reason == "a cascade is likely: open interest -5.10%, funding 0.1000%"
    # Whoever receives funding stands where few do.
    desk = a_desk(near="0.05")
    desk.fold(FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D("-0.001"), next_ms=T0 + 8 * 60 * MINUTE))
    assert intents(bar(desk, "100", "949")) == []


def test_the_others_act_so_many_times_farther_out() -> None:
    # Untightened it acts below 5 %, from 94.7 on. One and a half times that is 7.5 %, from 97.2 on, and then
    # back to 15 %: 97.2 * 0.85 = 82.62, on the tick 82.6. 100 - 0.96 * 82.6 = 20.704, on the step 20.71.
    top_up = RuleEntry(
        rule=TopUp(RuleName("top_up"), TopUpParams(below=D("0.05"), restore_to=D("0.1"))), cooldown_ms=0
    )
    calm = a_desk(top_up, near="0.001")
    assert intents(bar(calm, "97.2")) == []
    desk = a_desk(top_up)
    (first, second) = intents(bar(desk, "97"))
    assert (first, type(second)) == (tight(), AddMargin)
    desk = a_desk(top_up, near="0.077", move="0.02")
    assert intents(bar(desk, "97.4")) == [tight()]
    (added,) = of(Action, desk.mark("97.2"))
    assert added.intent == AddMargin(id=LONG, amount=D("7.11"))


def test_under_way_it_closes_a_part_once_in_an_hour() -> None:
    desk = a_desk(reduce="0.5")
    (first, second) = of(Action, bar(desk, "97", "940"))
    assert (first.intent, second.intent) == (tight(), ReducePosition(id=LONG, quantity=D("0.5")))
    assert second.reason.startswith("a cascade is under way: 3.00% against it, open interest -6.00%")
    desk.works(second)
    assert intents(bar(desk, "96.5", "900")) == []


def test_while_open_interest_stays_nothing_is_closed() -> None:
    assert intents(bar(a_desk(reduce="0.5"), "97", "1000")) == [tight()]


def test_where_nobody_tells_of_open_interest_a_move_twice_as_far_will_do() -> None:
    desk = Desk(watch(reduce="0.5"))
    desk.holds(a_position())
    for _ in range(4):
        bar(desk, "100")
    assert intents(bar(desk, "97")) == [tight()]
    assert intents(bar(desk, "94")) == [ReducePosition(id=LONG, quantity=D("0.5"))]


def test_a_window_of_open_interest_has_to_be_known_before_it_says_anything() -> None:
    desk = Desk(watch(near="0.05"))
    desk.holds(a_position())
    for interest in ("1000", "900", "800"):
        assert intents(bar(desk, "100", interest)) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"tighten": "1"}, "it would do nothing"),
        ({"tighten": "0.9"}, "tighten"),
        ({"tighten": "6"}, "tighten"),
        ({"bars": 0}, "bars"),
        ({"reduce": "0"}, "reduce"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_with_the_reason(
    params: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        CascadeWatchParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------

CLOSE: dict[str, Any] = {"below": 0.04, "fraction": 0.5}
WATCH: dict[str, Any] = {"timeframe": "5m", "bars": 6, "move": 0.02, "tighten": 2}


@pytest.mark.parametrize(
    ("crash", "tape"),
    [("2021-05-19", "BTC_binance_spot_5m"), ("2022-11-08_ftx", "SOL_okx_perp_5m")],
)
def test_closing_earlier_in_a_cascade_keeps_more(crash: str, tape: str, shared: Path, tmp_path: Path) -> None:
    alone = endured(shared, tmp_path, crash, tape, rules={"partial_close": CLOSE}, leverage=8)
    rules: dict[str, dict[str, Any]] = {"cascade_watch": WATCH, "partial_close": CLOSE}
    watched = endured(shared, tmp_path, crash, tape, rules=rules, leverage=8)
    assert watched.acts["SetPosture"] > 0
    assert watched.equity > alone.equity + 300


def test_in_a_fall_without_a_cascade_it_is_silent(shared: Path, tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {"cascade_watch": {"timeframe": "5m", "bars": 3}}
    ended = endured(shared, tmp_path, "2023-08-17", "BTC_binance_perp_5m", rules=rules, leverage=3)
    assert ended.acts == {}
    assert ended.equity == ended.undefended
