"""Never worse: each promise is broken once by hand, and kept beside it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.facts import OutcomeKind
from bot.core.intents import AddMargin, CancelStop, CutLeverage, MoveStop, OpenHedge, ReducePosition
from bot.core.settings import Limits
from bot.core.types import PositionMode
from tests.building.core import BTC, ETH, ETH_SHORT, LONG, MAIN, a_position
from tests.faults.checking.scene import USER, Scene, a_stop, by, cancelled
from tests.faults.evidence import SettingEffect, WalletEffect

D = Decimal
HELD = a_position(LONG)
HEDGE = OpenHedge(id=LONG, symbol=ETH, quantity=D(1), leverage=D(5), limit=D(100))
EXIT = ReducePosition(id=LONG, quantity=D("0.5"))
LIMITED = {
    "a position": lambda most: Limits(margin_per_position=most),
    "a day": lambda most: Limits(margin_per_day=most),
    "an account": lambda most: Limits(margin_per_account=most),
}


def a_scene(**how: object) -> Scene:
    scene = Scene(**how)  # type: ignore[arg-type]  # handed on
    scene.reads()
    return scene


def grows(scene: Scene, to: str, *, by_user: bool = False) -> None:
    action = scene.decides(EXIT)
    asked = scene.asks(action, executed=not by_user)
    after = replace(HELD, quantity=D(to))
    scene.holds(HELD, after, USER if by_user else by(asked))
    scene.hears(action, OutcomeKind.REJECTED)
    scene.last = replace(scene.last, positions={LONG: after})


def test_a_position_that_grows_by_our_doing() -> None:
    scene = a_scene()
    grows(scene, "2")
    assert "I06" in scene.found()


def test_a_position_may_grow_by_the_users_doing() -> None:
    scene = a_scene()
    grows(scene, "2", by_user=True)
    assert "I06" not in scene.found()


@pytest.mark.parametrize(("ago_ms", "wrong"), [(9_000, False), (11_000, True)])
def test_a_hedge_of_a_position_that_shrank_unseen(ago_ms: int, wrong: bool) -> None:
    scene = a_scene()
    scene.holds(HELD, replace(HELD, quantity=HELD.quantity / 2))
    scene.passes(ago_ms)
    action = scene.decides(HEDGE)
    scene.holds(None, a_position(ETH_SHORT, str(HELD.quantity)), by(scene.asks(action)))
    assert ("I06" in scene.found()) is wrong


@pytest.mark.parametrize(
    ("quantity", "cap", "wrong"), [("2", None, True), ("1", "50", True), ("1", "200", False)]
)
def test_a_hedge_beyond_its_position_or_its_cap(quantity: str, cap: str | None, wrong: bool) -> None:
    scene = a_scene(limits=Limits(hedge_notional=D(cap) if cap else None))
    action = scene.decides(HEDGE)
    scene.holds(None, a_position(ETH_SHORT, quantity), by(scene.asks(action)))
    assert ("I06" in scene.found()) is wrong


@pytest.mark.parametrize(
    ("mode", "params", "wrong"),
    [
        (PositionMode.ONE_WAY, {"side": "SELL", "quantity": "1"}, True),
        (PositionMode.ONE_WAY, {"side": "SELL", "quantity": "1", "reduceOnly": "false"}, True),
        (PositionMode.ONE_WAY, {"side": "SELL", "quantity": "1", "reduceOnly": "true"}, False),
        (PositionMode.ONE_WAY, {"side": "SELL", "closePosition": "true"}, False),
        (PositionMode.HEDGE, {"side": "SELL", "quantity": "1", "positionSide": "LONG"}, False),
        (PositionMode.HEDGE, {"side": "BUY", "quantity": "1", "positionSide": "LONG"}, True),
    ],
)
def test_an_order_that_may_open_something(mode: PositionMode, params: dict[str, str], wrong: bool) -> None:
    scene = a_scene(mode=mode)
    scene.asks(scene.decides(EXIT), params=params, executed=False)
    assert ("I07" in scene.found()) is wrong


def test_an_order_on_the_books_that_opens_something() -> None:
    scene = a_scene()
    action = scene.decides(EXIT)
    scene.orders(a_stop(action.client_id, 7, reduces=False), by(scene.asks(action)))
    assert "I07" in scene.found()


@pytest.mark.parametrize(("margin", "wrong"), [("13.0", True), ("20", False)])
def test_an_addition_after_which_liquidation_is_nearer(margin: str, wrong: bool) -> None:
    scene = a_scene()
    action = scene.decides()
    scene.holds(HELD, HELD.with_margin(D(margin)), by(scene.asks(action)))
    assert ("I08" in scene.found()) is wrong


@pytest.mark.parametrize(
    ("what", "value", "wrong"),
    [
        ("leverage", "10", True),
        ("leverage", "3", False),
        ("margin mode", "cross", True),
        ("position mode", "hedge", True),
    ],
)
def test_a_setting_that_is_not_ours_to_change(what: str, value: str, wrong: bool) -> None:
    scene = a_scene()
    action = scene.decides(CutLeverage(id=LONG, leverage=D(3)))
    asked = scene.asks(action, path="leverage", params={"symbol": "BTCUSDT", "leverage": value})
    scene.effects.append(
        SettingEffect(
            number=99, at_ms=scene.now_ms, account=MAIN, symbol=BTC, what=what, value=value, cause=by(asked)
        )
    )
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == (["I09"] if wrong else [])


@pytest.mark.parametrize("budget", LIMITED)
@pytest.mark.parametrize(("amount", "found"), [("20", ["I10"]), ("19.99", ["I10"]), ("30", [])])
def test_more_margin_than_its_budget(budget: str, amount: str, found: list[str]) -> None:
    scene = a_scene(limits=LIMITED[budget](D(amount)))
    for each in ("10", "15"):
        action = scene.decides(AddMargin(id=LONG, amount=D(each)))
        scene.moves(by(scene.asks(action)), each)
        scene.hears(action, OutcomeKind.VERIFIED)
        scene.passes(60_000)
        scene.marked("100")
        scene.reads()
    assert scene.found() == found


def spends(scene: Scene, left: str) -> None:
    action = scene.decides()
    asked = scene.asks(action)
    scene.effects.append(
        WalletEffect(
            number=50,
            at_ms=scene.now_ms,
            account=MAIN,
            currency="USDT",
            before=D(1000),
            after=D(left),
            cause=by(asked),
        )
    )
    scene.moves(by(asked))
    scene.hears(action, OutcomeKind.VERIFIED)


@pytest.mark.parametrize(("left", "found"), [("90", ["I10"]), ("100", [])])
def test_a_reserve_that_is_spent(left: str, found: list[str]) -> None:
    scene = a_scene(limits=Limits(reserve=D(100)))
    spends(scene, left)
    assert scene.found() == found


def test_margin_that_is_taken_out() -> None:
    scene = a_scene()
    action = scene.decides()
    scene.moves(by(scene.asks(action)), "-10")
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == ["I11"]


@pytest.mark.parametrize(("kind", "found"), [("2", ["I11"]), ("1", [])])
def test_margin_that_was_to_be_taken_out_and_the_exchange_refused(kind: str, found: list[str]) -> None:
    scene = a_scene()
    action = scene.decides()
    params = {"symbol": "BTCUSDT", "amount": "10", "type": kind}
    scene.asks(action, params=params, executed=False, code="-4051", status=400)
    scene.hears(action, OutcomeKind.REJECTED)
    assert scene.found() == found


def test_margin_that_the_user_takes_out() -> None:
    scene = a_scene()
    scene.moves(USER, "-10")
    assert scene.found() == []


@pytest.mark.parametrize(
    ("quantity", "wrong"), [("1.5", True), ("0.0005", True), ("0.5", False), ("1", False)]
)
def test_a_reduction_beyond_what_is_held_or_between_steps(quantity: str, wrong: bool) -> None:
    scene = a_scene()
    action = scene.decides(ReducePosition(id=LONG, quantity=D(quantity)))
    scene.hears(action, OutcomeKind.NOT_APPLIED)
    assert scene.found() == (["I12"] if wrong else [])


@pytest.mark.parametrize(("slices", "wrong"), [(("0.5", "0.5"), True), (("0.3", "0.2"), False)])
def test_slices_that_close_more_than_was_meant(slices: tuple[str, ...], wrong: bool) -> None:
    scene = a_scene()
    action = scene.decides(EXIT)
    for number, quantity in enumerate(slices, start=1):
        name = action.client_id if number == 1 else f"{action.client_id}-{number}"
        asked = scene.asks(action, client_id=name)
        scene.orders(a_stop(name, 10 + number, quantity=D(quantity)), by(asked))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == (["I12"] if wrong else [])


def moves_its_stop(scene: Scene, *, place_first: bool) -> None:
    old = a_stop("hf-1-900", 1)
    scene.first = replace(scene.first, orders=(old,))
    action = scene.decides(MoveStop(id=LONG, trigger=D(92)), rule="seatbelt")
    new = a_stop(action.client_id, 7)
    cancelling = scene.asks(client_id=old.client_id, method="DELETE", path="algoOrder")
    if place_first:
        scene.orders(new, by(scene.asks(action)))
    scene.orders(cancelled(old), by(cancelling), before=old)
    if not place_first:
        scene.orders(new, by(scene.asks(action)))
    scene.hears(action, OutcomeKind.VERIFIED)


def test_a_stop_that_is_cancelled_before_the_new_one_rests() -> None:
    scene = a_scene()
    moves_its_stop(scene, place_first=False)
    assert scene.found() == ["I13"]


def test_a_stop_that_is_cancelled_once_the_new_one_rests() -> None:
    scene = a_scene()
    moves_its_stop(scene, place_first=True)
    assert scene.found() == []


@pytest.mark.parametrize(("client_id", "wrong"), [("theirs", True), ("hf-1-900", False)])
def test_a_foreign_order_that_is_cancelled(client_id: str, wrong: bool) -> None:
    scene = a_scene(orders=(a_stop(client_id), a_stop("another", 2)))
    action = scene.decides(CancelStop(id=LONG, client_id=client_id), rule="seatbelt")
    asked = scene.asks(client_id=client_id, method="DELETE", path="algoOrder")
    scene.orders(cancelled(a_stop(client_id)), by(asked), before=a_stop(client_id))
    scene.hears(action, OutcomeKind.VERIFIED)
    assert scene.found() == (["I14"] if wrong else [])
