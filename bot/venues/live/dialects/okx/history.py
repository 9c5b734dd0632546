"""The past at OKX: history candles, mark price candles, funding, open interest; all newest first.

Sources: okx.com docs-v5: market/history-candles, market/history-mark-price-candles,
public/funding-rate-history (the last three months), rubik/stat/contracts/open-interest-history (1,440 rows),
and ccxt 4.5.90 for the limits of their pages and for both ends being exclusive. ``after`` is the earlier in
time: rows before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.dialects.okx.market import BARS, BARS_MAX, CLOSED, FIELDS, HOUR_MS, MINUTE_MS, bar_name
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
from bot.venues.live.rows import given, items, ms, row
from bot.venues.live.terms import Payload
from bot.venues.live.wire import Request

ROWS_MAX = 100
INTEREST_ROWS = 1_440
REACH_MS = 92 * DAY_MS
PERIODS = {5 * MINUTE_MS: "5m", HOUR_MS: "1H", 24 * HOUR_MS: "1Dutc"}
CANDLES, MARKS = "market/history-candles", "market/history-mark-price-candles"
RATES, INTEREST = "public/funding-rate-history", "rubik/stat/contracts/open-interest-history"
MARK_CLOSED, BASE_VOLUME = 5, 6


def _request(asked: Asked) -> Request:
    before, after = str(asked.start_ms - 1), str(asked.end_ms)
    match asked.series:
        case Series.BARS | Series.MARK:
            path, limit = (CANDLES, BARS_MAX) if asked.series is Series.BARS else (MARKS, ROWS_MAX)
            bar = bar_name(asked.timeframe_ms)
            return _public(asked, path, bar=bar, before=before, after=after, limit=str(limit))
        case Series.FUNDING:
            return _public(asked, RATES, before=before, after=after, limit=str(ROWS_MAX))
        case Series.INTEREST:
            period = PERIODS[asked.timeframe_ms]
            return _public(asked, INTEREST, period=period, begin=before, end=after, limit=str(ROWS_MAX))


def _public(asked: Asked, path: str, **params: str) -> Request:
    named = {"instId": asked.market.id}
    return Request(api=("public",), method="GET", path=path, params=named | params, window=path)


def _rows(asked: Asked, payload: Payload) -> Sequence[Row]:
    return list(_read(asked.series, payload))


def _read(series: Series, payload: Payload) -> Iterator[Row]:
    if series is Series.FUNDING:
        for each in listed(payload):
            # What was announced and what was settled may differ; where both are there the latter counts.
            rate = each["realizedRate"] if given(each, "realizedRate") else each.get("fundingRate")
            yield rate_row(ms(each.get("fundingTime"), "fundingTime"), rate)
        return
    for each in items(row(payload, "the answer").get("data"), "data"):
        fields = items(each, "a row")
        if len(fields) < (
            FIELDS if series is Series.BARS else MARK_CLOSED + 1 if series is Series.MARK else 3
        ):
            raise ValueError(f"a row has {len(fields)} fields")
        at_ms = ms(fields[0], "the time of a row")
        if series is Series.INTEREST:
            yield interest_row(at_ms, fields[2], fields[3] if len(fields) > 3 else None)  # noqa: PLR2004 - in base coin, then in dollars
        elif fields[CLOSED if series is Series.BARS else MARK_CLOSED] == "1":
            yield bar_row(at_ms, fields[1:5], fields[BASE_VOLUME] if series is Series.BARS else None)


HISTORY = History(
    tells={
        Series.BARS: Told(page=BARS_MAX, timeframes_ms=tuple(BARS)),
        Series.MARK: Told(page=ROWS_MAX, timeframes_ms=tuple(BARS)),
        Series.FUNDING: Told(page=ROWS_MAX, reach_ms=REACH_MS),
        Series.INTEREST: Told(page=ROWS_MAX, timeframes_ms=tuple(PERIODS), reach_rows=INTEREST_ROWS),
    },
    lacks={},
    request=_request,
    rows=_rows,
)
