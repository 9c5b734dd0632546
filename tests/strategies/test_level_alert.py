"""Alerts at levels: said once when reached, again only after a while, and nothing else is ever done."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Decision
from bot.core.facts import CarriedOver, FundingRate, OpenInterest
from bot.core.intents import Level, Notify
from bot.core.rule import Needs
from bot.core.settings import Limits, RuleEntry
from bot.core.types import RuleName
from strategies.level_alert import LevelAlert, LevelAlertParams
from tests.building.core import BTC, LONG, T0, D, Desk, a_position, of
from tests.lab.replay.crashes import endured

FIVE, HOUR = 300_000, 3_600_000


def alert(**params: Any) -> RuleEntry:
    return RuleEntry(rule=LevelAlert(RuleName("alert"), LevelAlertParams(**params)), cooldown_ms=0)


def a_desk(free: str = "6.4", **params: Any) -> Desk:
    desk = Desk(alert(**params), free=free, limits=Limits(stale_after_ms=HOUR))
    desk.holds(a_position())
    return desk


def said(decisions: list[Decision]) -> list[str]:
    assert all(isinstance(a.intent, Notify) for a in of(Action, decisions))
    return [a.intent.text for a in of(Action, decisions) if isinstance(a.intent, Notify)]


def bar(desk: Desk, close: str) -> list[str]:
    found = desk.mark(close, after_ms=FIVE)
    return said([*found, *desk.bar(close, close, close, close, timeframe_ms=FIVE)])


def test_a_price_is_said_when_it_is_reached_and_again_after_an_hour() -> None:
    desk = a_desk(price_below=["95"])
    assert said(desk.mark("95")) == []
    (action,) = of(Action, desk.mark("94.9"))
    assert action.intent == Notify(id=LONG, level=Level.WARNING, text="mark below 95")
    assert said(desk.mark("94", after_ms=HOUR - 1)) == []
    assert said(desk.mark("94.1", after_ms=1)) == ["mark below 95"]


def test_a_level_that_was_not_said_last_is_said_at_once() -> None:
    # 93.7: 3.7 / 93.7 = 3.95 %.
    desk = a_desk(price_below=["95", "94"], price_above=["110"], distance_below="0.04")
    assert said(desk.mark("94.9")) == ["mark below 95"]
    assert said(desk.mark("93.9", after_ms=1)) == ["mark below 95; mark below 94"]
    assert said(desk.mark("93.7", after_ms=1)) == [
        "mark below 95; mark below 94; liquidation less than 4.00% away"
    ]
    assert said(desk.mark("100", after_ms=1)) == []
    assert said(desk.mark("110.1", after_ms=1)) == ["mark above 110"]
    assert said(desk.mark("94.9", after_ms=1)) == ["mark below 95"]


def test_a_margin_ratio() -> None:
    # 93.9: 3.756 / 7.5 = 0.5008.
    desk = a_desk(margin_ratio_above="0.5", level="critical")
    assert said(desk.mark("94")) == []
    (action,) = of(Action, desk.mark("93.9"))
    assert action.intent == Notify(id=LONG, level=Level.CRITICAL, text="margin ratio above 0.5")


@pytest.mark.parametrize(("last", "reached"), [("97", False), ("96.9", True), ("103.1", True)])
def test_a_move_either_way(last: str, reached: bool) -> None:
    desk = a_desk(move_above="0.03", bars=2)
    assert bar(desk, "100") == bar(desk, "99") == []
    assert bar(desk, last) == (["moved more than 3.00% in 2 bars of 5m"] if reached else [])


def test_a_drawdown_of_the_account() -> None:
    # 98 is 10 % of 20 down, and the mean over one bar is that bar.
    desk = a_desk(drawdown_above="0.09", bars=1)
    assert bar(desk, "100") == bar(desk, "98.2") == []
    assert bar(desk, "98") == ["drawdown above 9.00%"]


def test_funding_that_it_pays() -> None:
    desk = a_desk(funding_above="0.001")
    for rate, expected in (("0.001", []), ("-0.002", []), ("0.0011", ["funding above 0.1000%"])):
        fact = FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D(rate), next_ms=T0 + 8 * HOUR)
        assert said(desk.fold(fact)) == expected


@pytest.mark.parametrize("now", ["940", "1060"])
def test_open_interest_either_way(now: str) -> None:
    desk = a_desk(interest_above="0.05", bars=1)
    found = []
    for quantity in ("1000", "1040", now):
        fact = OpenInterest(at_ms=desk.now_ms, symbol=BTC, quantity=D(quantity))
        found.append(said(desk.fold(fact)))
        desk.now_ms += FIVE // 2
    assert found == [[], [], ["open interest changed more than 5.00% in 1 bars of 5m"]]


def test_a_swing_that_the_market_made_is_a_level() -> None:
    desk = a_desk(swings=1, look_back=10)
    # Five-minute bars of one price each: a swing high at 101, a swing low at 99.
    assert [bar(desk, price) for price in ("100", "101", "100", "99", "100")] == [[]] * 5
    assert said(desk.mark("99", after_ms=1)) == []
    assert said(desk.mark("98.9", after_ms=1)) == ["below the swing at 99"]
    assert said(desk.mark("101.1", after_ms=1)) == ["above the swing at 101"]
    # Once a bar has closed beyond it, it is none any more.
    assert bar(desk, "98") == ["below the swing at 99"]
    assert said(desk.mark("97", after_ms=HOUR)) == []


def test_a_node_of_the_volume_profile_is_a_level() -> None:
    desk = a_desk(nodes="1.5", look_back=10)
    # Eight of ten bars at 100, in the row from 1.005 ** 923 = 99.833202 on.
    for price in ("100",) * 8 + ("102", "102"):
        bar(desk, price)
    assert said(desk.mark("100", after_ms=1)) == []
    assert said(desk.mark("99", after_ms=1)) == ["below the node at 99.833202"]


def test_what_was_said_is_known_over_a_restart() -> None:
    desk = a_desk(price_below=["95"])
    desk.mark("94.9")
    again = Desk(alert(price_below=["95"]), known=False, epoch=2)
    again.fold(CarriedOver(at_ms=T0, epoch=1, carried=desk.engine.carried()))
    again.is_read()
    assert said(again.holds(a_position(), mark="94.8")) == []


def test_it_needs_what_it_watches_and_nothing_else() -> None:
    assert LevelAlert(RuleName("x"), LevelAlertParams(price_below=(D(1),))).needs() == Needs()
    needs = LevelAlert(RuleName("x"), LevelAlertParams(interest_above=D("0.1"))).needs()
    assert needs == Needs(open_interest=True, interest_window_ms=12 * FIVE)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({}, "it watches nothing"),
        ({"timeframe": "1h"}, "it watches nothing"),
        ({"price_below": ["100"], "price_above": ["90"]}, "price_below 100 is above price_above 90"),
        ({"price_below": ["0"]}, "price_below"),
        ({"distance_below": "1"}, "distance_below"),
        ({"distance_below": "0.1", "again": "0s"}, "again"),
        ({"distance_below": "0.1", "level": "loud"}, "level"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_with_the_reason(
    params: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        LevelAlertParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------


def test_in_a_crash_it_speaks_and_does_nothing(shared: Path, tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {"level_alert": {"distance_below": 0.05, "move_above": 0.1}}
    ended = endured(shared, tmp_path, "2021-05-19", "BTC_binance_spot_5m", rules=rules)
    assert set(ended.acts) == {"Notify"}
    assert ended.equity == ended.undefended


def test_in_a_fall_that_reaches_no_level_it_is_silent(shared: Path, tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {"level_alert": {"distance_below": 0.05}}
    ended = endured(shared, tmp_path, "2023-08-17", "BTC_binance_perp_5m", rules=rules, leverage=3)
    assert ended.acts == {}
