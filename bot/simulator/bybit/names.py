"""What Bybit calls a contract.

``BTCUSDT``, ``BTCPERP`` for one that settles in USDC, ``BTCUSDT-25DEC26`` and ``BTC-25DEC26`` for dated ones;
inverse ``BTCUSD`` and ``BTCUSDZ26`` with the month's letter (enum page, ``contractType`` and ``symbol``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.core.contracts import Contract, ContractKind
from bot.core.types import Symbol
from bot.simulator.symbols import parts_of

MONTH_LETTERS = "FGHJKMNQUVXZ"
LINEAR, INVERSE = "linear", "inverse"


class Names:
    """The contracts of the exchange by category and by the exchange's name."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        listed = list(contracts)
        self._names = {contract.symbol: name_of(contract) for contract in listed}
        self._symbols = {
            (category_of(contract), self._names[contract.symbol]): contract.symbol for contract in listed
        }

    def __getitem__(self, symbol: Symbol) -> str:
        """The exchange's name of a symbol."""
        return self._names[symbol]

    def find(self, category: str, name: str) -> Symbol | None:
        """The symbol of that name in a category."""
        return self._symbols.get((category, name))

    def of(self, category: str) -> Iterator[Symbol]:
        """Every symbol of a category."""
        return (symbol for (kept, _), symbol in self._symbols.items() if kept == category)


def category_of(contract: Contract) -> str:
    """The product type every request names."""
    return LINEAR if contract.kind is ContractKind.LINEAR else INVERSE


def name_of(contract: Contract) -> str:
    """The exchange's name of a contract."""
    parts = parts_of(contract.symbol)
    if contract.kind is ContractKind.INVERSE:
        if not parts.dated:
            return parts.base + parts.quote
        return f"{parts.base}{parts.quote}{MONTH_LETTERS[int(parts.dated[2:4]) - 1]}{parts.dated[:2]}"
    dollar = parts.quote == "USDC"
    if parts.dated:
        return f"{parts.base}{'' if dollar else parts.quote}-{parts.day_month_year}"
    return parts.base + ("PERP" if dollar else parts.quote)
