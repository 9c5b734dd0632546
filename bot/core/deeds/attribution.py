"""Where each change of a position came from: an action of ours, the exchange, or somebody else.

Actions tell it by their outcomes, the exchange by what it settled, took over or delivered. What neither of
them explains was done by hand or by another program. That is taken as it is, and gets a row of its own, so
that the journal explains every change.

Change and explanation come in either order: a private stream may be ahead of a reading, funding is asked for
after it was paid. So both are added up, and compared once they have had time to meet. Only facts change what
is added up; a ``Tick`` that finds nothing leaves no trace, because nobody writes it down.

No decision waits for any of it. So facts are only kept as they come, and added up in their order once a
``Tick`` asks what they come to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.amounts import contract_of
from bot.core.decisions import StateChanged
from bot.core.deeds.history import Entry
from bot.core.deeds.ledger import Ledger
from bot.core.facts import (
    MET,
    AccountRead,
    Deleveraged,
    Delivered,
    FundingPaid,
    Liquidated,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.held.pairs import hedge_id
from bot.core.intents import (
    AddMargin,
    CloseHedge,
    CutLeverage,
    Intent,
    OpenHedge,
    ReducePosition,
    WithdrawMargin,
)
from bot.core.types import ZERO, AccountName, MarginMode, Position, PositionId

GRACE_MS = 20_000
"""How long the explanation of a change may take: a stop that was met is looked up for ten seconds."""
MARGIN_GRACE_MS = 120_000
"""The same for margin, which funding may have changed: exchanges book that up to a minute late."""
PATIENCE = 5
"""After so many times of grace it is judged although there are new changes all the time."""
NOTICED = Decimal("0.001")
"""Margin that changed by no more than this fraction of itself was rounded."""
SOMEBODY = "not by this bot: by you, or another program"


class _Heard(NamedTuple):
    """A fact, and what it met: the position as it was before, or the intent whose outcome it is."""

    fact: AccountRead | PositionChanged | FundingPaid | Outcome | Liquidated | Deleveraged | Delivered
    before: Position | None
    entry: Entry | None


@dataclass(slots=True, eq=False)
class _Tally:
    """What changed of one position, and what explains it."""

    first_ms: int
    last_ms: int
    changed: bool = False
    before: Position | None = None
    after: Position | None = None
    explained: Decimal = ZERO
    """By how much trades or additions that were told changed it."""
    funding: Decimal = ZERO
    delivered: bool = False
    cut: bool = False
    """Whether an action changed the leverage, and with it, maybe, the margin."""
    told: bool = False
    quiet: bool = False
    """Whether it was judged and nothing has come since: to be asked no more. A mere saving of time."""

    def due(self, at_ms: int, grace_ms: int) -> bool:
        """Whether explanations have had their time."""
        return at_ms - self.last_ms >= grace_ms or at_ms - self.first_ms >= PATIENCE * grace_ms


class Attribution:
    """Compares what changed with what is explained. It is told both and judges when time passes."""

    def __init__(self, ledger: Ledger) -> None:
        """``ledger`` knows what is on its way."""
        self._ledger = ledger
        self._sizes: dict[PositionId, _Tally] = {}
        self._margins: dict[PositionId, _Tally] = {}
        self._known_ms: dict[AccountName, int] = {}
        """When an account was first told of as a whole: what is there then is adopted as it is."""
        self._heard: list[_Heard] = []
        """What is not added up yet: all that was heard since the last ``Tick``."""

    def changed(self, fact: PositionChanged, before: Position | None) -> None:
        """A position is another one than it was ``before``."""
        self._heard.append(_Heard(fact, before, None))

    def outcome(self, fact: Outcome, entry: Entry | None) -> None:
        """What became of an action, or of an order of ours that rested."""
        self._heard.append(_Heard(fact, None, entry))

    def hear(self, fact: AccountRead | FundingPaid | Liquidated | Deleveraged | Delivered) -> None:
        """An account has been told as a whole, or the exchange closed or settled something by itself."""
        self._heard.append(_Heard(fact, None, None))

    def judge(self, at_ms: int) -> Iterator[StateChanged]:
        """What nobody has explained by now."""
        for heard in self._heard:
            self._add(heard)
        self._heard.clear()
        yield from self._judge(self._sizes, GRACE_MS, _of_size, at_ms)
        yield from self._judge(self._margins, MARGIN_GRACE_MS, _of_margin, at_ms)

    # -- inside -------------------------------------------------------------------------------------

    def _judge(
        self, tallies: dict[PositionId, _Tally], grace_ms: int, words: Words, at_ms: int
    ) -> Iterator[StateChanged]:
        for id_, tally in tallies.items():
            if tally.told or tally.quiet or not tally.due(at_ms, grace_ms) or any(self._under_way(id_)):
                continue
            rows = list(words(id_, tally, at_ms))
            tally.told, tally.quiet = bool(rows), not rows
            yield from rows

    def _add(self, heard: _Heard) -> None:
        fact = heard.fact
        match fact:
            case AccountRead():
                self._known_ms.setdefault(fact.account, fact.at_ms)
            case PositionChanged():
                self._add_change(fact, heard.before)
            case Outcome():
                self._add_outcome(fact, heard.entry)
            case FundingPaid():
                # Some exchanges book it into the margin, others into the wallet.
                self._margin(fact.id, fact.at_ms).funding += fact.amount
            case Delivered():
                self._size(fact.id, fact.at_ms).delivered = True
            case Liquidated() | Deleveraged():
                self._size(fact.id, fact.at_ms).explained -= fact.quantity

    def _add_change(self, fact: PositionChanged, before: Position | None) -> None:
        id_, after, at_ms = fact.id, fact.position, fact.at_ms
        if before == after or at_ms <= self._known_ms.get(id_.account, at_ms):
            return
        for tally in (self._size(id_, at_ms), self._margin(id_, at_ms)):
            if not tally.changed:
                tally.changed, tally.before, tally.first_ms = True, before, at_ms
            tally.after, tally.last_ms = after, at_ms

    def _add_outcome(self, fact: Outcome, entry: Entry | None) -> None:
        if fact.kind is not OutcomeKind.VERIFIED:
            return
        traded = sum((fill.quantity for fill in fact.fills), ZERO)
        if fact.proof == MET:
            self._size(fact.id, fact.at_ms).explained -= traded
        elif entry is not None:
            self._add_action(entry.action.intent, traded, fact.at_ms)

    def _size(self, id_: PositionId, at_ms: int) -> _Tally:
        return self._tally(self._sizes, id_, GRACE_MS, _of_size, at_ms)

    def _margin(self, id_: PositionId, at_ms: int) -> _Tally:
        return self._tally(self._margins, id_, MARGIN_GRACE_MS, _of_margin, at_ms)

    def _tally(
        self, tallies: dict[PositionId, _Tally], id_: PositionId, grace_ms: int, words: Words, at_ms: int
    ) -> _Tally:
        """The tally of a position; a new one where the last has been told, or has long been explained."""
        tally = tallies.get(id_)
        if tally is None or tally.told or (tally.due(at_ms, grace_ms) and not any(words(id_, tally, at_ms))):
            tally = tallies[id_] = _Tally(at_ms, at_ms)
        tally.quiet = False
        return tally

    def _add_action(self, intent: Intent, traded: Decimal, at_ms: int) -> None:
        match intent:
            case OpenHedge(id=id_, symbol=symbol):
                self._size(hedge_id(id_, symbol), at_ms).explained += traded
            case CloseHedge(id=id_, symbol=symbol):
                self._size(hedge_id(id_, symbol), at_ms).explained -= traded
            case ReducePosition(id=id_):
                self._size(id_, at_ms).explained -= traded
            case AddMargin(id=id_, amount=amount):
                self._margin(id_, at_ms).explained += amount
            case WithdrawMargin(id=id_, amount=amount):
                self._margin(id_, at_ms).explained -= amount
            case CutLeverage(id=id_):
                self._size(id_, at_ms).cut = self._margin(id_, at_ms).cut = True
            case _:
                pass

    def _under_way(self, id_: PositionId) -> Iterator[Intent]:
        """The actions on their way that change the position."""
        for entry in self._ledger.entries.values():
            intent = entry.action.intent
            hedges = isinstance(intent, OpenHedge | CloseHedge)
            if id_ == (hedge_id(intent.id, contract_of(intent)) if hedges else intent.id):
                yield intent


Words = Callable[[PositionId, _Tally, int], Iterator[StateChanged]]
"""What of a tally nobody has explained, in rows."""


def _of_size(id_: PositionId, tally: _Tally, at_ms: int) -> Iterator[StateChanged]:
    """Of quantity, leverage and margin mode. Trades may have been told more than once."""
    before, after = tally.before, tally.after
    changed = _quantity(after) - _quantity(before)
    left = changed - tally.explained
    if left * changed > 0 and not tally.delivered:
        verb = "added" if left > 0 else "closed"
        because = f"{_plain(abs(left))} was {verb}, and {SOMEBODY}"
        yield _row(id_, _held(before), _held(after), because, at_ms)
    if before is None or after is None:
        return
    if before.mode is not after.mode:
        because = f"the margin mode was changed, and {SOMEBODY}"
        yield _row(id_, before.mode, after.mode, because, at_ms)
    if before.leverage != after.leverage and not tally.cut:
        was, now = (f"leverage {_plain(each.leverage)}" for each in (before, after))
        yield _row(id_, was, now, f"it was changed, and {SOMEBODY}", at_ms)


def _of_margin(id_: PositionId, tally: _Tally, at_ms: int) -> Iterator[StateChanged]:
    """Of isolated margin; nothing where a changed quantity or leverage took margin with it."""
    before, after = tally.before, tally.after
    if before is None or after is None or before.quantity != after.quantity or tally.cut:
        return
    if MarginMode.CROSS in (before.mode, after.mode):
        return
    left = after.margin - before.margin - tally.explained
    left = min(left, left - tally.funding, key=abs)
    if abs(left) <= NOTICED * abs(before.margin):
        return
    verb = "added" if left > 0 else "taken out"
    was, now = (f"margin {_plain(each.margin)}" for each in (before, after))
    yield _row(id_, was, now, f"{_plain(abs(left))} was {verb}, and {SOMEBODY}", at_ms)


def _row(id_: PositionId, was: str, now: str, because: str, at_ms: int) -> StateChanged:
    return StateChanged(at_ms=at_ms, subject=f"position:{id_}", was=was, now=now, because=because)


def _quantity(position: Position | None) -> Decimal:
    return ZERO if position is None else position.quantity


def _held(position: Position | None) -> str:
    return "not held" if position is None else f"{_plain(position.quantity)} held"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
