"""Of two legs of one symbol a stop is held against the price that its own leg's loss leads to."""

import pytest

from bot.core.accounts.protection import protector_of
from bot.core.danger.situation import Situation, protects, stops_before
from bot.core.danger.yardsticks import misplaced
from bot.core.types import Side
from tests.building.core import a_stop
from tests.core.margin.pools import D, a_contract, a_position, cross, progressive
from tests.core.test_reductions import stands


def at(mark: str) -> Situation:
    """The long of a pair that is liquidated at 58.75 by its loss, and at 197.5 by what both have to keep."""
    contract = a_contract(tiers=progressive([D(150)], [D(0), D("0.5")]))
    long, short = a_position(), a_position(Side.SHORT, quantity=D("0.8"))
    return stands(cross(D("8.25"), (long, contract), (short, contract)), long.id, {long.id.symbol: D(mark)})


@pytest.mark.parametrize(("mark", "nearer"), [("100", "58.8"), ("160", "197.5")])
def test_a_stop_protects_before_the_price_of_its_own_loss_whichever_is_nearer(mark: str, nearer: str) -> None:
    long = at(mark)
    assert long.liquidation == D(nearer)
    assert stops_before(long) == D("58.8")
    assert (protects(long, a_stop("58.9")), protects(long, a_stop("58.8"))) == (True, False)
    assert misplaced(long, D("58.9")) is None
    assert misplaced(long, D("58.8")) is not None
    assert protector_of(long) is None
