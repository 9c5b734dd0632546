"""Never twice: each promise is broken once by hand, and kept beside it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.facts import OutcomeKind, PositionChanged
from bot.core.intents import AddMargin, PlaceStop, ReducePosition
from tests.building.core import LONG, a_position
from tests.faults.checking.scene import USER, Scene, a_stop, by
from tests.faults.evidence import Ending, Said

D = Decimal
STOP = PlaceStop(id=LONG, trigger=D(92))
EXIT = ReducePosition(id=LONG, quantity=D("0.5"))


def a_scene() -> Scene:
    scene = Scene()
    scene.reads()
    return scene


@pytest.mark.parametrize(("order_id", "found"), [(8, ["I01"]), (7, [])])
def test_two_orders_of_one_client_id(order_id: int, found: list[str]) -> None:
    scene = a_scene()
    action = scene.decides(STOP, rule="seatbelt")
    asked = scene.asks(action)
    scene.orders(a_stop(action.client_id, 7), by(asked))
    scene.orders(a_stop(action.client_id, order_id), by(asked))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == found


@pytest.mark.parametrize(("times", "found"), [(2, ["I01"]), (1, [])])
def test_one_addition_that_moves_margin_twice(times: int, found: list[str]) -> None:
    scene = a_scene()
    action = scene.decides()
    asked = scene.asks(action)
    for _ in range(times):
        scene.moves(by(asked))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == found


@pytest.mark.parametrize("executed", [True, False])
def test_a_request_that_leaves_again(executed: bool) -> None:
    scene = a_scene()
    action = scene.decides()
    first = scene.asks(action, executed=executed, answered="lost")
    if executed:
        scene.moves(by(first))
    again = scene.asks(action)
    scene.moves(by(again))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert "I02" in scene.found()


def test_another_addition_of_the_same_amount_is_another() -> None:
    scene = a_scene()
    for _ in range(2):
        action = scene.decides()
        scene.moves(by(scene.asks(action)))
        scene.hears(action, OutcomeKind.VERIFIED)
        scene.passes(60_000)
        scene.marked("100")
        scene.reads()
    assert scene.found() == []


@pytest.mark.parametrize(("behind", "found"), [(1, ["I03"]), (0, [])])
def test_a_request_that_leaves_before_its_row_is_committed(behind: int, found: list[str]) -> None:
    scene = a_scene()
    action = scene.decides()
    rows = len(scene.evidence().rows)
    scene.moves(by(scene.asks(action, committed=rows - behind)))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == found


def test_a_request_that_no_row_announces() -> None:
    scene = a_scene()
    scene.moves(by(scene.asks(params={"symbol": "BTCUSDT", "amount": "10", "type": "1"})))
    assert "I03" in scene.found()


@pytest.mark.parametrize("said", [OutcomeKind.REJECTED, OutcomeKind.NOT_APPLIED, OutcomeKind.VERIFIED])
@pytest.mark.parametrize("done", [True, False])
def test_what_became_of_margin_is_what_is_said(said: OutcomeKind, done: bool) -> None:
    scene = a_scene()
    action = scene.decides()
    asked = scene.asks(action, executed=done)
    if done:
        scene.moves(by(asked))
    scene.hears(action, said)
    assert scene.found() == ([] if done is (said is OutcomeKind.VERIFIED) else ["I04"])


@pytest.mark.parametrize("done", [True, False])
def test_an_order_that_was_placed_is_said_to_be(done: bool) -> None:
    scene = a_scene()
    action = scene.decides(STOP, rule="seatbelt")
    asked = scene.asks(action, path="algoOrder", executed=done)
    if done:
        scene.orders(a_stop(action.client_id, 7), by(asked))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == ([] if done else ["I04"])


@pytest.mark.parametrize(("amount", "found"), [("10", []), ("30", ["I04"])])
def test_only_the_very_same_margin_that_the_user_moved_meanwhile_may_be_mistaken_for_ours(
    amount: str, found: list[str]
) -> None:
    scene = a_scene()
    action = scene.decides()
    scene.asks(action, executed=False)
    scene.moves(USER, amount)
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == found


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    ("meddled", "after_ms", "told", "found"),
    [
        (True, 300_000, True, []),
        (True, 300_000, False, ["I04"]),
        (True, 290_000, True, ["I04"]),
        (False, 300_000, True, ["I04"]),
    ],
)
def test_margin_may_be_given_up_where_others_meddled_and_after_long(
    meddled: bool, after_ms: int, told: bool, found: list[str], done: bool
) -> None:
    scene = a_scene()
    action = scene.decides()
    asked = scene.asks(action, executed=done, answered="lost")
    if done:
        scene.moves(by(asked))
    scene.hears(action, OutcomeKind.UNKNOWN)
    if meddled:
        scene.moves(USER)
    scene.passes(after_ms)
    scene.hears(action, OutcomeKind.GIVEN_UP)
    said = (Said(at_ms=scene.now_ms, text=f"{action.client_id}: counted as spent"),) if told else ()
    assert [each for each in scene.found(said=said) if each == "I04"] == found


def test_an_order_is_never_given_up() -> None:
    scene = a_scene()
    action = scene.decides(EXIT)
    scene.asks(action, path="order", executed=False, answered="lost")
    scene.hears(action, OutcomeKind.UNKNOWN)
    scene.moves(USER)
    scene.passes(300_000)
    scene.hears(action, OutcomeKind.GIVEN_UP)
    assert "I04" in scene.found()


def test_after_one_that_was_given_up_another_may_go() -> None:
    scene = a_scene()
    first = scene.decides()
    scene.asks(first, executed=False, answered="lost")
    scene.hears(first, OutcomeKind.GIVEN_UP)
    second = scene.decides()
    scene.moves(by(scene.asks(second)))
    scene.hears(second, OutcomeKind.VERIFIED)
    assert "I05" not in scene.found()


def test_an_exit_beside_what_is_done_and_not_seen_yet() -> None:
    scene = a_scene()
    first = scene.decides()
    scene.moves(by(scene.asks(first)))
    scene.hears(first, OutcomeKind.APPLIED)
    scene.decides(EXIT, rule="other")
    assert "I05" not in scene.found()


@pytest.mark.parametrize("gone", [True, False])
def test_an_intent_that_stays_open(gone: bool) -> None:
    scene = a_scene()
    scene.moves(by(scene.asks(scene.decides())))
    if gone:
        scene.holds(a_position(LONG), None)
        scene.folds(PositionChanged(at_ms=scene.now_ms, id=LONG, position=None))
        scene.last = replace(scene.last, positions={})
    assert scene.found() == ([] if gone else ["I04"])


def test_an_intent_may_be_open_where_the_bot_was_killed() -> None:
    scene = a_scene()
    scene.moves(by(scene.asks(scene.decides())))
    scene.ends(Ending.KILLED)
    assert "I04" not in scene.found()


@pytest.mark.parametrize(
    ("intent", "answer", "found"),
    [
        (AddMargin(id=LONG, amount=D(5)), None, ["I05"]),
        (AddMargin(id=LONG, amount=D(5)), OutcomeKind.UNKNOWN, ["I05"]),
        (EXIT, None, ["I05"]),
        (EXIT, OutcomeKind.ACKED, ["I05"]),
        (EXIT, OutcomeKind.UNKNOWN, []),
    ],
)
def test_a_second_intent_beside_an_open_one(
    intent: AddMargin | ReducePosition, answer: OutcomeKind | None, found: list[str]
) -> None:
    scene = a_scene()
    first = scene.decides()
    scene.asks(first, executed=False)
    if answer is not None:
        scene.hears(first, answer)
    second = scene.decides(intent, rule="other")
    scene.hears(first, OutcomeKind.NOT_APPLIED)
    scene.hears(second, OutcomeKind.NOT_APPLIED)
    assert scene.found() == found
