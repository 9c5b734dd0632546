"""An exchange that was read at the start: nothing is the matter with it unless a test says so."""

from decimal import Decimal
from typing import Any

from bot.core.capabilities import YES
from bot.core.types import AccountName, MarginMode, PositionMode, Symbol
from bot.runtime.starting.findings import Read
from bot.venues.live.terms import (
    AccountState,
    Balance,
    Codes,
    Instrument,
    KeyRights,
    Listing,
    Setup,
    Traits,
    Window,
)
from tests.building.core import ABLE, BTC, ETH, a_contract, a_position, a_stop

D = Decimal
GOOD_KEY = KeyRights(trade=True, withdraw=False, transfer=False, ip_restricted=True)


def some_traits(**changes: Any) -> Traits:
    """An exchange that can do everything in both modes."""
    defaults: dict[str, Any] = {
        "name": "binanceusdm",
        "ccxt_id": "binanceusdm",
        "margin_rules": ("binance_usdm",),
        "hosts": frozenset({"exchange.example"}),
        "position_modes": frozenset(PositionMode),
        "levers": {("AddMargin", MarginMode.ISOLATED): YES},
        "codes": Codes(rejected=frozenset({"-4051"}), auth=frozenset({"-2015"})),
        "windows": {"requests": Window(capacity=2400, per_ms=60_000, reserve=400)},
        "recv_window_ms": 5_000,
        "mark_source": "a stream",
        "funding_source": "the same",
        "conditional_orders": "a list of its own",
        "stop_replacement": "place, read back, cancel",
        "timeframes_ms": frozenset({60_000, 300_000, 3_600_000}),
        "client_id_max": 36,
        "client_id_chars": "letters",
    }
    return Traits(**(defaults | changes))


def a_listing(*symbols: Symbol, **changes: Any) -> Listing:
    """The contracts of these symbols; of BTC and ETH where none is named."""
    return Listing(
        [
            Instrument(id=symbol.partition(":")[0].replace("/", ""), contract=a_contract(symbol, **changes))
            for symbol in symbols or (BTC, ETH)
        ]
    )


def a_state(**changes: Any) -> AccountState:
    """One long of BTC with a stop of ours, and 1000 free."""
    defaults: dict[str, Any] = {
        "positions": (a_position(),),
        "balances": (Balance(currency="USDT", wallet=D(1000), free=D(900)),),
        "orders": (a_stop("92", client_id="hf-1-1"),),
    }
    return AccountState(**(defaults | changes))


def a_market(symbol: Symbol, **changes: Any) -> dict[str, Any]:
    """A market as ccxt has it."""
    return {"symbol": symbol, "active": True, "spot": False, "swap": True, "info": {}} | changes


def a_read(**changes: Any) -> Read:
    """Everything is as it should be."""
    markets = {symbol: a_market(symbol) for symbol in (BTC, ETH)}
    spot = Symbol("BTC/USDT")
    defaults: dict[str, Any] = {
        "account": AccountName("main"),
        "traits": some_traits(),
        "setup": Setup(position_mode=PositionMode.ONE_WAY),
        "rights": GOOD_KEY,
        "state": a_state(),
        "listing": a_listing(),
        "markets": markets | {spot: a_market(spot, spot=True, swap=False)},
        "able": ABLE,
        "skew_ms": 12,
    }
    return Read(**(defaults | changes))
