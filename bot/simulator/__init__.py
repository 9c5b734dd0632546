"""The paper exchange behind the wire protocols of real exchanges, with faults to order.

The unmodified client of an exchange trades here as it would there: over TLS, with signatures, error codes,
weights and private streams. What a real exchange does only on its worst day happens here on demand.
"""

from bot.simulator.clock import Clock
from bot.simulator.faults import Fault, FaultKind, Faults
from bot.simulator.keys import ApiKey, KeyRing
from bot.simulator.line import Line
from bot.simulator.market import Bar, Market, Ticker
from bot.simulator.records import (
    AccountView,
    Change,
    Income,
    MarginMove,
    OrderRecord,
    OrderStatus,
    Origin,
    Trade,
    Update,
)
from bot.simulator.server import SimulatorServer
from bot.simulator.wire import Answer, Call, Wire
from bot.simulator.world import Event, OrderTerms, Refusal, World

__all__ = [
    "AccountView",
    "Answer",
    "ApiKey",
    "Bar",
    "Call",
    "Change",
    "Clock",
    "Event",
    "Fault",
    "FaultKind",
    "Faults",
    "Income",
    "KeyRing",
    "Line",
    "MarginMove",
    "Market",
    "OrderRecord",
    "OrderStatus",
    "OrderTerms",
    "Origin",
    "Refusal",
    "SimulatorServer",
    "Ticker",
    "Trade",
    "Update",
    "Wire",
    "World",
]
