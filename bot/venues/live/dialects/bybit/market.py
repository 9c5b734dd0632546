"""Prices, funding and bars of Bybit, as they come by request."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.facts import BarClosed, FundingRate, MarkPrice
from bot.core.timeframe import format_timeframe
from bot.venues.live.dialects.bybit.contracts import listed, result
from bot.venues.live.exact import positive, volume
from bot.venues.live.rows import Row, above_nought, items, ms, number, row
from bot.venues.live.terms import Instrument, Listing, Payload
from bot.venues.live.wire import Request

HOUR_MS = 3_600_000
INTERVALS = {minutes * 60_000: str(minutes) for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)} | {
    24 * HOUR_MS: "D"
}
"""Bybit's names of the timeframes. Its week begins on a Monday, ours on a Thursday, so there is none."""
BARS_MAX = 1000
FIELDS = 6


def interval(timeframe_ms: int) -> str:
    """Bybit's name of a timeframe; ``ValueError`` for one it does not have."""
    if timeframe_ms not in INTERVALS:
        known = ", ".join(map(format_timeframe, INTERVALS))
        raise ValueError(f"Bybit has no bars of {format_timeframe(timeframe_ms)}; it has {known}")
    return INTERVALS[timeframe_ms]


def market_requests(instruments: Sequence[Instrument]) -> Sequence[Request]:
    """One per category: it brings all its symbols; just the symbol where it is one only."""
    by_family: dict[str, list[Instrument]] = {}
    for each in instruments:
        by_family.setdefault(each.family, []).append(each)
    return [
        _public(
            "v5/market/tickers",
            category=family,
            **({"symbol": these[0].id} if len(these) == 1 else {}),
        )
        for family, these in by_family.items()
    ]


def market(payloads: Sequence[Payload], listing: Listing) -> Sequence[MarkPrice | FundingRate]:
    """Marks and funding of what is listed; a row without a mark is left out (not trading yet)."""
    facts: list[MarkPrice | FundingRate] = []
    for payload in payloads:
        at_ms = ms(row(payload, "the answer").get("time"), "time")
        for of in listed(payload):
            instrument = listing.by_id.get(str(of.get("symbol")))
            if instrument is None:
                continue
            try:
                mark = MarkPrice(at_ms=at_ms, symbol=instrument.symbol, price=above_nought(of, "markPrice"))
                rate = funding(of, at_ms, instrument)
            except ValueError:
                continue
            facts += [mark] if rate is None else [mark, rate]
    return facts


def funding(of: Row, at_ms: int, instrument: Instrument) -> FundingRate | None:
    """The rate of the next settlement, where both rate and time are there; a dated contract has none."""
    named = "fundingRate" in of and "nextFundingTime" in of
    if not named or instrument.contract.expiry_ms is not None:
        return None
    return FundingRate(
        at_ms=at_ms,
        symbol=instrument.symbol,
        rate=number(of, "fundingRate"),
        next_ms=ms(of.get("nextFundingTime"), "nextFundingTime"),
    )


def bars_request(instrument: Instrument, timeframe_ms: int, count: int) -> Request:
    """The latest bars, the open one among them."""
    return _public(
        "v5/market/kline",
        category=instrument.family,
        symbol=instrument.id,
        interval=interval(timeframe_ms),
        limit=min(count + 1, BARS_MAX),
    )


def bars(instrument: Instrument, timeframe_ms: int, payload: Payload, now_ms: int) -> Sequence[BarClosed]:
    """Bybit gives the newest first, and the open one with them."""
    found = [
        bar(instrument, timeframe_ms, items(each, "a bar"))
        for each in items(result(payload).get("list"), "list")
    ]
    return sorted((each for each in found if each.at_ms <= now_ms), key=lambda each: each.at_ms)


def bar(instrument: Instrument, timeframe_ms: int, fields: Sequence[object]) -> BarClosed:
    """A bar from its start, its four prices and its volume; ``ValueError`` where they do not go together."""
    if len(fields) < FIELDS:
        raise ValueError(f"a bar has {len(fields)} fields, expected at least {FIELDS}")
    opening, high, low, close = (positive(value, "a price of a bar") for value in fields[1:5])
    if not low <= min(opening, close) <= max(opening, close) <= high:
        raise ValueError(f"a bar of {opening}, {high}, {low}, {close}: the extremes are none")
    return BarClosed(
        at_ms=ms(fields[0], "the start of a bar") + timeframe_ms,
        symbol=instrument.symbol,
        timeframe_ms=timeframe_ms,
        open=opening,
        high=high,
        low=low,
        close=close,
        volume=volume(fields[5]),
    )


def _public(path: str, **params: str | int) -> Request:
    return Request(api=("public",), method="GET", path=path, params=params)
