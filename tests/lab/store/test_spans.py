from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest

from bot.lab.store.spans import Span, holes, joined, pieces, without


def some_spans(draw: Random) -> list[Span]:
    starts = [draw.randrange(20) for _ in range(draw.randrange(5))]
    return [Span(start, start + draw.randrange(6)) for start in starts]


def moments(found: Iterable[Span]) -> set[int]:
    return {at for start, end in found for at in range(start, end)}


def test_joined_spans_hold_the_same_time_and_stand_apart() -> None:
    draw = Random(1)
    for some in (some_spans(draw) for _ in range(200)):
        found = joined(some)
        assert moments(found) == moments(some)
        assert all(a.end_ms < b.start_ms for a, b in pairwise(found))


def test_what_is_missing_is_all_that_is_not_covered() -> None:
    draw = Random(2)
    for some in (some_spans(draw) for _ in range(200)):
        (wanted,) = some_spans(draw)[:1] or [Span(3, 17)]
        missing = without(wanted, some)
        assert moments(missing) == moments([wanted]) - moments(some)
        assert all(span.start_ms < span.end_ms for span in missing)


def test_pieces_follow_each_other_to_the_end() -> None:
    assert list(pieces(Span(0, 25), 10)) == [Span(0, 10), Span(10, 20), Span(20, 25)]


@pytest.mark.parametrize(
    ("times", "missing"),
    [
        ([], [Span(0, 40)]),
        ([0, 10, 20, 30], []),
        ([10, 30], [Span(0, 10), Span(20, 30)]),
        ([0], [Span(10, 40)]),
    ],
)
def test_holes_are_where_a_step_has_no_row(times: list[int], missing: list[Span]) -> None:
    assert list(holes(times, Span(0, 40), 10)) == missing
