"""The states of the bot per account, and what each allows to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.intents import (
    BuyOption,
    CancelStop,
    Intent,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    Posture,
    ReducePosition,
    SetPosture,
    TransferCollateral,
    WithdrawMargin,
)
from bot.core.types import AccountName, Symbol


class BotState(StrEnum):
    """How far the bot may be trusted with an account right now."""

    RECOVERING = "recovering"
    """Start-up, reconnect or a standstill: the account's truth is not complete yet."""
    ARMED = "armed"
    REDUCING = "reducing"
    """Only what lowers risk without spending: exits and stops."""
    BLIND = "blind"
    """No fresh data, or no common time with the exchange: protective orders stay, nothing is sent."""
    AUTH_LOST = "auth_lost"
    HALTED = "halted"
    """A person, or a doubt about our own books, stopped the bot. Protective stops stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """How an account stands, and why.

    ``silent`` are the symbols it holds whose marks are not fresh, ``flattening`` is who ordered it flat.
    """

    name: AccountName
    state: BotState
    because: str
    silent: tuple[Symbol, ...]
    flattening: str | None


_NOTHING: frozenset[type[Intent]] = frozenset({Notify})
_EXITS: frozenset[type[Intent]] = frozenset(
    {Notify, SetPosture, ReducePosition, PlaceStop, MoveStop, CancelStop, PlaceTakeProfit}
)

_ALLOWED: dict[BotState, frozenset[type[Intent]] | None] = {
    BotState.RECOVERING: _NOTHING,
    BotState.ARMED: None,
    BotState.REDUCING: _EXITS,
    BotState.BLIND: _NOTHING,
    BotState.AUTH_LOST: _NOTHING,
    BotState.HALTED: _NOTHING,
}
"""What may be sent in each state; ``None`` is everything."""


_NOTHING_NEW: frozenset[type[Intent]] = frozenset({OpenHedge, BuyOption, TransferCollateral, WithdrawMargin})


def permits(posture: Posture, kind: type[Intent]) -> bool:
    """Whether a rule's posture leaves the other rules an intent of this kind."""
    match posture:
        case Posture.NORMAL:
            return True
        case Posture.CAUTIOUS:
            return kind not in _NOTHING_NEW
        case Posture.REDUCE_ONLY:
            return kind in _EXITS


def allows(state: BotState, kind: type[Intent]) -> bool:
    """Whether an intent of this kind may be sent in ``state``."""
    allowed = _ALLOWED[state]
    return allowed is None or kind in allowed
