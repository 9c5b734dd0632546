"""Several positions in one pool, hedge mode, several accounts, and what a person changes meanwhile."""

from decimal import Decimal

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import CommandKind, FundingPaid, MarkPrice
from bot.core.intents import AddMargin, Intent, ReducePosition
from bot.core.types import PositionId, Side
from bot.core.view import View
from bot.core.wake import Always, Metric
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ETH_SHORT,
    LONG,
    MAIN,
    OTHER,
    SHORT,
    D,
    Desk,
    a_position,
    a_stop,
    adds,
    closes,
    of,
    reasons,
    says,
)

THEIRS = PositionId(OTHER, BTC, Side.LONG)
ONLY_BTC = frozenset({BTC})


def liquidations(desk: Desk) -> dict[PositionId, Decimal | None]:
    return {s.id: s.liquidation for s in desk.engine.overview()}


def test_positions_of_a_cross_pool_stand_for_each_other() -> None:
    desk = Desk(free="30")
    desk.holds(a_position(mode=CROSS), a_position(ETH_SHORT, mode=CROSS))
    # Each has 30 less the 4 the other must keep: 74 / 0.96 = 77.08.. and 126 / 1.04 = 121.15..
    assert liquidations(desk) == {LONG: D("77.1"), ETH_SHORT: D("121.1")}
    # The short earns 5 and keeps 3.8: 30 + 5 - 3.8 = 31.2 behind the long; 68.8 / 0.96 = 71.66..
    desk.mark("95", ETH)
    assert liquidations(desk)[LONG] == D("71.7")


def test_another_symbols_mark_can_bring_a_cross_position_near_liquidation() -> None:
    desk = Desk(closes("0.5", when=Metric.DISTANCE.below(D("0.2")), symbols=ONLY_BTC), free="30")
    desk.holds(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS))
    # 80 is 20 % away: the pool may lose until (100 - 30 + lost + kept) / 0.96 is above 80, so 6.8 together.
    assert of(Action, desk.mark("97.2", ETH)) == []
    (action,) = of(Action, desk.mark("96.9", ETH))
    assert action.id == LONG


def test_the_ratio_of_a_cross_pool_is_watched_on_every_mark_of_it() -> None:
    near = Metric.MARGIN_RATIO.above(D("0.5"))
    desk = Desk(closes("0.5", when=near, symbols=ONLY_BTC), free="30")
    desk.holds(a_position(mode=CROSS), a_position(ETH_SHORT, mode=CROSS))
    # (4 + 0.04 p) / (30 - (p - 100)) is a half at 61 / 0.54 = 112.96..
    assert desk.mark("112.9", ETH) == []
    assert [a.id for a in of(Action, desk.mark("113", ETH))] == [LONG]


def test_a_pool_that_lost_a_part_of_its_wallet_is_asked_that_much_sooner() -> None:
    near = Metric.MARGIN_RATIO.above(D("0.5"))
    desk = Desk(closes("0.5", when=near, symbols=ONLY_BTC), free="60")
    desk.holds(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS))
    # At a sum s of the marks 0.04 s is kept: half of 60 - (200 - s) at 140 / 0.92 = 152.17.., and where only
    # 58 are left at 142 / 0.92 = 154.34..
    assert desk.pays_in("-2") == []
    assert [*desk.mark("77.2", BTC), *desk.mark("77.2", ETH)] == []
    assert [a.id for a in of(Action, desk.mark("77.1", ETH))] == [LONG]


def test_an_isolated_position_does_not_care_for_the_others() -> None:
    desk = Desk(adds(), free="30")
    desk.holds(a_position(), a_position(ETH_LONG))
    assert desk.mark("98", ETH) == []
    assert desk.mark("91", ETH) != []
    assert liquidations(desk)[LONG] == 90


def test_no_judgement_is_passed_while_a_mark_of_the_pool_is_missing() -> None:
    desk = Desk(closes(when=Always()), free="30")
    desk.holds(a_position(mode=CROSS), mark=None)
    desk.holds(a_position(ETH_LONG, mode=CROSS), mark=None)
    assert of(Action, desk.mark("100", BTC)) == []
    assert {s.mark for s in desk.engine.overview()} == {None}
    assert {a.id for a in of(Action, desk.mark("100", ETH))} == {LONG, ETH_LONG}


def test_nothing_is_spent_while_a_mark_of_the_cross_pool_is_missing() -> None:
    desk = Desk(adds(symbols=ONLY_BTC))
    desk.holds(a_position())
    desk.holds(a_position(ETH_LONG, mode=CROSS), mark=None)
    assert reasons(desk.mark("95")) == [("adds", Because.BALANCE)]
    assert len(of(Action, [*desk.mark("100", ETH), *desk.mark("95")])) == 1


# -- a person changes things at the exchange ----------------------------------------------------------


def test_a_position_moved_to_cross_is_watched_as_such() -> None:
    desk = Desk(closes("0.5", when=Metric.DISTANCE.below(D("0.2")), symbols=ONLY_BTC), free="30")
    desk.holds(a_position(margin="40"), a_position(ETH_LONG, mode=CROSS))
    assert of(Action, desk.mark("96.9", ETH)) == []
    desk.mark("98", ETH)
    assert of(Action, desk.holds(a_position(mode=CROSS), mark=None)) == []
    assert desk.mark("97.2", ETH) == []
    assert [a.id for a in of(Action, desk.mark("96.9", ETH))] == [LONG]


def test_a_position_moved_to_isolated_leaves_the_pool() -> None:
    desk = Desk(free="30")
    desk.holds(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS))
    desk.holds(a_position())
    # 30 behind the other alone: 70 / 0.96 = 72.91..
    assert liquidations(desk) == {LONG: D(90), ETH_LONG: D("73")}
    desk.mark("80", ETH)
    assert liquidations(desk)[LONG] == 90


def test_a_position_closed_by_hand_is_not_repaired() -> None:
    desk = Desk(adds(), closes(), seatbelt=True)
    desk.holds(a_position())
    desk.works(of(Action, desk.steps[-1].decisions)[0])
    desk.closed()
    for price in ("95", "91", "89"):
        assert desk.mark(price, after_ms=60_000) == []
    assert desk.tick() == []


def test_a_balance_taken_away_is_seen_before_anything_is_spent() -> None:
    desk = Desk(adds("50"), free="100")
    desk.holds(a_position())
    desk.pays_in("-90")
    (action,) = of(Action, desk.mark("95"))
    assert action.intent == AddMargin(id=LONG, amount=D(10))


def test_a_funding_payment_is_judged_by_the_position_it_leaves() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    paid = FundingPaid(at_ms=desk.now_ms, id=LONG, rate=D("0.01"), amount=D(-1))
    assert desk.fold(paid) == []
    # The venue took it from the margin: 87.4 / 0.96 = 91.04.., and 98.5 is nearer than 8 %.
    desk.holds(a_position(margin="12.6"))
    assert len(of(Action, desk.mark("98.5"))) == 1


# -- hedge mode ---------------------------------------------------------------------------------------


def test_a_long_and_a_short_of_one_symbol_are_two_positions() -> None:
    desk = Desk(adds("1"))
    desk.holds(a_position(LONG), a_position(SHORT))
    assert liquidations(desk) == {LONG: D(90), SHORT: D(110)}
    assert [a.id for a in of(Action, desk.mark("97"))] == [LONG]
    assert [a.id for a in of(Action, desk.mark("103"))] == [SHORT]


def test_the_legs_of_a_cross_hedge_share_one_price_and_one_distance() -> None:
    desk = Desk(free="40")
    desk.holds(a_position(LONG, "1", mode=CROSS), a_position(SHORT, "2", mode=CROSS))
    # 40 behind a net short of 1 with 3 of notional to keep for: 140 / 1.12 = 125.
    assert liquidations(desk) == {LONG: D(125), SHORT: D(125)}
    assert {s.distance for s in desk.engine.overview()} == {D("0.25")}
    desk.mark("110")
    assert desk.engine.distance(LONG) == desk.engine.distance(SHORT) == D(15) / D(110)


def test_only_the_larger_leg_is_reduced() -> None:
    def both(view: View) -> list[Intent]:
        return [ReducePosition(id=view.id, quantity=D("0.5"))]

    desk = Desk(says("both", both, when=Metric.DISTANCE.below(D("0.3"))), free="40")
    desk.holds(a_position(LONG, "1", mode=CROSS), a_position(SHORT, "2", mode=CROSS))
    decisions = desk.steps[-1].decisions
    assert [a.id for a in of(Action, decisions)] == [SHORT]
    assert [(r.id, r.because) for r in of(Refusal, decisions)] == [(LONG, Because.NOT_SAFER)]


# -- several accounts ---------------------------------------------------------------------------------


def test_accounts_share_a_symbol_and_nothing_else() -> None:
    desk = Desk(adds("1"), accounts=(MAIN, OTHER))
    desk.holds(a_position(), a_position(THEIRS, margin="20"))
    # 80 / 0.96 = 83.33..: nearer than 8 % below 90.6
    assert [a.id for a in of(Action, desk.mark("97"))] == [LONG]
    assert [a.id for a in of(Action, desk.mark("90.5"))] == [THEIRS]


def test_cross_pools_of_two_accounts_do_not_stand_for_each_other() -> None:
    desk = Desk(accounts=(MAIN, OTHER), free="30")
    desk.holds(a_position(mode=CROSS), a_position(THEIRS, mode=CROSS))
    assert set(liquidations(desk).values()) == {D("73")}


def test_positions_are_asked_in_the_order_they_were_first_seen() -> None:
    desk = Desk(closes("0.5", when=Metric.DISTANCE.below(D("0.5"))), accounts=(MAIN, OTHER))
    desk.command(CommandKind.HALT)
    desk.holds(a_position(ETH_LONG), a_position(THEIRS), a_position(SHORT), a_position(LONG))
    decisions = desk.command(CommandKind.RESUME)
    assert [a.id for a in of(Action, decisions)] == [ETH_LONG, THEIRS, SHORT, LONG]


def test_a_mark_that_concerns_several_positions_is_one_step() -> None:
    desk = Desk(adds("1"), accounts=(MAIN, OTHER))
    desk.holds(a_position(), a_position(THEIRS))
    desk.rests(a_stop("93"))
    step = desk.engine.step(MarkPrice(at_ms=desk.now_ms, symbol=BTC, price=D(97)))
    assert step is not None
    assert [a.id for a in step.actions] == [LONG, THEIRS]
    assert [a.intent.id for a in step.actions] == [a.id for a in step.actions]
