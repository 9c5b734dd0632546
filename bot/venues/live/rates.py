"""Whether a funding rate may be believed: what no exchange can charge is not let further in than it could be.

No decision rests on a rate today, and a paper account pays it. The largest cap per settlement that is
published is 4 % (Bybit's for its most volatile contracts; Binance's and OKX's stay below it), so that a rate
beyond it is an error of the exchange or of ours, in whichever direction. A rate that is missing is no fact at
all: whoever comes to decide by funding has to count it at ``CAP`` against the position, never as nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from bot.core.facts import FundingRate

CAP = Decimal("0.04")
"""Per settlement, a fraction of notional, either way."""


def capped(fact: FundingRate, note: Callable[[str], None]) -> FundingRate:
    """The rate, or the nearest that an exchange may charge; ``note`` hears of one that is beyond."""
    if abs(fact.rate) <= CAP:
        return fact
    note(f"{fact.symbol}: a funding rate of {fact.rate}, taken for {CAP.copy_sign(fact.rate)}")
    return replace(fact, rate=CAP.copy_sign(fact.rate))
