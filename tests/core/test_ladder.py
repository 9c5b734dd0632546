"""Targets counted in R: a long of 1 from 100, whose first stop stood at 96, has an R of 4."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.intents import Intent
from bot.core.rules.ladder import Rung, Scale, closed_by, due, next_rung, scale_of
from bot.core.types import Order, Position
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import SHORT, D, Desk, a_contract, a_position, a_stop, says

HALF, QUARTER = Rung(at=D(1), close=D("0.5")), Rung(at=D(3), close=D("0.25"))
LADDER = (HALF, QUARTER)


def seen(
    look: Callable[[View], Any],
    *rests: Order,
    position: Position | None = None,
    left: str | None = None,
    **contract: Any,
) -> Any:
    """What a rule makes of its last view; ``left`` is what others have left of the position since."""
    found: list[Any] = []

    def looks(view: View) -> list[Intent]:
        found.append(look(view))
        return []

    held = position or a_position()
    desk = Desk(says("looks", looks, when=Always()), contracts=(a_contract(**contract),))
    desk.rests(*rests, id_=held.id)
    desk.holds(held)
    if left is not None:
        desk.holds(a_position(held.id, left))
    return found[-1]


def scale(view: View) -> Scale | None:
    return scale_of(view, None)


def test_one_r_is_from_the_entry_to_the_first_stop() -> None:
    assert seen(scale, a_stop("96")) == Scale(D(100), +1, D(4))
    assert seen(scale, a_stop("105", SHORT), position=a_position(SHORT)) == Scale(D(100), -1, D(5))


def test_without_a_stop_it_is_what_somebody_says_or_not_known() -> None:
    assert seen(scale) is None
    assert seen(lambda view: scale_of(view, D("0.02"))) == Scale(D(100), +1, D(2))
    assert seen(lambda view: scale_of(view, D("0.02")), a_stop("96")) == Scale(D(100), +1, D(4))


@pytest.mark.parametrize(("sign", "price", "behind"), [(+1, "106", "98"), (-1, "94", "102")])
def test_prices_are_counted_in_favour_of_the_position(sign: int, price: str, behind: str) -> None:
    counted = Scale(D(100), sign, D(4))
    assert counted.price(D("1.5")) == D(price)
    assert (counted.ahead(D(price)), counted.ahead(D(behind))) == (D("1.5"), D("-0.5"))
    assert counted.farther(D(price), D(behind)) == counted.farther(D(behind), D(price)) == D(price)


@pytest.mark.parametrize(
    ("ahead", "left", "expected"),
    [
        ("0.99", None, "0"),
        ("1", None, "0.5"),
        ("3", None, "0.75"),
        # Somebody has closed a part: what is left tells how much of it is due.
        ("1", "0.6", "0.1"),
        ("1", "0.5", "0"),
        ("3", "0.5", "0.25"),
        ("3", "0.1", "0"),
    ],
)
def test_what_is_due_is_what_is_left_above_the_rungs(ahead: str, left: str | None, expected: str) -> None:
    assert seen(lambda view: due(view, LADDER, D(ahead)), left=left) == D(expected)


def test_less_than_the_venue_takes_is_not_due() -> None:
    coarse: dict[str, Any] = {"lot": D("0.2"), "min_quantity": D("0.4")}
    assert seen(lambda view: due(view, LADDER, D(1)), **coarse) == D("0.4")
    assert seen(lambda view: due(view, LADDER, D(1)), left="0.8", **coarse) == 0


@pytest.mark.parametrize(("left", "rung"), [(None, HALF), ("0.5", QUARTER), ("0.25", None)])
def test_the_next_rung_is_the_first_that_is_not_taken(left: str | None, rung: Rung | None) -> None:
    assert seen(lambda view: next_rung(view, LADDER), left=left) == rung


@pytest.mark.parametrize(
    ("rungs", "why"),
    [
        ((QUARTER, HALF), "rungs must ascend: 1 R after 3 R"),
        ((HALF, HALF), "rungs must ascend: 1 R after 1 R"),
        ((HALF, Rung(at=D(2), close=D("0.6"))), "rungs close 1.1 of the position, allowed is at most 1"),
    ],
)
def test_rungs_that_make_no_ladder_are_refused_with_the_reason(rungs: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        closed_by(rungs)


def test_a_ladder_closes_what_its_rungs_do_together() -> None:
    assert closed_by(LADDER) == D("0.75")
    assert closed_by((HALF, Rung(at=D(2), close=D("0.5")))) == 1
