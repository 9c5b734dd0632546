"""What XT calls a contract, and how many contracts a quantity is.

``btc_usdt``. Perpetuals that settle in quote currency only: those that settle in coin have another host and
no dated contract of XT was ever seen. Sizes count contracts of ``contractSize`` base coins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.types import Symbol
from bot.simulator.symbols import parts_of
from bot.simulator.xt.replies import XtError


class Names:
    """The contracts of the exchange by the exchange's name."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        self._contracts = {name_of(c): c for c in contracts if served(c)}
        self._names = {contract.symbol: name for name, contract in self._contracts.items()}

    def __getitem__(self, symbol: Symbol) -> str:
        """The exchange's name of a symbol."""
        return self._names[symbol]

    def __contains__(self, symbol: Symbol) -> bool:
        """Whether a symbol is traded here."""
        return symbol in self._names

    def __iter__(self) -> Iterator[Contract]:
        """All contracts, in the order they were listed."""
        return iter(self._contracts.values())

    def find(self, name: object) -> Contract:
        """The contract of that name."""
        found = self._contracts.get(str(name))
        if found is None:
            raise XtError("invalid_symbol")
        return found

    def some(self, name: object) -> list[Contract]:
        """The contract of that name, or all where none is named."""
        return [self.find(name)] if name else list(self)


def served(contract: Contract) -> bool:
    """Whether XT has such contracts."""
    return contract.kind is ContractKind.LINEAR and contract.expiry_ms is None


def name_of(contract: Contract) -> str:
    """``symbol``."""
    parts = parts_of(contract.symbol)
    return f"{parts.base}_{parts.quote}".lower()


def size_of(contract: Contract, quantity: Decimal) -> Decimal:
    """A quantity in contracts."""
    return quantity / contract.contract_size


def quantity_of(contract: Contract, size: Decimal) -> Decimal:
    """Contracts as a quantity."""
    return size * contract.contract_size
