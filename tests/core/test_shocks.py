"""What a joint shock costs a group of positions, worked out by hand: everything was bought at 100."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.held.exposure import JointLoss
from bot.core.intents import Intent
from bot.core.rule import Needs
from bot.core.rules.comovement import Comovement
from bot.core.rules.shocks import Shock, Shocks
from bot.core.settings import RuleEntry
from bot.core.types import Position
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import BTC, CROSS, ETH, ETH_LONG, ETH_SHORT, LONG, D, Desk, Says, a_position

LONGS = a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS)
FIFTH = Shocks(moves=Comovement(betas={ETH: D("1.5")}), size=D("0.2"))


def seen(look: Callable[[View], Any], *held: Position, coin: str = BTC, **rule: Any) -> Any:
    """What is made of the last view of one coin's position, in an account with a wallet of 100."""
    found: dict[str, Any] = {}

    class Looks(Says):
        def needs(self) -> Needs:
            return Needs(equity=True)

    def looks(view: View) -> list[Intent]:
        found[view.id.symbol] = look(view)
        return []

    desk = Desk(RuleEntry(rule=Looks("looks", looks, lambda _: Always()), **rule), free="100")
    desk.holds(*held)
    desk.holds(*held)  # Now each sees the mark of the other.
    return found[coin]


def test_each_coin_goes_as_far_as_its_beta() -> None:
    # A fall of a fifth takes 20 of the one, and 30 of the other.
    shock = seen(FIFTH.worst, *LONGS)
    lost = JointLoss(LONG, D(20), watched=True), JointLoss(ETH_LONG, D(30), watched=True)
    assert shock == Shock(D("-0.2"), lost)
    assert (shock.cost, shock.word) == (D(50), "fall")


def test_a_rise_counts_where_it_is_worse() -> None:
    # 20 are won and 30 lost.
    shock = seen(FIFTH.worst, a_position(mode=CROSS), a_position(ETH_SHORT, mode=CROSS))
    assert (shock.cost, shock.word) == (D(10), "rise")


def test_what_is_in_another_group_does_not_move() -> None:
    apart = Shocks(moves=Comovement(groups=(frozenset({BTC}), frozenset({ETH}))), size=D("0.2"))
    assert [each.id for each in seen(apart.worst, *LONGS).lost] == [LONG]
    assert [each.id for each in seen(apart.worst, *LONGS, coin=ETH).lost] == [ETH_LONG]


def test_one_of_those_that_are_looked_at_speaks_for_all() -> None:
    assert seen(FIFTH.worst, *LONGS, coin=ETH).first == LONG
    assert seen(FIFTH.worst, *LONGS, coin=ETH, symbols=frozenset({ETH})).first == ETH_LONG


def test_what_may_be_lost_is_what_the_account_is_worth() -> None:
    # One coin has fallen by 2: both marks count.
    assert seen(FIFTH.equity, a_position(mode=CROSS, entry=D(102)), LONGS[1]) == 98
    everywhere = Shocks(moves=FIFTH.moves, size=FIFTH.size, everywhere=True)
    assert seen(everywhere.equity, *LONGS) == 100


@pytest.mark.parametrize(("money", "quantity"), [("10.01", "0.334"), ("30", "1"), ("40", "1")])
def test_the_first_to_go_relieves_what_is_asked_for_at_most_by_all_of_it(money: str, quantity: str) -> None:
    # Alike but for their beta, which the order of exits knows nothing of: BTC is first by its name.
    def relief(view: View) -> Any:
        return FIFTH.relief(view, FIFTH.worst(view), D(money))

    alone = (a_position(ETH_LONG, mode=CROSS),)
    assert seen(relief, *alone, coin=ETH) == D(quantity)
    assert seen(relief, *LONGS, coin=ETH) is None
    assert seen(relief, *LONGS, coin=BTC) is not None
