"""What of a step people hear of, and how loudly."""

from decimal import Decimal

import pytest

from bot.core.decisions import Action, Because, Refusal, StateChanged
from bot.core.facts import MET, Command, CommandKind, Fill, Liquidated, Outcome, OutcomeKind, PositionChanged
from bot.core.intents import AddMargin, Intent, Level, MoveStop, Notify, ReducePosition
from bot.core.settings import SEATBELT
from bot.core.step import Step
from bot.core.types import AccountName, ClientId, PositionId, RuleName, Side, Symbol
from bot.runtime.alerts.notice import Notice
from bot.runtime.alerts.noticing import Noticing

ID = PositionId(AccountName("main"), Symbol("SOL/USDT:USDT"), Side.LONG)
CUT = ReducePosition(id=ID, quantity=Decimal("3.30"))
FILLS = (
    Fill(quantity=Decimal(1), price=Decimal("143.00"), fee=Decimal(0), pnl=Decimal(0), slippage=Decimal(0)),
    Fill(
        quantity=Decimal("2.3"), price=Decimal("143.10"), fee=Decimal(0), pnl=Decimal(0), slippage=Decimal(0)
    ),
)


def an_action(
    intent: Intent = CUT, distance: str = "0.09", rule: str = "cut", client_id: str = "hf1-7"
) -> Action:
    return Action(
        at_ms=1,
        client_id=ClientId(client_id),
        rule=RuleName(rule),
        intent=intent,
        reason="near",
        mark=Decimal(143),
        distance_before=Decimal(distance),
        distance_after=Decimal("0.12"),
        deadline_ms=5_000,
    )


def an_outcome(kind: OutcomeKind, client_id: str = "hf1-7", **changed: object) -> Outcome:
    given = {"at_ms": 2, "id": ID, "client_id": ClientId(client_id), "kind": kind}
    return Outcome(**given | changed)  # type: ignore[arg-type]


def a_refusal(because: Because, distance: str) -> Refusal:
    return Refusal(
        at_ms=1,
        rule=RuleName("top_up"),
        intent=AddMargin(id=ID, amount=Decimal(100)),
        reason="near",
        because=because,
        text="600 of 600 spent today",
        mark=Decimal(143),
        distance=Decimal(distance),
    )


def noticed(*what: object, noticing: Noticing | None = None) -> list[Notice]:
    facts = tuple(each for each in what if not isinstance(each, Action | Refusal | StateChanged))
    decisions = tuple(each for each in what if isinstance(each, Action | Refusal | StateChanged))
    step = Step(at_ms=2, facts=facts, swallowed=(), decisions=decisions)  # type: ignore[arg-type]
    return list((noticing or Noticing()).of(step))


def after(action: Action, outcome: Outcome) -> list[Notice]:
    noticing = Noticing()
    assert noticed(action, noticing=noticing) == []
    return noticed(outcome, noticing=noticing)


def test_an_action_is_told_once_it_is_done_with_the_mean_price_it_was_filled_at() -> None:
    (notice,) = after(an_action(), an_outcome(OutcomeKind.APPLIED, fills=FILLS))
    # (1 x 143.00 + 2.3 x 143.10) / 3.3 = 143.0696..., in steps of 0.01
    assert notice.text == "SOL long: closed 3.3 at 143.07 (cut)"
    assert notice.level is Level.INFO


def test_what_is_done_is_told_once() -> None:
    noticing = Noticing()
    noticed(an_action(), noticing=noticing)
    assert len(noticed(an_outcome(OutcomeKind.APPLIED), noticing=noticing)) == 1
    assert noticed(an_outcome(OutcomeKind.VERIFIED), noticing=noticing) == []


def test_whatever_is_done_near_liquidation_is_critical() -> None:
    (notice,) = after(an_action(distance="0.049"), an_outcome(OutcomeKind.VERIFIED))
    assert notice.level is Level.CRITICAL


@pytest.mark.parametrize("kind", [OutcomeKind.REJECTED, OutcomeKind.NOT_APPLIED])
def test_what_the_exchange_refused_is_critical_and_says_that_it_was_not_done(kind: OutcomeKind) -> None:
    (notice,) = after(an_action(), an_outcome(kind, code="-2022"))
    assert notice.text == "SOL long: NOT DONE: closed 3.3 (cut) was refused by the exchange (-2022)"
    assert notice.level is Level.CRITICAL


def test_what_nobody_knows_is_said_to_be_unknown_and_told_when_it_is_known() -> None:
    noticing = Noticing()
    noticed(an_action(), noticing=noticing)
    (doubt,) = noticed(an_outcome(OutcomeKind.UNKNOWN), noticing=noticing)
    assert doubt.level is Level.WARNING
    assert "not known yet" in doubt.text
    (known,) = noticed(an_outcome(OutcomeKind.APPLIED), noticing=noticing)
    assert (known.key, known.state) != (doubt.key, doubt.state)


def test_a_seatbelt_that_follows_its_position_wakes_nobody() -> None:
    move = an_action(MoveStop(id=ID, trigger=Decimal(140)), distance="0.02", rule=SEATBELT)
    assert after(move, an_outcome(OutcomeKind.APPLIED)) == []


def test_a_stop_that_was_met_is_critical() -> None:
    (notice,) = noticed(an_outcome(OutcomeKind.VERIFIED, proof=MET, fills=FILLS[:1]))
    assert notice.text == "SOL long: a stop was met: closed 1 at 143"
    assert notice.level is Level.CRITICAL


def test_what_a_rule_says_is_as_loud_as_it_wants() -> None:
    (notice,) = noticed(an_action(Notify(id=ID, level=Level.WARNING, text="open interest -8 %"), rule="oi"))
    assert notice.text == "SOL long: open interest -8 % (oi)"
    assert notice.level is Level.WARNING


def test_a_limit_that_blocks_a_rule_near_liquidation_is_critical() -> None:
    (notice,) = noticed(a_refusal(Because.BUDGET, "0.04"))
    assert notice.text == "SOL long: BLOCKED: top_up may not act (600 of 600 spent today), liq 4.0% away"
    assert notice.level is Level.CRITICAL


@pytest.mark.parametrize(("because", "distance"), [(Because.BUDGET, "0.06"), (Because.COOLDOWN, "0.01")])
def test_a_refusal_far_from_liquidation_or_one_that_ends_by_itself_is_for_the_journal(
    because: Because, distance: str
) -> None:
    assert noticed(a_refusal(because, distance)) == []


def a_change(was: str, now: str, level: Level, subject: str = f"protection:{ID}") -> StateChanged:
    return StateChanged(at_ms=1, subject=subject, was=was, now=now, because="seen", level=level)


def test_a_naked_position_is_told_until_it_is_protected_again() -> None:
    (naked,) = noticed(a_change("stop", "NAKED", Level.CRITICAL))
    (over,) = noticed(a_change("NAKED", "hf1-9", Level.INFO))
    assert naked.text == "SOL long: NAKED, seen"
    assert naked.about == ID
    assert naked.level is Level.CRITICAL
    assert naked.lasts
    assert over.over
    assert over.key == naked.key
    assert over.text == "SOL long: protected by hf1-9, seen"


def test_one_trouble_after_another_is_news_and_the_way_out_is_not_yet_the_end() -> None:
    account = "account:main"
    (blind,) = noticed(a_change("armed", "blind", Level.CRITICAL, account))
    (halted,) = noticed(a_change("blind", "halted", Level.CRITICAL, account))
    assert blind.key == halted.key
    assert blind.state != halted.state
    assert noticed(a_change("blind", "recovering", Level.INFO, account)) == []


def test_a_position_that_is_closed_ends_the_trouble_about_its_stop() -> None:
    over, closed = noticed(PositionChanged(at_ms=1, id=ID, position=None))
    assert over.over
    assert over.key == f"protection:{ID}"
    assert closed.text == "SOL long: is closed"


def test_a_liquidation_and_an_order_of_a_person_are_told() -> None:
    died, ordered = noticed(
        Liquidated(at_ms=1, id=ID, quantity=Decimal(3), price=Decimal("135.2"), fee=Decimal(1)),
        Command(at_ms=1, kind=CommandKind.HALT, by="ada"),
    )
    assert died.text == "SOL long: LIQUIDATED: 3 at 135.2"
    assert died.level is Level.CRITICAL
    assert ordered.text == "ada ordered: halt"
