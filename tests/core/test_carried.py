"""What one run leaves to the next: no budget is spent twice, nothing on its way is forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from bot.core.codec import decode_fact, encode
from bot.core.decisions import Action, Because, Decision, StateChanged
from bot.core.engine import Engine
from bot.core.facts import AccountRead, CarriedOver, CommandKind, InstrumentChanged, OutcomeKind
from bot.core.held.carried import Carried, Life
from bot.core.intents import AddMargin
from bot.core.settings import Limits, RuleEntry
from bot.core.states import BotState
from bot.core.types import RuleName
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import (
    ETH_LONG,
    LONG,
    MAIN,
    D,
    Desk,
    a_contract,
    a_position,
    adds,
    closes,
    of,
    reasons,
    stops,
)
from tests.building.world import Happening, lived_through
from tests.core.test_random_facts import HAPPENINGS


def restarted(desk: Desk, *rules: RuleEntry, **settings: Any) -> Desk:
    """Another run, told what the last one wrote down and then what the exchange shows."""
    fact = CarriedOver(at_ms=desk.now_ms, epoch=1, carried=desk.engine.carried())
    written = decode_fact(encode(fact))
    again = Desk(*rules, known=False, epoch=2, **settings)
    again.now_ms, again.free = desk.now_ms, desk.free
    contracts = [InstrumentChanged(at_ms=desk.now_ms, contract=a_contract())]
    again.fold(written, *contracts)
    again.fold(again.balance(), AccountRead(at_ms=again.now_ms, account=MAIN))
    for id_, orders in desk.orders.items():
        again.rests(*orders, id_=id_)
    if desk.positions:
        again.holds(*desk.positions.values(), mark=None)
    return again


def acted(decisions: Sequence[Decision]) -> Action:
    (action,) = of(Action, decisions)
    return action


def test_times_acted_and_margin_spent_survive() -> None:
    rule = RuleEntry(
        rule=TopUp(RuleName("top_up"), TopUpParams(below=D("0.08"), restore_to=D("0.12"), max_times=1)),
        cooldown_ms=0,
    )
    desk = Desk(rule)
    desk.holds(a_position())
    desk.works(acted(desk.mark("97")))
    again = restarted(desk, rule)
    # 8 % away again far below: once was the limit, whatever run it was.
    assert of(Action, again.mark("85")) == []


def test_a_budget_that_was_used_up_is_used_up() -> None:
    limits = Limits(margin_per_day=D(15), cooldown_ms=0)
    desk = Desk(adds("10"), limits=limits)
    desk.holds(a_position())
    desk.works(acted(desk.mark("97")))
    # 90 by 13.6 of margin, 79.58.. with 10 more: 8 % away at 86.5.
    again = restarted(desk, adds("10"), limits=limits)
    action = acted(again.mark("86"))
    assert action.intent == AddMargin(id=LONG, amount=D(5))


def test_a_cooldown_goes_on_where_it_was() -> None:
    limits = Limits(cooldown_ms=60_000, stale_after_ms=600_000)
    desk = Desk(closes("0.1"), limits=limits)
    desk.holds(a_position())
    desk.works(acted(desk.mark("97")))
    again = restarted(desk, closes("0.1"), limits=limits)
    assert ("closes", Because.COOLDOWN) in reasons(again.mark("96.9", after_ms=1_000))
    assert of(Action, again.mark("96.8", after_ms=60_000)) != []


def test_what_was_on_its_way_is_unknown_and_holds_the_position_up() -> None:
    desk = Desk(adds("10"), limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    action = acted(desk.mark("97"))
    again = restarted(desk, adds("10"), limits=Limits(cooldown_ms=0))
    assert ("adds", Because.IN_FLIGHT) in reasons(again.mark("96"))
    # Its outcome, read later, belongs to it.
    assert of(Action, again.answer(action, OutcomeKind.NOT_APPLIED)) != []


@pytest.mark.parametrize("lost", [{"rules": ()}, None])
def test_what_is_on_its_way_and_was_not_counted_is_counted_and_said(lost: Any) -> None:
    limits = Limits(cooldown_ms=0, margin_per_position=D(15))
    desk = Desk(adds("10"), limits=limits)
    desk.holds(a_position())
    action = acted(desk.mark("97"))
    whole = desk.engine.carried()
    (known,) = whole.positions
    left = () if lost is None else (replace(known, margin_in_lot=D(0), **lost),)
    again = Desk(adds("10"), limits=limits, epoch=2)
    fact = CarriedOver(at_ms=again.now_ms, epoch=1, carried=replace(whole, positions=left, spending=()))
    (said,) = of(StateChanged, again.fold(fact))
    assert (said.subject, said.now) == (f"memory:{LONG}", "incomplete")
    assert f"{action.client_id} of adds" in said.because
    again.holds(a_position(), mark="97")
    # Nothing came of it: all of the budget is there again, and no more than that.
    added = acted(again.answer(action, OutcomeKind.NOT_APPLIED))
    again.works(added)
    assert again.engine.carried().positions[0].margin_in_lot == 10


def test_the_margin_of_a_close_goes_back_to_it_although_its_rule_is_configured_no_more() -> None:
    desk = Desk(closes("0.5", then_add="6"), limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    action = acted(desk.mark("97"))
    again = restarted(desk, adds("1"), limits=Limits(cooldown_ms=0))
    again.mark("98")
    added = acted(again.works(action))
    assert (added.rule, added.intent) == ("closes", AddMargin(id=LONG, amount=D(6)))


def test_the_balance_promised_to_what_is_on_its_way_stays_promised() -> None:
    desk = Desk(adds("10"), limits=Limits(cooldown_ms=0), free="12")
    desk.holds(a_position(), a_position(ETH_LONG))
    acted(desk.mark("97"))
    again = restarted(desk, adds("10"), limits=Limits(cooldown_ms=0), free="12")
    assert acted(again.mark("97", ETH_LONG.symbol)).intent == AddMargin(id=ETH_LONG, amount=D(2))


def test_a_halt_outlasts_a_restart() -> None:
    desk = Desk()
    desk.command(CommandKind.HALT)
    assert restarted(desk).engine.states()[MAIN] is BotState.HALTED


def test_a_pause_goes_on_and_expires_where_it_would_have() -> None:
    desk = Desk(adds("10"))
    desk.command(CommandKind.PAUSE, "adds", until_ms=desk.now_ms + 10_000)
    desk.holds(a_position())
    again = restarted(desk, adds("10"))
    assert ("adds", Because.PAUSED) in reasons(again.mark("97"))
    assert of(Action, again.mark("96.9", after_ms=10_000)) != []


def test_a_stop_stays_the_stop_of_its_rule() -> None:
    rule = stops("95", cooldown_ms=0)
    desk = Desk(rule)
    desk.holds(a_position())
    desk.works(acted(desk.mark("97")))
    again = restarted(desk, rule)
    assert {stop.rule for stop in again.engine.carried().stops} == {"stops"}


def test_a_latch_stays_until_a_person_resets_it() -> None:
    limits = Limits(cooldown_ms=0, equal_actions=1)
    desk = Desk(adds("1"), limits=limits)
    desk.holds(a_position())
    desk.answer(acted(desk.mark("97")), OutcomeKind.VERIFIED)
    again = restarted(desk, adds("1"), limits=limits)
    assert ("adds", Because.THROTTLED) in reasons(again.mark("96.9"))
    assert of(Action, again.command(CommandKind.RESET)) != []


def test_a_second_memory_is_a_mistake_of_the_caller() -> None:
    desk = Desk()
    desk.holds(a_position())
    with pytest.raises(AssertionError, match="there is a memory already"):
        desk.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=Carried()))


@settings(max_examples=60)
@given(HAPPENINGS)
def test_what_is_taken_over_is_what_was_written_down(happenings: list[Happening]) -> None:
    world = lived_through(happenings)
    left = world.engine.carried()
    fact = CarriedOver(at_ms=world.now_ms, epoch=1, carried=left)
    assert decode_fact(encode(fact)) == fact
    heir = Engine(replace(world.settings, epoch=99))
    heir.fold((fact,))
    unknown = tuple(
        each if each.life is Life.APPLIED else replace(each, life=Life.UNKNOWN) for each in left.open_intents
    )
    assert heir.carried() == replace(left, open_intents=unknown)
