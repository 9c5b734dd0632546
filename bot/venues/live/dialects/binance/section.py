"""In what Binance's two futures interfaces differ, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.types import ZERO
from bot.venues.live.wire import Param, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One of the two interfaces.

    ``public`` and ``private`` are ccxt's names of its sections, each a list of one name; ``positions``,
    ``balances`` and ``brackets`` those that carry the version of the path which tells everything needed;
    ``data`` that of statistics.
    ``steps`` are the fields of a tier's ends: money on USD-M, coins on COIN-M, both the notional in the
    settlement currency.
    """

    name: str
    kind: ContractKind
    public: tuple[str, ...]
    private: tuple[str, ...]
    positions: tuple[str, ...]
    balances: tuple[str, ...]
    data: tuple[str, ...]
    brackets: tuple[str, ...]
    steps: tuple[str, str]
    multi_assets: bool
    """Whether the account may back positions with several currencies at once, and has to be asked."""
    mark_array: bool
    """Whether one stream carries the marks of all symbols; otherwise each symbol has its own."""
    private_kind: str
    """ccxt's name of the private stream, under which it keeps the listen key."""

    def sent(self, quantity: Decimal, contract: Contract) -> Decimal:
        """Our quantity as the exchange counts it: coins, or contracts."""
        return quantity if self.kind is ContractKind.LINEAR else quantity / contract.contract_size

    def received(self, quantity: Decimal, contract: Contract) -> Decimal:
        """The exchange's quantity as we count it: coins, or face value."""
        return quantity + ZERO if self.kind is ContractKind.LINEAR else quantity * contract.contract_size

    def read(
        self,
        path: str,
        params: Mapping[str, Param] | None = None,
        *,
        weight: int = 1,
        api: tuple[str, ...] = (),
    ) -> Request:
        """A signed reading."""
        return Request(api=api or self.private, method="GET", path=path, params=params or {}, weight=weight)

    def look(self, path: str, params: Mapping[str, Param] | None = None, *, weight: int = 1) -> Request:
        """A public reading."""
        return Request(api=self.public, method="GET", path=path, params=params or {}, weight=weight)
