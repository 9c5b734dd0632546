"""Does it come out safer? One yardstick per kind of intent."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.capabilities import YES, Capabilities
from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import CommandKind
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CutLeverage,
    Intent,
    Level,
    Notify,
    Posture,
    ReducePosition,
    SellOption,
    SetPosture,
    TransferCollateral,
)
from bot.core.margin.rules import LeverageCut, MarginRules
from bot.core.types import ClientId, Order, OrderKind, PriceKind
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import (
    ABLE,
    CROSS,
    ETH,
    LONG,
    MAIN,
    SHORT,
    D,
    Desk,
    a_contract,
    a_position,
    a_stop,
    of,
    says,
)


def judged(intent: Intent, desk: Desk) -> Because | None:
    """Why the last step refused ``intent``; ``None`` if it was let through."""
    found = [d for d in desk.steps[-1].decisions if isinstance(d, Action | Refusal)]
    assert [type(d.intent) for d in found] == [type(intent)]
    return found[0].because if isinstance(found[0], Refusal) else None


def on_position(intent: Intent, *orders: Order, margin: str | None = None, **desk: Any) -> Because | None:
    at = Desk(says("rule", intent, when=Always(), cooldown_ms=0), **desk)
    at.command(CommandKind.HALT)
    at.holds(a_position(intent.id, margin=margin))
    at.rests(*orders, id_=intent.id)
    at.command(CommandKind.RESUME)
    return judged(intent, at)


def test_more_margin_is_safer() -> None:
    assert on_position(AddMargin(id=LONG, amount=D(1))) is None


def test_margin_for_a_position_that_cannot_be_liquidated_is_not() -> None:
    assert on_position(AddMargin(id=LONG, amount=D(1)), margin="100") is Because.NOT_SAFER


def test_margin_too_little_to_move_liquidation_by_a_tick_is_not() -> None:
    # 0.01 moves it by 0.0104: it stays on the tick.
    assert on_position(AddMargin(id=LONG, amount=D("0.01"))) is Because.NOT_SAFER


def cutting(how: LeverageCut) -> dict[str, Any]:
    return {"contracts": [a_contract(rules=MarginRules(name="x", version="1", leverage_cut=how))]}


def test_a_leverage_cut_is_let_through_only_where_it_moves_liquidation_away() -> None:
    # Margin 13.6; at leverage 4 the venue wants 25.
    cut = CutLeverage(id=LONG, leverage=D(4))
    assert on_position(cut, **cutting(LeverageCut.TOPS_UP)) is None
    assert on_position(cut, **cutting(LeverageCut.RESETS_MARGIN)) is None
    assert on_position(cut, **cutting(LeverageCut.REFUSED)) is Because.NOT_SAFER


def test_a_leverage_cut_that_would_drop_margin_added_before_is_refused() -> None:
    cut = CutLeverage(id=LONG, leverage=D(4))
    assert on_position(cut, margin="30", **cutting(LeverageCut.RESETS_MARGIN)) is Because.NOT_SAFER
    assert on_position(cut, margin="30", **cutting(LeverageCut.TOPS_UP)) is Because.NOT_SAFER


@pytest.mark.parametrize("leverage", ["5", "6", "100"])
def test_leverage_is_never_raised(leverage: str) -> None:
    assert on_position(CutLeverage(id=LONG, leverage=D(leverage))) is Because.NOT_SAFER


@pytest.mark.parametrize("leverage", ["0", "-2"])
def test_there_is_no_leverage_of_zero(leverage: str) -> None:
    assert on_position(CutLeverage(id=LONG, leverage=D(leverage))) is Because.MINIMUM


def test_a_smaller_isolated_position_loses_less() -> None:
    assert on_position(ReducePosition(id=LONG, quantity=D("0.5"))) is None
    assert on_position(ReducePosition(id=SHORT, quantity=D("0.5"))) is None


def test_a_smaller_cross_position_is_liquidated_later() -> None:
    desk = Desk(says("rule", ReducePosition(id=LONG, quantity=D("0.5")), when=Always()), free="20")
    desk.holds(a_position(mode=CROSS))
    (action,) = of(Action, desk.steps[-1].decisions)
    # 20 behind 1: (100 - 20) / 0.96 = 83.34; behind 0.5: (100 - 40) / 0.96 = 62.5.
    assert action.distance_before == D("0.166")
    assert action.distance_after == D("0.375")


@pytest.mark.parametrize("quantity", ["0.5", "1"])
def test_the_smaller_leg_of_a_hedge_is_not_closed_in_defence(quantity: str) -> None:
    def only_short(view: View) -> list[ReducePosition]:
        return [ReducePosition(id=SHORT, quantity=D(quantity))] if view.id == SHORT else []

    desk = Desk(says("rule", only_short, when=Always()), free="40")
    desk.holds(a_position(LONG, "2", mode=CROSS), a_position(SHORT, "1", mode=CROSS))
    assert [d.because for d in of(Refusal, desk.steps[-1].decisions)] == [Because.NOT_SAFER]


def test_a_smaller_cross_position_that_cannot_be_liquidated_loses_less_all_the_same() -> None:
    desk = Desk(says("rule", ReducePosition(id=LONG, quantity=D("0.4")), when=Always()), free="100")
    desk.holds(a_position(mode=CROSS))
    (action,) = of(Action, desk.steps[-1].decisions)
    assert (action.distance_before, action.distance_after) == (None, None)


@pytest.mark.parametrize("fee", ["0", "0.0005"])
def test_a_leg_of_a_lock_that_cannot_be_liquidated_is_not_closed_in_defence(fee: str) -> None:
    # A long and a short of 1 side by side: with less of the one there would be a bet again.
    def only_long(view: View) -> list[ReducePosition]:
        return [ReducePosition(id=LONG, quantity=D("0.4"))] if view.id == LONG else []

    desk = Desk(says("rule", only_long, when=Always()), free="100", taker_fee=D(fee))
    desk.holds(a_position(LONG, mode=CROSS), a_position(SHORT, mode=CROSS))
    assert [d.because for d in of(Refusal, desk.steps[-1].decisions)] == [Because.NOT_SAFER]


@pytest.mark.parametrize(
    "intent",
    [
        BuyOption(id=LONG, symbol=ETH, quantity=D(1), price=D(1)),
        SellOption(id=LONG, symbol=ETH, quantity=D(1), price=D(1)),
        TransferCollateral(id=LONG, account=MAIN, source="spot", amount=D(1)),
    ],
)
def test_what_nothing_proves_safer_is_refused_even_where_the_venue_can(intent: Intent) -> None:
    assert on_position(intent) is Because.NOT_SAFER


@pytest.mark.parametrize(
    "intent",
    [Notify(id=LONG, level=Level.INFO, text="x"), SetPosture(id=LONG, posture=Posture.CAUTIOUS)],
)
def test_words_move_no_money_and_need_no_proof(intent: Intent) -> None:
    assert on_position(intent) is None


# -- removing a stop ----------------------------------------------------------------------------------


def test_a_stop_may_go_only_while_another_protects() -> None:
    cancel = CancelStop(id=LONG, client_id="hf-1-1")
    ours = replace(a_stop("93"), client_id=ClientId("hf-1-1"))
    assert on_position(cancel, ours, a_stop("95")) is None
    assert on_position(cancel, ours) is Because.NOT_SAFER
    assert on_position(cancel) is Because.NOT_SAFER


def test_a_stop_of_the_trader_or_of_another_position_is_never_cancelled() -> None:
    assert (
        on_position(CancelStop(id=LONG, client_id="theirs-93"), a_stop("93"), a_stop("95"))
        is Because.NOT_SAFER
    )
    assert on_position(CancelStop(id=LONG, client_id="hf-1-9"), a_stop("95")) is Because.NOT_SAFER


@pytest.mark.parametrize(
    "other",
    [
        a_stop("95", quantity="0.9"),
        a_stop("89"),
        a_stop("95", kind=OrderKind.STOP_LIMIT),
        a_stop("95", trigger_by=PriceKind.LAST),
        a_stop("105", kind=OrderKind.TAKE_PROFIT_MARKET),
    ],
)
def test_a_stop_that_does_not_protect_replaces_none(other: Order) -> None:
    cancel = CancelStop(id=LONG, client_id="theirs-93")
    assert on_position(cancel, a_stop("93"), other) is Because.NOT_SAFER


def test_a_cross_venue_that_could_add_margin_still_would_not_help() -> None:
    able = Capabilities(venue="x", levers={**ABLE.levers, ("AddMargin", CROSS): YES})
    desk = Desk(says("rule", AddMargin(id=LONG, amount=D(1)), when=Always()), able=able)
    desk.holds(a_position(mode=CROSS))
    assert [d.because for d in of(Refusal, desk.steps[-1].decisions)] == [Because.NOT_SAFER]
