"""Intents: what a rule wants done, in the imperative.

A rule returns intents and never sends anything. Amounts are what the rule asks for; the guard may
shrink or refuse them, never enlarge them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import get_args

from bot.core.types import AccountName, PositionId, PriceKind, RuleName, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMargin:
    """Move ``amount`` of free balance into the margin of an isolated position."""

    id: PositionId
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawMargin:
    """Move ``amount`` of an isolated position's margin back to the free balance."""

    id: PositionId
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CutLeverage:
    """Set the leverage of a position to ``leverage``, lower than it is."""

    id: PositionId
    leverage: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducePosition:
    """Close ``quantity`` of the position, reduce-only, at market.

    ``then_add`` is margin to put back once the release has been verified: closing a part of an isolated
    position releases margin pro rata and does not move its liquidation price by itself. With a ``limit`` it
    fills at once at that price or better, and what does not is left: where a rule gives none, the guard puts
    in the bound that the configuration sets (``bot.core.guarding.bounding``).
    """

    id: PositionId
    quantity: Decimal
    then_add: Decimal = Decimal(0)
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHedge:
    """Open ``quantity`` of ``symbol`` against the position ``id``, in its margin mode with ``leverage``.

    It fills at ``limit`` or better or not at all: a hedge that cannot be had is left.
    """

    id: PositionId
    symbol: Symbol
    quantity: Decimal
    leverage: Decimal
    limit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseHedge:
    """Close ``quantity`` of the hedge held in ``symbol`` for the position ``id``."""

    id: PositionId
    symbol: Symbol
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceStop:
    """Rest a reduce-only stop-market order for the whole position at ``trigger``."""

    id: PositionId
    trigger: Decimal
    trigger_by: PriceKind = PriceKind.MARK


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStop:
    """Replace the position's stop by one at ``trigger``; never without a stop in between."""

    id: PositionId
    trigger: Decimal
    trigger_by: PriceKind = PriceKind.MARK


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelStop:
    """Remove a stop of ours that no longer protects anything."""

    id: PositionId
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTakeProfit:
    """Rest a reduce-only take-profit order for ``quantity`` at ``trigger``."""

    id: PositionId
    trigger: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyOption:
    """Buy ``quantity`` of the option ``symbol`` for at most ``price`` each, to protect ``id``."""

    id: PositionId
    symbol: Symbol
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SellOption:
    """Sell ``quantity`` of the option ``symbol`` bought for ``id``, for at least ``price`` each."""

    id: PositionId
    symbol: Symbol
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCollateral:
    """Move ``amount`` from the named wallet ``source`` into the futures wallet of the account of ``id``."""

    id: PositionId
    account: AccountName
    source: str
    amount: Decimal


class Posture(StrEnum):
    """How much the other rules are allowed to do: each posture allows less than the one before.

    ``CAUTIOUS`` forbids what takes on something new (hedges, options, collateral from elsewhere) and what
    gives margin back; ``REDUCE_ONLY`` leaves exits and stops.
    """

    NORMAL = "normal"
    CAUTIOUS = "cautious"
    REDUCE_ONLY = "reduce_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPosture:
    """Tighten or relax the other rules on a position.

    ``tighten`` is how many times farther from liquidation than they are configured to the other rules act
    meanwhile. Where several rules have set a posture the strictest holds, and the largest factor.
    """

    id: PositionId
    posture: Posture
    tighten: Decimal = Decimal(1)


def relaxed(id_: PositionId) -> SetPosture:
    """What holds for a position where nobody has set anything."""
    return SetPosture(id=id_, posture=Posture.NORMAL)


class Level(StrEnum):
    """How loudly people are told."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell people; changes nothing at the exchange."""

    id: PositionId
    level: Level
    text: str


Intent = (
    AddMargin
    | WithdrawMargin
    | CutLeverage
    | ReducePosition
    | OpenHedge
    | CloseHedge
    | PlaceStop
    | MoveStop
    | CancelStop
    | PlaceTakeProfit
    | BuyOption
    | SellOption
    | TransferCollateral
    | SetPosture
    | Notify
)


_AMOUNTS = ("amount", "leverage", "limit", "price", "quantity", "then_add", "tighten", "trigger")
_MAY_BE_LEFT_OUT = frozenset({(ReducePosition, "limit")})
_AMOUNTS_OF: dict[type[Intent], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name in _AMOUNTS) for kind in get_args(Intent)
}


def flaw(intent: Intent) -> str | None:
    """What is no number in an intent: a float, NaN or infinity; ``None`` if nothing is.

    A rule is foreign code, and such an amount would raise wherever it is compared first.
    """
    for name in _AMOUNTS_OF[type(intent)]:
        value = getattr(intent, name)
        if value is None and (type(intent), name) in _MAY_BE_LEFT_OUT:
            continue
        if not (isinstance(value, Decimal) and value.is_finite()):
            return f"{name} is {value!r}, expected a finite Decimal"
    return None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An intent as a rule proposes it, with the reason it gives. The reason is compulsory."""

    rule: RuleName
    intent: Intent
    reason: str
