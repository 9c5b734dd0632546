"""The past at Binance: klines, mark price klines, funding, open interest.

Sources: developers.binance.com, derivatives, usds-margined-futures and coin-margined-futures, "Kline
Candlestick Data", "Mark Price Kline Candlestick Data", "Get Funding Rate History" (ascending from startTime),
"Open Interest Statistics" (the last 30 days). COIN-M takes no stretch of more than 200 days for klines and
names open interest by pair and type of contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from bot.core.contracts import ContractKind
from bot.core.timeframe import parse_timeframe
from bot.venues.live.dialects.binance.payloads import MALFORMED, moment, rows
from bot.venues.live.dialects.binance.reading import INTERVALS, interval_of
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.history import (
    DAY_MS,
    Asked,
    History,
    Row,
    Series,
    Told,
    bar_row,
    interest_row,
    rate_row,
)
from bot.venues.live.terms import Payload, Window
from bot.venues.live.wire import Param, Request

BARS_MAX, BARS_WEIGHT = 1000, 5
"""1500 come at most, at twice the weight of a thousand."""
RATES_MAX, INTEREST_MAX = 1000, 500
PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
COIN_SPAN_MS = 200 * DAY_MS
REACH_MS = 30 * DAY_MS - 10 * 60_000
"""A little less than 30 days: what is asked for must still be told when the request arrives."""
FUNDING, DATA = "funding history", "statistics"
WINDOWS = {
    FUNDING: Window(capacity=500, per_ms=300_000, reserve=0, apart=True),
    DATA: Window(capacity=1000, per_ms=300_000, reserve=0, apart=True),
}
"""Both are counted apart from everything else, in five minutes."""


def history(section: Section) -> History:
    """The past of one interface."""
    bars = Told(
        page=BARS_MAX,
        timeframes_ms=tuple(sorted(map(parse_timeframe, INTERVALS))),
        span_ms=COIN_SPAN_MS if section.kind is ContractKind.INVERSE else None,
    )
    return History(
        tells={
            Series.BARS: bars,
            Series.MARK: bars,
            Series.FUNDING: Told(page=RATES_MAX),
            Series.INTEREST: Told(
                page=INTEREST_MAX, timeframes_ms=tuple(map(parse_timeframe, PERIODS)), reach_ms=REACH_MS
            ),
        },
        lacks={},
        request=partial(_request, section),
        rows=_rows,
    )


def _request(section: Section, asked: Asked) -> Request:
    stretch: dict[str, Param] = {"startTime": asked.start_ms, "endTime": asked.end_ms - 1}
    symbol: dict[str, Param] = {"symbol": asked.market.id}
    match asked.series:
        case Series.BARS | Series.MARK:
            path = "klines" if asked.series is Series.BARS else "markPriceKlines"
            bars: dict[str, Param] = {"interval": interval_of(asked.timeframe_ms), "limit": BARS_MAX}
            return section.look(path, symbol | bars | stretch, weight=BARS_WEIGHT)
        case Series.FUNDING:
            return Request(
                api=section.public,
                method="GET",
                path="fundingRate",
                params=symbol | stretch | {"limit": RATES_MAX},
                window=FUNDING,
            )
        case Series.INTEREST:
            named = symbol
            if section.kind is ContractKind.INVERSE:
                info = asked.market.info
                named = {"pair": str(info["pair"]), "contractType": str(info["contractType"])}
            period: dict[str, Param] = {"period": interval_of(asked.timeframe_ms), "limit": INTEREST_MAX}
            return Request(
                api=section.data,
                method="GET",
                path="openInterestHist",
                params=named | period | stretch,
                window=DATA,
            )


def _rows(asked: Asked, payload: Payload) -> Sequence[Row]:
    try:
        return list(_read(asked.series, payload))
    except MALFORMED as error:
        raise ValueError(f"{asked.series} of {asked.market.symbol}: {error!s:.160}") from error


def _read(series: Series, payload: Payload) -> Iterator[Row]:
    for row in rows(payload, series):
        match series:
            case Series.BARS:
                yield bar_row(moment(row[0], "open time"), row[1:5], row[5])
            case Series.MARK:
                yield bar_row(moment(row[0], "open time"), row[1:5])
            case Series.FUNDING:
                yield rate_row(moment(row["fundingTime"], "fundingTime"), row["fundingRate"])
            case Series.INTEREST:
                at_ms = moment(row["timestamp"], "timestamp")
                yield interest_row(at_ms, row["sumOpenInterest"], row.get("sumOpenInterestValue"))
