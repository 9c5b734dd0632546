"""Coins that an account holds outright, beside its futures wallet.

They back no position and cannot be liquidated, and all the same they fall with the market: who counts what an
account stands to lose counts them too. They are priced by the perpetual of their coin.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.types import AccountName, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotHolding:
    """So many coins of ``asset``, above 0, those in orders included."""

    asset: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotBalancesChanged:
    """All coins the account holds outright: a snapshot, never a difference. Told where a rule counts them."""

    at_ms: int
    account: AccountName
    holdings: tuple[SpotHolding, ...]


def pricing(asset: str, currency: str) -> Symbol:
    """The perpetual whose mark price says what a coin is worth in ``currency``."""
    return Symbol(f"{asset}/{currency}:{currency}")
