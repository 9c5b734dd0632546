"""What an exchange says of an account that is not as was thought is attended to (I15, I20)."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.facts import PositionChanged
from bot.core.types import AccountName, PositionMode
from tests.faults.checking.never_blind import Standings, awake
from tests.faults.checking.no_worse import POSITION_MODE
from tests.faults.checking.story import Deed, Line, Story, run_at
from tests.faults.checking.violation import Violation
from tests.faults.evidence import PATIENCE_MS, Asked, PositionEffect, Run, SettingEffect

REFUSALS = frozenset(
    {"reduce-only refused", "below the minimum", "leverage refused", "stop refused", "margin refused"}
)
"""Faults by which an exchange proves to have done nothing, because something is not as was thought."""
READING = "/positionRisk"
BEFALLS, TAKEN = frozenset({"adl", "crash"}), frozenset({"liquidation", "deleveraging"})
KNOWN_MS = 2_000
"""What a stream tells is known within this, the reading that it leads to included."""
TOLD_MS = 45_000
"""An account that cannot be read is said to be blind within this: two readings, and 15 s of patience."""


def a_refusal_is_looked_into(story: Story) -> Iterator[Violation]:
    """I15. Where an order was refused the account is read before more is decided for that position."""
    for fault in story.evidence.faults:
        asked = story.asked(fault.request) if fault.kind in REFUSALS else None
        deed = None if asked is None else story.deed_of.get(asked.number)
        if asked is None or deed is None or asked.answered_ms is None or not asked.heard:
            continue
        after = _next(story, deed, asked.answered_ms)
        if after is not None and not _read(story, asked, after):
            text = f"{after.action.client_id} was decided on what {deed.action.client_id} was refused for"
            yield Violation(after.line.at_ms, "I15", text)


def another_position_mode_is_said(story: Story) -> Iterator[Violation]:
    """I20. No account is armed whose positions are kept in another mode than when its run began."""
    for held in story.evidence.first:
        changes = list(_modes(story, held.account))
        for run in story.evidence.runs:
            if run.guarding_ms is None:
                continue
            known = [mode for at_ms, mode in changes if at_ms <= run.guarding_ms][-1]
            for number, (at_ms, mode) in enumerate(changes):
                until_ms = changes[number + 1][0] if number + 1 < len(changes) else run.ended_ms
                if mode != known and at_ms > run.guarding_ms:
                    yield from _unsaid(story, held.account, run, at_ms, min(until_ms, run.ended_ms))


def what_befell_a_position_is_known(story: Story) -> Iterator[Violation]:
    """I19. What the exchange liquidates or deleverages is known in time, where nothing else is wrong."""
    troubles = [fault for fault in story.evidence.faults if fault.kind not in BEFALLS]
    for effect in story.evidence.effects:
        if not isinstance(effect, PositionEffect) or effect.cause.what not in TAKEN:
            continue
        due_ms = effect.at_ms + KNOWN_MS
        run = run_at(story.evidence, effect.at_ms)
        begins_ms = effect.at_ms - PATIENCE_MS
        if run is None or run.guarding_ms is None or not run.guarding_ms <= begins_ms < due_ms < run.ended_ms:
            continue
        if any(fault.at_ms <= due_ms and fault.until_ms > begins_ms for fault in troubles):
            continue
        if not any(_is_of(line, effect) and line.at_ms <= due_ms for line in story.of(PositionChanged)):
            yield Violation(
                due_ms, "I19", f"{effect.cause.what} of {effect.id} is not known {KNOWN_MS} ms later"
            )


def _is_of(line: Line, effect: PositionEffect) -> bool:
    told = line.noun
    return isinstance(told, PositionChanged) and told.id == effect.id and line.at_ms >= effect.at_ms


CHECKS = (a_refusal_is_looked_into, another_position_mode_is_said, what_befell_a_position_is_known)


# -- inside -----------------------------------------------------------------------------------------


def _next(story: Story, deed: Deed, since_ms: int) -> Deed | None:
    """What was decided next for the same position, by the same run."""
    for each in story.deeds:
        same = (each.action.id, each.line.epoch) == (deed.action.id, deed.line.epoch)
        if same and each.line.seq > deed.line.seq and each.line.at_ms > since_ms:
            return each
    return None


def _read(story: Story, refused: Asked, after: Deed) -> bool:
    """Whether the positions were asked for in between."""
    assert refused.answered_ms is not None, "only what was answered is looked at"
    return any(
        asked.path.endswith(READING) and refused.answered_ms <= asked.sent_ms <= after.line.at_ms
        for asked in story.evidence.requests
        if asked.account == refused.account
    )


def _modes(story: Story, account: AccountName) -> Iterator[tuple[int, str]]:
    """How an account kept its positions, from when on."""
    yield story.evidence.began_ms, story.evidence.configured.modes[account]
    for effect in story.evidence.effects:
        if isinstance(effect, SettingEffect) and (effect.account, effect.what) == (account, POSITION_MODE):
            yield effect.at_ms, PositionMode(effect.value)


def _unsaid(
    story: Story, account: AccountName, run: Run, since_ms: int, until_ms: int
) -> Iterator[Violation]:
    """Where the run was armed in the other mode although a position was there to be seen all the time."""
    for from_ms, to_ms in _held(story, account, since_ms, until_ms):
        due_ms = awake(story, from_ms, TOLD_MS)
        if due_ms >= to_ms:
            continue
        standings = Standings()
        for line in story.lines:
            if line.at_ms > due_ms:
                break
            standings.read(line)
        if standings.epoch == run.epoch and standings.of(account).state == "armed":
            yield Violation(
                due_ms, "I20", f"{account} has another position mode since {since_ms}, and is armed"
            )


def _held(story: Story, account: AccountName, since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
    """When the account held something, between two moments."""
    held = {id_ for each in story.evidence.first if each.account == account for id_ in each.positions}
    from_ms: int | None = None
    for effect in story.evidence.effects:
        if not isinstance(effect, PositionEffect) or effect.id.account != account:
            continue
        if effect.at_ms >= until_ms:
            break
        (held.discard if effect.after is None else held.add)(effect.id)
        if effect.at_ms < since_ms:
            continue
        if held and from_ms is None:
            from_ms = effect.at_ms
        elif not held and from_ms is not None:
            yield from_ms, effect.at_ms
            from_ms = None
    if from_ms is not None:
        yield from_ms, until_ms
