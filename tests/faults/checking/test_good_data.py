"""Only on good data: each promise is broken once by hand, and kept beside it."""

from decimal import Decimal

import pytest

from bot.core.facts import OutcomeKind
from tests.faults.checking.scene import Scene, by

D = Decimal


def acts(scene: Scene, *, sent_after_ms: int = 0) -> None:
    action = scene.decides()
    scene.passes(sent_after_ms)
    scene.moves(by(scene.asks(action)))
    scene.hears(action, OutcomeKind.VERIFIED)


@pytest.mark.parametrize(("age_ms", "found"), [(5_001, ["I15"]), (5_000, [])])
def test_a_decision_on_an_old_mark(age_ms: int, found: list[str]) -> None:
    scene = Scene()
    scene.passes(age_ms)
    scene.reads()
    acts(scene)
    assert scene.found() == found


@pytest.mark.parametrize(("late_ms", "found"), [(5_001, ["I15"]), (4_999, [])])
def test_a_request_that_leaves_past_its_deadline(late_ms: int, found: list[str]) -> None:
    scene = Scene()
    scene.reads()
    acts(scene, sent_after_ms=late_ms)
    assert scene.found() == found


@pytest.mark.parametrize(("age_ms", "found"), [(46_000, ["I15"]), (44_000, [])])
def test_a_request_for_an_account_that_was_not_read(age_ms: int, found: list[str]) -> None:
    scene = Scene()
    scene.reads()
    scene.passes(age_ms)
    scene.marked("100")
    acts(scene)
    assert scene.found() == found


@pytest.mark.parametrize("price", ["0", "-5"])
def test_a_mark_that_is_no_price(price: str) -> None:
    scene = Scene()
    scene.marked(price, true=False)
    assert "I16" in scene.found()


@pytest.mark.parametrize(("ahead_ms", "wrong"), [(1_501, True), (1_500, False)])
def test_a_mark_of_a_time_to_come(ahead_ms: int, wrong: bool) -> None:
    scene = Scene()
    scene.reads()
    scene.marked("100", ago_ms=-ahead_ms)
    scene.hears(scene.decides(), OutcomeKind.NOT_APPLIED)
    assert ("I16" in scene.found()) is wrong


@pytest.mark.parametrize(("ago_ms", "found"), [(500, ["I17"]), (0, [])])
def test_a_mark_that_was_overtaken(ago_ms: int, found: list[str]) -> None:
    scene = Scene()
    scene.passes(1_000)
    scene.marked("100")
    scene.marked("100", ago_ms=ago_ms)
    assert scene.found() == found


@pytest.mark.parametrize(("price", "found"), [("1000", ["I18"]), ("90", ["I18"]), ("100.9", [])])
def test_a_mark_that_the_exchange_never_had(price: str, found: list[str]) -> None:
    scene = Scene()
    scene.passes(1_000)
    scene.marked(price, true=False)
    assert scene.found() == found


def test_a_crash_is_as_true_as_anything() -> None:
    scene = Scene()
    scene.passes(1_000)
    scene.marked("97")
    scene.passes(1_000)
    scene.marked("93")
    scene.passes(1_000)
    scene.marked("100")
    assert scene.found() == []


@pytest.mark.parametrize(("ago_ms", "found"), [(8_000, []), (12_000, ["I18"])])
def test_a_true_mark_may_be_dated_back_by_a_clock_that_was_set_back(ago_ms: int, found: list[str]) -> None:
    scene = Scene()
    scene.passes(20_000)
    scene.marked("116", ago_ms=ago_ms)
    assert scene.found() == found


def test_a_mark_dated_back_is_not_one_that_is_still_to_come() -> None:
    scene = Scene()
    scene.passes(20_000)
    scene.marked("116", true=False, ago_ms=8_000)
    scene.passes(2_000)
    scene.marked("116")
    assert scene.found() == ["I18"]
