"""The seatbelt: a resting stop between mark and liquidation, always."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from bot.core.decisions import Action, Because
from bot.core.facts import CommandKind, Link, MarkPrice, OrdersChanged, OutcomeKind
from bot.core.intents import MoveStop, PlaceStop
from bot.core.settings import Limits, RuleEntry, SeatbeltSettings
from bot.core.types import Order, OrderKind, PositionId, PositionMode, RuleName
from bot.core.wake import Always
from strategies.atr_stop import AtrStop, AtrStopParams
from tests.building.core import (
    ABLE,
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ETH_SHORT,
    LONG,
    SHORT,
    D,
    Desk,
    a_contract,
    a_position,
    a_stop,
    adds,
    changes,
    of,
    reasons,
    says,
)


def belted(*rules: RuleEntry, **settings: Any) -> Desk:
    return Desk(*rules, seatbelt=True, **settings)


def one(desk: Desk) -> Action:
    (action,) = of(Action, desk.steps[-1].decisions)
    return action


def place_all(desk: Desk) -> None:
    """Carry out whatever the last steps asked for."""
    for _ in range(10):
        found = of(Action, desk.steps[-1].decisions)
        if not found:
            return
        desk.works(found[0])


@pytest.mark.parametrize(
    ("id_", "trigger"),
    # One per cent of liquidation before it: 90 + 0.9, and 110 - 1.1.
    [(LONG, "90.9"), (SHORT, "108.9")],
)
def test_a_new_position_gets_a_stop_before_its_liquidation(id_: PositionId, trigger: str) -> None:
    desk = belted()
    desk.holds(a_position(id_))
    action = one(desk)
    assert (action.rule, action.intent) == ("seatbelt", PlaceStop(id=id_, trigger=D(trigger)))
    desk.works(action)
    assert changes(desk.steps[-1].decisions) == [(f"protection:{id_}", "NAKED", action.client_id)]


def test_near_liquidation_the_stop_stands_half_way() -> None:
    desk = belted()
    desk.holds(a_position(), mark="91")
    assert one(desk).intent == PlaceStop(id=LONG, trigger=D("90.5"))


def test_how_clear_it_stands_is_a_setting() -> None:
    desk = Desk(seatbelt=SeatbeltSettings(clear_of_liquidation=D("0.05")))
    desk.holds(a_position())
    assert one(desk).intent == PlaceStop(id=LONG, trigger=D("94.5"))


def test_it_can_be_turned_off_by_its_own_switch_only() -> None:
    desk = Desk(seatbelt=False)
    desk.holds(a_position())
    assert of(Action, desk.steps[-1].decisions) == []


def test_a_rule_cannot_take_its_name() -> None:
    with pytest.raises(AssertionError, match="seatbelt"):
        Desk(adds(name="seatbelt"), seatbelt=True)


def test_once_protected_it_is_quiet() -> None:
    desk = belted()
    desk.holds(a_position())
    place_all(desk)
    for price in ("95", "91", "99", "130"):
        desk.mark(price, after_ms=2_000)
        desk.pays_in("1")
        assert of(Action, desk.steps[-1].decisions) == []


def rests_as_placed(desk: Desk, action: Action, quantity: str) -> list[Action]:
    """The stop rests for a quantity, as most exchanges have it; what is done next."""
    stop = a_stop("90.9", quantity=quantity, client_id=action.client_id)
    rests = OrdersChanged(at_ms=desk.now_ms, id=LONG, orders=(stop,))
    return of(Action, desk.fold(rests, desk.outcome(action, OutcomeKind.VERIFIED)))


@pytest.mark.parametrize(("mode", "moved"), [(PositionMode.ONE_WAY, 0), (PositionMode.HEDGE, 1)])
def test_where_both_sides_are_held_its_stop_is_no_larger_than_the_position(
    mode: PositionMode, moved: int
) -> None:
    desk = belted(able=replace(ABLE, position_modes=frozenset({mode})), limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    rests_as_placed(desk, one(desk), "1")
    # Half is closed by hand, and half of the margin with it: the liquidation price stays.
    desk.holds(a_position(quantity="0.5", margin="6.8"), mark=None)
    again = of(Action, desk.steps[-1].decisions)
    assert [action.intent for action in again] == [MoveStop(id=LONG, trigger=D("90.9"))] * moved
    for action in again:
        assert rests_as_placed(desk, action, "0.5") == []
    assert of(Action, desk.mark("99", after_ms=60_000)) == []


def test_a_stop_of_the_trader_satisfies_it() -> None:
    desk = belted()
    desk.command(CommandKind.HALT)
    desk.holds(a_position())
    desk.rests(a_stop("97"))
    assert of(Action, desk.command(CommandKind.RESUME)) == []


@pytest.mark.parametrize(
    "stop", [a_stop("97", quantity="0.5"), a_stop("97", kind=OrderKind.STOP_LIMIT), a_stop("89")]
)
def test_a_stop_of_the_trader_that_does_not_protect_is_left_alone_and_another_placed(stop: Order) -> None:
    desk = belted()
    desk.command(CommandKind.HALT)
    desk.holds(a_position())
    desk.rests(stop)
    desk.command(CommandKind.RESUME)
    assert one(desk).intent == PlaceStop(id=LONG, trigger=D("90.9"))


def test_an_atr_stop_satisfies_it() -> None:
    atr_stop = RuleEntry(rule=AtrStop(RuleName("atr_stop"), AtrStopParams(length=1)))
    desk = belted(atr_stop)
    desk.mark("100")
    desk.bar("100", "101", "99", "100")
    desk.holds(a_position())
    # 2.5 ranges of 2 below 100.
    assert one(desk).intent == PlaceStop(id=LONG, trigger=D(95))
    assert one(desk).rule == "atr_stop"
    desk.works(one(desk))
    assert of(Action, desk.steps[-1].decisions) == []
    assert of(Action, desk.pays_in("1")) == []


# -- moving -------------------------------------------------------------------------------------------


def test_it_follows_liquidation_after_a_top_up() -> None:
    desk = belted(adds("9.6"))
    desk.holds(a_position())
    place_all(desk)
    desk.mark("95", after_ms=2_000)
    assert one(desk).rule == "adds"
    desk.works(one(desk))
    # 23.2 of margin: liquidated at 80, so the stop belongs at 80.8.
    assert one(desk).intent == MoveStop(id=LONG, trigger=D("80.8"))
    assert "80" in one(desk).reason


@pytest.mark.parametrize(
    ("margin", "moves"),
    # At a mark of 100 the tolerance is 0.2. Margin 13.792 means 89.8 -> 90.7, 14.08 means 89.5 -> 90.4.
    [("13.792", False), ("14.08", True)],
)
def test_it_moves_only_beyond_its_tolerance(margin: str, moves: bool) -> None:
    desk = belted()
    desk.holds(a_position())
    place_all(desk)
    desk.now_ms += 2_000
    desk.holds(a_position(margin=margin))
    assert bool(of(Action, desk.steps[-1].decisions)) is moves


def test_it_moves_no_stop_but_its_own() -> None:
    desk = belted()
    desk.command(CommandKind.HALT)
    desk.holds(a_position())
    desk.rests(a_stop("91"))
    desk.command(CommandKind.RESUME)
    desk.holds(a_position(margin="40"))
    assert of(Action, desk.steps[-1].decisions) == []


def test_a_stop_of_another_rule_of_ours_is_moved_only_once_it_protects_no_more() -> None:
    stops = says("stops", PlaceStop(id=LONG, trigger=D("91.5")), when=Always(), cooldown_ms=10**9)
    desk = belted(stops)
    desk.holds(a_position())
    place_all(desk)
    assert desk.engine.overview()[0].protected_by == desk.steps[-2].actions[0].client_id
    desk.now_ms += 2_000
    desk.holds(a_position(margin="11.2"))
    # Liquidated at 92.5 now: the stop at 91.5 is useless; 92.5 + 0.925 on the tick toward the mark.
    assert one(desk).intent == MoveStop(id=LONG, trigger=D("93.5"))
    assert "no longer protects" in one(desk).reason


def test_a_stop_that_was_taken_away_is_placed_again() -> None:
    desk = belted()
    desk.holds(a_position())
    place_all(desk)
    desk.now_ms += 2_000
    desk.rests()
    assert one(desk).intent == PlaceStop(id=LONG, trigger=D("90.9"))


def test_it_does_not_give_way_to_a_mark_that_comes_near() -> None:
    desk = belted()
    desk.holds(a_position())
    place_all(desk)
    # At 91 a new stop would stand half way, at 90.5; the one at 90.9 stays.
    desk.mark("91", after_ms=2_000)
    desk.pays_in("1")
    assert of(Action, desk.steps[-1].decisions) == []


# -- it cannot be stopped -----------------------------------------------------------------------------


def test_a_refusing_venue_is_asked_again_after_a_second_and_then_ever_more_rarely() -> None:
    desk = belted(limits=Limits(equal_actions=4))
    desk.holds(a_position())
    times = []
    for _ in range(100):
        for action in of(Action, desk.steps[-1].decisions):
            times.append(action.at_ms)
            desk.answer(action, OutcomeKind.REJECTED, code="-2021")
        desk.mark("100", after_ms=500)
    assert [b - a for a, b in pairwise(times)] == [1_000, 2_000, 4_000, 8_000, 16_000]


def test_it_comes_last_and_waits_for_what_the_rules_sent() -> None:
    desk = belted(adds("1", when=Always(), cooldown_ms=10**9))
    desk.holds(a_position())
    assert one(desk).rule == "adds"
    assert reasons(desk.steps[-1].decisions) == []
    desk.works(one(desk))
    assert one(desk).rule == "seatbelt"


def test_blind_it_sends_nothing_and_makes_up_for_it_when_sight_returns() -> None:
    desk = belted()
    desk.link(Link.ACCOUNT, up=False)
    desk.holds(a_position())
    assert reasons(desk.steps[-1].decisions) == [("seatbelt", Because.STATE)]
    desk.link(Link.ACCOUNT, up=True)
    desk.is_read()
    assert one(desk).rule == "seatbelt"


def test_without_a_liquidation_price_there_is_nothing_to_protect_from() -> None:
    desk = belted()
    desk.holds(a_position(margin="100"))
    assert of(Action, desk.steps[-1].decisions) == []
    (rule,) = desk.engine.explain()[0].rules
    assert "no liquidation price" in rule.verdict


def test_past_liquidation_no_stop_fits_and_it_is_placed_when_the_mark_comes_back() -> None:
    desk = belted()
    desk.holds(a_position(), mark="89")
    assert of(Action, desk.steps[-1].decisions) == []
    desk.mark("90", after_ms=1_000)
    assert of(Action, desk.steps[-1].decisions) == []
    desk.mark("92", after_ms=1_000)
    assert one(desk).intent == PlaceStop(id=LONG, trigger=D("90.9"))


# -- cross --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [ETH_LONG, ETH_SHORT])
def test_in_cross_it_wakes_when_another_symbol_moves_liquidation_up_to_the_stop(other: PositionId) -> None:
    desk = belted(free="30")
    desk.holds(a_position(mode=CROSS), a_position(other, mode=CROSS))
    place_all(desk)
    desk.mark("100", ETH, after_ms=2_000)
    place_all(desk)
    # 30 less the 4 kept for the other: (100 - 26) / 0.96 = 77.083.., 77.1 on the tick; 77.1 + 0.771 = 77.9.
    (long,) = desk.orders[LONG]
    assert long.trigger == D("77.9")
    against = -1 if other is ETH_LONG else 1
    moved: list[tuple[Decimal, Action]] = []
    for tick in range(1, 40):
        price = D(100) + against * D(tick) / 10
        desk.now_ms += 2_000
        marks = {BTC: D(100), ETH: price}
        desk.fold(*(MarkPrice(at_ms=desk.now_ms, symbol=s, price=p) for s, p in marks.items()))
        moved += [(price, a) for a in of(Action, desk.steps[-1].decisions) if a.id == LONG]
        place_all(desk)
    price, action = moved[0]
    assert isinstance(action.intent, MoveStop)
    # Liquidation is at (100 - 30 + lost + kept) / 0.96; it reaches the stop of 77.9 at 74.784.
    kept, lost = price * D("0.04"), abs(price - 100)
    assert (70 + lost + kept) / D("0.96") > D("77.8")
    previous = price - against * D("0.1")
    assert (70 + abs(previous - 100) + previous * D("0.04")) / D("0.96") <= D("77.9")


def test_of_two_legs_only_the_larger_gets_a_stop() -> None:
    desk = belted(free="40")
    desk.holds(a_position(LONG, "2", mode=CROSS), a_position(SHORT, "1", mode=CROSS))
    assert [a.id for a in of(Action, desk.steps[-1].decisions)] == [LONG]
    explained = {e.id: e.rules[0].verdict for e in desk.engine.explain()}
    assert "larger leg" in explained[SHORT]


@pytest.mark.parametrize("longs", ["1", "1.01"])
def test_legs_that_both_keep_too_much_before_either_loses_too_much_need_none(longs: str) -> None:
    desk = belted(free="40")
    desk.holds(a_position(LONG, longs, mode=CROSS), a_position(SHORT, "1", mode=CROSS))
    assert of(Action, desk.steps[-1].decisions) == []


def test_it_protects_each_isolated_position_of_a_hedge_by_itself() -> None:
    desk = belted()
    desk.holds(a_position(LONG), a_position(SHORT))
    found = {a.id: a.intent for a in of(Action, desk.steps[-1].decisions)}
    assert found == {
        LONG: PlaceStop(id=LONG, trigger=D("90.9")),
        SHORT: PlaceStop(id=SHORT, trigger=D("108.9")),
    }


def test_it_is_judged_by_the_guard_like_any_other() -> None:
    desk = belted(adds("5"))
    desk.holds(a_position())
    place_all(desk)
    assert isinstance(desk.steps[-2].actions[0].intent, PlaceStop)
    assert desk.engine.explain()[0].rules[-1].rule == "seatbelt"


def test_where_the_tick_is_coarser_than_the_tolerance_it_rests_too() -> None:
    # 90.9 is 91 in ticks of a half: nearer to the mark than the tolerance of 0.002 allows.
    desk = belted(contracts=[a_contract(tick=D("0.5"))])
    desk.holds(a_position())
    assert one(desk).intent == PlaceStop(id=LONG, trigger=D(91))
    place_all(desk)
    desk.mark("100", after_ms=2_000)
    assert of(Action, desk.pays_in("1")) == []


def test_a_cross_stop_that_another_position_left_behind_liquidation_is_said_and_moved_at_once() -> None:
    desk = belted(free="30")
    desk.holds(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS))
    place_all(desk)
    # Both stand at 100: 30 less the 4 the other keeps, (100 - 26) / 0.96 = 77.1; the stop is 1 % above.
    assert [order.trigger for order in desk.orders[LONG]] == [D("77.9")]
    # The other loses 10: (100 - 16.4) / 0.96 = 87.1 now, far beyond the stop that rests.
    decisions = desk.mark("90", ETH)
    assert ("protection:main/BTC/USDT:USDT/long", "protected", "NAKED") in [
        (subject, "protected", now) for subject, _, now in changes(decisions)
    ]
    moved = [a for a in of(Action, decisions) if a.id == LONG]
    assert [type(a.intent) for a in moved] == [MoveStop]
    assert isinstance(moved[0].intent, MoveStop)
    assert moved[0].intent.trigger == D("88.0")
