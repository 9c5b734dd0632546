"""From what a running bot holds to settings that hold the same on paper, for a stress test of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.config.read import Document
from bot.config.settings import Settings, resolve
from bot.core.types import ZERO, MarginMode, Symbol

_FROM_THE_VENUE = ("venue", "keys", "accept_key_rights", "loopback")
_OF_A_CONTRACT = (
    "tick",
    "lot",
    "min_quantity",
    "min_notional",
    "max_leverage",
    "contract_size",
    "margin_step",
)
_OF_A_TIER = ("floor", "cap", "rate", "deduction", "max_leverage")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsHeld:
    """Settings with the positions, balances and contracts of a running bot, and where prices are now."""

    settings: Settings
    prices: Mapping[Symbol, Decimal]
    left_out: tuple[str, ...]
    """What cannot be put through a scenario, in sentences."""


def as_held(settings: Settings, holdings: Row) -> AsHeld:
    """``settings`` with what the query ``holdings`` answered; ConfigError where that cannot be on paper."""
    undated = [row for row in holdings["positions"] if row["contract"]["expiry_ms"] is None]
    values = deepcopy(settings.document.values)
    values["mode"] = "paper"
    values["accounts"] = {
        name: _account(settings, name, table, holdings, undated)
        for name, table in values.get("accounts", {}).items()
    }
    paper = values.setdefault("paper", {})
    paper["positions"] = [_position(row) for row in undated]
    contracts = values.setdefault("contracts", {})
    contracts.update({row["contract"]["symbol"]: _contract(row["contract"]) for row in undated})
    return AsHeld(
        settings=resolve(Document(values=values, origins=settings.document.origins)),
        prices={
            Symbol(row["contract"]["symbol"]): Decimal(row["mark"])
            for row in undated
            if row["mark"] is not None
        },
        left_out=tuple(_left_out(holdings["positions"])),
    )


def _account(settings: Settings, name: str, table: Row, holdings: Row, held: Sequence[Row]) -> dict[str, Any]:
    """The account on paper: its wallets, and what lies in isolated positions, which is taken from them."""
    kept = {key: value for key, value in table.items() if key not in _FROM_THE_VENUE}
    kept["margin_rules"] = settings.config.accounts[name].margin_rules
    amounts = {currency: Decimal(amount) for currency, amount in holdings["wallets"].get(name, {}).items()}
    for row in held:
        if row["position"]["id"]["account"] == name:
            currency = row["contract"]["settlement"]
            amounts[currency] = amounts.get(currency, ZERO) + Decimal(row["position"]["margin"])
    if amounts:
        currency, *others = amounts
        kept["currency"], kept["balance"] = currency, amounts[currency]
        kept["others"] = {each: amounts[each] for each in others}
    else:
        kept["balance"] = kept.get("balance", ZERO)
    return kept


def _position(row: Row) -> dict[str, Any]:
    position = row["position"]
    isolated = position["mode"] == MarginMode.ISOLATED.value
    told = {
        "account": position["id"]["account"],
        "symbol": position["id"]["symbol"],
        "side": position["id"]["side"],
        "quantity": position["quantity"],
        "leverage": position["leverage"],
        "margin_mode": position["mode"],
        "entry": position["entry"],
    }
    return {**told, "margin": position["margin"]} if isolated else told


def _contract(contract: Row) -> dict[str, Any]:
    """Its table, as if somebody had written it down."""
    tiers = [
        {name: tier[name] for name in _OF_A_TIER if tier[name] is not None} for tier in contract["tiers"]
    ]
    return {
        **{name: contract[name] for name in _OF_A_CONTRACT},
        "funding_interval": f"{contract['funding_interval_ms']}ms",
        "tiers": tiers,
        "synthetic_tiers": contract["synthetic_tiers"],
    }


def _left_out(positions: Sequence[Row]) -> Iterator[str]:
    for row in positions:
        if row["contract"]["expiry_ms"] is not None:
            id_ = row["position"]["id"]
            yield f"{id_['symbol']} {id_['side']} is left out: a dated contract is not listed in other years"
