"""An account with dollars and coins: each settlement currency has its own wallet, cross pool and budgets.

The inverse contract asks 4 %: a long of 100 bought at 100 with a margin of 0.1 coins is liquidated at
104 / 1.1 = 94.545..., so at a mark of 100 it is near.
"""

from bot.core.contracts import Contract, ContractKind
from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import BalanceChanged, CommandKind, Delivered, OutcomeKind, PositionChanged
from bot.core.intents import AddMargin
from bot.core.settings import Budgets, Limits
from bot.core.types import Position, PositionId, Side, Symbol
from tests.building.core import (
    BTC,
    CROSS,
    LONG,
    MAIN,
    T0,
    D,
    Desk,
    a_contract,
    a_position,
    adds,
    changes,
    closes,
    of,
    reasons,
)

COIN = Symbol("BTC/USD:BTC")
IN_COINS = PositionId(MAIN, COIN, Side.LONG)


def an_inverse(**more: int) -> Contract:
    return a_contract(
        COIN, kind=ContractKind.INVERSE, settlement="BTC", margin_step=D("0.001"), lot=D(1), **more
    )


def a_coin_position(margin: str = "0.1", **changes: object) -> Position:
    return a_position(IN_COINS, "100", margin=margin, **changes)  # type: ignore[arg-type]  # passed on as given


def desk(*rules: object, coins: str | None = "1", dollars: str = "1000", **settings: object) -> Desk:
    """A desk that knows both contracts, and what the account has of each currency."""
    found = Desk(*rules, contracts=(a_contract(), an_inverse()), free=dollars, **settings)  # type: ignore[arg-type]  # passed on as given
    if coins is not None:
        found.fold(balance(coins))
    return found


def balance(amount: str, at_ms: int = T0) -> BalanceChanged:
    return BalanceChanged(at_ms=at_ms, account=MAIN, wallet=D(amount), free=D(amount), currency="BTC")


def test_a_position_in_coins_is_topped_up_with_coins() -> None:
    at = desk(adds("0.05"), coins="0.03")
    (action,) = of(Action, at.holds(a_coin_position()))
    assert action.intent == AddMargin(id=IN_COINS, amount=D("0.03"))


def test_a_position_in_coins_is_never_topped_up_with_dollars() -> None:
    for coins in ("0", None):
        at = desk(adds("0.05"), coins=coins)
        decisions = at.holds(a_coin_position())
        assert reasons(decisions) == [("adds", Because.BALANCE)]
        assert at.pays_in("5000") == []


def test_coins_paid_in_wake_the_position_that_waits_for_them() -> None:
    at = desk(adds("0.05"), coins="0")
    at.holds(a_coin_position())
    (action,) = of(Action, at.fold(balance("1", T0 + 1)))
    assert action.intent == AddMargin(id=IN_COINS, amount=D("0.05"))


def test_what_is_promised_in_one_currency_is_free_in_the_other() -> None:
    at = desk(adds("0.9"), coins="1", dollars="0.9")
    at.holds(a_position(), mark="97")
    (dollars,) = of(Action, at.steps[-1].decisions)
    assert dollars.intent == AddMargin(id=LONG, amount=D("0.9"))
    (coins,) = of(Action, at.holds(a_coin_position()))
    assert coins.intent == AddMargin(id=IN_COINS, amount=D("0.9"))


def test_an_older_balance_of_one_currency_is_no_older_of_the_other() -> None:
    at = desk(adds("0.05"), coins=None)
    at.fold(BalanceChanged(at_ms=T0 + 5, account=MAIN, wallet=D(9), free=D(9)))
    at.fold(balance("1", T0 + 3))
    (action,) = of(Action, at.holds(a_coin_position()))
    assert action.intent == AddMargin(id=IN_COINS, amount=D("0.05"))


def test_cross_positions_of_two_currencies_do_not_stand_for_each_other() -> None:
    at = desk(coins="0.1", dollars="13.6")
    at.holds(a_position(mode=CROSS), a_coin_position(mode=CROSS))
    found = {s.id: s.liquidation for s in at.engine.overview()}
    # As if each were isolated: (100 - 13.6) / 0.96 and 104 / 1.1, each toward the mark.
    assert found == {LONG: D("90.0"), IN_COINS: D("94.6")}
    at.mark("120", COIN)
    assert {s.id: s.liquidation for s in at.engine.overview()} == found


def test_a_cross_loss_in_dollars_leaves_the_coins_free() -> None:
    at = desk(adds("0.05"), coins="0.05", dollars="20")
    at.holds(a_position(mode=CROSS))
    at.mark("90")
    (action,) = of(Action, at.holds(a_coin_position(), mark="100"))
    assert action.intent == AddMargin(id=IN_COINS, amount=D("0.05"))


def test_a_cross_position_watches_the_marks_of_its_own_pool_only() -> None:
    at = desk(closes("0.5"), coins="5", dollars="1000")
    at.holds(a_position(mode=CROSS), a_coin_position(mode=CROSS))
    watchers = at.engine._books.watchers
    assert [h.id for h in watchers[BTC]] == [LONG]
    assert [h.id for h in watchers[COIN]] == [IN_COINS]


def test_a_pool_forgets_a_position_that_left_it() -> None:
    at = desk(coins="0.1", dollars="13.6")
    at.holds(a_position(mode=CROSS), a_coin_position(mode=CROSS))
    at.closed(LONG)
    (left,) = at.engine.overview()
    assert (left.id, left.liquidation) == (IN_COINS, D("94.6"))
    at.holds(a_coin_position())
    (left,) = at.engine.overview()
    assert left.liquidation == D("94.6")


# --- budgets -------------------------------------------------------------------------------------


def test_budgets_are_counted_per_currency() -> None:
    limits = Limits(margin_per_account=D(1), margin_per_day=D(1))
    at = desk(adds("0.9"), limits=limits, coins="5")
    (dollars,) = of(Action, at.holds(a_position(), mark="97"))
    at.works(dollars)
    (coins,) = of(Action, at.holds(a_coin_position()))
    assert coins.intent == AddMargin(id=IN_COINS, amount=D("0.9"))
    at.answer(coins, OutcomeKind.REJECTED, code="1")
    assert at.engine._ledger.spending(MAIN, "BTC").margin == 0
    assert at.engine._ledger.spending(MAIN, "USDT").margin == D("0.9")


def test_a_currency_that_is_named_has_its_own_budgets_and_no_others() -> None:
    own = Budgets(margin_per_position=D("0.02"), reserve=D("0.5"))
    limits = Limits(margin_per_position=D(500), margin_per_day=D("0.001"), currencies={"BTC": own})
    at = desk(adds("0.05"), limits=limits, coins="0.51")
    (action,) = of(Action, at.holds(a_coin_position()))
    assert action.intent == AddMargin(id=IN_COINS, amount=D("0.010"))  # What is free above the reserve.
    at = desk(adds("0.05"), limits=limits, coins="5")
    (action,) = of(Action, at.holds(a_coin_position()))
    assert action.intent == AddMargin(id=IN_COINS, amount=D("0.020"))
    assert limits.budgets(MAIN, "USDT") is limits


# --- expiry --------------------------------------------------------------------------------------


def test_an_expired_position_is_left_to_its_delivery() -> None:
    at = Desk(closes("0.5"), contracts=(a_contract(expiry_ms=T0 + 1000),))
    at.holds(a_position())
    (refusal,) = of(Refusal, at.mark("95", after_ms=1000))
    assert (refusal.because, refusal.text) == (Because.STATE, f"{BTC} has expired and awaits its delivery")


def test_before_its_expiry_it_is_guarded_like_any_other() -> None:
    at = Desk(closes("0.5"), contracts=(a_contract(expiry_ms=T0 + 1000),))
    at.holds(a_position())
    assert len(of(Action, at.mark("95", after_ms=999))) == 1


def test_a_delivery_closes_the_position_and_is_told() -> None:
    at = Desk(contracts=(a_contract(expiry_ms=T0),))
    at.holds(a_position())
    delivered = Delivered(at_ms=T0, id=LONG, price=D(99))
    decisions = at.fold(delivered, PositionChanged(at_ms=T0, id=LONG, position=None))
    assert (f"position:{LONG}", "open", "delivered") in changes(decisions)
    assert at.engine.overview() == ()
    assert at.command(CommandKind.PAUSE) == []


def test_a_perpetual_never_expires() -> None:
    assert not a_contract().expired(T0)
    assert [a_contract(expiry_ms=5).expired(at_ms) for at_ms in (4, 5, 6)] == [False, True, True]
