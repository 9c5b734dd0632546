"""The terms of a position: its contract, tiers and margin rules, from whatever is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.cli.calc_inputs import UNNAMED, Given, MissingInputError
from bot.core.contracts import Contract, Tier, Tiers
from bot.core.margin.arithmetic import fee_value
from bot.core.margin.requirement import maintenance
from bot.core.margin.rules import FeeAt, MarginRules, TierUnit
from bot.core.types import ONE, ZERO, AccountName, MarginMode, Position, PositionId

ACCOUNT = AccountName("calc")


class TierSource:
    """Tiers from a file, if one was named. Each symbol is looked up once."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known: dict[str | None, Tiers] = {}

    def tiers(self, symbol: str | None) -> Tiers:
        """The tiers of a symbol; ``MissingInputError`` if there is no file or it does not have them."""
        from bot.venues.tier_files import TierFileError, read_tiers

        if self.path is None:
            raise MissingInputError("needs mmr or a file of tiers")
        if symbol not in self._known:
            try:
                self._known[symbol] = read_tiers(self.path, symbol)
            except TierFileError as error:
                raise MissingInputError(str(error)) from error
        return self._known[symbol]


class Terms:
    """What one position is held under; its account is no part of it."""

    def __init__(self, fields: Mapping[str, Any], source: TierSource) -> None:
        self.given = Given(fields)
        self.source = source

    @cached_property
    def has_rate(self) -> bool:
        """Whether the maintenance rate is known."""
        try:
            return bool(self.tiers)
        except MissingInputError:
            return False

    @cached_property
    def tiers(self) -> Tiers:
        """One tier from a rate that is given, else the table of the symbol."""
        rate = self._given_rate
        if rate is not None:
            deduction = self.given.inputs.get("deduction", ZERO)
            return (Tier(floor=ZERO, cap=None, rate=rate, deduction=deduction),)
        found = self.source.tiers(None if self.given.symbol == UNNAMED else self.given.symbol)
        rules = self.given.venue_rules
        if (
            len(found) > 1
            and rules.tier_unit is TierUnit.CONTRACTS
            and "contract_size" not in self.given.inputs
        ):
            raise MissingInputError(f"needs contract_size, as tiers of {rules.name} count contracts")
        return found

    @property
    def _given_rate(self) -> Decimal | None:
        given, inputs = self.given, self.given.inputs
        if "rate" in inputs:
            return inputs["rate"]
        if "factor" in inputs:
            return inputs["factor"]
        if "tier_max_leverage" in inputs and given.venue_rules.name.startswith("hyperliquid"):
            return ONE / (2 * inputs["tier_max_leverage"])
        if "maintenance" in inputs and "mark" in inputs and given.size is not None:
            return inputs["maintenance"] / self._bare_contract.notional(given.size, given.mark)
        return None

    @cached_property
    def rules(self) -> MarginRules:
        """The venue's rules with the fee and the deduction that were given."""
        rules, inputs = self.given.venue_rules, self.given.inputs
        if "deduction" in inputs:
            rules = replace(rules, tier_deduction=True)
        if "fee" in inputs and rules.closing_fee:
            rules = replace(rules, closing_fee=inputs["fee"])
        if rules.margin_fee_at is rules.fee_at and (self._margin_without_fee or self._fee_unknown):
            return replace(rules, closing_fee=ZERO)
        return rules

    @property
    def _fee_unknown(self) -> bool:
        """A fee kept in margin and requirement alike cancels out of the price; it counts where given."""
        return not {"fee", "frozen", "frozen_fee"} & self.given.inputs.keys()

    @property
    def _margin_without_fee(self) -> bool:
        """Whether the margin that was given leaves out the closing fee that the venue keeps in it."""
        inputs = self.given.inputs
        if "margin" not in inputs or "frozen" in inputs:
            return False
        if "fee" not in inputs or "leverage" not in inputs:
            return True
        plain = self._bare_contract.notional(self.given.quantity, self.given.entry) / inputs["leverage"]
        return abs(inputs["margin"] - plain) <= plain * Decimal("1e-9")

    @cached_property
    def _bare_contract(self) -> Contract:
        inputs = self.given.inputs
        return Contract(
            symbol=self.given.symbol,
            kind=self.given.kind,
            tick=inputs.get("tick", Decimal("1e-12")),
            lot=Decimal("1e-12"),
            contract_size=inputs.get("contract_size", ONE),
            margin_step=Decimal("1e-8"),
            tiers=(Tier(floor=ZERO, cap=None, rate=ZERO),),
            rules=self.given.venue_rules,
        )

    @cached_property
    def contract(self) -> Contract:
        """The contract; without a known rate its requirement is zero, so ask ``has_rate`` first."""
        contract = replace(self._bare_contract, rules=self.rules)
        if not self.has_rate:
            return contract
        contract = replace(contract, tiers=self.tiers)
        return self._with_frozen(contract) if "frozen" in self.given.inputs else contract

    def _with_frozen(self, contract: Contract) -> Contract:
        """A requirement that the venue states itself replaces the calculated one."""
        inputs = self.given.inputs
        rules = replace(contract.rules, tier_deduction=True)
        if "frozen_fee" in inputs and rules.closing_fee:
            charged = fee_value(self.position, contract, rules.fee_at, self.given.entry)
            rules = replace(rules, closing_fee=inputs["frozen_fee"] / charged)
        contract = replace(contract, rules=rules)
        calculated = maintenance(self.position, contract, self.given.entry)
        tier = contract.tiers[0]
        deduction = tier.deduction + calculated - inputs["frozen"]
        return replace(contract, tiers=(replace(tier, cap=None, deduction=deduction),))

    @cached_property
    def position(self) -> Position:
        """The position as it is known, its margin left out."""
        return Position(
            id=PositionId(ACCOUNT, self.given.symbol, self.given.side),
            quantity=self.given.quantity,
            entry=self.given.entry_or_mark,
            leverage=self.given.need("leverage") if self._depends_on_leverage else self._leverage,
            mode=self.given.mode,
        )

    @property
    def _leverage(self) -> Decimal:
        return self.given.inputs.get("leverage", ONE)

    @property
    def _depends_on_leverage(self) -> bool:
        rules = self.rules
        fee_at = rules.fee_at
        if self.given.mode is MarginMode.CROSS and rules.cross_fee_at is not None:
            fee_at = rules.cross_fee_at
        charged = bool(rules.closing_fee) and fee_at in {FeeAt.BANKRUPTCY, FeeAt.ENTRY_AND_MARGIN}
        return rules.scaled_by_leverage or charged
