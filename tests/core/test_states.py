"""What the states of the bot let through, and what leads from one to another."""

from collections.abc import Sequence

import pytest

from bot.core.decisions import Action, Because, Decision, Refusal, StateChanged
from bot.core.facts import CommandKind, Link
from bot.core.intents import (
    AddMargin,
    CancelStop,
    CutLeverage,
    Level,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    Posture,
    ReducePosition,
    SetPosture,
    WithdrawMargin,
)
from bot.core.provenance import EpochIds, Provenance, SeenId
from bot.core.states import BotState, allows
from bot.core.types import ClientId
from bot.core.view import View
from bot.core.wake import Always, Metric
from tests.building.core import (
    ETH_LONG,
    ISOLATED,
    LONG,
    MAIN,
    OTHER,
    D,
    Desk,
    a_position,
    a_stop,
    adds,
    changes,
    closes,
    of,
    reasons,
    says,
    stops,
)

EXITS = {Notify, SetPosture, ReducePosition, PlaceStop, MoveStop, CancelStop, PlaceTakeProfit}
SPENDING = {AddMargin, WithdrawMargin, CutLeverage, OpenHedge}


@pytest.mark.parametrize("state", BotState)
def test_only_armed_lets_everything_through_and_reducing_only_exits_and_stops(state: BotState) -> None:
    allowed = {kind for kind in EXITS | SPENDING if allows(state, kind)}
    expected = {BotState.ARMED: EXITS | SPENDING, BotState.REDUCING: EXITS}.get(state, {Notify})
    assert allowed == expected


def test_an_account_starts_recovering_and_is_armed_by_its_snapshot() -> None:
    desk = Desk(known=False)
    assert desk.engine.states() == {MAIN: BotState.RECOVERING}
    assert changes(desk.is_read()) == [("account:main", "recovering", "armed")]
    assert desk.engine.states() == {MAIN: BotState.ARMED}


def test_nothing_is_done_while_recovering() -> None:
    desk = Desk(adds(), closes(), known=False)
    desk.holds(a_position())
    decisions = desk.mark("95")
    assert of(Action, decisions) == []
    assert reasons(desk.steps[-2].decisions) == []
    assert reasons(decisions) == [("adds", Because.STATE), ("closes", Because.STATE)]


@pytest.mark.parametrize(
    ("link", "state"), [(Link.MARKET, "blind"), (Link.ACCOUNT, "blind"), (Link.AUTH, "auth_lost")]
)
def test_nothing_is_done_without_a_link(link: Link, state: str) -> None:
    desk = Desk(adds(), closes(), seatbelt=True)
    desk.link(link, up=False)
    assert desk.engine.states()[MAIN] == state
    decisions = [*desk.holds(a_position()), *desk.mark("95")]
    assert of(Action, decisions) == []
    assert set(reasons(decisions)) == {
        ("adds", Because.STATE),
        ("closes", Because.STATE),
        ("seatbelt", Because.STATE),
    }


def test_the_loss_of_a_link_is_said_loudly_with_its_reason() -> None:
    desk = Desk()
    (said,) = of(StateChanged, desk.link(Link.AUTH, up=False))
    assert (said.was, said.now, said.level) == ("armed", "auth_lost", Level.CRITICAL)
    assert "auth" in said.because
    assert "seen" in said.because


def test_a_link_that_is_back_leads_to_recovering_and_a_snapshot_arms() -> None:
    desk = Desk(adds())
    desk.link(Link.ACCOUNT, up=False)
    assert changes(desk.link(Link.ACCOUNT, up=True)) == [("account:main", "blind", "recovering")]
    desk.holds(a_position(), mark="95")
    assert of(Action, desk.steps[-1].decisions) == []
    assert len(of(Action, desk.is_read())) == 1


def test_one_link_back_does_not_hide_that_another_is_still_down() -> None:
    desk = Desk(adds())
    desk.link(Link.AUTH, up=False)
    desk.link(Link.MARKET, up=False)
    desk.link(Link.MARKET, up=True)
    desk.is_read()
    assert desk.engine.states()[MAIN] is BotState.AUTH_LOST


def test_a_balance_while_a_link_is_down_arms_nothing() -> None:
    desk = Desk()
    desk.link(Link.ACCOUNT, up=False)
    desk.is_read()
    assert desk.engine.states()[MAIN] is BotState.BLIND


def test_a_mark_does_not_end_blindness_about_the_account() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    assert desk.engine.states()[MAIN] is BotState.BLIND
    desk.link(Link.ACCOUNT, up=False)
    desk.mark("95")
    assert desk.engine.states()[MAIN] is BotState.BLIND


def test_a_link_that_was_up_all_along_changes_nothing() -> None:
    desk = Desk()
    assert desk.link(Link.MARKET, up=True) == []
    assert desk.engine.states()[MAIN] is BotState.ARMED


# -- a person's orders --------------------------------------------------------------------------------


def test_nothing_is_done_while_halted_and_resuming_arms() -> None:
    desk = Desk(adds(), seatbelt=True)
    (said,) = of(StateChanged, desk.command(CommandKind.HALT))
    assert (said.now, said.level) == ("halted", Level.CRITICAL)
    assert "somebody" in said.because
    desk.holds(a_position(), mark="95")
    assert of(Action, desk.steps[-1].decisions) == []
    assert ("adds", Because.STATE) in reasons(desk.steps[-1].decisions)
    assert len(of(Action, desk.command(CommandKind.RESUME))) == 1


def test_a_halt_before_anything_is_known_holds() -> None:
    desk = Desk(adds(), known=False)
    desk.command(CommandKind.HALT)
    desk.is_read()
    desk.holds(a_position(), mark="95")
    assert desk.engine.states()[MAIN] is BotState.HALTED
    assert of(Action, desk.steps[-1].decisions) == []


def test_resuming_before_the_snapshot_goes_on_recovering() -> None:
    desk = Desk(known=False)
    desk.command(CommandKind.HALT)
    desk.command(CommandKind.RESUME)
    assert desk.engine.states()[MAIN] is BotState.RECOVERING


def test_resuming_does_not_arm_an_account_whose_rights_went_while_it_was_halted() -> None:
    desk = Desk()
    desk.command(CommandKind.HALT)
    desk.link(Link.AUTH, up=False)
    assert desk.engine.states()[MAIN] is BotState.HALTED
    desk.command(CommandKind.RESUME)
    assert desk.engine.states()[MAIN] is BotState.AUTH_LOST


def test_resuming_does_not_arm_an_account_that_went_blind_while_it_was_halted() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.command(CommandKind.HALT)
    desk.tick(after_ms=6_000)
    desk.command(CommandKind.RESUME)
    assert desk.engine.states()[MAIN] is BotState.BLIND


def test_a_halt_holds_through_fresh_marks_links_and_snapshots() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.command(CommandKind.HALT)
    desk.tick(after_ms=6_000)
    desk.mark("100")
    desk.link(Link.AUTH, up=False)
    desk.link(Link.AUTH, up=True)
    desk.is_read()
    assert desk.engine.states()[MAIN] is BotState.HALTED


def test_a_second_halt_says_nothing_new() -> None:
    desk = Desk()
    desk.command(CommandKind.HALT)
    assert of(StateChanged, desk.command(CommandKind.HALT)) == []


def test_commands_go_to_all_accounts_and_links_to_one() -> None:
    desk = Desk(accounts=(MAIN, OTHER))
    desk.link(Link.ACCOUNT, up=False, account=OTHER)
    assert desk.engine.states() == {MAIN: BotState.ARMED, OTHER: BotState.BLIND}
    desk.command(CommandKind.HALT)
    assert set(desk.engine.states().values()) == {BotState.HALTED}


def test_acknowledging_changes_no_state() -> None:
    desk = Desk()
    assert desk.command(CommandKind.ACKNOWLEDGE) == []
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_reducing_lets_exits_and_stops_through_and_no_margin() -> None:
    desk = Desk(adds(), closes(), reducing=True)
    desk.holds(a_position())
    decisions = desk.mark("95")
    assert reasons(decisions) == [("adds", Because.STATE)]
    assert [a.rule for a in of(Action, decisions)] == ["closes"]
    desk = Desk(stops("93"), reducing=True)
    desk.holds(a_position())
    assert [a.rule for a in of(Action, desk.mark("95"))] == ["stops"]


def test_a_bot_that_started_reducing_is_armed_by_an_acknowledgement() -> None:
    desk = Desk(reducing=True)
    desk.command(CommandKind.ACKNOWLEDGE, "adds")
    assert desk.engine.states()[MAIN] is BotState.REDUCING
    assert changes(desk.command(CommandKind.ACKNOWLEDGE)) == [("account:main", "reducing", "armed")]


def test_sight_regained_leads_back_to_reducing() -> None:
    desk = Desk(reducing=True)
    desk.holds(a_position())
    desk.tick(after_ms=6_000)
    assert desk.engine.states()[MAIN] is BotState.BLIND
    desk.mark("100")
    assert desk.engine.states()[MAIN] is BotState.REDUCING


# -- pauses -------------------------------------------------------------------------------------------


def test_a_pause_of_everything_expires_by_itself_after_half_an_hour() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.command(CommandKind.PAUSE)
    (refusal,) = of(Refusal, desk.mark("95"))
    assert refusal.because is Because.PAUSED
    assert refusal.until_ms == desk.now_ms + 30 * 60_000
    assert of(Action, desk.mark("95", after_ms=30 * 60_000 - 1)) == []
    assert len(of(Action, desk.mark("95", after_ms=1))) == 1


def test_a_pause_ends_when_it_was_told_to() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.command(CommandKind.PAUSE, until_ms=desk.now_ms + 5_000)
    desk.mark("95")
    assert of(Action, desk.mark("95", after_ms=4_999)) == []
    assert len(of(Action, desk.mark("95", after_ms=1))) == 1


def test_a_pause_of_one_rule_leaves_the_others_awake() -> None:
    desk = Desk(adds(), closes())
    desk.command(CommandKind.PAUSE, "adds")
    desk.holds(a_position())
    decisions = desk.mark("95")
    assert reasons(decisions) == [("adds", Because.PAUSED)]
    assert [a.rule for a in of(Action, decisions)] == ["closes"]


def test_a_pause_of_one_position_leaves_the_others_guarded() -> None:
    other = a_position(ETH_LONG)
    desk = Desk(adds())
    desk.command(CommandKind.PAUSE, str(LONG))
    desk.holds(a_position(), other)
    assert reasons(desk.mark("95")) == [("adds", Because.PAUSED)]
    assert [a.id for a in of(Action, desk.mark("95", other.id.symbol))] == [other.id]


def test_a_pause_never_stops_the_seatbelt() -> None:
    desk = Desk(adds(), seatbelt=True)
    desk.command(CommandKind.PAUSE)
    desk.command(CommandKind.PAUSE, "seatbelt")
    decisions = desk.holds(a_position())
    assert [a.rule for a in of(Action, decisions)] == ["seatbelt"]


def test_resuming_one_rule_leaves_the_pause_of_everything_in_place() -> None:
    desk = Desk(adds(), closes())
    desk.command(CommandKind.PAUSE)
    desk.command(CommandKind.PAUSE, "adds")
    desk.command(CommandKind.RESUME, "adds")
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("adds", Because.PAUSED), ("closes", Because.PAUSED)]


def test_resuming_everything_ends_every_pause() -> None:
    desk = Desk(adds())
    desk.command(CommandKind.PAUSE)
    desk.command(CommandKind.PAUSE, "adds")
    desk.command(CommandKind.RESUME)
    desk.holds(a_position())
    assert [a.rule for a in of(Action, desk.mark("95"))] == ["adds"]


def test_resuming_one_rule_does_not_end_a_halt() -> None:
    desk = Desk(adds())
    desk.command(CommandKind.HALT)
    desk.command(CommandKind.RESUME, "adds")
    assert desk.engine.states()[MAIN] is BotState.HALTED


# -- postures -----------------------------------------------------------------------------------------


def test_a_posture_of_reducing_only_refuses_what_spends_and_lets_exits_go() -> None:
    tightens = says(
        "tightens", lambda view: [SetPosture(id=view.id, posture=Posture.REDUCE_ONLY)], cooldown_ms=10**9
    )
    cuts = says("cuts", lambda view: [CutLeverage(id=view.id, leverage=view.position.leverage - 1)])
    desk = Desk(tightens, adds(), cuts, closes())
    desk.holds(a_position(mode=ISOLATED))
    decisions = desk.mark("95")
    assert [a.rule for a in of(Action, decisions)] == ["tightens", "closes"]
    assert reasons(decisions) == [("adds", Because.POSTURE), ("cuts", Because.POSTURE)]


def test_a_cautious_posture_refuses_what_takes_on_something_new_and_lets_margin_be_added() -> None:
    tightens = says(
        "tightens", lambda view: [SetPosture(id=view.id, posture=Posture.CAUTIOUS)], cooldown_ms=10**9
    )
    gives_back = says("gives_back", lambda view: [WithdrawMargin(id=view.id, amount=D(1))])
    desk = Desk(tightens, gives_back, adds())
    desk.holds(a_position(mode=ISOLATED))
    decisions = desk.mark("95")
    assert [a.rule for a in of(Action, decisions)] == ["tightens", "adds"]
    assert reasons(decisions) == [("gives_back", Because.POSTURE)]


def test_a_posture_needs_no_answer_and_counts_as_acted() -> None:
    def once(view: View) -> list[SetPosture]:
        return [] if view.times_acted else [SetPosture(id=view.id, posture=Posture.CAUTIOUS)]

    desk = Desk(says("once", once, cooldown_ms=0), adds())
    desk.holds(a_position())
    assert [a.rule for a in of(Action, desk.mark("95"))] == ["once", "adds"]
    desk = Desk(says("once", once, cooldown_ms=0))
    desk.holds(a_position(), mark="95")
    assert of(Action, desk.mark("95.1")) == []


def test_a_changed_posture_asks_those_who_slept_on_it() -> None:
    def mood(view: View) -> list[SetPosture]:
        wanted = Posture.NORMAL if view.mark < 94 else Posture.REDUCE_ONLY
        return [SetPosture(id=view.id, posture=wanted)]

    desk = Desk(says("mood", mood, when=Always(), cooldown_ms=0), adds())
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("mood", Because.POSTURE), ("adds", Because.POSTURE)]
    assert [a.rule for a in of(Action, desk.mark("93.9"))] == ["mood", "adds"]


def test_a_changed_posture_asks_those_who_come_before_it_at_the_next_fact() -> None:
    def mood(view: View) -> list[SetPosture]:
        wanted = Posture.NORMAL if view.mark < 94 else Posture.REDUCE_ONLY
        return [SetPosture(id=view.id, posture=wanted)] if view.mark < 99 else []

    desk = Desk(adds(when=Metric.MARK.below(D("97"))), says("mood", mood, when=Always(), cooldown_ms=0))
    desk.holds(a_position())
    desk.mark("98")
    assert reasons(desk.mark("95")) == [("adds", Because.POSTURE), ("mood", Because.POSTURE)]
    assert [a.rule for a in of(Action, desk.mark("93.9"))] == ["mood"]
    assert "adds" in [a.rule for a in of(Action, desk.mark("93.9"))]


# -- orders that cannot be ours -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client_id", "why"),
    [
        ("hf-7-12", "it is of epoch 7, the journal is in epoch 2"),
        ("hf-2-5", "epoch 2 has given 0 ids so far"),
        ("hf-x", "no bot of this kind gives such ids"),
    ],
)
def test_an_order_of_another_journal_halts_the_account(client_id: str, why: str) -> None:
    desk = Desk(adds(), epoch=2)
    desk.holds(a_position())
    (news,) = [
        change
        for change in of(StateChanged, desk.rests(a_stop("95", client_id=ClientId(client_id))))
        if change.subject == "account:main"
    ]
    assert (news.now, news.level) == (BotState.HALTED, Level.CRITICAL)
    whose = "another bot acts here, or this journal is not the one that knows it"
    assert news.because == f"{client_id} on BTC/USDT:USDT: {why}; {whose}"
    assert of(Action, desk.mark("97")) == []


def told(desk: Desk, *given: tuple[int, int], seen: tuple[str, ...] = ()) -> list[Decision]:
    """What comes of hearing which ids the journal gave, and which the exchange remembers."""
    return desk.fold(
        Provenance(
            at_ms=desk.now_ms,
            given=tuple(EpochIds(epoch=epoch, count=count) for epoch, count in given),
            seen=tuple(SeenId(account=MAIN, client_id=client_id) for client_id in seen),
        )
    )


@pytest.mark.parametrize(
    ("client_id", "why"),
    [
        ("hf-3-1", "the journal knows of no id of epoch 3"),
        ("hf-2-8", "epoch 2 has given 7 ids so far"),
        ("hf-9-1", "it is of epoch 9, the journal is in epoch 5"),
    ],
)
def test_an_id_that_the_exchange_knows_and_the_journal_never_gave_halts_the_account(
    client_id: str, why: str
) -> None:
    desk = Desk(adds(), epoch=5)
    (news,) = of(StateChanged, told(desk, (2, 7), (4, 1), seen=("hf-2-7", "hf-4-1", client_id)))
    assert news.now == BotState.HALTED
    assert news.because.startswith(f"{client_id} at the exchange: {why}; another bot acts here")


def test_ids_that_the_journal_gave_are_its_own() -> None:
    desk = Desk(adds(), epoch=5)
    assert told(desk, (2, 7), seen=("hf-2-7", "hf-2-3-2")) == []
    desk.holds(a_position())
    desk.rests(a_stop("95", client_id=ClientId("hf-2-4")))
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_whoever_accepts_an_id_accepts_what_its_epoch_gave_before_and_nothing_later() -> None:
    desk = Desk(adds(), epoch=5)
    told(desk, seen=("hf-3-6",))
    desk.holds(a_position())
    desk.command(CommandKind.RESUME)
    desk.rests(a_stop("95", client_id=ClientId("hf-3-4")))
    assert desk.engine.states()[MAIN] is BotState.ARMED
    desk.rests(a_stop("95", client_id=ClientId("hf-3-7")))
    assert desk.engine.states()[MAIN] is BotState.HALTED


def test_a_shadow_may_stand_beside_the_bot_whose_orders_it_sees() -> None:
    desk = Desk(adds(), epoch=2, shadow=True)
    desk.holds(a_position())
    desk.rests(a_stop("95", client_id=ClientId("hf-7-12")))
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_whoever_resumes_accepts_the_orders_that_are_there() -> None:
    desk = Desk(adds(), epoch=2)
    desk.holds(a_position())
    stop = a_stop("95", client_id=ClientId("hf-7-12"))
    desk.rests(stop)
    desk.command(CommandKind.RESUME)
    desk.rests(stop)
    assert desk.engine.states()[MAIN] is BotState.ARMED
    desk.rests(stop, a_stop("94", client_id=ClientId("hf-7-13")))
    assert desk.engine.states()[MAIN] is BotState.HALTED


def strangers(decisions: Sequence[Decision]) -> list[str]:
    return [change.subject for change in of(StateChanged, decisions) if change.now == "a stranger"]


def test_whoever_will_resume_is_told_of_the_strangers_of_each_epoch_that_show_meanwhile() -> None:
    desk = Desk(adds(), epoch=2)
    desk.holds(a_position())
    desk.command(CommandKind.HALT)
    stops = [a_stop("95", client_id=ClientId(client_id)) for client_id in ("hf-7-12", "hf-7-13", "hf-9-1")]
    first = desk.rests(stops[0])
    assert strangers(first) == ["order:hf-7-12"]
    assert of(StateChanged, first)[0].level is Level.CRITICAL
    assert strangers(desk.rests(*stops[:2])) == []
    assert strangers(desk.rests(*stops)) == ["order:hf-9-1"]
    assert strangers(desk.rests(*stops)) == []


def test_of_many_ids_that_a_lost_journal_gave_people_are_told_one() -> None:
    desk = Desk(adds(), epoch=20)
    assert len(of(StateChanged, told(desk, seen=("hf-3-1", "hf-4-1", "hf-5-1")))) == 1


@pytest.mark.parametrize("client_id", ["theirs", "hf", "web_hf-9-9", "hf-1-900", "hf-2-1-2"])
def test_orders_of_earlier_runs_and_of_others_are_no_reason_for_doubt(client_id: str) -> None:
    desk = Desk(adds(), epoch=2)
    desk.holds(a_position(), mark="97")
    desk.rests(a_stop("95", client_id=ClientId(client_id)))
    assert desk.engine.states()[MAIN] is BotState.ARMED
