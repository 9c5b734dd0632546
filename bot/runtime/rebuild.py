"""Brings an engine to the state a journal ends in, and checks the journal on the way.

The facts of a journal fed to a fresh engine must lead to the decisions in the journal. Where they do not,
somebody changed the configuration, the program, or the journal; in each case what it says about the present
is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from bot.core.codec import encode
from bot.core.decisions import Decision
from bot.core.facts import Fact
from bot.core.step import Step
from bot.runtime.errors import ShellError
from bot.runtime.journal.port import Journal
from bot.runtime.journal.rows import presentable
from bot.runtime.redaction import HIDDEN
from bot.runtime.shell import Folding


class Recalling(Folding, Protocol):
    """What is needed of the engine."""

    def recall(self, fact: Fact) -> Step | None:
        """Fold one fact that was swallowed."""
        ...


E = TypeVar("E", bound=Recalling)

_LONGEST = 200


class RebuildDiffers(ShellError):  # noqa: N818  # it says what is the matter
    """The engine decides otherwise than the journal says; ``step`` is the place, counted within the epoch."""

    def __init__(self, epoch: int, step: int, at_ms: int, found: str) -> None:
        """Name the step."""
        self.epoch = epoch
        self.step = step
        super().__init__(
            f"journal, epoch {epoch}, step {step} at {at_ms}",
            found,
            "use the configuration and the version of that run",
        )


async def rebuild(journal: Journal, engine_factory: Callable[[int], E]) -> E:
    """The engine as it was at the end of the journal's latest epoch that has steps.

    ``engine_factory`` makes a fresh one, given the epoch, which is part of every client id. Raises
    ``RebuildDiffers`` at the first step whose decisions are not the journal's, to the last digit.
    """
    epoch = journal.played
    engine = engine_factory(epoch)
    number = 0
    async for step in journal.steps(epoch):
        number += 1
        difference = _difference(engine, step)
        if difference is not None:
            raise RebuildDiffers(epoch, number, step.at_ms, difference)
    return engine


def _difference(engine: Recalling, step: Step) -> str | None:
    """What the engine does differently when it is fed the facts of ``step``."""
    for fact in step.swallowed:
        woken = engine.recall(fact)
        if woken is not None and woken.decisions:
            return f"the engine wakes at {encode(fact)}, the journal does not"
    again = engine.fold(step.facts)
    mine = _texts(again.decisions if again is not None else ())
    theirs = _texts(step.decisions)
    index = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if not _fits(a, b)), None)
    if index is None:
        if len(mine) == len(theirs):
            return None
        index = min(len(mine), len(theirs))
    return f"the engine decides {_shown(mine, index)}, the journal says {_shown(theirs, index)}"


def _texts(decisions: Sequence[Decision]) -> list[str]:
    return [encode(presentable(decision)) for decision in decisions]


def _fits(mine: str, theirs: str) -> bool:
    """Whether they are equal, up to what was hidden in the journal by somebody who knew more secrets."""
    if mine == theirs:
        return True
    begin, *rest = theirs.split(HIDDEN)
    if not rest or not mine.startswith(begin):
        return False
    at = len(begin)
    for part in rest[:-1]:
        found = mine.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return mine.endswith(rest[-1]) and len(mine) - len(rest[-1]) >= at


def _shown(decisions: list[str], index: int) -> str:
    if index >= len(decisions):
        return "nothing more" if decisions else "nothing"
    text = decisions[index]
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
