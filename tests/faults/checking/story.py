"""The evidence of one run, put together once: which request was for which action, and what was said of it.

Everything is at the lab's clock. An action is found again at the exchange by its client id where it has one;
margin and leverage have none, so theirs are found by what they ask for. No judgement is made here.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.codec import decode_decision, decode_fact
from bot.core.decisions import Action, Decision
from bot.core.facts import Fact, Outcome, OutcomeKind
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CutLeverage,
    Intent,
    Notify,
    OpenHedge,
    SellOption,
    SetPosture,
    TransferCollateral,
    WithdrawMargin,
)
from bot.core.types import OUR_PREFIX, Symbol
from bot.runtime.journal import JournalRow, Part
from tests.faults.evidence import Asked, Effect, Evidence, Run, Who

OPENED = "Opened"
PROVEN = frozenset({OutcomeKind.REJECTED, OutcomeKind.NOT_APPLIED, OutcomeKind.VERIFIED})
"""What says of an intent what became of it."""
CLOSED = PROVEN | {OutcomeKind.GIVEN_UP}
"""What closes an intent: a proof, or that there will be none."""
FAILED = frozenset({OutcomeKind.REJECTED, OutcomeKind.NOT_APPLIED})
UNSENT = (Notify, SetPosture)
WITHOUT_ID = (AddMargin, WithdrawMargin, CutLeverage, CancelStop, TransferCollateral, BuyOption, SellOption)
"""What is not found at the exchange by a client id of its own."""
CLOCKS_MS = 1_500
"""By so much a time that the exchange gave may be ahead of the lab's."""
_PARTS_OF_AN_ID = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the journal that can be read: what it says, and when it was written by the lab's clock."""

    seq: int
    step: int
    epoch: int
    at_ms: int
    part: Part
    noun: Fact | Decision
    offset_ms: int

    def lab(self, at_ms: int) -> int:
        """A time of the bot's clock, at the lab's."""
        return at_ms - self.offset_ms


@dataclass(frozen=True, slots=True, eq=False)
class Deed:
    """One action, with all that was asked and answered for it. ``outcomes`` are those the journal has."""

    action: Action
    line: Line
    requests: list[Asked] = field(default_factory=list)
    """What left for it, cancelling aside."""
    outcomes: list[tuple[Line, Outcome]] = field(default_factory=list)

    @property
    def intent(self) -> Intent:
        """What was to be done."""
        return self.action.intent

    @property
    def proven(self) -> tuple[Line, Outcome] | None:
        """The first outcome that says what became of it."""
        return next(((line, o) for line, o in self.outcomes if o.kind in PROVEN), None)

    @property
    def closed(self) -> tuple[Line, Outcome] | None:
        """The first outcome after which nobody looks for it."""
        return next(((line, o) for line, o in self.outcomes if o.kind in CLOSED), None)


@dataclass(frozen=True, slots=True)
class Story:
    """One run as a whole."""

    evidence: Evidence
    lines: tuple[Line, ...]
    deeds: tuple[Deed, ...]
    deed_of: Mapping[int, Deed]
    """By the number of a request."""
    effects_of: Mapping[int, tuple[Effect, ...]]
    """By the number of the request that caused them."""
    offset_ms: Mapping[int, int]
    """By epoch: how far the bot's clock was ahead."""

    def of(self, kind: type[object]) -> Iterator[Line]:
        """The lines that hold a fact or a decision of one kind."""
        return (line for line in self.lines if isinstance(line.noun, kind))

    def asked(self, number: int | None) -> Asked | None:
        """A request by its number."""
        return next((each for each in self.evidence.requests if each.number == number), None)

    def ours(self) -> Iterator[Effect]:
        """What the bot brought about."""
        return (effect for effect in self.evidence.effects if effect.cause.who is Who.BOT)

    def deed_behind(self, effect: Effect) -> Deed | None:
        """The action that brought something about."""
        return None if effect.cause.request is None else self.deed_of.get(effect.cause.request)


def story_of(evidence: Evidence) -> Story:
    """Put the evidence together."""
    offset_ms = {run.epoch: run.offset_ms for run in evidence.runs if run.epoch}
    lines = tuple(_lines(evidence, offset_ms))
    deeds: dict[str, Deed] = {
        line.noun.client_id: Deed(line.noun, line)
        for line in lines
        if isinstance(line.noun, Action) and not isinstance(line.noun.intent, UNSENT)
    }
    for line in lines:
        if isinstance(line.noun, Outcome) and line.noun.client_id in deeds:
            deeds[line.noun.client_id].outcomes.append((line, line.noun))
    deed_of: dict[int, Deed] = {}
    for asked in evidence.requests:
        deed = _deed_for(asked, list(deeds.values()), deeds)
        if deed is not None:
            deed_of[asked.number] = deed
            deed.requests.append(asked)
    effects_of: dict[int, list[Effect]] = defaultdict(list)
    for effect in evidence.effects:
        if effect.cause.request is not None:
            effects_of[effect.cause.request].append(effect)
    return Story(
        evidence=evidence,
        lines=lines,
        deeds=tuple(deeds.values()),
        deed_of=deed_of,
        effects_of={number: tuple(effects) for number, effects in effects_of.items()},
        offset_ms=offset_ms,
    )


def action_id(client_id: str) -> str:
    """The id of the action an order belongs to: all slices of one reduction carry it."""
    return "-".join(client_id.split("-")[:_PARTS_OF_AN_ID])


def is_ours(client_id: str) -> bool:
    """Whether an order carries our mark."""
    return client_id.startswith(OUR_PREFIX)


def venue_name(symbol: Symbol) -> str:
    """What Binance calls a contract: ``BTC/USDT:USDT-261225`` is ``BTCUSDT_261225``."""
    pair, _, rest = symbol.partition(":")
    expiry = rest.partition("-")[2]
    return pair.replace("/", "") + (f"_{expiry}" if expiry else "")


def run_at(evidence: Evidence, at_ms: int) -> Run | None:
    """The run that guarded at a moment."""
    for run in evidence.runs:
        if run.guarding_ms is not None and run.guarding_ms <= at_ms < run.ended_ms:
            return run
    return None


def _lines(evidence: Evidence, offset_ms: Mapping[int, int]) -> Iterator[Line]:
    """The rows as they were written: a step bears the time of its fact, which may come late."""
    epoch = 0
    ends = [seq for seq, _ in evidence.committed]
    for row in evidence.rows:
        if row.part is Part.NOTE:
            epoch = int(json.loads(row.body)["epoch"]) if row.kind == OPENED else epoch
            continue
        decode = decode_decision if row.part is Part.DECISION else decode_fact
        offset = offset_ms.get(epoch, 0)
        yield Line(
            seq=row.seq,
            step=row.step,
            epoch=epoch,
            at_ms=_written_ms(evidence, ends, row, row.at_ms - offset),
            part=row.part,
            noun=decode(row.body),
            offset_ms=offset,
        )


def _written_ms(evidence: Evidence, ends: list[int], row: JournalRow, otherwise_ms: int) -> int:
    """When the commit that holds a row returned; its own time where no commit is known to have held it."""
    commit = bisect_left(ends, row.seq)
    known = commit < len(evidence.committed_ms)
    return evidence.committed_ms[commit] if known else otherwise_ms


def _deed_for(asked: Asked, deeds: list[Deed], by_id: Mapping[str, Deed]) -> Deed | None:
    if not asked.writes or asked.method == "DELETE":
        return None
    if is_ours(asked.client_id):
        return by_id.get(action_id(asked.client_id))
    fitting = [deed for deed in deeds if _fits(deed, asked)]
    free = [deed for deed in fitting if not any(each.path == asked.path for each in deed.requests)]
    free = [deed for deed in free if deed.line.seq <= asked.committed] or free
    # A second request for what was asked once already belongs to the same action: that is what is looked for.
    return next(reversed(free or fitting), None)


def _fits(deed: Deed, asked: Asked) -> bool:
    """Whether a request without a client id may be for an action."""
    if deed.line.epoch != asked.epoch or deed.line.at_ms > asked.sent_ms + CLOCKS_MS:
        return False
    intent, params = deed.intent, asked.params
    if "positionMargin" in asked.path:
        return (
            isinstance(intent, AddMargin | WithdrawMargin)
            and params.get("symbol") == venue_name(intent.id.symbol)
            and Decimal(params["amount"]) == abs(intent.amount)
        )
    if isinstance(intent, CutLeverage):
        return "leverage" in asked.path and params.get("symbol") == venue_name(intent.id.symbol)
    if isinstance(intent, OpenHedge):
        setting = "leverage" in asked.path or "marginType" in asked.path
        return setting and params.get("symbol") == venue_name(intent.symbol)
    return False
