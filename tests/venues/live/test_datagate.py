"""What a mark has to pass: tables of the bad ones, and what must hold whatever comes."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import LastPrice, MarkPrice
from bot.venues.live.datagate import DataGate, GateLimits, Judgement, Source, Verdict
from tests.building.core import BTC, T0, D

STREAM, REST = Source.STREAM, Source.REST
SECOND = 1_000


def mark(price: object, at_s: float) -> MarkPrice:
    return MarkPrice(at_ms=T0 + round(at_s * SECOND), symbol=BTC, price=D(str(price)))


@dataclass
class Door:
    """A gate that believes 100 since second 0."""

    def __post_init__(self) -> None:
        self.gate = DataGate()
        assert self.says(100, 0) is Verdict.DOUBTED
        assert self.says(100, 0, REST) is Verdict.CONFIRMED

    def judges(
        self, price: object, at_s: float, source: Source = STREAM, index: object = None
    ) -> Judgement | None:
        return self.gate.judge(mark(price, at_s), None if index is None else D(str(index)), source)

    def says(
        self, price: object, at_s: float, source: Source = STREAM, index: object = None
    ) -> Verdict | None:
        judged = self.judges(price, at_s, source, index)
        return judged.verdict if judged is not None else None

    def lets_through(
        self, price: object, at_s: float, source: Source = STREAM, index: object = None
    ) -> Decimal | None:
        """The price that may be believed."""
        judged = self.judges(price, at_s, source, index)
        if judged is None:
            return D(str(price))
        return judged.mark.price if judged.mark is not None else None


# -- one frame -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "verdict"),
    [
        ("NaN", Verdict.REFUSED),
        ("sNaN", Verdict.REFUSED),
        ("0", Verdict.REFUSED),
        ("-5", Verdict.REFUSED),
        ("Infinity", Verdict.REFUSED),
        ("-Infinity", Verdict.REFUSED),
        ("1000", Verdict.DOUBTED),
        ("10", Verdict.DOUBTED),
        ("102.01", Verdict.DOUBTED),
        ("97.99", Verdict.DOUBTED),
        ("102", Verdict.PASSED),
        ("98", Verdict.PASSED),
        ("100.9", None),
        ("99.1", None),
    ],
)
def test_a_frame_a_second_later(price: str, verdict: Verdict | None) -> None:
    assert Door().says(price, 1) is verdict


@pytest.mark.parametrize(
    ("after_s", "room"),
    [(0.2, "0.02"), (1, "0.02"), (4, "0.04"), (9, "0.06"), (100, "0.2"), (3_600, "0.2")],
)
def test_a_mark_may_have_moved_further_the_longer_it_was_not_heard(after_s: float, room: str) -> None:
    assert GateLimits().jump_in(round(after_s * SECOND)) == D(room)
    assert Door().lets_through(100 * (1 - D(room)), after_s) == 100 * (1 - D(room))
    assert Door().says(100 * (1 - D(room)) - D("0.01"), after_s) is Verdict.DOUBTED


@pytest.mark.parametrize("at_s", [0, -1, -3_600])
def test_what_is_not_newer_is_overtaken(at_s: float) -> None:
    assert Door().says(100, at_s) is Verdict.OVERTAKEN
    assert Door().says(10, at_s) is Verdict.OVERTAKEN


@pytest.mark.parametrize(
    ("index", "verdict"), [("100", None), ("97", Verdict.PASSED), ("95", Verdict.DOUBTED)]
)
def test_a_mark_stays_near_its_index(index: str, verdict: Verdict | None) -> None:
    door = Door()
    door.judges(100, 1, index="100")
    # 100 over 97 is 3.1 %, over 95 5.3 %.
    assert door.says("100.01", 2, index=index) is verdict


@pytest.mark.parametrize("index", ["NaN", "0", "-1", "Infinity"])
def test_an_index_that_is_none_says_nothing(index: str) -> None:
    assert Door().lets_through("100.1", 1, index=index) == D("100.1")


def test_a_premium_that_two_sources_confirmed_is_the_new_middle() -> None:
    """A dated contract 26 % over its index."""
    gate = DataGate()
    gate.judge(mark(126, 0), D(100), STREAM)
    gate.judge(mark(126, 0), None, REST)
    assert gate.judge(mark("126.1", 1), D(100), STREAM) is None
    fallen = gate.judge(mark("125.9", 2), D(107), STREAM)
    assert fallen is not None
    assert fallen.verdict is Verdict.DOUBTED


# -- two sources ---------------------------------------------------------------------------------------


def test_a_crash_is_believed_as_soon_as_the_second_source_agrees() -> None:
    door = Door()
    assert door.lets_through(85, 1) is None
    assert door.lets_through("84.5", 1.1, REST) == D("84.5")
    assert door.lets_through("83.9", 2) == D("83.9")


def test_where_the_stream_is_newer_its_mark_goes_through() -> None:
    door = Door()
    assert door.lets_through(85, 1) is None
    assert door.lets_through("85.5", 0.9, REST) == 85


def test_a_spike_is_dropped_when_the_second_source_knows_better() -> None:
    door = Door()
    assert door.lets_through(10, 1) is None
    judged = door.judges("100.2", 1.1, REST)
    assert judged is not None
    assert (judged.mark, judged.contradicted) == (mark("100.2", 1.1), mark(10, 1))
    assert not door.gate.in_doubt(BTC)
    assert door.gate.refused(BTC) == 1


def test_what_rest_knew_before_the_frame_contradicts_nothing() -> None:
    """A cached answer must not hide a crash: it is believed, and the frame is held on."""
    door = Door()
    door.judges(85, 1)
    assert door.lets_through("99.9", 0.8, REST) == D("99.9")
    assert door.gate.in_doubt(BTC)
    assert door.lets_through(85, 1.2, REST) == 85


def test_a_stream_never_corroborates_itself() -> None:
    door = Door()
    for second in range(1, 100):
        assert door.says(50, second) is Verdict.DOUBTED


def test_a_stream_that_takes_it_back_is_believed() -> None:
    door = Door()
    door.judges(10, 1)
    judged = door.judges(100, 2)
    assert judged is not None
    assert (judged.mark, judged.contradicted) == (mark(100, 2), mark(10, 1))


def test_rest_alone_is_believed_when_it_says_so_for_a_second() -> None:
    """The stream is dead and the market crashes: two answers to two requests have to do."""
    door = Door()
    assert [door.says(80, at_s, REST) for at_s in (1, 1.25, 1.75)] == [Verdict.DOUBTED] * 3
    assert door.lets_through(79, 2.0, REST) == 79


def test_answers_that_differ_corroborate_nothing() -> None:
    door = Door()
    assert door.says(80, 1, REST) is Verdict.DOUBTED
    assert door.says(50, 2, REST) is Verdict.DOUBTED
    assert door.says(80, 2.5, REST) is Verdict.DOUBTED


def test_the_next_frame_agrees_with_what_rest_said_before() -> None:
    door = Door()
    assert door.says(80, 1, REST) is Verdict.DOUBTED
    assert door.lets_through("79.5", 1.4) == D("79.5")


def test_frames_that_come_faster_than_rest_answers_are_contradicted_all_the_same() -> None:
    door = Door()
    door.judges(10, 1)
    door.judges(10, 1.2)
    judged = door.judges(100, 1.1, REST)
    assert judged is not None
    assert judged.contradicted == mark(10, 1.2)


def test_wrong_frames_in_a_row_are_counted_until_one_is_right() -> None:
    door = Door()
    for second in (1, 2, 3):
        door.judges(10, second)
        assert door.lets_through(100, second + 0.1, REST) == 100
    assert door.gate.refused(BTC) == 3
    assert door.lets_through("100.1", 4) == D("100.1")
    assert door.gate.refused(BTC) == 0


# -- a value that stands still -------------------------------------------------------------------------


def trade(price: object, at_s: float) -> LastPrice:
    return LastPrice(at_ms=T0 + round(at_s * SECOND), symbol=BTC, price=D(str(price)))


def frozen_door() -> Door:
    """The mark stands at 100.5 since second 1, the last price has gone from 100 to 99."""
    door = Door()
    door.gate.trade(trade(100, 0.5))
    door.judges("100.5", 1)
    door.gate.trade(trade(99, 2))
    for second in (2, 3, 4, 5):
        assert door.lets_through("100.5", second) == D("100.5")
    return door


def test_a_mark_that_stands_while_the_market_moves_is_doubted() -> None:
    assert frozen_door().says("100.5", 6) is Verdict.DOUBTED


def test_a_mark_that_stands_while_the_index_moves_is_doubted() -> None:
    door = Door()
    door.judges("100.5", 1, index=100)
    assert [door.says("100.5", s, index="99.4") for s in (2, 3, 4, 5)] == [None] * 4
    assert door.says("100.5", 6, index="99.4") is Verdict.DOUBTED


def test_a_mark_that_stands_with_its_market_is_believed() -> None:
    door = Door()
    door.gate.trade(trade(100, 0))
    for second in range(1, 100):
        assert door.lets_through(100, second) == 100


def test_a_standing_mark_that_rest_confirms_is_believed_for_a_while() -> None:
    door = frozen_door()
    door.judges("100.5", 6)
    assert door.lets_through("100.5", 6.1, REST) == D("100.5")
    assert [door.lets_through("100.5", s) for s in (7, 8, 9, 10, 11)] == [D("100.5")] * 5


def test_a_frozen_stream_is_not_believed_until_it_moves() -> None:
    door = frozen_door()
    door.judges("100.5", 6)
    assert door.lets_through(99, 6.1, REST) == 99
    # It is within what a second may bring, and still the value that REST does not know.
    assert door.says("100.5", 7) is Verdict.DOUBTED
    assert door.lets_through("98.9", 7.1, REST) == D("98.9")
    assert door.says("100.5", 8) is Verdict.DOUBTED
    assert door.lets_through("98.8", 8.1, REST) == D("98.8")
    assert door.gate.refused(BTC) == 3
    assert door.lets_through("98.7", 9) == D("98.7")


# -- whatever comes ------------------------------------------------------------------------------------

PRICES = st.decimals(min_value="0.001", max_value="100000", places=3)
STEPS = st.lists(st.decimals(min_value="-0.019", max_value="0.019", places=4), max_size=30)


def outliers(believed: Decimal) -> st.SearchStrategy[Decimal]:
    far = st.one_of(
        st.decimals(min_value="0.0001", max_value="0.97", places=4),
        st.decimals(min_value="1.03", max_value="1000", places=4),
    )
    return far.map(lambda factor: believed * factor)


@given(data=st.data(), steps=STEPS)
def test_a_single_outlier_never_gets_through_and_never_keeps_the_good_ones_out(
    data: st.DataObject, steps: list[Decimal]
) -> None:
    door, believed = Door(), D(100)
    for second, step in enumerate(steps, start=1):
        if data.draw(st.booleans()):
            outlier = data.draw(outliers(believed))
            assert door.lets_through(outlier, second - 0.5) is None
        believed *= 1 + step
        assert door.lets_through(believed, second) == believed


@given(data=st.data(), late_s=st.floats(min_value=0.001, max_value=1), steps=STEPS)
def test_a_crash_that_two_sources_tell_is_never_withheld(
    data: st.DataObject, late_s: float, steps: list[Decimal]
) -> None:
    door, believed = Door(), D(100)
    for second, step in enumerate(steps, start=1):
        believed *= 1 + step
        assert door.lets_through(believed, second) == believed
    at_s = len(steps) + 1
    crashed = data.draw(outliers(believed))
    rest = crashed * (1 + data.draw(st.decimals(min_value="-0.019", max_value="0.019", places=4)))
    assert door.lets_through(crashed, at_s) is None
    assert door.lets_through(rest, at_s + late_s, REST) == rest
    assert door.lets_through(crashed, at_s + 1.5) == crashed


@given(prices=st.lists(PRICES, min_size=1, max_size=40))
def test_no_series_of_frames_gets_further_than_a_jump_at_a_time(prices: list[Decimal]) -> None:
    door, believed, at_s = Door(), D(100), 0
    for second, price in enumerate(prices, start=1):
        let = door.lets_through(price, second)
        if let is not None:
            assert abs(let / believed - 1) <= GateLimits().jump_in((second - at_s) * SECOND)
            believed, at_s = let, second


# -- the recorded crashes ------------------------------------------------------------------------------


def minutes(crashes: Path) -> Iterator[Decimal]:
    """How far each recorded minute went from the close before, the worse way."""
    for path in sorted(crashes.glob("*/*_1m.csv.gz")):
        with gzip.open(path, "rt") as lines:
            before = None
            for row in csv.DictReader(lines):
                high, low, close = D(row["high"]), D(row["low"]), D(row["close"])
                if before is not None:
                    yield max(abs(low / before - 1), abs(high / before - 1))
                before = close


def test_the_limits_seldom_doubt_the_worst_minutes_on_record(shared: Path) -> None:
    """The figures that the limits are reasoned with, counted on the data."""
    limits = GateLimits()
    moves = list(minutes(shared / "data/crashes"))
    assert len(moves) == 233_693
    assert sum(move > limits.jump for move in moves) == 983, "had each moved in one frame"
    assert sum(move > limits.jump_in(60 * SECOND) for move in moves) == 7, "after a minute of silence"
