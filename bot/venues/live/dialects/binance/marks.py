"""Marks, funding and bars of Binance, which read alike by REST and on the streams."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.facts import BarClosed, FundingRate, MarkPrice
from bot.core.types import ONE
from bot.venues.live.dialects.binance.payloads import moment
from bot.venues.live.exact import exact, positive, volume
from bot.venues.live.terms import Instrument


def mark_of(instrument: Instrument, at_ms: int, price: object) -> MarkPrice:
    """The mark price."""
    return MarkPrice(at_ms=at_ms, symbol=instrument.contract.symbol, price=positive(price, "mark price"))


def funding_of(instrument: Instrument, at_ms: int, rate: object, next_ms: object) -> FundingRate | None:
    """The rate of the next settlement; dated contracts have none, and it is empty then."""
    if rate in ("", None) or not next_ms or instrument.contract.expiry_ms is not None:
        return None
    fraction = exact(rate, "funding rate")
    if not -ONE < fraction < ONE:
        raise ValueError(f"funding rate is {fraction}, expected a fraction")
    return FundingRate(
        at_ms=at_ms,
        symbol=instrument.contract.symbol,
        rate=fraction,
        next_ms=moment(next_ms, "next funding time"),
    )


def bar(instrument: Instrument, timeframe_ms: int, opened_ms: int, told: Sequence[object]) -> BarClosed:
    """A bar from its open, high, low, close and volume; it closes where the next one opens."""
    *prices, traded = told
    opened, high, low, close = (positive(price, "price of a bar") for price in prices)
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(
            f"a bar of {instrument.symbol} has open {opened}, high {high}, low {low}, close {close}"
        )
    return BarClosed(
        at_ms=opened_ms + timeframe_ms,
        symbol=instrument.contract.symbol,
        timeframe_ms=timeframe_ms,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume(traded),
    )
