"""Contracts for prices of about 100: a tick of 0.1, three invented tiers, the rules of a venue."""

from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract, Tier, Tiers
from bot.core.margin.venues import RULES
from bot.core.types import Symbol

D = Decimal
BTC = Symbol("BTC/USDT:USDT")

ONE_TIER: Tiers = (Tier(floor=D(0), cap=None, rate=D("0.01")),)
TIERS: Tiers = (
    Tier(floor=D(0), cap=D(500), rate=D("0.01")),
    Tier(floor=D(500), cap=D(1500), rate=D("0.02"), deduction=D(5)),
    Tier(floor=D(1500), cap=None, rate=D("0.05"), deduction=D(50)),
)
FLAT_TIERS: Tiers = (
    Tier(floor=D(0), cap=D(500), rate=D("0.01")),
    Tier(floor=D(500), cap=D(1500), rate=D("0.02")),
    Tier(floor=D(1500), cap=None, rate=D("0.05")),
)


def a_contract(symbol: Symbol = BTC, *, venue: str = "binance_usdm", **changes: Any) -> Contract:
    """A linear perpetual under the margin rules of ``venue``."""
    defaults: dict[str, Any] = {
        "tick": D("0.1"),
        "lot": D("0.01"),
        "min_notional": D(5),
        "tiers": TIERS,
        "rules": RULES[venue],
    }
    return Contract(symbol=symbol, **(defaults | changes))
