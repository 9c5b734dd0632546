"""The past at XT: klines and funding. Of mark price and open interest it tells the present value alone.

Sources: doc.xt.com/docs/futures/MarketData: get-trading-pair-information-of-kline, get-funding-rate-records;
ccxt 4.5.90 for the limits of their pages. Funding is a list, newest first, that is paged by ids and takes no
time: it is read back until what was asked for begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.venues.live.dialects.xt.reading import INTERVALS, MOST_BARS
from bot.venues.live.dialects.xt.spelling import PUBLIC, page, rows, text_of, time_of
from bot.venues.live.history import DAY_MS, Asked, History, Row, Series, Told, bar_row, rate_row
from bot.venues.live.terms import Payload
from bot.venues.live.wire import Param, Request

RATES_MAX, PAGES_MAX = 100, 50
RATES_TOLD = PAGES_MAX * RATES_MAX
"""Settlements that one request can bring over all its pages, counted back from now."""
REACH_MS = 730 * DAY_MS
"""As long as that lasts at a settlement every four hours, and a little less."""
_PATH = "future/market/v1/public/"


def _request(asked: Asked) -> Request:
    named: dict[str, Param] = {"symbol": asked.market.id}
    if asked.series is Series.BARS:
        bars: dict[str, Param] = {
            "interval": INTERVALS[asked.timeframe_ms],
            "startTime": asked.start_ms,
            "endTime": asked.end_ms - 1,
            "limit": MOST_BARS,
        }
        return Request(api=PUBLIC, method="GET", path=f"{_PATH}q/kline", params=named | bars)
    return Request(
        api=PUBLIC,
        method="GET",
        path=f"{_PATH}q/funding-rate-record",
        params=named | {"limit": RATES_MAX},
        following=lambda answer: _older(answer, asked.start_ms),
    )


def _older(answer: Payload, start_ms: int) -> Mapping[str, Param] | None:
    """What brings the page before this one, while that may hold something that is asked for."""
    found, more = page(answer, "funding rates")
    if not found or not more or min(_settled_ms(row) for row in found) < start_ms:
        return None
    return {"id": text_of(found[-1].get("id"), "id"), "direction": "NEXT"}


def _settled_ms(row: Mapping[str, object]) -> int:
    return time_of(row.get("createdTime"), "createdTime")


def _rows(asked: Asked, payload: Payload) -> Sequence[Row]:
    return list(_bars(payload) if asked.series is Series.BARS else _rates(payload))


def _bars(payload: Payload) -> Iterator[Row]:
    for row in rows(payload, "bars"):
        prices = [row.get(name) for name in ("o", "h", "l", "c")]
        yield bar_row(time_of(row.get("t"), "t"), prices, row.get("a"))


def _rates(payload: Payload) -> Iterator[Row]:
    for row in page(payload, "funding rates")[0]:
        yield rate_row(_settled_ms(row), row.get("fundingRate"))


HISTORY = History(
    tells={
        Series.BARS: Told(page=MOST_BARS, timeframes_ms=tuple(INTERVALS)),
        # Each request reads back from now, so that one should bring everything.
        Series.FUNDING: Told(page=RATES_TOLD, span_ms=REACH_MS, reach_ms=REACH_MS),
    },
    lacks={
        Series.MARK: "XT tells the present mark price only (q/symbol-mark-price)",
        Series.INTEREST: "XT tells the present open interest only (contract/open-interest)",
    },
    request=_request,
    rows=_rows,
)
