"""Never blind quietly: what cannot be seen is said, and what is said decides what may be done (I19-I21)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.core.decisions import Action, Refusal, StateChanged
from bot.core.facts import CarriedOver
from bot.core.intents import (
    CancelStop,
    Intent,
    MoveStop,
    Notify,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    SetPosture,
)
from bot.core.settings import FLATTEN, KEEPER
from tests.faults.checking.story import Line, Story, run_at
from tests.faults.checking.violation import Violation

STATES = frozenset({"recovering", "armed", "reducing", "blind", "auth_lost", "halted"})
EXITS: tuple[type[Intent], ...] = (
    Notify,
    SetPosture,
    ReducePosition,
    PlaceStop,
    MoveStop,
    CancelStop,
    PlaceTakeProfit,
)
OF_THE_ACCOUNT = ("account", "/positionRisk", "/balance", "/openOrders", "/openAlgoOrders")
"""What only a key that is accepted may read."""
KEY_CODES = frozenset({"-2014", "-2015"})
TOLD_MS = 15_000
"""A key that is refused at a reading is said so within this."""
FIRST = "recovering"


@dataclass(slots=True)
class Standing:
    """How an account stands by what the journal has said so far."""

    state: str = FIRST
    flattening: bool = False


@dataclass(slots=True)
class Standings:
    """The accounts, line by line."""

    epoch: int = 0
    accounts: dict[str, Standing] = field(default_factory=dict)

    def read(self, line: Line) -> None:
        """Take in one line."""
        if line.epoch != self.epoch:
            self.epoch, self.accounts = line.epoch, {}
        match line.noun:
            case CarriedOver(carried=carried):
                for each in carried.accounts:
                    self.of(each.account).flattening = each.flattening is not None
            case StateChanged(subject=subject, now=now):
                kind, _, name = subject.partition(":")
                if kind == "account":
                    self.of(name).state = now
                elif kind == "flatten":
                    self.of(name).flattening = now == "flattening"

    def of(self, account: str) -> Standing:
        """One account, which begins in recovery."""
        return self.accounts.setdefault(account, Standing())


def blindness_is_said(story: Story) -> Iterator[Violation]:
    """I19. While neither stream nor request brings a mark, the journal says so in time."""
    limits, evidence = story.evidence.configured.limits, story.evidence
    said = [
        line.at_ms
        for line in story.of(StateChanged)
        if isinstance(line.noun, StateChanged) and line.noun.now in ("blind", "silent", "auth_lost", "halted")
    ]
    for fault in evidence.faults:
        if fault.kind not in DARKNESS:
            continue
        due_ms = _awake(story, fault.at_ms, limits.stale_after_ms + DARK_SLACK_MS)
        if fault.until_ms < due_ms or not _guarded(story, fault.at_ms, due_ms):
            continue
        if not any(fault.at_ms <= at_ms <= due_ms for at_ms in said) and _armed(story, fault.at_ms):
            text = f"{fault.kind} since {fault.at_ms}, and nothing was said of it"
            yield Violation(due_ms, "I19", text)


def a_mute_stream_blinds_nobody(story: Story) -> Iterator[Violation]:
    """I19. Where only streams are silent the marks come by request, in time: the bot is not blind at all."""
    faults = story.evidence.faults
    for line in story.of(StateChanged):
        if not isinstance(line.noun, StateChanged) or line.noun.now not in ("blind", "silent"):
            continue
        run = run_at(story.evidence, line.at_ms)
        if run is None or line.at_ms - (run.guarding_ms or 0) < STARTING_MS:
            continue
        lately = {f.kind for f in faults if f.at_ms <= line.at_ms and f.until_ms > line.at_ms - LATELY_MS}
        if lately and lately <= STREAMS_ALONE:
            text = (
                f"{line.noun.subject} is {line.noun.now}, and only streams are the matter: {sorted(lately)}"
            )
            yield Violation(line.at_ms, "I19", text)


DARKNESS = frozenset({"outage", "unreachable", "418"})
"""Faults in which nothing comes by request; the account at least cannot be seen."""
STREAMS_ALONE = frozenset(
    {"market line mute", "market line half open", "user line mute", "user line half open"}
)
DARK_SLACK_MS = 27_000
"""Beyond the age a mark may have: an account is told to be unread 15 s after it was, and read every 10 s."""
STARTING_MS, LATELY_MS = 20_000, 90_000


def only_what_the_state_allows(story: Story) -> Iterator[Violation]:
    """I20. The state is one of six, and nothing is decided that it does not allow."""
    standings = Standings()
    for line in story.lines:
        standings.read(line)
        match line.noun:
            case StateChanged(subject=subject, now=now) if subject.startswith("account:"):
                if now not in STATES:
                    yield Violation(line.at_ms, "I20", f"{subject} is {now!r}")
            case Action() as action:
                standing = standings.of(action.id.account)
                if not _allowed(action, standing):
                    text = f"{action.client_id} ({type(action.intent).__name__}) while {standing.state}"
                    yield Violation(line.at_ms, "I20", text)


def a_refused_key_is_said(story: Story) -> Iterator[Violation]:
    """I20. A key that the exchange does not take any more is a state and not a pause."""
    told = [
        line.at_ms
        for line in story.of(StateChanged)
        if isinstance(line.noun, StateChanged) and line.noun.now in ("auth_lost", "halted")
    ]
    refused_ms: int | None = None
    for asked in story.evidence.requests:
        if asked.answered_ms is None:
            continue
        if asked.code not in KEY_CODES:
            if asked.path.endswith(OF_THE_ACCOUNT) and asked.executed and asked.answered == "truth":
                refused_ms = None
            continue
        refused_ms = asked.answered_ms if refused_ms is None else refused_ms
        late = asked.answered_ms - refused_ms > TOLD_MS
        if late and not any(at_ms <= asked.answered_ms for at_ms in told):
            yield Violation(
                asked.answered_ms, "I20", f"the key is refused since {refused_ms}: nobody was told"
            )
            return


def every_change_has_a_reason(story: Story) -> Iterator[Violation]:
    """I21. Changes of an account's state join up, and changes and refusals say why."""
    standings = Standings()
    for line in story.lines:
        if isinstance(line.noun, Refusal) and not (line.noun.text and line.noun.reason):
            yield Violation(line.at_ms, "I21", f"{line.noun.rule} was refused and nothing says why")
        if isinstance(line.noun, StateChanged):
            kind, _, name = line.noun.subject.partition(":")
            if not line.noun.because:
                yield Violation(line.at_ms, "I21", f"{line.noun.subject} is {line.noun.now} for no reason")
            known = standings.of(name).state if line.epoch == standings.epoch else FIRST
            if kind == "account" and line.noun.was != known:
                text = f"{name} was {known} and became {line.noun.now} from {line.noun.was}"
                yield Violation(line.at_ms, "I21", text)
        standings.read(line)


CHECKS = (
    blindness_is_said,
    a_mute_stream_blinds_nobody,
    only_what_the_state_allows,
    a_refused_key_is_said,
    every_change_has_a_reason,
)


# -- inside -----------------------------------------------------------------------------------------


def _guarded(story: Story, since_ms: int, until_ms: int) -> bool:
    """Whether one run guarded all the time."""
    return any(
        run.guarding_ms is not None and run.guarding_ms <= since_ms and until_ms <= run.ended_ms
        for run in story.evidence.runs
    )


def _awake(story: Story, since_ms: int, for_ms: int) -> int:
    """When a process has been awake for so long: one that is frozen can say nothing until it goes on."""
    due_ms = since_ms + for_ms
    frozen = sorted((f.at_ms, f.until_ms) for f in story.evidence.faults if f.kind == "freeze")
    for at_ms, until_ms in frozen:
        if at_ms <= due_ms and until_ms > since_ms:
            due_ms += until_ms - max(at_ms, since_ms)
    return due_ms


def _armed(story: Story, at_ms: int) -> bool:
    """Whether an account was armed at a moment."""
    standings = Standings()
    for line in story.lines:
        if line.at_ms > at_ms:
            break
        standings.read(line)
    return any(standing.state == "armed" for standing in standings.accounts.values())


def _allowed(action: Action, standing: Standing) -> bool:
    if isinstance(action.intent, Notify) or standing.state == "armed":
        return True
    if standing.flattening and action.rule in (FLATTEN, KEEPER):
        return True
    return standing.state == "reducing" and isinstance(action.intent, EXITS)
