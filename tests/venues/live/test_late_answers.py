"""An answer that is long in coming: what is done meanwhile, and what it still proves when it comes."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest

from bot.core.facts import Link, LinkChanged, Outcome, OutcomeKind
from bot.core.intents import AddMargin, Intent, MoveStop, OpenHedge, ReducePosition
from bot.venues.live.sending import ANSWER_MS
from tests.building.core import ETH_LONG, LONG, D
from tests.venues.live.fake import QUARTERLY, FakeExchange, Fault, a_position, an_action, says
from tests.venues.live.test_venue import Seat, does, held, outcomes
from tests.venues.live.virtual import T0, live

ADD = AddMargin(id=LONG, amount=D(25))
CUT_SHORT = f"no answer within {ANSWER_MS} ms"


def told(found: Sequence[Outcome]) -> list[tuple[OutcomeKind, str]]:
    return [(outcome.kind, outcome.proof) for outcome in found]


@pytest.mark.parametrize(
    "intent", [ADD, ReducePosition(id=LONG, quantity=D(4)), MoveStop(id=LONG, trigger=D(95))]
)
def test_what_hangs_is_looked_for_while_its_answer_is_out(intent: Intent) -> None:
    exchange = held(faults=[Fault(answer_ms=8_000)])
    now, later, seat = does(exchange, intent, within_s=20)
    assert told(outcomes(now)) == [(OutcomeKind.UNKNOWN, CUT_SHORT)]
    (found,) = outcomes(later)
    assert found.kind is OutcomeKind.VERIFIED
    assert found.at_ms - T0 < 2_000
    assert not seat.desk.said


def test_a_late_refusal_belongs_to_its_act_and_needs_no_further_proof() -> None:
    exchange = held(faults=[Fault(done=False, reply=says(400, -2019), answer_ms=2_600)])
    now, later, _ = does(exchange, ADD, within_s=20)
    assert told(outcomes(now)) == [(OutcomeKind.UNKNOWN, CUT_SHORT)]
    (found,) = outcomes(later)
    assert (found.kind, found.code) == (OutcomeKind.REJECTED, "-2019")
    assert found.at_ms - T0 < 3_000


def test_a_key_that_is_refused_is_told_though_its_act_is_closed_already() -> None:
    exchange = held(faults=[Fault(done=False, reply=says(401, -2015), answer_ms=9_000)])
    _, later, _ = does(exchange, ADD, within_s=20)
    (found,) = outcomes(later)
    (lost,) = (fact for batch in later for fact in batch if isinstance(fact, LinkChanged))
    assert found.kind is OutcomeKind.NOT_APPLIED
    assert (lost.link, lost.up) == (Link.AUTH, False)
    assert found.at_ms < T0 + 9_000 <= lost.at_ms


def test_a_late_confirmation_belongs_to_its_act_however_far_behind_the_account_is_read() -> None:
    exchange = held(faults=[Fault(answer_ms=2_600)])
    exchange.lag = 1_000  # Whatever is read is as it was before.
    _, later, seat = does(exchange, ADD, within_s=60)
    (found,) = outcomes(later)
    assert found.kind is OutcomeKind.VERIFIED
    assert seat.desk.said[0].startswith("hf-3-1 was confirmed and the account does not show it")


def test_a_confirmation_of_what_was_proven_undone_is_said_aloud() -> None:
    exchange = held(faults=[Fault(late_ms=8_000)])  # It breaks the promise of its receive window.
    _, later, seat = does(exchange, ADD, within_s=20)
    (found,) = outcomes(later)
    assert found.kind is OutcomeKind.NOT_APPLIED
    assert len(seat.desk.said) == 1
    assert "was read as not done and is confirmed now" in seat.desk.said[0]


def test_after_a_slice_that_nobody_answered_no_other_is_sent() -> None:
    exchange = held(faults=[Fault(answer_ms=4_000)])
    _, later, _ = does(exchange, ReducePosition(id=LONG, quantity=D(9)), within_s=20)
    (found,) = outcomes(later)
    assert found.kind is OutcomeKind.VERIFIED
    assert sum((fill.quantity for fill in found.fills), Decimal(0)) == 4
    assert len(exchange.sent) == 1


def test_nothing_is_bought_after_a_leverage_that_nobody_answered() -> None:
    exchange = held(faults=[Fault(), Fault(answer_ms=4_000)])
    hedge = OpenHedge(id=LONG, symbol=QUARTERLY, quantity=D(4), leverage=D(3), limit=D(97))
    now, later, _ = does(exchange, hedge, within_s=20)
    (found,) = outcomes(now)
    assert found.kind is OutcomeKind.NOT_APPLIED
    assert found.proof == f"not sent: what has to be set before it is unknown: {CUT_SHORT}"
    assert not later
    assert len(exchange.sent) == 2


def test_what_becomes_unknown_at_once_is_looked_for_together() -> None:
    def readings_of(intents: Sequence[Intent]) -> tuple[int, list[int]]:
        async def work() -> tuple[int, list[int]]:
            positions = {id_: a_position(id_) for id_ in (LONG, ETH_LONG)}
            exchange = FakeExchange(
                positions=positions, faults=[Fault(done=False, answer_ms=9_000)] * len(intents), took_ms=20
            )
            seat = Seat(exchange)
            await seat.venue.snapshot()
            asked = len(exchange.asked)
            actions = [an_action(intent, n) for n, intent in enumerate(intents, start=1)]
            await asyncio.gather(*(seat.venue.execute(action) for action in actions))
            await seat.waits(8)
            assert [o.kind for o in outcomes(seat.later)] == [OutcomeKind.NOT_APPLIED] * len(intents)
            readings = [request for request in exchange.asked[asked:] if request.path == "account"]
            return len(readings), [o.at_ms - T0 for o in outcomes(seat.later)]

        return live(work)

    alone, _ = readings_of([ADD])
    both, proven_ms = readings_of([ADD, AddMargin(id=ETH_LONG, amount=D(25))])
    assert both == alone
    assert all(moment < 6_000 for moment in proven_ms)
