from datetime import UTC, datetime

import pytest

from bot.core.types import Symbol
from bot.venues.calendar import dated, expiry_of, listings, undated

BTC = Symbol("BTC/USDT:USDT")
HOUR_MS = 3_600_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def expiries(start: str, end: str, count: int = 2) -> list[str]:
    return [f"{dated(BTC, life.expiry_ms)[-6:]}" for life in listings(ms(start), ms(end), count)]


def test_quarterlies_expire_on_the_last_fridays_of_the_quarters_at_eight() -> None:
    # The exchanges' own symbols of those years.
    known = ["200327", "200626", "200925", "201225", "210326", "210625", "210924", "211231"]
    assert expiries("2020-01-01", "2021-07-01") == known
    assert {life.expiry_ms % (24 * HOUR_MS) for life in listings(ms("2020-01-01"), ms("2026-01-01"))} == {
        8 * HOUR_MS
    }


def test_this_quarter_and_the_next_are_listed_at_any_time() -> None:
    assert expiries("2020-03-12", "2020-03-13") == ["200327", "200626"]
    assert expiries("2025-10-10", "2025-10-11") == ["251226", "260327"]
    assert expiries("2024-08-05", "2024-08-06", 1) == ["240927"]
    assert expiries("2024-08-05", "2024-08-06", 5) == ["240927", "241227", "250328", "250627", "250926"]


def test_a_delivery_lists_the_contract_of_the_quarter_after_next() -> None:
    # Binance's own example: the delivery of 0925 in 2020 lists the contract of March 2021.
    march = next(
        life for life in listings(ms("2020-10-01"), ms("2020-10-02")) if life.expiry_ms > ms("2021-01-01")
    )
    assert march.listed_ms == ms("2020-09-25T08:00")
    assert expiries("2020-09-25T07:59", "2020-09-25T08:00") == ["200925", "201225"]
    assert expiries("2020-09-25T08:00", "2020-09-25T08:01") == ["201225", "210326"]


def test_a_symbol_tells_its_expiry() -> None:
    assert expiry_of(BTC) is None
    assert expiry_of(Symbol("BTC/USDT:USDT-241227")) == ms("2024-12-27T08:00")
    assert dated(Symbol("BTC/USD:BTC"), ms("2024-12-27T08:00")) == "BTC/USD:BTC-241227"
    assert undated(Symbol("BTC/USD:BTC-241227")) == "BTC/USD:BTC"
    assert undated(BTC) == BTC


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="241301 is no date"):
        expiry_of(Symbol("BTC/USDT:USDT-241301"))
