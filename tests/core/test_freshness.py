"""Old data moves no money, silence becomes blindness, and what comes too late changes nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decisions import Action, Because, Refusal, StateChanged
from bot.core.facts import BalanceChanged, BarClosed, MarkPrice, OrdersChanged, PositionChanged
from bot.core.intents import Level, Notify
from bot.core.markets.indicators import Atr
from bot.core.rule import Needs
from bot.core.settings import Limits, RuleEntry
from bot.core.states import BotState
from bot.core.types import RuleName
from bot.core.view import View
from bot.core.wake import Always
from strategies.atr_stop import AtrStop, AtrStopParams
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    LONG,
    MAIN,
    OTHER,
    T0,
    D,
    Desk,
    a_position,
    a_stop,
    adds,
    changes,
    of,
    reasons,
    says,
)

HOUR = 3_600_000


def mark_of(desk: Desk) -> Decimal | None:
    return desk.engine.overview()[0].mark


# -- stale marks --------------------------------------------------------------------------------------


def test_a_mark_of_exactly_the_allowed_age_is_still_used() -> None:
    desk = Desk(adds())
    desk.holds(a_position(margin="20"))
    desk.now_ms += 5_000
    assert len(of(Action, desk.holds(a_position(margin="11"), mark=None))) == 1


def test_an_older_mark_moves_no_money() -> None:
    desk = Desk(adds())
    desk.holds(a_position(margin="20"))
    desk.now_ms += 5_001
    (refusal,) = of(Refusal, desk.holds(a_position(margin="11"), mark=None))
    assert refusal.because is Because.STALE
    assert "5.0 s" in refusal.text


def test_a_symbol_may_have_its_own_age() -> None:
    desk = Desk(adds(), stale_after_ms={BTC: 60_000})
    desk.holds(a_position(margin="20"))
    desk.now_ms += 60_000
    assert len(of(Action, desk.holds(a_position(margin="11"), mark=None))) == 1
    desk = Desk(adds(), stale_after_ms={ETH: 60_000}, limits=Limits(stale_after_ms=1))
    desk.holds(a_position(margin="20"))
    desk.now_ms += 2
    assert reasons(desk.holds(a_position(margin="11"), mark=None)) == [("adds", Because.STALE)]


def test_an_old_mark_anywhere_in_a_cross_pool_counts() -> None:
    tells = says(
        "tells", Notify(id=LONG, level=Level.INFO, text="x"), when=Always(), symbols=frozenset({BTC})
    )
    desk = Desk(replace(tells, cooldown_ms=0), free="20")
    desk.holds(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS))
    desk.mark("99", after_ms=4_000)
    desk.mark("98", after_ms=1_001)
    assert reasons(desk.steps[-1].decisions) == [("tells", Because.STALE)]


def test_the_seatbelt_refused_for_an_old_mark_acts_at_the_next_fresh_one() -> None:
    desk = Desk(seatbelt=True)
    desk.mark("100")
    desk.now_ms += 5_001
    assert reasons(desk.holds(a_position(), mark=None)) == [("seatbelt", Because.STALE)]
    assert [a.rule for a in of(Action, desk.mark("100"))] == ["seatbelt"]


SEEN_AGAIN = (f"mark:main/{BTC}", "silent", "fresh")


# -- blindness ----------------------------------------------------------------------------------------


def test_silence_becomes_blindness_at_a_tick_and_not_before_its_time() -> None:
    desk = Desk()
    desk.holds(a_position())
    assert desk.tick(after_ms=5_000) == []
    silent, blind = of(StateChanged, desk.tick(after_ms=1))
    assert (silent.subject, silent.was, silent.now) == (f"mark:main/{BTC}", "fresh", "silent")
    assert (blind.subject, blind.was, blind.now) == ("account:main", "armed", "blind")
    assert BTC in blind.because


def test_blindness_is_said_once() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    assert changes(desk.tick(after_ms=6_000)) == []


def test_the_mark_that_restores_sight_is_acted_on_at_once() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    decisions = desk.mark("95", after_ms=1_000)
    assert changes(decisions) == [SEEN_AGAIN, ("account:main", "blind", "armed")]
    assert len(of(Action, decisions)) == 1


def test_even_a_mark_inside_the_old_tripwire_restores_sight() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    assert changes(desk.mark("100", after_ms=1_000)) == [SEEN_AGAIN, ("account:main", "blind", "armed")]


@pytest.mark.parametrize("phase_ms", [1, 400, 800])
@pytest.mark.parametrize("early_ms", [4_300, 5_000, 5_600, 9_000])
def test_marks_that_are_dated_too_early_are_announced_once_and_once_that_they_are_right(
    early_ms: int, phase_ms: int
) -> None:
    desk = Desk()
    desk.holds(a_position())

    def second(early_ms: int) -> list[tuple[str, str, str]]:
        at_ms = desk.now_ms + phase_ms
        told = desk.fold(MarkPrice(at_ms=at_ms - early_ms, symbol=BTC, price=D(100)))
        return [*changes(told), *changes(desk.tick(after_ms=1_000))]

    seconds = [second(0), *(second(early_ms) for _ in range(60))]
    first = [change for said in seconds for change in said if change[0] != "account:main"]
    assert first in ([], [(f"mark:main/{BTC}", "fresh", "silent")])
    assert bool(first) is (early_ms + 1_000 - phase_ms > 5_000)
    back = [change for said in (second(300), second(300)) for change in said if change[0] != "account:main"]
    assert back == ([SEEN_AGAIN] if first else [])


@pytest.mark.parametrize("asked", [False, True])
def test_a_silence_that_late_marks_did_not_end_is_told_again_as_it_was(asked: bool) -> None:
    def begins() -> Desk:
        rules = [says("always", lambda view: [], when=Always())] if asked else []
        return Desk(*rules)

    desk = begins()
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    assert desk.tick(after_ms=10_000) == []
    late = MarkPrice(at_ms=desk.now_ms - 4_500, symbol=BTC, price=D(100))
    assert changes(desk.fold(late)) == []
    assert SEEN_AGAIN in changes(desk.mark("99", after_ms=100))
    again = begins()
    for step in desk.steps[2:]:
        for fact in step.swallowed:
            silent = again.engine.recall(fact)
            assert silent is None or silent.decisions == ()
        assert tuple(again.fold(*step.facts)) == step.decisions
    assert again.engine.states() == desk.engine.states()


def test_one_silent_symbol_stops_its_own_position_and_no_other() -> None:
    desk = Desk(adds())
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.mark("100", BTC, after_ms=4_000)
    assert changes(desk.tick(after_ms=1_001)) == [(f"mark:main/{ETH}", "fresh", "silent")]
    assert desk.engine.states()[MAIN] is BotState.ARMED
    assert [a.id for a in of(Action, desk.mark("95", BTC))] == [LONG]
    assert reasons(desk.holds(a_position(ETH_LONG, margin="6"), mark=None)) == [("adds", Because.STALE)]


def test_sight_is_back_with_the_first_symbol_that_is_seen_again() -> None:
    desk = Desk()
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.tick(after_ms=6_000)
    assert desk.engine.states()[MAIN] is BotState.BLIND
    desk.mark("100", BTC)
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_a_position_whose_mark_never_came_makes_blind_too() -> None:
    desk = Desk(adds())
    desk.holds(a_position(), mark=None)
    assert changes(desk.tick(after_ms=5_000)) == []
    assert changes(desk.tick(after_ms=1))[-1] == ("account:main", "armed", "blind")
    assert changes(desk.mark("100"))[:2] == [SEEN_AGAIN, ("account:main", "blind", "armed")]


def test_silence_about_what_is_not_held_any_more_blinds_nobody() -> None:
    desk = Desk()
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.mark("100", BTC, after_ms=6_000)
    desk.tick(after_ms=6_000)
    desk.closed(ETH_LONG)
    desk.mark("100", BTC)
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_silence_blinds_only_the_accounts_that_hold_the_symbol() -> None:
    desk = Desk(accounts=(MAIN, OTHER))
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    assert desk.engine.states() == {MAIN: BotState.BLIND, OTHER: BotState.ARMED}


# -- late frames --------------------------------------------------------------------------------------


def test_a_late_mark_changes_nothing() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.mark("99", after_ms=1_000)
    late = MarkPrice(at_ms=desk.now_ms - 1, symbol=BTC, price=D("91"))
    assert desk.engine.step(late) is None
    assert mark_of(desk) == D("99")


def test_a_late_mark_inside_a_batch_changes_nothing() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.mark("99", after_ms=1_000)
    late = MarkPrice(at_ms=desk.now_ms - 1, symbol=BTC, price=D("91"))
    assert of(Action, desk.fold(late, desk.balance())) == []
    assert mark_of(desk) == D("99")


def test_a_mark_older_than_one_that_came_in_a_batch_changes_nothing() -> None:
    desk = Desk(adds())
    desk.now_ms += 1_000
    desk.holds(a_position(), mark="99")
    late = MarkPrice(at_ms=desk.now_ms - 1, symbol=BTC, price=D("91"))
    assert desk.engine.step(late) is None
    assert mark_of(desk) == D("99")


def test_a_late_mark_does_not_restore_sight() -> None:
    desk = Desk()
    desk.now_ms += 1_000
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    desk.fold(MarkPrice(at_ms=desk.now_ms - 6_500, symbol=BTC, price=D(100)), desk.balance())
    assert desk.engine.states()[MAIN] is BotState.BLIND


def test_a_repeated_mark_changes_nothing() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    desk.works(action)
    assert of(Action, desk.mark("95")) == []


def test_late_news_of_position_balance_and_orders_change_nothing() -> None:
    desk = Desk(adds())
    desk.now_ms += 1_000
    desk.holds(a_position())
    desk.rests(a_stop("93"))
    desk.pays_in("0")
    before = desk.engine.overview()
    then = desk.now_ms - 1
    assert desk.fold(PositionChanged(at_ms=then, id=LONG, position=a_position(margin="11"))) == []
    assert desk.fold(PositionChanged(at_ms=then, id=LONG, position=None)) == []
    assert desk.fold(OrdersChanged(at_ms=then, id=LONG, orders=())) == []
    assert desk.fold(BalanceChanged(at_ms=then, account=MAIN, wallet=D(0), free=D(0))) == []
    assert desk.engine.overview() == before
    assert [a.rule for a in of(Action, desk.mark("95"))] == ["adds"]


def test_late_news_does_not_bring_a_closed_position_back() -> None:
    desk = Desk()
    desk.now_ms += 1_000
    desk.holds(a_position())
    desk.closed()
    desk.fold(PositionChanged(at_ms=desk.now_ms - 1, id=LONG, position=a_position()))
    assert desk.engine.overview() == ()


def test_a_repeated_bar_is_counted_once() -> None:
    seen: list[Decimal | None] = []
    spec = Atr(HOUR, 2)

    class Looks(AtrStop):
        def needs(self) -> Needs:
            return Needs(indicators=frozenset({spec}))

        def decide(self, view: View) -> list[object]:  # type: ignore[override]
            seen.append(view.atr(spec))
            return []

    desk = Desk(RuleEntry(rule=Looks(RuleName("looks"), AtrStopParams())))
    desk.now_ms += HOUR
    desk.holds(a_position())
    for _ in range(3):
        desk.bar("100", "101", "99", "100")
    assert seen[-1] is None
    desk.now_ms += HOUR
    desk.bar("100", "103", "99", "100")
    assert seen[-1] == D(3)
    bar = BarClosed(at_ms=T0, symbol=BTC, timeframe_ms=HOUR, open=D(1), high=D(9), low=D(1), close=D(1))
    desk.fold(bar)
    desk.fold(bar._replace(at_ms=desk.now_ms))
    desk.pays_in("0")
    assert seen[-1] == D(3)
