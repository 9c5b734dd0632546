"""The two futures sections of Binance, which speak one protocol with other paths and units.

USD-M counts quantities in base coin, COIN-M in contracts of a fixed face value. Sources: Binance's API
documentation, "USDⓈ-M Futures" and "COIN-M Futures", General Info.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from bot.core.contracts import Contract, ContractKind
from bot.core.types import Symbol

FOREVER_MS = 4_133_404_800_000
"""The delivery date of perpetuals: 2100-12-25 08:00 UTC (Exchange Information)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What differs between the two: ``path`` is the first part of its paths, ``host`` that of REST.

    ``api_host`` takes requests over a websocket, at ``api_path``.
    """

    name: str
    path: str
    host: str
    stream_host: str
    api_host: str
    api_path: str
    kind: ContractKind

    @property
    def hosts(self) -> frozenset[str]:
        """All its hosts; the rights of a key are asked on the spot host."""
        return frozenset({self.host, self.stream_host, self.api_host, "api.binance.com"})

    @property
    def inverse(self) -> bool:
        """Whether it is COIN-M."""
        return self.kind is ContractKind.INVERSE

    def quantity_out(self, contract: Contract, quantity: Decimal) -> Decimal:
        """Our quantity as it is on the wire: contracts in COIN-M."""
        return quantity / contract.contract_size if self.inverse else quantity

    def quantity_in(self, contract: Contract, quantity: Decimal) -> Decimal:
        """A quantity of the wire in our terms."""
        return quantity * contract.contract_size if self.inverse else quantity


USDM = Section(
    name="binanceusdm",
    path="/fapi",
    host="fapi.binance.com",
    stream_host="fstream.binance.com",
    api_host="ws-fapi.binance.com",
    api_path="/ws-fapi/v1",
    kind=ContractKind.LINEAR,
)
COINM = Section(
    name="binancecoinm",
    path="/dapi",
    host="dapi.binance.com",
    stream_host="dstream.binance.com",
    api_host="ws-dapi.binance.com",
    api_path="/ws-dapi/v1",
    kind=ContractKind.INVERSE,
)


def market_id(contract: Contract) -> str:
    """``BTC/USDT:USDT`` is ``BTCUSDT``, dated ``BTCUSDT_261225``; ``BTC/USD:BTC`` is ``BTCUSD_PERP``."""
    return _market_id(contract.symbol, contract.kind is ContractKind.INVERSE)


@cache
def _market_id(symbol: Symbol, inverse: bool) -> str:  # noqa: FBT001 - it is a key of the cache
    pair, _, dated = symbol.partition("-")
    name = pair.partition(":")[0].replace("/", "")
    if dated:
        return f"{name}_{dated}"
    return f"{name}_PERP" if inverse else name


def pair_of(contract: Contract) -> str:
    """What perpetual and quarterlies share: ``BTCUSDT``."""
    return market_id(contract).partition("_")[0]


def contract_types(contracts: Iterable[Contract]) -> dict[Symbol, str]:
    """PERPETUAL, or the nearest quarterly of a pair CURRENT_QUARTER and the one after it NEXT_QUARTER."""
    types: dict[Symbol, str] = {}
    seen: dict[str, int] = {}
    for contract in sorted(contracts, key=lambda c: c.expiry_ms or 0):
        if contract.expiry_ms is None:
            types[contract.symbol] = "PERPETUAL"
            continue
        pair = pair_of(contract)
        types[contract.symbol] = "NEXT_QUARTER" if seen.get(pair) else "CURRENT_QUARTER"
        seen[pair] = seen.get(pair, 0) + 1
    return types
