"""Rebuilding an engine from a journal, which checks the journal."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest

from bot.core.decisions import Decision
from bot.core.facts import Fact, MarkPrice
from bot.core.step import Step
from bot.runtime.journal import MemoryJournal
from bot.runtime.rebuild import RebuildDiffers, rebuild
from tests.runtime.builders import T0, a_change, a_mark, a_step, an_action
from tests.runtime.fakes import FakeEngine


def acts_below(threshold: str) -> FakeEngine:
    def decide(batch: Sequence[Fact]) -> tuple[Decision, ...] | None:
        (fact,) = batch
        assert isinstance(fact, MarkPrice)
        if fact.price >= Decimal(threshold):
            return None
        return an_action(fact.at_ms, "h3-1"), a_change(fact.at_ms)

    return FakeEngine(decide)


STEPS = [
    a_step(
        T0 + number,
        swallowed=(a_mark(T0 + number, price="110.00"),),
        facts=(a_mark(T0 + number, price="99"),),
        decisions=(an_action(T0 + number, "h3-1"), a_change(T0 + number)),
    )
    for number in range(4)
]


def rebuilt(steps: list[Step], engine: FakeEngine) -> list[int]:
    epochs: list[int] = []

    async def main() -> None:
        journal = MemoryJournal(opened_ms=T0, epoch=3)
        for step in steps:
            journal.append(step)
        await journal.commit()

        def factory(epoch: int) -> FakeEngine:
            epochs.append(epoch)
            return engine

        assert await rebuild(journal, factory) is engine

    asyncio.run(main())
    return epochs


def test_the_engine_is_fed_every_fact_in_order_and_given_the_epoch() -> None:
    engine = acts_below("100")
    assert rebuilt(STEPS, engine) == [3]
    assert engine.folded == [
        (fact,)
        for number in range(4)
        for fact in (a_mark(T0 + number, price="110.00"), a_mark(T0 + number, price="99"))
    ]


def test_an_empty_journal_gives_a_fresh_engine() -> None:
    engine = FakeEngine()
    rebuilt([], engine)
    assert engine.folded == []


@pytest.mark.parametrize(
    ("step", "engine", "found"),
    [
        (2, acts_below("90"), "the engine decides nothing, the journal says"),
        (2, acts_below("111"), 'the engine wakes at {"type":"MarkPrice"'),
        (
            3,
            FakeEngine(lambda batch: (an_action(batch[-1].at_ms, "h3-1"),)),
            "the engine wakes at",
        ),
    ],
)
def test_a_difference_names_the_step(step: int, engine: FakeEngine, found: str) -> None:
    silent = a_step(T0, facts=(a_mark(price="112"),))
    steps = [silent] * (step - 1) + STEPS
    if step == 3:
        steps = [silent, silent, a_step(T0, swallowed=(a_mark(price="100"),))]
        engine = acts_below("101")
    with pytest.raises(RebuildDiffers) as differs:
        rebuilt(steps, engine)
    assert differs.value.step == step
    assert f"journal, epoch 3, step {step} at {steps[step - 1].at_ms}: {found}" in str(differs.value)


@pytest.mark.parametrize(
    ("decisions", "found"),
    [
        ((an_action(T0, "h3-1"),), "the journal says nothing more"),
        ((an_action(T0, "h3-1"), a_change(T0, now="ARMED")), '"now":"BLIND"'),
        ((an_action(T0, "h3-1"), a_change(T0), a_change(T0)), "the engine decides nothing more"),
        ((an_action(T0, "h3-2"), a_change(T0)), '"client_id":"h3-1"'),
    ],
)
def test_every_digit_of_every_decision_counts(decisions: tuple[Decision, ...], found: str) -> None:
    step = a_step(T0, facts=(a_mark(price="99"),), decisions=decisions)
    with pytest.raises(RebuildDiffers) as differs:
        rebuilt([step], acts_below("100"))
    assert found in str(differs.value)
    assert "use the configuration and the version of that run" in str(differs.value)
