"""Fewer points that look the same: of every stretch as wide as a pen its lowest and its highest value stay.

A crash is its extremes. Averages, or every tenth value, would draw another one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def thinned(x: Floats, y: Floats, low: float, high: float, buckets: int) -> NDArray[np.intp]:
    """The places of the values to keep, in order: the first, the last, and each bucket's extremes.

    ``x`` ascends; ``low`` to ``high`` is divided into ``buckets`` of one width. A ``nan`` in ``y`` is a hole
    in the line and stays one, at one point of each bucket.
    """
    count = len(x)
    if count <= 2 * buckets:
        return np.arange(count)
    bounds = np.searchsorted(x, np.linspace(low, high, buckets + 1))
    kept = {0, count - 1}
    for start, end in zip(bounds[:-1].tolist(), [*bounds[1:-1].tolist(), count], strict=True):
        if start < end:
            part = y[start:end]
            holes = np.isnan(part)
            if holes.any():
                kept.add(start + int(holes.argmax()))
            if not holes.all():
                kept.update((start + int(np.nanargmin(part)), start + int(np.nanargmax(part))))
    return np.array(sorted(kept), dtype=np.intp)
