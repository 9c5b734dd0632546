"""Alive: a bot that does nothing is found out."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decisions import Because, Refusal
from bot.core.facts import Command, CommandKind, OutcomeKind
from bot.core.intents import AddMargin, OpenHedge, PlaceStop
from bot.core.types import RuleName
from tests.building.core import BTC, ETH_SHORT, LONG
from tests.faults.checking.scene import USER, Scene, a_stop, cancelled
from tests.faults.evidence import Ending

D = Decimal


@pytest.mark.parametrize(
    ("state", "because", "found"), [("blind", "no mark", ["I30"]), ("halted", "hf-9-1 on BTC: whose?", [])]
)
def test_a_bot_that_does_not_come_back(state: str, because: str, found: list[str]) -> None:
    scene = Scene()
    scene.becomes("armed", state, because)
    assert scene.found() == found


def test_a_person_may_keep_it_halted() -> None:
    scene = Scene()
    scene.folds(Command(at_ms=scene.now_ms, kind=CommandKind.HALT, by="me"))
    scene.becomes("armed", "halted", "halted by me")
    assert scene.found() == []


def test_a_bot_that_died() -> None:
    scene = Scene()
    scene.ends(Ending.DIED)
    assert scene.found() == ["I30"]


def test_a_bot_may_still_be_coming_back() -> None:
    scene = Scene()
    scene.goes_wrong("mute", for_ms=scene.length_ms - 30_000)
    scene.becomes("armed", "blind")
    assert scene.found() == []


@pytest.mark.parametrize(
    ("said", "found"), [("theirs", ["I13"]), ("NAKED", []), ("no liquidation price", [])]
)
def test_a_stop_that_is_gone_and_is_said_to_protect(said: str, found: list[str]) -> None:
    scene = Scene()
    scene.becomes("unseen", "theirs", subject=f"protection:{LONG}")
    scene.passes(60_000)
    scene.orders(cancelled(a_stop()), USER, before=a_stop())
    if said != "theirs":
        scene.passes(10_000)
        scene.becomes("theirs", said, subject=f"protection:{LONG}")
        scene.passes(10_000)
        scene.orders(a_stop(order_id=2), USER)
    assert scene.found() == found


@pytest.mark.parametrize(("quiet_ms", "found"), [(75_001, ["I30"]), (75_000, [])])
def test_a_position_that_is_said_to_be_naked_and_left_so(quiet_ms: int, found: list[str]) -> None:
    scene = Scene(orders=())
    scene.becomes("unseen", "NAKED", subject=f"protection:{LONG}")
    scene.passes(quiet_ms)
    scene.goes_wrong("outage", for_ms=0)
    scene.goes_wrong("restart", for_ms=scene.length_ms)
    assert scene.found() == found


@pytest.mark.parametrize("state", ["armed", "halted"])
def test_a_position_without_a_stop_of_which_nobody_is_told(state: str) -> None:
    scene = Scene(orders=())
    if state != "armed":
        scene.becomes("armed", state, "halted by me")
        scene.folds(Command(at_ms=scene.now_ms, kind=CommandKind.HALT, by="me"))
    assert ("I13" in scene.found()) is (state == "armed")


@pytest.mark.parametrize(("times", "found"), [(60, ["I30"]), (5, [])])
def test_marks_that_have_to_be_asked_for(times: int, found: list[str]) -> None:
    scene = Scene()
    scene.passes(scene.length_ms - 60_000)
    for _ in range(times):
        scene.passes(900)
        scene.asks(method="GET", path="/fapi/v1/premiumIndex", params={}, writes=False)
    assert scene.found() == found


@pytest.mark.parametrize(("names", "found"), [(("hf-1-1", "hf-1-2"), ["I30"]), (("hf-1-1", "theirs"), [])])
def test_stops_that_pile_up(names: tuple[str, str], found: list[str]) -> None:
    scene = Scene()
    scene.reads()
    for _ in range(2):
        action = scene.decides(PlaceStop(id=LONG, trigger=D(92)), rule="seatbelt")
        scene.hears(action, OutcomeKind.REJECTED)
    stops = tuple(a_stop(name, number) for number, name in enumerate(names, start=1))
    scene.last = replace(scene.last, orders=stops)
    assert scene.found() == found


def near(scene: Scene, mark: str) -> None:
    scene.passes(60_000)
    scene.marked(mark)


@pytest.mark.parametrize(("mark", "found"), [("95", ["I30"]), ("99", [])])
def test_a_rule_whose_condition_holds_and_that_says_nothing(mark: str, found: list[str]) -> None:
    scene = Scene()
    near(scene, mark)
    assert scene.found() == found


def test_a_rule_that_was_refused_has_spoken() -> None:
    scene = Scene()
    near(scene, "95")
    refusal = Refusal(
        at_ms=scene.now_ms,
        rule=RuleName("top_up"),
        intent=AddMargin(id=LONG, amount=D(10)),
        reason="because",
        because=Because.BALANCE,
        text="nothing is left",
        mark=D(95),
        distance=None,
    )
    scene.folds(decisions=(refusal,))
    assert scene.found() == []


@pytest.mark.parametrize(
    ("opened", "said", "wanted"),
    [
        (True, f"the pair with {ETH_SHORT}", False),
        (True, "theirs", True),
        (False, f"the pair with {ETH_SHORT}", True),
    ],
)
def test_a_hedge_of_ours_is_not_fed(opened: bool, said: str, wanted: bool) -> None:
    scene = Scene()
    scene.reads()
    if opened:
        hedge = OpenHedge(id=ETH_SHORT, symbol=BTC, quantity=D(1), leverage=D(5), limit=D(100))
        scene.hears(scene.decides(hedge, rule="quarterly_hedge"), OutcomeKind.VERIFIED)
    scene.becomes("unseen", said, subject=f"protection:{LONG}")
    near(scene, "95")
    assert ("I30" in scene.found()) is wanted


def test_nothing_is_asked_of_it_while_something_is_wrong() -> None:
    scene = Scene()
    scene.goes_wrong("lag", for_ms=scene.length_ms)
    near(scene, "95")
    assert scene.found() == []


@pytest.mark.parametrize(("heard", "found"), [(True, []), (False, ["I30"])])
def test_a_bot_that_is_well_and_is_not_heard_to_be(heard: bool, found: list[str]) -> None:
    scene = Scene()
    scene.pings = (scene.now_ms + scene.length_ms - 10_000,) if heard else ()
    assert scene.found() == found
