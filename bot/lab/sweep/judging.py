"""What cells came to, compared: survival against cost, which one is chosen, and what is to be said of it.

A cell dominates another if it survives at least as many crashes and paths at no more cost, and is better in
one of the two. Those that no cell dominates are the Pareto list: every other cell is worse than one of them
for no gain. The chosen one is its first: of those that survive the most the cheapest, of these the first of
the grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.types import ZERO
from bot.lab.sweep.cell import Crash, Outcome
from bot.lab.sweep.days import Paths

MUCH_FEWER = Decimal("0.15")
"""By so much may the part of the crashes that is survived fall in those held back before that is said."""
MUCH_DEARER = 2
"""So many times what a crash cost may it cost in those held back before that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All crashes and paths of one sample; money in the settlement currency, ``nearest`` a fraction.

    ``cost``, ``margin_added`` and ``equity`` are sums over both, in each of which everything begins anew;
    ``nearest`` is of the crashes alone.
    """

    cell: int
    values: tuple[str, ...]
    survived: int
    crashes: int
    cost: Decimal
    margin_added: Decimal
    equity: Decimal
    nearest: Decimal | None
    paths_survived: int = 0
    paths: int = 0

    @property
    def met(self) -> int:
        """How many crashes and paths there were: a path counts as much as a crash."""
        return self.crashes + self.paths

    @property
    def lived(self) -> int:
        """How many of both are survived."""
        return self.survived + self.paths_survived

    @property
    def shares(self) -> Mapping[str, Share]:
        """The same of the crashes, and of the paths where there are any."""
        paths = {"paths": Share(self.paths_survived, self.paths)} if self.paths else {}
        return {"crashes": Share(self.survived, self.crashes), **paths}

    @property
    def part_survived(self) -> Decimal:
        """The part of both that is survived, from 0 to 1."""
        return Decimal(self.lived) / self.met

    @property
    def cost_each(self) -> Decimal:
        """What each of them costs on average."""
        return self.cost / self.met


def figures(outcome: Outcome) -> Figures:
    """The figures of one cell."""
    crashes, paths = outcome.crashes, outcome.paths
    met: list[Crash | Paths] = [*crashes, *([] if paths is None else [paths])]
    known = [each.nearest for each in crashes if each.nearest is not None]
    return Figures(
        cell=outcome.cell,
        values=outcome.values,
        survived=sum(each.survived for each in crashes),
        crashes=len(crashes),
        cost=sum((each.cost for each in met), ZERO),
        margin_added=sum((each.margin_added for each in met), ZERO),
        equity=sum((each.equity for each in met), ZERO),
        nearest=min(known, default=None),
        paths_survived=0 if paths is None else paths.survived,
        paths=0 if paths is None else paths.paths,
    )


def dominates(one: Figures, other: Figures) -> bool:
    """Whether ``one`` is better in survival or cost, and worse in neither."""
    no_worse = one.lived >= other.lived and one.cost <= other.cost
    return no_worse and (one.lived > other.lived or one.cost < other.cost)


def pareto(cells: Iterable[Figures]) -> tuple[Figures, ...]:
    """Those that none dominates, most survived first, equal ones in order of the grid."""
    listed: list[Figures] = []
    for each in sorted(cells, key=lambda cell: (-cell.lived, cell.cost, cell.cell)):
        # The last one listed is the cheapest of all that survive as many or more.
        if not listed or not dominates(listed[-1], each):
            listed.append(each)
    return tuple(listed)


class Share(NamedTuple):
    """So many are survived, of so many."""

    survived: int
    of: int

    def __str__(self) -> str:
        return f"{self.survived} of {self.of}"


class Both(NamedTuple):
    """A cell in what the choice was made by, and in what was held back."""

    seen: Figures
    unseen: Figures

    def lost(self, what: str) -> Decimal:
        """By how much the part that is survived is smaller in those held back; negative if greater."""
        seen, unseen = self.seen.shares[what], self.unseen.shares[what]
        return Decimal(seen.survived) / seen.of - Decimal(unseen.survived) / unseen.of


def out_of_sample(chosen: Both, configured: Both) -> Iterator[str]:
    """Warnings, where what the choice has not seen does not bear it out: crashes and paths each for itself.

    Many paths that are survived anyway would otherwise hide a crash that is not. What is configured was not
    chosen by any of these: where it does as much worse, they are harder.
    """
    for what, unseen in chosen.unseen.shares.items():
        if chosen.lost(what) > MUCH_FEWER:
            harder = configured.lost(what) > MUCH_FEWER
            yield (
                f"MUCH WORSE on {what} held back: {unseen} are survived, of the others"
                f" {chosen.seen.shares[what]}; "
                + (
                    "so it is as configured: these are harder"
                    if harder
                    else "these values may fit the others only"
                )
            )
    if chosen.unseen.cost_each > MUCH_DEARER * chosen.seen.cost_each:
        yield (
            f"MUCH DEARER on {' and '.join(chosen.unseen.shares)} held back:"
            f" {chosen.unseen.cost_each:,.2f} each, of the others {chosen.seen.cost_each:,.2f}"
        )
    for what, unseen in chosen.unseen.shares.items():
        before = configured.unseen.shares[what].survived
        if unseen.survived < before:
            yield (
                f"WORSE THAN WHAT YOU HAVE on {what} held back: {unseen.survived} are survived, and"
                f" {before} as configured"
            )
