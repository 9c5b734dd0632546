"""Collateral other than the settlement currency: what it counts for, and how it pays debts.

An asset counts ``amount * price * (1 - haircut)`` into the wallet that backs cross positions. Its price is no
flow of money: when it falls nobody is paid, the account is just worth less. So what is conserved is the
money, without collateral, and the amount of each asset.

A negative wallet is a debt that collateral stands for while cross positions are open. As soon as none is left
the venue sells as much as covers it, at the value it counted for; the haircut is what it sells below price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from types import MappingProxyType

from bot.core.types import ONE, ZERO

_STEP = Decimal("0.00000001")

HAIRCUTS: Mapping[str, Mapping[str, Decimal]] = MappingProxyType(
    {
        # binance.com FAQ 29b45c485d664028b9ca1cdf90b24f6f, collateral value ratios of the multi-assets mode.
        "binance": {
            "BTC": Decimal("0.05"),
            "ETH": Decimal("0.05"),
            "BNB": Decimal("0.05"),
            "XRP": Decimal("0.1"),
            "ADA": Decimal("0.1"),
            "DOT": Decimal("0.1"),
            "SOL": Decimal("0.1"),
            "USDT": Decimal("0.0001"),
            "USDC": Decimal("0.0001"),
        },
    }
)
"""By venue family and asset, as fractions of the price. They change, and grow with the amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralTerms:
    """What one unit of an asset costs in settlement currency, and the fraction that does not count."""

    price: Decimal
    haircut: Decimal

    @property
    def counts(self) -> Decimal:
        """What one unit counts for."""
        return self.price * (ONE - self.haircut)


class CollateralMarket:
    """The terms of all assets, and the other side of those that were sold for debts."""

    def __init__(self, terms: Mapping[str, CollateralTerms]) -> None:
        """Begin with the terms of every asset that an account holds."""
        self.terms = dict(terms)
        self.cash = ZERO
        self.sold: dict[str, Decimal] = dict.fromkeys(terms, ZERO)

    def price(self, asset: str, price: Decimal) -> None:
        """Take a new price; ``KeyError`` for an asset without terms."""
        self.terms[asset] = replace(self.terms[asset], price=price)

    def value(self, held: Mapping[str, Decimal]) -> Decimal:
        """What assets count for, each rounded down to what venues book."""
        return sum((self._worth(asset, amount) for asset, amount in held.items()), ZERO)

    def sell(self, held: dict[str, Decimal], owed: Decimal) -> Decimal:
        """Sell out of ``held``, in its order, until ``owed`` is raised or all is gone; what was raised."""
        raised = ZERO
        for asset in _valued(held, self.terms):
            if raised >= owed:
                break
            needed = ((owed - raised) / self.terms[asset].counts).quantize(_STEP, ROUND_CEILING)
            amount = min(held[asset], needed)
            raised += self._worth(asset, amount)
            held[asset] -= amount
            self.sold[asset] += amount
        self.cash -= raised
        return raised

    def _worth(self, asset: str, amount: Decimal) -> Decimal:
        return (amount * self.terms[asset].counts).quantize(_STEP, ROUND_FLOOR)


def _valued(held: Mapping[str, Decimal], terms: Mapping[str, CollateralTerms]) -> Iterable[str]:
    return [asset for asset, amount in held.items() if amount > 0 and terms[asset].counts > 0]
