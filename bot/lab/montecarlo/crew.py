"""Who plays the bundles: this process, or several of them. What comes of it is the same, and in one order.

Each process prepares every set of rules once and keeps it. No more bundles are under way than processes can
be busy with, and what came of one is taken in before the next is waited for, so memory does not grow with
the number of paths.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from time import process_time

from bot.lab.montecarlo.drawing import Drawing
from bot.lab.montecarlo.outcomes import Outcomes
from bot.lab.montecarlo.playing import Rehearsal
from bot.lab.stress.trial import RuleSet

_AHEAD = 2
"""Bundles under way for each process: one that is played, one that waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of one bundle with each set of rules, and the processor's seconds that it took."""

    outcomes: tuple[Outcomes, ...]
    drawing_s: float
    playing_s: float


class Crew:
    """Draws bundles and plays them with every set of rules."""

    def __init__(self, drawing: Drawing, rule_sets: Sequence[RuleSet]) -> None:
        """Prepare everything; ConfigError for positions that cannot be."""
        self._drawing = drawing
        first = drawing.bundle(0)
        self.rehearsals = tuple(Rehearsal(each, first) for each in rule_sets)

    def play(self, number: int) -> Played:
        """Draw one bundle and play it."""
        began = process_time()
        bundle = self._drawing.bundle(number)
        drawn = process_time()
        with _collected_once():
            outcomes = tuple(each.play(bundle) for each in self.rehearsals)
        return Played(outcomes=outcomes, drawing_s=drawn - began, playing_s=process_time() - drawn)


@contextmanager
def _collected_once() -> Iterator[None]:
    """Look once, at the end, for the cycles that paths leave behind: with all else frozen that is soon done.

    Whoever prepares a path would thaw what is frozen, if collecting went on meanwhile.
    """
    collecting = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
        gc.collect()
    finally:
        gc.unfreeze()
        if collecting:
            gc.enable()


def played(crew: Crew, drawing: Drawing, rule_sets: Sequence[RuleSet], workers: int) -> Iterator[Played]:
    """Every bundle in order, by ``workers`` processes; by this one, and ``crew``, if it is to be alone."""
    if workers == 1:
        yield from map(crew.play, drawing.numbers())
        return
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_hire, initargs=(drawing, tuple(rule_sets))
    )
    try:
        yield from _in_order(pool, drawing, workers * _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: Executor, drawing: Drawing, ahead: int) -> Iterator[Played]:
    numbers = drawing.numbers()
    waiting: deque[Future[Played]] = deque(pool.submit(_play, number) for number in islice(numbers, ahead))
    while waiting:
        done = waiting.popleft().result()
        waiting.extend(pool.submit(_play, number) for number in islice(numbers, 1))
        yield done


_HIRED: list[Crew] = []
"""The crew of a process of the pool, which lives as long as it does."""


def _hire(drawing: Drawing, rule_sets: Sequence[RuleSet]) -> None:
    _HIRED[:] = [Crew(drawing, rule_sets)]


def _play(number: int) -> Played:
    return _HIRED[0].play(number)
