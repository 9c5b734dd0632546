"""The delta of what is held: longs less shorts, each in the currency it settles in."""

from collections.abc import Iterable
from typing import Any

from bot.core.contracts import ContractKind
from bot.core.decisions import Action
from bot.core.intents import Intent, ReducePosition
from bot.core.types import PositionId, Side, Symbol
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import (
    ETH,
    ETH_SHORT,
    LONG,
    MAIN,
    D,
    Desk,
    a_contract,
    a_position,
    of,
    says,
)

COIN = Symbol("BTC/USD:BTC")
IN_COIN = PositionId(MAIN, COIN, Side.LONG)
INVERSE = a_contract(COIN, kind=ContractKind.INVERSE, settlement="BTC")


def a_desk(*intents: Intent) -> tuple[Desk, dict[PositionId, Any]]:
    """A desk, and what each position was last told there; the long of BTC wants ``intents`` below 95."""
    told: dict[PositionId, Any] = {}

    def decide(view: View) -> Iterable[Intent]:
        deltas = view.deltas()
        told[view.id] = deltas and [(each.symbol, each.value) for each in deltas]
        return [intent for intent in intents if intent.id == view.id and view.mark < D(95)]

    desk = Desk(says("asks", decide, when=Always()), contracts=(a_contract(), a_contract(ETH), INVERSE))
    return desk, told


def test_longs_count_as_a_gain_of_a_rise_and_shorts_as_a_loss() -> None:
    desk, told = a_desk()
    desk.holds(a_position(quantity="3"), a_position(ETH_SHORT, "2"))
    desk.mark("101")
    assert told[LONG] == [(LONG.symbol, D(303)), (ETH, D(-200))]


def test_each_currency_has_its_own_and_an_inverse_long_is_worth_its_coins() -> None:
    desk, told = a_desk()
    desk.holds(a_position(), a_position(IN_COIN, "500", margin="2"))
    assert told[LONG] == [(LONG.symbol, D(100))]
    assert told[IN_COIN] == [(COIN, D(5))]


def test_nobody_knows_it_while_a_mark_is_missing() -> None:
    desk, told = a_desk()
    desk.holds(a_position())
    desk.holds(a_position(ETH_SHORT), mark=None)
    desk.mark("100")
    assert told[LONG] is None


def test_nor_while_a_trade_of_ours_is_on_its_way() -> None:
    desk, told = a_desk(ReducePosition(id=LONG, quantity=D("0.5")))
    desk.holds(a_position(), a_position(ETH_SHORT))
    (action,) = of(Action, desk.mark("94"))
    desk.mark("100", ETH)
    assert told[ETH_SHORT] is None
    desk.works(action)
    assert told[ETH_SHORT] == [(LONG.symbol, D(47)), (ETH, D(-100))]
