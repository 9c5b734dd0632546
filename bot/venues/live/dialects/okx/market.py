"""Prices, funding and bars of OKX, as they come by request and by stream."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.facts import BarClosed, FundingRate, MarkPrice
from bot.core.timeframe import format_timeframe
from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.dialects.okx.spelling import SWAP, instrument_type
from bot.venues.live.exact import positive, volume
from bot.venues.live.rows import Row, above_nought, items, ms, number, row
from bot.venues.live.terms import Instrument, Listing, Payload
from bot.venues.live.wire import Request

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BARS = {
    **{minutes * MINUTE_MS: f"{minutes}m" for minutes in (1, 3, 5, 15, 30)},
    **{hours * HOUR_MS: f"{hours}H" for hours in (1, 2, 4)},
    **{hours * HOUR_MS: f"{hours}Hutc" for hours in (6, 12)},
    24 * HOUR_MS: "1Dutc",
}
"""OKX's names of the timeframes. From six hours on its plain ones open by the clock of Hong Kong."""
CANDLES = "market/candles"
BARS_MAX = 300
CLOSED = 8
FIELDS = 9
ALL = "ANY"


def bar_name(timeframe_ms: int) -> str:
    """OKX's name of a timeframe; ``ValueError`` for one it does not have."""
    if timeframe_ms not in BARS:
        known = ", ".join(map(format_timeframe, BARS))
        raise ValueError(f"OKX has no bars of {format_timeframe(timeframe_ms)}; it has {known}")
    return BARS[timeframe_ms]


def market_requests(instruments: Sequence[Instrument]) -> Sequence[Request]:
    """Marks by type and funding of all perpetuals; just the instrument where it is one only."""
    by_type: dict[str, list[Instrument]] = {}
    for each in instruments:
        by_type.setdefault(instrument_type(each.contract), []).append(each)
    requests = [
        _public("public/mark-price", instType=kind, **({"instId": these[0].id} if len(these) == 1 else {}))
        for kind, these in by_type.items()
    ]
    perpetuals = by_type.get(SWAP, [])
    if perpetuals:
        asked = perpetuals[0].id if len(perpetuals) == 1 else ALL
        requests.append(_public("public/funding-rate", instId=asked))
    return requests


def market(payloads: Sequence[Payload], listing: Listing) -> Sequence[MarkPrice | FundingRate]:
    """Marks and funding of what is listed; a row that makes no sense is left out (not trading yet)."""
    facts: list[MarkPrice | FundingRate] = []
    for payload in payloads:
        for of in listed(payload):
            instrument = listing.by_id.get(str(of.get("instId")))
            if instrument is None:
                continue
            try:
                facts.append(mark(of, instrument) if "markPx" in of else funding(of, instrument))
            except ValueError:
                continue
    return facts


def mark(of: Row, instrument: Instrument) -> MarkPrice:
    """A mark price."""
    return MarkPrice(at_ms=ms(of.get("ts"), "ts"), symbol=instrument.symbol, price=above_nought(of, "markPx"))


def funding(of: Row, instrument: Instrument) -> FundingRate:
    """The rate of the next settlement, which is at ``fundingTime``; ``nextFundingTime`` is the one after."""
    return FundingRate(
        at_ms=ms(of.get("ts"), "ts"),
        symbol=instrument.symbol,
        rate=number(of, "fundingRate"),
        next_ms=ms(of.get("fundingTime"), "fundingTime"),
    )


def bars_request(instrument: Instrument, timeframe_ms: int, count: int) -> Request:
    """The latest bars, the open one among them."""
    return Request(
        api=("public",),
        method="GET",
        path=CANDLES,
        params={
            "instId": instrument.id,
            "bar": bar_name(timeframe_ms),
            "limit": str(min(count + 1, BARS_MAX)),
        },
        window=CANDLES,
    )


def bars(instrument: Instrument, timeframe_ms: int, payload: Payload, now_ms: int) -> Sequence[BarClosed]:
    """OKX gives the newest first, and the open one with them."""
    rows = items(row(payload, "the answer").get("data"), "data")
    found = [closed_bar(instrument, timeframe_ms, items(each, "a bar")) for each in rows]
    complete = [each for each in found if each is not None and each.at_ms <= now_ms]
    return sorted(complete, key=lambda each: each.at_ms)


def closed_bar(instrument: Instrument, timeframe_ms: int, fields: Sequence[object]) -> BarClosed | None:
    """A bar that OKX says is complete; ``ValueError`` where its prices do not go together."""
    if len(fields) < FIELDS:
        raise ValueError(f"a bar has {len(fields)} fields, expected {FIELDS}")
    if fields[CLOSED] != "1":
        return None
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


def _public(path: str, **params: str) -> Request:
    return Request(api=("public",), method="GET", path=path, params=params)
