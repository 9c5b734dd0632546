"""The venue's own liquidation price beside ours: a drift is said, and the nearer of the two is gone by."""

from decimal import Decimal

import pytest

from bot.core.decisions import Action, Decision, StateChanged
from bot.core.facts import LiquidationQuoted
from bot.core.intents import AddMargin, Level
from bot.core.types import PositionId
from tests.building.core import CROSS, ETH_SHORT, LONG, SHORT, D, Desk, a_position, adds, changes, of


def quotes(desk: Desk, price: str | None, id_: PositionId = LONG) -> list[Decision]:
    """The venue tells its own liquidation price."""
    told = None if price is None else D(price)
    return desk.fold(LiquidationQuoted(at_ms=desk.now_ms, id=id_, price=told))


def liquidation(desk: Desk, id_: PositionId = LONG) -> Decimal | None:
    return next(s.liquidation for s in desk.engine.overview() if s.id == id_)


@pytest.mark.parametrize("price", ["90", "90.4", "89.6", None])
def test_a_venue_that_agrees_is_not_mentioned(price: str | None) -> None:
    desk = Desk()
    desk.holds(a_position())
    assert quotes(desk, price) == []
    assert liquidation(desk) == 90


def test_the_venues_price_is_gone_by_where_it_is_the_nearer_one() -> None:
    desk = Desk()
    desk.holds(a_position())
    (news,) = of(StateChanged, quotes(desk, "92"))
    assert (news.subject, news.was, news.now) == (f"liquidation:{LONG}", "unseen", "drifted")
    assert news.level is Level.WARNING
    assert news.because == "the venue says 92, ours is 90; the nearer one is used"
    assert liquidation(desk) == 92


def test_ours_is_gone_by_where_it_is_the_nearer_one_and_the_drift_is_said() -> None:
    desk = Desk()
    desk.holds(a_position())
    assert changes(quotes(desk, "85")) == [(f"liquidation:{LONG}", "unseen", "drifted")]
    assert liquidation(desk) == 90


def test_a_short_is_nearer_from_below() -> None:
    desk = Desk()
    desk.holds(a_position(SHORT))
    quotes(desk, "108", SHORT)
    assert liquidation(desk, SHORT) == 108


def test_rules_wake_by_the_nearer_price() -> None:
    desk = Desk(adds("10"))
    desk.holds(a_position())
    quotes(desk, "92")
    # 8 % from 92 begins at 100, where ours alone would have begun at 97.8.
    (action,) = of(Action, desk.mark("99.9"))
    # 11.68 by the venue's account and 10 more: (100 - 21.68) / 0.96 = 81.58..
    assert action.intent == AddMargin(id=LONG, amount=D(10))
    assert action.distance_after == (D("99.9") - D("81.6")) / D("99.9")


def test_a_drift_that_ends_gives_the_margin_back_and_is_said() -> None:
    desk = Desk()
    desk.holds(a_position())
    quotes(desk, "92")
    assert changes(quotes(desk, "90.1")) == [(f"liquidation:{LONG}", "drifted", "agreed")]
    assert liquidation(desk) == 90


def test_the_same_drift_is_said_once() -> None:
    desk = Desk()
    desk.holds(a_position())
    assert quotes(desk, "92") != []
    assert quotes(desk, "92") == []


def test_a_price_the_mark_has_passed_already_is_absurd_and_not_used() -> None:
    desk = Desk()
    desk.holds(a_position())
    (news,) = of(StateChanged, quotes(desk, "101"))
    assert news.now == "absurd"
    assert news.because == "the venue says 101, ours is 90, and the mark is 100"
    assert liquidation(desk) == 90


def test_a_venue_that_sees_a_liquidation_where_we_see_none_is_believed() -> None:
    desk = Desk()
    desk.holds(a_position(margin="150"))
    assert liquidation(desk) is None
    quotes(desk, "50")
    assert liquidation(desk) == 50


def test_what_one_position_lacks_is_missing_in_the_whole_cross_pool() -> None:
    desk = Desk(free="30")
    desk.holds(a_position(mode=CROSS), a_position(ETH_SHORT, mode=CROSS))
    # 77.1 by ours. At 80 the pool has 30 - 20 and must keep 3.2 + 4: 2.8 are missing by the venue's account.
    quotes(desk, "80")
    assert liquidation(desk) == 80
    # 27.2 less the 4 that the long keeps: (100 + 23.2) / 1.04 = 118.46..
    assert liquidation(desk, ETH_SHORT) == D("118.4")


def test_an_unheard_of_position_is_no_occasion() -> None:
    assert quotes(Desk(), "92") == []


def test_of_two_equal_legs_the_nearer_price_is_gone_by_too() -> None:
    desk = Desk(free="40")
    desk.holds(a_position(LONG, "1", mode=CROSS), a_position(SHORT, "1", mode=CROSS))
    # Both keep 4 %: 40 = 0.08 L at 500. An exchange that sees none there does not overrule that.
    assert quotes(desk, None) == []
    assert (liquidation(desk, LONG), liquidation(desk, SHORT)) == (D(500), D(500))
    assert changes(quotes(desk, "400")) == [(f"liquidation:{LONG}", "agreed", "drifted")]
    assert liquidation(desk, LONG) == 400
