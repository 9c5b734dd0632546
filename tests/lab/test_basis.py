from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.basis import Bars, BasisModel, basis, quarterly_bars, stress
from bot.lab.tapes import Tape, read_tape
from bot.venues.calendar import listings
from tests.building import MINUTE_MS, START_MS, a_tape
from tests.building.tapes import DAY_MS

HOUR_MS = 60 * MINUTE_MS
YEAR_MS = 365 * DAY_MS
MODEL = BasisModel()
CALM = (10_000, 10_000, 10_000, 10_000)


def derived(index: Tape, expiry_ms: int, model: BasisModel = MODEL) -> Bars:
    bars = quarterly_bars(index, stress(index, model), model, 0, expiry_ms)
    assert bars is not None
    return bars


def falling(to: int, bars: int = 30) -> Tape:
    """Twenty calm minutes at 1000.0, one that falls ``to`` ticks, and calm ones after it."""
    crash = (10_000, 10_000, to, to)
    return a_tape([CALM] * 20 + [crash] + [(to, to, to, to)] * (bars - 21))


def test_in_calm_the_basis_is_the_carry_for_the_time_to_go() -> None:
    # 7 % a year for a fifth of it.
    index = a_tape([CALM] * 3)
    opened = derived(index, START_MS + YEAR_MS // 5).open
    assert opened[0] == pytest.approx(10_000 * (1 + 0.07 / 5), abs=0.5)


def test_the_price_meets_the_index_at_expiry() -> None:
    calm, crashed = a_tape([CALM] * 30), falling(7_000)
    for index in (calm, crashed):
        bars = derived(index, START_MS + 30 * MINUTE_MS)
        assert bars.close[-1] == index.close[-1]
        assert len(bars.times) == 30


def test_full_stress_takes_a_contract_with_the_tenor_to_go_half_of_the_discount_down() -> None:
    far = basis(MODEL, np.array([1.0]), np.array([MODEL.tenor_ms]))
    assert far[0] == pytest.approx(-0.075)


def test_a_fast_fall_turns_the_basis_over_and_stress_halves_with_time() -> None:
    # 30 % at once is beyond onset and span: full stress in that bar, and while the fall is in the window of
    # five minutes; half of it one half-life later.
    model = BasisModel(half_life_ms=10 * MINUTE_MS, window_ms=5 * MINUTE_MS)
    index = falling(7_000, bars=45)
    stressed = stress(index, model)
    assert stressed.before[20] == 0
    assert (stressed.after[20:25] == 1).all()
    assert stressed.after[34] == pytest.approx(0.5)
    assert stressed.after[44] == pytest.approx(0.25)
    bars = derived(index, START_MS + 100 * DAY_MS, model)
    assert bars.close[19] > index.close[19]
    assert bars.close[20] < index.close[20]


def test_a_small_fall_a_slow_one_and_a_rise_bring_no_stress() -> None:
    small = falling(9_600)
    slow = a_tape([(10_000 - n, 10_000 - n, 9_999 - n, 9_999 - n) for n in range(3_000)])
    rise = a_tape([(10_000 + n, 10_001 + n, 10_000 + n, 10_001 + n) for n in range(3_000)])
    for index in (small, rise):
        assert not stress(index, MODEL).after.any()
    # A bar falls at most 14 basis points, four hours 3.3 %.
    assert not stress(slow, MODEL).after.any()


def test_what_is_ordinary_for_a_coin_is_no_stress() -> None:
    # Hours that range over 4 % make a fall of 11 % ordinary; in a calm market the same fall is stress.
    wild = [(10_000, 10_200, 9_800, 10_000)] * 30
    crash = (10_000, 10_000, 9_100, 9_100)
    calm = a_tape([CALM] * 30 + [crash], interval_ms=HOUR_MS)
    assert not stress(a_tape([*wild, crash], interval_ms=HOUR_MS), MODEL).after[-1]
    # It is as far beyond the onset of 5 % as 4 % are of the span.
    assert stress(calm, MODEL).after[-1] == pytest.approx(0.04 / 0.18, rel=0.02)


prices = st.integers(min_value=2, max_value=50_000)


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    points = draw(st.lists(st.tuples(prices, prices, prices, prices), min_size=2, max_size=40))
    steps = draw(st.lists(st.integers(min_value=1, max_value=90), min_size=len(points), max_size=len(points)))
    times = START_MS + MINUTE_MS * np.cumsum(steps)
    bars = [(a, max(a, b, c, d), min(a, b, c, d), d) for a, b, c, d in points]
    return a_tape(bars, times=times.tolist())


def cut(index: Tape, bars: int) -> Tape:
    rows: Sequence[tuple[int, int, int, int]] = list(
        zip(
            *(column[:bars].tolist() for column in (index.open, index.high, index.low, index.close)),
            strict=True,
        )
    )
    return a_tape(rows, times=index.times[:bars].tolist())


@given(index=tapes(), data=st.data())
def test_no_price_depends_on_what_comes_later(index: Tape, data: st.DataObject) -> None:
    bars = data.draw(st.integers(min_value=1, max_value=len(index)))
    expiry_ms = START_MS + 80 * DAY_MS
    whole, part = derived(index, expiry_ms), derived(cut(index, bars), expiry_ms)
    for name in ("times", "open", "high", "low", "close"):
        assert (getattr(whole, name)[:bars] == getattr(part, name)).all(), name


@given(index=tapes(), left=st.integers(min_value=1, max_value=200 * DAY_MS))
def test_bars_stay_bars_with_prices_above_zero(index: Tape, left: int) -> None:
    bars = quarterly_bars(index, stress(index, MODEL), MODEL, 0, START_MS + left)
    if bars is None:
        return
    assert (bars.low >= 1).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.times == index.times[: len(bars.times)]).all()
    assert (bars.times + MINUTE_MS <= START_MS + left).all()


def worst_basis(index: Tape, expiry: int) -> float:
    start_ms, end_ms = int(index.times[0]), int(index.times[-1])
    life = listings(start_ms, end_ms)[expiry]
    bars = derived(index, life.expiry_ms)
    return float((bars.close / index.close[: len(bars.times)] - 1).min())


@pytest.mark.parametrize(
    ("window", "tape", "expiry", "seen"),
    [
        # Seen on 12 March 2020 (cvj.ch): XBTH20 +25 to -350, XBTM20 +150 to -700 dollars at about 5,700.
        ("2020-03-12_covid", "BTC_binance_perp_1h.csv.gz", 0, -350 / 5_700),
        ("2020-03-12_covid", "BTC_binance_perp_1h.csv.gz", 1, -700 / 5_700),
    ],
)
def test_the_model_comes_near_what_was_seen(
    shared: Path, window: str, tape: str, expiry: int, seen: float
) -> None:
    path = shared / "data" / "crashes" / window / tape
    assert worst_basis(read_tape(path, symbol_map={}), expiry) == pytest.approx(seen, rel=0.1)
