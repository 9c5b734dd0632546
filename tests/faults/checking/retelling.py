"""The journal tells the whole story: an engine that is fed it decides the same and knows the same (I22)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from bot.core.codec import encode
from bot.core.decisions import Decision
from bot.core.engine import Engine
from bot.core.facts import Fact
from bot.runtime.journal import Part
from tests.faults.checking.story import Line, Story
from tests.faults.checking.violation import Violation
from tests.faults.evidence import Ending, Run, memory_of


def the_journal_retells_it(story: Story) -> Iterator[Violation]:
    """I22. What a run folded brings a fresh engine to its decisions, and in the end to its memory."""
    lines: dict[int, list[Line]] = defaultdict(list)
    for line in story.lines:
        lines[line.epoch].append(line)
    for run in story.evidence.runs:
        if run.settings is not None:
            yield from _retold(run, Engine(run.settings), lines[run.epoch])


CHECKS = (the_journal_retells_it,)


# -- inside -----------------------------------------------------------------------------------------


def _retold(run: Run, engine: Engine, lines: list[Line]) -> Iterator[Violation]:
    for _, step in groupby(lines, key=lambda line: line.step):
        parts: dict[Part, list[Line]] = defaultdict(list)
        for line in step:
            parts[line.part].append(line)
        for line in parts[Part.SWALLOWED]:
            woken = engine.recall(_fact(line))
            if woken is not None and woken.decisions:
                text = f"epoch {run.epoch} wakes at row {line.seq} as it is told, and did not"
                yield Violation(line.at_ms, "I22", text)
                return
        folded = engine.fold([_fact(line) for line in parts[Part.FACT]])
        again = [] if folded is None else [encode(decision) for decision in folded.decisions]
        if again != [encode(_decision(line)) for line in parts[Part.DECISION]]:
            first = next(iter(parts[Part.DECISION] or parts[Part.FACT]))
            text = f"epoch {run.epoch} decides otherwise than it did, at row {first.seq}"
            yield Violation(first.at_ms, "I22", text)
            return
    if run.ending is Ending.STOPPED and memory_of(engine, run.epoch) != run.state:
        yield Violation(run.ended_ms, "I22", f"epoch {run.epoch} remembers otherwise than its journal tells")


def _fact(line: Line) -> Fact:
    assert not isinstance(line.noun, Decision), f"row {line.seq} holds a decision among facts"
    return line.noun


def _decision(line: Line) -> Decision:
    assert isinstance(line.noun, Decision), f"row {line.seq} holds a fact among decisions"
    return line.noun
