"""A line as the text of an SVG path: whole numbers, each relative to the last, because a file has a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

Spot = tuple[int, int]


def stroke(spots: Iterable[Spot | None]) -> str:
    """Straight from spot to spot, lifted where there is none."""
    return "".join(_joined(part) for part in _parts(spots))


def staircase(spots: Iterable[Spot | None]) -> str:
    """Level until the next spot, then up or down to it: something that holds until it is changed."""
    return "".join(_stairs(part) for part in _parts(spots))


def area(upper: Iterable[Spot], lower: Iterable[Spot]) -> str:
    """What lies between two lines."""
    return f"{_joined([*upper, *reversed([*lower])])}z"


def _parts(spots: Iterable[Spot | None]) -> Iterator[list[Spot]]:
    for there, part in groupby(spots, key=lambda spot: spot is not None):
        if there:
            yield [spot for spot in part if spot is not None]


def _joined(spots: list[Spot]) -> str:
    (x, y), *others = spots
    written = [f"M{x} {y}l"] if others else [f"M{x} {y}h0"]
    for at_x, at_y in others:
        if (at_x, at_y) != (x, y):
            across, down = at_x - x, at_y - y
            gap = "" if across < 0 or written[-1][-1] == "l" else " "
            written.append(f"{gap}{across}{'' if down < 0 else ' '}{down}")
            x, y = at_x, at_y
    # All in one spot: a dot.
    return "".join(written).replace("l", "h0") if len(written) == 1 else "".join(written)


def _stairs(spots: list[Spot]) -> str:
    (x, y), *others = spots
    written = f"M{x} {y}"
    for at_x, at_y in others:
        across, down = at_x - x, at_y - y
        if down:
            written += (f"h{across}" if across else "") + f"v{down}"
            x, y = at_x, at_y
    end = spots[-1][0]
    return f"{written}h{end - x}"
