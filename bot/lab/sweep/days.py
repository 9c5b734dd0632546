"""Days that did not happen, beside the crashes that did: every cell of a sweep meets the same ones.

They are paths as ``holdfast montecarlo`` draws them. A seed says all of them, so a worker draws them itself
and nothing but sums comes back: among ten thousand cells nobody reads each path. Those held back are drawn
by another seed, which follows from the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import fsum
from typing import Any

from bot.config.settings import Settings
from bot.core.types import Symbol
from bot.lab.montecarlo.crew import Crew
from bot.lab.montecarlo.drawing import Drawing
from bot.lab.montecarlo.history import History
from bot.lab.montecarlo.run import Wanted, draw_from
from bot.lab.replay.result import text
from bot.lab.stress.trial import RuleSet
from bot.lab.tapes import SymbolTapes

MINUTES = 1_440
"""How long a path is."""
_CENTS = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """What came of the paths of one sample, all together; money in the settlement currency, to the cent."""

    paths: int
    survived: int
    cost: Decimal
    margin_added: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Days:
    """Paths of a day, and the history that they are drawn from."""

    history: History
    drawing: Drawing

    def head(self) -> dict[str, Any]:
        """What the paths depend on, as JSON values."""
        start = self.drawing.start
        return {
            "tapes": sorted(self.history.tapes),
            "paths": self.drawing.paths,
            "bars": self.drawing.bars,
            "first": {symbol: text(price) for symbol, price in zip(start.symbols, start.first, strict=True)},
        }

    def held_back(self, paths: int) -> Drawing:
        """So many further ones, that no other cell has met."""
        seed = hashlib.sha256(f"{self.drawing.seed} held back".encode()).hexdigest()
        return replace(self.drawing, seed=int(seed[:16], 16), paths=paths)


def days(
    settings: Settings,
    grouped: Sequence[SymbolTapes],
    *,
    paths: int,
    seed: int,
    prices: Mapping[Symbol, Decimal],
) -> Days:
    """So many paths, drawn by blocks of four hours; SourceError for tapes that none can be drawn from."""
    wanted = Wanted(paths=paths, minutes=MINUTES, seed=seed)
    history, drawing = draw_from(settings, grouped, wanted, prices)
    return Days(history=history, drawing=drawing)


def met(drawing: Drawing, rules: RuleSet) -> Paths:
    """Play every path; ConfigError for positions that cannot be at its first price."""
    crew = Crew(drawing, (rules,))
    bundles = [crew.play(number).outcomes[0] for number in drawing.numbers()]
    before = crew.rehearsals[0].equity_before
    return Paths(
        paths=drawing.paths,
        survived=drawing.paths - sum(int(each.died.sum()) for each in bundles),
        cost=_money(value for each in bundles for value in each.cost.tolist()),
        margin_added=_money(value for each in bundles for value in each.added.tolist()),
        equity=_money(before - value for each in bundles for value in each.loss.tolist()),
    )


def _money(values: Iterable[float]) -> Decimal:
    """Their sum, rounded as it is on every machine, in whichever way floats are added up there."""
    return Decimal(repr(fsum(values))).quantize(_CENTS)
