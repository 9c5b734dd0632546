"""How a margin pool stands at given marks: the one question every rule, venue and table asks."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from bot.core.margin.arithmetic import unrealised
from bot.core.margin.pool import Holding, Marks, Pool
from bot.core.margin.requirement import maintenance
from bot.core.types import ZERO, Side, Symbol


class Assessment(NamedTuple):
    """Equity and requirement of a pool, in settlement currency."""

    equity: Decimal
    """Wallet and unrealised profit together; negative when more than everything is lost."""
    maintenance: Decimal

    @property
    def surplus(self) -> Decimal:
        """Equity above the requirement; 0 or less is liquidation."""
        return self.equity - self.maintenance

    @property
    def liquidatable(self) -> bool:
        """Whether the exchange would liquidate now: equity is at or below the requirement."""
        return self.equity <= self.maintenance

    @property
    def margin_ratio(self) -> Decimal | None:
        """Maintenance over equity: 1 is liquidation, small is safe; ``None`` when no equity is left."""
        return self.maintenance / self.equity if self.equity > 0 else None


def assess(pool: Pool, marks: Marks) -> Assessment:
    """Equity and requirement of the pool at ``marks``; ``KeyError`` if a mark it needs is missing."""
    return standing(pool.wallet, pool.holdings, marks)


def standing(wallet: Decimal, holdings: tuple[Holding, ...], marks: Marks) -> Assessment:
    """The assessment of some holdings backed by ``wallet``."""
    equity = wallet
    required = ZERO
    netting = False
    for holding in holdings:
        position, contract = holding.position, holding.contract
        mark = marks[position.id.symbol]
        equity += unrealised(position, contract, mark)
        if contract.rules.netting:
            netting = True
        else:
            required += maintenance(position, contract, mark)
    if netting:
        required += _netted(holdings, marks)
    return Assessment(equity, required)


def _netted(holdings: tuple[Holding, ...], marks: Marks) -> Decimal:
    """Where opposite positions of a symbol offset each other, the larger requirement counts (Kraken)."""
    sums: dict[Symbol, dict[Side, Decimal]] = {}
    for holding in holdings:
        position, contract = holding.position, holding.contract
        if contract.rules.netting:
            sides = sums.setdefault(position.id.symbol, {})
            required = maintenance(position, contract, marks[position.id.symbol])
            sides[position.id.side] = sides.get(position.id.side, ZERO) + required
    return sum((max(sides.values()) for sides in sums.values()), ZERO)
