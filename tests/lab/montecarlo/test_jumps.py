"""Jumps: found where there are some, and thrown in as often as is asked for."""

import numpy as np
import pytest

from bot.lab.montecarlo.bootstrap import bootstrap
from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.history import CLOSE, HIGH, LOW
from bot.lab.montecarlo.jumps import WINDOW, jumping, with_jumps
from tests.lab.montecarlo.sources import a_history


def test_a_return_far_beyond_the_volatility_around_it_is_a_jump() -> None:
    # Ever wilder, which is no jump.
    returns = np.random.default_rng(3).standard_normal(2_000) * np.linspace(0.001, 0.005, 2_000)
    returns[[600, 1_500]] = (-0.03, 0.1)
    assert np.flatnonzero(jumping(returns)).tolist() == [600, 1_500]


def test_nothing_is_a_jump_before_the_volatility_is_known() -> None:
    assert not jumping(np.array([0.001, -0.001, 0.5])).any()
    assert not jumping(np.full(WINDOW, 0.5)).any()


def test_quiet_paths_get_as_many_jumps_as_asked_for() -> None:
    generator = np.random.default_rng(3)
    returns = generator.standard_normal((2, 2_000)) * 0.0001
    returns[:, 600] = (-0.05, -0.08)
    history = a_history(*returns)
    source = with_jumps(bootstrap(history, 1), history, 3.0)
    moves = source.draw(generator, 100, 1_440)
    fell = moves[CLOSE] < -0.04
    # Both fall at once, by what they fell by; one bar in 2,000 is the tape's own jump.
    assert np.array_equal(fell[0], fell[1])
    # 100 paths of 1440 bars: a standard deviation of 0.2 a path.
    assert fell[0].sum() / 100 == pytest.approx(3.0 + 1_440 / 2_000, abs=0.6)
    assert (moves[LOW] <= moves[CLOSE]).all()
    assert (moves[HIGH] >= moves[CLOSE]).all()


def test_jumps_cannot_be_drawn_from_a_tape_without_any() -> None:
    history = a_history(np.random.default_rng(3).standard_normal(300) * 0.001)
    with pytest.raises(SourceError, match="no jumps to draw --jumps from"):
        with_jumps(bootstrap(history, 1), history, 1.0)


def test_no_jumps_asked_for_leave_a_source_as_it_is() -> None:
    history = a_history(np.zeros(300))
    source = bootstrap(history, 1)
    assert with_jumps(source, history, 0.0) is source
