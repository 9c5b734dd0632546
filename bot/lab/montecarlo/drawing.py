"""Which paths are drawn: a seed and a number say all of it, whoever draws them and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bot.lab.montecarlo.laying import Bundle, Start, lay
from bot.lab.montecarlo.source import Source

_BARS = 200_000
"""A bundle holds about so many bars of each symbol: some ten megabytes, whatever is asked for."""
_LARGEST = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """``paths`` paths of ``bars`` bars from ``start`` on, in bundles, each drawn from a stream of its own."""

    source: Source
    start: Start
    seed: int
    paths: int
    bars: int

    @property
    def size(self) -> int:
        """How many paths a bundle has; it depends on their length alone."""
        return max(1, min(_LARGEST, _BARS // self.bars))

    def numbers(self) -> Iterator[int]:
        """The bundles."""
        yield from range(-(-self.paths // self.size))

    def bundle(self, number: int) -> Bundle:
        """Draw one; the last is smaller where the paths come to no whole number of bundles."""
        generator = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        count = min(self.size, self.paths - number * self.size)
        return lay(self.source.draw(generator, count, self.bars), self.start)
