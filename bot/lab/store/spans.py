"""Stretches of time, each from its start up to and without its end, in ms UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """From ``start_ms`` on, before ``end_ms``."""

    start_ms: int
    end_ms: int


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in as few spans as possible, oldest first; empty ones are left out."""
    found: list[Span] = []
    for span in sorted(spans):
        if span.end_ms <= span.start_ms:
            continue
        if found and span.start_ms <= found[-1].end_ms:
            found[-1] = Span(found[-1].start_ms, max(found[-1].end_ms, span.end_ms))
        else:
            found.append(span)
    return tuple(found)


def without(wanted: Span, covered: Iterable[Span]) -> tuple[Span, ...]:
    """What of ``wanted`` none of ``covered`` has, oldest first."""
    missing, from_ms = [], wanted.start_ms
    for span in joined(covered):
        if span.end_ms <= from_ms or span.start_ms >= wanted.end_ms:
            continue
        missing.append(Span(from_ms, span.start_ms))
        from_ms = span.end_ms
    missing.append(Span(from_ms, wanted.end_ms))
    return tuple(span for span in missing if span.start_ms < span.end_ms)


def pieces(span: Span, stretch_ms: int) -> Iterable[Span]:
    """``span`` in pieces of ``stretch_ms``, the last one shorter."""
    for start_ms in range(span.start_ms, span.end_ms, stretch_ms):
        yield Span(start_ms, min(start_ms + stretch_ms, span.end_ms))


def holes(times: Iterable[int], within: Span, step_ms: int) -> tuple[Span, ...]:
    """Where ``times``, rising, leave out a step of ``within``, which begins and ends on steps."""
    missing, due_ms = [], within.start_ms
    for at_ms in times:
        if at_ms > due_ms:
            missing.append(Span(due_ms, at_ms))
        due_ms = at_ms + step_ms
    missing.append(Span(due_ms, within.end_ms))
    return tuple(span for span in missing if span.start_ms < span.end_ms)
