"""What presses on a position: the price, those who are forced out, and what its side pays."""

from typing import Any

from bot.core.facts import Fact, FundingRate, OpenInterest
from bot.core.intents import Intent
from bot.core.markets.indicators import Move
from bot.core.rule import Needs
from bot.core.rules.pressure import Pressing, Pressure
from bot.core.settings import Limits, RuleEntry
from bot.core.types import PositionId
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import BTC, LONG, SHORT, T0, D, Desk, Says, a_position

FIVE = 300_000
PRESSING = Pressing(Move(FIVE, 1))


def pressed(id_: PositionId, *later: Fact, closes: tuple[str, ...] = ("100", "97")) -> Pressure:
    """After bars of five minutes that close there, and what is told behind the first of them."""
    found: list[Pressure] = []

    class Looks(Says):
        def needs(self) -> Needs:
            return PRESSING.needs()

    def looks(view: View) -> list[Intent]:
        found.append(PRESSING.on(view))
        return []

    rule: Any = Looks("looks", looks, lambda _: Always())
    desk = Desk(RuleEntry(rule=rule), limits=Limits(stale_after_ms=10**9))
    desk.holds(a_position(id_))
    for close in closes:
        desk.mark(close, after_ms=FIVE)
        desk.bar(*(close,) * 4, timeframe_ms=FIVE)
    for fact in later:
        desk.fold(fact)
    return found[-1]


def test_a_fall_presses_on_longs_and_is_in_favour_of_shorts() -> None:
    assert pressed(LONG).against == D("0.03")
    assert pressed(SHORT).against == D("-0.03")


def test_funding_presses_on_the_side_that_pays() -> None:
    told = FundingRate(at_ms=T0 + 2 * FIVE, symbol=BTC, rate=D("0.001"), next_ms=T0 + 10**8)
    assert pressed(LONG, told).owed == D("0.001")
    assert pressed(SHORT, told).owed == D("-0.001")


def test_open_interest_is_compared_with_that_before_the_move() -> None:
    told = [
        OpenInterest(at_ms=T0 + n * FIVE, symbol=BTC, quantity=D(q)) for n, q in ((2, "1000"), (3, "940"))
    ]
    assert pressed(LONG, *told).interest == D("-0.06")
    assert pressed(LONG, told[0]).interest is None


def test_what_nobody_told_does_not_press() -> None:
    assert pressed(LONG, closes=("100",)) == Pressure(D(0), None, D(0))


def test_it_needs_open_interest_as_far_back_as_the_move() -> None:
    needs = Pressing(Move(60_000, 15)).needs()
    assert (needs.interest_window_ms, needs.funding, needs.open_interest) == (900_000, True, True)
    assert needs.indicators == {Move(60_000, 15)}
