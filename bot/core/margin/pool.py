"""A margin pool: the positions that share one wallet, the unit in which risk is computed.

An isolated position is a pool of one whose wallet is its own margin; a cross account is a pool of
many. One arithmetic serves both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import MarginMode, Position, PositionId, Symbol

Marks = Mapping[Symbol, Decimal]


@dataclass(frozen=True, slots=True)
class Holding:
    """A position and the contract it is held in."""

    position: Position
    contract: Contract


Legs = tuple[Holding, ...]
"""The holdings of one symbol in a pool: one, or in hedge mode a long and a short."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Positions and the wallet behind them. ``wallet`` excludes unrealised profit, and may be negative."""

    mode: MarginMode
    wallet: Decimal
    holdings: tuple[Holding, ...]

    def holding(self, id_: PositionId) -> Holding:
        """The holding of a position in this pool; ``KeyError`` if it is not here."""
        for holding in self.holdings:
            if holding.position.id == id_:
                return holding
        raise KeyError(id_)

    def with_position(self, position: Position, wallet: Decimal) -> Pool:
        """This pool with one position replaced and another wallet."""
        id_ = position.id
        holdings = [Holding(position, h.contract) if h.position.id == id_ else h for h in self.holdings]
        return Pool(self.mode, wallet, tuple(holdings))

    def without(self, id_: PositionId, wallet: Decimal) -> Pool:
        """This pool with one position closed and another wallet."""
        return Pool(self.mode, wallet, tuple(h for h in self.holdings if h.position.id != id_))
