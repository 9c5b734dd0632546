"""The delta of an account weighted by betas, and how large a hedge is that moves it."""

from collections.abc import Callable
from typing import Any

from bot.core.facts import Book
from bot.core.held.pairs import Hedge, Leg
from bot.core.held.spot import SpotBalancesChanged, SpotHolding
from bot.core.intents import Intent
from bot.core.rule import Needs
from bot.core.rules.comovement import Comovement
from bot.core.rules.covering import HedgeMarket
from bot.core.rules.delta import Delta
from bot.core.rules.weighing import WeighedAccount, Weighing
from bot.core.settings import DAY_MS, RuleEntry
from bot.core.types import Position, PositionId, RuleName, Side, Symbol
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_SHORT,
    LONG,
    MAIN,
    T0,
    D,
    Desk,
    Says,
    a_contract,
    a_position,
)

NEAR, DEEP = Symbol(f"{BTC}-Q1"), Symbol(f"{BTC}-Q2")
BETAS = Comovement(betas={ETH: D("1.5")})
PLAIN = Weighing(moves=BETAS, spot=False)


def seen(look: Callable[[View], Any], *held: Position, spot: str | None = None, free: str = "50") -> Any:
    """What is made of the last view; everything stands at 100, and the later quarterly is the deeper one."""
    found: list[Any] = []

    class Looks(Says):
        def needs(self) -> Needs:
            return Needs(quarterlies=True, book=True, equity=True, spot_balances=True)

    def looks(view: View) -> list[Intent]:
        found.append(look(view))
        return []

    dated = {NEAR: 30, DEEP: 90}
    listed = [a_contract(symbol, expiry_ms=T0 + days * DAY_MS) for symbol, days in dated.items()]
    rule = RuleEntry(rule=Looks("looks", looks, lambda _: Always()))
    desk = Desk(rule, free=free, contracts=(a_contract(), a_contract(ETH), *listed))
    if spot is not None:
        holding = SpotHolding(asset="ETH", quantity=D(spot))
        desk.fold(SpotBalancesChanged(at_ms=T0, account=MAIN, holdings=(holding,)))
    for symbol, days in dated.items():
        depth = D(1000 * days)
        desk.fold(Book(at_ms=T0, symbol=symbol, bid=D(100), ask=D(100), bid_depth=depth, ask_depth=depth))
        desk.mark("100", symbol)
    desk.mark("100", ETH)
    desk.holds(*(held or (a_position(mode=CROSS),)))
    return found[-1]


def a_market(symbol: Symbol = DEEP, room: str = "1") -> HedgeMarket:
    return HedgeMarket(a_contract(symbol), D(100), D(1000), D(room), D(100))


def a_leg(symbol: Symbol, quantity: str) -> Leg:
    id_ = PositionId(MAIN, symbol, Side.SHORT)
    hedge = Hedge(id=id_, guarded=LONG, rule=RuleName("x"), ratio=D(1), quantity=D(quantity), distance=None)
    return Leg(hedge=hedge, position=a_position(id_, quantity), contract=a_contract(symbol))


def test_each_delta_counts_times_its_beta() -> None:
    # A long of 100, and a short of 40 that goes one and a half times as far: 100 - 60.
    held = a_position(mode=CROSS), a_position(ETH_SHORT, "0.4", mode=CROSS)
    account = seen(PLAIN.account, *held)
    assert account == WeighedAccount((Delta(BTC, D(100)), Delta(ETH, D(-40))), D(40), D(50))


def test_coins_held_outright_count_as_delta_and_as_worth() -> None:
    weighing = Weighing(moves=BETAS, spot=True)
    account = seen(weighing.account, spot="0.2")
    assert (account.delta, account.worth) == (D(130), D(70))
    assert seen(weighing.account) is None  # Nobody has told of them.
    assert seen(PLAIN.account, spot="0.2").worth == 50


def test_an_account_that_is_worth_nothing_is_not_weighed() -> None:
    at_a_loss = a_position(mode=CROSS, entry=D(150))
    assert seen(PLAIN.account, at_a_loss, free="50") is None
    assert seen(PLAIN.account, at_a_loss, free="50.1").worth == D("0.1")


def test_the_deepest_market_is_taken_of_those_delivered_late_enough() -> None:
    assert seen(Weighing(moves=BETAS, spot=False, days=14).market).contract.symbol == DEEP
    assert seen(Weighing(moves=BETAS, spot=False, days=91).market) is None


def test_a_market_that_stays_where_it_is_hedges_nothing() -> None:
    still = Weighing(moves=Comovement(betas={BTC: D(0)}), spot=False)
    assert seen(still.market) is None


def test_an_opening_is_what_the_beta_asks_for_within_the_room_and_down_to_a_lot() -> None:
    assert seen(lambda view: PLAIN.opening(view, a_market(), D("33.39"))) == D("0.333")
    assert seen(lambda view: PLAIN.opening(view, a_market(room="0.2"), D("33.39"))) == D("0.2")
    # 100 of ETH take 150 away.
    assert seen(lambda view: PLAIN.opening(view, a_market(ETH), D(75))) == D("0.5")


def test_a_closing_is_at_most_the_whole_hedge() -> None:
    deltas, leg = (Delta(BTC, D(100)), Delta(DEEP, D(-50))), a_leg(DEEP, "0.5")
    assert seen(lambda view: PLAIN.closing(view, leg, deltas, D("20.09"))) == D("0.2")
    assert seen(lambda view: PLAIN.closing(view, leg, deltas, D(80))) == D("0.5")


def test_a_hedge_that_goes_nowhere_with_the_reference_is_left_alone() -> None:
    still = Weighing(moves=Comovement(betas={ETH: D(0)}), spot=False)
    leg, deltas = a_leg(ETH, "0.5"), (Delta(ETH, D(-50)),)
    assert seen(lambda view: still.closing(view, leg, deltas, D(20))) is None
