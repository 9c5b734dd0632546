"""What one run hands to the next: everything the core remembers that no reading of the exchange brings back.

Positions, orders and balances are read anew at the start. What was spent, how often a rule acted, what is on
its way without an answer, which positions are hedges of ours and who ordered a halt is nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.core.decisions import Action
from bot.core.held.equity import DrawdownRecord
from bot.core.held.losses import Losses
from bot.core.held.lots import NO_LOT, Lot
from bot.core.held.pairs import Hedge
from bot.core.intents import Intent, SetPosture
from bot.core.types import AccountName, ClientId, Position, PositionId, RuleName


class Life(StrEnum):
    """Where an intent is in its life."""

    PREPARED = "prepared"
    SENT = "sent"
    ACKED = "acked"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    REJECTED = "rejected"
    NOT_APPLIED = "not_applied"
    VERIFIED = "verified"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """An intent without a proven outcome, as the ledger holds it (``ledger.Entry``)."""

    action: Action
    before: Position | None
    follow_up: bool
    currency: str
    promised: Decimal
    life: Life
    code: str
    proof: str
    filled: Decimal
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A rule's last intent on a position, the position it met, and how often the same two met in a row."""

    intent: Intent
    position: Position | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRecord:
    """What one rule did on one position."""

    rule: RuleName
    times_acted: int
    last_acted_ms: int | None
    last_failed_ms: int | None
    latched: bool
    unfilled: int
    repeated: Repeated | None
    said: Action | None
    posture: SetPosture | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRecord:
    """What was done for one position (``ledger.History``)."""

    id: PositionId
    lot_ms: int
    actions_in_lot: int
    margin_in_lot: Decimal
    hedge_margin_in_lot: Decimal
    margin_in_streak: Decimal
    margin_added_ms: int | None
    last_action: Action | None
    losses: Losses
    withdrawn_in_lot: Decimal
    funding_in_lot: Decimal
    lot: Lot = NO_LOT
    rules: tuple[RuleRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingRecord:
    """What one account has spent on margin in one settlement currency."""

    account: AccountName
    currency: str
    margin: Decimal
    day: int
    margin_in_day: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """What a person ordered of an account, and when it acted in the last hour."""

    account: AccountName
    halted: bool
    reducing: bool
    flattening: str | None
    paused_until_ms: int
    strangers: tuple[str, ...]
    acted_ms: tuple[int, ...]
    day: int
    acted_in_day: int
    """How often it acted on ``day``, the last on which it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStop:
    """Which rule placed a resting stop."""

    client_id: ClientId
    rule: RuleName


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeOnItsWay:
    """A hedge that is being opened or enlarged, and may yet be filled."""

    client_id: ClientId
    id: PositionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A rule or a position that a person paused, by its name."""

    subject: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolExit:
    """When a rule last closed something of a cross pool."""

    account: AccountName
    currency: str
    rule: RuleName
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """All of it. Everything is in a stated order, so that the same memory is the same text."""

    positions: tuple[PositionRecord, ...] = ()
    open_intents: tuple[OpenIntent, ...] = ()
    spending: tuple[SpendingRecord, ...] = ()
    accounts: tuple[AccountRecord, ...] = ()
    stops: tuple[PlacedStop, ...] = ()
    hedges: tuple[Hedge, ...] = ()
    openings: tuple[HedgeOnItsWay, ...] = ()
    pauses: tuple[Pause, ...] = ()
    exits: tuple[PoolExit, ...] = ()
    drawdowns: tuple[DrawdownRecord, ...] = ()
