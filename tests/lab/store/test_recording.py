from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.facts import BarClosed, Fact, FundingRate, LastPrice, MarkPrice
from bot.lab.store.keeping import BY_STREAM, Store
from bot.lab.store.recording import FOLD_EVERY, Recorder
from bot.lab.store.verifying import verify
from bot.lab.tapes import read_tape
from tests.building.contracts import BTC
from tests.building.store import HOUR_MS, MINUTE_MS, T0, a_store, lines

D = Decimal
MARKS = "binanceusdm/BTC_binanceusdm_mark_1m.csv.gz"
BARS = "binanceusdm/BTC_binanceusdm_perp_1m.csv.gz"
FUNDING = "binanceusdm/BTC_binanceusdm_funding.csv.gz"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, BY_STREAM)


@pytest.fixture
def recorder(store: Store) -> Recorder:
    return Recorder(store, "binanceusdm", MINUTE_MS, T0)


def marks(start_s: int, end_s: int, every_s: int = 5, price: int = 100) -> list[Fact]:
    """Marks that rise by one each time."""
    times = range(start_s, end_s, every_s)
    return [
        MarkPrice(at_ms=T0 + at * 1000, symbol=BTC, price=D(price + number))
        for number, at in enumerate(times)
    ]


def kept(recorder: Recorder, store: Store, facts: Iterable[Fact], file: str) -> list[str]:
    """The lines of a tape once these facts were heard."""
    recorder.put_now(facts)
    recorder.close()
    path = store.folder / file
    return lines(path)[1:] if path.exists() else []


def test_marks_become_bars_of_open_high_low_and_close(recorder: Recorder, store: Store) -> None:
    found = kept(recorder, store, marks(-5, 125), MARKS)
    # The first mark at -5 s is 100, so those of the first minute are 101 to 112.
    assert found == [f"{T0},101,112,101,112", f"{T0 + MINUTE_MS},113,124,113,124"]
    assert read_tape(store.folder / MARKS, symbol_map={}).symbol == BTC


def test_a_minute_that_was_not_heard_from_its_beginning_is_left_out(recorder: Recorder, store: Store) -> None:
    found = kept(recorder, store, marks(5, 125), MARKS)
    assert [int(line.split(",")[0]) for line in found] == [T0 + MINUTE_MS]


@pytest.mark.parametrize("silence", [(70, 90), (40, 70), (110, 130)])
def test_minutes_with_a_silence_are_gaps(recorder: Recorder, store: Store, silence: tuple[int, int]) -> None:
    heard = [*marks(-5, silence[0]), *marks(silence[1], 305)]
    found = [int(line.split(",")[0]) for line in kept(recorder, store, heard, MARKS)]
    silent = {T0 + at // 60 * MINUTE_MS for at in silence} | {T0 + MINUTE_MS}
    assert found == [T0 + at * MINUTE_MS for at in range(5) if T0 + at * MINUTE_MS not in silent]


def test_a_mark_of_before_does_not_open_an_old_bar_again(recorder: Recorder, store: Store) -> None:
    late = MarkPrice(at_ms=T0 + 30_000, symbol=BTC, price=D(1))
    found = kept(recorder, store, [*marks(-5, 65), late, *marks(65, 125)], MARKS)
    assert len(found) == 2
    assert not any(",1," in line for line in found)


def test_bars_are_kept_as_the_exchange_closes_them(recorder: Recorder, store: Store) -> None:
    def bar(minute: int, length_ms: int = MINUTE_MS) -> BarClosed:
        end_ms = T0 + (minute + 1) * MINUTE_MS
        return BarClosed(end_ms, BTC, length_ms, D(100), D("101.50"), D(99), D(100), D(7))

    last = LastPrice(at_ms=T0, symbol=BTC, price=D(100))
    # One from before the recording began, one twice, one of another length.
    found = kept(recorder, store, [bar(-1), bar(0), bar(0), bar(1, HOUR_MS), last, bar(2)], BARS)
    assert found == [f"{T0},100,101.5,99,100,7", f"{T0 + 2 * MINUTE_MS},100,101.5,99,100,7"]
    (finding,) = verify(a_store(store.folder, BY_STREAM))
    assert (finding.flaw, finding.known, finding.text) == ("gap", False, "nothing was heard here")


def test_bars_that_the_exchange_lacks_are_made_of_last_prices(store: Store) -> None:
    recorder = Recorder(store, "binanceusdm", 10_000, T0, closed=False)
    lasts = [LastPrice(at_ms=T0 + at * 1000, symbol=BTC, price=D(at + 100)) for at in range(-2, 21)]
    found = kept(recorder, store, lasts, "binanceusdm/BTC_binanceusdm_perp_10s.csv.gz")
    assert found == [f"{T0},100,109,100,109", f"{T0 + 10_000},110,119,110,119"]


def test_a_settlement_has_the_rate_that_was_announced_last(recorder: Recorder, store: Store) -> None:
    def told(at_s: int, rate: str, next_ms: int) -> FundingRate:
        return FundingRate(at_ms=T0 + at_s * 1000, symbol=BTC, rate=D(rate), next_ms=next_ms)

    first, second = T0 + HOUR_MS, T0 + 9 * HOUR_MS
    heard = [told(1, "0.0001", first), told(2, "0.0002", first), told(4000, "0.0003", second)]
    assert kept(recorder, store, heard, FUNDING) == [f"{first},0.0002"]


def test_what_was_flushed_is_there_when_the_recording_is_killed(recorder: Recorder, store: Store) -> None:
    recorder.put_now(marks(-5, 125))
    assert recorder.flush() == 2
    assert [finding.flaw for finding in verify(a_store(store.folder, BY_STREAM))] == ["unfinished"]
    again = Recorder(a_store(store.folder, BY_STREAM), "binanceusdm", MINUTE_MS, T0)
    again.put_now(marks(175, 245))
    again.close()
    assert [int(line.split(",")[0]) for line in lines(store.folder / MARKS)[1:]] == [
        T0,
        T0 + MINUTE_MS,
        T0 + 3 * MINUTE_MS,
    ]


def test_pages_are_folded_before_they_are_many(recorder: Recorder, store: Store) -> None:
    for minute in range(FOLD_EVERY + 1):
        recorder.put_now([BarClosed(T0 + (minute + 1) * MINUTE_MS, BTC, MINUTE_MS, D(1), D(1), D(1), D(1))])
        recorder.flush()
    assert len(lines(store.folder / BARS)) == 1 + FOLD_EVERY
