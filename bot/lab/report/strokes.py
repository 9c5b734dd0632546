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
    (x, y), *others = _corners(spots)
    if not others:
        return f"M{x} {y}h0"
    written = [f"M{x} {y}l"]
    for at_x, at_y in others:
        across, down = at_x - x, at_y - y
        gap = "" if across < 0 or written[-1][-1] == "l" else " "
        written.append(f"{gap}{across}{'' if down < 0 else ' '}{down}")
        x, y = at_x, at_y
    return "".join(written)


def _corners(spots: list[Spot]) -> list[Spot]:
    """Without those at which a level line only goes on, and without the same spot twice."""
    kept = spots[:1]
    for spot in spots[1:]:
        if len(kept) > 1 and kept[-2][1] == kept[-1][1] == spot[1] and kept[-2][0] <= kept[-1][0] <= spot[0]:
            kept.pop()
        if spot != kept[-1]:
            kept.append(spot)
    return kept


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
