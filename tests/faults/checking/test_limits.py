"""Within its limits: each promise is broken once by hand, and kept beside it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.facts import Command, CommandKind, OutcomeKind
from bot.core.intents import AddMargin, ReducePosition
from bot.core.settings import Limits, RuleEntry
from bot.core.types import RuleName
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import LONG
from tests.faults.checking.scene import Scene, by
from tests.faults.evidence import Ending

D = Decimal
EXIT = ReducePosition(id=LONG, quantity=D("0.5"))


def acts(scene: Scene, amount: str = "10", rule: str = "top_up") -> None:
    scene.reads()
    scene.marked("100")
    action = scene.decides(AddMargin(id=LONG, amount=D(amount)), rule)
    scene.moves(by(scene.asks(action)), amount)
    scene.hears(action, OutcomeKind.VERIFIED)


@pytest.mark.parametrize(("after_ms", "found"), [(59_999, ["I27"]), (60_000, [])])
def test_a_request_during_a_ban(after_ms: int, found: list[str]) -> None:
    scene = Scene()
    scene.reads(status=418, executed=False, answered="banned", banned=True, retry_after_ms=60_000)
    scene.passes(after_ms)
    scene.reads()
    assert scene.found() == found


@pytest.mark.parametrize(
    ("lived_ms", "after_ms", "ahead_ms", "found"),
    [
        (5_000, 40_000, 0, ["I27"]),
        (5_000, 55_000, 0, []),
        (0, 40_000, 0, []),  # Whoever was killed as the answer came could tell nobody.
        (5_000, 40_000, 20_000, []),  # By the clock that the machine has now, it is over.
        (5_000, 40_000, -20_000, ["I27"]),
    ],
)
def test_a_request_of_the_next_run_during_a_ban(
    lived_ms: int, after_ms: int, ahead_ms: int, found: list[str]
) -> None:
    scene = Scene()
    scene.reads(status=418, executed=False, answered="banned", banned=True, retry_after_ms=60_000)
    scene.passes(lived_ms)
    scene.ends(Ending.KILLED)
    scene.starts()
    scene.runs[-1] = replace(scene.runs[-1], offset_ms=ahead_ms)
    scene.passes(after_ms)
    scene.reads()
    told = [each for each in scene.found() if each == "I27"]
    assert told == found


@pytest.mark.parametrize(
    ("path", "after_ms", "found"),
    [("/fapi/v3/balance", 4_999, ["I27"]), ("/fapi/v3/balance", 5_000, []), ("order", 0, [])],
)
def test_a_reading_while_the_exchange_wants_to_be_left_alone(
    path: str, after_ms: int, found: list[str]
) -> None:
    scene = Scene()
    scene.reads(status=429, executed=False, answered="limited", retry_after_ms=5_000)
    scene.passes(max(after_ms, 1))
    scene.asks(method="GET", path=path, params={}, writes=False)
    assert scene.found() == found


@pytest.mark.parametrize(("answered", "found"), [("truth", ["I27"]), ("limited", [])])
def test_the_exchange_says_that_it_is_too_much(answered: str, found: list[str]) -> None:
    scene = Scene()
    scene.reads(status=429, executed=False, answered=answered)
    assert scene.found() == found


@pytest.mark.parametrize(("most", "found"), [(2, ["I28"]), (3, [])])
def test_more_actions_than_an_hour_allows(most: int, found: list[str]) -> None:
    scene = Scene(limits=Limits(actions_per_hour=most))
    for amount in ("10", "11", "12"):
        acts(scene, amount)
        scene.passes(60_000)
    assert scene.found() == found


@pytest.mark.parametrize(("apart_ms", "found"), [(59_999, ["I28"]), (60_000, [])])
def test_a_rule_that_does_not_wait(apart_ms: int, found: list[str]) -> None:
    scene = Scene()
    acts(scene)
    scene.passes(apart_ms)
    acts(scene)
    assert scene.found() == found


def test_what_a_reduction_released_goes_back_at_once() -> None:
    scene = Scene()
    scene.reads()
    scene.hears(
        scene.decides(ReducePosition(id=LONG, quantity=D("0.5"), then_add=D(6))), OutcomeKind.REJECTED
    )
    acts(scene, "6")
    assert scene.found() == []


@pytest.mark.parametrize(("most", "found"), [(2, ["I28"]), (3, [])])
def test_equal_actions_without_effect(most: int, found: list[str]) -> None:
    scene = Scene(limits=Limits(equal_actions=most))
    for _ in range(3):
        acts(scene)
        scene.passes(60_000)
    assert scene.found() == found


def test_a_person_lets_it_go_on() -> None:
    scene = Scene(limits=Limits(equal_actions=2))
    for _ in range(3):
        scene.folds(Command(at_ms=scene.now_ms, kind=CommandKind.RESET, by="somebody"))
        acts(scene)
        scene.passes(60_000)
    assert scene.found() == []


@pytest.mark.parametrize("shadow", [True, False])
def test_a_rule_in_shadow_that_acts(shadow: bool) -> None:
    entry = RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams()), shadow=shadow)
    scene = Scene(rules=(entry,))
    acts(scene)
    assert scene.found() == (["I28"] if shadow else [])


@pytest.mark.parametrize(
    ("subject", "after_ms", "found"),
    [("", 0, ["I28"]), ("top_up", 0, ["I28"]), ("top_up", 10_000, []), ("other", 0, [])],
)
def test_a_rule_that_acts_while_it_is_paused(subject: str, after_ms: int, found: list[str]) -> None:
    scene = Scene()
    until_ms = scene.now_ms + 10_000
    scene.folds(
        Command(at_ms=scene.now_ms, kind=CommandKind.PAUSE, subject=subject, until_ms=until_ms, by="me")
    )
    scene.passes(after_ms)
    acts(scene)
    assert scene.found() == found


@pytest.mark.parametrize("resumed", [True, False])
def test_a_decision_after_a_halt(resumed: bool) -> None:
    scene = Scene()
    scene.folds(Command(at_ms=scene.now_ms, kind=CommandKind.HALT, by="me"))
    scene.becomes("armed", "halted", "halted by me")
    if resumed:
        scene.folds(Command(at_ms=scene.now_ms, kind=CommandKind.RESUME, by="me"))
        scene.becomes("halted", "armed", "resumed by me")
    acts(scene)
    assert ("I29" in scene.found()) is not resumed


def test_flattening_goes_on_in_a_halt() -> None:
    scene = Scene()
    scene.becomes("armed", "halted", "halted by me")
    scene.decides(EXIT, "flatten")
    assert "I29" not in scene.found()
