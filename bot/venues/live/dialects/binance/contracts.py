"""Binance's list of contracts: exchangeInfo as ccxt keeps it, and the brackets of leverageBracket.

The brackets are those of this account: an exchange that lowered somebody's limits says so here and nowhere
else. ``cum`` is the maintenance amount that makes the requirement continuous.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from bot.core.contracts import Contract, ContractKind, Tier, Tiers
from bot.core.margin.rules import MarginRules
from bot.core.margin.venues import rules_for
from bot.core.types import ONE, ZERO, Symbol
from bot.venues.live.dialects.binance.payloads import MALFORMED, moment, rows
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument, Listing, Payload
from bot.venues.live.wire import Request

DATED = ("QUARTER", "MONTH")
"""What is in the contract types of dated contracts (CURRENT_QUARTER); perpetuals are delivered in 2100."""
_DOLLARS, _COINS = Decimal("0.01"), Decimal("0.00000001")
"""The steps in which margin is added. No page tells them: a history in the documentation shows eight places,
but nobody needs less than a cent, and a step that is too fine would be refused when it matters (-1111).
"""


@dataclass(frozen=True, slots=True)
class BinanceContracts:
    """The contracts of one interface."""

    section: Section

    def tier_requests(self, markets: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        """One request brings the brackets of every symbol."""
        return (self.section.read("leverageBracket", weight=2, api=self.section.brackets),)

    def listing(self, markets: Sequence[Mapping[str, Any]], tiers: Sequence[Payload]) -> Listing:
        """The contracts; one whose row or brackets make no sense is left out like one without brackets."""
        brackets = {
            row["symbol"]: row["brackets"]
            for payload in tiers
            for row in rows(payload, "brackets")
            if isinstance(row, dict) and "symbol" in row and "brackets" in row
        }
        found = []
        for market in markets:
            try:
                found.append(self._instrument(market, brackets[market["info"]["symbol"]]))
            except MALFORMED:
                continue
        return Listing(found)

    def _instrument(self, market: Mapping[str, Any], brackets: Sequence[Mapping[str, Any]]) -> Instrument:
        info = market["info"]
        filters = {each["filterType"]: each for each in info["filters"]}
        lots, price = filters["LOT_SIZE"], filters["PRICE_FILTER"]
        linear = self.section.kind is ContractKind.LINEAR
        size = ONE if linear else positive(info["contractSize"], "contractSize")
        tiers = _tiers(brackets, self.section.steps)
        largest = filters.get("MARKET_LOT_SIZE", lots)["maxQty"]
        contract = Contract(
            symbol=Symbol(market["symbol"]),
            kind=self.section.kind,
            settlement=info["marginAsset"],
            tick=positive(price["tickSize"], "tickSize"),
            lot=positive(lots["stepSize"], "stepSize") * size,
            min_quantity=exact(lots["minQty"], "minQty") * size,
            min_notional=exact(filters.get("MIN_NOTIONAL", {}).get("notional", "0"), "notional"),
            max_leverage=tiers[0].max_leverage or ONE,
            contract_size=size,
            margin_step=_DOLLARS if "USD" in info["marginAsset"] else _COINS,
            expiry_ms=_expiry(info),
            tiers=tiers,
            rules=_rules(self.section, info.get("liquidationFee")),
        )
        return Instrument(
            id=info["symbol"], contract=contract, max_quantity=positive(largest, "maxQty") * size
        )


def _rules(section: Section, liquidation_fee: object) -> MarginRules:
    rules = rules_for(section.name, section.kind)
    if liquidation_fee is None:
        return rules
    fee = exact(liquidation_fee, "liquidationFee")
    return rules if fee == rules.liquidation_fee else replace(rules, liquidation_fee=fee)


def _expiry(info: Mapping[str, Any]) -> int | None:
    kind = info["contractType"]
    if not kind:
        raise ValueError(f"{info['symbol']} has no type yet: it is not traded")
    return moment(info["deliveryDate"], "deliveryDate") if any(word in kind for word in DATED) else None


def _tiers(brackets: Sequence[Mapping[str, Any]], steps: tuple[str, str]) -> Tiers:
    floor, cap = steps
    tiers = tuple(
        Tier(
            floor=exact(row[floor], floor),
            cap=positive(row[cap], cap),
            rate=_fraction(row["maintMarginRatio"]),
            deduction=exact(row["cum"], "cum"),
            max_leverage=positive(row["initialLeverage"], "initialLeverage"),
        )
        for row in sorted(brackets, key=lambda row: exact(row[floor], floor))
    )
    if not tiers or tiers[0].floor != ZERO or any(a.cap != b.floor for a, b in pairwise(tiers)):
        raise ValueError(f"brackets {brackets!r:.200} leave a hole")
    return tiers


def _fraction(value: object) -> Decimal:
    rate = positive(value, "maintMarginRatio")
    if rate > 1:
        raise ValueError(f"maintMarginRatio is {rate}, expected a fraction")
    return rate
