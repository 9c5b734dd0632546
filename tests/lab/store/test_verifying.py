import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bot.lab.store.catalogue import FILE
from bot.lab.store.errors import StoreError
from bot.lab.store.fetching import fetch
from bot.lab.store.naming import Kept
from bot.lab.store.spans import Span
from bot.lab.store.verifying import Finding, gaps, verify
from bot.venues.live.history import Row, Series
from tests.building.contracts import BTC, TIERS
from tests.building.store import (
    HOUR_MS,
    LONG_AFTER_MS,
    MINUTE_MS,
    T0,
    FakePast,
    a_bar_row,
    a_store,
    bars_wanted,
)

TAPE = "binanceusdm/BTC_binanceusdm_perp_1m.csv.gz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound store of ten minutes."""
    past = FakePast([a_bar_row(at) for at in range(10)])
    asyncio.run(fetch(a_store(tmp_path), past, bars_wanted(10), LONG_AFTER_MS, lambda _: None))
    return tmp_path


def rewrite(folder: Path, change: Callable[[list[str]], list[str]]) -> list[Finding]:
    """What is found once the lines of the tape are others."""
    path = folder / TAPE
    kept = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress("\n".join(change(kept)).encode() + b"\n"))
    return list(verify(a_store(folder)))


def flaws(found: Sequence[Finding]) -> list[tuple[str, int | None]]:
    return [(each.flaw, each.line) for each in found]


def test_a_store_that_nobody_touched_is_sound(folder: Path) -> None:
    assert list(verify(a_store(folder))) == []


def test_a_changed_price_is_a_hash_that_does_not_match(folder: Path) -> None:
    found = rewrite(folder, lambda kept: [kept[0], kept[1].replace("101", "102"), *kept[2:]])
    assert flaws(found) == [("hash", None)]


def test_a_time_that_is_there_twice_is_found_with_its_line(folder: Path) -> None:
    found = rewrite(folder, lambda kept: [*kept[:4], kept[3], *kept[4:]])
    assert flaws(found) == [("hash", None), ("duplicate", 5)]


def test_a_line_that_comes_too_late_is_found(folder: Path) -> None:
    found = rewrite(folder, lambda kept: [*kept[:3], kept[4], kept[3], *kept[5:]])
    assert flaws(found) == [("hash", None), ("disorder", 5)]


def test_a_line_that_is_gone_is_a_gap_that_was_fetched(folder: Path) -> None:
    found = rewrite(folder, lambda kept: [*kept[:4], *kept[5:]])
    assert flaws(found) == [("hash", None), ("gap", None)]
    assert found[1].span == Span(T0 + 3 * MINUTE_MS, T0 + 4 * MINUTE_MS)


def test_a_bar_that_can_be_none_is_found_with_its_line(folder: Path) -> None:
    found = rewrite(folder, lambda kept: [kept[0], kept[1].replace("101", "98"), *kept[2:]])
    assert flaws(found) == [("hash", None), ("senseless", 2)]


def test_a_tape_that_is_cut_short_is_found(folder: Path) -> None:
    path = folder / TAPE
    path.write_bytes(path.read_bytes()[:-12])
    assert flaws(list(verify(a_store(folder)))) == [("senseless", None)]


def test_a_tape_that_is_gone_and_one_that_is_not_entered_are_found(folder: Path) -> None:
    path = folder / TAPE
    path.rename(path.with_name("ETH_binanceusdm_perp_1m.csv.gz"))
    found = list(verify(a_store(folder)))
    assert [(each.flaw, Path(each.file).name[:3]) for each in found] == [
        ("unknown", "ETH"),
        ("missing", "BTC"),
    ]


def test_time_that_was_never_fetched_is_a_gap_nobody_knows(folder: Path) -> None:
    past = FakePast([a_bar_row(at) for at in range(40)])
    asyncio.run(fetch(a_store(folder), past, bars_wanted(40, from_minute=30), LONG_AFTER_MS, lambda _: None))
    (finding,) = verify(a_store(folder))
    assert (finding.flaw, finding.known) == ("gap", False)
    assert finding.span == Span(T0 + 10 * MINUTE_MS, T0 + 30 * MINUTE_MS)


def test_tiers_are_held_against_their_hash(folder: Path) -> None:
    path = a_store(folder).keep_tiers("binanceusdm", BTC, TIERS)
    assert list(verify(a_store(folder))) == []
    path.write_text(path.read_text().replace("0.01", "0.02"))
    assert [each.flaw for each in verify(a_store(folder))] == ["hash"]
    path.unlink()
    assert [each.flaw for each in verify(a_store(folder))] == ["missing"]


def test_settlements_may_be_hourly_or_every_eight_hours_and_no_further_apart() -> None:
    kept = Kept(venue="bybit", symbol=BTC, series=Series.FUNDING, timeframe_ms=0)
    hours = [0, 8, 16, 17, 18, 26, 42]
    assert list(gaps(kept, [T0 + at * HOUR_MS for at in hours])) == [
        Span(T0 + 26 * HOUR_MS, T0 + 42 * HOUR_MS)
    ]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:40],
        lambda text: text.replace('"schema_version": 1', '"schema_version": 2'),
        lambda text: json.dumps(json.loads(text) | {"more": 1}),
        lambda text: text.replace('"timeframe": "1m"', '"timeframe": "1y"'),
    ],
)
def test_a_damaged_catalogue_is_one_clear_error(folder: Path, damage: Callable[[str], str]) -> None:
    path = folder / FILE
    path.write_text(damage(path.read_text()))
    with pytest.raises(StoreError, match=r"manifest\.json: "):
        a_store(folder)


def test_rows_of_interest_are_checked_for_order_and_gaps(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    kept = Kept(venue="okx", symbol=BTC, series=Series.INTEREST, timeframe_ms=5 * MINUTE_MS)
    rows = [Row(T0 + at * 5 * MINUTE_MS, ("1000", "100000")) for at in (0, 1, 3)]
    store.keep(kept, Span(T0, T0 + 20 * MINUTE_MS), rows)
    store.fold(kept)
    assert [each.flaw for each in verify(a_store(tmp_path))] == ["gap"]
