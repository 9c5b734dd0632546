"""A position with its contract and the account behind it, ready to be asked for figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from bot.cli.calc_inputs import BadInputError, MissingInputError
from bot.cli.calc_terms import ACCOUNT, Terms
from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.margin.arithmetic import initial_margin, unrealised
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.requirement import maintenance
from bot.core.margin.rules import MaintenanceAt, MarginRules
from bot.core.types import ONE, ZERO, MarginMode, Position, PositionId, Side, Symbol

REST = Symbol("THE REST")

Other = tuple[Holding, Decimal]
"""Another position of the account, and its mark."""


class Case(Terms):
    """One position to be calculated: its terms, and the pool it stands in."""

    def anywhere(self) -> Case:
        """This case; at no venue in particular where its own is unknown."""
        try:
            assert self.given.venue_rules, "an unknown venue is reported as missing"
        except MissingInputError:
            return Case({**self.given.fields, "venue": "generic"}, self.source)
        return self

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
