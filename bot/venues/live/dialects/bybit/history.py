"""The past at Bybit: klines, mark price klines, funding, open interest; all newest first.

Sources: bybit-exchange.github.io v5/market: kline, mark-kline (both up to 1000 rows), history-fund-rate (200;
a start without an end is an error), open-interest (200, steps of 5min to 1d).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.venues.live.dialects.bybit.contracts import category, listed, result
from bot.venues.live.dialects.bybit.market import BARS_MAX, FIELDS, HOUR_MS, INTERVALS, interval
from bot.venues.live.history import Asked, History, Row, Series, Told, bar_row, interest_row, rate_row
from bot.venues.live.rows import items, ms
from bot.venues.live.terms import Payload
from bot.venues.live.wire import Request

ROWS_MAX = 200
MINUTE_MS = 60_000
PERIODS = {
    5 * MINUTE_MS: "5min",
    15 * MINUTE_MS: "15min",
    30 * MINUTE_MS: "30min",
    HOUR_MS: "1h",
    4 * HOUR_MS: "4h",
    24 * HOUR_MS: "1d",
}
_BARS = Told(page=BARS_MAX, timeframes_ms=tuple(INTERVALS))
PRICES_END = 5


def _request(asked: Asked) -> Request:
    start_ms, last_ms = asked.start_ms, asked.end_ms - 1
    match asked.series:
        case Series.BARS | Series.MARK:
            path = "kline" if asked.series is Series.BARS else "mark-price-kline"
            bars: dict[str, str | int] = {"interval": interval(asked.timeframe_ms), "limit": BARS_MAX}
            return _public(asked, path, **bars, start=start_ms, end=last_ms)
        case Series.FUNDING:
            return _public(asked, "funding/history", startTime=start_ms, endTime=last_ms, limit=ROWS_MAX)
        case Series.INTEREST:
            return _public(
                asked,
                "open-interest",
                intervalTime=PERIODS[asked.timeframe_ms],
                startTime=start_ms,
                endTime=last_ms,
                limit=ROWS_MAX,
            )


def _public(asked: Asked, path: str, **params: str | int) -> Request:
    named = {"category": category(asked.market.info), "symbol": asked.market.id}
    return Request(api=("public",), method="GET", path=f"v5/market/{path}", params=named | params)


def _rows(asked: Asked, payload: Payload) -> Sequence[Row]:
    return list(_read(asked.series, payload))


def _read(series: Series, payload: Payload) -> Iterator[Row]:
    if series in (Series.BARS, Series.MARK):
        for each in items(result(payload).get("list"), "list"):
            fields = items(each, "a bar")
            if len(fields) < (FIELDS if series is Series.BARS else PRICES_END):
                raise ValueError(f"a bar has {len(fields)} fields")
            traded = fields[PRICES_END] if series is Series.BARS else None
            yield bar_row(ms(fields[0], "the start of a bar"), fields[1:PRICES_END], traded)
        return
    for row in listed(payload):
        if series is Series.FUNDING:
            yield rate_row(
                ms(row.get("fundingRateTimestamp"), "fundingRateTimestamp"), row.get("fundingRate")
            )
        else:
            yield interest_row(ms(row.get("timestamp"), "timestamp"), row.get("openInterest"))


HISTORY = History(
    tells={
        Series.BARS: _BARS,
        Series.MARK: _BARS,
        Series.FUNDING: Told(page=ROWS_MAX),
        Series.INTEREST: Told(page=ROWS_MAX, timeframes_ms=tuple(PERIODS)),
    },
    lacks={},
    request=_request,
    rows=_rows,
)
