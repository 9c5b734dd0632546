"""What is listed: symbols with their filters, and the brackets of leverage.

Pages "Exchange Information" and "Notional and Leverage Brackets". Only what ``Contract`` knows can be told;
the rest is assumed and the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import Symbol
from bot.simulator.binance.section import FOREVER_MS, Section, contract_types, market_id, pair_of
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.market import Market

UNLIMITED = 9_223_372_036_854_775_807
"""How Binance writes a bracket without end."""
LOTS_MAX = 1_000_000
"""The largest order in lots; assumed."""
ORDERS_MAX, ALGO_ORDERS_MAX = 200, 100
"""Open orders of an account in a symbol, and those of them with the algo service; the same for all."""
PRICE_BAND = Decimal("0.05")
"""How far from the mark a limit may be: PERCENT_PRICE of BTCUSDT, taken for all."""
ORDER_LIMITS = [
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
]
ORDER_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]


def exchange_info(
    section: Section, contracts: Mapping[Symbol, Contract], market: Market, now_ms: int
) -> Json:
    """The answer to exchangeInfo."""
    types = contract_types(contracts.values())
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "COIN_MARGINED" if section.inverse else "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            *ORDER_LIMITS,
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}
            for asset in sorted({contract.settlement for contract in contracts.values()})
        ],
        "symbols": [_symbol(section, c, types[c.symbol], market) for c in contracts.values()],
    }


def status_of(market: Market, contract: Contract) -> str:
    """Whether a contract is traded ("Common Definition", contract status).

    BREAK is not among them and is what exchangeInfo has in maintenance (assumed).
    """
    if contract.symbol in market.deliveries:
        return "DELIVERED"
    return "BREAK" if market[contract.symbol].halted else "TRADING"


def brackets(section: Section, contract: Contract) -> Json:
    """One symbol's row of leverageBracket."""
    low, high = ("qtyFloor", "qtyCap") if section.inverse else ("notionalFloor", "notionalCap")
    return {
        "symbol": market_id(contract),
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": number,
                "initialLeverage": int(tier.max_leverage or contract.max_leverage),
                high: UNLIMITED if tier.cap is None else _json_number(tier.cap),
                low: _json_number(tier.floor),
                "maintMarginRatio": _json_number(tier.rate),
                "cum": _json_number(tier.deduction),
            }
            for number, tier in enumerate(contract.tiers, start=1)
        ],
    }


def _json_number(number: Decimal) -> int | float:
    """Brackets are numbers on the wire, not strings."""
    return int(number) if number == number.to_integral_value() else float(number)


def _symbol(section: Section, contract: Contract, kind: str, market: Market) -> Json:
    base = contract.symbol.partition("/")[0]
    quote = contract.symbol.partition("/")[2].partition(":")[0]
    ticker = market[contract.symbol]
    lot = section.quantity_out(contract, contract.lot)
    status = status_of(market, contract)
    shape: Json = {
        "symbol": market_id(contract),
        "pair": pair_of(contract),
        "contractType": kind,
        "deliveryDate": contract.expiry_ms or FOREVER_MS,
        "onboardDate": ticker.listed_ms,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": quote,
        "marginAsset": contract.settlement,
        "pricePrecision": _decimals(contract.tick),
        "quantityPrecision": _decimals(lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": plain(contract.rules.liquidation_fee),
        "marketTakeBound": plain(PRICE_BAND),
        "maxMoveOrderLimit": 10000,
        "filters": _filters(section, contract, lot),
        "orderTypes": ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }
    if section.inverse:
        return shape | {
            "contractStatus": status,
            "contractSize": _json_number(contract.contract_size),
            "equalQtyPrecision": 4,
        }
    return shape | {"status": status}


def _filters(section: Section, contract: Contract, lot: Decimal) -> list[Any]:
    tick = plain(contract.tick)
    least = plain(section.quantity_out(contract, max(contract.min_quantity, contract.lot)))
    most = plain(lot * LOTS_MAX)
    lots = {"minQty": least, "maxQty": most, "stepSize": plain(lot)}
    filters: list[Any] = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", **lots},
        {"filterType": "MARKET_LOT_SIZE", **lots},
        {"filterType": "MAX_NUM_ORDERS", "limit": ORDERS_MAX},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": ALGO_ORDERS_MAX},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": plain(1 + PRICE_BAND),
            "multiplierDown": plain(1 - PRICE_BAND),
            "multiplierDecimal": "4",
        },
    ]
    if not section.inverse:
        filters.append({"filterType": "MIN_NOTIONAL", "notional": plain(contract.min_notional)})
    return filters


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int), f"a step of {step}"
    return max(0, -exponent)
