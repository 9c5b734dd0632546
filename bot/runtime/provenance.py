"""What a live run begins with: the memory of the run before, and whose client ids the exchange may show.

Three things may be wrong with a memory, and each is answered by how much it is worth then. A journal that was
damaged is set aside, and the bot reduces, by what the exchange shows, until a person acknowledges. A journal
that is gone, or an old copy of it, is found out by ids that the exchange knows and the journal never gave:
that halts the account. A whole one is simply taken over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.core.codec import CodecError
from bot.core.decisions import Action
from bot.core.facts import CarriedOver
from bot.core.held.carried import AccountRecord, Carried
from bot.core.provenance import EpochIds, Provenance, SeenId, origin_of
from bot.core.types import AccountName
from bot.runtime.checkpoint import remembered
from bot.runtime.journal import Journal, JournalQuery
from bot.runtime.journal.port import PAGE
from bot.runtime.journal.quarantine import KIND, is_without_memory
from bot.venues.port import Batch


async def memory(journal: Journal, now_ms: int) -> CarriedOver | None:
    """What the run before left, as a fact of now; ``None`` where there is nothing.

    What was written by a version that remembered other things cannot be taken over. It counts as lost, and
    that is noted.
    """
    try:
        left = await remembered(journal)
    except CodecError as error:
        because = f"what it remembers was written by another version: {error}"
        journal.note(KIND, {"kept": "in this journal", "because": because}, now_ms)
        await journal.commit()
        return None
    return None if left is None else replace(left, at_ms=now_ms)


async def ids_given(journal: Journal) -> tuple[EpochIds, ...]:
    """How many client ids each epoch of the journal gave, as far as any of them was for an action."""
    counts: dict[int, int] = {}
    after = 0
    while rows := await journal.read(JournalQuery(kind=Action.__name__, after_seq=after, limit=PAGE)):
        after = rows[-1].seq
        for row in rows:
            # Not decoded: the row may be of a version that knew other intents.
            origin = origin_of(json.loads(row.body)["client_id"])
            if origin is not None:
                epoch, number = origin
                counts[epoch] = max(number, counts.get(epoch, 0))
    return tuple(EpochIds(epoch=epoch, count=count) for epoch, count in sorted(counts.items()))


async def inherited(
    journal: Journal,
    left: CarriedOver | None,
    accounts: Iterable[AccountName],
    seen: Sequence[SeenId],
    now_ms: int,
) -> tuple[CarriedOver | Provenance, ...]:
    """The first facts of a run on ``accounts``: what was ``left``, and whether the ids ``seen`` are ours."""
    begins = left
    if left is None and await is_without_memory(journal):
        begins = CarriedOver(at_ms=now_ms, epoch=journal.epoch, carried=_only_reducing(accounts, seen))
    given = await ids_given(journal)
    told = Provenance(at_ms=now_ms, given=given, seen=tuple(seen))
    return (told,) if begins is None else (begins, told)


def only_reducing(begins: Batch, accounts: Iterable[AccountName], epoch: int, now_ms: int) -> Batch:
    """What a run ``begins`` with, and that it only reduces until a person acknowledges."""
    known = [fact for fact in begins if isinstance(fact, CarriedOver)]
    left = known[0] if known else CarriedOver(at_ms=now_ms, epoch=epoch, carried=Carried())
    records = {name: _record(name) for name in accounts} | {r.account: r for r in left.carried.accounts}
    reducing = tuple(replace(records[name], reducing=True) for name in sorted(records))
    others = [fact for fact in begins if not isinstance(fact, CarriedOver)]
    return (replace(left, carried=replace(left.carried, accounts=reducing)), *others)


def _only_reducing(accounts: Iterable[AccountName], seen: Sequence[SeenId]) -> Carried:
    """The memory of a bot that lost it: what rests at the exchange now is its own, and it only reduces."""
    resting = {name: [each.client_id for each in seen if each.account == name] for name in accounts}
    return Carried(accounts=tuple(_record(name, sorted(resting[name])) for name in sorted(resting)))


def _record(name: AccountName, strangers: Iterable[str] = ()) -> AccountRecord:
    """Of an account of which nothing is remembered, but for what is its own by decree."""
    return AccountRecord(
        account=name,
        halted=False,
        reducing=True,
        flattening=None,
        paused_until_ms=-1,
        strangers=tuple(strangers),
        acted_ms=(),
        day=-1,
        acted_in_day=0,
    )
