"""The stationary bootstrap: paths of blocks of the tape, each of a random length, all symbols cut together.

Blocks keep what lives within them: quiet and wild hours, jumps with their aftershocks, and coins that fall
together. Lengths are geometric, so that the result is stationary, and the tape is a ring, so that its ends
are drawn as often as its middle (Politis and Romano, "The Stationary Bootstrap", Journal of the American
Statistical Association 89, 1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.history import Floats, History


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bootstrap:
    """Draws blocks of ``block`` bars on average from ``moves``, of the shape (4, symbols, bars)."""

    moves: Floats
    block: int

    def draw(self, generator: np.random.Generator, paths: int, bars: int) -> Floats:
        """Moves of the shape (4, symbols, paths, bars)."""
        return self.moves[:, :, rows(generator, paths, bars, block=self.block, of=self.moves.shape[2])]


def bootstrap(history: History, block: int) -> Bootstrap:
    """Draw from ``history`` in blocks of ``block`` bars on average; SourceError where it has not one."""
    if block > len(history):
        raise SourceError(
            f"the tapes have {len(history)} bars, and a block {block}; give longer tapes or a shorter --block"
        )
    return Bootstrap(moves=history.moves, block=block)


def rows(
    generator: np.random.Generator, paths: int, bars: int, *, block: int, of: int
) -> npt.NDArray[np.int64]:
    """Which of ``of`` bars of the tape is at each place of each path."""
    begins = generator.random((paths, bars)) < 1.0 / block
    begins[:, 0] = True
    drawn = generator.integers(0, of, size=(paths, bars))
    place = np.arange(bars)
    # Each place counts from where its block begins.
    begun = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    return np.asarray((np.take_along_axis(drawn, begun, axis=1) + place - begun) % of, dtype=np.int64)
