"""Never twice: every action has at most one effect, none without a row, and none is guessed at (I01-I05)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.decisions import Action
from bot.core.facts import Outcome, OutcomeKind, PositionChanged
from bot.core.intents import AddMargin, CancelStop, CutLeverage, ReducePosition, WithdrawMargin
from bot.core.types import PositionId
from tests.faults.checking.story import (
    CLOSED,
    FAILED,
    UNSENT,
    WITHOUT_ID,
    Deed,
    Line,
    Story,
    action_id,
    is_ours,
)
from tests.faults.checking.violation import Violation
from tests.faults.evidence import (
    Effect,
    Ending,
    MarginEffect,
    OrderEffect,
    PositionEffect,
    SettingEffect,
    Who,
)

UNKNOWN_MS, UNDECIDED_MS = 120_000, 360_000
"""Within this long every intent is resolved while the exchange answers; where people were told that no
reading can decide it, it is given up within the other."""
PATIENT_MS = 300_000
"""Nothing is given up before it was looked for that long."""


def no_id_is_used_twice(story: Story) -> Iterator[Violation]:
    """I01. A client id is one order's, an action without one moves margin once."""
    orders: dict[tuple[str, str], set[int]] = defaultdict(set)
    for effect in story.evidence.effects:
        if isinstance(effect, OrderEffect) and is_ours(effect.after.client_id) and not effect.after.parent:
            key = effect.after.id.account, effect.after.client_id
            orders[key].add(effect.after.order_id)
            if len(orders[key]) == 2:
                yield Violation(effect.at_ms, "I01", f"{effect.after.client_id} is a second order")
    moved: dict[Deed, int] = defaultdict(int)
    for each in story.ours():
        deed = story.deed_behind(each)
        if isinstance(each, MarginEffect) and deed is not None:
            moved[deed] += 1
            if moved[deed] == 2:
                yield Violation(each.at_ms, "I01", f"{deed.action.client_id} moved margin twice")


def nothing_is_sent_twice(story: Story) -> Iterator[Violation]:
    """I02. Every request of an action leaves once, whatever came back."""
    for deed in story.deeds:
        seen = set()
        for asked in deed.requests:
            key = asked.path, asked.client_id
            if key in seen:
                text = f"{deed.action.client_id} left again: {asked.method} {asked.path}"
                yield Violation(asked.sent_ms, "I02", text)
            seen.add(key)


def the_row_comes_first(story: Story) -> Iterator[Violation]:
    """I03. What changes something is in the journal, committed, before it leaves."""
    for asked in story.evidence.requests:
        if not asked.writes or asked.method == "DELETE":
            continue
        deed = story.deed_of.get(asked.number)
        if deed is None:
            text = f"{asked.method} {asked.path} {asked.client_id} has no action in the journal"
            yield Violation(asked.sent_ms, "I03", text)
        elif deed.line.seq > asked.committed:
            text = f"{deed.action.client_id} left before its row was committed"
            yield Violation(asked.sent_ms, "I03", text)


def the_outcome_is_the_truth(story: Story) -> Iterator[Violation]:
    """I04. What the journal says became of an action is what became of it."""
    for deed in story.deeds:
        if isinstance(deed.intent, CancelStop) or deed.proven is None:
            continue
        line, outcome = deed.proven
        happened = _happened(story, deed)
        failed = outcome.kind in FAILED
        if failed and happened and not _meddled(story, deed, line.at_ms):
            text = (
                f"{deed.action.client_id} was carried out and is said to be {outcome.kind}: {outcome.proof}"
            )
            yield Violation(line.at_ms, "I04", text)
        elif not failed and not happened and not _meddled(story, deed, line.at_ms):
            text = f"{deed.action.client_id} was never carried out and is said to be so: {outcome.proof}"
            yield Violation(line.at_ms, "I04", text)


def only_what_nothing_can_decide_is_given_up(story: Story) -> Iterator[Violation]:
    """I04. Giving up is no proof: only what has no id is, late, where others meddled, and people are told."""
    for deed in story.deeds:
        if deed.closed is None or deed.closed[1].kind is not OutcomeKind.GIVEN_UP:
            continue
        line, outcome = deed.closed
        wrong = _given_up_lightly(story, deed, line)
        if wrong:
            text = f"{deed.action.client_id} was given up{wrong}: {outcome.proof}"
            yield Violation(line.at_ms, "I04", text)


def nothing_stays_unknown(story: Story) -> Iterator[Violation]:
    """I04. An intent is resolved within a time, while the exchange answers and the bot lives."""
    evidence = story.evidence
    if not evidence.runs or evidence.runs[-1].ending is not Ending.STOPPED:
        return
    guarding_ms = evidence.runs[-1].guarding_ms
    if guarding_ms is None:
        return
    trouble_ms = max((fault.until_ms for fault in evidence.faults), default=0)
    for deed in story.deeds:
        since_ms = max(deed.line.at_ms, trouble_ms, guarding_ms)
        told = any(
            deed.action.client_id in said.text and "cannot be decided" in said.text for said in evidence.said
        )
        allowed_ms = UNDECIDED_MS if told else UNKNOWN_MS
        if deed.closed is None and evidence.ended_ms - since_ms > allowed_ms and not _gone(story, deed):
            text = f"{deed.action.client_id} is still open {(evidence.ended_ms - since_ms) // 1000} s later"
            yield Violation(evidence.ended_ms, "I04", text)


def one_at_a_time(story: Story) -> Iterator[Violation]:
    """I05. While an intent is open only an exit is decided on its position, once no answer is awaited."""
    flying: dict[PositionId, dict[str, _Flying]] = defaultdict(dict)
    for line in story.lines:
        match line.noun:
            case PositionChanged(id=id_, position=None):
                flying[id_].clear()
            case Outcome(id=id_, client_id=client_id, kind=kind) if client_id in flying[id_]:
                if kind in CLOSED:
                    del flying[id_][client_id]
                else:
                    flying[id_][client_id].awaited = kind is OutcomeKind.ACKED
            case Action() as action if not isinstance(action.intent, UNSENT):
                for other in flying[action.id].values():
                    if not other.lets(action, line.epoch):
                        text = f"{action.client_id} was decided while {other.action.client_id} was open"
                        yield Violation(line.at_ms, "I05", text)
                flying[action.id][action.client_id] = _Flying(action, line.epoch)


CHECKS = (
    no_id_is_used_twice,
    nothing_is_sent_twice,
    the_row_comes_first,
    the_outcome_is_the_truth,
    only_what_nothing_can_decide_is_given_up,
    nothing_stays_unknown,
    one_at_a_time,
)


# -- inside -----------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Flying:
    action: Action
    epoch: int
    awaited: bool = True
    """Whether an answer is still to come: it came where it is unknown, or done and not seen yet."""

    def lets(self, action: Action, epoch: int) -> bool:
        """Whether another action may be decided beside this one: an exit, once no answer is awaited."""
        awaited = self.awaited and epoch == self.epoch and action.at_ms <= self.action.deadline_ms
        exits = isinstance(action.intent, ReducePosition)
        return exits and not awaited and not isinstance(self.action.intent, ReducePosition)


def _happened(story: Story, deed: Deed) -> bool:
    """Whether the exchange carried anything of an action out."""
    effects = [effect for asked in deed.requests for effect in story.effects_of.get(asked.number, ())]
    match deed.intent:
        case AddMargin() | WithdrawMargin():
            return any(isinstance(effect, MarginEffect) for effect in effects)
        case CutLeverage():
            executed = any(asked.executed for asked in deed.requests)
            return executed or any(isinstance(e, SettingEffect) and e.what == "leverage" for e in effects)
        case _:
            name, account = deed.action.client_id, deed.action.id.account
            return any(
                isinstance(effect, OrderEffect)
                and effect.after.id.account == account
                and action_id(effect.after.client_id) == name
                for effect in story.evidence.effects
            )


def _given_up_lightly(story: Story, deed: Deed, line: Line) -> str:
    """What was wrong with giving an action up; empty if it was right."""
    since_ms = min((asked.sent_ms for asked in deed.requests), default=deed.line.at_ms)
    if not isinstance(deed.intent, WITHOUT_ID):
        return " although it has an id to ask for"
    if line.at_ms - since_ms < PATIENT_MS:
        return f" after {(line.at_ms - since_ms) // 1000} s"
    if not _gone(story, deed) and not _meddled(story, deed, line.at_ms):
        return " although nobody else had touched its position"
    if not any(deed.action.client_id in said.text for said in story.evidence.said):
        return " and nobody was told"
    return ""


def _meddled(story: Story, deed: Deed, until_ms: int) -> bool:
    """Whether somebody else did the same meanwhile, so that reading could not tell.

    Margin and leverage have no id. Of margin the exchange keeps a history, so that only the very same amount
    looks like ours; whatever the user sets in the same minute looks like a leverage of ours.
    """
    others = [
        effect
        for effect in story.evidence.effects
        if effect.cause.who is not Who.BOT
        and deed.line.at_ms <= effect.at_ms <= until_ms
        and _about(effect, deed)
    ]
    match deed.intent:
        case AddMargin(amount=amount):
            return any(isinstance(each, MarginEffect) and each.amount == amount for each in others)
        case WithdrawMargin(amount=amount):
            return any(isinstance(each, MarginEffect) and each.amount == -amount for each in others)
        case CutLeverage():
            return bool(others)
        case _:
            return False


def _about(effect: Effect, deed: Deed) -> bool:
    if isinstance(effect, SettingEffect):
        return effect.account == deed.action.id.account and effect.symbol in ("", deed.action.id.symbol)
    return isinstance(effect, MarginEffect | PositionEffect) and effect.id == deed.action.id


def _gone(story: Story, deed: Deed) -> bool:
    """Whether the journal knows that the position is no longer there: then nothing waits for the answer."""
    return any(
        line.noun.id == deed.action.id and line.noun.position is None and line.seq > deed.line.seq
        for line in story.of(PositionChanged)
        if isinstance(line.noun, PositionChanged)
    )
