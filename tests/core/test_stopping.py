"""Where a rule may put a stop: a long bought at 100 stands at 100, liquidated at 90."""

from typing import Any

import pytest

from bot.core.decisions import Action
from bot.core.intents import Intent, MoveStop, PlaceStop
from bot.core.stopping import nearer_stop, stop_at
from bot.core.types import ClientId, Order
from bot.core.wake import Always
from tests.building.core import LONG, D, Desk, a_position, a_stop, of, says

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
