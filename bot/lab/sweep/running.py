"""Sees every task through an executor, and counts each once, whoever dies meanwhile.

A worker that dies takes its cells with it, and a process pool takes all that it had been handed; those go
again, to a new executor. A cell that kills whoever touches it would go for ever, so a limit is set on how
often that happens without any cell being finished in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from itertools import islice

from bot.lab.sweep.cell import Outcome, Task
from bot.lab.sweep.errors import WorkersLostError
from bot.lab.sweep.workers import Workers

BARREN_MAX = 3
"""So often in a row an executor may break without a cell that was finished."""

Evaluate = Callable[[Task], Outcome]


def run(tasks: Iterable[Task], workers: Workers, evaluate: Evaluate, keep: Callable[[Outcome], None]) -> None:
    """Evaluate every task and hand each outcome to ``keep`` once, in the order in which they come.

    Whatever ``evaluate`` raises is raised; ``WorkersLostError`` where workers die faster than they finish.
    """
    remaining = {task.cell.number: task for task in tasks}
    barren = 0
    while remaining:
        before = len(remaining)
        try:
            with workers.open() as executor:
                for outcome in _outcomes(executor, dict(remaining), workers.at_once, evaluate):
                    keep(outcome)
                    del remaining[outcome.cell]
        except workers.lost as error:
            barren = barren + 1 if len(remaining) == before else 0
            if barren == BARREN_MAX:
                raise WorkersLostError(
                    f"workers died {barren} times and finished nothing in between, {len(remaining)} cells are"
                    f" left; is there memory enough? {type(error).__name__}: {error}"
                ) from error


def _outcomes(
    executor: Executor, tasks: Mapping[int, Task], at_once: int, evaluate: Evaluate
) -> Iterator[Outcome]:
    """Outcomes as they come, never more than ``at_once`` under way.

    What was finished when a worker died is still given out, and only then it is said.
    """
    waiting = iter(tasks.values())
    under_way: set[Future[Outcome]] = set()
    while True:
        free = at_once - len(under_way)
        under_way.update(executor.submit(evaluate, task) for task in islice(waiting, free))
        if not under_way:
            return
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        failed = [future for future in done if future.cancelled() or future.exception() is not None]
        for future in done.difference(failed):
            yield future.result()
        for future in failed:
            future.result()
