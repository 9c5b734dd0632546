"""Never blind quietly: each promise is broken once by hand, and kept beside it."""

from decimal import Decimal

import pytest

from bot.core.decisions import Because, Refusal
from bot.core.intents import AddMargin, Intent, ReducePosition
from bot.core.types import RuleName
from tests.building.core import LONG
from tests.faults.checking.scene import Scene
from tests.faults.evidence import Ending

D = Decimal
MARGIN = AddMargin(id=LONG, amount=D(10))
EXIT = ReducePosition(id=LONG, quantity=D("0.5"))


@pytest.mark.parametrize("said", [True, False])
def test_an_outage_of_which_nothing_is_said(said: bool) -> None:
    scene = Scene()
    scene.passes(60_000)
    scene.goes_wrong("outage", for_ms=60_000)
    scene.passes(6_000)
    if said:
        scene.becomes("armed", "blind")
        scene.passes(60_000)
        scene.becomes("blind", "armed")
    assert scene.found() == ([] if said else ["I19"])


@pytest.mark.parametrize(("dark_ms", "found"), [(60_000, []), (120_000, ["I19"])])
def test_a_frozen_process_can_say_nothing_of_an_outage_until_it_goes_on(
    dark_ms: int, found: list[str]
) -> None:
    scene = Scene()
    scene.passes(60_000)
    scene.goes_wrong("outage", for_ms=dark_ms)
    scene.passes(5_000)
    scene.goes_wrong("freeze", for_ms=50_000)
    scene.passes(150_000)
    assert scene.found() == found


@pytest.mark.parametrize(("kind", "found"), [("market line mute", ["I19"]), ("read hangs", [])])
def test_a_silent_stream_is_no_reason_to_be_blind(kind: str, found: list[str]) -> None:
    scene = Scene()
    scene.passes(60_000)
    scene.goes_wrong(kind)
    scene.passes(6_000)
    scene.becomes("armed", "blind")
    scene.passes(10_000)
    scene.becomes("blind", "armed")
    assert scene.found() == found


@pytest.mark.parametrize(
    ("state", "at_s", "found"),
    [
        ("blind", 30, ["I19"]),
        ("halted", 30, ["I19"]),
        ("blind", 10, []),
        ("blind", 61, []),
        ("armed", 30, []),
    ],
)
def test_a_heartbeat_while_an_account_stands_still(state: str, at_s: int, found: list[str]) -> None:
    scene = Scene()
    scene.pings = (scene.now_ms + at_s * 1_000, scene.now_ms + scene.length_ms - 1_000)
    scene.passes(10_000)
    if state != "armed":
        scene.becomes("armed", state)
        scene.passes(50_000)
        scene.becomes(state, "armed")
    assert scene.found() == found


@pytest.mark.parametrize(
    ("state", "intent", "rule", "wrong"),
    [
        ("blind", EXIT, "top_up", True),
        ("auth_lost", MARGIN, "top_up", True),
        ("reducing", MARGIN, "top_up", True),
        ("reducing", EXIT, "top_up", False),
        ("armed", MARGIN, "top_up", False),
    ],
)
def test_a_decision_that_the_state_does_not_allow(state: str, intent: Intent, rule: str, wrong: bool) -> None:
    scene = Scene()
    if state != "armed":
        scene.becomes("armed", state)
    scene.reads()
    scene.decides(intent, rule)
    assert ("I20" in scene.found()) is wrong


@pytest.mark.parametrize("ordered", [True, False])
def test_flattening_goes_on_in_any_state(ordered: bool) -> None:
    scene = Scene()
    scene.becomes("armed", "halted", "halted by somebody")
    if ordered:
        scene.becomes("held", "flattening", subject="flatten:main")
    scene.decides(EXIT, "flatten")
    assert ("I20" in scene.found()) is not ordered


def test_a_state_that_there_is_not() -> None:
    scene = Scene()
    scene.becomes("armed", "tired")
    assert "I20" in scene.found()


@pytest.mark.parametrize("said", [True, False])
def test_a_key_that_is_refused_and_nobody_is_told(said: bool) -> None:
    scene = Scene()
    scene.reads(code="-2015", executed=False, status=400)
    if said:
        scene.becomes("armed", "auth_lost")
    scene.passes(70_000)
    scene.reads(code="-2015", executed=False, status=400)
    assert ("I20" in scene.found()) is not said


@pytest.mark.parametrize(("after_ms", "late"), [(9_000, False), (11_000, True)])
def test_a_key_that_is_refused_is_said_to_be_in_time(after_ms: int, late: bool) -> None:
    scene = Scene()
    scene.reads(code="-2015", executed=False, status=400)
    scene.passes(after_ms)
    scene.becomes("armed", "auth_lost")
    assert ("I20" in scene.found()) is late


def test_what_was_said_of_a_key_once_is_not_said_of_it_later() -> None:
    scene = Scene()
    scene.reads(code="-2015", executed=False, status=400)
    scene.becomes("armed", "auth_lost")
    scene.passes(60_000)
    scene.reads()
    scene.becomes("auth_lost", "armed")
    scene.passes(60_000)
    scene.reads(code="-2015", executed=False, status=400)
    assert "I20" in scene.found()


KEY = 'GET positionSide/dual: HTTP 401: {"code":-2015}'


@pytest.mark.parametrize(
    ("ending", "because", "said"),
    [
        (Ending.REFUSED, KEY, True),
        (Ending.REFUSED, "GET positionSide/dual: TimeoutError", False),
        (Ending.KILLED, "", True),
    ],
)
def test_a_start_with_a_key_that_is_refused_ends_and_says_so(
    ending: Ending, because: str, said: bool
) -> None:
    scene = Scene()
    for _ in range(2):  # However often somebody tries it again.
        scene.asks(method="GET", path="positionSide/dual", writes=False, code="-2015", executed=False)
        scene.passes(50)
        scene.ends(ending, because, guarded=False)
        scene.passes(16_000)
        scene.starts()
    assert ("I20" in scene.found()) is not said


def test_a_start_with_a_key_that_is_refused_does_not_go_on() -> None:
    scene = Scene()
    scene.asks(method="GET", path="positionSide/dual", writes=False, code="-2015", executed=False)
    scene.passes(20_000)
    scene.ends(Ending.REFUSED, KEY, guarded=False)
    assert "I20" in scene.found()


@pytest.mark.parametrize(("apart_ms", "lie", "found"), [(60_000, 0, 0), (10_000, 0, 1), (10_000, 1, 0)])
def test_a_key_that_is_said_to_be_refused_is_tried_once_a_minute(apart_ms: int, lie: int, found: int) -> None:
    scene = Scene()
    scene.reads(code="-2015", executed=False, status=400)
    scene.becomes("armed", "auth_lost")
    scene.passes(60_000)
    scene.reads(code="-2015", executed=False, status=400)
    for _ in range(lie):
        scene.reads(code="-2015", executed=False, answered="body_after")
    scene.passes(apart_ms)
    scene.reads(code="-2015", executed=False, status=400)
    assert scene.found().count("I20") == found


@pytest.mark.parametrize(
    ("was", "because", "found"), [("armed", "", ["I21"]), ("blind", "seen", ["I21"]), ("armed", "seen", [])]
)
def test_changes_that_do_not_join_up_or_say_nothing(was: str, because: str, found: list[str]) -> None:
    scene = Scene()
    scene.goes_wrong("something", for_ms=600_000)
    scene.becomes(was, "reducing", because)
    assert scene.found() == found


@pytest.mark.parametrize(("text", "found"), [("", ["I21"]), ("acted 3 s ago", [])])
def test_a_refusal_that_says_nothing(text: str, found: list[str]) -> None:
    scene = Scene()
    refusal = Refusal(
        at_ms=scene.now_ms,
        rule=RuleName("top_up"),
        intent=MARGIN,
        reason="because",
        because=Because.COOLDOWN,
        text=text,
        mark=D(100),
        distance=None,
    )
    scene.folds(decisions=(refusal,))
    assert scene.found() == found
