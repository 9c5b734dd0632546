"""Defects that were found by playing three ways, each on the smallest tape that shows it."""

from dataclasses import replace
from decimal import Decimal

from bot.core.decisions import Action, Refusal, StateChanged
from bot.core.settings import RuleEntry
from bot.core.types import PriceKind, RuleName
from bot.lab.replay.run import Plan
from bot.lab.replay.walk import Jumper, Stepper
from tests.building import MINUTE_MS, START_MS
from tests.lab.replay import rules as odd
from tests.lab.replay.corpus import a_stage, an_entry, laid, near, stairs, tape
from tests.lab.replay.harness import agreed, play
from tests.lab.replay.scenes import SYMBOLS
from tests.lab.replay.seeking import a_plan

D = Decimal


def a_clock(every_ms: int, *, notify: bool = True) -> RuleEntry:
    params = odd.ClockParams(every_ms=every_ms, notify=notify)
    return an_entry(odd.Clockwork(RuleName("clock"), params), 0)


def a_stop(away: str = "0.02") -> RuleEntry:
    rule = odd.FixedStop(RuleName("stop"), odd.StopParams(away=D(away), by=PriceKind.MARK))
    return RuleEntry(rule=rule, symbols=frozenset(SYMBOLS[:1]))


def changes(plan: Plan, subject: str) -> list[tuple[int, str]]:
    """When, in minutes, a state became which."""
    return [
        ((d.at_ms - START_MS) // MINUTE_MS, d.now)
        for d in agreed(plan).decisions
        if isinstance(d, StateChanged) and d.subject.startswith(subject)
    ]


def test_an_action_on_its_way_past_the_last_price_still_arrives() -> None:
    scene = a_stage(near("0.08", shadow=False), latency_ms=2 * MINUTE_MS)
    played = agreed(a_plan(scene, laid(stairs(14, 2))))
    assert played.actions[-1].at_ms > START_MS + 11 * MINUTE_MS
    assert all(done.outcome is not None for done in played.done)


def test_a_time_far_away_is_jumped_to() -> None:
    plan = a_plan(a_stage(a_clock(50 * MINUTE_MS)), laid([1_000] * 60))
    played = play(plan, Jumper)
    assert [a.at_ms for a in played.actions] == [START_MS + 50 * MINUTE_MS]
    assert played.marks < play(plan, Stepper).marks / 10


def test_a_position_that_a_batch_closes_is_not_asked_at_the_time_it_asked_for() -> None:
    scene = a_stage(a_stop(), a_clock(3 * MINUTE_MS), cross=True)
    played = agreed(a_plan(scene, laid([1_000, 1_000, 1_000, 970, 970])))
    assert [a.rule for a in played.actions] == ["stop"]


def test_tiers_that_jump_move_the_liquidation_price_of_an_isolated_position() -> None:
    # 0.8 % away in the lower tier, here in the upper one: near only there.
    refused = [d for d in agreed(tape("flat")).decisions if isinstance(d, Refusal)]
    assert [(d.at_ms, d.mark) for d in refused] == [(START_MS + 2 * MINUTE_MS, D("100.1"))]


def test_a_position_is_naked_as_soon_as_another_symbol_brings_liquidation_past_its_stop() -> None:
    # When the other has fallen by y, liquidation of the first is at 95 where
    # 110 - 5y - 25 = 4.75 + 5 - 0.05y: from y = 15.2 on. It falls half a point a minute: that is minute 31.
    protected = changes(tape("naked"), f"protection:main/{SYMBOLS[0]}")
    assert protected[-1] == (31, "NAKED")
    assert protected[0][0] == 0


def test_a_liquidation_price_that_appears_at_nothing_is_noticed() -> None:
    # At a price of nothing a long of 500 leaves 30 of a wallet of 530. The other asks for 5, and for 4.95
    # more with each point it falls: all of it after 5.06 points, a tenth a minute.
    plan = a_plan(a_stage(symbols=2, cross=True, balance=530), laid([1_000] * 60, stairs(60)))
    assert changes(plan, f"protection:main/{SYMBOLS[0]}") == [(0, "no liquidation price"), (51, "NAKED")]


def test_the_seatbelt_moves_its_stop_when_another_symbol_brings_liquidation_up_to_it() -> None:
    scene = replace(a_stage(symbols=2, cross=True, balance=200), seatbelt=True)
    played = agreed(a_plan(scene, laid([1_000] * 40, stairs(40, 4))))
    # The first minute sees two openings, and the pause between two moves of a stop.
    later = [d for d in played.decisions if d.at_ms > START_MS + MINUTE_MS]
    naked = [d.at_ms for d in later if isinstance(d, StateChanged) and d.now == "NAKED"]
    moved = [d.at_ms for d in later if isinstance(d, Action) and d.id.symbol == SYMBOLS[0]]
    assert len(naked) > 10
    assert naked == moved
