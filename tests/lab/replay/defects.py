"""Defects to plant: each a small mistake that somebody could make in wakes, order, sleep or batches.

They reach into the machinery by replacing one function of it, which no other test here does: to see whether a
test would catch a mistake, the mistake has to be made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bot.core.accounts import protection
from bot.core.accounts.book import Armed, Holder
from bot.core.asking import arbiter, tripwire
from bot.core.asking.arbiter import Arbiter
from bot.core.asking.tripwire import Tripwires
from bot.core.danger import conditions
from bot.core.danger.conditions import FOREVER_MS, OPEN, Events, Reach
from bot.core.deeds.ledger import Ledger
from bot.core.engine import Engine
from bot.core.facts import BarClosed, Fact, MarkPrice
from bot.core.guarding.case import Case
from bot.core.margin.bounds import Band
from bot.core.margin.pool import Marks, Pool
from bot.core.margin.room import Need, Room
from bot.core.step import Step
from bot.core.types import Symbol
from bot.lab.replay import agenda, track
from bot.lab.replay.agenda import RANKS, Agenda, Rank
from bot.lab.replay.stage import Stage
from bot.lab.replay.track import TickBounds, Track
from bot.lab.replay.walk import Jumper
from bot.lab.tapes import first_outside
from bot.venues.paper import wires
from bot.venues.paper.books import Books as VenueBooks

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what it is called, how it is made, and a tape of the corpus that is known to show it."""

    name: str
    plant: Plant
    telling: int | str


DEFECTS: list[Defect] = []
COARSE = Decimal("0.5")
"""The tick of a contract whose marks are finer: on the tick itself a bound is inclusive *and* rounded."""


def defect(*, telling: int | str) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        DEFECTS.append(Defect(plant.__name__, plant, telling))
        return plant

    return register


# --- wires and bands ---------------------------------------------------------------------------------


@defect(telling="stairs")
def a_wire_a_tick_too_wide(patch: pytest.MonkeyPatch) -> None:
    tie = Tripwires._tie

    def wider(self: Tripwires, symbol: Symbol) -> None:
        tie(self, symbol)
        wire = self.wire(symbol)
        if wire.low < wire.high:
            wire.low, wire.high = wire.low - COARSE, wire.high + COARSE

    patch.setattr(Tripwires, "_tie", wider)


@defect(telling="stairs")
def a_band_rounded_away_from_the_mark(patch: pytest.MonkeyPatch) -> None:
    inward = conditions._standing_band

    def outward(situation: Any, threshold: Decimal) -> Band:
        step, band = situation.contract.tick, inward(situation, threshold)
        return Band(band.low and band.low - step, band.high and band.high + step)

    patch.setattr(conditions, "_standing_band", outward)


@defect(telling=2)
def the_search_leaves_out_bars_that_touch_a_bound(patch: pytest.MonkeyPatch) -> None:
    inclusive = first_outside

    def exclusive(
        low: Any, high: Any, start: int, stop: int, low_bound: int | None, high_bound: int | None
    ) -> int:
        below = None if low_bound is None else low_bound - 1
        above = None if high_bound is None else high_bound + 1
        return inclusive(low, high, start, stop, below, above)

    patch.setattr(track, "first_outside", exclusive)


@defect(telling="apart")
def the_search_does_not_look_at_traded_prices(patch: pytest.MonkeyPatch) -> None:
    def marks_only(self: Track, start: int, end: int, bounds: Any) -> int:
        path = self.path
        return first_outside(path.mark_low, path.mark_high, start, end, bounds.mark_low, bounds.mark_high)

    patch.setattr(Track, "_first_outside", marks_only)


@defect(telling="apart")
def an_order_is_forgotten_in_the_wires_of_the_exchange(patch: pytest.MonkeyPatch) -> None:
    lay = wires._lay

    def forgetful(books: VenueBooks, symbol: Symbol) -> None:
        kept = {name: dict(account.orders) for name, account in books.accounts.items()}
        for account in books.accounts.values():
            account.orders.clear()
        lay(books, symbol)
        for name, account in books.accounts.items():
            account.orders.update(kept[name])

    patch.setattr(wires, "_lay", forgetful)


@defect(telling="paying")
def a_room_is_kept_when_the_wallet_behind_it_shrank(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tripwire, "_outgrown", lambda account: False)


@defect(telling="sinking")
def the_slack_of_a_cross_pool_is_given_to_every_mark_whole(patch: pytest.MonkeyPatch) -> None:
    def whole(self: Room, fall: Decimal | None, rise: Decimal | None) -> None:
        for side in self._sides.values():
            side.divide(fall, rise)

    patch.setattr(Room, "_divide", whole)


@defect(telling="together")
def a_room_is_not_divided_again_when_one_mark_has_left_it(patch: pytest.MonkeyPatch) -> None:
    lay = Room.lay

    def that_side_only(self: Room, marks: Marks, needs: Sequence[Need]) -> list[Symbol]:
        kept = {symbol: side.band for symbol, side in self._sides.items() if side.band.holds(marks[symbol])}
        moved = lay(self, marks, needs)
        for symbol, band in kept.items():
            self._sides[symbol].band = band
        return moved

    patch.setattr(Room, "lay", that_side_only)


@defect(telling="together")
def a_sum_is_kept_over_a_changed_mark(patch: pytest.MonkeyPatch) -> None:
    summed = Room._summed

    def kept(self: Room, marks: Marks) -> Decimal:
        return summed(self, marks) if self._total is None else self._total

    patch.setattr(Room, "_summed", kept)


@defect(telling="drained")
def a_room_does_not_hear_of_its_wallet(patch: pytest.MonkeyPatch) -> None:
    sit = Room.sit

    def stingy(self: Room, pool: Pool) -> None:
        wallet = self._wallet
        sit(self, pool)
        self._wallet = wallet or self._wallet

    patch.setattr(Room, "sit", stingy)


@defect(telling="naked")
def a_sum_that_left_its_band_concerns_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tripwires, "_leaves_a_room", lambda self, symbol, price: False)


@defect(telling="naked")
def a_position_once_seen_protected_stays_so(patch: pytest.MonkeyPatch) -> None:
    watch = protection.watch_protection

    def trusting(holder: Holder, *rest: Any, **more: Any) -> bool:
        seen = holder.protection_version >= 0 and holder.protected_by is not None
        return seen or watch(holder, *rest, **more)

    patch.setattr(arbiter, "watch_protection", trusting)


# --- times and sleep ---------------------------------------------------------------------------------


@defect(telling="clock")
def a_time_that_was_asked_for_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tripwires, "overdue", lambda self, at_ms: [])


@defect(telling="clock")
def the_jump_does_not_stop_at_a_time_that_was_asked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Engine, "next_at_ms", property(lambda self: FOREVER_MS))


@defect(telling="ladder")
def sleep_outlasts_a_change_of_state(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Armed, "asleep", lambda self, version, now_ms: now_ms < self.asleep_until_ms)


@defect(telling="ladder")
def sleep_outlasts_its_time(patch: pytest.MonkeyPatch) -> None:
    sleep = Arbiter._sleep

    def longer(self: Arbiter, case: Case, *seen: Any) -> Any:
        armed = case.armed
        before = armed.asleep_until_ms
        said = sleep(self, case, *seen)
        if armed.asleep_until_ms != before and armed.asleep_until_ms < FOREVER_MS:
            armed.asleep_until_ms += 1
        return said

    patch.setattr(Arbiter, "_sleep", longer)


@defect(telling=5)
def a_refusal_at_this_mark_puts_a_rule_to_sleep(patch: pytest.MonkeyPatch) -> None:
    def always_sleep(self: Arbiter, case: Case, *_: Any) -> tuple[()]:
        armed = case.armed
        if armed.entry.rule.proposes:
            armed.asleep_until_ms, armed.asleep_version = FOREVER_MS, case.holder.version
        return ()

    patch.setattr(Arbiter, "_sleep", always_sleep)


@defect(telling=4)
def closing_bars_are_not_kept_for_sleepers(patch: pytest.MonkeyPatch) -> None:
    hear = Armed.hear

    def deaf(self: Armed, events: Events) -> None:
        hear(self, Events(events.changed, frozenset()) if self.asleep_until_ms >= 0 else events)

    patch.setattr(Armed, "hear", deaf)
    patch.setattr(Armed, "promised", lambda self, version, **_: self.reach_version == version)


@defect(telling="ladder")
def an_old_promise_is_kept_after_a_change_of_state(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Armed, "promised", lambda *_, **__: True)


# --- order and batches -------------------------------------------------------------------------------


@defect(telling="ladder")
def a_batch_is_torn_into_single_facts(patch: pytest.MonkeyPatch) -> None:
    fold = Engine.fold

    def torn(self: Engine, batch: Sequence[Fact]) -> Step | None:
        steps = [step for fact in batch if (step := fold(self, (fact,))) is not None]
        if not steps:
            return None
        decisions = tuple(d for step in steps for d in step.decisions)
        return Step(batch[-1].at_ms, (), tuple(batch), decisions)

    patch.setattr(Engine, "fold", torn)


@defect(telling="ladder")
def the_engine_hears_of_a_mark_before_the_exchange(patch: pytest.MonkeyPatch) -> None:
    def engine_first(
        self: Stage, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool
    ) -> bool:
        self.now_ms = at_ms
        step = self.engine.step(MarkPrice(at_ms=at_ms, symbol=symbol, price=mark))
        if step is not None:
            self._carry_out(self._recorded(step))
        batches = self.exchange.move(at_ms, symbol, mark, last, gap=gap)
        self._fold(batches)
        return step is not None or bool(batches)

    patch.setattr(Stage, "mark", engine_first)


def _rearranged(patch: pytest.MonkeyPatch, moved: Callable[[int, Any], tuple[Any, ...]]) -> None:
    """Sort the agenda by another key."""
    written = agenda.agenda

    def otherwise(*arguments: Any, **more: Any) -> Agenda:
        found = written(*arguments, **more)
        dated = [(*moved(key, parts), parts) for key, parts in zip(found.keys, found.events, strict=True)]
        dated.sort(key=lambda item: item[:-1])
        return Agenda([item[0] for item in dated], [item[-1] for item in dated])

    from bot.lab.replay import run

    patch.setattr(run, "agenda", otherwise)


@defect(telling="clock")
def funding_comes_after_the_mark(patch: pytest.MonkeyPatch) -> None:
    def later(key: int, parts: Any) -> tuple[Any, ...]:
        return (key + (Rank.OPENING - Rank.FUNDING) * (key % RANKS == Rank.FUNDING),)

    _rearranged(patch, later)


@defect(telling="clock")
def closing_bars_come_longest_first(patch: pytest.MonkeyPatch) -> None:
    def longest_first(key: int, parts: Any) -> tuple[Any, ...]:
        return key, -parts[0].timeframe_ms if isinstance(parts[0], BarClosed) else 0

    _rearranged(patch, longest_first)


@defect(telling=2)
def skipped_marks_are_not_made_up_for(patch: pytest.MonkeyPatch) -> None:
    def not_delivered(self: Jumper, until_ms: int) -> None:
        for each in self._tracks:
            each.last_before(until_ms)

    patch.setattr(Jumper, "_catch_up", not_delivered)


@defect(telling=1)
def the_search_keeps_its_answer_when_a_bound_moves(patch: pytest.MonkeyPatch) -> None:
    breach = Track.breach

    def kept(self: Track, stop: int, bounds: TickBounds) -> int | None:
        if self._bounds is not None:
            self._bounds = bounds
        return breach(self, stop, bounds)

    patch.setattr(Track, "breach", kept)


@defect(telling="tight")
def balance_in_flight_is_spent_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "reserved", lambda self, account, currency: Decimal(0))


@defect(telling=0)
def a_promise_is_kept_for_a_position_as_it_would_be(patch: pytest.MonkeyPatch) -> None:
    reach = Arbiter._reach

    def too_far(self: Arbiter, holder: Holder, armed: Armed, situation: Any) -> Reach:
        found = reach(self, holder, armed, situation)
        return found if found.bands is not None or armed.pending.changed else OPEN

    patch.setattr(Arbiter, "_reach", too_far)
