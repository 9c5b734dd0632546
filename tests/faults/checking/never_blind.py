"""Never blind quietly: what cannot be seen is said, and what is said decides what may be done (I19-I21)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

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
from tests.faults.evidence import Ending, Run

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
TOLD_MS = 10_000
"""A key that is refused is said to be so within this."""
TRIED_MS = 55_000
"""So far apart are two attempts with a key that is said to be refused, whatever an answer takes."""
LIES = frozenset({"body_before", "body_after"})
"""Answers that are none, and look as if the key had been taken."""
FIRST = "recovering"
STILL = frozenset({FIRST, "blind", "auth_lost", "halted"})


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
        due_ms = awake(story, fault.at_ms, limits.stale_after_ms + DARK_SLACK_MS)
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


def the_heartbeat_is_withheld(story: Story) -> Iterator[Violation]:
    """I19. Whoever listens outside is not told that all is well while an account stands still."""
    pings = story.evidence.pings or ()
    for since_ms, until_ms, state in _still(story):
        first = bisect_left(pings, since_ms + TELLING_MS)
        if first < len(pings) and pings[first] < until_ms - TELLING_MS:
            text = f"an account is {state} since {since_ms}, and the heartbeat went on"
            yield Violation(pings[first], "I19", text)


DARKNESS = frozenset({"outage", "unreachable", "418"})
"""Faults in which nothing comes by request; the account at least cannot be seen."""
STREAMS_ALONE = frozenset(
    {"market line mute", "market line half open", "user line mute", "user line half open", "mark frozen"}
)
DARK_SLACK_MS = 27_000
"""Beyond the age a mark may have: an account is told to be unread 15 s after it was, and read every 10 s."""
STARTING_MS, LATELY_MS = 20_000, 90_000
TELLING_MS = 2_000
"""Between a change and its row, while the disk takes its time."""


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
    """I20. A key that the exchange does not take any more is a state, or the end of a start, and in time."""
    for run in story.evidence.runs:
        for refused in _refusals(story, run):
            due_ms = refused.since_ms + TOLD_MS
            if run.guarding_ms is None or run.ending is Ending.REFUSED:
                # A start that did not come to guard has no state to tell: its last words are what it says.
                silent = refused.until_ms > due_ms or not _is_named(run)
            else:
                silent = refused.until_ms > due_ms and not _is_told(story, run, refused.since_ms, due_ms)
            if silent:
                text = f"the key is refused since {refused.since_ms}: nobody was told"
                yield Violation(min(due_ms, refused.until_ms), "I20", text)


def a_refused_key_is_hardly_tried(story: Story) -> Iterator[Violation]:
    """I20. What was said to be refused is tried once a minute, by whomever: it is no way to get it back."""
    for run in story.evidence.runs:
        for refused in _refusals(story, run):
            for earlier_ms, later_ms in pairwise(refused.tried_ms):
                if later_ms - earlier_ms < TRIED_MS:
                    text = f"the key is refused since {refused.since_ms} and was tried at {earlier_ms} too"
                    yield Violation(later_ms, "I20", text)
                    break


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
    the_heartbeat_is_withheld,
    only_what_the_state_allows,
    a_refused_key_is_said,
    a_refused_key_is_hardly_tried,
    every_change_has_a_reason,
)


# -- inside -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Refused:
    """A time in which the exchange did not take the key, as one run got to know it."""

    since_ms: int
    """When the first answer came that said so."""
    until_ms: int
    """When a reading was answered again, or the run was over."""
    tried_ms: list[int] = field(default_factory=list)
    """When what was refused had left that left once it was said."""
    known_ms: int | None = None
    """Since when the run had no reason to think otherwise."""


def _refusals(story: Story, run: Run) -> Iterator[_Refused]:
    """In the order in which the exchange was asked: answers may overtake each other."""
    answered = [
        asked
        for asked in story.evidence.requests
        if asked.epoch == run.epoch and asked.heard and asked.answered in {"truth", *LIES}
    ]
    refused: _Refused | None = None
    for asked in sorted(answered, key=lambda asked: (asked.arrived_ms, asked.number)):
        answered_ms = asked.answered_ms
        if answered_ms is None or answered_ms > run.ended_ms:
            continue
        of_the_account = asked.path.endswith(OF_THE_ACCOUNT)
        if asked.answered in LIES:
            if refused is not None and of_the_account:
                refused.known_ms = None
        elif asked.code in KEY_CODES:
            refused = refused or _Refused(answered_ms, run.ended_ms)
            refused.since_ms = min(refused.since_ms, answered_ms)
            refused.known_ms = refused.known_ms or answered_ms
            if asked.sent_ms > refused.known_ms + TOLD_MS:
                refused.tried_ms.append(asked.sent_ms)
        elif refused is not None and asked.executed and of_the_account:
            refused.until_ms = answered_ms
            yield refused
            refused = None
    if refused is not None:
        yield refused


def _is_named(run: Run) -> bool:
    """Whether a run that ended by itself said that it was the key; one that was killed could not."""
    return run.ending is not Ending.REFUSED or any(code in run.because for code in KEY_CODES)


def _is_told(story: Story, run: Run, since_ms: int, due_ms: int) -> bool:
    """Whether an account stood still for its key, or altogether, at some moment of a time."""
    standings, before = Standings(), True
    for line in story.lines:
        if line.at_ms > due_ms:
            break
        if before and line.at_ms >= since_ms and _stands_still(standings, run):
            return True
        before = line.at_ms < since_ms
        standings.read(line)
        if not before and _stands_still(standings, run):
            return True
    return _stands_still(standings, run)


def _stands_still(standings: Standings, run: Run) -> bool:
    states = {standing.state for standing in standings.accounts.values()}
    return standings.epoch == run.epoch and bool(states & {"auth_lost", "halted"})


def _still(story: Story) -> Iterator[tuple[int, int, str]]:
    """When an account stood still in a run, by what the journal says of its state: from, until and how."""
    ends = {run.epoch: run.ended_ms for run in story.evidence.runs}
    since: dict[str, tuple[int, str, int]] = {}
    for line in story.of(StateChanged):
        assert isinstance(line.noun, StateChanged)
        kind, _, name = line.noun.subject.partition(":")
        if kind != "account":
            continue
        if name in since:
            since_ms, state, epoch = since.pop(name)
            yield since_ms, line.at_ms if epoch == line.epoch else ends.get(epoch, since_ms), state
        if line.noun.now in STILL:
            since[name] = line.at_ms, line.noun.now, line.epoch
    for since_ms, state, epoch in since.values():
        yield since_ms, ends.get(epoch, since_ms), state


def _guarded(story: Story, since_ms: int, until_ms: int) -> bool:
    """Whether one run guarded all the time."""
    return any(
        run.guarding_ms is not None and run.guarding_ms <= since_ms and until_ms <= run.ended_ms
        for run in story.evidence.runs
    )


def awake(story: Story, since_ms: int, for_ms: int) -> int:
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
