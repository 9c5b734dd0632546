"""Divides the matrix into runs: one bot each, no more cells in it than one account may look after at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.faults.loop.judging import Judgement
from tests.faults.loop.matrix import Cell, Kind, Trouble, Way, cells
from tests.faults.loop.playing import play

JOBS = 2
AT_ONCE = {"binanceusdm": 26, "bybit": 9, "okx": 13, "xt": 13}
"""Cells of replies in one run: what an exchange lets one account read in the seconds that a proof takes.

Half as many kinds while nothing connects: there each asks anew every second, and what an exchange lets one
account order in a second is less than twelve.
"""
FEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A cell and what it came to."""

    cell: Cell
    judgement: Judgement


def run(
    venue: str, kinds: Sequence[Kind], troubles: Sequence[Trouble], *, jobs: int = JOBS
) -> Iterator[list[Played]]:
    """Play all of it, ``jobs`` bots at once; each run as it ends."""
    groups = divided(venue, kinds, troubles)
    with ProcessPoolExecutor(min(jobs, len(groups)), mp_context=get_context("spawn")) as pool:
        waiting: dict[Future[list[Judgement]], list[Cell]] = {
            pool.submit(_played, venue, group): group for group in groups
        }
        for done in as_completed(waiting):
            together = zip(waiting[done], done.result(), strict=True)
            yield [Played(cell=cell, judgement=judgement) for cell, judgement in together]


def divided(venue: str, kinds: Sequence[Kind], troubles: Sequence[Trouble]) -> list[list[Cell]]:
    """What befalls connections concerns many kinds at once and takes longest, so it comes first."""
    replies = [trouble for trouble in troubles if trouble.way is Way.REPLY]
    connections = [trouble for trouble in troubles if trouble.way is not Way.REPLY]
    most = AT_ONCE[venue]
    together = max(1, most // 2)
    groups = [
        cells(venue, kinds[first : first + together], connections) for first in range(0, len(kinds), together)
    ]
    # A column is a run or two; of so few rows several columns are.
    for some in [kinds] if len(replies) <= FEW else [[kind] for kind in kinds]:
        column = cells(venue, some, replies)
        groups += [column[first : first + most] for first in range(0, len(column), most)]
    return [group for group in groups if group]


def _played(venue: str, group: Sequence[Cell]) -> list[Judgement]:
    with tempfile.TemporaryDirectory(prefix="holdfast-loop-") as folder:
        return play(venue, group, Path(folder))
