"""Decisions: what the core answers to facts. Doing nothing is one too, and is recorded with its reason.

Only the guard makes an ``Action``; only an ``Action`` can be executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.core.intents import Intent, Level
from bot.core.types import ClientId, PositionId, RuleName


class Because(StrEnum):
    """Why the guard refused: one word per question it asks, in the order it asks them."""

    STALE = "stale"
    """The mark price or the account is older than allowed."""
    STATE = "state"
    """The bot is recovering, blind, halted or lost its rights."""
    PAUSED = "paused"
    SHADOW = "shadow"
    """The rule runs in shadow: it decides and nothing is sent."""
    IN_FLIGHT = "in_flight"
    """Another intent on this position has not been resolved yet."""
    CAPABILITY = "capability"
    """The venue cannot do this here."""
    COOLDOWN = "cooldown"
    RATE = "rate"
    """Too many actions: in the last hour, on this day, or in the life of the position."""
    BUDGET = "budget"
    """A budget of the position, its campaign, a streak, the day or the account is used up."""
    THROTTLED = "throttled"
    """Equal actions repeated without effect; latched until a person resets it."""
    BALANCE = "balance"
    """Not enough free balance above the reserve."""
    MINIMUM = "minimum"
    """Below what the venue accepts."""
    POSTURE = "posture"
    NOT_SAFER = "not_safer"
    """The yardstick of this kind of intent says it would not come out safer."""
    WRONG_SIDE = "wrong_side"
    """A stop that is not between mark and liquidation."""
    PAIRED = "paired"
    """A stop on one leg alone of a pair that is hedged whole."""
    UNWANTED = "unwanted"
    """The trader cancelled our stops on this position: it is his will that none rests."""
    FOREIGN = "foreign"
    """The trader holds a position of his own where the hedge would be."""
    EXPIRY = "expiry"
    """Too near to delivery to be opened."""
    BASIS = "basis"
    """The price of the hedge is beyond its limit."""
    DEPTH = "depth"
    """Too little rests in the book, or nobody knows how much."""
    NO_POSITION = "no_position"
    VENUE = "venue"
    """The venue answered with a definitive code; see the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An intent the guard let through, with all that a later reader needs to judge it.

    ``distance_before`` and ``distance_after`` are |mark - liquidation| / mark on the state before, and on
    the state projected after the intent. ``deadline_ms`` is when an unanswered send becomes readable truth.
    """

    at_ms: int
    client_id: ClientId
    rule: RuleName
    intent: Intent
    reason: str
    mark: Decimal
    distance_before: Decimal | None
    distance_after: Decimal | None
    deadline_ms: int

    @property
    def id(self) -> PositionId:
        """The position the action is for."""
        return self.intent.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An intent the guard did not let through. ``until_ms`` is set where the reason ends at a known time."""

    at_ms: int
    rule: RuleName
    intent: Intent
    reason: str
    because: Because
    text: str
    mark: Decimal
    distance: Decimal | None
    until_ms: int | None = None

    @property
    def id(self) -> PositionId:
        """The position the refusal is about."""
        return self.intent.id


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """Something that is not an intent changed: a state of the bot, a rule parked, a position NAKED.

    ``subject`` names it (``account:main``, ``rule:top_up``, ``protection:main/BTC/USDT:USDT/long``).
    """

    at_ms: int
    subject: str
    was: str
    now: str
    because: str
    level: Level = Level.INFO


Decision = Action | Refusal | StateChanged
