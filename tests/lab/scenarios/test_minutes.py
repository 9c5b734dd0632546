"""The minutes between anchors: what they must keep to, whatever the seed."""

import numpy as np
import pytest

from bot.lab.scenarios.minutes import Draws, Minutes, Waypoint, minutes

FALL = (
    Waypoint(0, 1.0, 0.001),
    Waypoint(600, 1.01, 0.002),
    Waypoint(640, 0.8, 0.004),
    Waypoint(1200, 0.9, 0.0),
)


def fall(seed: str = "1", coin: str = "BTC") -> Minutes:
    return minutes(FALL, seed, coin)


def calm(count: int, coin: str) -> Minutes:
    """Sideways, and at the end the extremes that the minutes before keep to."""
    ends = (Waypoint(count + 1, 2.0, 0.0), Waypoint(count + 2, 0.5, 0.0))
    return minutes((Waypoint(0, 1.0, 0.001), Waypoint(count, 1.0, 0.0), *ends), "1", coin)


@pytest.mark.parametrize("seed", range(6))
def test_every_anchor_is_met_and_nothing_is_worse_than_the_worst_of_them(seed: int) -> None:
    made = fall(str(seed))
    assert [made.open[0], made.open[600], made.open[640], made.close[-1]] == [1.0, 1.01, 0.8, 0.9]
    assert made.high.max() == 1.01
    assert made.low.min() == 0.8


@pytest.mark.parametrize("seed", range(6))
def test_a_bar_holds_its_open_and_its_close_and_opens_where_the_last_one_closed(seed: int) -> None:
    made = fall(str(seed))
    assert (made.low <= np.minimum(made.open, made.close)).all()
    assert (made.high >= np.maximum(made.open, made.close)).all()
    assert (made.open[1:] == made.close[:-1]).all()


def test_two_anchors_at_one_time_are_a_jump() -> None:
    way = (Waypoint(0, 1.0, 0.0), Waypoint(10, 1.0, 0.0), Waypoint(10, 0.8, 0.0), Waypoint(20, 0.8, 0.0))
    made = minutes(way, "1", "BTC")
    assert made.close[9] == 1.0
    assert made.low[9] == 1.0
    assert made.open[10] == 0.8


def test_without_any_wander_the_way_is_straight() -> None:
    made = minutes((Waypoint(0, 1.0, 0.0), Waypoint(4, 2.0, 0.0)), "1", "BTC")
    assert made.close.tolist() == [1.25, 1.5, 1.75, 2.0]
    assert (made.low == made.open).all()


def test_one_seed_gives_the_same_minutes_and_another_gives_others() -> None:
    assert (fall().close == fall().close).all()
    assert (fall("2").close != fall().close).any()


def test_coins_move_together_but_not_alike() -> None:
    one, two = (np.diff(calm(4_000, coin).close[:4_000]) for coin in ("BTC", "ETH"))
    # Sixty-four hundredths of the variance are the market's.
    assert np.corrcoef(one, two)[0, 1] == pytest.approx(0.64, abs=0.06)


def test_minutes_vary_as_the_file_says_in_quiet_and_in_lively_hours_and_with_heavy_tails() -> None:
    moves = np.diff(calm(40_000, "BTC").close[:40_000])
    assert moves.std() == pytest.approx(0.001, rel=0.1)
    squares = moves**2 - (moves**2).mean()
    assert (squares[1:] * squares[:-1]).mean() / (squares**2).mean() > 0.05  # Lively minutes come together.
    kurtosis = ((moves - moves.mean()) ** 4).mean() / moves.var() ** 2
    assert 4 < kurtosis < 12  # That of a normal distribution is 3.


def test_numbers_drawn_are_nearly_normal() -> None:
    drawn = Draws("any").normals(50_000)
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.02)
    assert (drawn < -1).mean() == pytest.approx(0.1587, abs=0.01)


def test_the_stream_is_that_of_the_generator_everywhere() -> None:
    # Everybody's default_rng(0) begins with 0.6369616873 and 0.2697867137: these words, as fractions.
    words = np.random.PCG64(0).random_raw(2)
    assert (words / 2.0**64).tolist() == pytest.approx([0.6369616873, 0.2697867137], abs=1e-10)
