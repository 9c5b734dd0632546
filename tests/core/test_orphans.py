"""A stop that outlived its position is cancelled: ours alone, and not before that is certain."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.decisions import Action, Decision
from bot.core.facts import CarriedOver, CommandKind, Link, OutcomeKind
from bot.core.intents import CancelStop
from bot.core.types import ClientId, OrderKind
from tests.building.core import LONG, Desk, a_position, a_stop, of


def orphaned(**settings: Any) -> tuple[Desk, ClientId]:
    """The trader closes a position by hand, and the stop of the seatbelt goes on resting, beside his own."""
    desk = Desk(**({"seatbelt": True} | settings))
    desk.holds(a_position())
    (action,) = of(Action, desk.steps[-1].decisions)
    desk.works(action)
    desk.rests(a_stop("90.9", client_id=action.client_id), a_stop("96"))
    desk.closed()
    return desk, action.client_id


def read_after(desk: Desk, after_ms: int) -> list[Decision]:
    """The account is read once more, and time passes."""
    desk.now_ms += after_ms
    desk.pays_in("0")
    desk.is_read()
    return desk.tick()


def cancelled(decisions: list[Decision]) -> list[str]:
    actions = of(Action, decisions)
    assert all(action.rule == "seatbelt" for action in actions)
    return [action.intent.client_id for action in actions if isinstance(action.intent, CancelStop)]


def test_it_is_cancelled_once_a_later_reading_shows_no_position_either() -> None:
    desk, stop = orphaned()
    assert cancelled(read_after(desk, 9_999)) == []
    assert cancelled(read_after(desk, 1)) == [stop]
    (action,) = of(Action, desk.steps[-1].decisions)
    desk.works(action)
    assert cancelled(read_after(desk, 60_000)) == []


def test_without_another_reading_nothing_is_certain() -> None:
    desk, _ = orphaned()
    assert cancelled(desk.tick(60_000)) == []


def test_a_position_that_is_there_again_keeps_its_stop() -> None:
    desk, stop = orphaned()
    read_after(desk, 9_000)
    desk.holds(a_position())
    assert desk.engine.overview()[0].protected_by == stop
    assert cancelled(read_after(desk, 60_000)) == []
    assert stop in {order.client_id for order in desk.orders[LONG]}


def test_the_traders_own_and_another_bots_stay() -> None:
    desk = Desk(seatbelt=True)
    foreign = a_stop("93", client_id=ClientId("x-7"))
    desk.rests(a_stop("96"), foreign)
    assert cancelled(read_after(desk, 60_000)) == []


@pytest.mark.parametrize(
    "order",
    [
        replace(a_stop("93", client_id=ClientId("hf-1-1")), kind=OrderKind.LIMIT, trigger=None),
        a_stop("93", client_id=ClientId("hf-1-1"), reduces=False),
    ],
)
def test_what_is_no_order_that_closes_at_a_trigger_stays(order: Any) -> None:
    desk, _ = orphaned()
    desk.rests(order)
    assert cancelled(read_after(desk, 60_000)) == []


def test_while_nothing_may_be_sent_it_waits() -> None:
    desk, stop = orphaned()
    desk.command(CommandKind.HALT)
    assert cancelled(read_after(desk, 20_000)) == []
    desk.command(CommandKind.RESUME)
    desk.link(Link.ACCOUNT, up=False)
    assert cancelled(desk.tick(1_000)) == []
    desk.link(Link.ACCOUNT, up=True)
    assert cancelled(read_after(desk, 1_000)) == [stop]


def test_in_shadow_it_stays() -> None:
    desk = Desk(seatbelt=True, shadow=True)
    desk.rests(a_stop("93", client_id=ClientId("hf-1-1")))
    assert cancelled(read_after(desk, 60_000)) == []


def test_a_removal_nobody_answered_is_not_sent_again_and_a_refused_one_after_a_pause() -> None:
    desk, stop = orphaned()
    read_after(desk, 10_000)
    (action,) = of(Action, desk.steps[-1].decisions)
    desk.answer(action, OutcomeKind.UNKNOWN)
    assert cancelled(read_after(desk, 10_000)) == []
    desk.answer(action, OutcomeKind.NOT_APPLIED)
    assert cancelled(read_after(desk, 10_000)) == [stop]
    (again,) = of(Action, desk.steps[-1].decisions)
    desk.answer(again, OutcomeKind.REJECTED, code="-2011")
    assert cancelled(desk.tick(100)) == []
    assert cancelled(read_after(desk, 60_000)) == [stop]


def test_a_run_that_finds_one_at_its_start_cancels_it() -> None:
    desk, stop = orphaned()
    again = Desk(seatbelt=True, known=False, epoch=2)
    again.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=desk.engine.carried()))
    again.pays_in("0")
    again.rests(a_stop("90.9", client_id=stop))
    assert cancelled(read_after(again, 20_000)) == [stop]


def test_a_removal_on_its_way_is_still_known_after_a_restart() -> None:
    desk, stop = orphaned()
    read_after(desk, 10_000)
    (action,) = of(Action, desk.steps[-1].decisions)
    again = Desk(seatbelt=True, known=False, epoch=2)
    again.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=desk.engine.carried()))
    again.pays_in("0")
    again.rests(a_stop("90.9", client_id=stop))
    assert cancelled(read_after(again, 20_000)) == []
    again.answer(action, OutcomeKind.VERIFIED)
    again.rests()
    assert cancelled(read_after(again, 20_000)) == []
