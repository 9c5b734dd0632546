"""Every cell once, whoever dies meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bot.lab.sweep.cell import Outcome, Question, Sample, Task
from bot.lab.sweep.errors import WorkersLostError
from bot.lab.sweep.grid import Cell
from bot.lab.sweep.running import BARREN_MAX, run
from bot.lab.sweep.workers import Workers, here
from tests.building.sweeps import an_outcome

QUESTION = cast("Question", None)
TASKS = [
    Task(question=QUESTION, sample=Sample.IN, cell=Cell(number=number, values=(number,)))
    for number in range(1, 11)
]


def played(task: Task) -> Outcome:
    return an_outcome(task.cell.number)


@dataclass
class Mortal(Executor):
    """Finishes so many tasks, then loses all that it is given; ``left`` counts for all that share it."""

    left: list[int]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.left[0] > 0:
            self.left[0] -= 1
            future.set_result(fn(*args, **kwargs))
        else:
            future.set_exception(BrokenExecutor("a worker died"))
        return future


@dataclass
class Mortals:
    """Executors one after the other, each good for so many tasks."""

    good_for: list[int]
    opened: int = field(default=0)

    @contextmanager
    def open(self) -> Iterator[Executor]:
        self.opened += 1
        yield Mortal([self.good_for.pop(0)])


def numbers(workers: Workers) -> list[int]:
    kept: list[int] = []
    run(TASKS, workers, played, lambda outcome: kept.append(outcome.cell))
    return kept


def test_one_process_takes_cells_in_order() -> None:
    assert numbers(here()) == list(range(1, 11))


def test_any_executor_will_do() -> None:
    kept = numbers(Workers(open=lambda: ThreadPoolExecutor(3), at_once=6))
    assert sorted(kept) == list(range(1, 11))


def test_no_more_are_handed_out_than_may_be_under_way() -> None:
    waiting: list[Future[Outcome]] = []
    most = 0

    class Slow(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal most
            future: Future[Any] = Future()
            waiting.append(future)
            most = max(most, sum(not each.done() for each in waiting))
            if len(waiting) % 3 == 0 or len(waiting) == len(TASKS):
                for each, task in zip(waiting, TASKS, strict=False):
                    if not each.done():
                        each.set_result(played(task))
            return future

    assert sorted(numbers(Workers(open=Slow, at_once=3))) == list(range(1, 11))
    assert most <= 3


def test_cells_of_a_worker_that_died_go_again_and_each_counts_once() -> None:
    mortals = Mortals([3, 4, 100])
    assert sorted(numbers(Workers(open=mortals.open, at_once=2))) == list(range(1, 11))
    assert mortals.opened == 3


def test_one_cell_between_two_deaths_is_progress() -> None:
    mortals = Mortals([0, 0, 1] * 10)
    assert len(numbers(Workers(open=mortals.open, at_once=1))) == 10


def test_workers_that_die_and_finish_nothing_end_it() -> None:
    mortals = Mortals([2, *[0] * 10])
    kept: list[int] = []
    with pytest.raises(WorkersLostError, match="finished nothing in between, 8 cells are left"):
        run(TASKS, Workers(open=mortals.open, at_once=2), played, lambda each: kept.append(each.cell))
    assert sorted(kept) == [1, 2]
    assert mortals.opened == 1 + BARREN_MAX


def test_what_a_cell_raises_is_raised_after_what_was_finished_is_kept() -> None:
    def fails(task: Task) -> Outcome:
        if task.cell.number == 4:
            raise ArithmeticError("of cell 4")
        return played(task)

    kept: list[int] = []
    with pytest.raises(ArithmeticError, match="of cell 4"):
        run(TASKS, here(), fails, lambda outcome: kept.append(outcome.cell))
    assert kept == [1, 2, 3]


def test_an_interrupted_run_keeps_what_was_done() -> None:
    def pressed(task: Task) -> Outcome:
        if task.cell.number == 6:
            raise KeyboardInterrupt
        return played(task)

    kept: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run(TASKS, here(), pressed, lambda outcome: kept.append(outcome.cell))
    assert kept == [1, 2, 3, 4, 5]
