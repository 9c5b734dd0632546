"""From steps to chained rows and back: the same for every journal, whatever it is kept in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, assert_never

from bot.core.codec import decode_decision, decode_fact, encode
from bot.core.decisions import Action, Decision, Refusal, StateChanged
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    BarClosed,
    Book,
    CarriedOver,
    Command,
    CommandKind,
    Deleveraged,
    Delivered,
    Fact,
    FundingPaid,
    FundingRate,
    InstrumentChanged,
    LastPrice,
    LinkChanged,
    Liquidated,
    LiquidationQuoted,
    MarkPrice,
    OpenInterest,
    OptionQuote,
    OrderEnded,
    OrdersChanged,
    Outcome,
    PositionChanged,
    ProcessChanged,
    StoodStill,
    Tick,
)
from bot.core.held.spot import SpotBalancesChanged
from bot.core.provenance import Provenance
from bot.core.step import Step
from bot.runtime.journal.port import JournalRow, Part
from bot.runtime.redaction import redact

OPENED = "Opened"
"""The kind of the note that every opening for writing begins with; its body holds the epoch."""

Labels = tuple[str | None, str | None, str | None]
"""Account, symbol and rule of a row, for the index."""


@dataclass(frozen=True, slots=True)
class Note:
    """A row about the run, before it is written."""

    kind: str
    body: Mapping[str, str]
    at_ms: int


Entry = Step | Note


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the next row follows ``seq`` and hashes ``hash``; ``step`` is the last step's."""

    seq: int = 0
    step: int = 0
    hash: str = blake2b(b"holdfast journal", digest_size=32).hexdigest()


Content = tuple[int, int, Part, str, int, str | None, str | None, str | None, str]
"""A row without its hash, in the order of the row."""


def chained(previous: str, content: Content) -> str:
    """The hash of a row: of the hash before it and of all that is in it.

    No label holds a control character and the body is escaped, so the parts cannot run into each other.
    """
    seq, step, part, kind, at_ms, account, symbol, rule, body = content
    text = (
        f"{previous}\x1f{seq}\x1f{step}\x1f{part}\x1f{kind}\x1f{at_ms}"
        f"\x1f{account or ''}\x1f{symbol or ''}\x1f{rule or ''}\x1f{body}"
    )
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=32).hexdigest()


def rows_after(head: Head, entries: Iterable[Entry]) -> tuple[list[JournalRow], Head]:
    """The rows that ``entries`` add to the chain, and where it ends then."""
    rows: list[JournalRow] = []
    seq, step, hash_ = head.seq, head.step, head.hash
    for entry in entries:
        number = 0
        if isinstance(entry, Step):
            number = step = step + 1
        for part, kind, body, labels in _contents(entry):
            seq += 1
            account, symbol, rule = labels
            content = (seq, number, part, kind, entry.at_ms, account, symbol, rule, body)
            hash_ = chained(hash_, content)
            rows.append(JournalRow(*content, hash_))
    return rows, Head(seq, step, hash_)


def _contents(entry: Entry) -> Iterator[tuple[Part, str, str, Labels]]:
    if isinstance(entry, Note):
        assert entry.kind.isidentifier(), f"note {entry.kind!r}, expected a word"
        yield Part.NOTE, entry.kind, json.dumps(dict(entry.body), sort_keys=True), _named()
        return
    for swallowed in entry.swallowed:
        yield Part.SWALLOWED, type(swallowed).__name__, encode(swallowed), labels_of(swallowed)
    for fact in entry.facts:
        yield Part.FACT, type(fact).__name__, encode(fact), labels_of(fact)
    for decision in entry.decisions:
        yield Part.DECISION, type(decision).__name__, encode(presentable(decision)), labels_of(decision)


def presentable(decision: Decision) -> Decision:
    """The decision as it is written: what a rule, or the error that ended it, says is free of secrets."""
    match decision:
        case StateChanged():
            because = redact(decision.because)
            return decision if because == decision.because else replace(decision, because=because)
        case Refusal():
            reason, text = redact(decision.reason), redact(decision.text)
            same = (reason, text) == (decision.reason, decision.text)
            return decision if same else replace(decision, reason=reason, text=text)
        case Action():
            reason = redact(decision.reason)
            return decision if reason == decision.reason else replace(decision, reason=reason)


def labels_of(noun: Fact | Decision) -> Labels:
    """Account, symbol and rule that a row can be found by; ``None`` where it concerns no particular one."""
    match noun:
        case Tick():
            return None, None, None
        case (
            MarkPrice() | LastPrice() | BarClosed() | FundingRate() | Book() | OpenInterest() | OptionQuote()
        ):
            return _named(symbol=noun.symbol)
        case (
            PositionChanged()
            | OrdersChanged()
            | OrderEnded()
            | Outcome()
            | FundingPaid()
            | Liquidated()
            | LiquidationQuoted()
            | Deleveraged()
            | Delivered()
        ):
            return _named(noun.id.account, noun.id.symbol)
        case Action() | Refusal():
            return _named(noun.id.account, noun.id.symbol, noun.rule)
        case StateChanged():
            return _subject(noun.subject)
        case BalanceChanged() | SpotBalancesChanged() | AccountRead() | LinkChanged():
            return _named(noun.account)
        case InstrumentChanged():
            return _named(symbol=noun.contract.symbol)
        case Command():
            if noun.kind is CommandKind.FLATTEN:
                return _named(noun.subject)
            kind = "position" if "/" in noun.subject else "rule"
            return _subject(f"{kind}:{noun.subject}")
        case CarriedOver() | Provenance() | StoodStill() | ProcessChanged():
            return None, None, None
        case _:
            assert_never(noun)


@lru_cache(maxsize=1_024)
def _named(account: str | None = None, symbol: str | None = None, rule: str | None = None) -> Labels:
    """Labels as they are stored: printable, because the chain parts them by control characters, or absent."""
    for label in (account, symbol, rule):
        assert label is None or label.isprintable(), f"{label!r} in the journal, expected a printable name"
    return account or None, symbol or None, rule or None


def _subject(subject: str) -> Labels:
    """The names in ``kind:name`` as decisions spell it: a rule, an account, or ``account/symbol/side``."""
    kind, _, name = subject.partition(":")
    if kind == "rule":
        return _named(rule=name)
    if kind in ("account", "flatten"):
        return _named(name)
    if kind == "contract":
        return _named(symbol=name)
    account, _, rest = name.partition("/")
    symbol, _, side = rest.rpartition("/")
    return _named(account, symbol) if symbol and side else _named()


def row_from(columns: Sequence[Any]) -> JournalRow:
    """A row as a table gives it, in the order of ``JournalRow``."""
    seq, step, part, kind, at_ms, account, symbol, rule, body, hash_ = columns
    return JournalRow(seq, step, Part(part), kind, at_ms, account, symbol, rule, body, hash_)


def steps_from(rows: Iterable[JournalRow]) -> Iterator[Step]:
    """The steps that whole groups of rows were written from; notes are passed over."""
    group: list[JournalRow] = []
    for row in rows:
        if row.part is Part.NOTE:
            continue
        if group and group[0].step != row.step:
            yield _step(group)
            group = []
        group.append(row)
    if group:
        yield _step(group)


def _step(rows: list[JournalRow]) -> Step:
    return Step(
        at_ms=rows[0].at_ms,
        swallowed=tuple(decode_fact(row.body) for row in rows if row.part is Part.SWALLOWED),
        facts=tuple(decode_fact(row.body) for row in rows if row.part is Part.FACT),
        decisions=tuple(decode_decision(row.body) for row in rows if row.part is Part.DECISION),
    )
