"""A tick without a decision leaves a trace where it let a rule wait for a time."""

from bot.core.decisions import Action
from bot.core.intents import Level, Notify
from bot.core.settings import RuleEntry
from bot.core.wake import At
from tests.building.core import ETH, ETH_LONG, LONG, T0, Desk, a_position, of, says


def test_a_silent_tick_that_let_a_rule_wait_for_a_time_is_recorded() -> None:
    """Told people, it was to be asked at the next mark; only the tick learnt for which time it waits now."""

    def clock() -> RuleEntry:
        return says(
            "clock",
            lambda view: [Notify(id=view.id, level=Level.INFO, text="it is time")],
            when=lambda view: At(T0 + 1_000 * (view.times_acted + 1)),
            cooldown_ms=0,
        )

    desk = Desk(clock())
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.mark("99", after_ms=1_000)
    assert desk.tick(after_ms=500) == []
    assert {action.id for action in of(Action, desk.mark("99", ETH, after_ms=500))} == {LONG, ETH_LONG}
    again = Desk(clock())
    for step in desk.steps[2:]:
        for fact in step.swallowed:
            again.fold(fact)
        assert tuple(again.fold(*step.facts)) == step.decisions
