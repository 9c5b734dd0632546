"""What an intent counts, and where it trades: the same figure, unit and contract in every output."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CloseHedge,
    CutLeverage,
    Intent,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    SellOption,
    SetPosture,
    TransferCollateral,
    WithdrawMargin,
)
from bot.core.types import Symbol


class Unit(StrEnum):
    """What an amount is counted in."""

    MONEY = "money"
    """Settlement currency of the position."""
    BASE = "base"
    """The coin itself, as every quantity."""
    TIMES = "times"
    """Leverage."""
    PRICE = "price"
    """Quote per base."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of what."""

    amount: Decimal
    unit: Unit


def counted_in(intent: Intent) -> Amount | None:
    """The one figure an intent is known by; ``None`` for those that have none."""
    match intent:
        case AddMargin(amount=amount) | WithdrawMargin(amount=amount) | TransferCollateral(amount=amount):
            return Amount(amount, Unit.MONEY)
        case CutLeverage(leverage=leverage):
            return Amount(leverage, Unit.TIMES)
        case ReducePosition(quantity=quantity) | PlaceTakeProfit(quantity=quantity):
            return Amount(quantity, Unit.BASE)
        case OpenHedge(quantity=quantity) | CloseHedge(quantity=quantity):
            return Amount(quantity, Unit.BASE)
        case BuyOption(quantity=quantity) | SellOption(quantity=quantity):
            return Amount(quantity, Unit.BASE)
        case PlaceStop(trigger=trigger) | MoveStop(trigger=trigger):
            return Amount(trigger, Unit.PRICE)
        case CancelStop() | SetPosture() | Notify():
            return None
        case _:
            assert_never(intent)


def contract_of(intent: Intent) -> Symbol:
    """The contract an intent is carried out in: another than the position's for hedges and options."""
    if isinstance(intent, OpenHedge | CloseHedge | BuyOption | SellOption):
        return intent.symbol
    return intent.id.symbol
