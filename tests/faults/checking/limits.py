"""Within its limits: of the exchange, and of the trader (I27-I29)."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping

from bot.core.decisions import Action, StateChanged
from bot.core.facts import Command, CommandKind, PositionChanged
from bot.core.intents import AddMargin, Intent, Notify, ReducePosition, SetPosture
from bot.core.settings import FLATTEN, HOUR_MS, KEEPER, SEATBELT
from bot.core.types import PositionId, RuleName
from tests.faults.checking.story import UNSENT, Story
from tests.faults.checking.violation import Violation
from tests.faults.evidence import Asked, Run

TOO_MANY, BANNED = 429, 418
ACCOUNT_READS = ("/positionRisk", "/balance", "/openOrders", "/openAlgoOrders")
FIXED = frozenset({SEATBELT, KEEPER, FLATTEN})
"""The rules that are never latched, and wait only after a failure."""
REMEMBERED_MS = 1_000
"""A process that lives on for so long after an answer has written down what it learnt by it."""


def a_ban_is_sat_out(story: Story) -> Iterator[Violation]:
    """I27. Nothing at all is sent while the exchange has forbidden it, by whichever run it was told so."""
    runs = {run.epoch: run for run in story.evidence.runs}
    bans = sorted(
        (asked for asked in story.evidence.requests if asked.banned and _heard(asked)),
        key=lambda asked: asked.answered_ms or 0,
    )
    met: list[Asked] = []
    for asked in sorted(story.evidence.requests, key=lambda asked: (asked.sent_ms, asked.number)):
        while bans and (bans[0].answered_ms or 0) < asked.sent_ms:
            met.append(bans.pop(0))
        met = [ban for ban in met if _over_ms(ban) > asked.sent_ms]
        for ban in met:
            if _knows(runs, ban, asked):
                text = f"{asked.method} {asked.path} left during a ban until {_over_ms(ban)}"
                yield Violation(asked.sent_ms, "I27", text)
                return


def a_limit_is_respected(story: Story) -> Iterator[Violation]:
    """I27. Where the exchange asks to be left alone, what is no emergency waits: the account is not read."""
    until_ms, epoch = 0, 0
    heard = sorted(
        (a for a in story.evidence.requests if a.status == TOO_MANY and _heard(a)),
        key=lambda asked: asked.answered_ms or 0,
    )
    for asked in sorted(story.evidence.requests, key=lambda asked: (asked.sent_ms, asked.number)):
        while heard and (heard[0].answered_ms or 0) < asked.sent_ms:
            limit = heard.pop(0)
            until_ms, epoch = max(until_ms, (limit.answered_ms or 0) + limit.retry_after_ms), limit.epoch
        if asked.sent_ms < until_ms and asked.epoch == epoch and asked.path.endswith(ACCOUNT_READS):
            text = f"{asked.path} was asked, and the exchange wants to be left alone until {until_ms}"
            yield Violation(asked.sent_ms, "I27", text)
            return


def the_weights_are_kept(story: Story) -> Iterator[Violation]:
    """I27. The exchange never has to say by itself that it is too much."""
    for asked in story.evidence.requests:
        if asked.answered == "truth" and asked.status in (TOO_MANY, BANNED):
            yield Violation(asked.sent_ms, "I27", f"{asked.method} {asked.path} was one too many")
            return


def the_pace_is_kept(story: Story) -> Iterator[Violation]:
    """I28. No more actions in an hour than allowed, and none of a rule before its cooldown is over."""
    configured = story.evidence.configured
    cooldowns = {
        entry.name: configured.limits.cooldown_ms if entry.cooldown_ms is None else entry.cooldown_ms
        for entry in configured.rules
    }
    acted: dict[str, deque[int]] = defaultdict(deque)
    last: dict[tuple[PositionId, RuleName, int], Action] = {}
    for deed in story.deeds:
        action = deed.action
        key = action.id, action.rule, deed.line.epoch  # Another run may have been given another time.
        before = last.get(key)
        follows = _follows(action, before)
        hour = acted[action.id.account]
        while hour and hour[0] <= action.at_ms - HOUR_MS:
            hour.popleft()
        free = action.rule in FIXED or follows or isinstance(action.intent, ReducePosition)
        if not free and len(hour) >= configured.limits.actions_per_hour:
            text = f"{action.client_id} is one more than {configured.limits.actions_per_hour} in an hour"
            yield Violation(deed.line.at_ms, "I28", text)
        if not isinstance(action.intent, ReducePosition) and not follows:
            hour.append(action.at_ms)
        cooldown_ms = cooldowns.get(action.rule, 0)
        if before is not None and not follows and action.at_ms < before.at_ms + cooldown_ms:
            text = f"{action.client_id} came {action.at_ms - before.at_ms} ms after {before.client_id}"
            yield Violation(deed.line.at_ms, "I28", text)
        last[key] = action


def what_has_no_effect_is_latched(story: Story) -> Iterator[Violation]:
    """I28. A rule that repeats itself without effect is stopped, until a person lets it go on."""
    most = story.evidence.configured.limits.equal_actions
    equal: dict[tuple[PositionId, RuleName], tuple[Intent, int]] = {}
    for line in story.lines:
        match line.noun:
            case PositionChanged(id=id_):
                for key in [key for key in equal if key[0] == id_]:
                    del equal[key]
            case Command(kind=CommandKind.RESET):
                equal.clear()
            case Action() as action if not isinstance(action.intent, UNSENT) and action.rule not in FIXED:
                key = action.id, action.rule
                intent, count = equal.get(key, (action.intent, 0))
                count = count + 1 if intent == action.intent else 1
                equal[key] = action.intent, count
                if count > most:
                    text = f"{action.client_id} of {action.rule} is number {count} of the same"
                    yield Violation(line.at_ms, "I28", text)


def shadows_do_nothing(story: Story) -> Iterator[Violation]:
    """I28. A rule in shadow decides nothing that is sent, and a pause holds."""
    shadows = {entry.name for entry in story.evidence.configured.rules if entry.shadow}
    paused_ms: dict[str, int] = {}
    for line in story.lines:
        match line.noun:
            case Command(kind=CommandKind.PAUSE, subject=subject, until_ms=until_ms) if until_ms is not None:
                paused_ms[subject] = until_ms
            case Command(kind=CommandKind.RESUME, subject=""):
                paused_ms.clear()
            case Command(kind=CommandKind.RESUME, subject=subject):
                paused_ms.pop(subject, None)
            case Action() as action if not isinstance(action.intent, Notify):
                if action.rule in shadows:
                    yield Violation(
                        line.at_ms, "I28", f"{action.client_id} of {action.rule}, which is in shadow"
                    )
                until_ms = max(paused_ms.get(each, -1) for each in ("", action.rule, str(action.id)))
                if action.rule not in FIXED and action.at_ms < until_ms:
                    yield Violation(
                        line.at_ms, "I28", f"{action.client_id} of {action.rule}, which is paused"
                    )


def a_halt_is_a_halt(story: Story) -> Iterator[Violation]:
    """I29. From a halt until a person resumes nothing is decided and nothing leaves, flattening aside."""
    halted_ms: dict[str, int] = {}
    for line in story.lines:
        match line.noun:
            case StateChanged(subject=subject, now=now) if subject.startswith("account:"):
                account = subject.partition(":")[2]
                if now == "halted":
                    halted_ms.setdefault(account, line.at_ms)
                elif line.noun.was == "halted":
                    halted_ms.pop(account, None)
            case Command(kind=CommandKind.RESUME, subject=""):
                halted_ms.clear()
            case Action() as action if not isinstance(action.intent, Notify | SetPosture):
                since_ms = halted_ms.get(action.id.account)
                if since_ms is not None and action.rule not in (FLATTEN, KEEPER):
                    text = f"{action.client_id} was decided, the account is halted since {since_ms}"
                    yield Violation(line.at_ms, "I29", text)


CHECKS = (
    a_ban_is_sat_out,
    a_limit_is_respected,
    the_weights_are_kept,
    the_pace_is_kept,
    what_has_no_effect_is_latched,
    shadows_do_nothing,
    a_halt_is_a_halt,
)


# -- inside -----------------------------------------------------------------------------------------


def _heard(asked: Asked) -> bool:
    """Whether the gate saw the answer: a listen key is asked for by the library itself, in its own words."""
    return asked.answered_ms is not None and "listenKey" not in asked.path


def _over_ms(ban: Asked) -> int:
    return (ban.answered_ms or 0) + ban.retry_after_ms


def _knows(runs: Mapping[int, Run], ban: Asked, asked: Asked) -> bool:
    """Whether the run that asks knows of a ban: its own, or one that an earlier run lived to remember.

    What is remembered is a time of the machine's clock, and that may have been set since.
    """
    if ban.epoch == asked.epoch:
        return True
    before, now = runs.get(ban.epoch), runs.get(asked.epoch)
    if before is None or now is None or before.ended_ms - (ban.answered_ms or 0) < REMEMBERED_MS:
        return False
    return asked.sent_ms + now.offset_ms < _over_ms(ban) + before.offset_ms


def _follows(action: Action, before: Action | None) -> bool:
    """Whether it puts back what the action before it of the same rule had released."""
    return (
        before is not None
        and isinstance(before.intent, ReducePosition)
        and before.intent.then_add > 0
        and isinstance(action.intent, AddMargin)
    )
