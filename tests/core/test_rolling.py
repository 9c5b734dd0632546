"""A hedge in dated contracts: where it is held, how much of it is missing, and when it is rolled.

A long of 1 may be hedged in contracts of 90 and of 180 days. A hedge lasts 14 days at least when it is
opened, and is rolled 3 days before delivery.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.intents import Intent
from bot.core.rules.rolling import Rolling
from bot.core.settings import DAY_MS
from bot.core.types import Symbol
from bot.core.view import Quarterly, View
from bot.core.wake import Always, At
from tests.building.core import LONG, T0, D, a_position, says
from tests.core.test_pairs import Q1, Q2, a_desk, a_hedge, dated, fills, hedging, wanting

WHOLE = Rolling(ratio=D(1), days=14, roll_days=3)


def seen(look: Callable[[View], Any], held: str | None = None, days: int = 0, contracts: Any = None) -> Any:
    """What is made of the view of the long so many days later, ``held`` in the nearer contract against it."""
    found: list[Any] = []

    def looks(view: View) -> list[Intent]:
        if view.id == LONG:
            found.append(look(view))
        return []

    listed = contracts or (dated(), dated(Q2, 180))
    desk = a_desk(says("looks", looks, when=Always()), hedging(), contracts=listed)
    if held is None:
        desk.holds(a_position())
    else:
        fills(desk, wanting(desk), a_hedge(quantity=held))
    desk.mark("99", after_ms=days * DAY_MS)
    return found[-1]


def names(quarterlies: list[Quarterly]) -> list[Symbol]:
    return [each.contract.symbol for each in quarterlies]


@pytest.mark.parametrize(
    ("held", "days", "expected"),
    [
        (None, 0, [Q1, Q2]),
        (None, 76, [Q1, Q2]),
        (None, 77, [Q2]),
        (None, 167, []),
        # The one that a hedge is held in, and none other beside it, while it lasts long enough.
        ("0.4", 0, [Q1]),
        ("0.4", 77, [Q2]),
    ],
)
def test_a_contract_is_suitable_that_lasts_and_takes_no_hedge_over_for_a_part(
    held: str | None, days: int, expected: list[Symbol]
) -> None:
    assert names(seen(WHOLE.suitable, held, days)) == expected


def test_a_hedge_is_rolled_so_long_before_its_delivery() -> None:
    assert seen(WHOLE.rolls) == []
    assert seen(WHOLE.rolls, "1") == [At(T0 + 87 * DAY_MS)]


@pytest.mark.parametrize(("days", "missing"), [(0, "0.6"), (86, "0.6"), (87, "1")])
def test_what_is_about_to_be_delivered_counts_as_missing(days: int, missing: str) -> None:
    assert seen(lambda view: WHOLE.missing(view, view.quarterlies[-1]), "0.4", days) == D(missing)


def test_an_opening_adds_to_its_own_contract_and_replaces_a_nearer_one_whole() -> None:
    near, far = seen(lambda view: [WHOLE.opening(view, each) for each in view.quarterlies], "0.4")
    assert (near, far) == (D("0.6"), D(1))


def test_only_a_part_is_hedged_where_that_is_asked_for() -> None:
    half = Rolling(ratio=D("0.5"), days=1, roll_days=0)
    assert seen(lambda view: half.missing(view, view.quarterlies[0])) == D("0.5")
    assert seen(lambda view: half.missing(view, view.quarterlies[0]), "0.5") == 0


def test_less_than_a_lot_is_asked_for_at_first_and_never_added() -> None:
    coarse = dated(lot=D("0.3"), min_quantity=D("0.3"))
    tiny = Rolling(ratio=D("0.2"), days=1, roll_days=0)
    assert seen(lambda view: tiny.opening(view, view.quarterlies[0]), contracts=(coarse,)) == D("0.2")
    # 0.9 of 1 in lots of 0.3, of which 0.6 are held, leave one lot; after 0.9 there is none left.
    most = Rolling(ratio=D(1), days=1, roll_days=0)
    rests = [
        seen(lambda view: most.missing(view, view.quarterlies[0]), held, contracts=(coarse,))
        for held in ("0.6", "0.9")
    ]
    assert rests == [D("0.3"), D(0)]
