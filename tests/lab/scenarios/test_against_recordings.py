"""The crashes of the library beside recordings of the same hours: as deep, as fast, as bad at their worst.

What is compared is the mark where a scenario has one of its own, in bars as long as those of the recording.
The window is that in which the crash happened: before it, a scenario is calmer than the days before were.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.core.types import Symbol
from bot.lab.scenarios import Figures, Scenario, Taken, figures, tapes
from bot.lab.tapes import Tape, TapeKind, Ticks, aggregate, read_tape
from bot.lab.tapes.tape import invented_tape

WITHIN = 0.15
UNVERIFIED = {("2020-03-12_covid", "ETH")}
"""One source has ETH at 323 in an hour in which its mark was 119.5 at most: a wick, or a mistake."""


class Crash(NamedTuple):
    """Which scenario, where its recordings are, from when until when, and the tape of each coin."""

    scenario: str
    folder: str
    start: str
    end: str
    coins: dict[str, str]


CRASHES = (
    Crash(
        "2020-03-12_covid",
        "2020-03-12_covid",
        "2020-03-12T00:00",
        "2020-03-14T00:00",
        {"BTC": "XBT_bitmex_perp_1m"},
    ),
    Crash(
        "2021-04-18",
        "2021-04-18",
        "2021-04-17T14:00",
        "2021-04-19T00:00",
        {"BTC": "XBT_bitmex_perp_1m"},
    ),
    Crash(
        "2021-05-19",
        "2021-05-19",
        "2021-05-18T12:00",
        "2021-05-20T12:00",
        {
            "BTC": "XBT_bitmex_perp_1m",
            "ETH": "ETH_binance_spot_1m",
            "ADA": "ADA_binance_spot_1m",
            "DOGE": "DOGE_binance_spot_1m",
            "XRP": "XRP_binance_spot_1m",
        },
    ),
    Crash(
        "2021-09-07_el_salvador",
        "2021-09-07",
        "2021-09-07T00:00",
        "2021-09-08T12:00",
        {"BTC": "XBT_bitmex_perp_1m", "ETH": "ETH_binance_spot_1m"},
    ),
    Crash(
        "2021-12-04",
        "2021-12-04",
        "2021-12-03T18:00",
        "2021-12-05T12:00",
        {"BTC": "XBT_bitmex_perp_1m", "ETH": "ETH_binance_spot_1m", "XRP": "XRP_binance_spot_1m"},
    ),
    Crash(
        "2022-05-11_luna",
        "2022-05-11_luna",
        "2022-05-10T13:00",
        "2022-05-13T12:00",
        {
            "BTC": "BTC_okx_perp_5m",
            "ETH": "ETH_okx_perp_5m",
            "SOL": "SOL_okx_perp_5m",
            "XRP": "XRP_okx_perp_5m",
            "DOGE": "DOGE_okx_perp_5m",
        },
    ),
    Crash(
        "2022-06-13_celsius",
        "2022-06-13_3ac",
        "2022-06-12T18:00",
        "2022-06-15T00:00",
        {
            "BTC": "BTC_binance_perp_5m",
            "ETH": "ETH_binance_perp_5m",
            "SOL": "SOL_okx_perp_5m",
            "XRP": "XRP_okx_perp_5m",
            "DOGE": "DOGE_okx_perp_5m",
        },
    ),
    Crash(
        "2022-11-08_ftx",
        "2022-11-08_ftx",
        "2022-11-08T16:00",
        "2022-11-11T00:00",
        {
            "BTC": "BTC_binance_perp_5m",
            "ETH": "ETH_binance_perp_5m",
            "SOL": "SOL_okx_perp_5m",
            "XRP": "XRP_okx_perp_5m",
            "DOGE": "DOGE_okx_perp_5m",
            "ADA": "ADA_binance_spot_5m",
        },
    ),
    Crash(
        "2023-08-17",
        "2023-08-17",
        "2023-08-17T18:00",
        "2023-08-18T12:00",
        {
            "BTC": "BTC_binance_perp_5m",
            "ETH": "ETH_binance_perp_5m",
            "SOL": "SOL_binance_spot_5m",
            "XRP": "XRP_binance_spot_5m",
            "DOGE": "DOGE_binance_spot_5m",
            "ADA": "ADA_binance_spot_5m",
        },
    ),
    Crash(
        "2024-03-05_new_high",
        "2024-03-05",
        "2024-03-05T12:00",
        "2024-03-06T12:00",
        {
            "BTC": "BTC_binance_spot_1m",
            "ETH": "ETH_binance_perp_5m",
            "SOL": "SOL_binance_perp_5m",
            "ADA": "ADA_binance_spot_5m",
        },
    ),
    Crash(
        "2025-02-03_tariffs",
        "2025-02-03",
        "2025-02-02T10:00",
        "2025-02-04T12:00",
        {
            "BTC": "BTC_binance_perp_5m",
            "ETH": "ETH_binance_perp_5m",
            "SOL": "SOL_binance_perp_15m",
            "ADA": "ADA_binance_perp_5m",
        },
    ),
    Crash(
        "2025-04-07",
        "2025-04-07",
        "2025-04-06T12:00",
        "2025-04-08T12:00",
        {
            "BTC": "BTC_binance_spot_5m",
            "ETH": "ETH_binance_spot_5m",
            "SOL": "SOL_hyperliquid_perp_5m",
            "XRP": "XRP_hyperliquid_perp_5m",
            "DOGE": "DOGE_hyperliquid_perp_5m",
            "ADA": "ADA_binance_spot_5m",
        },
    ),
    Crash(
        "2025-11-21",
        "2025-11-21",
        "2025-11-20T12:00",
        "2025-11-22T12:00",
        {
            "BTC": "BTC_binance_perp_5m",
            "ETH": "ETH_binance_perp_5m",
            "SOL": "SOL_binance_perp_5m",
            "XRP": "XRP_binance_perp_5m",
            "DOGE": "DOGE_binance_perp_5m",
            "ADA": "ADA_binance_perp_5m",
        },
    ),
    Crash(
        "2026-01-31",
        "2026-01-31",
        "2026-01-31T10:00",
        "2026-02-01T15:00",
        {
            "BTC": "BTC_bybit_perp_5m",
            "ETH": "ETH_bybit_perp_5m",
            "SOL": "SOL_binance_perp_5m",
            "XRP": "XRP_binance_perp_15m",
            "DOGE": "DOGE_binance_perp_1m",
            "ADA": "ADA_bybit_perp_5m",
        },
    ),
    Crash(
        "2026-02-05",
        "2026-02-05",
        "2026-02-05T06:00",
        "2026-02-07T00:00",
        {
            "BTC": "BTC_bybit_perp_5m",
            "ETH": "ETH_bybit_perp_5m",
            "SOL": "SOL_binance_perp_5m",
            "XRP": "XRP_binance_perp_15m",
            "DOGE": "DOGE_binance_perp_5m",
            "ADA": "ADA_bybit_perp_5m",
        },
    ),
)
RECORDED = [(crash, coin) for crash in CRASHES for coin in crash.coins]


def part(tape: Tape, crash: Crash) -> Tape:
    start_ms, end_ms = (
        int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
        for text in (crash.start, crash.end)
    )
    inside = (tape.times >= start_ms) & (tape.times < end_ms)
    return bars(tape, tape.interval_ms, *(column[inside] for column in columns(tape)))


def columns(tape: Tape) -> tuple[Ticks, ...]:
    return tape.times, tape.open, tape.high, tape.low, tape.close


def bars(tape: Tape, interval_ms: int, times: Ticks, *prices: Ticks) -> Tape:
    opens, high, low, close = prices
    return invented_tape(
        symbol=tape.symbol,
        interval_ms=interval_ms,
        exponent=tape.exponent,
        times=times,
        prices=(opens, high, low, close),
    )


def coarser(tape: Tape, interval_ms: int) -> Tape:
    made = aggregate(tape, interval_ms)
    opened = made.close_time_ms - interval_ms
    return bars(tape, interval_ms, opened, made.open, made.high, made.low, made.close)


def invented(
    scenario: Scenario, coin: str, crash: Crash, interval_ms: int, seed: int | None = None
) -> Figures:
    made = tapes(scenario, [Symbol(f"{coin}/USDT:USDT")], Taken(seed=seed))
    marks = [tape for tape in made if tape.kind is TapeKind.MARK]
    return figures(part(coarser((marks or made)[0], interval_ms), crash))


def recorded(shared: Path, crash: Crash, coin: str) -> Tape:
    path = shared / "data" / "crashes" / crash.folder / f"{crash.coins[coin]}.csv.gz"
    return part(read_tape(path, symbol_map={}), crash)


def hourly(folder: Path, coin: str, crash: Crash) -> Figures | None:
    path = folder / f"{coin}_binance_perp_1h.csv.gz"
    return figures(part(read_tape(path, symbol_map={}), crash)) if path.exists() else None


@pytest.mark.slow
@pytest.mark.parametrize(("crash", "coin"), RECORDED, ids=lambda each: getattr(each, "scenario", each))
def test_it_is_as_deep_as_fast_and_as_bad_at_its_worst(
    shared: Path, shipped: dict[str, Scenario], crash: Crash, coin: str
) -> None:
    tape = recorded(shared, crash, coin)
    was, made = figures(tape), invented(shipped[crash.scenario], coin, crash, tape.interval_ms)
    assert made.depth == pytest.approx(was.depth, rel=WITHIN)
    assert made.minutes == pytest.approx(was.minutes, rel=WITHIN, abs=2 * tape.interval_ms / 60_000)
    assert made.worst == pytest.approx(was.worst, rel=WITHIN)


@pytest.mark.slow
@pytest.mark.parametrize(("crash", "coin"), RECORDED, ids=lambda each: getattr(each, "scenario", each))
def test_other_minutes_between_the_same_anchors_are_about_as_bad(
    shared: Path, shipped: dict[str, Scenario], crash: Crash, coin: str
) -> None:
    tape = recorded(shared, crash, coin)
    was = figures(tape)
    for seed in (2, 3):
        made = invented(shipped[crash.scenario], coin, crash, tape.interval_ms, seed)
        assert made.depth == pytest.approx(was.depth, rel=WITHIN)
        assert made.worst == pytest.approx(was.worst, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("crash", CRASHES, ids=lambda crash: crash.scenario)
def test_trades_reach_what_the_perpetual_of_binance_traded_at(
    shared: Path, shipped: dict[str, Scenario], crash: Crash
) -> None:
    folder = shared / "data" / "crashes" / crash.folder
    scenario = shipped[crash.scenario]
    for coin in scenario.table.coins:
        was = None if (crash.scenario, coin) in UNVERIFIED else hourly(folder, coin, crash)
        if was is None:
            continue
        last, *_ = tapes(scenario, [Symbol(f"{coin}/USDT:USDT")])
        assert figures(part(coarser(last, 3_600_000), crash)).depth == pytest.approx(was.depth, rel=WITHIN), (
            coin
        )
