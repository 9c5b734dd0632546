"""Shorts in coins in a cross account: their liquidation price comes from beyond every number.

A short of 100 dollars at 100 can lose one coin, however far the price rises. So the wallet decides whether
there is a liquidation price at all, and the marks of other symbols do, where they share it.
"""

import pytest

from bot.core.contracts import ContractKind
from bot.core.decisions import Action
from bot.core.types import PositionId, Side, Symbol
from tests.building.core import CROSS, MAIN, D, Desk, a_contract, a_position, changes, of

BTC, ETH = Symbol("BTC/USD:BTC"), Symbol("ETH/USD:BTC")
SHORT, OTHER = PositionId(MAIN, BTC, Side.SHORT), PositionId(MAIN, ETH, Side.LONG)


def a_desk(free: str, *, seatbelt: bool = True) -> Desk:
    listed = [a_contract(symbol, kind=ContractKind.INVERSE, lot=D(1)) for symbol in (BTC, ETH)]
    return Desk(seatbelt=seatbelt, free=free, contracts=listed)


def quiet(desk: Desk, price: str, symbol: Symbol = BTC) -> bool:
    """Whether nobody looks at that mark."""
    asked = len(desk.steps)
    desk.mark(price, symbol)
    return len(desk.steps) == asked


def belted(desk: Desk) -> None:
    """Every stop that is wanted rests."""
    for action in [action for step in desk.steps for action in step.actions]:
        desk.works(action)


@pytest.mark.parametrize("free", ["0.5", "0.9", "3"])
def test_a_short_is_not_looked_at_until_its_pool_is_in_danger(free: str) -> None:
    desk = a_desk(free)
    desk.holds(a_position(SHORT, "100", mode=CROSS))
    belted(desk)
    assert quiet(desk, "101")
    assert quiet(desk, "99")


def test_a_liquidation_price_that_comes_from_beyond_every_number_is_noticed() -> None:
    # 1.2 behind a short that can lose 1, and a long of 100 that is worth 100 / p coins: at 90 it has lost
    # 0.111 and must keep 0.044, and 1.044 are left; at 80 it is 0.25 and 0.05, and 0.9 are too little.
    desk = a_desk("1.2")
    desk.holds(a_position(SHORT, "100", mode=CROSS), a_position(OTHER, "100", mode=CROSS))
    belted(desk)
    assert f"protection:{SHORT}" in [
        subject for subject, _, now in said(desk) if now == "no liquidation price"
    ]
    desk.mark("90", ETH)
    assert quiet(desk, "100.1")
    assert quiet(desk, "90.1", ETH)
    decisions = desk.mark("80", ETH)
    assert (f"protection:{SHORT}", "no liquidation price", "NAKED") in changes(decisions)
    assert [action.rule for action in of(Action, decisions) if action.id == SHORT] == ["seatbelt"]


def test_a_liquidation_price_that_rises_beyond_every_number_is_noticed() -> None:
    desk = a_desk("1.2", seatbelt=False)
    desk.holds(a_position(SHORT, "100", mode=CROSS), a_position(OTHER, "100", mode=CROSS), mark="80")
    assert (f"protection:{SHORT}", "unseen", "NAKED") in said(desk)
    assert quiet(desk, "80.1", ETH)
    gone = (f"protection:{SHORT}", "NAKED", "no liquidation price")
    assert gone in changes(desk.mark("100", ETH))


def test_it_is_explained_what_a_short_without_a_liquidation_price_waits_for() -> None:
    desk = a_desk("3")
    desk.holds(a_position(SHORT, "100", mode=CROSS))
    (seen,) = desk.engine.explain(BTC)
    waits = [(each.text, each.value, each.away, each.holds) for each in seen.rules[0].conditions]
    assert ("there is a liquidation price", "none", None, False) in waits


def said(desk: Desk) -> list[tuple[str, str, str]]:
    return [change for step in desk.steps for change in changes(step.decisions)]
