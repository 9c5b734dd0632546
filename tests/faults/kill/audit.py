"""What must be true however often the process was ended, with the books of the exchange as the judge.

The letters are those of the invariants of the fault model: no double act, no act without a committed intent,
no intent without its outcome, no row lost.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bot.core.types import OUR_PREFIX, Symbol
from bot.runtime.journal import JournalRow
from bot.runtime.journal.rows import OPENED
from bot.simulator import World
from tests.faults.kill.scene import accounts

_FINAL = frozenset({"verified", "rejected", "not_applied"})
_UNSENT = frozenset({"Notify", "SetPosture"})
_ORDERS = frozenset({"PlaceStop", "MoveStop", "PlaceTakeProfit", "ReducePosition", "OpenHedge", "CloseHedge"})
_MARGIN = {"AddMargin": 1, "WithdrawMargin": -1}
_DONE = "verified"
_ON_ITS_WAY_MS = 1_000
"""What left just before its deadline arrives so much later at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One action of a journal: what it was, in which run, and what became of it in which run."""

    client_id: str
    kind: str
    symbol: str
    amount: Decimal | None
    epoch: int
    deadline_ms: int
    cancels: str
    """The client id of the order that was to go; empty where it was none."""
    outcome: str
    resolved_in: int

    @property
    def inherited(self) -> bool:
        """Whether it was a later run that found out what became of it."""
        return self.resolved_in > self.epoch


@dataclass(slots=True)
class Found:
    """What an audit says."""

    violations: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)


def deeds_in(rows: Sequence[JournalRow]) -> list[Deed]:
    """The actions of a journal, in their order."""
    epoch = 0
    actions: dict[str, tuple[int, Any]] = {}
    outcomes: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row.kind == OPENED:
            epoch = int(json.loads(row.body)["epoch"])
        elif row.kind == "Action":
            body = json.loads(row.body)
            actions[body["client_id"]] = epoch, body
        elif row.kind == "Outcome":
            body = json.loads(row.body)
            if body["kind"] in _FINAL:
                outcomes.setdefault(body["client_id"], (epoch, body["kind"]))
    return [_deed(body, begun, outcomes.get(name)) for name, (begun, body) in actions.items()]


def open_deeds(deeds: Sequence[Deed]) -> list[Deed]:
    """Those of which nobody knows yet what became."""
    return [deed for deed in deeds if not deed.outcome and deed.kind not in _UNSENT]


def audit(
    world: World, rows: Sequence[JournalRow], by_hand: Sequence[tuple[Symbol, Decimal]], *, over: bool = True
) -> Found:
    """Hold the books against the journal. While it is not ``over``, what is open may be either way."""
    deeds = deeds_in(rows)
    found = Found(deeds=deeds)
    found.violations += _orders(world, deeds)
    found.violations += _cancelled(world, deeds)
    found.violations += _margin(world, deeds, by_hand)
    if over:
        found.violations += [f"I04 {deed.client_id} {deed.kind}: no outcome" for deed in open_deeds(deeds)]
    return found


def prefixes(rows: Sequence[JournalRow], marks: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Of every row that was seen committed at some moment: whether it is there, and the same."""
    for seq, hash_ in marks:
        if seq > len(rows):
            yield f"I24 row {seq} was committed and is lost: the journal ends at {len(rows)}"
        elif rows[seq - 1].hash != hash_:
            yield f"I24 row {seq} is another one than it was"


def _orders(world: World, deeds: Sequence[Deed]) -> Iterator[str]:
    """One order at most for each intent, none without one, and none where it was proven that none is."""
    known = {deed.client_id: deed for deed in deeds}
    placed: Counter[str] = Counter()
    for account in accounts():
        for order in world.view(account).orders.values():
            if order.parent is None and order.client_id.startswith(OUR_PREFIX):
                placed[order.client_id] += 1
                deed = known.get(_intent(order.client_id))
                if deed is None:
                    yield f"I03 {order.client_id}: an order without a committed intent"
                elif order.created_ms > deed.deadline_ms + _ON_ITS_WAY_MS:
                    yield f"F46 {order.client_id}: placed {order.created_ms - deed.deadline_ms} ms too late"
    yield from (f"I01 {name}: {count} orders" for name, count in placed.items() if count > 1)
    for deed in deeds:
        if deed.kind in _ORDERS and deed.outcome:
            there, done = deed.client_id in placed, deed.outcome == _DONE
            if there is not done and not _sliced(deed, placed):
                words = "is" if there else "is not"
                yield f"I04 {deed.client_id} {deed.kind}: {deed.outcome}, and {words} on the books"


def _cancelled(world: World, deeds: Sequence[Deed]) -> Iterator[str]:
    """A stop that was verified to be gone does not rest."""
    resting = {order.client_id for account in accounts() for order in world.view(account).open_orders}
    for deed in deeds:
        if deed.kind == "CancelStop" and deed.outcome == _DONE and deed.cancels in resting:
            yield f"I04 {deed.client_id} CancelStop: verified, and {deed.cancels} rests"


def _margin(world: World, deeds: Sequence[Deed], by_hand: Sequence[tuple[Symbol, Decimal]]) -> Iterator[str]:
    """Margin that moved is margin that was verified to have moved, as often and as much."""
    moved: Counter[tuple[str, Decimal]] = Counter(
        (str(move.id.symbol), move.amount.normalize())
        for account in accounts()
        for move in world.view(account).margin_moves
    )
    moved -= Counter((str(symbol), amount.normalize()) for symbol, amount in by_hand)
    verified: Counter[tuple[str, Decimal]] = Counter()
    undecided: Counter[tuple[str, Decimal]] = Counter()
    for deed in deeds:
        if deed.kind in _MARGIN and deed.amount is not None:
            counted = verified if deed.outcome == _DONE else undecided if not deed.outcome else None
            if counted is not None:
                counted[deed.symbol, _MARGIN[deed.kind] * deed.amount.normalize()] += 1
    for what, count in (moved - verified - undecided).items():
        yield f"I01 margin {what[0]} {what[1]}: {count} moved more than intents were verified"
    for what, count in (verified - moved).items():
        yield f"I04 margin {what[0]} {what[1]}: {count} verified that never moved"


def _intent(client_id: str) -> str:
    """The client id of the intent: a slice of an order has a number of its own behind it."""
    matched = re.match(r"hf-\d+-\d+", client_id)
    return matched.group() if matched else client_id


def _sliced(deed: Deed, placed: Counter[str]) -> bool:
    return deed.outcome == _DONE and any(_intent(name) == deed.client_id for name in placed)


def _deed(body: Any, epoch: int, outcome: tuple[int, str] | None) -> Deed:
    intent = body["intent"]
    return Deed(
        client_id=body["client_id"],
        kind=intent["type"],
        symbol=intent["id"]["symbol"],
        amount=Decimal(intent["amount"]) if "amount" in intent else None,
        epoch=epoch,
        deadline_ms=body["deadline_ms"],
        cancels=intent.get("client_id", ""),
        outcome=outcome[1] if outcome else "",
        resolved_in=outcome[0] if outcome else epoch,
    )
