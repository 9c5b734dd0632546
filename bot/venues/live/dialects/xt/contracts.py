"""What is traded at XT, from its own rows: ccxt's figures have been through floats, and its tiers are wrong.

ccxt gives the first tier the cap of the last one as its floor, for it looks one place before the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from bot.core.contracts import Contract, ContractKind, Tier, Tiers
from bot.core.margin.venues import rules_for
from bot.core.types import ONE, ZERO, Symbol
from bot.venues.live.dialects.xt.spelling import PUBLIC, rows, time_of
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument, Listing, Payload
from bot.venues.live.wire import Request

_RULES = rules_for("xt", ContractKind.LINEAR)
_MOST_DECIMALS = 18


class XtContracts:
    """Contracts and tiers; the names are those of ccxt's symbols."""

    def tier_requests(self, markets: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        """One request brings the brackets of every contract."""
        return (Request(api=PUBLIC, method="GET", path="future/market/v1/public/leverage/bracket/list"),)

    def listing(self, markets: Sequence[Mapping[str, Any]], tiers: Sequence[Payload]) -> Listing:
        """The linear contracts that have brackets, traded by the interface, and make sense."""
        brackets = {
            str(row.get("symbol")): row.get("leverageBrackets") for each in tiers for row in _rows(each)
        }
        found = []
        for market in markets:
            if not market.get("contract") or not market.get("linear") or not market.get("active"):
                continue
            try:
                found.append(_instrument(market, _tiers(brackets.get(market["id"]))))
            except ValueError:
                continue
        return Listing(found)


def _rows(payload: Payload) -> Sequence[Mapping[str, Any]]:
    return rows(payload, "XT's leverage brackets")


def _instrument(market: Mapping[str, Any], tiers: Tiers) -> Instrument:
    info = market["info"]
    size = positive(info.get("contractSize"), "contractSize")
    contract = Contract(
        symbol=Symbol(str(market["symbol"])),
        kind=ContractKind.LINEAR,
        settlement=str(market["settle"]),
        tick=_tick(info),
        lot=size * _step(info.get("quantityPrecision"), "quantityPrecision"),
        min_quantity=size * positive(info.get("minQty"), "minQty"),
        min_notional=exact(info.get("minNotional") or "0", "minNotional"),
        max_leverage=max(tier.max_leverage or ONE for tier in tiers),
        contract_size=size,
        # The step of XT's own pages: a finer one may be taken, a coarser one is not known of.
        margin_step=_step(info.get("quoteCoinDisplayPrecision"), "quoteCoinDisplayPrecision"),
        expiry_ms=_expiry_ms(info),
        tiers=tiers,
        rules=_RULES,
    )
    most = info.get("maxNotional")
    return Instrument(
        id=str(market["id"]),
        contract=contract,
        family="linear",
        max_notional=None if most is None else positive(most, "maxNotional"),
    )


def _tick(info: Mapping[str, Any]) -> Decimal:
    """The price step: of the two that XT gives, the coarser one holds for both."""
    decimals = _step(info.get("pricePrecision"), "pricePrecision")
    given = info.get("minStepPrice")
    return decimals if given is None else max(decimals, positive(given, "minStepPrice"))


def _step(decimals: object, what: str) -> Decimal:
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= _MOST_DECIMALS:
        raise ValueError(f"{what} is {decimals!r}, expected a number of decimals")
    return ONE.scaleb(-decimals)


def _expiry_ms(info: Mapping[str, Any]) -> int | None:
    """When it is delivered. A perpetual has a ``deliveryDate`` as well: that date means nothing."""
    if info.get("productType") == "perpetual":
        return None
    return time_of(info.get("deliveryDate"), "deliveryDate")


def _tiers(brackets: object) -> Tiers:
    """Brackets as tiers: each begins where the one before ends; flat, for XT knows no deduction."""
    if not isinstance(brackets, list) or not brackets:
        raise ValueError(f"leverageBrackets are {brackets!r}, expected a list")
    found: list[Tier] = []
    floor = ZERO
    for row in brackets:
        if not isinstance(row, Mapping):
            raise ValueError(f"a leverage bracket is {row!r}, expected a row")  # noqa: TRY004 - a payload
        cap = positive(row.get("maxNominalValue"), "maxNominalValue")
        found.append(
            Tier(
                floor=floor,
                cap=cap,
                rate=positive(row.get("maintMarginRate"), "maintMarginRate"),
                max_leverage=positive(row.get("maxLeverage"), "maxLeverage"),
            )
        )
        floor = cap
    if any(a.floor >= b.floor for a, b in pairwise(found)):
        raise ValueError("leverageBrackets do not rise")
    return tuple(found)
