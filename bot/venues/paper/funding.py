"""How far a funding rate may go: the caps of the venues, as data.

A recorded rate has been capped already, by the cap of its day, which venues move in a crisis (Binance let
SOL pay 2 % every two hours in November 2022). So nothing is capped unless it is asked for; then what is
charged, and told in ``FundingPaid``, is the capped rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from bot.core.contracts import Contract
from bot.core.types import ZERO
from bot.venues.paper.refusals import family


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingCap:
    """A cap per settlement, either way: ``rate``, plus so often the maintenance rate of the first tier."""

    rate: Decimal = ZERO
    of_maintenance: Decimal = ZERO


_THREE_QUARTERS = Decimal("0.75")
FUNDING_CAPS: Mapping[str, FundingCap] = MappingProxyType(
    {
        # Binance: 0.75 * maintenance margin ratio. Recorded rates show it: BTC -0.300 % on 2020-03-13 with
        # 0.4 % of maintenance, ADA -0.4875 % on 2021-05-19 with 0.65 %. Some contracts have their own caps.
        "binance": FundingCap(of_maintenance=_THREE_QUARTERS),
        # 4 % an hour (hyperliquid docs, "Funding"; the largest rates in its history are 4 % too).
        "hyperliquid": FundingCap(rate=Decimal("0.04")),
    }
)
"""By venue family. OKX and Bybit publish one per contract; give it as a rate."""


def venue_cap(contract: Contract) -> Decimal | None:
    """The largest rate per settlement that the venue charges in a contract; ``None`` if no rule is known."""
    cap = FUNDING_CAPS.get(family(contract))
    return None if cap is None else cap.rate + cap.of_maintenance * contract.tiers[0].rate


def capped(rate: Decimal, cap: Decimal | None) -> Decimal:
    """``rate`` no farther from 0 than ``cap``."""
    return rate if cap is None else max(-cap, min(cap, rate))
