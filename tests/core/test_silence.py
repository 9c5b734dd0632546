"""Silence: what wakes a rule, what does not, what is recorded, and what was slept through."""

from decimal import Decimal

import pytest

from bot.core.contracts import Tier
from bot.core.decisions import Action, Because, Refusal, StateChanged
from bot.core.engine import Engine
from bot.core.facts import (
    Book,
    CommandKind,
    Deleveraged,
    Delivered,
    Fact,
    FundingPaid,
    FundingRate,
    InstrumentChanged,
    LastPrice,
    Liquidated,
    MarkPrice,
    OpenInterest,
    OptionQuote,
    OutcomeKind,
)
from bot.core.intents import AddMargin, CutLeverage, Intent, Level, Notify, PlaceStop, ReducePosition
from bot.core.margin.rules import MaintenanceAt, MarginRules
from bot.core.rule import Needs
from bot.core.settings import Limits, RuleEntry
from bot.core.types import Side
from bot.core.view import View
from bot.core.wake import Always, At, BarClose, Changed, Metric, Never, Wake, all_of, any_of
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    LONG,
    NEAR,
    SHORT,
    T0,
    D,
    Desk,
    Says,
    a_contract,
    a_position,
    a_stop,
    adds,
    changes,
    closes,
    of,
    reasons,
    says,
)

HOUR = 3_600_000


class Ear:
    """Counts how often a rule is asked, and lets it stay quiet."""

    def __init__(self, wake: Wake) -> None:
        self.at: list[Decimal] = []
        self.rule = says("ear", self.hear, when=wake)

    def hear(self, view: View) -> list[Intent]:
        self.at.append(view.mark)
        return []


def listening(wake: Wake) -> tuple[Desk, Ear]:
    ear = Ear(wake)
    at = Desk(ear.rule)
    at.holds(a_position())
    ear.at.clear()
    return at, ear


# -- the tripwire -------------------------------------------------------------------------------------


def test_a_mark_inside_the_tripwire_ends_there() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    assert desk.engine.step(MarkPrice(at_ms=T0, symbol=BTC, price=D(98))) is None
    assert desk.engine.overview()[0].mark == 98


def test_a_mark_outside_is_evaluated_and_recorded() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    step = desk.engine.step(MarkPrice(at_ms=T0, symbol=BTC, price=D("97.8")))
    assert step is not None
    assert len(step.actions) == 1
    assert step.facts == (MarkPrice(at_ms=T0, symbol=BTC, price=D("97.8")),)


def test_the_wire_is_the_threshold_rounded_to_the_tick_toward_the_mark() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    # 90 / 0.92 = 97.826..: the first mark that could wake is 97.8, the wire looks one tick earlier.
    assert (desk.engine.tripwires.wires[BTC].low, desk.engine.tripwires.wires[BTC].high) == (
        D("97.9"),
        D("Infinity"),
    )
    assert desk.mark("97.9") == []
    assert len(of(Action, desk.mark("97.8"))) == 1


def test_a_patrol_that_finds_all_as_it_was_ties_no_wire_anew() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.tick()
    ties = desk.engine.tripwires.ties
    assert desk.tick(after_ms=1_000) == []
    assert desk.engine.tripwires.ties == ties
    assert desk.engine.tripwires.wires[BTC].low == D("97.9")


def test_for_a_short_the_danger_lies_above() -> None:
    desk = Desk(adds())
    desk.holds(a_position(SHORT))
    # 8 % below 110 is 101.851..
    assert desk.mark("101.8") == []
    assert len(of(Action, desk.mark("101.9"))) == 1


def test_of_several_positions_the_tightest_band_counts_and_only_its_owner_is_asked() -> None:
    desk = Desk(adds())
    desk.holds(a_position(LONG), a_position(SHORT))
    assert [a.id.side for a in of(Action, desk.mark("97"))] == [Side.LONG]
    assert [a.id.side for a in of(Action, desk.mark("103"))] == [Side.SHORT]


def test_a_step_carries_the_last_mark_that_was_swallowed() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    for price in ("99", "98.5", "98"):
        desk.mark(price, after_ms=100)
    desk.mark("97", after_ms=100)
    (swallowed,) = desk.steps[-1].swallowed
    assert swallowed == MarkPrice(at_ms=T0 + 300, symbol=BTC, price=D(98))
    desk.pays_in("1")
    assert desk.steps[-1].swallowed == ()


def test_what_was_swallowed_is_forgotten_where_a_newer_mark_was_an_occasion_for_others() -> None:
    times = says("times", lambda view: [], when=At(T0 + 10_000), symbols=frozenset({BTC}))
    desk = Desk(times, adds())
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.mark("99", ETH, after_ms=100)
    desk.mark("98.9", ETH, after_ms=10_000)
    assert desk.steps[-1].facts == (MarkPrice(at_ms=T0 + 10_100, symbol=ETH, price=D("98.9")),)
    desk.pays_in("1")
    assert ETH not in [mark.symbol for mark in desk.steps[-1].swallowed if isinstance(mark, MarkPrice)]


def test_what_was_swallowed_is_told_again_with_what_came_behind_it_and_was_older() -> None:
    def rules() -> Desk:
        waits = says(
            "waits",
            lambda view: [Notify(id=view.id, level=Level.INFO, text="it is time")],
            when=lambda view: At(T0 + (10_000 if view.stops.protecting is None else 7_000)),
            symbols=frozenset({ETH}),
        )
        return Desk(waits, limits=Limits(stale_after_ms=60_000))

    desk = rules()
    desk.holds(a_position(), a_position(ETH_LONG))
    assert desk.mark("99", after_ms=9_000) == []
    desk.now_ms = T0 - 3_000
    desk.rests(a_stop("92", ETH_LONG), id_=ETH_LONG)
    desk.now_ms = T0 + 9_500
    assert [action.at_ms for action in of(Action, desk.rests())] == [T0 + 9_500]
    again = rules()
    for step in desk.steps[2:]:
        for fact in step.swallowed:
            silent = again.engine.recall(fact)
            assert silent is None or silent.decisions == ()
        assert tuple(again.fold(*step.facts)) == step.decisions
    told = [fact for step in desk.steps for fact in step.swallowed]
    assert told == [MarkPrice(at_ms=T0 + 9_000, symbol=BTC, price=D(99))]


def test_a_time_that_came_at_a_tick_is_told_although_nothing_came_of_it() -> None:
    def rules() -> Desk:
        waits = says(
            "waits",
            lambda view: [Notify(id=view.id, level=Level.INFO, text="it is time")],
            when=lambda view: At(T0 + 4_000) if view.mark >= 99 else Never("it is low"),
            symbols=frozenset({ETH}),
        )
        return Desk(waits)

    desk = rules()
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.mark("98", ETH, after_ms=3_000)
    assert desk.tick(after_ms=1_500) == []
    desk.mark("99.5", ETH, after_ms=100)
    assert desk.rests() == []
    again = rules()
    for step in desk.steps[2:]:
        for fact in step.swallowed:
            again.engine.recall(fact)
        assert tuple(again.fold(*step.facts)) == step.decisions


def test_marks_of_what_nobody_holds_are_swallowed() -> None:
    desk = Desk(adds())
    assert desk.mark("100") == []
    assert desk.steps[-1].facts != ()
    assert desk.mark("1") == []


def test_a_tripwire_that_no_longer_guards_anything_is_slack() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.closed()
    assert desk.engine.step(MarkPrice(at_ms=T0, symbol=BTC, price=D(1))) is None


def test_a_silent_evaluation_leaves_no_trace() -> None:
    desk, ear = listening(Always())
    before = desk.engine.explain()
    desk.mark("100", after_ms=10)
    assert ear.at == [100]
    assert desk.engine.explain() == before
    assert desk.steps[-1].decisions == ()


# -- what wakes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wake", "silent", "loud"),
    [
        (NEAR, "97.9", "97.8"),
        (Metric.DISTANCE.above(D("0.2")), "112.5", "112.6"),
        (Metric.MARK.below(D(99)), "99.1", "98.9"),
        (Metric.MARK.above(D(101)), "100.9", "101.1"),
        # Of 13.6 of margin 7.6 are left at 94: 3.76 / 7.6 = 0.4947..; at 93.9 it is 3.756 / 7.5 = 0.5008.
        (Metric.MARGIN_RATIO.above(D("0.5")), "94", "93.9"),
        (Metric.MARGIN_RATIO.below(D("0.2")), "107.9", "108.1"),
        (any_of(Metric.MARK.below(D(95)), Metric.MARK.below(D(99))), "99.1", "98.9"),
        (all_of(Metric.MARK.below(D(95)), Metric.MARK.below(D(99))), "95.1", "94.9"),
        (all_of(Metric.MARK.below(D(101)), Metric.MARK.below(D(99))), "99.1", "98.9"),
    ],
)
def test_a_level_wakes_beyond_its_threshold(wake: Wake, silent: str, loud: str) -> None:
    desk, ear = listening(wake)
    desk.mark(silent)
    assert ear.at == []
    desk.mark(loud)
    assert ear.at == [D(loud)]


@pytest.mark.parametrize(
    "wake", [Never("why"), Metric.LIQUIDATION.above(D(95)), Metric.DISTANCE.below(D("0.01"))]
)
def test_what_cannot_happen_wakes_nobody(wake: Wake) -> None:
    desk, ear = listening(wake)
    for price in ("99", "97", "95"):
        desk.mark(price)
    assert ear.at == []


def test_a_level_that_holds_wakes_at_every_mark_until_it_does_not() -> None:
    desk, ear = listening(Metric.MARK.below(D(99)))
    for price in ("98", "97.5", "98", "99.5", "100"):
        desk.mark(price)
    assert ear.at == [D(98), D("97.5"), D(98)]


def test_without_a_liquidation_price_no_distance_is_below_anything() -> None:
    ear = Ear(NEAR)
    desk = Desk(ear.rule)
    desk.holds(a_position(margin="100"))
    for price in ("50", "10", "1"):
        desk.mark(price)
    assert ear.at == []


def test_a_bar_wakes_the_rules_that_wait_for_it() -> None:
    heard: list[int] = []

    class Waits(Says):
        def needs(self) -> Needs:
            return Needs(bars_ms=frozenset({HOUR, 4 * HOUR}))

    def bar_of(timeframe_ms: int, name: str) -> RuleEntry:
        def hear(view: View) -> list[Intent]:
            bar = view.bar(timeframe_ms)
            heard.append(timeframe_ms if bar is not None else 0)
            return []

        return RuleEntry(rule=Waits(name, hear, lambda view: BarClose(timeframe_ms)))

    desk = Desk(bar_of(HOUR, "one"), bar_of(4 * HOUR, "four"))
    desk.holds(a_position())
    assert heard == [0, 0]
    desk.bar("100", "101", "99", "100")
    assert heard == [0, 0, HOUR]
    desk.bar("100", "101", "99", "100", timeframe_ms=4 * HOUR)
    assert heard[3:] == [4 * HOUR]
    desk.bar("100", "101", "99", "100", timeframe_ms=60_000)
    desk.bar("100", "101", "99", "100", symbol=ETH)
    assert len(heard) == 4


def test_a_time_wakes_at_that_time() -> None:
    desk, ear = listening(At(T0 + 1_000))
    assert desk.engine.next_at_ms == T0 + 1_000
    desk.mark("100", after_ms=999)
    assert ear.at == []
    desk.mark("100", after_ms=1)
    assert ear.at == [100]


def test_a_time_is_noticed_by_a_tick() -> None:
    desk, ear = listening(At(T0 + 1_000))
    desk.tick(after_ms=1_000)
    assert ear.at == [100]


@pytest.mark.parametrize("what", ["balance", "orders", "position", "command", "instrument"])
def test_every_change_of_state_wakes(what: str) -> None:
    desk, ear = listening(Changed())
    desk.mark("99")
    assert ear.at == []
    match what:
        case "balance":
            desk.pays_in("1")
        case "orders":
            desk.rests()
        case "position":
            desk.holds(a_position(margin="14"), mark=None)
        case "command":
            desk.command(CommandKind.ACKNOWLEDGE)
        case _:
            desk.fold(InstrumentChanged(at_ms=T0, contract=a_contract(tick=D("0.5"))))
    assert ear.at == [99]


def test_new_tiers_are_used_at_once() -> None:
    desk = Desk(adds())
    desk.holds(a_position(margin="14"))
    # 86 / 0.96 = 89.6 before; with a rate of 10 % liquidation is at 86 / 0.9 = 95.6.
    harder = a_contract(tiers=(Tier(floor=D(0), cap=None, rate=D("0.1")),))
    decisions = desk.fold(InstrumentChanged(at_ms=T0, contract=harder))
    assert len(of(Action, decisions)) == 1
    assert desk.engine.overview()[0].liquidation == D("95.6")


@pytest.mark.parametrize(
    "fact",
    [
        LastPrice(at_ms=T0, symbol=BTC, price=D(50)),
        FundingRate(at_ms=T0, symbol=BTC, rate=D("0.01"), next_ms=T0),
        FundingPaid(at_ms=T0, id=LONG, rate=D("0.01"), amount=D(-1)),
        Book(at_ms=T0, symbol=BTC, bid=D(1), ask=D(2), bid_depth=D(1), ask_depth=D(1)),
        OpenInterest(at_ms=T0, symbol=BTC, quantity=D(1)),
        OptionQuote(
            at_ms=T0, symbol=ETH, underlying=BTC, strike=D(1), expiry_ms=T0, call=False, bid=None, ask=None
        ),
    ],
)
def test_the_last_price_and_other_market_data_are_never_taken_for_the_mark(fact: Fact) -> None:
    desk = Desk(adds(), closes())
    desk.holds(a_position())
    assert desk.fold(fact) == []
    assert desk.engine.overview()[0].mark == 100


@pytest.mark.parametrize(
    ("fact", "word"),
    [
        (Liquidated(at_ms=T0, id=LONG, quantity=D(1), price=D(90), fee=D(1)), "liquidated"),
        (Deleveraged(at_ms=T0, id=LONG, quantity=D(1), price=D(120)), "deleveraged"),
        (Delivered(at_ms=T0, id=LONG, price=D(99)), "delivered"),
    ],
)
def test_what_the_venue_does_to_a_position_is_said_loudly(fact: Fact, word: str) -> None:
    desk = Desk()
    desk.holds(a_position())
    (said,) = of(StateChanged, desk.fold(fact))
    assert (said.subject, said.now, said.level) == (f"position:{LONG}", word, Level.CRITICAL)


# -- recorded once ------------------------------------------------------------------------------------


def test_a_refusal_is_recorded_once_per_version_of_the_state() -> None:
    desk = Desk(adds(), free="0")
    desk.holds(a_position())
    assert reasons(desk.mark("97")) == [("adds", Because.BALANCE)]
    for price in ("96.9", "96", "97"):
        assert reasons(desk.mark(price, after_ms=100)) == []
    assert reasons(desk.pays_in("0")) == [("adds", Because.BALANCE)]


def test_another_reason_or_kind_is_recorded_for_itself() -> None:
    def moody(view: View) -> list[Intent]:
        if view.mark > 96:
            return [AddMargin(id=view.id, amount=D(1))]
        if view.mark > 95:
            return [AddMargin(id=view.id, amount=D("0.001"))]
        return [PlaceStop(id=view.id, trigger=D(50))]

    desk = Desk(says("moody", moody), free="0")
    desk.holds(a_position())
    assert reasons(desk.mark("97")) == [("moody", Because.BALANCE)]
    assert reasons(desk.mark("95.5")) == []
    assert reasons(desk.mark("94")) == [("moody", Because.WRONG_SIDE)]
    assert reasons(desk.mark("97")) == []


def test_a_refused_level_stays_awake() -> None:
    desk = Desk(closes("0.5"), limits=Limits(stale_after_ms=10))
    desk.holds(a_position())
    desk.now_ms += 20
    assert reasons(desk.holds(a_position(margin="11.5"), mark=None)) == [("closes", Because.STALE)]
    assert len(of(Action, desk.mark("97"))) == 1


# -- what a patrol finds ------------------------------------------------------------------------------


class Mischief:
    """A rule that promises to sleep until 95 and would act below 99."""

    @staticmethod
    def wake(view: View) -> Wake:
        return Metric.MARK.below(D(99)) if view.now_ms > T0 else Metric.MARK.below(D(95))


@pytest.mark.parametrize("free", ["0", "5", "5.009"])
def test_without_a_balance_a_rule_sleeps_until_there_is_one(free: str) -> None:
    desk = Desk(adds("1"), free=free, limits=Limits(reserve=D(5)))
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("adds", Because.BALANCE)]
    wire = desk.engine.tripwires.wires[BTC]
    assert wire.low < D("90.1") < D("97") < wire.high
    assert [desk.mark(price) for price in ("94", "93", "92")] == [[], [], []]
    assert len(of(Action, desk.pays_in("6"))) == 1


def test_where_cross_positions_share_the_wallet_it_stays_awake() -> None:
    desk = Desk(adds("1", symbols=frozenset({BTC})), free="4")
    desk.holds(a_position(), a_position(ETH_LONG, mode=CROSS))
    assert reasons(desk.mark("95")) == [("adds", Because.BALANCE)]
    wire = desk.engine.tripwires.wires[BTC]
    assert not wire.low < D("94.9") < wire.high


def test_where_the_venue_told_of_nothing_free_it_sleeps_although_the_wallet_is_shared() -> None:
    # What the long in the other coin earns is never more than what was told: nobody may spend it before.
    desk = Desk(adds("1", symbols=frozenset({BTC})), free="0")
    desk.holds(a_position(), a_position(ETH_LONG, mode=CROSS))
    assert reasons(desk.mark("95")) == [("adds", Because.BALANCE)]
    assert desk.mark("110", ETH) == []
    asked = len(desk.steps)
    assert [desk.mark("94"), desk.mark("93")] == [[], []]
    assert len(desk.steps) == asked
    assert len(of(Action, desk.pays_in("100"))) == 1


class Stubborn(Says):
    """Says the same at every mark, and says so."""

    proposes = (CutLeverage, ReducePosition, AddMargin)

    def settled(self, view: View) -> tuple[type[Intent], ...]:
        return self.proposes


def stubborn(*said: Intent, kind: type[Says] = Stubborn) -> RuleEntry:
    return RuleEntry(rule=kind("stubborn", lambda view: said, lambda view: NEAR), cooldown_ms=0)


def sleeps(desk: Desk) -> bool:
    """Whether marks beyond the threshold are left out."""
    wire = desk.engine.tripwires.wires[BTC]
    return wire.low < D("90.1") < D("97") < wire.high


# At 100 and 2x the long of 1 asks for 50 of margin, 36.4 more than it has.
TOO_DEAR = CutLeverage(id=LONG, leverage=D(2))


def test_a_cut_that_is_too_dear_is_not_asked_for_again_until_the_balance_changes() -> None:
    desk = Desk(stubborn(TOO_DEAR), free="36.3")
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("stubborn", Because.BALANCE)]
    assert sleeps(desk)
    assert [desk.mark(price) for price in ("94", "93", "92")] == [[], [], []]
    (cut,) = of(Action, desk.pays_in("0.1"))
    assert cut.intent == TOO_DEAR


def test_a_cut_that_the_budget_refuses_is_asked_for_again_when_it_renews() -> None:
    desk = Desk(stubborn(TOO_DEAR), limits=Limits(margin_per_day=D(36), stale_after_ms=10**9))
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("stubborn", Because.BUDGET)]
    assert sleeps(desk)
    assert desk.engine.next_at_ms == T0 + 86_400_000


@pytest.mark.parametrize(
    ("said", "because"),
    [
        (ReducePosition(id=LONG, quantity=D("0.0001")), Because.MINIMUM),
        (AddMargin(id=LONG, amount=D("0.0000000001")), Because.MINIMUM),
        (CutLeverage(id=LONG, leverage=D(0)), Because.MINIMUM),
        (CutLeverage(id=LONG, leverage=D(5)), Because.NOT_SAFER),  # It is there already.
    ],
)
def test_what_stays_too_little_or_no_gain_is_not_asked_for_again(said: Intent, because: Because) -> None:
    desk = Desk(stubborn(said), limits=Limits(close_whole_below_minimum=False))
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("stubborn", because)]
    assert sleeps(desk)


def test_where_the_wallet_is_shared_what_is_too_dear_stays_awake() -> None:
    desk = Desk(stubborn(TOO_DEAR), free="36.3")
    desk.holds(a_position(), a_position(ETH_LONG, mode=CROSS))
    assert reasons(desk.mark("95")) == [("stubborn", Because.BALANCE)]
    assert not sleeps(desk)


def test_what_another_mark_may_lift_stays_awake_whatever_the_rule_says_of_itself() -> None:
    desk = Desk(stubborn(ReducePosition(id=LONG, quantity=D("0.5"))), limits=Limits(stale_after_ms=10))
    desk.holds(a_position())
    desk.now_ms += 20
    assert reasons(desk.holds(a_position(margin="11.5"), mark=None)) == [("stubborn", Because.STALE)]
    assert len(of(Action, desk.mark("97"))) == 1


def test_where_liquidation_moves_with_the_mark_a_cut_without_gain_stays_awake() -> None:
    moving = a_contract(rules=MarginRules(name="x", version="1", maintenance_at=MaintenanceAt.MARK))
    desk = Desk(stubborn(CutLeverage(id=LONG, leverage=D(5))), contracts=[moving])
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("stubborn", Because.NOT_SAFER)]
    assert not sleeps(desk)


def test_a_rule_that_cannot_say_what_is_settled_is_parked() -> None:
    class Broken(Stubborn):
        def settled(self, view: View) -> tuple[type[Intent], ...]:
            raise KeyError("no idea")

    desk = Desk(stubborn(TOO_DEAR, kind=Broken), free="1")
    desk.holds(a_position())
    assert ("rule:stubborn", "running", "parked") in changes(desk.mark("95"))


def test_what_another_position_was_promised_and_did_not_cost_wakes_who_sleeps_for_it() -> None:
    desk = Desk(adds("10", name="first", symbols=frozenset({ETH})), adds("10"), free="10")
    desk.holds(a_position(), a_position(ETH_LONG))
    (first,) = of(Action, desk.mark("95", ETH))
    assert reasons(desk.mark("95")) == [("adds", Because.BALANCE)]
    (action,) = of(Action, desk.answer(first, OutcomeKind.VERIFIED))
    assert action.rule == "adds"


def test_what_was_slept_through_is_acted_on_by_the_next_tick_and_reported() -> None:
    desk = Desk(says("late", AddMargin(id=LONG, amount=D(1)), when=Mischief.wake))
    desk.holds(a_position())
    assert desk.mark("98", after_ms=1_000) == []
    decisions = desk.tick(after_ms=1_000)
    (report,) = of(StateChanged, decisions)
    assert (report.subject, report.now, report.level) == ("rule:late", "unsound_wake", Level.WARNING)
    assert str(LONG) in report.because
    assert [a.rule for a in of(Action, decisions)] == ["late"]


def test_a_tick_reports_nothing_where_every_promise_was_kept() -> None:
    desk = Desk(adds(), closes(), seatbelt=True)
    desk.holds(a_position(), a_position(ETH_LONG))
    for action in of(Action, desk.steps[-1].decisions):
        desk.works(action)
    for price in ("99", "98", "97", "99"):
        desk.mark(price, after_ms=500)
        desk.mark(price, ETH)
        assert changes(desk.tick()) == []


def test_a_sleeping_rule_whose_reason_changes_is_no_unsound_wake() -> None:
    # It sleeps on its used-up budget; meanwhile the other position uses up the rate of the account.
    desk = Desk(
        adds("1"),
        limits=Limits(cooldown_ms=0, margin_per_position=D(1), actions_per_hour=2, stale_after_ms=HOUR),
    )
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.works(of(Action, desk.mark("96"))[0])
    assert reasons(desk.steps[-1].decisions) == [("adds", Because.BUDGET)]
    desk.works(of(Action, desk.mark("96", ETH))[0])
    assert changes(desk.tick(after_ms=1_000)) == []


def test_two_engines_share_nothing() -> None:
    first, second = Desk(adds()), Desk(adds())
    first.holds(a_position())
    assert second.engine.overview() == ()
    assert isinstance(second.engine, Engine)
    assert of(Refusal, second.tick()) == []


def test_time_that_changes_nothing_leaves_no_trace() -> None:
    desk = Desk(adds("5", when=NEAR))
    desk.holds(a_position(LONG))
    before = len(desk.steps)
    for _ in range(3):
        desk.tick(after_ms=1_000)
    assert len(desk.steps) == before


def test_time_in_which_a_mark_went_stale_is_kept() -> None:
    desk = Desk()
    desk.holds(a_position(LONG))
    before = len(desk.steps)
    assert desk.tick(after_ms=60_000)
    assert len(desk.steps) == before + 1


def test_what_nobody_reads_is_not_kept() -> None:
    desk = Desk()
    desk.holds(a_position(LONG))
    before = len(desk.steps)
    desk.fold(LastPrice(at_ms=desk.now_ms, symbol=BTC, price=D(100)))
    desk.fold(FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D("0.01"), next_ms=desk.now_ms))
    assert len(desk.steps) == before


def test_open_interest_is_what_was_told_last() -> None:
    seen: list[Decimal | None] = []

    def decide(view: View) -> list[AddMargin]:
        seen.append(view.open_interest)
        return []

    desk = Desk(says("looks", decide, when=Always()))
    desk.holds(a_position())
    desk.fold(OpenInterest(at_ms=desk.now_ms, symbol=BTC, quantity=D(7)))
    desk.fold(OpenInterest(at_ms=desk.now_ms, symbol=ETH, quantity=D(9)))
    desk.mark("99")
    assert (seen[0], seen[-1]) == (None, D(7))
