"""One position to be calculated, from whatever is known of it.

Sources give different things: a margin or a leverage, a wallet or an account value, a mark or a notional,
a ratio from which the equity follows. ``Given`` derives each input from what there is, in a fixed order of
trust, and says by name what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from bot.core.contracts import ContractKind
from bot.core.margin.rules import MaintenanceAt, MarginRules
from bot.core.margin.venues import rules_for
from bot.core.types import ONE, ZERO, MarginMode, Side, Symbol

E = TypeVar("E", bound=StrEnum)

UNNAMED = Symbol("POSITION")

INPUTS = {
    "quantity": ("qty", "quantity", "size", "amount"),
    "contracts": ("contracts",),
    "contract_size": ("contract_size",),
    "entry": ("entry", "entry_price", "avg_price", "open_price"),
    "mark": ("mark", "mark_price", "mark_px", "mark_true", "mark_inferred"),
    "leverage": ("leverage", "lever"),
    "value": ("notional", "position_value"),
    "margin": ("margin", "isolated_wallet", "margin_static", "pos_margin", "position_margin"),
    "equity": ("isolated_margin",),
    "wallet": ("wallet", "cross_wallet", "wallet_balance", "cross_wallet_balance", "collateral"),
    "account_value": ("account_value", "total_margin_balance", "margin_balance", "equity"),
    "rate": ("mmr", "maintenance_rate"),
    "factor": ("adjust_factor",),
    "tier_max_leverage": ("max_leverage",),
    "deduction": ("maint_amount", "maintenance_amount", "cum", "mm_deduction"),
    "fee": ("taker_fee", "fee_rate"),
    "profit": ("unrealized_pnl", "unrealised_pnl", "upl"),
    "ratio": ("margin_ratio", "margin_rate"),
    "safety": ("mgn_ratio",),
    "extra": ("extra_margin", "added_margin"),
    "frozen": ("pos_maint",),
    "frozen_fee": ("pos_comm",),
    "maintenance": ("maintenance_margin", "maint_margin"),
    "total_maintenance": ("cross_maintenance_used",),
    "total_notional": ("total_notional",),
    "raw_usd": ("raw_usd",),
    "initial": ("imr",),
    "bankruptcy": ("bankruptcy_price",),
    "price": ("price",),
    "tick": ("tick",),
    "funding_rate": ("funding_rate",),
}
"""What an input is called in a file of positions, by what it is called here."""

_SIGNED = frozenset({"profit", "raw_usd", "funding_rate", "wallet", "account_value", "equity"})
_POSITIVE = frozenset(
    {"quantity", "contracts", "contract_size", "entry", "mark", "leverage", "tick", "price", "value"}
)
_BELOW_ONE = frozenset({"rate", "fee"})
"""Parts of the value: nobody could hold a position at the whole of it. In percent they would be far above."""

_DIGITS_MAX = 40
"""Digits before the point, or zeros behind it: far more than any price or size has."""

_WORDS = {"buy": "long", "sell": "short", "crossed": "cross", "fixed": "isolated"}


class MissingInputError(Exception):
    """A figure cannot be calculated; the message says what is missing or unknown."""


class BadInputError(Exception):
    """What is given cannot be meant; the message names it and what was expected."""


def number(found: Any, name: str, *, low: Decimal | None = None, strictly: bool = False) -> Decimal:  # noqa: ANN401 - JSON
    """``found`` as a finite decimal, at least (or above) ``low``; ``BadInputError`` otherwise."""
    try:
        value = Decimal(str(found)) if not isinstance(found, bool | list | dict) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise BadInputError(f"{name} is {_shown(found)}, expected a number")
    if value and abs(value.adjusted()) > _DIGITS_MAX:
        raise BadInputError(f"{name} is {found}, which is out of range")
    if low is not None and (value <= low if strictly else value < low):
        raise BadInputError(f"{name} is {found}, expected {'above' if strictly else 'at least'} {low}")
    return value


def _shown(found: Any) -> str:  # noqa: ANN401 - JSON
    """What was found, as it stands in the file."""
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "a list"
    return repr(found) if isinstance(found, str) else str(found).lower()


def choice(given: Mapping[str, Any], name: str, kinds: type[E], default: E) -> E:
    """One word of a closed set; ``any`` and nothing are the default."""
    found = given.get(name)
    if found is None or found == "any":
        return default
    word = str(found).lower()
    try:
        return kinds(_WORDS.get(word, word))
    except ValueError as error:
        expected = ", ".join(kinds)
        raise BadInputError(f"{name} is {_shown(found)}, expected one of {expected}") from error


def _stated_rules(formula: str, fee: Decimal) -> MarginRules | None:
    """The rules of a venue that is not known, by the formula its source states."""
    kind = formula.split(" ", maxsplit=1)[0].removesuffix(":")
    name = f"formula {formula}"
    if kind in {"lin", "inv", "hl"}:
        charged = fee if "fee" in formula else ZERO
        return MarginRules(name=name, version="stated", closing_fee=charged)
    if kind in {"by_lin", "by_inv"}:
        return MarginRules(name=name, version="stated", maintenance_at=MaintenanceAt.ENTRY)
    if kind == "bitget_cross_frozen":
        return MarginRules(name=name, version="stated", maintenance_at=MaintenanceAt.MARK, closing_fee=fee)
    return None


class Given:
    """The inputs of one position, each by whatever it can be derived from."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self.inputs: dict[str, Decimal] = {}
        for name, spellings in INPUTS.items():
            for spelling in spellings:
                # Gate prints a leverage of 0 for cross positions: that is none.
                nothing = (None, 0) if name == "leverage" else (None,)
                if fields.get(spelling) not in nothing:
                    low = None if name in _SIGNED else ZERO
                    value = number(fields[spelling], spelling, low=low, strictly=name in _POSITIVE)
                    if name in _BELOW_ONE and value >= 1:
                        raise BadInputError(
                            f"{spelling} is {value}, expected below 1: a fraction, 0.004 is 0.4 percent"
                        )
                    self.inputs.setdefault(name, value)

    def need(self, name: str) -> Decimal:
        """An input that must be given."""
        if name not in self.inputs:
            raise MissingInputError(f"needs {INPUTS[name][0]}")
        return self.inputs[name]

    @cached_property
    def kind(self) -> ContractKind:
        """Linear unless said otherwise."""
        return choice(self.fields, "kind", ContractKind, ContractKind.LINEAR)

    @cached_property
    def mode(self) -> MarginMode:
        """Isolated unless said otherwise."""
        return choice(self.fields, "mode", MarginMode, MarginMode.ISOLATED)

    @cached_property
    def side(self) -> Side:
        """Long unless said otherwise."""
        return choice(self.fields, "side", Side, Side.LONG)

    @cached_property
    def venue_rules(self) -> MarginRules:
        """The margin rules of the venue; without one, the plainest."""
        try:
            return rules_for(str(self.fields.get("venue", "generic")), self.kind)
        except KeyError as error:
            stated = _stated_rules(str(self.fields.get("formula", "")), self.inputs.get("fee", ZERO))
            if stated is None:
                raise MissingInputError(str(error.args[0])) from error
            return stated

    @cached_property
    def symbol(self) -> Symbol:
        """The symbol, or a name for what has none."""
        return Symbol(str(self.fields.get("symbol") or UNNAMED))

    @cached_property
    def quantity(self) -> Decimal:
        """Base units of a linear contract, face value of an inverse one."""
        found = self.size
        if found is not None:
            return found
        # Prices of a position known by its leverage alone do not depend on its size.
        return self.inputs["value"] if "value" in self.inputs and not self._any_price else ONE

    @property
    def size(self) -> Decimal | None:
        """The quantity, if it is known."""
        if "quantity" in self.inputs:
            return self.inputs["quantity"]
        if "contracts" in self.inputs:
            return self.inputs["contracts"] * self.inputs.get("contract_size", ONE)
        price = self._any_price
        if "value" in self.inputs and price is not None:
            value = self.inputs["value"]
            return value / price if self.kind is ContractKind.LINEAR else value * price
        return None

    @property
    def _any_price(self) -> Decimal | None:
        return self.inputs.get("mark", self.inputs.get("entry"))

    @cached_property
    def mark(self) -> Decimal:
        """The mark as given, or from what was valued at it: the notional, the initial margin, the profit."""
        if "mark" in self.inputs:
            return self.inputs["mark"]
        linear = self.kind is ContractKind.LINEAR
        size = self.size
        value = self.inputs.get("value")
        if value is None and "initial" in self.inputs and "leverage" in self.inputs:
            value = self.inputs["initial"] * self.inputs["leverage"]
        if value and size is not None:
            return value / size if linear else size / value
        if value:
            return ONE
        if "profit" in self.inputs and "entry" in self.inputs and size is not None:
            shift = self.side.sign * self.inputs["profit"] / size
            price = self.entry + shift if linear else ONE / (ONE / self.entry - shift)
            if price > 0:
                return price
        raise MissingInputError("needs mark")

    @cached_property
    def entry(self) -> Decimal:
        """The entry price."""
        return self.need("entry")

    @cached_property
    def reference(self) -> Decimal:
        """The mark, or the entry where no mark is known."""
        try:
            return self.mark
        except MissingInputError:
            return self.entry

    @cached_property
    def entry_or_mark(self) -> Decimal:
        """The entry; the mark where the entry is not known and only the equity at mark matters."""
        return self.entry if "entry" in self.inputs else self.reference
