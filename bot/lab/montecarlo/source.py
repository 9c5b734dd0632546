"""What paths are drawn by."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from bot.lab.montecarlo.history import Floats


class Source(Protocol):
    """Draws joint moves of several symbols."""

    def draw(self, generator: np.random.Generator, paths: int, bars: int) -> Floats:
        """So many paths of so many bars: moves of the shape (4, symbols, paths, bars), as in a history."""
        ...
