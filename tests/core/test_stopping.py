"""Where a rule may put a stop: a long bought at 100 stands at 100, liquidated at 90."""

from typing import Any

import pytest

from bot.core.decisions import Action
from bot.core.intents import Intent, MoveStop, PlaceStop
from bot.core.rules.stopping import best_stop, may_gain, nearer_stop, stop_at, trails_from
from bot.core.types import ClientId, Order
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import LONG, SHORT, D, Desk, a_position, a_stop, of, says

OURS = ClientId("hf-0-1")


def wanted(stop: Any, *rests: Order, mark: str = "100") -> list[Intent]:
    """What comes of it, where these stops rest; a stop called ``OURS`` was placed by the rule."""
    desk = Desk(says("rule", lambda view: [s for s in (stop(view),) if s is not None], when=Always()))
    desk.engine._ledger.rule_of_stop[OURS] = desk.settings.rules[0].name
    desk.rests(*rests)
    return [action.intent for action in of(Action, desk.holds(a_position(), mark=mark))]


def ours(trigger: str, **changes: Any) -> Order:
    return a_stop(trigger, client_id=OURS, **changes)


def at(price: str, gain: str = "0.5") -> Any:
    return lambda view: stop_at(view, D(price), gain=D(gain), clear=D("0.01"))


def nearer(price: str, gain: str = "0.5") -> Any:
    return lambda view: nearer_stop(view, D(price), gain=D(gain))


PLACED, MOVED = PlaceStop(id=LONG, trigger=D(95)), MoveStop(id=LONG, trigger=D(95))


@pytest.mark.parametrize(
    ("stop", "rests", "intents"),
    [
        (at("95"), [], [PLACED]),
        (at("94.91"), [], [PlaceStop(id=LONG, trigger=D("95.0"))]),
        (at("90.1"), [], [PlaceStop(id=LONG, trigger=D("90.9"))]),
        (at("100"), [], []),
        (at("95"), [a_stop("92")], []),
        (at("95"), [ours("94.5")], [MOVED]),
        (at("95"), [ours("94.6")], []),
        (at("95"), [ours("96")], []),
        # Half of its size protects nothing: it is moved whatever is gained, and never back.
        (at("95"), [ours("94.6", quantity="0.5")], [MOVED]),
        (at("95"), [ours("96", quantity="0.5")], [MoveStop(id=LONG, trigger=D(96))]),
        (nearer("95"), [], [PLACED]),
        (nearer("95"), [a_stop("92")], [PLACED]),
        (nearer("95"), [a_stop("94.6")], []),
        (nearer("95"), [a_stop("94.6"), ours("92")], []),
        (nearer("95"), [a_stop("93"), ours("92")], [MOVED]),
        (nearer("100"), [], []),
        (nearer("-1"), [], []),
    ],
)
def test_a_stop_is_placed_moved_or_left(stop: Any, rests: list[Order], intents: list[Intent]) -> None:
    assert wanted(stop, *rests) == intents


@pytest.mark.parametrize(
    ("places", "rests", "chosen"),
    [
        (["94", "95"], [], (PLACED, "95")),
        (["95", "94"], [], (PLACED, "95")),
        # The mark is not beyond the nearest of them yet.
        (["94", "101", "95"], [], (PLACED, "95")),
        (["94", "95"], [a_stop("94.6")], None),
        ([], [], None),
    ],
)
def test_of_several_places_the_nearest_that_gains_is_taken(
    places: list[str], rests: list[Order], chosen: Any
) -> None:
    named = [(D(price), price) for price in places]
    assert looked(lambda view: best_stop(view, named, gain=D("0.5")), *rests) == chosen


@pytest.mark.parametrize(
    ("price", "gain", "rests", "may"),
    [
        ("90", "0.5", [], True),
        # A gain of 0.5 less the tick of 0.1: 94.9 is the edge of what may gain on 94.5.
        ("94.9", "0.5", [a_stop("94.5")], False),
        ("94.91", "0.5", [a_stop("94.5")], True),
        # At least a tick is gained, which it may be rounded by.
        ("94.5", "0", [ours("94.5")], False),
        ("94.51", "0", [ours("94.5")], True),
    ],
)
def test_a_place_may_gain_up_to_a_tick_before_it_does(
    price: str, gain: str, rests: list[Order], may: bool
) -> None:
    assert looked(lambda view: may_gain(view, D(price), gain=D(gain)), *rests) is may


def test_a_stop_trails_from_where_it_gains_on_what_protects() -> None:
    def trails(view: View) -> Any:
        return trails_from(view, D(3), gain=D("0.5"))

    assert looked(trails) is None
    assert looked(trails, a_stop("94")) == D("97.5")
    assert looked(trails, a_stop("106", SHORT), position=a_position(SHORT)) == D("102.5")


def looked(look: Any, *rests: Order, position: Any = None) -> Any:
    """What a rule makes of its view where these stops rest."""
    found: list[Any] = []
    held = position or a_position()

    def looks(view: View) -> list[Intent]:
        found.append(look(view))
        return []

    desk = Desk(says("rule", looks, when=Always()))
    desk.rests(*rests, id_=held.id)
    desk.holds(held)
    return found[-1]
