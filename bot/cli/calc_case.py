"""A position with its contract and the account behind it, ready to be asked for figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.cli.calc_inputs import UNNAMED, BadInputError, Given, MissingInputError
from bot.core.contracts import Contract, ContractKind, Tier, Tiers
from bot.core.margin.arithmetic import fee_value, initial_margin, unrealised
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.requirement import maintenance
from bot.core.margin.rules import FeeAt, MaintenanceAt, MarginRules
from bot.core.types import ONE, ZERO, AccountName, MarginMode, Position, PositionId, Side, Symbol

ACCOUNT = AccountName("calc")
REST = Symbol("THE REST")

Other = tuple[Holding, Decimal]
"""Another position of the account, and its mark."""


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


class Case:
    """One position to be calculated: its terms, and the pool it stands in."""

    def __init__(self, fields: Mapping[str, Any], source: TierSource) -> None:
        self.given = Given(fields)
        self.source = source

    def anywhere(self) -> Case:
        """This case; at no venue in particular where its own is unknown."""
        try:
            assert self.given.venue_rules, "an unknown venue is reported as missing"
        except MissingInputError:
            return Case({**self.given.fields, "venue": "generic"}, self.source)
        return self

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
        return self.source.tiers(None if self.given.symbol == UNNAMED else self.given.symbol)

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
        """Without leverage a fee at the bankruptcy price cannot be known; it cancels out of the price."""
        return "fee" not in self.given.inputs and "leverage" not in self.given.inputs

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

    @cached_property
    def backing(self) -> Decimal:
        """Wallet without unrealised profit: isolated margin, or the account's wallet in cross.

        In order of trust: as given; from the equity; from what the venue derives from it (raw balance,
        bankruptcy price, margin ratio); and for isolated positions from the leverage. Margin added since is
        added to all of them.
        """
        inputs, cross = self.given.inputs, self.given.mode is MarginMode.CROSS
        added = inputs.get("extra", ZERO)
        for name in ("wallet", "margin") if cross else ("margin", "wallet"):
            if name in inputs:
                return inputs[name] + added
        for name in ("account_value", "equity"):
            if name in inputs:
                return inputs[name] - self._printed_profit
        if "raw_usd" in inputs:
            return inputs["raw_usd"] + self.given.side.sign * self.given.quantity * self.given.entry
        if "bankruptcy" in inputs:
            return -unrealised(self.position, self.contract, inputs["bankruptcy"])
        if "safety" in inputs or "ratio" in inputs:
            return self._equity_from_ratio - self._profit
        if cross:
            raise MissingInputError("needs wallet")
        if "leverage" not in inputs:
            raise MissingInputError("needs margin or leverage")
        if self.given.size is None and ("extra" in inputs or "deduction" in inputs):
            raise MissingInputError("needs qty")
        return initial_margin(self.position, self.contract, self.given.entry) + added

    @property
    def _printed_profit(self) -> Decimal:
        """The profit printed beside an equity belongs to it, whatever the mark beside it says."""
        if "profit" in self.given.inputs:
            return self.given.inputs["profit"]
        return self._profit

    @property
    def _profit(self) -> Decimal:
        if "entry" not in self.given.inputs:
            return ZERO
        return unrealised(self.position, self.contract, self.given.mark)

    @property
    def _equity_from_ratio(self) -> Decimal:
        """Equity is maintenance over the margin ratio; OKX prints the ratio the other way round."""
        if not self.has_rate:
            raise MissingInputError("needs mmr or a file of tiers")
        inputs = self.given.inputs
        required = maintenance(self.position, self.contract, self.given.mark)
        inverted = not self.rules.maintenance_shows_fee
        name = "safety" if "safety" in inputs else "ratio"
        ratio = inputs[name]
        if not ratio:
            raise BadInputError("a margin ratio of 0 says nothing about the equity")
        return required * ratio if inverted and (name == "safety" or ratio > 1) else required / ratio

    @cached_property
    def others(self) -> tuple[Other, ...]:
        """The other positions behind a cross account; what is known only as a sum is one of them."""
        if self.given.mode is not MarginMode.CROSS:
            return ()
        listed = self.given.fields.get("other_positions") or ()
        if not isinstance(listed, list | tuple) or not all(isinstance(other, Mapping) for other in listed):
            raise BadInputError("other_positions is no list of positions")
        if listed:
            return tuple(self._other(fields, place) for place, fields in enumerate(listed))
        rest = self._rest_required if self.has_rate else ZERO
        return (_lump(self.contract, rest),) if rest > 0 else ()

    @property
    def _rest_required(self) -> Decimal:
        """Maintenance of positions known only as part of a sum."""
        inputs = self.given.inputs
        if "total_maintenance" in inputs:
            own = maintenance(self.position, self.contract, self.given.mark)
            return inputs["total_maintenance"] - own
        if "total_notional" in inputs:
            own = self.contract.notional(self.given.quantity, self.given.reference)
            return (inputs["total_notional"] - own) * self.contract.tiers[0].rate
        return ZERO

    def _other(self, fields: Mapping[str, Any], place: int) -> Other:
        """Another position; its profit is in the account's value already, where that is what is given."""
        mine = self.given
        filled = {"venue": mine.fields.get("venue"), "kind": str(mine.kind), "symbol": f"OTHER {place + 1}"}
        filled.update(fields)
        filled["mode"] = "cross"
        if filled["symbol"] == mine.symbol and "mark" in mine.inputs:
            filled["mark"] = mine.inputs["mark"]
        try:
            other = Case(filled, self.source)
            contract = other.contract if other.has_rate else self.contract
            if not other.has_rate and contract.symbol != other.given.symbol:
                other.source.tiers(other.given.symbol)
            position, mark = other.position, other.given.reference
        except (BadInputError, MissingInputError) as error:
            raise type(error)(f"other_positions[{place}] {error}") from error
        if position.id == self.position.id:
            raise BadInputError(f"other_positions[{place}] is the position itself: {position.id.symbol}")
        if "account_value" in mine.inputs:
            position = replace(position, entry=mark)
        return Holding(position, contract), mark

    @cached_property
    def pool(self) -> Pool:
        """The position, with the others of its account in cross."""
        assert self.tiers, "an unknown rate is reported as missing"
        position = self.position
        if self.given.mode is MarginMode.ISOLATED:
            position = replace(position, margin=self.backing)
        holdings = (Holding(position, self.contract), *(holding for holding, _ in self.others))
        return Pool(self.given.mode, self.backing, holdings)

    @cached_property
    def marks(self) -> dict[Symbol, Decimal]:
        """The marks that are known."""
        marks = {holding.position.id.symbol: mark for holding, mark in self.others}
        try:
            marks[self.given.symbol] = self.given.mark
        except MissingInputError:
            marks.pop(self.given.symbol, None)
        return marks


def _lump(like: Contract, required: Decimal) -> Other:
    """A position without profit whose requirement is ``required`` at its mark of 1."""
    rules = MarginRules(name="a sum", version="1", maintenance_at=MaintenanceAt.LIQUIDATION)
    contract = replace(
        like,
        symbol=REST,
        kind=ContractKind.LINEAR,
        rules=rules,
        tiers=(Tier(floor=ZERO, cap=None, rate=ONE),),
    )
    id_ = PositionId(ACCOUNT, REST, Side.LONG)
    position = Position(id=id_, quantity=required, entry=ONE, leverage=ONE, mode=MarginMode.CROSS)
    return Holding(position, contract), ONE
