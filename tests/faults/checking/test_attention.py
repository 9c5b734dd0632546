"""What the exchange says is attended to: each promise is broken once by hand, and kept beside it."""

import pytest

from bot.core.facts import OutcomeKind, PositionChanged
from bot.core.intents import ReducePosition
from bot.core.types import PositionMode
from tests.building.core import LONG, MAIN, D, a_position
from tests.faults.checking.scene import USER, Scene
from tests.faults.evidence import Cause, SettingEffect, Who

EXIT = ReducePosition(id=LONG, quantity=D("0.5"))


@pytest.mark.parametrize(("path", "found"), [("/fapi/v3/positionRisk", []), ("/fapi/v3/balance", ["I15"])])
def test_the_positions_are_read_before_what_was_refused_is_asked_again(path: str, found: list[str]) -> None:
    scene = Scene()
    scene.reads()
    action = scene.decides(EXIT, rule="partial_close")
    refused = scene.asks(action, executed=False, status=400, answered="error_before")
    scene.goes_wrong("reduce-only refused", request=refused.number)
    scene.passes(100)
    scene.asks(method="GET", path=path, params={}, writes=False)
    scene.hears(action, OutcomeKind.REJECTED)
    scene.passes(2_000)
    again = scene.decides(EXIT, rule="partial_close")
    scene.asks(again, executed=False, status=400)
    scene.hears(again, OutcomeKind.REJECTED)
    assert scene.found() == found


@pytest.mark.parametrize(
    ("known_ms", "wrong", "found"),
    [(1_900, "crash", []), (2_100, "crash", ["I19"]), (2_100, "user line mute", [])],
    ids=["in time", "late", "late, and something else is wrong"],
)
def test_what_the_exchange_takes_from_a_position_is_known_in_time(
    known_ms: int, wrong: str, found: list[str]
) -> None:
    scene = Scene(seatbelt=False)
    position, less = a_position(LONG), a_position(LONG, "0.5")
    scene.passes(60_000)
    scene.goes_wrong(wrong)
    scene.holds(position, less, Cause(who=Who.VENUE, what="deleveraging"))
    scene.passes(known_ms)
    scene.folds(PositionChanged(at_ms=scene.now_ms, id=LONG, position=less))
    assert [each for each in scene.found() if each == "I19"] == found


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("said", [True, False])
def test_another_position_mode_is_said_where_a_position_shows_it(*, said: bool, holds: bool) -> None:
    scene = Scene(seatbelt=False)
    position = a_position(LONG)
    scene.passes(60_000)
    scene.holds(position, None)
    scene.effects.append(
        SettingEffect(
            number=1_000,
            at_ms=scene.now_ms,
            account=MAIN,
            symbol="",
            what="position mode",
            value=PositionMode.HEDGE,
            cause=USER,
        )
    )
    if holds:
        scene.holds(None, position)
    scene.passes(30_000)
    if said:
        scene.becomes("armed", "blind")
    found = [each for each in scene.found() if each == "I20"]
    assert found == (["I20"] if holds and not said else [])
