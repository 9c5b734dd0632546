"""Whether a position is protected, what counts as protection, and since when it is NAKED."""

from dataclasses import replace

import pytest

from bot.core.decisions import StateChanged
from bot.core.intents import Level
from bot.core.types import Order, OrderKind, PositionId, PriceKind
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    LONG,
    SHORT,
    D,
    Desk,
    a_position,
    a_stop,
    changes,
    of,
)

PROTECTION = f"protection:{LONG}"


def of_protection(desk: Desk) -> list[tuple[str, str, str]]:
    return [c for c in changes(desk.steps[-1].decisions) if c[0].startswith("protection:")]


def protected_by(desk: Desk, *orders: Order, id_: PositionId = LONG, margin: str | None = None) -> str | None:
    desk.holds(a_position(id_, margin=margin))
    desk.rests(*orders, id_=id_)
    return desk.engine.overview()[0].protected_by


def test_a_position_without_a_stop_is_naked_since_it_was_seen() -> None:
    desk = Desk()
    (said,) = of(StateChanged, desk.holds(a_position()))
    assert (said.subject, said.was, said.now) == (PROTECTION, "unseen", "NAKED")
    assert said.level is Level.CRITICAL
    status = desk.engine.overview()[0]
    assert (status.protected_by, status.naked_since_ms) == (None, desk.now_ms)


def test_a_stop_seen_at_the_venue_protects() -> None:
    desk = Desk()
    desk.holds(a_position())
    (said,) = of(StateChanged, desk.rests(a_stop("93")))
    assert (said.was, said.now, said.level) == ("NAKED", "theirs-93", Level.INFO)
    status = desk.engine.overview()[0]
    assert (status.protected_by, status.naked_since_ms) == ("theirs-93", None)


def test_naked_since_does_not_move_while_nothing_changes() -> None:
    desk = Desk()
    desk.holds(a_position())
    since = desk.now_ms
    for price in ("99", "98"):
        desk.mark(price, after_ms=1_000)
        desk.pays_in("1")
    assert desk.engine.overview()[0].naked_since_ms == since
    assert of_protection(desk) == []


def test_a_stop_that_vanishes_leaves_the_position_naked_from_then_on() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.rests(a_stop("93"))
    desk.now_ms += 7_000
    desk.rests()
    assert of_protection(desk) == [(PROTECTION, "theirs-93", "NAKED")]
    assert desk.engine.overview()[0].naked_since_ms == desk.now_ms


def test_a_stop_in_place_of_another_is_said() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.rests(a_stop("93"))
    desk.rests(a_stop("94"))
    assert of_protection(desk) == [(PROTECTION, "theirs-93", "theirs-94")]


@pytest.mark.parametrize("trigger", ["90.1", "95", "99.9"])
def test_a_stop_before_liquidation_protects(trigger: str) -> None:
    assert protected_by(Desk(), a_stop(trigger)) == f"theirs-{trigger}"


@pytest.mark.parametrize("trigger", ["109.9", "105"])
def test_so_it_is_for_a_short(trigger: str) -> None:
    assert protected_by(Desk(), a_stop(trigger, SHORT), id_=SHORT) == f"theirs-{trigger}"


@pytest.mark.parametrize(
    "order",
    [
        a_stop("90"),
        a_stop("85"),
        a_stop("95", quantity="0.999"),
        a_stop("95", kind=OrderKind.STOP_LIMIT, limit=D("94.9")),
        a_stop("95", trigger_by=PriceKind.LAST),
        a_stop("105", kind=OrderKind.TAKE_PROFIT_MARKET),
        a_stop("95", reduces=False),
        a_stop("95", kind=OrderKind.LIMIT, limit=D(95)),
        replace(a_stop("95"), trigger=None),
    ],
)
def test_an_order_that_may_leave_something_to_liquidation_does_not_protect(order: Order) -> None:
    assert protected_by(Desk(), order) is None


def test_a_stop_that_closes_the_position_needs_no_size() -> None:
    assert protected_by(Desk(), a_stop("95", quantity="0", closes_position=True)) is not None


def test_a_position_that_grows_outgrows_its_stop() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.rests(a_stop("95"))
    desk.holds(a_position(LONG, "1.001", margin="13.62"))
    assert of_protection(desk) == [(PROTECTION, "theirs-95", "NAKED")]


def test_a_position_without_a_liquidation_price_needs_no_stop() -> None:
    assert protected_by(Desk(), margin="100") == "no liquidation price"
    assert protected_by(Desk(), a_stop("50"), margin="100") == "theirs-50"


def test_margin_taken_away_by_somebody_can_bring_liquidation_up_to_the_stop() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.rests(a_stop("91"))
    desk.holds(a_position(margin="11"))
    assert of_protection(desk) == [(PROTECTION, "theirs-91", "NAKED")]


def test_in_cross_another_symbol_can_bring_liquidation_up_to_the_stop() -> None:
    desk = Desk(free="30")
    desk.holds(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS))
    # Behind the BTC long are 30 less the 4 that the other must keep: (100 - 26) / 0.96 = 77.083..
    desk.rests(a_stop("79"))
    assert desk.engine.overview()[0].protected_by == "theirs-79"
    # The other long loses 4 and must keep 3.84: (100 - 30 + 4 + 3.84) / 0.96 = 81.08..
    desk.mark("96", ETH)
    desk.mark("99.9", BTC)
    desk.tick()
    assert desk.engine.overview()[0].protected_by is None


def test_of_two_legs_the_larger_needs_the_stop() -> None:
    desk = Desk(free="40")
    desk.holds(a_position(LONG, "2", mode=CROSS), a_position(SHORT, "1", mode=CROSS))
    long, short = desk.engine.overview()
    assert (long.protected_by, short.protected_by) == (None, "the larger leg")
    assert long.distance == short.distance
    # 40 behind a net long of 1, 3 of notional to keep for: (100 - 40) / (1 - 0.12) = 68.18.., so 68.2.
    assert long.liquidation == short.liquidation == D("68.2")


def test_of_two_equal_legs_no_stop_helps_against_what_both_have_to_keep() -> None:
    desk = Desk(free="40")
    desk.holds(a_position(LONG, "1", mode=CROSS), a_position(SHORT, "1", mode=CROSS))
    # 40 = 0.04 * 2 L, four times the mark away.
    assert [s.liquidation for s in desk.engine.overview()] == [D(500), D(500)]
    assert [s.distance for s in desk.engine.overview()] == [D(4), D(4)]
    assert {s.protected_by for s in desk.engine.overview()} == {"the opposite leg"}


def test_the_larger_of_two_legs_needs_no_stop_where_both_keep_too_much_first() -> None:
    desk = Desk(free="40")
    desk.holds(a_position(LONG, "1", mode=CROSS), a_position(SHORT, "0.99", mode=CROSS))
    # 40 + 0.01 (L - 100) = 0.0796 L at 560.3: a stop of the long at a lower price has nothing to do with it.
    long, short = desk.engine.overview()
    assert long.liquidation == short.liquidation == D("560.3")
    assert (long.protected_by, short.protected_by) == ("the opposite leg", "the larger leg")
    desk.rests(a_stop("79"))
    assert desk.engine.overview()[0].protected_by == "theirs-79"


def test_what_is_known_of_a_stop_before_its_position_is_not_forgotten() -> None:
    desk = Desk()
    desk.rests(a_stop("93"))
    desk.holds(a_position())
    assert desk.engine.overview()[0].protected_by == "theirs-93"


def test_orders_that_left_before_the_position_came_protect_nothing() -> None:
    desk = Desk()
    desk.rests(a_stop("93"))
    desk.rests()
    desk.holds(a_position())
    assert desk.engine.overview()[0].protected_by is None


def test_a_closed_position_is_neither_protected_nor_naked() -> None:
    desk = Desk()
    desk.holds(a_position())
    assert desk.closed() == []
    assert desk.engine.overview() == ()
