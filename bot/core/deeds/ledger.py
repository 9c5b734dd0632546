"""The life of every intent, and what it has cost so far.

PREPARED -> SENT -> ACKED | REJECTED | UNKNOWN -> APPLIED | NOT_APPLIED -> VERIFIED. Only a proof closes an
intent; an exception or a silence never does; what nothing can prove any more is given up, which is no proof.
An intent in flight counts as not applied for safety and as applied for balance and budgets.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.decisions import Action
from bot.core.deeds.acted import Acted, Spending
from bot.core.deeds.history import Entry, History
from bot.core.deeds.lives import NEXT
from bot.core.facts import Outcome
from bot.core.held.carried import Life
from bot.core.intents import (
    AddMargin,
    CutLeverage,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    ReducePosition,
    SetPosture,
    WithdrawMargin,
)
from bot.core.provenance import origin_of
from bot.core.settings import DAY_MS, RESERVED_NAMES, SEATBELT, Limits
from bot.core.types import (
    OUR_PREFIX,
    ZERO,
    AccountName,
    ClientId,
    MarginMode,
    Position,
    PositionId,
    RuleName,
)

# Tuples rather than unions: a union in the call would be built anew at every action.
_UNSENT = (Notify, SetPosture)
_STOPS = (PlaceStop, MoveStop)
_FEEDING = (AddMargin, CutLeverage)


class Ledger:
    """Intents by client id, histories by position, and all counters that budgets need."""

    def __init__(self, limits: Limits, epoch: int) -> None:
        """Start empty; ``epoch`` is part of every client id."""
        self.limits = limits
        self._epoch = epoch
        self._sequence = 0
        self.entries: dict[ClientId, Entry] = {}
        """What has no proven outcome, in the order it was prepared."""
        self.histories: dict[PositionId, History] = {}
        self.spendings: dict[tuple[AccountName, str], Spending] = {}
        self.acts: dict[AccountName, Acted] = {}
        self.exits: dict[tuple[AccountName, str, RuleName], int] = {}
        """When each rule last closed something of the cross pool of a settlement currency."""
        self.rule_of_stop: dict[str, RuleName] = {}
        self.given: dict[int, int] | None = None
        """How many ids each earlier epoch gave; ``None`` where nobody said, and all of them may be ours."""

    def next_client_id(self) -> ClientId:
        """A client id nobody used before; it carries the journal's epoch."""
        self._sequence += 1
        return ClientId(f"{OUR_PREFIX}{self._epoch}-{self._sequence}")

    def stranger(self, client_id: str) -> str | None:
        """Why an order with our prefix cannot be of this journal; ``None`` if it may be, or has no prefix.

        Client ids carry the epoch they were made in, so an order from an epoch to come or unheard of, or with
        a number that was not given, shows that the journal was lost or is an old copy, or that another bot
        uses this account.
        """
        if not client_id.startswith(OUR_PREFIX):
            return None
        origin = origin_of(client_id)
        if origin is None:
            return "no bot of this kind gives such ids"
        epoch, number = origin
        if epoch > self._epoch:
            return f"it is of epoch {epoch}, the journal is in epoch {self._epoch}"
        if epoch == self._epoch:
            count = self._sequence
        elif self.given is None:
            return None
        elif (known := self.given.get(epoch)) is None:
            return f"the journal knows of no id of epoch {epoch}"
        else:
            count = known
        return f"epoch {epoch} has given {count} ids so far" if number > count else None

    def history(self, id_: PositionId) -> History:
        """What was done for a position."""
        history = self.histories.get(id_)
        if history is None:
            history = self.histories[id_] = History()
        return history

    def spending(self, account: AccountName, currency: str) -> Spending:
        """What an account spent of one settlement currency."""
        key = account, currency
        spending = self.spendings.get(key)
        if spending is None:
            spending = self.spendings[key] = Spending()
        return spending

    def under_way(self, account: AccountName) -> bool:
        """Whether anything sent for an account has no proven outcome yet."""
        return any(e.action.intent.id.account == account for e in self.entries.values())

    def overdue(self, now_ms: int) -> list[Entry]:
        """Unanswered intents whose deadline has passed: from now on they are unknown, never assumed."""
        late = [
            entry for entry in self.entries.values() if now_ms > entry.action.deadline_ms and entry.awaited
        ]
        for entry in late:
            entry.life = Life.UNKNOWN
        return late

    def reserved(self, account: AccountName, currency: str) -> Decimal:
        """Balance of one settlement currency promised to what is in flight."""
        return sum(
            (
                e.promised
                for e in self.entries.values()
                if e.currency == currency and e.action.intent.id.account == account
            ),
            ZERO,
        )

    def openings(self, account: AccountName) -> list[OpenHedge]:
        """The hedges of an account that are on their way."""
        intents = [e.action.intent for e in self.entries.values()]
        return [i for i in intents if isinstance(i, OpenHedge) and i.id.account == account]

    def prepare(
        self, action: Action, before: Position | None, currency: str, promised: Decimal, *, follow_up: bool
    ) -> None:
        """Enter an action that is about to be sent; from here on it counts for balance and budgets.

        ``currency`` is what the position settles in, and so the money the action spends; ``promised`` is how
        much of the free balance it will take.
        """
        intent = action.intent
        history = self.history(intent.id)
        history.last_action = action
        if isinstance(intent, _UNSENT):
            history.said[action.rule] = action
            history.times_acted[action.rule] = history.times_acted.get(action.rule, 0) + 1
            return
        history.last_acted_ms[action.rule] = action.at_ms
        if isinstance(intent, ReducePosition) and before is not None and before.mode is MarginMode.CROSS:
            self.exits[action.id.account, currency, action.rule] = action.at_ms
        entry = Entry(action, before, follow_up, currency, promised)
        history.in_flight = entry
        self.entries[action.client_id] = entry
        if isinstance(intent, _STOPS):
            self.rule_of_stop[action.client_id] = action.rule
        if not follow_up:
            self.count(entry, history)

    def count(self, entry: Entry, history: History) -> None:
        """Add an action to all counters: once, and before anything can come of it."""
        action, before, draws = entry.action, entry.before, _drawn(entry)
        intent, now_ms = action.intent, action.at_ms
        history.times_acted[action.rule] = history.times_acted.get(action.rule, 0) + 1
        last = history.equal.get(action.rule)
        repeats = last[2] if last is not None and last[:2] == (intent, before) else 0
        history.equal[action.rule] = (intent, before, repeats + 1)
        if repeats + 1 >= self.limits.equal_actions and action.rule not in RESERVED_NAMES:
            history.latched.add(action.rule)
        account = intent.id.account
        if not isinstance(intent, ReducePosition):
            self.acted(account).note(now_ms)
            history.actions_in_lot += 1
        if isinstance(intent, WithdrawMargin):
            history.withdrawn_in_lot += intent.amount
        if isinstance(intent, OpenHedge):
            history.hedge_margin_in_lot += entry.promised
        if draws:
            spending = self.spending(account, entry.currency)
            history.margin_in_streak = self.streak_margin(intent.id, now_ms) + draws
            history.margin_added_ms = now_ms
            history.margin_in_lot += draws
            spending.margin += draws
            spending.margin_in_day = self.day_margin(account, entry.currency, now_ms) + draws
            spending.day = now_ms // DAY_MS

    def outcome(self, fact: Outcome) -> Entry | None:
        """Attach an outcome to its intent. ``None`` where it changes nothing: late, repeated or foreign."""
        entry = self.entries.get(fact.client_id)
        if entry is None:
            return None
        life, allowed = NEXT[fact.kind]
        if entry.life not in allowed:
            return None
        entry.life, entry.code, entry.proof = life, fact.code, fact.proof
        for fill in fact.fills:
            entry.filled += fill.quantity
        if entry.closed:
            self._close(entry)
        return entry

    def reset(self, rule: RuleName | None) -> None:
        """Release the latches of one rule, or of all: a person has looked."""
        for history in self.histories.values():
            released = set(history.latched) if rule is None else {rule}
            if rule in (None, SEATBELT):
                history.forget_stops()
            history.latched -= released
            for name in released:
                history.equal.pop(name, None)

    def forget_lot(self, id_: PositionId, entered: Decimal) -> None:
        """The position, entered at that price, is gone: nothing holds its next lot up.

        What was in flight costs until proven.
        """
        history = self.history(id_)
        history.in_flight = None
        history.gone_lot(entered)
        for entry in self.entries.values():
            if entry.action.intent.id == id_:
                entry.gone = True

    def keep_stops(self, alive: set[str], mine: set[str]) -> None:
        """Forget which rule placed the stops in ``mine`` that are no longer in ``alive``."""
        for client_id in mine - alive:
            self.rule_of_stop.pop(client_id, None)

    def streak_margin(self, id_: PositionId, now_ms: int) -> Decimal:
        """Margin added in the present streak; a long enough pause ends it."""
        history = self.history(id_)
        last = history.margin_added_ms
        if last is None or now_ms - last >= self.limits.streak_gap_ms:
            return ZERO
        return history.margin_in_streak

    def day_margin(self, account: AccountName, currency: str, now_ms: int) -> Decimal:
        """Margin added on the present UTC day, in one settlement currency."""
        spending = self.spending(account, currency)
        return spending.margin_in_day if spending.day == now_ms // DAY_MS else ZERO

    def acted(self, account: AccountName) -> Acted:
        """When an account acted."""
        acted = self.acts.get(account)
        if acted is None:
            acted = self.acts[account] = Acted()
        return acted

    def _close(self, entry: Entry) -> None:
        id_ = entry.action.intent.id
        del self.entries[entry.action.client_id]
        history = self.history(id_)
        if history.in_flight is entry:
            history.in_flight = None
            # An exit may have gone while another intent was unknown: that one holds the position again.
            for other in self.entries.values():
                if other.action.intent.id == id_ and not other.gone:
                    history.in_flight = other
        if isinstance(entry.action.intent, _STOPS) and entry.action.rule == SEATBELT and not entry.gone:
            history.losses = history.losses.answered(taken=not entry.failed)
        if isinstance(entry.action.intent, ReducePosition) and not entry.failed:
            _note_fill(entry, entry.action.intent, history)
        if isinstance(entry.action.intent, OpenHedge) and entry.life is Life.VERIFIED:
            _note_opened(entry, entry.action.intent, history)
        if entry.failed:
            history.last_failed_ms[entry.action.rule] = entry.action.at_ms
            self.rule_of_stop.pop(entry.action.client_id, None)
            if not entry.follow_up:
                self._take_back(entry, history)

    def _take_back(self, entry: Entry, history: History) -> None:
        """Return what a failed action had taken, to the lot and the day it was taken from."""
        action, draws = entry.action, _drawn(entry)
        same_lot = history.concerns(entry)
        if same_lot:
            history.times_acted[action.rule] -= 1
        if same_lot and isinstance(action.intent, WithdrawMargin):
            history.withdrawn_in_lot -= action.intent.amount
        if same_lot and isinstance(action.intent, OpenHedge):
            history.hedge_margin_in_lot -= entry.promised
        if draws:
            spending = self.spending(action.id.account, entry.currency)
            spending.margin -= draws
            if spending.day == action.at_ms // DAY_MS:
                spending.margin_in_day -= draws
            history.margin_in_streak -= draws
            if same_lot:
                history.margin_in_lot -= draws


def _note_fill(entry: Entry, intent: ReducePosition, history: History) -> None:
    """Whether a reduction was done whole. One that traded nothing at its bound was no act of its rule."""
    rule = entry.action.rule
    if intent.limit is None or entry.filled >= intent.quantity:
        history.unfilled.pop(rule, None)
        return
    history.unfilled[rule] = history.unfilled.get(rule, 0) + 1
    if not entry.traded and history.concerns(entry):
        history.times_acted[rule] -= 1


def _note_opened(entry: Entry, intent: OpenHedge, history: History) -> None:
    """What of a hedge did not trade locks nothing."""
    if entry.filled < intent.quantity and history.concerns(entry):
        history.hedge_margin_in_lot -= entry.promised * (1 - entry.filled / intent.quantity)


def _drawn(entry: Entry) -> Decimal:
    """What budgets count: margin put behind a position, however. What a hedge locks is its campaign's."""
    return entry.promised if isinstance(entry.action.intent, _FEEDING) else ZERO
