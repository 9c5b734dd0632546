"""What blocks keep: volatility clusters, joint falls; and what single bars would lose."""

import numpy as np
import pytest

from bot.lab.montecarlo.bootstrap import bootstrap, rows
from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.history import CLOSE
from tests.lab.montecarlo.sources import Floats, a_history


def autocorrelation(sizes: Floats, lag: int) -> float:
    """Of rows of a matrix, averaged over the rows."""
    centred = sizes - sizes.mean()
    return float((centred[..., lag:] * centred[..., :-lag]).mean() / centred.var())


def in_spells(generator: np.random.Generator, count: int, spell: int) -> Floats:
    """Normal returns, ten times as wild in every second spell."""
    wild = np.arange(count) // spell % 2 == 0
    return np.asarray(generator.standard_normal(count) * np.where(wild, 0.01, 0.001))


def test_a_place_follows_the_one_before_or_begins_a_block() -> None:
    drawn = rows(np.random.default_rng(1), 200, 500, block=50, of=1_000)
    follows = (drawn[:, 1:] - drawn[:, :-1]) % 1_000 == 1
    # A block ends with a chance of 1 in 50; 99,800 trials, so 0.0005 is the standard deviation.
    assert 1 - follows.mean() == pytest.approx(1 / 50, abs=0.002)
    # Every bar of the tape is as likely as any other, those at its ends too.
    assert np.bincount(drawn.ravel() // 100, minlength=10) / drawn.size == pytest.approx(0.1, abs=0.035)


def test_blocks_of_one_bar_are_single_draws() -> None:
    drawn = rows(np.random.default_rng(1), 100, 100, block=1, of=1_000)
    assert ((drawn[:, 1:] - drawn[:, :-1]) % 1_000 == 1).mean() < 0.01


def test_volatility_stays_clustered() -> None:
    generator = np.random.default_rng(7)
    returns = in_spells(generator, 6_000, 100)
    history = a_history(returns)
    tape = [autocorrelation(np.abs(returns), lag) for lag in (1, 10, 30)]
    assert min(tape) > 0.1
    kept = np.abs(bootstrap(history, 300).draw(generator, 60, 600)[CLOSE, 0])
    lost = np.abs(bootstrap(history, 1).draw(generator, 60, 600)[CLOSE, 0])
    for lag, there in zip((1, 10, 30), tape, strict=True):
        # The part of neighbours that a new block tears apart has none.
        expected = there * (1 - 1 / 300) ** lag
        assert autocorrelation(kept, lag) == pytest.approx(expected, abs=0.05)
        assert autocorrelation(lost, lag) == pytest.approx(0, abs=0.03)


def test_symbols_fall_together_as_they_did() -> None:
    generator = np.random.default_rng(7)
    mixing = np.sqrt(3 / generator.chisquare(3, 10_000))
    normals = generator.standard_normal((2, 10_000))
    one, two = normals[0] * mixing, (0.5 * normals[0] + 0.75**0.5 * normals[1]) * mixing
    drawn = bootstrap(a_history(one, two), 60).draw(generator, 50, 1_000)[CLOSE]
    was = together(np.stack((one, two)))
    assert was > 0.25
    assert together(drawn.reshape(2, -1)) == pytest.approx(was, abs=0.06)


def together(returns: Floats) -> float:
    """How often the other symbol is among its worst hundredth when the one is."""
    worst = returns <= np.quantile(returns, 0.01, axis=1)[:, None]
    return float(worst.all(axis=0).mean() / 0.01)


def test_a_tape_shorter_than_a_block_is_refused() -> None:
    with pytest.raises(SourceError, match="the tapes have 9 bars, and a block 10"):
        bootstrap(a_history(np.zeros(9)), 10)
