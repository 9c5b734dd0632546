"""Jumping = stepping = always asking, whatever befalls the market, and some of it to be read off."""

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.befalling import Befalling
from bot.core.decisions import StateChanged
from bot.core.facts import (
    BalanceChanged,
    Deleveraged,
    Fact,
    FundingPaid,
    InstrumentChanged,
    MarkPrice,
    OrdersChanged,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.intents import PlaceStop
from bot.core.types import Side
from bot.lab.replay.run import Plan
from bot.lab.replay.walk import Jumper, Stepper
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.events import (
    CollateralPrice,
    Deleveraging,
    FundingTerms,
    ScheduledEvent,
    ScheduledFunding,
    VenueEvent,
)
from bot.venues.paper.model import Share
from bot.venues.paper.outage import Outage
from tests.building import MINUTE_MS, START_MS
from tests.lab.replay.befallen import USDE, a_befallen_scene
from tests.lab.replay.corpus import a_stage, laid, near
from tests.lab.replay.harness import FEW, MANY, Play, agreed, play
from tests.lab.replay.scenes import SYMBOLS, Scene
from tests.lab.replay.seeking import a_plan, seek

D = Decimal
F = TypeVar("F", bound=Fact)
CAP = {SYMBOLS[0]: D("0.005")}
SEEDS = st.integers(min_value=0, max_value=2**32)


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_all_three_ways_agree_whatever_befalls_the_market(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(a_befallen_scene(random), random, bars))


@pytest.mark.slow
@settings(max_examples=MANY)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_all_three_ways_agree_on_many_befallen_markets(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(a_befallen_scene(random), random, bars))


# --- to be read off ----------------------------------------------------------------------------------


def on_a_plan(scene: Scene, ticks: list[int], staged: Befalling, **rest: Any) -> Plan:
    """Flat bars of a minute, and what befalls them."""
    return a_plan(replace(scene, staged=staged, **rest), laid(ticks))


def minute(number: int, ms: int = 0) -> int:
    return START_MS + number * MINUTE_MS + ms


def at(number: int, event: VenueEvent) -> ScheduledEvent:
    return ScheduledEvent(at_ms=minute(number), event=event)


def facts(played: Play, kind: type[F]) -> list[F]:
    return [fact for step in played.steps for fact in step.facts if isinstance(fact, kind)]


def changes(played: Play, subject: str) -> list[tuple[int, str]]:
    """When, in minutes, a state became which."""
    return [
        ((d.at_ms - START_MS) // MINUTE_MS, d.now)
        for d in played.decisions
        if isinstance(d, StateChanged) and d.subject.startswith(subject)
    ]


def test_a_deleveraged_position_is_told_in_one_batch_and_its_stop_is_placed_again() -> None:
    half = Deleveraging(symbol=SYMBOLS[0], side=Side.LONG, quantity=Share(D("0.5")), price=None)
    scene = replace(a_stage(), seatbelt=True)
    played = agreed(on_a_plan(scene, [1_000] * 8, Befalling(events=(at(5, half),))))
    (fact,) = facts(played, Deleveraged)
    assert (fact.at_ms, fact.quantity, fact.price) == (minute(5), D("2.5"), D(100))
    (batch,) = (step.facts for step in played.steps if fact in step.facts)
    assert {type(f) for f in batch} == {Deleveraged, PositionChanged, OrdersChanged, BalanceChanged}
    # The venue cancels the orders of whom it deleverages; the seatbelt is back in the same moment.
    placed = [(a.at_ms, type(a.intent)) for a in played.actions]
    assert placed == [(minute(0), PlaceStop), (minute(5), PlaceStop)]
    assert changes(played, "position")[-1] == (5, "deleveraged")


def test_the_engine_is_blind_in_an_outage_and_armed_again_afterwards() -> None:
    outage = Outage(start_ms=minute(3), end_ms=minute(6))
    scene = a_stage(near("0.08", shadow=False))
    # Within 8 % of liquidation (90.9) from 98.8 on, that is from minute 4 on, while the venue is out.
    ticks = [1_000, 1_000, 1_000, 1_000, 985, 985, 985, 985]
    played = agreed(on_a_plan(scene, ticks, Befalling(outages=(outage,))))
    assert changes(played, "account")[1:] == [(3, "blind"), (6, "recovering"), (6, "armed")]
    assert min(a.at_ms for a in played.actions) == minute(6)
    assert not [f for f in facts(played, MarkPrice) if minute(3) <= f.at_ms < minute(6)]


def test_a_liquidation_in_an_outage_comes_to_light_at_its_end() -> None:
    outage = Outage(start_ms=minute(3), end_ms=minute(6))
    plan = on_a_plan(
        a_stage(), [1_000, 1_000, 1_000, 1_000, 850, 850, 850, 850], Befalling(outages=(outage,))
    )
    played = agreed(plan)
    (fact,) = played.liquidations
    assert fact.at_ms == minute(4)
    (step,) = (step for step in played.steps if fact in step.facts)
    assert step.at_ms == minute(6)


def test_an_action_on_its_way_into_an_outage_is_unknown_until_the_venue_is_read() -> None:
    outage = Outage(start_ms=minute(2), end_ms=minute(5), links=())
    scene = a_stage(near("0.08", shadow=False), latency_ms=20_000)
    played = agreed(on_a_plan(scene, [1_000, 1_000, 985, 985, 985, 985, 985], Befalling(outages=(outage,))))
    told = [(f.at_ms, f.kind) for f in facts(played, Outcome)]
    assert told[:2] == [
        (minute(2, 20_000), OutcomeKind.UNKNOWN),
        (minute(5), OutcomeKind.NOT_APPLIED),
    ]
    assert played.done[0].outcome is not None
    assert played.done[0].outcome.kind is OutcomeKind.NOT_APPLIED


def test_a_de_peg_liquidates_a_cross_position_whose_own_price_stands_still() -> None:
    scene = a_stage(cross=True, balance=10)
    account = replace(scene.accounts[0], collateral={USDE: D(100)})
    plan = on_a_plan(
        scene,
        [1_000] * 6,
        Befalling(events=(at(3, CollateralPrice(asset=USDE, price=D("0.05"))),)),
        accounts=(account,),
        collateral={USDE: CollateralTerms(price=D(1), haircut=D("0.1"))},
    )
    # 1 % of 500 is asked for: 10 + 100 * 0.05 * 0.9 = 14.5 are enough, 4.5 alone are not.
    assert agreed(plan).liquidations == ()
    poorer = replace(plan, accounts=(replace(account, balance=D(0)),))
    (fact,) = agreed(poorer).liquidations
    assert fact.at_ms == minute(3)


def test_staged_funding_bleeds_a_position_instead_of_the_recorded_rates() -> None:
    spell = ScheduledFunding(
        symbol=SYMBOLS[0], start_ms=minute(2), end_ms=minute(9), interval_ms=3 * MINUTE_MS, rate=D("0.02")
    )
    recorded = {SYMBOLS[0]: ((minute(1), D("0.001")), (minute(4), D("0.001")), (minute(9), D("0.001")))}
    scene = a_stage(funding=recorded)
    played = agreed(on_a_plan(scene, [1_000] * 12, Befalling(funding=(spell,)), funding_caps=CAP))
    paid = [((f.at_ms - START_MS) // MINUTE_MS, f.rate) for f in facts(played, FundingPaid)]
    # Whole multiples of three minutes since the epoch; the first minute is one of them.
    assert START_MS % (3 * MINUTE_MS) == 0
    assert paid == [(1, D("0.001")), (3, D("0.005")), (6, D("0.005")), (9, D("0.001"))]


def test_a_changed_interval_is_told() -> None:
    event = FundingTerms(symbol=SYMBOLS[0], interval_ms=3_600_000)
    played = agreed(on_a_plan(a_stage(), [1_000] * 6, Befalling(events=(at(3, event),))))
    told = [(f.at_ms, f.contract.funding_interval_ms) for f in facts(played, InstrumentChanged)]
    assert told[-1] == (minute(3), 3_600_000)


def test_a_tape_with_events_is_jumped_over_all_the_same() -> None:
    half = Deleveraging(symbol=SYMBOLS[0], side=Side.LONG, quantity=Share(D("0.5")))
    plan = on_a_plan(a_stage(), [1_000] * 60, Befalling(events=(at(30, half),)))
    assert play(plan, Jumper).marks < play(plan, Stepper).marks / 10
