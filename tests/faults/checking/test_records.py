"""The journal: each promise is broken once by hand, and kept beside it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.facts import CarriedOver, Command, CommandKind, OutcomeKind, PositionChanged
from bot.core.held.carried import Carried
from bot.core.intents import ReducePosition
from tests.building.core import LONG, a_position
from tests.faults.checking.scene import USER, Scene, a_stop, by
from tests.faults.evidence import Ending, Said

D = Decimal
HELD = a_position(LONG)
HALF = replace(HELD, quantity=D("0.5"))


@pytest.mark.parametrize("seen", [True, False])
def test_a_position_that_the_user_changed_and_nobody_noticed(seen: bool) -> None:
    scene = Scene()
    scene.holds(HELD, HALF, USER)
    scene.last = replace(scene.last, positions={LONG: HALF})
    if seen:
        scene.passes(5_000)
        scene.folds(PositionChanged(at_ms=scene.now_ms, id=LONG, position=HALF))
    assert scene.found() == ([] if seen else ["I23"])


@pytest.mark.parametrize("decided", [True, False])
def test_a_position_that_changed_by_no_action(decided: bool) -> None:
    scene = Scene()
    scene.reads()
    action = scene.decides(ReducePosition(id=LONG, quantity=D("0.5"))) if decided else None
    client_id = action.client_id if action else "hf-1-77"
    params = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.5", "reduceOnly": "true"}
    asked = scene.asks(action, path="order", client_id=client_id, params=params)
    scene.holds(HELD, HALF, by(asked))
    assert ("I23" in scene.found(runs=())) is not decided


@pytest.mark.parametrize("change", ["a hash", "a gap", "nothing"])
def test_a_chain_that_is_broken(change: str) -> None:
    rows = list(Scene().evidence().rows)
    if change == "a hash":
        rows[1] = rows[1]._replace(body=rows[1].body.replace("armed", "ARMED"))
    elif change == "a gap":
        del rows[1]
    found = Scene().found(rows=tuple(rows))
    assert ("I24" in found) is (change != "nothing")


@pytest.mark.parametrize("lost", [True, False])
def test_a_committed_row_that_is_lost(lost: bool) -> None:
    scene = Scene()
    rows = scene.evidence().rows
    kept = rows[:-1] if lost else rows
    assert scene.found(rows=kept, committed=((rows[-1].seq, rows[-1].hash),)) == (["I24"] if lost else [])


@pytest.mark.parametrize("remembers", [True, False])
def test_a_run_that_forgets_the_one_before(remembers: bool) -> None:
    scene = Scene()
    scene.reads()
    action = scene.decides()
    scene.moves(by(scene.asks(action)))
    scene.hears(action, OutcomeKind.VERIFIED)
    scene.ends(Ending.KILLED)
    scene.starts()
    if remembers:
        scene.folds(CarriedOver(at_ms=scene.now_ms, epoch=1, carried=Carried()))
    scene.becomes("recovering", "armed")
    scene.folds(PositionChanged(at_ms=scene.now_ms, id=LONG, position=HELD))
    assert scene.found() == ([] if remembers else ["I24"])


@pytest.mark.parametrize("where", ["", "a row", "a line", "last words"])
def test_a_secret_that_somebody_can_read(where: str) -> None:
    scene = Scene()
    scene.configured = replace(scene.configured, secrets=("canary",))
    if where == "a row":
        scene.becomes("bright", "dim", "a canary died", subject="mine")
    said = (Said(at_ms=scene.now_ms, text="a canary sings"),) if where == "a line" else ()
    if where == "last words":
        scene.ends(Ending.DIED, "canary")
    assert ("I26" in scene.found(said=said)) is bool(where)


@pytest.mark.parametrize(("epoch", "wrong"), [(1, True), (3, True), (2, False)])
def test_an_epoch_that_does_not_follow(epoch: int, wrong: bool) -> None:
    scene = Scene()
    scene.ends(Ending.STOPPED)
    scene.starts(epoch)
    scene.becomes("recovering", "armed")
    scene.folds(PositionChanged(at_ms=scene.now_ms, id=LONG, position=HELD))
    assert ("I24" in scene.found()) is wrong


@pytest.mark.parametrize(("late_ms", "wrong"), [(1, True), (0, False)])
def test_a_process_that_sends_after_its_end(late_ms: int, wrong: bool) -> None:
    scene = Scene()
    scene.reads()
    action = scene.decides()
    scene.ends(Ending.KILLED)
    scene.passes(late_ms)
    scene.moves(by(scene.asks(action)))
    assert ("I33" in scene.found()) is wrong


@pytest.mark.parametrize(
    ("client_id", "halted", "found"), [("hf-7-1", False, ["I33"]), ("hf-7-1", True, []), ("web-1", False, [])]
)
def test_an_order_with_our_mark_that_is_not_ours(client_id: str, halted: bool, found: list[str]) -> None:
    scene = Scene()
    scene.orders(a_stop(client_id, 9), USER)
    if halted:
        scene.becomes("armed", "halted", f"{client_id} on BTC: whose?")
    assert scene.found() == found


@pytest.mark.parametrize(("resumed", "found"), [(False, []), (True, ["I33"])])
def test_a_second_order_of_the_same_other_bot_halts_nothing_anew_unless_somebody_resumed(
    resumed: bool, found: list[str]
) -> None:
    scene = Scene()
    scene.orders(a_stop("hf-7-1", 9), USER)
    scene.becomes("armed", "halted", "hf-7-1 on BTC: whose?")
    scene.passes(60_000)
    if resumed:
        scene.folds(Command(at_ms=scene.now_ms, kind=CommandKind.RESUME, by="somebody"))
        scene.becomes("halted", "armed")
        scene.passes(60_000)
    scene.orders(a_stop("hf-7-2", 10), USER)
    assert scene.found() == found


def test_an_old_process_that_sends_beside_the_new_one() -> None:
    scene = Scene()
    scene.reads()
    first = scene.decides()
    scene.starts()
    scene.folds(CarriedOver(at_ms=scene.now_ms, epoch=1, carried=Carried()))
    scene.becomes("recovering", "armed")
    scene.folds(PositionChanged(at_ms=scene.now_ms, id=LONG, position=HELD))
    scene.marked("100")
    second = scene.decides()
    scene.moves(by(scene.asks(second)))
    scene.moves(by(scene.asks(first, epoch=1)))
    assert "I33" in scene.found()
