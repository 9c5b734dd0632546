"""What a file name, or the map, says about a tape."""

from pathlib import Path

import pytest

from bot.lab.tapes import TapeError, TapeKind
from bot.lab.tapes.names import Naming, naming, written

MINUTE = 60_000


def told(name: str, **symbol_map: str) -> Naming:
    return naming(Path(name), symbol_map)


@pytest.mark.parametrize(
    ("name", "symbol", "kind", "word", "venue", "interval_ms"),
    [
        ("BTC_binance_perp_5m.csv.gz", "BTC/USDT:USDT", TapeKind.TRADED, "perp", "binance", 5 * MINUTE),
        ("BTC_binance_spot_1h.csv.gz", "BTC/USDT:USDT", TapeKind.TRADED, "spot", "binance", 60 * MINUTE),
        ("ETH_okx_mark_1h.csv", "ETH/USDT:USDT", TapeKind.MARK, "mark", "okx", 60 * MINUTE),
        ("BTC_binance_funding.csv.gz", "BTC/USDT:USDT", TapeKind.FUNDING, "funding", "binance", None),
        ("BTC_binance_funding_8h.csv", "BTC/USDT:USDT", TapeKind.FUNDING, "funding", "binance", None),
        ("BTC_binance_interest_5m.csv", "BTC/USDT:USDT", TapeKind.INTEREST, "interest", "binance", None),
        ("XBT_bitmex_perp_1m.csv.gz", "BTC/USDT:USDT", TapeKind.TRADED, "perp", "bitmex", MINUTE),
        (
            "XBTUSD_bitmex_perp_1m_2020-2022.parquet",
            "BTC/USDT:USDT",
            TapeKind.TRADED,
            "perp",
            "bitmex",
            MINUTE,
        ),
        ("BTCUSDT_binance_perp_5m.parquet", "BTC/USDT:USDT", TapeKind.TRADED, "perp", "binance", 5 * MINUTE),
        ("ETHUSDC_binance_perp_1d.csv", "ETH/USDC:USDC", TapeKind.TRADED, "perp", "binance", 1440 * MINUTE),
        ("1000PEPE_bybit_perp.csv", "1000PEPE/USDT:USDT", TapeKind.TRADED, "perp", "bybit", None),
        ("btc_Binance_perp_1m-may.csv", "BTC/USDT:USDT", TapeKind.TRADED, "perp", "binance", MINUTE),
    ],
)
def test_the_name_tells_symbol_kind_venue_and_interval(
    name: str, symbol: str, kind: TapeKind, word: str, venue: str, interval_ms: int | None
) -> None:
    said = told(name)
    assert (said.symbol, said.kind, said.word) == (symbol, kind, word)
    assert (said.venue, said.interval_ms) == (venue, interval_ms)


def test_an_inverse_contract_replayed_as_linear_is_said() -> None:
    (sentence,) = told("XBTUSD_bitmex_perp_1m_2020-2022.parquet").assumptions
    assert "inverse XBTUSD" in sentence
    assert "linear BTC/USDT:USDT" in sentence


def test_dollars_replayed_as_tether_are_said() -> None:
    said = told("ETHUSD_kraken_perp_1h.csv")
    assert said.symbol == "ETH/USDT:USDT"
    assert said.assumptions == (
        "ETHUSD_kraken_perp_1h.csv is quoted in dollars; replayed as the linear ETH/USDT:USDT",
    )


def test_spot_prices_in_place_of_a_perpetual_are_said() -> None:
    (sentence,) = told("BTC_binance_spot_1h.csv.gz").assumptions
    assert "spot prices" in sentence


def test_a_linear_perpetual_needs_no_assumption() -> None:
    assert told("BTCUSDT_binance_perp_5m.parquet").assumptions == ()


def test_the_map_overrides_the_symbol_and_keeps_the_rest_of_the_name() -> None:
    said = told("BTC_binance_mark_1h.csv", **{"BTC_*": "BTC/USDC:USDC"})
    assert (said.symbol, said.kind, said.interval_ms) == ("BTC/USDC:USDC", TapeKind.MARK, 60 * MINUTE)
    assert said.assumptions == ("BTC_binance_mark_1h.csv is replayed as BTC/USDC:USDC, as the map says",)


def test_the_map_may_give_the_kind() -> None:
    said = told("my prices.csv", **{"my*": "BTC/USDT:USDT, mark"})
    assert (said.kind, said.interval_ms) == (TapeKind.MARK, None)


def test_without_kind_in_map_or_name_the_columns_decide() -> None:
    assert told("prices.csv", **{"*.csv": "BTC/USDT:USDT"}).kind is None


def test_the_first_glob_that_matches_wins() -> None:
    said = told("prices.csv", **{"prices*": "ETH/USDT:USDT", "*.csv": "BTC/USDT:USDT"})
    assert said.symbol == "ETH/USDT:USDT"


def test_a_glob_with_a_slash_is_matched_against_the_path() -> None:
    said = told("/tapes/luna/prices.csv", **{"luna/*.csv": "LUNA/USDT:USDT"})
    assert said.symbol == "LUNA/USDT:USDT"


@pytest.mark.parametrize(
    "name", ["prices.csv", "BTCUSDT-1m-2021-05.csv", "BTC_binance.csv", "BTC_binance_index_1h.csv"]
)
def test_a_name_that_tells_nothing_is_an_error_with_the_remedy(name: str) -> None:
    with pytest.raises(TapeError, match=r"--map GLOB=SYMBOL") as caught:
        told(name)
    assert "[tapes] map" in str(caught.value)


@pytest.mark.parametrize("target", ["BTCUSDT", "", "BTC/USDT", "btc/usdt:usdt", "BTC/USDT:USDT,index"])
def test_a_map_to_something_else_than_a_symbol_and_kind_is_an_error(target: str) -> None:
    with pytest.raises(TapeError, match=r"the map gives"):
        told("prices.csv", **{"*": target})


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("BTC/USDT:USDT", "BTC"),
        ("1000PEPE/USDT:USDT", "1000PEPE"),
        ("BTC/USDC:USDC", "BTCUSDC"),
        ("BTC/USD:BTC", "BTC-USD-BTC"),
        ("BTC/USDT:USDT-261225", "BTC-USDT-USDT-261225"),
        ("BTC/USD:BTC-261225", "BTC-USD-BTC-261225"),
        # Read back from the short form these would be others.
        ("TUSD/USDT:USDT", "TUSDUSDT"),
        ("XBT/USDT:USDT", "XBT-USDT-USDT"),
        ("BTC/USDT:USDC", "BTC-USDT-USDC"),
    ],
)
def test_a_symbol_is_written_so_that_it_is_read_back(symbol: str, name: str) -> None:
    assert written(symbol) == name
    for venue in ("bybit", "binancecoinm"):
        said = told(f"{name}_{venue}_perp_1m.csv.gz")
        assert (said.symbol, said.venue, said.assumptions) == (symbol, venue, ())


@pytest.mark.parametrize("symbol", ["BTC/USDT", "../x:Y", "btc/usdt:usdt", "币/USDT:USDT"])
def test_what_no_name_can_hold_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a tape"):
        written(symbol)
