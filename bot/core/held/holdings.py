"""What is held, and what stands behind it: enough for somebody else to begin where an engine is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import AccountName, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position, what it is in, and its mark; ``None`` before the first."""

    position: Position
    contract: Contract
    mark: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """All positions, and each account's wallets by currency, without what lies in isolated positions."""

    positions: tuple[Held, ...]
    wallets: Mapping[AccountName, Mapping[str, Decimal]]
