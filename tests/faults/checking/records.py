"""The journal: whole, unbroken, and in the end of the same opinion as the exchange (I23, I24, I26, I33)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b

from bot.core.decisions import StateChanged
from bot.core.facts import CarriedOver, Command, CommandKind, PositionChanged
from bot.core.types import Position, PositionId
from tests.faults.checking.story import OPENED, Line, Story, is_ours, run_at
from tests.faults.checking.violation import Violation
from tests.faults.evidence import Asked, Ending, OrderEffect, PositionEffect, Who

SEEN_MS = 30_000
"""Within this long the journal knows of everything that happened to a position, while nothing is wrong."""


def every_change_is_explained(story: Story) -> Iterator[Violation]:
    """I23. What happened to a position is known in the end: by an action, or because it was read."""
    evidence = story.evidence
    if not evidence.runs or evidence.runs[-1].ending is not Ending.STOPPED:
        return
    guarding_ms = evidence.runs[-1].guarding_ms
    if guarding_ms is None:
        return
    events = [fault.until_ms for fault in evidence.faults]
    events += [effect.at_ms for effect in evidence.effects if isinstance(effect, PositionEffect)]
    if evidence.ended_ms - max([*events, guarding_ms]) < SEEN_MS:
        return
    known: dict[PositionId, Position | None] = {}
    last_epoch = evidence.runs[-1].epoch
    for line in story.of(PositionChanged):
        if isinstance(line.noun, PositionChanged) and line.epoch == last_epoch:
            known[line.noun.id] = line.noun.position
    held = {id_: position for each in evidence.last for id_, position in each.positions.items()}
    for id_ in sorted(held.keys() | known.keys()):
        there, believed = held.get(id_), known.get(id_)
        if (there and there.quantity) != (believed and believed.quantity):
            text = (
                f"{id_} is {there and there.quantity}, the journal ends with {believed and believed.quantity}"
            )
            yield Violation(evidence.ended_ms, "I23", text)


def our_effects_are_asked_for(story: Story) -> Iterator[Violation]:
    """I23. What the bot brought about belongs to an action; what it cancels, to one on that position."""
    for effect in story.ours():
        if isinstance(effect, PositionEffect) and story.deed_behind(effect) is None:
            yield Violation(effect.at_ms, "I23", f"{effect.id} was changed by no action of the journal")


def the_chain_holds(story: Story) -> Iterator[Violation]:
    """I24. Rows follow one another without a gap, each hashed with the one before it.

    The hash is made here by the description of the format, and not by the code that is judged.
    """
    before, seq = blake2b(b"holdfast journal", digest_size=32).hexdigest(), 0
    for row in story.evidence.rows:
        text = "\x1f".join([before, *("" if each is None else str(each) for each in row[:-1])])
        hash_ = blake2b(text.encode("utf-8", "backslashreplace"), digest_size=32).hexdigest()
        if row.seq != seq + 1 or hash_ != row.hash:
            yield Violation(row.at_ms, "I24", f"row {row.seq} does not follow row {seq}")
            return
        before, seq = row.hash, row.seq


def no_committed_row_is_lost(story: Story) -> Iterator[Violation]:
    """I24. Whatever was committed is there, as it was, however the run ended."""
    rows = {row.seq: row for row in story.evidence.rows}
    for seq, hash_ in story.evidence.committed:
        if seq and (seq not in rows or rows[seq].hash != hash_):
            yield Violation(story.evidence.ended_ms, "I24", f"row {seq} was committed and is not there")
            return


def epochs_count_up(story: Story) -> Iterator[Violation]:
    """I24. Each opening is a new epoch, and a run that had one before begins with what that remembered."""
    last = 0
    for row in story.evidence.rows:
        if row.kind == OPENED:
            epoch = _epoch(row.body)
            if epoch != last + 1:
                yield Violation(row.at_ms, "I24", f"epoch {epoch} follows epoch {last}")
            last = epoch
    acted = {deed.line.epoch for deed in story.deeds}
    carried = {line.epoch for line in story.of(CarriedOver)}
    for epoch in sorted({line.epoch for line in story.lines}):
        if any(before < epoch for before in acted) and epoch not in carried:
            yield Violation(
                story.evidence.ended_ms, "I24", f"epoch {epoch} remembers nothing of those before"
            )


def no_secret_is_told(story: Story) -> Iterator[Violation]:
    """I26. The secret of the key is in no row, in nothing people were told, and in no last words."""
    evidence = story.evidence
    told = [(row.at_ms, f"row {row.seq}", row.body) for row in evidence.rows]
    told += [(said.at_ms, "what people were told", said.text) for said in evidence.said]
    told += [(run.ended_ms, f"the end of epoch {run.epoch}", run.because) for run in evidence.runs]
    for at_ms, where, text in told:
        if any(secret in text for secret in evidence.configured.secrets):
            yield Violation(at_ms, "I26", f"a secret stands in {where}")


def one_process_acts(story: Story) -> Iterator[Violation]:
    """I33. What an epoch sends, it sends while its process lives, and none sends beside it."""
    alive = {run.epoch: run for run in story.evidence.runs if run.epoch}
    newest: Asked | None = None
    for asked in story.evidence.requests:
        if not asked.writes:
            continue
        run = alive.get(asked.epoch)
        if run is None or not run.started_ms <= asked.sent_ms <= run.ended_ms:
            yield Violation(asked.sent_ms, "I33", f"epoch {asked.epoch} sent after its end")
        if newest is not None and asked.epoch < newest.epoch:
            yield Violation(asked.sent_ms, "I33", f"epoch {asked.epoch} sent after epoch {newest.epoch} had")
        newest = asked


def a_stranger_is_not_acted_beside(story: Story) -> Iterator[Violation]:
    """I33. An order with our mark that this journal cannot have named ends in a halt, and a person is told.

    Where it is halted already one of each epoch is told of: others of it belong to the same other bot.
    """
    evidence = story.evidence
    for effect in evidence.effects:
        if not isinstance(effect, OrderEffect) or effect.before is not None or effect.cause.who is Who.BOT:
            continue
        if not is_ours(effect.after.client_id) or effect.after.parent is not None:
            continue
        run = run_at(evidence, effect.at_ms)
        if run is None or run.ended_ms - effect.at_ms < SEEN_MS or _named(effect.after.client_id, run.epoch):
            continue
        if any(f.at_ms < effect.at_ms + SEEN_MS and f.until_ms > effect.at_ms for f in evidence.faults):
            continue
        since_ms = _resumed_ms(story, effect.at_ms)
        if not any(_tells_of(line, effect, since_ms) for line in story.of(StateChanged)):
            text = f"{effect.after.client_id} of another rests since {effect.at_ms} and nothing is halted"
            yield Violation(effect.at_ms + SEEN_MS, "I33", text)


CHECKS = (
    every_change_is_explained,
    our_effects_are_asked_for,
    the_chain_holds,
    no_committed_row_is_lost,
    epochs_count_up,
    no_secret_is_told,
    one_process_acts,
    a_stranger_is_not_acted_beside,
)


# -- inside -----------------------------------------------------------------------------------------


def _resumed_ms(story: Story, at_ms: int) -> int:
    """When a person ended the latest halt before that, and accepted the orders that were there."""
    resumed = [line for line in story.of(Command) if line.at_ms <= at_ms and _is_resume(line.noun)]
    return resumed[-1].at_ms if resumed else 0


def _is_resume(noun: object) -> bool:
    return isinstance(noun, Command) and noun.kind is CommandKind.RESUME and not noun.subject


def _tells_of(line: Line, stranger: OrderEffect, since_ms: int) -> bool:
    """Whether it says that nothing is sent for this order's sake, or for that of one of the same epoch."""
    change, client_id = line.noun, stranger.after.client_id
    if not isinstance(change, StateChanged) or change.now not in ("halted", "a stranger"):
        return False
    epoch = client_id.rpartition("-")[0]
    kin = f"{epoch}-" in change.because and since_ms < line.at_ms <= stranger.at_ms
    return client_id in change.because or kin


def _named(client_id: str, epoch: int) -> bool:
    """Whether a run of this epoch, or one before it, may have given the name."""
    given = client_id.split("-")[1]
    return given.isdecimal() and int(given) <= epoch


def _epoch(body: str) -> int:
    return int(json.loads(body)["epoch"])
