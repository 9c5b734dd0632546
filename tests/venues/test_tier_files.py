"""Files of tiers: the layouts exchanges publish are read exactly, and holes are refused with their place."""

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.venues.tier_files import TierFileError, read_tiers, symbols_in

D = Decimal


def a_file(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "tiers.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def refused(path: Path, symbol: str | None = None) -> str:
    with pytest.raises(TierFileError) as caught:
        read_tiers(path, symbol)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(str(path))


@pytest.mark.parametrize(
    "rows",
    [
        [
            {"minNotional": 0, "maxNotional": 50, "mmr": 0.004, "cum": 0},
            {"minNotional": 50, "mmr": 0.1, "cum": 4.8},
        ],
        [{"floor": 0, "cap": 50, "mmr": 0.004, "cum": 0}, {"floor": 50, "cap": None, "mmr": 0.1, "cum": 4.8}],
        [{"minValue": 0, "maxValue": 50, "mmr": 0.004}, {"minValue": 50, "mmr": 0.1, "mmDeduction": 4.8}],
        [
            {"minNotional": 0, "maxNotional": 50, "maintenanceMarginRate": 0.004, "maintAmt": 0},
            {"minNotional": 50, "maintenanceMarginRate": 0.1, "maintAmt": 4.8},
        ],
        # No deductions in a table that is not called flat: they follow from its floors.
        [{"minNotional": 0, "maxNotional": 50, "mmr": "0.004"}, {"minNotional": 50, "mmr": "0.1"}],
    ],
)
def test_the_layouts_say_the_same(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    first, second = read_tiers(a_file(tmp_path, {"tiers": {"BTC/USDT:USDT": rows}}), "BTCUSDT")
    assert (first.floor, first.cap, first.rate, first.deduction) == (D(0), D(50), D("0.004"), D(0))
    assert (second.floor, second.cap, second.rate, second.deduction) == (D(50), None, D("0.1"), D("4.8"))


def test_tiers_in_contracts_start_where_the_tier_before_ends(tmp_path: Path) -> None:
    rows = [{"minSz": 0, "maxSz": 1000, "mmr": 0.004}, {"minSz": 1000.01, "maxSz": 5000, "mmr": 0.005}]
    path = a_file(tmp_path, {"symbol": "BTC-USDT-SWAP", "progressive": False, "tiers": rows})
    tiers = read_tiers(path, "BTC/USDT:USDT")
    assert [tier.floor for tier in tiers] == [0, 1000]
    assert [tier.cap for tier in tiers] == [1000, 5000]
    assert [tier.deduction for tier in tiers] == [0, 0]


def test_tables_are_found_at_any_depth_and_by_any_spelling(tmp_path: Path) -> None:
    row = {"floor": 0, "mmr": 0.01, "maxLeverage": 20}
    path = a_file(
        tmp_path,
        {
            "coinm": {"BTC/USD:BTC": {"unit": "BTC", "tiers": [row]}},
            "usdm": {"BTC/USDT:USDT-260925": [row], "BTCPERP (BTC/USDC:USDC)": [row]},
        },
    )
    assert symbols_in(path) == ("BTC/USD:BTC", "BTC/USDT:USDT-260925", "BTCPERP (BTC/USDC:USDC)")
    for symbol in ("BTCUSD_PERP", "BTC/USDT:USDT-260925", "BTCUSDC", "BTCPERP"):
        assert read_tiers(path, symbol)[0].max_leverage == 20
    assert "no tiers for BTC/USDT:USDT; add them to the file, which has BTC/USD:BTC" in refused(path, "BTC/USDT:USDT")


def test_the_only_table_needs_no_symbol(tmp_path: Path) -> None:
    path = a_file(tmp_path, [{"mmr": 0.01}])
    assert read_tiers(path)[0].rate == D("0.01")
    assert read_tiers(path, "ANY")[0].rate == D("0.01")


def test_several_tables_need_a_symbol(tmp_path: Path) -> None:
    path = a_file(tmp_path, {f"S{n}USDT": [{"mmr": 0.01}] for n in range(9)})
    assert "9 tables (S0USDT" in refused(path)


def test_two_different_tables_for_one_symbol_are_refused(tmp_path: Path) -> None:
    path = a_file(tmp_path, {"a": {"BTCUSDT": [{"mmr": 0.01}]}, "b": {"BTCUSDT": [{"mmr": 0.02}]}})
    assert "2 different tables for BTCUSDT" in refused(path, "BTCUSDT")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no JSON"),
        ('{"tiers": [', ":1: no JSON"),
        ('[{"mmr": NaN}]', "found NaN"),
        ([], "no table of tiers"),
        ({"tiers": {"BTC": []}}, "no table of tiers"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": [{"mmr": 0.1}]}}}}}}}}, "no table of tiers"),
        ([{"mmr": "much"}], "mmr is 'much', expected a number"),
        ([{"mmr": -0.1}], "expected a number of at least 0"),
        ([{"mmr": True}], "expected a number"),
        ([{"mmr": 0}], "tier 1: maintenance rate 0, expected a fraction"),
        ([{"mmr": 4}], "expected a fraction"),
        ([{"mmr": None}], "maintenance rate None"),
        ([{"floor": 5, "mmr": 0.1}], "tier 1: starts at 5, expected 0"),
        ([{"cap": 5, "mmr": 0.1}, {"floor": 6, "mmr": 0.2}], "tier 2: starts at 6, expected 5"),
        ([{"cap": 5, "mmr": 0.1}, {"floor": 5, "cap": 4, "mmr": 0.2}], "ends at 4"),
        ([{"cap": 5, "mmr": 0.2}, {"floor": 5, "mmr": 0.1}], "rates never fall"),
        ([{"mmr": 0.1}, {"floor": 5, "mmr": 0.2}], "has no cap"),
    ],
)
def test_bad_files_are_refused_with_place_and_remedy(tmp_path: Path, content: Any, message: str) -> None:
    assert message in refused(a_file(tmp_path, content))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "nowhere.json")
    binary = tmp_path / "tiers.json"
    binary.write_bytes(b"\xff\xfe")
    assert "no text at byte 0" in refused(binary)


def test_the_real_tables_are_read_and_progressive_where_they_say_so(shared: Path) -> None:
    folder = shared / "data/tiers"
    for name in ("binance_usdm_2026-09.json", "binance_usdm_2024-10.json", "bybit_2025-12.json"):
        for symbol in symbols_in(folder / name):
            tiers = read_tiers(folder / name, symbol)
            for before, after in pairwise(tiers):
                jump = after.deduction - before.deduction - after.floor * (after.rate - before.rate)
                assert jump == 0, (name, symbol, after)
    assert len(read_tiers(folder / "okx_btc_usdt_swap_2025-12.json", "BTCUSDT")) == 94
