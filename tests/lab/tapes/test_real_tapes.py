"""Every recorded tape loads as it is, and its path keeps the promises."""

import csv
import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from bot.lab.tapes import (
    PathOrder,
    PricePath,
    Tape,
    TapeKind,
    aggregate,
    first_outside,
    gaps,
    group,
    price_path,
    read_tape,
    to_price,
)

# Two tapes of each sort of trouble: other venues, spot gaps, flat fill bars, many decimals, inverse.
SAMPLE = (
    "2020-03-12_covid/XBT_bitmex_perp_1m",
    "2020-03-12_covid/ETH_binance_perp_1h",
    "2021-04-18/BTC_binance_spot_1m",
    "2021-05-19/DOGE_binance_spot_1m",
    "2021-05-19/XRP_binance_perp_1h",
    "2021-09-07/BTC_binance_mark_1h",
)
PICKED_EVENTS = ("2022-05-11_luna", "2023-08-17", "2025-02-03", "2026-02-05")


def sampled(shared: Path) -> list[Path]:
    crashes = shared / "data" / "crashes"
    named = [crashes / f"{name}.csv.gz" for name in SAMPLE]
    picked = [path for event in PICKED_EVENTS for path in sorted((crashes / event).glob("*.csv.gz"))[::9]]
    return named + picked


def hourly_ranges(mark: Tape, exponent: int) -> dict[int, tuple[int, int]]:
    scale = 10 ** (exponent - mark.exponent)
    rows = zip(mark.times.tolist(), mark.low.tolist(), mark.high.tolist(), strict=True)
    return {at_ms: (low * scale, high * scale) for at_ms, low, high in rows}


def check_text(path: Path, tape: Tape) -> None:
    """Every cell is what Python's own reader and Decimal make of it."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert tape.times.tolist() == [int(line["ts_ms"]) for line in lines]
    if tape.kind is TapeKind.FUNDING:
        assert list(tape.rates) == [Decimal(line["rate"]) for line in lines]
        return
    for name in ("open", "high", "low", "close"):
        ticks = getattr(tape, name).tolist()
        assert [to_price(tick, tape.exponent) for tick in ticks] == [Decimal(line[name]) for line in lines]


def check_path(traded: Tape, mark: Tape | None, order: PathOrder) -> PricePath:
    (symbol,) = group([traded] if mark is None else [traded, mark])
    path = price_path(symbol, order=order)
    points = path.points()
    assert (np.diff(points.times.ravel()) > 0).all()
    assert (points.last.min(axis=1) == path.last_low).all()
    assert (points.last.max(axis=1) == path.last_high).all()
    assert (points.mark.min(axis=1) == path.mark_low).all()
    assert (points.mark.max(axis=1) == path.mark_high).all()
    if mark is not None:
        hours = points.times[:, 0] // mark.interval_ms * mark.interval_ms
        for hour, (low, high) in hourly_ranges(mark, path.exponent).items():
            inside = points.mark[hours == hour]
            assert not inside.size or (inside.min(), inside.max()) == (low, high)
    return path


def check_event(folder: Path) -> int:
    """Each traded tape with the mark tape of its venue, if there is one."""
    tapes = {path: read_tape(path, symbol_map={}) for path in sorted(folder.glob("*.csv.gz"))}
    marks = {(tape.symbol, tape.venue): tape for tape in tapes.values() if tape.kind is TapeKind.MARK}
    for tape in tapes.values():
        if tape.kind is not TapeKind.FUNDING:
            mark = marks.get((tape.symbol, tape.venue)) if tape.kind is TapeKind.TRADED else None
            check_path(tape, mark, PathOrder.NEAREST)
            aggregate(tape, 4 * 3_600_000)
    return len(tapes)


def test_a_sample_of_recorded_tapes_is_read_exactly(shared: Path) -> None:
    paths = sampled(shared)
    assert len(paths) >= 15
    for path in paths:
        check_text(path, read_tape(path, symbol_map={}))


@pytest.mark.parametrize("order", PathOrder)
def test_the_path_of_a_recorded_crash_touches_every_extreme(shared: Path, order: PathOrder) -> None:
    folder = shared / "data" / "crashes" / "2021-05-19"
    traded = read_tape(folder / "BTC_binance_spot_1m.csv.gz", symbol_map={})
    mark = read_tape(folder / "BTC_binance_mark_1h.csv.gz", symbol_map={})
    path = check_path(traded, mark, order)
    assert any("clipped" in sentence for sentence in path.assumptions)
    coarse = read_tape(folder / "BTC_binance_perp_1h.csv.gz", symbol_map={})
    check_path(coarse, mark, order)


def test_hours_made_of_minutes_equal_the_recorded_hours(shared: Path) -> None:
    folder = shared / "data" / "crashes"
    pairs = 0
    for fine in sorted(folder.glob("*/BTC_binance_*_[135]m.csv.gz")):
        coarse = fine.with_name(f"{fine.name.rpartition('_')[0]}_1h.csv.gz")
        if not coarse.exists():
            continue
        pairs += 1
        made, hours = aggregate(read_tape(fine, symbol_map={}), 3_600_000), read_tape(coarse, symbol_map={})
        assert made.exponent == hours.exponent
        shared_hours, mine, theirs = np.intersect1d(
            made.close_time_ms - 3_600_000, hours.times, return_indices=True
        )
        assert len(shared_hours) > 48
        whole = made.complete[mine]
        for name in ("open", "high", "low", "close"):
            assert (getattr(made, name)[mine][whole] == getattr(hours, name)[theirs][whole]).all()
    assert pairs >= 1


def test_the_maintenance_of_april_2021_is_a_gap(shared: Path) -> None:
    path = shared / "data" / "crashes" / "2021-04-18" / "BTC_binance_spot_1m.csv.gz"
    longest = max(gap.end_ms - gap.start_ms for gap in gaps(read_tape(path, symbol_map={})))
    assert 2 * 3_600_000 < longest < 3 * 3_600_000


@pytest.mark.slow
def test_every_recorded_tape_is_read_exactly(shared: Path) -> None:
    paths = sorted((shared / "data" / "crashes").glob("*/*.csv.gz"))
    assert len(paths) > 400
    for path in paths:
        check_text(path, read_tape(path, symbol_map={}))


@pytest.mark.slow
def test_every_recorded_tape_has_a_path(shared: Path) -> None:
    events = sorted((shared / "data" / "crashes").iterdir())
    assert sum(check_event(folder) for folder in events) > 400


@pytest.mark.slow
def test_the_long_tapes_are_read_and_searched(shared: Path) -> None:
    tapes = [read_tape(path, symbol_map={}) for path in sorted((shared / "data" / "long").glob("*.parquet"))]
    inverse = next(tape for tape in tapes if tape.venue == "bitmex")
    assert len(inverse) > 1_500_000
    assert any("inverse XBTUSD" in sentence for sentence in inverse.assumptions)
    for symbol in group([tape for tape in tapes if tape is not inverse]):
        path = price_path(symbol)
        assert path.mark_low.min() > 0
    path = check_path(inverse, None, PathOrder.WORST)
    lowest = int(path.mark_low.min())
    at = first_outside(path.mark_low, path.mark_high, 0, len(path), lowest, None)
    assert at == int(path.mark_low.argmin())
    assert len(aggregate(inverse, 3_600_000)) == len(inverse) // 60
