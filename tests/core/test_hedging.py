"""What the guard asks of hedges: a desk with a long near its liquidation, and rules that want hedges."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from bot.core.contracts import ContractKind
from bot.core.decisions import Action, Because, Decision
from bot.core.facts import Book, CarriedOver, OutcomeKind
from bot.core.intents import AddMargin, CancelStop, CloseHedge, Intent, OpenHedge, PlaceStop
from bot.core.settings import HOUR_MS, Limits, RuleEntry
from bot.core.types import PositionId, Side, Symbol
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ETH_SHORT,
    ISOLATED,
    LONG,
    MAIN,
    SHORT,
    T0,
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
from tests.core.test_pairs import (
    ETH_Q,
    FAR,
    HEDGE,
    Q1,
    Q2,
    a_desk,
    a_fill,
    a_hedge,
    dated,
    fills,
    hedged,
    hedging,
    holding,
    one,
)


def saying(decide: Callable[[View], Iterable[Intent]]) -> RuleEntry:
    """A rule that may raise exposure, asked at every fact on what is no hedge."""
    entry = says("says", decide, when=Always(), proposes=(OpenHedge, CloseHedge), cooldown_ms=0)
    type(entry.rule).may_increase = True
    return entry


def opens(symbol: Symbol = Q1, **changes: Any) -> RuleEntry:
    """Wants a hedge of 1 at two times leverage, at any price."""
    amounts = {"quantity": D(1), "leverage": D(2), "limit": D(1)} | changes
    return saying(lambda view: [OpenHedge(id=view.id, symbol=symbol, **amounts)])


def refused(desk: Desk) -> list[Because]:
    """Why the hedge of a long at 96 is refused."""
    desk.mark("96", Q1)
    return [because for _, because in reasons(desk.holds(a_position(), mark="96"))]


def test_a_rule_that_does_not_say_so_may_not_open_a_hedge() -> None:
    entry = opens()
    type(entry.rule).may_increase = False
    assert refused(a_desk(entry)) == [Because.NOT_SAFER]


@pytest.mark.parametrize(
    ("rule", "because"),
    [
        (opens(Symbol("SOL/USDT:USDT-Q1")), Because.MINIMUM),
        (opens(ETH_Q), Because.MINIMUM),
        (opens(ETH), Because.STALE),
        (opens(leverage=D("0.5")), Because.MINIMUM),
        (opens(leverage=D(126)), Because.MINIMUM),
        (opens(limit=D(0)), Because.MINIMUM),
        (opens(quantity=D("0.0009")), Because.MINIMUM),
        (opens(limit=D("96.1")), Because.BASIS),
    ],
)
def test_a_hedge_that_cannot_be_is_refused(rule: RuleEntry, because: Because) -> None:
    assert refused(a_desk(rule)) == [because]


def test_a_contract_of_another_kind_is_no_hedge() -> None:
    coins = dated(kind=ContractKind.INVERSE)
    assert refused(a_desk(opens(), contracts=(coins,))) == [Because.MINIMUM]


def deep(desk: Desk, symbol: Symbol, price: str) -> None:
    """A million rests there on each side."""
    rests = {"bid": D(price), "ask": D(price), "bid_depth": D(10**6), "ask_depth": D(10**6)}
    desk.fold(Book(at_ms=desk.now_ms, symbol=symbol, **rests))
    desk.mark(price, symbol)


def test_a_hedge_in_another_coin_is_worth_no_more_than_what_it_stands_against() -> None:
    desk = a_desk(opens(ETH, quantity=D(9)))
    deep(desk, ETH, "48")
    desk.mark("96", Q1)
    (action,) = of(Action, desk.holds(a_position(), mark="96"))
    assert action.intent == OpenHedge(id=LONG, symbol=ETH, quantity=D(2), leverage=D(2), limit=D(1))


def first_then(half: OpenHedge, rest: OpenHedge) -> RuleEntry:
    """Wants the one, and once there is a hedge the other."""
    return saying(lambda view: [rest if view.pair.legs else half])


def test_what_is_hedged_in_its_own_coin_needs_no_hedge_in_another_and_the_other_way_round() -> None:
    for first, quantity, then, left in ((Q1, "0.5", ETH, D(1)), (ETH, "1", Q1, D("0.5"))):
        half = OpenHedge(id=LONG, symbol=first, quantity=D(quantity), leverage=D(2), limit=D(1))
        rest = OpenHedge(id=LONG, symbol=then, quantity=D(9), leverage=D(2), limit=D(1))
        desk = a_desk(first_then(half, rest))
        deep(desk, ETH, "48")
        desk.mark("96", Q1)
        action = one(desk.holds(a_position(), mark="96"))
        leg = a_hedge(PositionId(MAIN, first, Side.SHORT), quantity, entry=D(48) if first == ETH else D(96))
        (more,) = of(Action, fills(desk, action, leg))
        assert isinstance(more.intent, OpenHedge)
        assert (more.intent.symbol, more.intent.quantity) == (then, left)


def test_what_settles_otherwise_is_no_hedge_however_alike_it_moves() -> None:
    other = a_contract(Symbol("BTC/USDC:USDC"), settlement="USDC")
    desk = a_desk(opens(other.symbol), contracts=(dated(), other))
    deep(desk, other.symbol, "96")
    assert refused(desk) == [Because.MINIMUM]


def test_what_is_delivered_within_two_hours_is_no_hedge() -> None:
    desk = a_desk(opens())
    desk.now_ms = T0 + 90 * 24 * HOUR_MS - 2 * HOUR_MS + 1
    assert refused(desk) == [Because.EXPIRY]


def test_a_hedge_without_a_price_waits_for_one() -> None:
    desk = a_desk(opens(), marks=())
    assert reasons(desk.holds(a_position(), mark="96")) == [("says", Because.STALE)]


def test_a_hedge_whose_price_is_old_waits_for_a_new_one() -> None:
    desk = a_desk(opens(), limits=Limits(stale_after_ms=5_000))
    desk.mark("96", Q1)
    desk.now_ms += 5_001
    assert reasons(desk.holds(a_position(), mark="96")) == [("says", Because.STALE)]
    desk.mark("96", Q1)
    assert isinstance(one(desk.mark("95.9")).intent, OpenHedge)


def test_an_account_with_a_position_of_unknown_price_cannot_be_judged_yet() -> None:
    desk = a_desk()
    desk.mark("96", Q1)
    desk.holds(a_position(ETH_LONG), mark=None)
    desk.holds(a_position())
    assert reasons(desk.mark("96")) == [("hedging", Because.STALE)]
    desk.mark("100", ETH)
    assert isinstance(one(desk.mark("95.9")).intent, OpenHedge)


@pytest.mark.parametrize(("rests", "enough"), [("192", True), ("191.9", False)])
def test_twice_the_value_of_a_hedge_must_rest_in_the_book(rests: str, enough: bool) -> None:
    desk = a_desk(opens())
    depth = {"bid_depth": D(rests), "ask_depth": D(0)}
    desk.fold(Book(at_ms=T0, symbol=Q1, bid=D(96), ask=D(96), **depth))
    assert refused(desk) == ([] if enough else [Because.DEPTH])


def test_a_book_nobody_has_seen_holds_nothing() -> None:
    desk = a_desk(opens(), marks=())
    assert refused(desk) == [Because.DEPTH]


def test_the_hedge_of_a_short_is_bought_for_what_its_limit_may_cost() -> None:
    # At 104 liquidation at 110 is 5.77 % away. The limit is 104 * 1.03 = 107.12: 26 / (107.12 / 2) = 0.4854.
    desk = a_desk(free="26")
    desk.mark("104", Q1)
    desk.holds(a_position(SHORT))
    intent = one(desk.mark("104")).intent
    assert isinstance(intent, OpenHedge)
    assert (intent.quantity, intent.limit) == (D("0.485"), D("107.1"))


def test_no_more_is_hedged_than_is_held() -> None:
    desk = a_desk(opens(quantity=D(5)))
    desk.mark("96", Q1)
    action = one(desk.holds(a_position(), mark="96"))
    assert isinstance(action.intent, OpenHedge)
    assert action.intent.quantity == D(1)
    assert reasons(fills(desk, action, a_hedge())) == [("says", Because.MINIMUM)]


def of_a_campaign(amount: str, **settings: Any) -> Desk:
    """At 96 and two times leverage a hedge of 1 locks 48."""
    limits = Limits(cooldown_ms=0, stale_after_ms=FAR, margin_per_campaign=D(amount))
    desk = a_desk(opens(), limits=limits, **settings)
    desk.mark("96", Q1)
    return desk


def test_a_hedge_is_as_large_as_its_campaign_may_still_lock_margin() -> None:
    desk = of_a_campaign("24.05")
    opening = one(desk.holds(a_position(), mark="96"))
    assert isinstance(opening.intent, OpenHedge)
    assert opening.intent.quantity == D("0.501")
    assert reasons(fills(desk, opening, a_hedge(quantity="0.501"))) == [("says", Because.BUDGET)]


def test_a_campaign_that_is_used_up_opens_no_hedge_until_the_position_closes() -> None:
    desk = of_a_campaign("48")
    opening = one(desk.holds(a_position(), mark="96"))
    assert reasons(fills(desk, opening, a_hedge())) == [("says", Because.BUDGET)]
    assert of(Action, desk.fold(holding(desk, HEDGE, None))) == []
    desk.closed()
    assert one(desk.holds(a_position(opened_ms=T0 + 1), mark="96")).rule == "says"


def test_margin_and_hedges_share_a_campaign_and_no_other_budget() -> None:
    limits = Limits(cooldown_ms=0, stale_after_ms=FAR, margin_per_campaign=D(31), margin_per_position=D(7))
    desk = a_desk(adds("7", symbols=frozenset({BTC}), when=Always()), opens(), limits=limits)
    desk.mark("96", Q1)
    addition = one(desk.holds(a_position(), mark="96"))
    assert addition.intent == AddMargin(id=LONG, amount=D(7))
    # The position's own 7 are used up, and of the campaign's 31 there are 24: half of what 1 locks.
    opening = one(desk.works(addition))
    assert isinstance(opening.intent, OpenHedge)
    assert opening.intent.quantity == D("0.5")


def test_what_hedges_lock_counts_on_after_a_restart() -> None:
    desk = of_a_campaign("48")
    fills(desk, one(desk.holds(a_position(), mark="96")), a_hedge())
    carried = desk.engine.carried()
    assert [each.hedge_margin_in_lot for each in carried.positions if each.id == LONG] == [48]
    again = a_desk(opens(), epoch=2)
    again.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=carried))
    assert again.engine.carried().positions == carried.positions


@pytest.mark.parametrize(
    ("outcome", "traded", "again"),
    [
        (OutcomeKind.REJECTED, "0", "1"),
        (OutcomeKind.VERIFIED, "0", "1"),
        (OutcomeKind.VERIFIED, "0.4", "0.6"),
    ],
)
def test_what_of_a_hedge_did_not_trade_is_given_back(outcome: OutcomeKind, traded: str, again: str) -> None:
    desk = of_a_campaign("48")
    opening = one(desk.holds(a_position(), mark="96"))
    bought = tuple(a_fill(each) for each in [traded] if D(each))
    held = [holding(desk, HEDGE, a_hedge(quantity=traded))] if bought else []
    second = one(desk.fold(desk.outcome(opening, outcome, fills=bought), *held))
    assert isinstance(second.intent, OpenHedge)
    assert second.intent.quantity == D(again)


def test_the_cap_counts_what_is_on_its_way() -> None:
    # Of a cap of 150 a hedge of 96 on its way leaves 54: 0.5625 at 96.
    capped = Limits(cooldown_ms=0, stale_after_ms=FAR, hedge_notional=D(150))
    desk = a_desk(contracts=(dated(), dated(ETH_Q)), limits=capped)
    for symbol in (Q1, ETH_Q):
        desk.mark("96", symbol)
    first, second = of_openings(desk.holds(a_position(), a_position(ETH_LONG), mark="96"))
    assert (first.symbol, first.quantity) == (Q1, D(1))
    assert (second.symbol, second.quantity) == (ETH_Q, D("0.562"))


def test_the_cap_counts_what_is_held() -> None:
    capped = Limits(cooldown_ms=0, stale_after_ms=FAR, hedge_notional=D(150))
    desk = a_desk(contracts=(dated(), dated(ETH_Q)), limits=capped)
    hedged(desk)
    desk.mark("96", ETH_Q)
    (second,) = of_openings(desk.holds(a_position(ETH_LONG), mark="96"))
    assert second.quantity == D("0.562")


def of_openings(decisions: Sequence[Decision]) -> list[OpenHedge]:
    """The hedges that are opened."""
    return of(OpenHedge, [action.intent for action in of(Action, decisions)])


def test_where_the_trader_holds_something_himself_no_hedge_is_opened() -> None:
    desk = a_desk(opens())
    desk.mark("96", Q1)
    desk.holds(a_position(PositionId(MAIN, Q1, Side.LONG), margin="50"), mark=None)
    assert Because.FOREIGN in [because for _, because in reasons(desk.holds(a_position(), mark="96"))]


@pytest.mark.parametrize(("trigger", "refusals"), [("96", [Because.IN_FLIGHT]), ("95.9", [])])
def test_what_its_stop_is_closing_is_not_hedged(trigger: str, refusals: list[Because]) -> None:
    desk = a_desk(opens())
    desk.mark("96", Q1)
    desk.holds(a_position(), mark=None)
    desk.rests(a_stop(trigger))
    assert [because for _, because in reasons(desk.mark("96"))] == refusals


def test_the_cap_holds_at_the_limit_of_what_is_bought() -> None:
    # A short at 104 buys at 107.1 at most: of a cap of 60 that is 0.5602.
    capped = Limits(cooldown_ms=0, stale_after_ms=FAR, hedge_notional=D(60))
    desk = a_desk(limits=capped)
    desk.mark("104", Q1)
    desk.holds(a_position(SHORT))
    intent = one(desk.mark("104")).intent
    assert isinstance(intent, OpenHedge)
    assert (intent.quantity, intent.limit) == (D("0.560"), D("107.1"))


def test_a_hedge_that_adds_to_the_worst_loss_is_refused() -> None:
    # A short of 10 in another coin loses 288 when everything rises by 30 %: a second short adds to that.
    desk = a_desk()
    desk.holds(a_position(ETH_SHORT, "10", margin="1440"), mark="96")
    desk.mark("96", Q1)
    desk.holds(a_position())
    assert reasons(desk.mark("96")) == [("hedging", Because.NOT_SAFER)]


# -- closing ------------------------------------------------------------------------------------------


def closing(quantity: str, symbol: Symbol = Q1) -> RuleEntry:
    """Opens a hedge while there is none, and wants so much of it closed while there is one."""

    def decide(view: View) -> Iterable[Intent]:
        if view.pair.legs:
            return [CloseHedge(id=view.id, symbol=symbol, quantity=D(quantity))]
        return [OpenHedge(id=view.id, symbol=Q1, quantity=D(1), leverage=D(2), limit=D(1))]

    return saying(decide)


def opened(rule: RuleEntry, **settings: Any) -> tuple[Desk, list[Decision]]:
    """A desk whose hedge was opened at 96, and what is decided then."""
    desk = a_desk(rule, **settings)
    desk.mark("96", Q1)
    return desk, fills(desk, one(desk.holds(a_position(), mark="96")), a_hedge())


def test_a_hedge_is_kept_while_liquidation_is_no_farther_than_when_it_was_opened() -> None:
    desk, decisions = opened(closing("1"))
    assert reasons(decisions) == [("says", Because.NOT_SAFER)]
    assert one(desk.mark("96.1")).intent == CloseHedge(id=LONG, symbol=Q1, quantity=D(1))


@pytest.mark.parametrize(("asked", "closed"), [("2", "1"), ("0.3456", "0.345")])
def test_of_a_hedge_is_closed_what_is_held_and_what_the_venue_takes(asked: str, closed: str) -> None:
    desk, _ = opened(closing(asked))
    assert one(desk.mark("97")).intent == CloseHedge(id=LONG, symbol=Q1, quantity=D(closed))


def test_what_the_venue_does_not_take_is_not_asked_for() -> None:
    _, decisions = opened(closing("0.3"), contracts=(dated(min_quantity=D("0.5")),))
    assert reasons(decisions) == [("says", Because.MINIMUM)]


def test_where_no_hedge_is_held_none_is_closed() -> None:
    _, decisions = opened(closing("1", Q2))
    assert reasons(decisions) == [("says", Because.NO_POSITION)]


# -- one pool -----------------------------------------------------------------------------------------


def in_one_pool(hedge: dict[str, Any]) -> tuple[Desk, list[Decision]]:
    """A cross long of 10 and a wallet of 300, with the seatbelt's stop; hedged at 96 as told.

    Liquidated at (1000 - 300) / 9.6 = 72.92, on the tick 73.0: 27 % from 100 and 23.96 % from 96.
    """
    wants = hedging(below=D("0.25"), calm=D("0.4"), leverage=D(20))
    desk = a_desk(wants, seatbelt=True, free="300")
    desk.mark("96", Q1)
    stop = one(desk.holds(a_position(quantity="10", mode=CROSS, leverage=D(20))))
    assert isinstance(stop.intent, PlaceStop)
    desk.works(stop)
    action = one(desk.mark("96"))
    assert isinstance(action.intent, OpenHedge)
    return desk, fills(desk, action, a_hedge(quantity="10", leverage=D(20), **hedge))


def test_a_stop_is_taken_back_when_the_hedge_is_held_and_rests_again_when_it_goes() -> None:
    desk, decisions = in_one_pool({"mode": CROSS, "margin": None})
    cancel = one(decisions)
    assert isinstance(cancel.intent, CancelStop)
    assert (f"protection:{LONG}", "hf-1-1", f"the pair with {Q1}") in changes(decisions)
    desk.works(cancel)
    decisions = desk.fold(holding(desk, HEDGE, None))
    assert (f"protection:{LONG}", f"the pair with {Q1}", "NAKED") in changes(decisions)
    assert isinstance(one(decisions).intent, PlaceStop)


def test_a_stop_stays_where_the_hedge_is_in_no_pool_with_it() -> None:
    _, decisions = in_one_pool({"mode": ISOLATED})
    assert [d for d in decisions if hasattr(d, "intent")] == []


def test_a_second_stop_is_refused_while_the_pair_is_whole() -> None:
    desk, decisions = in_one_pool({"mode": CROSS, "margin": None})
    assert desk.answer(one(decisions), OutcomeKind.REJECTED)
    assert isinstance(one(desk.mark("96.1", after_ms=1_000)).intent, CancelStop)
