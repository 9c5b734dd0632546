"""Endpoints of USD-M that exist at Binance and not here, each with the reason.

They are answered with -4084 ("Method is not allowed currently"), unlike what does not exist anywhere, which
is -5000. Most would need what an exchange of one trader does not have: other traders, other markets, other
services. A figure for them would be an invented one.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.office import Route, Routes

OTHERS = "it is about what other traders do, and there are none"
TAKERS = "nobody takes the side of a trade here: the prices of a tape have no taker"
RATING = "a rating by the exchange over all traders, of which no formula is published"
INDICES = "the index here is the tape's, and no tape has what a real one is made of"
DOLLARS = "what collateral is worth in dollars; multi-assets mode is said and not simulated"
TRADFI = "no perpetual on a stock or a commodity is listed here"
TOKENS = "leveraged tokens are gone from the exchange"
RULES = "how the exchange counts an account's unfilled and cancelled orders is not published"
CONVERT = "coins are not converted here"
FILES = "the answer is a file, on another host"
PORTFOLIO = "no account here is in portfolio margin; a key that says so is refused everywhere"
BROKERS = "the programme of brokers and their referrals"
STRATEGIES = "the exchange's own strategies are started by hand, on its site"
BURN = "fees are not paid in BNB here, so there is no discount to switch on"

UNSERVED: Mapping[tuple[str, str], str] = {
    ("GET", "/futures/data/globalLongShortAccountRatio"): OTHERS,
    ("GET", "/futures/data/topLongShortAccountRatio"): OTHERS,
    ("GET", "/futures/data/topLongShortPositionRatio"): OTHERS,
    ("GET", "/futures/data/takerlongshortRatio"): TAKERS,
    ("GET", "v1/symbolAdlRisk"): RATING,
    ("GET", "v1/constituents"): INDICES,
    ("GET", "v1/assetIndex"): DOLLARS,
    ("GET", "v1/tradingSchedule"): TRADFI,
    ("GET", "v1/stock/contract"): TRADFI,
    ("POST", "v1/stock/contract"): TRADFI,
    ("GET", "v1/lvtKlines"): TOKENS,
    ("GET", "v1/apiTradingStatus"): RULES,
    ("GET", "v1/convert/exchangeInfo"): CONVERT,
    ("GET", "v1/convert/orderStatus"): CONVERT,
    ("POST", "v1/convert/getQuote"): CONVERT,
    ("POST", "v1/convert/acceptQuote"): CONVERT,
    ("GET", "v1/income/asyn"): FILES,
    ("GET", "v1/income/asyn/id"): FILES,
    ("GET", "v1/order/asyn"): FILES,
    ("GET", "v1/order/asyn/id"): FILES,
    ("GET", "v1/trade/asyn"): FILES,
    ("GET", "v1/trade/asyn/id"): FILES,
    ("GET", "v1/pmAccountInfo"): PORTFOLIO,
    ("GET", "v1/apiReferral/ifNewUser"): BROKERS,
    ("GET", "v1/apiReferral/customization"): BROKERS,
    ("POST", "v1/apiReferral/customization"): BROKERS,
    ("GET", "v1/apiReferral/userCustomization"): BROKERS,
    ("POST", "v1/apiReferral/userCustomization"): BROKERS,
    ("GET", "v1/apiReferral/overview"): BROKERS,
    ("GET", "v1/apiReferral/tradeVol"): BROKERS,
    ("GET", "v1/apiReferral/rebateVol"): BROKERS,
    ("GET", "v1/apiReferral/traderNum"): BROKERS,
    ("GET", "v1/apiReferral/traderSummary"): BROKERS,
    ("POST", "v1/feeBurn"): BURN,
}

UNSERVED_STREAMS: Mapping[str, str] = {
    "!assetIndex@arr": DOLLARS,
    "<symbol>@compositeIndex": "no composite index is listed here",
    "tradingSession": TRADFI,
}
"""They are taken and never filled, as Binance does with names that mean nothing."""
UNSERVED_EVENTS: Mapping[str, str] = {
    "CONDITIONAL_ORDER_TRIGGER_REJECT": "the algo service has conditional orders, and tells ALGO_UPDATE",
    "STRATEGY_UPDATE": STRATEGIES,
    "GRID_UPDATE": STRATEGIES,
}


def unserved_routes() -> Routes:
    """A refusal for each, whoever asks."""
    return {endpoint: Route(Security.NONE, _refuse) for endpoint in UNSERVED}


def _refuse(_: Ask) -> object:
    raise BinanceError(-4084)
