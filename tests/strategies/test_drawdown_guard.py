"""Equity tiers: the deeper the account's drawdown, the less is allowed, and at last everything is closed.

At the desk a long of 1 at 100 has a margin of 13.6 and the wallet 6.4: 20 in all, of which a mark of 98
leaves 18, a drawdown of 10 %. Bars of five minutes close there; nothing is smoothed unless a test says so.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.contracts import Tier
from bot.core.decisions import Action, Because, Decision
from bot.core.facts import CarriedOver
from bot.core.intents import Posture, ReducePosition, SetPosture
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, RuleName
from bot.core.wake import Metric
from strategies.drawdown_guard import DrawdownGuard, DrawdownGuardParams
from tests.building.core import (
    BTC,
    ETH,
    ETH_LONG,
    LONG,
    T0,
    D,
    Desk,
    a_contract,
    a_position,
    adds,
    of,
    reasons,
)
from tests.lab.replay.crashes import endured

FIVE = 300_000
CALM, CAREFUL, EXITS = Posture.NORMAL, Posture.CAUTIOUS, Posture.REDUCE_ONLY


def guard(**params: Any) -> RuleEntry:
    values: dict[str, Any] = {"yellow": "0.1", "orange": "0.2", "red": "0.4", "length": 1} | params
    return RuleEntry(rule=DrawdownGuard(RuleName("tiers"), DrawdownGuardParams(**values)))


def a_desk(*entries: RuleEntry, **params: Any) -> Desk:
    """Seen at its best: two bars have closed at 100."""
    desk = Desk(guard(**params), *entries, free="6.4")
    desk.holds(a_position())
    bar(desk, "100")
    bar(desk, "100")
    return desk


def bar(desk: Desk, price: str) -> list[Decision]:
    """Five minutes later a bar closes at the mark."""
    return [*desk.mark(price, after_ms=FIVE), *desk.bar(price, price, price, price, timeframe_ms=FIVE)]


def postures(decisions: list[Decision]) -> list[Posture]:
    return [a.intent.posture for a in of(Action, decisions) if isinstance(a.intent, SetPosture)]


def closed(decisions: list[Decision]) -> list[PositionId]:
    return [a.id for a in of(Action, decisions) if isinstance(a.intent, ReducePosition)]


def test_each_tier_has_its_posture_and_is_left_a_little_later_than_it_was_entered() -> None:
    # 98.1: 9.5 %; 98: 10 %; 96: 20 %. Orange is left below 16 %, at 96.9 (15.5 %); yellow below 8 %, at 98.5.
    desk = a_desk()
    assert postures(bar(desk, "98.1")) == []
    (action,) = of(Action, bar(desk, "98"))
    assert (action.intent, action.reason) == (SetPosture(id=LONG, posture=CAREFUL), "drawdown 10.00%")
    assert postures(bar(desk, "96")) == [EXITS]
    assert postures(bar(desk, "96.8")) == []
    assert postures(bar(desk, "96.9")) == [CAREFUL]
    assert postures(bar(desk, "98.4")) == []
    assert postures(bar(desk, "98.5")) == [CALM]


def test_between_two_bars_it_looks_at_nothing() -> None:
    assert postures(a_desk().mark("96", after_ms=1)) == []


def test_an_orange_tier_lets_nobody_feed_the_position() -> None:
    desk = a_desk(adds("5", when=Metric.MARK.below(D("95.95"))))
    found = bar(desk, "96")
    assert postures(found) == [EXITS]
    assert reasons([*found, *desk.mark("95.9")]) == [("adds", Because.POSTURE)]


def test_a_wick_is_smoothed_away_and_a_recovery_counts_at_once() -> None:
    # Over three bars the mean takes half of each: 20 % raw, then 10, 15, 17.5 smoothed. Then raw is 5 %.
    desk = a_desk(length=3, yellow="0.12", orange="0.16")
    assert postures(bar(desk, "96")) == []
    assert postures(bar(desk, "96")) == [CAREFUL]
    assert postures(bar(desk, "96")) == [EXITS]
    assert postures(bar(desk, "99")) == [CALM]


def test_the_red_tier_closes_everything_in_order_of_risk() -> None:
    # Both have lost 8 of an account of 40 at 92. The venue keeps more for ETH, so it is the greater relief.
    eth = a_contract(ETH, tiers=(Tier(floor=D(0), cap=None, rate=D("0.1")),))
    desk = Desk(guard(), free="6.4", contracts=(a_contract(), eth))
    desk.holds(a_position(), a_position(ETH_LONG, margin="20"))
    for price in ("100", "100", "92"):
        desk.mark(price, ETH, after_ms=FIVE)
        found = [*desk.mark(price), *desk.bar(price, price, price, price, timeframe_ms=FIVE)]
        found += desk.bar(price, price, price, price, timeframe_ms=FIVE, symbol=ETH)
    assert postures(found) == [EXITS, EXITS]
    (first,) = (a for a in of(Action, found) if isinstance(a.intent, ReducePosition))
    assert first.id == ETH_LONG
    assert closed(desk.works(first)) == [LONG]


def test_what_is_opened_in_the_red_was_opened_knowingly() -> None:
    desk = a_desk()
    (close,) = (a for a in of(Action, bar(desk, "92")) if isinstance(a.intent, ReducePosition))
    desk.works(close)
    desk.free[close.id.account] = D(12)
    desk.fold(desk.balance())
    desk.now_ms += FIVE
    found = desk.holds(a_position(entry=D(92), opened_ms=desk.now_ms, margin="6"), mark="92")
    assert (postures(found), closed(found)) == ([EXITS], [])


def test_a_peak_counts_only_if_it_is_there_twice() -> None:
    # Once it looks as if there were 40; then it is 20 again, which is no loss of a half.
    desk = a_desk()
    desk.free[LONG.account] = D("26.4")
    assert postures(bar(desk, "100")) == []
    desk.fold(desk.balance())
    desk.positions[LONG] = a_position(margin="33.6")
    desk.free[LONG.account] = D("6.4")
    desk.fold(desk.balance())
    desk.holds(a_position(), mark=None)
    assert postures(bar(desk, "100")) == []


def test_while_something_is_on_its_way_nothing_is_measured() -> None:
    # Its margin may have left the wallet already, and not be seen at the position yet.
    desk = a_desk(adds("5"))
    (added,) = of(Action, desk.mark("96", after_ms=FIVE))
    assert postures(desk.bar("96", "96", "96", "96", timeframe_ms=FIVE)) == []
    desk.works(added)
    assert postures(bar(desk, "96")) == [EXITS]


@pytest.mark.parametrize("amount", ["-4", "20"])
def test_money_taken_out_or_paid_in_is_neither_loss_nor_profit(amount: str) -> None:
    desk = a_desk()
    desk.pays_in(amount)
    assert postures(bar(desk, "100")) == []
    assert postures(bar(desk, "100")) == []
    # Ten per cent of what is there now.
    lost = (20 + D(amount)) / 10
    assert postures(bar(desk, str(100 - lost + D("0.1")))) == []
    assert postures(bar(desk, str(100 - lost))) == [CAREFUL]


def test_the_peak_survives_a_restart() -> None:
    desk = a_desk()
    again = Desk(guard(), known=False, epoch=2, free="6.4")
    again.now_ms = desk.now_ms
    again.fold(CarriedOver(at_ms=T0, epoch=1, carried=desk.engine.carried()))
    again.is_read()
    again.holds(a_position(), mark="98")
    again.fold(again.balance())
    assert postures(bar(again, "98")) == [CAREFUL]


def test_a_posture_survives_a_restart_and_binds_from_the_first_mark_on() -> None:
    desk = a_desk()
    bar(desk, "96")
    again = Desk(guard(), adds("5"), known=False, epoch=2, free="6.4")
    again.now_ms = desk.now_ms
    again.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=desk.engine.carried()))
    again.fold(again.balance())
    again.is_read()
    again.holds(a_position(), mark="95.9")
    assert ("adds", Because.POSTURE) in [r for step in again.steps for r in reasons(step.decisions)]


def test_a_bar_that_closed_long_ago_is_no_occasion() -> None:
    desk = a_desk()
    desk.mark("96", after_ms=10 * FIVE)
    desk.now_ms -= 6 * FIVE
    assert postures(desk.bar("96", "96", "96", "96", timeframe_ms=FIVE)) == []
    assert BTC in {holder.id.symbol for holder in desk.engine.explain()}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"yellow": "0.2", "orange": "0.2"}, "orange 0.2 must be above yellow 0.2"),
        ({"orange": "0.5", "red": "0.4"}, "red 0.4 must be above orange 0.5"),
        ({"relax": "1"}, "relax"),
        ({"timeframe": "5"}, "no timeframe"),
        ({"length": 0}, "length"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_with_the_reason(
    params: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        DrawdownGuardParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------

HOURLY: dict[str, Any] = {"drawdown_guard": {"timeframe": "1h", "length": 3}}


@pytest.mark.parametrize(
    ("crash", "tapes"),
    [
        ("2020-03-12_covid", ("BTC_binance_perp_1h", "ETH_binance_perp_1h")),
        ("2022-05-11_luna", ("BTC_binance_perp_1h", "ETH_binance_perp_1h", "SOL_okx_perp_5m")),
    ],
)
def test_where_undefended_everything_is_lost_half_of_it_is_kept(
    crash: str, tapes: tuple[str, ...], shared: Path, tmp_path: Path
) -> None:
    ended = endured(shared, tmp_path, crash, *tapes, rules=HOURLY, mode="cross")
    assert ended.equity > 2_500
    assert (ended.undefended, ended.liquidations) == (D(0), 0)


def test_in_a_fall_that_costs_little_it_is_silent(shared: Path, tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {"drawdown_guard": {}}
    tapes = ("BTC_binance_perp_5m",)
    ended = endured(shared, tmp_path, "2023-08-17", *tapes, rules=rules, mode="cross", balance=20_000)
    assert ended.acts == {}
    assert ended.equity == ended.undefended
