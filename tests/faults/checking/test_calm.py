"""A run in which everything is as it should be violates nothing: what is found elsewhere was put there."""

from decimal import Decimal

from bot.core.facts import OutcomeKind
from tests.faults.checking.scene import Scene, by

D = Decimal


def test_a_run_without_anything_is_fine() -> None:
    assert Scene().found() == []


def test_margin_that_is_added_once_and_read_back_is_fine() -> None:
    scene = Scene()
    scene.reads()
    action = scene.decides()
    scene.moves(by(scene.asks(action)))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == []
