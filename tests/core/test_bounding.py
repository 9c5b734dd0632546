"""Reductions with a bound on their price: what they go out as, and what follows where they do not fill."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from bot.core.decisions import Action, Because, Decision, Refusal
from bot.core.facts import CommandKind, Fill, Outcome, OutcomeKind
from bot.core.intents import ReducePosition
from bot.core.settings import Limits, RuleEntry
from bot.core.types import PositionId
from bot.core.view import View
from tests.building.core import LONG, MAIN, SHORT, D, Desk, a_position, of, says

BOUNDED = Limits(max_slippage=D("0.004"))
MINUTE = 60_000


def closes_half(**entry: Any) -> RuleEntry:
    """A rule that wants half of the position closed when liquidation is nearer than 8 %."""
    return says(
        "closes",
        lambda view: [ReducePosition(id=view.id, quantity=view.position.quantity / 2)],
        **({"proposes": (ReducePosition,)} | entry),
    )


def sent(decisions: Sequence[Decision]) -> ReducePosition:
    """The one reduction among decisions."""
    (action,) = of(Action, decisions)
    assert isinstance(action.intent, ReducePosition)
    return action.intent


def answered(desk: Desk, action: Action, *filled: str) -> Sequence[Decision]:
    """The exchange verifies an action that traded these quantities."""
    fills = tuple(Fill(quantity=D(q), price=D(97), fee=D(0), pnl=D(0), slippage=D(0)) for q in filled)
    return desk.fold(
        Outcome(
            at_ms=desk.now_ms,
            id=action.id,
            client_id=action.client_id,
            kind=OutcomeKind.VERIFIED,
            proof="as told",
            fills=fills,
        )
    )


def last_action(desk: Desk) -> Action:
    """The action the last step came to."""
    return of(Action, desk.steps[-1].decisions)[-1]


@pytest.mark.parametrize(
    ("id_", "mark", "bound"),
    [
        # 0.4 % below 97, 96.612, and above 103, 103.412, on the next step of 0.1 away from the mark.
        (LONG, "97", "96.6"),
        (SHORT, "103", "103.5"),
    ],
)
def test_a_reduction_goes_out_with_the_bound_that_is_configured(
    id_: PositionId, mark: str, bound: str
) -> None:
    desk = Desk(closes_half(), limits=BOUNDED)
    desk.holds(a_position(id_))
    assert sent(desk.mark(mark)).limit == D(bound)


def test_without_a_bound_a_reduction_goes_at_market() -> None:
    desk = Desk(closes_half())
    desk.holds(a_position())
    assert sent(desk.mark("97")).limit is None


def test_a_rule_may_have_a_bound_of_its_own() -> None:
    desk = Desk(closes_half(max_slippage=D("0.01")), limits=BOUNDED)
    desk.holds(a_position())
    assert sent(desk.mark("97")).limit == D("96.0")


def test_a_bound_below_nothing_is_none() -> None:
    desk = Desk(closes_half(max_slippage=D("0.9999")))
    desk.holds(a_position())
    assert sent(desk.mark("97")).limit is None


def test_flattening_knows_no_bound() -> None:
    desk = Desk(limits=BOUNDED)
    desk.holds(a_position())
    desk.command(CommandKind.FLATTEN, MAIN)
    assert sent(desk.steps[-1].decisions).limit is None


def test_what_was_not_filled_is_decided_anew_a_second_later_around_the_mark_of_then() -> None:
    desk = Desk(closes_half(), limits=BOUNDED)
    desk.holds(a_position())
    desk.mark("97")
    decided = answered(desk, last_action(desk))
    (refusal,) = of(Refusal, decided)
    assert (refusal.because, refusal.until_ms) == (Because.COOLDOWN, desk.now_ms + 1_000)
    assert desk.mark("96", after_ms=999) == []
    assert sent(desk.mark("96", after_ms=1)).limit == D("95.6")


def test_after_three_that_were_not_filled_whole_it_goes_at_market() -> None:
    desk = Desk(closes_half(), limits=BOUNDED)
    desk.holds(a_position())
    limits: list[Decimal | None] = []
    for _ in range(4):
        limits.append(sent(desk.mark("97", after_ms=1_000)).limit)
        answered(desk, last_action(desk))
    assert limits == [D("96.6"), D("96.6"), D("96.6"), None]


def test_a_whole_fill_ends_the_count_and_the_cooldown_is_the_usual_one_again() -> None:
    desk = Desk(closes_half(), limits=BOUNDED)
    desk.holds(a_position())
    desk.mark("97")
    answered(desk, last_action(desk))
    desk.mark("97", after_ms=1_000)
    answered(desk, last_action(desk), "0.2", "0.3")
    assert desk.mark("97", after_ms=1_000) == []
    assert sent(desk.mark("97", after_ms=MINUTE - 1_000)).limit == D("96.6")


def test_a_part_that_was_filled_is_no_whole() -> None:
    desk = Desk(closes_half(), limits=BOUNDED)
    desk.holds(a_position())
    desk.mark("97")
    answered(desk, last_action(desk), "0.2")
    assert sent(desk.mark("97", after_ms=1_000)).limit == D("96.6")


def test_what_traded_nothing_does_not_count_as_an_act_of_its_rule() -> None:
    seen: list[int] = []

    def decide(view: View) -> list[ReducePosition]:
        seen.append(view.times_acted)
        return [ReducePosition(id=LONG, quantity=D("0.5"))]

    desk = Desk(says("closes", decide, proposes=(ReducePosition,)), limits=BOUNDED)
    desk.holds(a_position())
    desk.mark("97")
    answered(desk, last_action(desk))
    desk.mark("97", after_ms=1_000)
    answered(desk, last_action(desk), "0.1")
    desk.mark("97", after_ms=1_000)
    assert (seen[0], seen[-1]) == (0, 1)


def test_how_often_it_was_not_filled_survives_a_restart() -> None:
    desk = Desk(closes_half(), limits=BOUNDED)
    desk.holds(a_position())
    for _ in range(3):
        desk.mark("97", after_ms=1_000)
        answered(desk, last_action(desk))
    carried = desk.engine.carried()
    (record,) = [rule for position in carried.positions for rule in position.rules]
    assert (record.rule, record.unfilled) == ("closes", 3)
