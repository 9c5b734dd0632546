"""What a replay plays: a path of prices, each bar of it with one point or more.

``PricePath`` has bars of four points. ``MarkPath`` has every mark as it was told: a bar of one point, which
prices jumped to, because nobody knows of any between it and the one before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from bot.lab.tapes.path import Point, Points
from bot.lab.tapes.ticks import Ticks


class PlayedPath(Protocol):
    """A path of one symbol's prices, in ticks of ``exponent``: arrays to search, and bars to play."""

    @property
    def symbol(self) -> str:
        """Whose prices."""
        ...

    @property
    def interval_ms(self) -> int:
        """How far the openings of two bars are apart where none is missing."""
        ...

    @property
    def ends_ms(self) -> int:
        """How long after its opening the last point of a bar is."""
        ...

    @property
    def exponent(self) -> int:
        """How many decimals a tick has."""
        ...

    @property
    def times(self) -> Ticks:
        """When each bar opens, strictly rising."""
        ...

    @property
    def last_low(self) -> Ticks:
        """The lowest traded price of each bar."""
        ...

    @property
    def last_high(self) -> Ticks:
        """The highest."""
        ...

    @property
    def mark_low(self) -> Ticks:
        """The lowest mark of each bar."""
        ...

    @property
    def mark_high(self) -> Ticks:
        """The highest."""
        ...

    @property
    def close(self) -> Ticks:
        """The traded price at the last point of each bar."""
        ...

    @property
    def closing_marks(self) -> Ticks:
        """The mark there."""
        ...

    @property
    def gapless(self) -> bool:
        """Whether each bar opens one interval after the last: then openings can be counted."""
        ...

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was assumed, in sentences."""
        ...

    def __len__(self) -> int:
        """How many bars there are."""
        ...

    def bar(self, at: int) -> Sequence[Point]:
        """The points of one bar, in order."""
        ...

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Those of the bars [start, stop) as arrays, a row for each bar."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class MarkPath:
    """Marks as they were told, at any distance from each other; trades are at the mark.

    ``interval_ms`` is how far two of them are apart as a rule. ``times`` rise strictly.
    """

    symbol: str
    interval_ms: int
    exponent: int
    times: Ticks
    marks: Ticks

    def __len__(self) -> int:
        """How many marks there are."""
        return len(self.times)

    def bar(self, at: int) -> Sequence[Point]:
        """One mark."""
        mark = self.marks.item(at)
        return ((self.times.item(at), mark, mark),)

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Marks as arrays of one column."""
        marks = self.marks[start:stop, None]
        return Points(times=self.times[start:stop, None], last=marks, mark=marks)

    @property
    def ends_ms(self) -> int:
        """A mark has no length."""
        return 0

    @property
    def last_low(self) -> Ticks:
        """The mark."""
        return self.marks

    last_high = mark_low = mark_high = close = closing_marks = last_low

    @cached_property
    def gapless(self) -> bool:
        """Whether they are evenly apart."""
        return bool((np.diff(self.times) == self.interval_ms).all())

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is not known between two marks."""
        return (f"{self.symbol}: prices jump from one recorded mark to the next, and trades are at the mark",)
