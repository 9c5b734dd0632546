"""Levels that are watched: what is said of them, what is waited for, and what is not repeated."""

from collections.abc import Iterable
from typing import Any

import pytest

from bot.core.facts import FundingRate
from bot.core.intents import Intent, Level, Notify
from bot.core.markets.indicators import Move
from bot.core.rule import Needs
from bot.core.rules.levels import (
    DrawdownLevel,
    FundingLevel,
    InterestLevel,
    MoveLevel,
    NearLevel,
    PlaceLevel,
    PriceLevel,
    RatioLevel,
    Watchable,
    Watched,
    Watchlist,
)
from bot.core.settings import Limits, RuleEntry
from bot.core.structure import Swings
from bot.core.types import Side
from bot.core.view import View
from bot.core.wake import Always, At, BarClose, Figure, Metric, Told, all_of, any_of
from tests.building.core import BTC, SHORT, T0, D, Desk, Says, a_position, says

FIVE = 300_000
LOW, HIGH = (Swings(FIVE, 1, 10, high) for high in (False, True))


def look(level: Watchable, mark: str = "100", *facts: Any, bars: Iterable[str] = (), **position: Any) -> Any:
    """How a level stands at a mark: a long of one at 100, liquidated at 90."""
    found: list[list[Watched]] = []

    class Looks(Says):
        def needs(self) -> Needs:
            return level.needs()

    def looks(view: View) -> list[Intent]:
        found.append(list(level.watched(view)))
        return []

    desk = Desk(
        RuleEntry(rule=Looks("looks", looks, lambda _: Always())), limits=Limits(stale_after_ms=10**9)
    )
    desk.holds(a_position(**position))
    for price in bars:
        desk.mark(price, after_ms=FIVE)
        desk.bar(*(price,) * 4, timeframe_ms=FIVE)
    for fact in facts:
        desk.fold(fact)
    desk.mark(mark, after_ms=1)
    return found[-1]


@pytest.mark.parametrize(
    ("level", "near", "far", "text", "wake"),
    [
        # What is exactly there is not reached: a level is passed.
        (PriceLevel(D(95), above=False), "94.9", "95", "mark below 95", Metric.MARK.below(D(95))),
        (PriceLevel(D(110), above=True), "110.1", "110", "mark above 110", Metric.MARK.above(D(110))),
        # 90 is 4 % below 93.75.
        (
            NearLevel(D("0.04")),
            "93.7",
            "93.75",
            "liquidation less than 4.00% away",
            Metric.DISTANCE.below(D("0.04")),
        ),
        # 94: 4 % of 94 is 3.76, of an equity of 13.6 - 6 = 7.6.
        (RatioLevel(D("0.5")), "93.9", "94", "margin ratio above 0.5", Metric.MARGIN_RATIO.above(D("0.5"))),
    ],
)
def test_a_level_of_the_mark_is_passed(level: Watchable, near: str, far: str, text: str, wake: Any) -> None:
    assert look(level, near) == [Watched(text, wake, reached=True)]
    assert look(level, far) == [Watched(text, wake, reached=False)]
    assert level.needs() == Needs()


def test_places_are_nothing_before_the_first_bar_and_then_one_on_either_side() -> None:
    level = PlaceLevel("swing", FIVE, LOW, HIGH)
    waits = Watched("a new swing", BarClose(FIVE), reached=False)
    assert look(level) == [waits]
    assert look(level, "98.9", bars=["100", "101", "100", "99", "100"]) == [
        waits,
        Watched("below the swing at 99", Metric.MARK.below(D(99)), reached=True),
        Watched("above the swing at 101", Metric.MARK.above(D(101)), reached=False),
    ]


@pytest.mark.parametrize(("last", "reached"), [("97", False), ("96.9", True), ("103.1", True)])
def test_a_move_is_that_of_the_closes(last: str, reached: bool) -> None:
    level = MoveLevel(Move(FIVE, 1), D("0.03"))
    expected = Watched("moved more than 3.00% in 1 bars of 5m", BarClose(FIVE), reached)
    assert look(level, bars=["100", last]) == [expected]


def test_a_drawdown_is_that_of_the_account() -> None:
    # The account is worth 1013.6 at a mark of 100; 10 less is 0.99 % of it.
    for deep, reached in (("0.0098", True), ("0.0099", False)):
        (found,) = look(DrawdownLevel(FIVE, 1, D(deep)), bars=["100", "90.001"])
        assert (found.wake, found.reached) == (BarClose(FIVE), reached)


@pytest.mark.parametrize(("side", "reached"), [(Side.LONG, True), (Side.SHORT, False)])
def test_funding_is_a_level_for_the_side_that_pays(side: Side, reached: bool) -> None:
    told = FundingRate(at_ms=T0, symbol=BTC, rate=D("0.0011"), next_ms=T0 + 10**7)
    changes = {} if side is Side.LONG else {"id_": SHORT}
    (found,) = look(FundingLevel(D("0.001")), "100", told, **changes)
    assert found == Watched("funding above 0.1000%", Told(Figure.FUNDING), reached)


def test_what_nobody_told_is_not_reached() -> None:
    levels: list[Watchable] = [
        MoveLevel(Move(FIVE, 1), D("0.03")),
        DrawdownLevel(FIVE, 1, D("0.01")),
        FundingLevel(D("0.001")),
        InterestLevel(FIVE, 1, D("0.05")),
    ]
    assert [look(level)[0].reached for level in levels] == [False] * 4


def test_a_watchlist_needs_what_each_of_its_levels_does() -> None:
    levels = (
        FundingLevel(D("0.001")),
        InterestLevel(FIVE, 1, D("0.05")),
        PlaceLevel("swing", 60_000, LOW, HIGH),
    )
    assert Watchlist(levels, 1).needs() == Needs(
        funding=True,
        open_interest=True,
        interest_window_ms=FIVE,
        bars_ms=frozenset({60_000}),
        structures=frozenset({LOW, HIGH}),
    )


def test_a_watchlist_waits_to_say_again_what_it_said_last() -> None:
    watchlist = Watchlist((PriceLevel(D(95), above=False), PriceLevel(D(94), above=False)), 1_000)
    wakes, texts = [], []

    def tells(view: View) -> list[Intent]:
        wakes.append(watchlist.wake(view))
        texts.append(watchlist.text(view))
        return [Notify(id=view.id, level=Level.INFO, text=texts[-1])] if texts[-1] else []

    desk = Desk(says("tells", tells, when=Always(), proposes=(Notify,), cooldown_ms=0))
    desk.holds(a_position())
    for mark in ("94.9", "94.8", "93.9"):
        desk.mark(mark, after_ms=100)
    assert texts[-3:] == ["mark below 95", None, "mark below 95; mark below 94"]
    first, other = Metric.MARK.below(D(95)), Metric.MARK.below(D(94))
    assert wakes[0] == any_of(first, other)
    assert wakes[-1] == any_of(all_of(At(T0 + 1_100), first), other)
