"""Jumps: which bars of a tape are some, and more of them on paths than the tape had.

A bar jumps where its return is too large for the volatility around it, measured by what jumps do not move,
the products of neighbouring returns (Lee and Mykland, "Jumps in Financial Markets", Review of Financial
Studies 21, 2008, at one per cent).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
import numpy.typing as npt

from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.history import CLOSE, HIGH, LOW, Floats, History
from bot.lab.montecarlo.source import Source

WINDOW = 270
"""Bars that volatility is measured over; the paper has 270 for five-minute returns."""
_ONE_PER_CENT = -log(-log(0.99))
"""The point of the Gumbel distribution that the largest of many quiet returns seldom passes."""
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WithJumps:
    """Paths of another source with further jumps, each as large as one of the tape, in all symbols at once.

    ``sizes`` are those of the tape, shape (symbols, jumps); ``chance`` is that of a bar to have one.
    """

    source: Source
    sizes: Floats
    chance: float

    def draw(self, generator: np.random.Generator, paths: int, bars: int) -> Floats:
        """Moves of the shape (4, symbols, paths, bars); a jump comes at the end of its bar."""
        moves = self.source.draw(generator, paths, bars)
        path, bar = np.nonzero(generator.random((paths, bars)) < self.chance)
        which = generator.integers(0, self.sizes.shape[1], size=len(path))
        moves[CLOSE][:, path, bar] += self.sizes[:, which]
        np.maximum(moves[HIGH], moves[CLOSE], out=moves[HIGH])
        np.minimum(moves[LOW], moves[CLOSE], out=moves[LOW])
        return moves


def with_jumps(source: Source, history: History, per_day: float) -> Source:
    """``source`` with so many more jumps a day on average; SourceError where the tapes have none."""
    if not per_day:
        return source
    at = np.flatnonzero(np.any([jumping(each) for each in history.returns], axis=0))
    if not at.size:
        raise SourceError("the tapes have no jumps to draw --jumps from; give longer tapes, or none")
    chance = min(1.0, per_day * history.interval_ms / _DAY_MS)
    return WithJumps(source=source, sizes=history.returns[:, at], chance=chance)


def jumping(returns: Floats) -> npt.NDArray[np.bool_]:
    """Which returns are jumps; none within the first window, where nothing is known of the volatility."""
    found = np.zeros(len(returns), dtype=np.bool_)
    if len(returns) <= WINDOW:
        return found
    size = np.abs(returns)
    products = np.concatenate(([0.0], np.cumsum(size[1:] * size[:-1])))
    # The products of the window before each bar, which is not in it itself.
    variance = (products[WINDOW - 2 : -1] - products[: 1 - WINDOW]) / (WINDOW - 2)
    later = size[WINDOW - 1 :]
    found[WINDOW - 1 :] = later > _threshold(len(later)) * np.sqrt(np.maximum(variance, 0.0))
    return found


def _threshold(count: int) -> float:
    """What the largest of ``count`` quiet ratios passes once in a hundred times."""
    c = sqrt(2.0 / pi)
    root = sqrt(2.0 * log(max(count, 3)))
    return root / c - (log(pi) + log(log(max(count, 3)))) / (2.0 * c * root) + _ONE_PER_CENT / (c * root)
