"""The charts of one scenario: for each position one with each set of rules, all by the same measure.

Axes and price are the same with every set of rules, so they are written once and lie behind each chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from bot.core.types import PositionId
from bot.lab.report.axes import Axis, number_axis, percent_text, time_axis
from bot.lab.report.lines import Act, Ink, Line, Pane, Shape, backdrop, legend, line_chart
from bot.lab.report.stress.course import Course
from bot.lab.report.stress.deeds import Deed, Kind
from bot.lab.report.stress.story import Story, fate_of, named
from bot.lab.report.thinning import Floats
from bot.lab.stress.trial import Fate
from bot.look.figures import moment

_PRICE, _DISTANCE, _RATIO = 230, 84, 56
"""How high the panes are."""
_FARTHEST = 0.4
"""A distance beyond this is safe, however much farther it is."""
_IN_SIGHT = 0.12
"""How far from the prices, as a fraction of them, a liquidation price or a stop is still drawn."""
_COVERED = 0.02
"""Marks nearer to each other than this part of the chart's width cover each other."""
_BLANK = Axis(low=0, high=1)
_RATIO_AXIS = Axis(low=0, high=1, ticks=((0, "0%"), (1, "100%")))


class Measure(NamedTuple):
    """The axes of one position in one scenario."""

    time: Axis
    price: Axis
    distance: Axis


def key() -> Markup:
    """What lines and marks mean, and whatever else is the same in all charts."""
    lines = ((Ink.PRICE, "mark price"), (Ink.LIQUIDATION, "liquidation price"), (Ink.STOP, "stop"))
    signs = [(kind.shape, kind.tone, kind.title) for kind in Kind if kind.shape is not None]
    panes = _panes(_BLANK, _BLANK, _RATIO_AXIS)
    return legend(lines, signs) + _defined(backdrop("frame", panes, x=_BLANK))


def _defined(groups: Markup) -> Markup:
    return Markup('<svg class="defs" aria-hidden="true"><defs>{}</defs></svg>').format(groups)


def charts(place: str, stories: Sequence[Story], buckets: int) -> tuple[Markup, list[Markup]]:
    """What lies behind, and the charts of each story; ``place`` is that of the scenario in the page.

    A set of rules may come with positions of its own: each is measured with those that hold the same.
    """
    held: dict[PositionId, list[Course]] = {}
    for story in stories:
        for course in story.courses:
            held.setdefault(course.id, []).append(course)
    places = {id_: f"{place}-{at}" for at, id_ in enumerate(held)}
    measures = {id_: measure(courses) for id_, courses in held.items()}
    behind = Markup().join(
        _behind(places[id_], courses[0], measures[id_], buckets) for id_, courses in held.items()
    )
    drawn = [
        Markup().join(
            _chart(places[course.id], story, course, fate, measures[course.id], buckets)
            for course, fate in zip(story.courses, story.trial.fates, strict=True)
        )
        for story in stories
    ]
    return _defined(behind), drawn


def measure(courses: Sequence[Course]) -> Measure:
    """Axes on which every course of the same prices is seen."""
    prices = courses[0].price
    low, high = float(prices.min()), float(prices.max())
    reach = max(high - low, high * _IN_SIGHT)
    seen = np.concatenate([each.liquidation for each in courses])
    seen = seen[(seen >= low - reach) & (seen <= high + reach)]
    away = np.concatenate([each.distance for each in courses])
    away = away[~np.isnan(away)]
    farthest = min(_FARTHEST, float(away.max())) if len(away) else 0.0
    return Measure(
        time_axis(int(courses[0].price_ms[0]), int(courses[0].price_ms[-1]), about=3),
        number_axis(min([low, *seen.tolist()]), max([high, *seen.tolist()])),
        number_axis(0, max(farthest, 0.01), about=2, text=percent_text, margin=0),
    )


def _panes(
    price_axis: Axis,
    distance_axis: Axis,
    ratio_axis: Axis,
    *,
    price: Sequence[Line] = (),
    distance: Sequence[Line] = (),
    ratio: Sequence[Line] = (),
    acts: Sequence[Act] = (),
) -> tuple[Pane, Pane, Pane]:
    """The three fields of every chart here."""
    return (
        Pane(y=price_axis, lines=price, acts=acts, title="price", height=_PRICE),
        Pane(y=distance_axis, lines=distance, title="distance to liquidation", height=_DISTANCE),
        Pane(y=ratio_axis, lines=ratio, title="margin ratio", height=_RATIO),
    )


def _behind(id_: str, course: Course, by: Measure, buckets: int) -> Markup:
    price = Line(name="", x=course.price_ms, y=course.price, ink=Ink.PRICE)
    panes = _panes(by.price, by.distance, _BLANK, price=[price])
    return backdrop(id_, panes, x=by.time, buckets=buckets, behind="frame")


def _chart(id_: str, story: Story, course: Course, fate: Fate, by: Measure, buckets: int) -> Markup:
    mine = [deed for deed in story.deeds if deed.id == course.id]
    liquidation = Line(
        name="",
        x=course.at_ms,
        y=_in_sight(course.liquidation, by.price),
        ink=Ink.LIQUIDATION,
        steps=course.steady,
    )
    panes = _panes(
        by.price,
        by.distance,
        _RATIO_AXIS,
        price=[liquidation, _stop(mine, course, by)],
        distance=[Line(name="", x=course.at_ms, y=course.distance)],
        ratio=[Line(name="", x=course.at_ms, y=course.ratio)],
        acts=[*_acts(mine, course, by.time)],
    )
    title = Markup("<b>{}</b> {}").format(named(course.id), fate_of(fate))
    summary = f"Chart: {fate_of(fate)}"
    return line_chart(
        panes, x=by.time, title=title, summary=summary, key=False, buckets=buckets // 2, behind=id_
    )


def _in_sight(values: Floats, axis: Axis) -> Floats:
    """Without what lies beyond the chart, where a line along its edge would lie."""
    return np.where((values >= axis.low) & (values <= axis.high), values, np.nan)


def _stop(mine: Sequence[Deed], course: Course, by: Measure) -> Line:
    """The stop that rests, until the next one or until the position is gone."""
    end_ms = min(course.closed_ms, by.time.high)
    levels = [
        (deed.at_ms, float(deed.level)) for deed in mine if deed.level is not None and deed.at_ms <= end_ms
    ]
    if levels:
        levels.append((int(end_ms), levels[-1][1]))
    at, level = np.array(levels, dtype=np.float64).reshape(-1, 2).T
    return Line(name="", x=at, y=_in_sight(level, by.price), ink=Ink.STOP, steps=True)


def _acts(mine: Sequence[Deed], course: Course, time: Axis) -> Iterator[Act]:
    """A mark for each act; those of one kind that would cover each other share one, which tells how many."""
    shown: dict[Shape, list[list[Deed]]] = {}
    for deed in mine:
        if deed.kind.shape is not None:
            groups = shown.setdefault(deed.kind.shape, [])
            covered = groups and time.share(deed.at_ms) - time.share(groups[-1][0].at_ms) < _COVERED
            if covered and groups[-1][0].kind is deed.kind:
                groups[-1].append(deed)
            else:
                groups.append([deed])
    for shape, groups in shown.items():
        for first, *others in groups:
            more = f", and {len(others)} more" if others else ""
            yield Act(
                x=first.at_ms,
                y=float(np.interp(first.at_ms, course.price_ms, course.price)),
                shape=shape,
                tone=first.kind.tone,
                text=f"{moment(first.at_ms)[5:16]} {first.told}{more}",
            )
