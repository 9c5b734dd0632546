"""What every part of the wire works with: the world, its section, and contracts by market id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import AccountName, PositionMode, Symbol
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.section import Section, contract_types, market_id, pair_of
from bot.simulator.binance.shapes import Shapes
from bot.simulator.records import AccountView
from bot.simulator.world import World


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint: what it demands and who answers it."""

    security: Security
    handler: Callable[[Ask], Any]


Routes = Mapping[tuple[str, str], Route]
"""By method and path below the section, version included: ``("GET", "v1/time")``."""


class Office:
    """One section of the world, as its handlers see it."""

    def __init__(self, world: World, section: Section) -> None:
        self.world = world
        self.section = section
        self.contracts: dict[Symbol, Contract] = {
            symbol: contract for symbol, contract in world.contracts.items() if contract.kind is section.kind
        }
        self.by_id = {market_id(contract): contract for contract in self.contracts.values()}
        self.shapes = Shapes(section, self.contracts)
        self.multi_assets: set[AccountName] = set()
        """Accounts in multi-assets mode. They can be put into it and say so; their margin stays as it was."""

    @property
    def now_ms(self) -> int:
        """The exchange's time."""
        return self.world.clock.now_ms()

    def contract(self, ask: Ask) -> Contract:
        """The contract of the parameter ``symbol``; -1121 for what is not listed."""
        found = self.by_id.get(ask.text("symbol").upper())
        if found is None:
            raise BinanceError(-1121)
        return found

    def paired(self, ask: Ask, kind: str) -> Contract:
        """The contract of that type of the parameter ``pair``; -4144 and -4104 for what is not listed."""
        kinds, pair = contract_types(self.contracts.values()), ask.text("pair").upper()
        found = [contract for contract in self.contracts.values() if pair_of(contract) == pair]
        if not found:
            raise BinanceError(-4144)
        chosen = next((contract for contract in found if kinds[contract.symbol] == kind), None)
        if chosen is None:
            raise BinanceError(-4104)
        return chosen

    def chosen(self, ask: Ask) -> list[Contract]:
        """The contract that is named, or all."""
        return [self.contract(ask)] if ask.params.get("symbol") else list(self.contracts.values())

    def view(self, ask: Ask) -> AccountView:
        """The account that asks, as late as queries are at the moment."""
        key = ask.key.key if ask.key is not None else ""
        return self.world.view(ask.account, self.world.faults.lag_ms(ask.call.target, key))

    def mode(self, account: AccountName) -> PositionMode:
        """One-way or hedge."""
        return self.world.exchange.desk.position_mode(account)
