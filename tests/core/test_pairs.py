"""Hedges of ours: whose they are, how large they are to be, and that none is ever left behind."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from bot.core.contracts import Contract
from bot.core.decisions import Action, Because, Decision, StateChanged
from bot.core.facts import (
    AccountRead,
    Book,
    CarriedOver,
    CommandKind,
    Deleveraged,
    Delivered,
    Fact,
    Fill,
    InstrumentChanged,
    Liquidated,
    MarkPrice,
    OutcomeKind,
    PositionChanged,
)
from bot.core.intents import CloseHedge, Level, OpenHedge, ReducePosition
from bot.core.settings import DAY_MS, KEEPER, Limits, RuleEntry
from bot.core.types import Position, PositionId, RuleName, Side, Symbol
from bot.core.wake import Always
from strategies.quarterly_hedge import QuarterlyHedge, QuarterlyHedgeParams
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    LONG,
    MAIN,
    T0,
    D,
    Desk,
    a_contract,
    a_position,
    changes,
    of,
    reasons,
    stops,
)

Q1, Q2, ETH_Q = Symbol(f"{BTC}-Q1"), Symbol(f"{BTC}-Q2"), Symbol(f"{ETH}-Q1")
HEDGE, LATER = PositionId(MAIN, Q1, Side.SHORT), PositionId(MAIN, Q2, Side.SHORT)
FAR = 1_000 * DAY_MS
QUICK = Limits(cooldown_ms=0, stale_after_ms=FAR)


def dated(symbol: Symbol = Q1, days: int = 90, **changes: Any) -> Contract:
    """A quarterly under the rules of the desk's perpetual."""
    return a_contract(symbol, expiry_ms=T0 + days * DAY_MS, **changes)


def hedging(**changes: Any) -> RuleEntry:
    """Below 8 % opened, above 12 % closed, two times leverage; a second between two actions."""
    params = {"below": D("0.08"), "calm": D("0.12"), "leverage": D(2)} | changes
    rule = QuarterlyHedge(RuleName("hedging"), QuarterlyHedgeParams(**params))
    return RuleEntry(rule=rule, cooldown_ms=1_000)


def a_desk(
    *rules: RuleEntry,
    contracts: Sequence[Contract] = (),
    marks: Sequence[Symbol] = (Q1, Q2, ETH_Q),
    **settings: Any,
) -> Desk:
    """Everything has a price of 100, and a deep book."""
    listed = (a_contract(), a_contract(ETH), *(contracts or (dated(),)))
    desk = Desk(*(rules or (hedging(),)), contracts=listed, **({"limits": QUICK} | settings))
    for contract in listed[2:]:
        if contract.symbol in marks:
            deep = {"bid_depth": D(10**6), "ask_depth": D(10**6)}
            desk.fold(Book(at_ms=T0, symbol=contract.symbol, bid=D(100), ask=D(100), **deep))
            desk.mark("100", contract.symbol)
    return desk


def one(decisions: Sequence[object]) -> Action:
    (action,) = of(Action, decisions)
    return action


def a_hedge(id_: PositionId = HEDGE, quantity: str = "1", **changes: Any) -> Position:
    """Sold at 96 with two times leverage."""
    defaults: dict[str, Any] = {"entry": D(96), "leverage": D(2), "margin": str(D(quantity) * 48)}
    return a_position(id_, quantity, **(defaults | changes))


def kept(desk: Desk) -> list[Action]:
    """All that the keeper has done."""
    return [action for step in desk.steps for action in step.actions if action.rule == KEEPER]


def a_fill(quantity: str) -> Fill:
    return Fill(quantity=D(quantity), price=D(96), fee=D(0), pnl=D(0), slippage=D(0))


def holding(desk: Desk, id_: PositionId, position: Position | None) -> PositionChanged:
    return PositionChanged(at_ms=desk.now_ms, id=id_, position=position)


def fills(desk: Desk, action: Action, position: Position, *more: Fact) -> list[Decision]:
    """The opening is carried out: its outcome in front of the position it made."""
    bought = a_fill(str(position.quantity))
    done = desk.outcome(action, OutcomeKind.VERIFIED, fills=(bought,))
    return desk.fold(done, holding(desk, position.id, position), *more)


def wanting(desk: Desk, **changes: Any) -> Action:
    """A long near its liquidation, and the hedge that the rule asks for."""
    desk.mark("96", Q1)
    desk.holds(a_position(**changes))
    return one(desk.mark("96"))


def hedged(desk: Desk, **changes: Any) -> Action:
    """The same, carried out."""
    action = wanting(desk, **changes)
    fills(desk, action, a_hedge())
    return action


# -- whose they are -----------------------------------------------------------------------------------


def test_a_hedge_is_seen_before_its_outcome_is() -> None:
    desk = a_desk()
    action = wanting(desk)
    assert action.intent == OpenHedge(id=LONG, symbol=Q1, quantity=D(1), leverage=D(2), limit=D("93.2"))
    desk.fold(holding(desk, HEDGE, a_hedge()))
    desk.answer(action, OutcomeKind.VERIFIED)
    (follows,) = [a for a in of(Action, desk.closed()) if a.rule == KEEPER]
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D(1))


def test_what_the_trader_sells_where_a_hedge_could_not_be_had_is_his_own() -> None:
    desk = a_desk()
    desk.answer(wanting(desk), OutcomeKind.VERIFIED)  # It was cancelled without a trade.
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="3")))
    desk.closed()
    assert kept(desk) == []


def test_an_opening_that_traded_is_a_hedge_however_late_it_is_seen() -> None:
    desk = a_desk()
    action = wanting(desk)
    desk.answer(action, OutcomeKind.VERIFIED, fills=(a_fill("1"),))
    desk.closed()
    assert one(desk.fold(holding(desk, HEDGE, a_hedge()))).rule == KEEPER


def test_what_the_trader_sells_after_a_hedge_came_to_nothing_is_his_own() -> None:
    desk = a_desk()
    hedged(desk)
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.4")))  # The venue took some of it,
    more = one(desk.mark("95.9", after_ms=1_000))
    assert isinstance(more.intent, OpenHedge)
    desk.fold(holding(desk, HEDGE, None))  # and then the rest, while more was on its way.
    desk.answer(more, OutcomeKind.REJECTED)
    desk.fold(holding(desk, HEDGE, a_hedge(opened_ms=T0 + 1)))
    desk.closed()
    assert kept(desk) == []


def test_more_of_a_hedge_that_arrives_after_everything_was_closed_follows_too() -> None:
    desk = a_desk()
    hedged(desk)
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.4")))
    more = one(desk.mark("95.9", after_ms=1_000))
    desk.answer(more, OutcomeKind.UNKNOWN)
    follows = one(desk.closed())
    desk.fold(desk.outcome(follows, OutcomeKind.VERIFIED), holding(desk, HEDGE, None))
    desk.now_ms += 1_000
    late = one(desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.6", opened_ms=T0 + 1))))
    assert (late.rule, late.intent) == (KEEPER, ReducePosition(id=HEDGE, quantity=D("0.6")))


def test_a_hedge_that_was_closed_before_it_was_seen_is_forgotten() -> None:
    desk = a_desk()
    action = wanting(desk)
    desk.answer(action, OutcomeKind.VERIFIED, fills=(a_fill("1"),))
    desk.fold(holding(desk, HEDGE, None))
    desk.fold(holding(desk, HEDGE, a_hedge(opened_ms=T0 + 1)))
    desk.closed()
    assert kept(desk) == []


@pytest.mark.parametrize("outcome_first", [True, False])
def test_a_hedge_that_the_venue_took_away_before_it_was_seen_is_forgotten(outcome_first: bool) -> None:
    desk = a_desk()
    action = wanting(desk)
    taken = Deleveraged(at_ms=desk.now_ms, id=HEDGE, quantity=D(1), price=D(96))
    traded = desk.outcome(action, OutcomeKind.VERIFIED, fills=(a_fill("1"),))
    for fact in (traded, taken) if outcome_first else (taken, traded):
        desk.fold(fact)
    desk.fold(holding(desk, HEDGE, a_hedge(opened_ms=T0 + 1)))
    desk.closed()
    assert kept(desk) == []


def test_of_a_hedge_that_was_taken_in_part_before_it_was_seen_the_rest_is_ours() -> None:
    desk = a_desk()
    action = wanting(desk)
    desk.fold(Deleveraged(at_ms=desk.now_ms, id=HEDGE, quantity=D("0.4"), price=D(96)))
    desk.answer(action, OutcomeKind.VERIFIED, fills=(a_fill("1"),))
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.6")))
    follows = one(desk.closed())
    assert (follows.rule, follows.intent) == (KEEPER, ReducePosition(id=HEDGE, quantity=D("0.6")))


def test_what_was_refused_leaves_the_hedge_there_is_as_large_as_it_was_meant() -> None:
    # Of a hedge of 1 the venue took 0.5; the other half cannot be had. Against half of the long 0.25 are left
    # to stand, as half of it stood before.
    desk = a_desk()
    hedged(desk)
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.5")))
    desk.answer(one(desk.mark("95.9", after_ms=1_000)), OutcomeKind.REJECTED)
    desk.command(CommandKind.PAUSE, "hedging")
    follows = one(desk.fold(holding(desk, LONG, a_position(quantity="0.5", margin="6.8"))))
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D("0.25"))


def test_what_could_not_be_had_at_first_does_not_count_twice() -> None:
    # 0.4 wanted: 0.2 had, 0.2 more later. When the long becomes 0.5 the hedge is to be 0.2.
    desk = a_desk(hedging(ratio=D("0.4")))
    first = wanting(desk)
    assert isinstance(first.intent, OpenHedge)
    assert first.intent.quantity == D("0.4")
    fills(desk, first, a_hedge(quantity="0.2"))
    fills(desk, one(desk.mark("95.9", after_ms=1_000)), a_hedge(quantity="0.4"))
    follows = one(desk.fold(holding(desk, LONG, a_position(quantity="0.5", margin="6.8"))))
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D("0.2"))


def test_two_positions_do_not_share_one_hedge() -> None:
    # Two longs on the same underlying, both near liquidation at once: the second may not take the hedge that
    # is on its way to the first.
    theirs = PositionId(MAIN, Q2, Side.LONG)
    desk = a_desk(contracts=(dated(), dated(Q2, 180)))
    desk.mark("96", Q1)
    desk.holds(a_position(), a_position(theirs))
    at = [MarkPrice(at_ms=desk.now_ms, symbol=s, price=D(96)) for s in (BTC, Q2)]
    decisions = desk.fold(*at)
    assert [a.id for a in of(Action, decisions)] == [LONG]
    assert reasons(decisions) == [("hedging", Because.FOREIGN)]


# -- never left behind --------------------------------------------------------------------------------


def test_a_hedge_is_closed_in_the_batch_its_position_is_liquidated_in() -> None:
    desk = a_desk()
    hedged(desk)
    gone = Liquidated(at_ms=desk.now_ms, id=LONG, quantity=D(1), price=D(90), fee=D(0))
    mark = MarkPrice(at_ms=desk.now_ms, symbol=BTC, price=D(90))
    follows = one(desk.fold(mark, gone, holding(desk, LONG, None)))
    assert (follows.rule, follows.intent) == (KEEPER, ReducePosition(id=HEDGE, quantity=D(1)))


def test_a_hedge_shrinks_in_the_batch_its_position_is_deleveraged_in() -> None:
    desk = a_desk()
    hedged(desk)
    taken = Deleveraged(at_ms=desk.now_ms, id=LONG, quantity=D("0.4"), price=D(96))
    follows = one(desk.fold(taken, holding(desk, LONG, a_position(quantity="0.6", margin="8.16"))))
    assert (follows.rule, follows.intent) == (KEEPER, ReducePosition(id=HEDGE, quantity=D("0.4")))


def test_a_hedge_is_closed_in_the_batch_its_position_is_delivered_in() -> None:
    # What is guarded is a dated contract itself, which ends before its hedge does.
    guarded = PositionId(MAIN, Q1, Side.LONG)
    desk = a_desk(contracts=(dated(), dated(Q2, 180)))
    desk.mark("96", Q2)
    desk.holds(a_position(guarded))
    desk.mark("96")
    opening = one(desk.mark("96", Q1))
    assert isinstance(opening.intent, OpenHedge)
    assert opening.intent.symbol == Q2
    fills(desk, opening, a_hedge(LATER))
    settled = Delivered(at_ms=desk.now_ms, id=guarded, price=D(96))
    follows = one(desk.fold(settled, holding(desk, guarded, None)))
    assert (follows.rule, follows.intent) == (KEEPER, ReducePosition(id=LATER, quantity=D(1)))


@pytest.mark.parametrize("subject", ["", "keeper", str(HEDGE)])
def test_a_pause_never_stops_the_keeper(subject: str) -> None:
    desk = a_desk()
    hedged(desk)
    desk.command(CommandKind.PAUSE, subject)
    assert one(desk.closed()).rule == KEEPER


def test_a_hedge_that_nobody_may_close_is_naked() -> None:
    desk = a_desk()
    hedged(desk)
    desk.command(CommandKind.HALT)
    decisions = desk.closed()
    assert of(Action, decisions) == []
    assert (f"protection:{HEDGE}", f"the pair with {LONG}", "NAKED") in changes(decisions)
    assert reasons(decisions) == [(KEEPER, Because.STATE)]
    assert one(desk.command(CommandKind.RESUME)).rule == KEEPER


def test_a_refused_close_is_tried_again_after_a_second() -> None:
    desk = a_desk()
    hedged(desk)
    desk.answer(one(desk.closed()), OutcomeKind.REJECTED)
    assert of(Action, desk.mark("95", Q1, after_ms=999)) == []
    assert one(desk.mark("95", Q1, after_ms=1)).rule == KEEPER


def test_a_rest_too_small_for_the_venue_is_closed_with_the_excess() -> None:
    # The policy leaves reductions alone that are too small: what would be left here is never asked for.
    limits = Limits(cooldown_ms=0, stale_after_ms=FAR, close_whole_below_minimum=False)
    desk = a_desk(contracts=(dated(min_quantity=D("0.5")),), limits=limits)
    hedged(desk)
    follows = one(desk.fold(holding(desk, LONG, a_position(quantity="0.2", margin="2.72"))))
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D(1))


def test_an_excess_too_small_for_the_venue_is_left() -> None:
    desk = a_desk(contracts=(dated(min_quantity=D("0.5")),))
    hedged(desk)
    assert of(Action, desk.fold(holding(desk, LONG, a_position(quantity="0.8", margin="10.88")))) == []


def test_a_hedge_follows_piece_by_piece_without_a_pause() -> None:
    desk = a_desk()
    hedged(desk)
    for left, over in (("0.7", "0.3"), ("0.2", "0.5")):
        margin = str(D("13.6") * D(left))
        follows = one(desk.fold(holding(desk, LONG, a_position(quantity=left, margin=margin))))
        assert follows.intent == ReducePosition(id=HEDGE, quantity=D(over))
        done = desk.outcome(follows, OutcomeKind.VERIFIED)
        desk.fold(done, holding(desk, HEDGE, a_hedge(quantity=left)))


def test_a_refusing_venue_is_asked_ever_more_rarely_and_never_given_up() -> None:
    desk = a_desk(limits=Limits(cooldown_ms=0, stale_after_ms=FAR, equal_actions=3))
    hedged(desk)
    follows, tried_ms = one(desk.closed()), [desk.now_ms]
    for _ in range(9):
        desk.fold(desk.outcome(follows, OutcomeKind.REJECTED))
        while not (found := of(Action, desk.tick(after_ms=1_000))):
            assert desk.now_ms - tried_ms[-1] <= 60_000
        (follows,) = found
        tried_ms.append(desk.now_ms)
    pauses = [(after - before) // 1_000 for before, after in pairwise(tried_ms)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


# -- the trader's own part ------------------------------------------------------------------------------


def grown(desk: Desk) -> None:
    """The trader sells 0.5 more where the hedge of 1 is."""
    hedged(desk)
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="1.5")))


def test_what_the_trader_adds_to_a_hedge_is_left_alone() -> None:
    desk = a_desk()
    grown(desk)
    assert kept(desk) == []
    follows = one(desk.fold(holding(desk, LONG, a_position(quantity="0.4", margin="5.44"))))
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D("0.6"))


def closed_down(desk: Desk, follows: Action, closed: str, left: str) -> list[Decision]:
    """The keeper's order trades, and this is left."""
    done = desk.outcome(follows, OutcomeKind.VERIFIED, fills=(a_fill(closed),))
    return desk.fold(holding(desk, HEDGE, a_hedge(quantity=left)), done)


def test_where_nothing_is_ours_any_more_the_rest_is_guarded_as_the_traders_own() -> None:
    desk = a_desk(hedging(), stops("99", when=Always(), symbols=frozenset({Q1})), limits=QUICK)
    grown(desk)
    follows = one(desk.closed())
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D(1))
    assert [e.rules[0].rule for e in desk.engine.explain(Q1)] == [KEEPER]
    assert one(closed_down(desk, follows, "1", "0.5")).rule == "stops"
    assert [[rule.rule for rule in e.rules] for e in desk.engine.explain(Q1)] == [["hedging", "stops"]]
    assert [a.rule for a in of(Action, desk.tick(60_000))] == []


def test_a_hedge_with_a_part_of_the_traders_that_nobody_may_close_is_naked() -> None:
    desk = a_desk()
    grown(desk)
    desk.command(CommandKind.HALT)
    assert (f"protection:{HEDGE}", f"the pair with {LONG}", "NAKED") in changes(desk.closed())


def test_what_somebody_else_closes_of_a_hedge_is_ours_first() -> None:
    # 1.5, of which 1 is ours; 0.8 is left, and then the trader sells 0.7 again.
    desk = a_desk()
    grown(desk)
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.8")))
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="1.5")))
    follows = [a for a in of(Action, desk.closed()) if a.rule == KEEPER]
    assert [a.intent for a in follows] == [ReducePosition(id=HEDGE, quantity=D("0.8"))]


def test_a_calm_hedge_is_closed_without_the_traders_part() -> None:
    desk = a_desk()
    grown(desk)
    closing = one(desk.mark("104", after_ms=1_000))
    assert closing.intent == CloseHedge(id=LONG, symbol=Q1, quantity=D(1))
    done = desk.outcome(closing, OutcomeKind.VERIFIED, fills=(a_fill("1"),))
    desk.fold(done, holding(desk, HEDGE, a_hedge(quantity="0.5")))
    assert of(Action, desk.closed()) == []


def test_what_a_part_of_an_opening_traded_is_all_that_is_ours() -> None:
    desk = a_desk()
    fills(desk, wanting(desk), a_hedge(quantity="0.4"))
    desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.7")))
    follows = [a for a in of(Action, desk.closed()) if a.rule == KEEPER]
    assert [a.intent for a in follows] == [ReducePosition(id=HEDGE, quantity=D("0.4"))]


# -- less of it, and not by us ----------------------------------------------------------------------------


def lost(decisions: Sequence[Decision]) -> list[tuple[str, str, Level]]:
    said = of(StateChanged, decisions)
    return [(c.was, c.now, c.level) for c in said if c.subject == f"hedge:{LONG}"]


def test_a_hedge_that_shrinks_without_a_word_is_told_of_and_wanted_back_at_once() -> None:
    desk = a_desk()
    hedged(desk)
    desk.now_ms += 1_000
    decisions = desk.fold(holding(desk, HEDGE, a_hedge(quantity="0.4")))
    assert lost(decisions) == [(f"1 in {Q1}", f"0.4 in {Q1}", Level.CRITICAL)]
    assert isinstance(one(decisions).intent, OpenHedge)


def test_a_hedge_that_is_gone_without_a_word_is_told_of() -> None:
    desk = a_desk()
    hedged(desk)
    decisions = desk.fold(holding(desk, HEDGE, None))
    assert lost(decisions) == [(f"1 in {Q1}", f"0 in {Q1}", Level.CRITICAL)]


@pytest.mark.parametrize("outcome_first", [True, False])
def test_what_we_close_ourselves_is_no_loss(outcome_first: bool) -> None:
    desk = a_desk()
    hedged(desk)
    follows = one(desk.fold(holding(desk, LONG, a_position(quantity="0.4", margin="5.44"))))
    done: Fact = desk.outcome(follows, OutcomeKind.VERIFIED, fills=(a_fill("0.6"),))
    now = holding(desk, HEDGE, a_hedge(quantity="0.4"))
    assert lost(desk.fold(*((done, now) if outcome_first else (now, done)))) == []


# -- rolling ------------------------------------------------------------------------------------------


def rolling(desk: Desk) -> Action:
    """A hedge two days before its delivery, and the later one the rule asks for."""
    hedged(desk)
    desk.mark("96", Q2)
    desk.now_ms = T0 + 88 * DAY_MS
    return one(desk.mark("96"))


def test_a_hedge_is_rolled_and_the_older_one_goes() -> None:
    desk = a_desk(contracts=(dated(), dated(Q2, 180)))
    action = rolling(desk)
    assert isinstance(action.intent, OpenHedge)
    assert (action.intent.symbol, action.intent.quantity) == (Q2, D(1))
    follows = one(fills(desk, action, a_hedge(LATER, entry=D(96))))
    assert (follows.rule, follows.intent) == (KEEPER, ReducePosition(id=HEDGE, quantity=D(1)))


def test_a_roll_that_was_filled_in_part_goes_on() -> None:
    desk = a_desk(contracts=(dated(), dated(Q2, 180)))
    follows = one(fills(desk, rolling(desk), a_hedge(LATER, "0.3")))
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D("0.3"))
    done = desk.outcome(follows, OutcomeKind.VERIFIED)
    desk.fold(done, holding(desk, HEDGE, a_hedge(quantity="0.7")))
    more = one(desk.mark("96", after_ms=1_000))
    assert isinstance(more.intent, OpenHedge)
    assert (more.intent.symbol, more.intent.quantity) == (Q2, D("0.7"))


def test_a_hedge_that_nothing_can_take_over_from_is_kept_in_silence() -> None:
    desk = a_desk()
    hedged(desk)
    desk.now_ms = T0 + 89 * DAY_MS
    desk.mark("96", Q1)
    desk.mark("96")
    assert desk.mark("96.1") == []
    wire = desk.engine.tripwires.wires[BTC]
    assert wire.low < D("96.1") < wire.high
    desk.fold(InstrumentChanged(at_ms=desk.now_ms, contract=dated(Q2, 180)))
    deep = {"bid_depth": D(10**6), "ask_depth": D(10**6)}
    desk.fold(Book(at_ms=desk.now_ms, symbol=Q2, bid=D(96), ask=D(96), **deep))
    assert isinstance(one(desk.mark("96", Q2)).intent, OpenHedge)


def test_the_keeper_does_not_wait_for_marks_of_other_positions() -> None:
    rule = hedging(below=D("0.8"), calm=D("0.9"))
    desk = a_desk(rule, limits=Limits(cooldown_ms=0, stale_after_ms=60_000), free="150")
    desk.holds(a_position(ETH_LONG, "2", mode=CROSS))
    desk.holds(a_position(LONG, "2", mode=CROSS))
    (action,) = [a for step in desk.steps for a in step.actions if a.id == LONG]
    fills(desk, action, a_hedge(quantity="1.4", mode=CROSS, margin="0"))
    desk.mark("100", after_ms=120_000)
    desk.mark("100", Q1)
    follows = one(desk.closed())
    assert follows.rule == KEEPER


def test_a_long_whose_hedge_is_gone_is_naked_also_where_others_share_its_pool() -> None:
    desk = a_desk(hedging(below=D("0.8"), calm=D("0.9"), leverage=D(10)), free="150")
    desk.holds(a_position(ETH_LONG, "2", mode=CROSS))
    desk.holds(a_position(LONG, "2", mode=CROSS))
    (action,) = [a for step in desk.steps for a in step.actions if a.id == LONG]
    paired = (f"protection:{LONG}", "NAKED", f"the pair with {Q1}")
    assert paired in changes(fills(desk, action, a_hedge(quantity="2", mode=CROSS, margin="0")))
    gone = (f"protection:{LONG}", f"the pair with {Q1}", "NAKED")
    assert gone in changes(desk.fold(holding(desk, HEDGE, None)))


# -- over a restart -----------------------------------------------------------------------------------


def test_a_hedge_is_still_one_of_ours_after_a_restart() -> None:
    desk = a_desk()
    hedged(desk)
    again = a_desk(known=False, epoch=2, contracts=(dated(),), marks=())
    again.fold(CarriedOver(at_ms=again.now_ms, epoch=1, carried=desk.engine.carried()))
    again.fold(again.balance(), AccountRead(at_ms=again.now_ms, account=MAIN))
    again.holds(a_position(), mark="96")
    again.fold(holding(again, HEDGE, a_hedge()))
    again.mark("96", Q1)
    (follows,) = [a for a in of(Action, again.closed()) if a.rule == KEEPER]
    assert follows.intent == ReducePosition(id=HEDGE, quantity=D(1))
