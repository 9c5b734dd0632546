"""A line chart: panes one above the other over one axis, with lines, bands, levels and marked acts.

It is SVG of our own, so it needs no script, prints sharply and takes its colours from the page. Its unit is
half a pixel of a column on a desk; it grows and shrinks with what it stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from bot.lab.report.axes import Axis
from bot.lab.report.strokes import Spot, area, staircase, stroke
from bot.lab.report.thinning import Floats, thinned
from bot.look.templating import environment
from bot.look.tone import Tone

COLUMN = 880
"""The usual width: a column of several beside each other, or a telephone."""
WIDE = 1760
"""The width of a chart that stands alone; on a telephone it is scrolled."""
_LEFT, _RIGHT, _TOP, _GAP, _FOOT = 108, 24, 40, 20, 40
_BUCKETS = 200


class Ink(StrEnum):
    """What a line is drawn like; each differs from the others in its dashes as well as in its colour."""

    PRICE = "price"
    LIQUIDATION = "liquidation"
    STOP = "stop"
    SOFT = "soft"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"


class Shape(StrEnum):
    """What an act looks like: the value is its outline around the spot."""

    UP = "m0-11 10 18h-20z"
    DOWN = "m0 11 10-18h-20z"
    SQUARE = "m-8-8h16v16h-16z"
    DIAMOND = "m0-12 12 12-12 12-12-12z"
    CROSS = "m-9-9 18 18m0-18-18 18"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``y`` over an ascending ``x``; ``nan`` is a hole. ``steps``: each value holds until the next one."""

    name: str
    x: ArrayLike
    y: ArrayLike
    ink: Ink = Ink.FIRST
    steps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What lies between ``low`` and ``high``: an interval around a line, without holes."""

    name: str
    x: ArrayLike
    low: ArrayLike
    high: ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One value all along: a threshold."""

    name: str
    y: float
    ink: Ink = Ink.SOFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done or befell, marked at a spot; ``text`` is told when it is pointed at."""

    x: float
    y: float
    shape: Shape
    text: str = ""
    tone: Tone = Tone.SAFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """One field of a chart with its own vertical axis. Values beyond ``y`` are drawn at its edge.

    ``height`` is in units of the chart: 2 to a pixel.
    """

    y: Axis
    lines: Sequence[Line] = ()
    bands: Sequence[Band] = ()
    levels: Sequence[Level] = ()
    acts: Sequence[Act] = ()
    title: str = ""
    height: int = 300


def line_chart(
    panes: Sequence[Pane],
    *,
    x: Axis,
    summary: str,
    title: str | Markup = "",
    key: bool = True,
    width: int = COLUMN,
    buckets: int = _BUCKETS,
    behind: str = "",
) -> Markup:
    """A ``<figure>``. ``summary`` says in words what it shows, for those who cannot see it.

    ``key`` explains the lines; ``buckets`` is how many stretches a line is thinned to (see ``thinned``).
    ``behind`` is the id of a ``backdrop`` of as many panes as high, with the axes.
    """
    drawn = _chart(panes, x, width, buckets)
    figure: Markup = _macros().figure(drawn, title, summary, _key(panes) if key else [], behind)
    return figure


def backdrop(
    id_: str,
    panes: Sequence[Pane],
    *,
    x: Axis,
    width: int = COLUMN,
    buckets: int = _BUCKETS,
    behind: str = "",
) -> Markup:
    """What several charts have in common, written once: for the ``<defs>`` of an ``<svg>``.

    ``behind`` is the id of another, of which the same holds.
    """
    shared: Markup = _macros().shared(id_, _chart(panes, x, width, buckets), behind)
    return shared


def legend(lines: Sequence[tuple[Ink, str]], signs: Sequence[tuple[Shape, Tone, str]]) -> Markup:
    """What the lines and marks of several charts mean, told once."""
    told: Markup = _macros().marks(lines, signs)
    return told


def _macros() -> Any:  # noqa: ANN401 - a template's macros are attributes of its module
    return environment().get_template("lines.html").module


@dataclass(frozen=True, slots=True)
class _Field:
    """A pane in the units of the drawing."""

    across: Axis
    up: Axis
    left: int
    right: int
    top: int
    bottom: int
    buckets: int

    def x(self, value: float) -> int:
        return round(self.left + (self.right - self.left) * self.across.share(value))

    def y(self, value: float) -> int:
        share = min(1.0, max(0.0, self.up.share(value)))
        return round(self.bottom + (self.top - self.bottom) * share)

    def spots(self, x: Floats, y: Floats) -> list[Spot | None]:
        return [
            None if value != value else (self.x(at), self.y(value))  # noqa: PLR0124 - nan, without a call
            for at, value in zip(x.tolist(), y.tolist(), strict=True)
        ]


def _chart(panes: Sequence[Pane], x: Axis, width: int, buckets: int) -> dict[str, Any]:
    top = 0
    drawn: list[dict[str, Any]] = []
    for pane in panes:
        top += _TOP if pane.title or not drawn else _GAP
        field = _Field(x, pane.y, _LEFT, width - _RIGHT, top, top + pane.height, buckets)
        drawn.append(_pane(pane, field))
        top += pane.height
    return {
        "width": width,
        "wide": width > COLUMN,
        "height": top + _FOOT,
        "left": _LEFT,
        "panes": drawn,
        "ticks": _apart([(_across(x, value, width), text) for value, text in x.ticks], width),
    }


def _across(x: Axis, value: float, width: int) -> int:
    return round(_LEFT + (width - _LEFT - _RIGHT) * x.share(value))


def _apart(ticks: list[tuple[int, str]], width: int) -> list[tuple[int, str]]:
    """Those that neither lie on each other nor reach beyond the drawing."""
    kept: list[tuple[int, str]] = []
    end = 0
    for at, text in ticks:
        half = len(text) * 6 + 4
        if at - half >= end and at + half <= width:
            kept.append((at, text))
            end = at + half
    return kept


def _pane(pane: Pane, field: _Field) -> dict[str, Any]:
    paths = [("band", _band(each, field)) for each in pane.bands]
    paths += [(each.ink, f"M{field.left} {field.y(each.y)}H{field.right}") for each in pane.levels]
    paths += [(each.ink, _line(each, field)) for each in pane.lines]
    grid = [(field.y(value), text) for value, text in pane.y.ticks]
    return {
        "title": pane.title,
        "top": field.top,
        "grid": "".join(f"M{field.left} {y}H{field.right}" for y, _ in grid),
        "ticks": [(y + 8, text) for y, text in grid],
        "paths": paths,
        "signs": [
            {"shape": a.shape, "x": field.x(a.x), "y": field.y(a.y), "tone": a.tone, "text": a.text}
            for a in pane.acts
        ],
    }


def _line(line: Line, field: _Field) -> str:
    x, y = _floats(line.x), _floats(line.y)
    if line.steps:
        return staircase(field.spots(*_held(x, y)))
    kept = thinned(x, y, field.across.low, field.across.high, field.buckets)
    return stroke(field.spots(x[kept], y[kept]))


def _held(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """With a second point where a hole begins: until there the last value holds."""
    holes = np.flatnonzero(np.isnan(y[1:]) & ~np.isnan(y[:-1])) + 1
    return np.insert(x, holes, x[holes]), np.insert(y, holes, y[holes - 1])


def _band(band: Band, field: _Field) -> str:
    x, low, high = _floats(band.x), _floats(band.low), _floats(band.high)
    sides = []
    for y in (high, low):
        kept = thinned(x, y, field.across.low, field.across.high, field.buckets)
        sides.append([spot for spot in field.spots(x[kept], y[kept]) if spot is not None])
    return area(*sides)


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _key(panes: Sequence[Pane]) -> list[tuple[str, str]]:
    named: dict[str, str] = {}
    for pane in panes:
        inks = ("band", *("band within" for _ in pane.bands))
        named.update({each.name: ink for ink, each in zip(inks, pane.bands, strict=False) if each.name})
        named.update({each.name: each.ink for each in pane.lines if each.name})
        named.update({each.name: each.ink for each in pane.levels if each.name})
    return [(ink, name) for name, ink in named.items()]
