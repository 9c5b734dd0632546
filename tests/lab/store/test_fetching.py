import asyncio
import shutil
from pathlib import Path

import pytest

from bot.lab.store.errors import StoreError
from bot.lab.store.fetching import Fetched, Progress, Wanted, fetch
from bot.lab.store.keeping import BY_STREAM, Store
from bot.lab.store.spans import Span
from bot.lab.store.verifying import verify
from bot.lab.tapes import read_tape
from bot.venues.live.history import DAY_MS, Row, Told
from bot.venues.live.line import Unreadable
from tests.building.contracts import BTC
from tests.building.store import (
    HOUR_MS,
    LONG_AFTER_MS,
    MINUTE_MS,
    T0,
    FakePast,
    a_bar_row,
    a_store,
    bars_wanted,
    funding_wanted,
    lines,
)

TAPE = "binanceusdm/BTC_binanceusdm_perp_1m.csv.gz"


def brought(store: Store, past: FakePast, wanted: Wanted, now_ms: int = LONG_AFTER_MS) -> Fetched:
    return asyncio.run(fetch(store, past, wanted, now_ms, lambda _: None))


def a_past(minutes: int, *, without: range = range(0)) -> FakePast:
    return FakePast([a_bar_row(at) for at in range(minutes) if at not in without])


def minute(at: int) -> int:
    return T0 + at * MINUTE_MS


def test_what_was_fetched_is_a_tape_that_a_replay_reads(tmp_path: Path) -> None:
    told: list[Progress] = []
    store, past = a_store(tmp_path), a_past(25)
    fetched = asyncio.run(fetch(store, past, bars_wanted(25), LONG_AFTER_MS, told.append))
    assert (fetched.rows, fetched.missing) == (25, ())
    assert past.asked == [(minute(0), minute(10)), (minute(10), minute(20)), (minute(20), minute(25))]
    assert [(each.done_ms // MINUTE_MS, each.whole_ms // MINUTE_MS, each.rows) for each in told] == [
        (10, 25, 10),
        (20, 25, 20),
        (25, 25, 25),
    ]
    tape = read_tape(tmp_path / TAPE, symbol_map={})
    assert (tape.symbol, tape.venue, tape.interval_ms, len(tape)) == (BTC, "binanceusdm", MINUTE_MS, 25)
    entry = a_store(tmp_path).catalogue.files[TAPE]
    assert (entry.rows, entry.first_ms, entry.last_ms) == (25, minute(0), minute(24))
    assert entry.sha256 == tape.sha256
    assert lines(tmp_path / TAPE)[:2] == ["ts_ms,open,high,low,close,volume", f"{minute(0)},100,101,99,100,5"]


def test_nothing_is_asked_for_twice(tmp_path: Path) -> None:
    brought(a_store(tmp_path), a_past(20), bars_wanted(20))
    later = a_past(40)
    assert brought(a_store(tmp_path), later, bars_wanted(35)).rows == 15
    assert later.asked == [(minute(20), minute(30)), (minute(30), minute(35))]
    assert len(lines(tmp_path / TAPE)) == 1 + 35


def test_what_comes_before_is_put_in_front(tmp_path: Path) -> None:
    brought(a_store(tmp_path), a_past(30), bars_wanted(30, from_minute=20))
    brought(a_store(tmp_path), a_past(30), bars_wanted(30))
    assert [int(line.split(",")[0]) for line in lines(tmp_path / TAPE)[1:]] == [
        minute(at) for at in range(30)
    ]
    assert list(verify(a_store(tmp_path))) == []


def test_a_fetch_that_breaks_keeps_what_came_and_goes_on_there(tmp_path: Path) -> None:
    past = a_past(40)
    past.breaks_at = 3
    with pytest.raises(Unreadable, match="the connection broke"):
        brought(a_store(tmp_path), past, bars_wanted(40))
    assert len(lines(tmp_path / TAPE)) == 1 + 20
    rest = a_past(40)
    brought(a_store(tmp_path), rest, bars_wanted(40))
    assert rest.asked[0] == (minute(20), minute(30))
    assert list(verify(a_store(tmp_path))) == []


def test_a_killed_fetch_leaves_pages_that_the_next_one_folds(tmp_path: Path) -> None:
    wanted = bars_wanted(30)
    a_store(tmp_path).keep(wanted.kept, Span(minute(0), minute(10)), [a_bar_row(at) for at in range(10)])
    assert not (tmp_path / TAPE).exists()
    assert [finding.flaw for finding in verify(a_store(tmp_path))] == ["unfinished"]
    past = a_past(30)
    brought(a_store(tmp_path), past, wanted)
    assert past.asked[0] == (minute(10), minute(20))
    assert len(lines(tmp_path / TAPE)) == 1 + 30
    assert list(verify(a_store(tmp_path))) == []


def test_a_page_that_was_being_written_when_the_fetch_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    wanted = bars_wanted(20)
    a_store(tmp_path).keep(wanted.kept, Span(minute(0), minute(10)), [a_bar_row(at) for at in range(10)])
    (page,) = (tmp_path / ".pages").rglob("*.csv")
    page.with_name("half.csv.unfinished").write_bytes(b"half")
    brought(a_store(tmp_path), a_past(20), wanted)
    assert len(lines(tmp_path / TAPE)) == 1 + 20
    assert list(verify(a_store(tmp_path))) == []


def test_a_fold_killed_before_it_was_entered_is_folded_again(tmp_path: Path) -> None:
    wanted, before, after = bars_wanted(20), tmp_path / "before", tmp_path / "after"
    brought(a_store(before), a_past(10), bars_wanted(10))
    a_store(before).keep(wanted.kept, Span(minute(10), minute(20)), [a_bar_row(at) for at in range(10, 20)])
    shutil.copytree(before, after)
    a_store(after).fold(wanted.kept)
    # The tape took its place, and then the machine stopped: the catalogue and the page are those of before.
    shutil.copy(after / TAPE, before / TAPE)
    past = a_past(20)
    brought(a_store(before), past, wanted)
    assert past.asked == []
    assert len(lines(before / TAPE)) == 1 + 20
    assert list(verify(a_store(before))) == []


def test_half_a_file_is_never_read(tmp_path: Path) -> None:
    brought(a_store(tmp_path), a_past(10), bars_wanted(10))
    for name in (f"{TAPE}.unfinished", "manifest.json.unfinished"):
        (tmp_path / name).write_bytes(b"half")
    assert list(verify(a_store(tmp_path))) == []
    brought(a_store(tmp_path), a_past(20), bars_wanted(20))
    assert len(lines(tmp_path / TAPE)) == 1 + 20


def test_a_tape_that_was_changed_is_not_overwritten(tmp_path: Path) -> None:
    brought(a_store(tmp_path), a_past(10), bars_wanted(10))
    other = tmp_path / "other"
    brought(a_store(other), a_past(9), bars_wanted(9))
    shutil.copy(other / TAPE, tmp_path / TAPE)
    changed = (tmp_path / TAPE).read_bytes()
    with pytest.raises(StoreError, match="was changed after it was kept"):
        brought(a_store(tmp_path), a_past(20), bars_wanted(20))
    assert (tmp_path / TAPE).read_bytes() == changed


def test_a_tape_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    other = tmp_path / "other"
    brought(a_store(other), a_past(9), bars_wanted(9))
    shutil.copytree(other / "binanceusdm", tmp_path / "binanceusdm")
    with pytest.raises(StoreError, match="no fetch made this tape"):
        brought(a_store(tmp_path), a_past(20), bars_wanted(20))


def test_a_hole_in_an_answer_is_asked_for_again(tmp_path: Path) -> None:
    past = a_past(10)
    past.forgets = lambda row: row.at_ms in (minute(3), minute(4))
    assert brought(a_store(tmp_path), past, bars_wanted(10)).missing == ()
    assert past.asked == [(minute(0), minute(10)), (minute(3), minute(5))]
    assert len(lines(tmp_path / TAPE)) == 1 + 10


def test_an_answer_that_is_shorter_than_promised_is_asked_for_until_it_is_whole(tmp_path: Path) -> None:
    past = FakePast([a_bar_row(at) for at in range(10)], page=4)
    assert brought(a_store(tmp_path), past, bars_wanted(10)).missing == ()
    assert past.asked == [(minute(0), minute(10)), (minute(0), minute(6)), (minute(0), minute(2))]


def test_what_the_exchange_lacks_is_a_gap_and_never_asked_for_again(tmp_path: Path) -> None:
    gap = Span(minute(3), minute(6))
    fetched = brought(a_store(tmp_path), a_past(10, without=range(3, 6)), bars_wanted(10))
    assert fetched.missing == (gap,)
    past = a_past(10)
    brought(a_store(tmp_path), past, bars_wanted(10))
    assert past.asked == []
    (finding,) = verify(a_store(tmp_path))
    assert (finding.flaw, finding.span, finding.known) == ("gap", gap, True)


def test_the_bar_that_is_open_is_left_for_later(tmp_path: Path) -> None:
    past = a_past(10)
    # Half a minute into the sixth bar; and right after its end, when it may not be closed yet.
    for now_ms in (minute(5) + 30_000, minute(6) + 9_000):
        fetched = brought(a_store(tmp_path), past, bars_wanted(10), now_ms)
        assert fetched.span.end_ms == minute(5)
    assert len(lines(tmp_path / TAPE)) == 1 + 5


def test_a_settlement_is_waited_for_until_it_is_sure_to_be_told(tmp_path: Path) -> None:
    past, wanted = FakePast([Row(T0 + at * HOUR_MS, ("0.0001",)) for at in range(8)]), funding_wanted(8)
    first = brought(a_store(tmp_path), past, wanted, T0 + 4 * HOUR_MS + 9 * MINUTE_MS)
    assert (first.rows, first.span.end_ms) == (4, T0 + 4 * HOUR_MS - MINUTE_MS)
    assert brought(a_store(tmp_path), past, wanted, T0 + 4 * HOUR_MS + 11 * MINUTE_MS).rows == 1


def test_nothing_is_asked_for_of_long_before_the_listing(tmp_path: Path) -> None:
    past = a_past(30)
    brought(a_store(tmp_path), past, bars_wanted(30, listed_ms=minute(20) + 1 + 30 * DAY_MS))
    assert past.asked == [(minute(21), minute(30))]


def test_nothing_is_asked_for_beyond_the_reach_of_an_exchange() -> None:
    told = Told(page=10, timeframes_ms=(MINUTE_MS,), reach_ms=2 * HOUR_MS)
    assert told.earliest_ms(MINUTE_MS, LONG_AFTER_MS) == LONG_AFTER_MS - 2 * HOUR_MS
    assert (
        Told(page=10, reach_rows=100).earliest_ms(MINUTE_MS, LONG_AFTER_MS) == LONG_AFTER_MS - 100 * MINUTE_MS
    )


def test_a_full_page_of_settlements_is_asked_for_in_halves(tmp_path: Path) -> None:
    # Settled twice an hour: twenty in ten hours, of which a page tells the last ten.
    rows = [Row(T0 + at * HOUR_MS // 2, ("0.0001",)) for at in range(20)]
    past = FakePast(rows)
    assert brought(a_store(tmp_path), past, funding_wanted(10)).rows == 20
    tape = tmp_path / "binanceusdm/BTC_binanceusdm_funding.csv.gz"
    assert [int(line.split(",")[0]) for line in lines(tape)[1:]] == [row.at_ms for row in rows]


def test_that_nothing_was_there_is_remembered_without_a_tape(tmp_path: Path) -> None:
    brought(a_store(tmp_path), a_past(0), bars_wanted(10))
    assert not (tmp_path / TAPE).exists()
    assert list(verify(a_store(tmp_path))) == []
    past = a_past(15)
    brought(a_store(tmp_path), past, bars_wanted(15))
    assert past.asked == [(minute(10), minute(15))]
    assert len(lines(tmp_path / TAPE)) == 1 + 5


def test_a_store_of_recordings_takes_no_fetched_history(tmp_path: Path) -> None:
    brought(a_store(tmp_path), a_past(10), bars_wanted(10))
    with pytest.raises(StoreError, match="came from requests, not from streams"):
        a_store(tmp_path, BY_STREAM)


def test_a_volume_that_is_not_told_of_every_bar_is_left_out(tmp_path: Path) -> None:
    brought(a_store(tmp_path), a_past(10), bars_wanted(10))
    silent = FakePast([Row(minute(at), ("100", "101", "99", "100")) for at in range(10, 20)])
    brought(a_store(tmp_path), silent, bars_wanted(20))
    assert {line.count(",") for line in lines(tmp_path / TAPE)} == {4}
    assert list(verify(a_store(tmp_path))) == []
