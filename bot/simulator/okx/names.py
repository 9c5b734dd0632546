"""What OKX calls a contract, and how many contracts a quantity is.

``BTC-USDT-SWAP``, ``BTC-USD-SWAP`` for the inverse one, ``BTC-USDT-261225`` for a dated one. Sizes count
contracts of ``ctVal`` base coins, or dollars for inverse ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import Symbol
from bot.simulator.symbols import parts_of

SWAP, FUTURES = "SWAP", "FUTURES"


class Names:
    """The contracts of the exchange by the exchange's name."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        self._contracts = {name_of(contract): contract for contract in contracts}
        self._names = {contract.symbol: name for name, contract in self._contracts.items()}

    def __getitem__(self, symbol: Symbol) -> str:
        """The exchange's name of a symbol."""
        return self._names[symbol]

    def __iter__(self) -> Iterator[str]:
        """All names, in the order they were listed."""
        return iter(self._contracts)

    def find(self, name: str) -> Contract | None:
        """The contract of that name."""
        return self._contracts.get(name)


def family_of(contract: Contract) -> str:
    """``instFamily`` and ``uly``: tiers are shared by all contracts of one."""
    parts = parts_of(contract.symbol)
    return f"{parts.base}-{parts.quote}"


def type_of(contract: Contract) -> str:
    """``instType``."""
    return SWAP if contract.expiry_ms is None else FUTURES


def name_of(contract: Contract) -> str:
    """``instId``."""
    return f"{family_of(contract)}-{parts_of(contract.symbol).dated or SWAP}"


def size_of(contract: Contract, quantity: Decimal) -> Decimal:
    """A quantity in contracts."""
    return quantity / contract.contract_size


def quantity_of(contract: Contract, size: Decimal) -> Decimal:
    """Contracts as a quantity."""
    return size * contract.contract_size
