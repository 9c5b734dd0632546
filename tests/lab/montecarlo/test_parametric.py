"""The fitted model against tables, closed forms, and samples of known parameters."""

from math import erf, inf, log, sqrt

import numpy as np
import pytest

from bot.lab.montecarlo import copula, garch
from bot.lab.montecarlo.copula import Copula
from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.garch import Garch
from bot.lab.montecarlo.history import CLOSE, HIGH, LOW
from bot.lab.montecarlo.parametric import Parametric, parametric
from bot.lab.montecarlo.student import Student, fitted_df
from tests.lab.montecarlo.sources import Floats, a_history, brownian


def normal_below(x: float) -> float:
    """The normal distribution, by the standard library."""
    return 0.5 * (1 + erf(x / sqrt(2)))


def a_garch_process(count: int) -> Floats:
    """Returns with weights of 0.1 and 0.85 and a deviation of a thousandth."""
    true = Garch(variance=1e-6, alpha=0.1, beta=0.85)
    now, returns = true.variance, np.empty(count)
    for at, shock in enumerate(np.random.default_rng(5).standard_normal(count).tolist()):
        returns[at] = shock * sqrt(now)
        now = 0.05 * 1e-6 + 0.1 * returns[at] ** 2 + 0.85 * now
    return returns


@pytest.mark.parametrize(
    ("df", "probability", "value"),
    [  # Tables of Student's t, as in any textbook.
        (3.0, 0.95, 2.3534),
        (4.0, 0.975, 2.7764),
        (5.0, 0.995, 4.0321),
        (10.0, 0.99, 2.7638),
        (30.0, 0.9, 1.3104),
        (inf, 0.975, 1.9600),
    ],
)
def test_quantiles_are_those_of_the_tables(df: float, probability: float, value: float) -> None:
    student = Student(df=df)
    assert student.quantile(np.array([probability, 1 - probability])) == pytest.approx(
        [value, -value], rel=1e-4
    )
    assert student.below(np.array([value])) == pytest.approx([probability], abs=1e-5)


def test_degrees_of_freedom_are_found_again() -> None:
    drawn = np.random.default_rng(5).standard_t(4.0, 20_000)
    assert fitted_df(drawn / sqrt(2)) == pytest.approx(4.0, abs=0.5)


def test_weights_of_variances_are_found_again() -> None:
    found = garch.fit(a_garch_process(8_000))
    assert found.alpha == pytest.approx(0.1, abs=0.03)
    assert found.alpha + found.beta == pytest.approx(0.95, abs=0.03)
    assert found.variance == pytest.approx(1e-6, rel=0.1)


def test_a_copula_is_found_again() -> None:
    true = Copula(correlation=np.array([[1.0, 0.7], [0.7, 1.0]]), df=4.0)
    found = copula.fit(true.draw(np.random.default_rng(5), (6_000,)))
    assert found.correlation[0, 1] == pytest.approx(0.7, abs=0.05)
    assert 3.0 <= found.df <= 6.0


def test_extremes_come_together_as_the_t_copula_has_it() -> None:
    drawn = Copula(correlation=np.array([[1.0, 0.5], [0.5, 1.0]]), df=4.0).draw(
        np.random.default_rng(5), (400_000,)
    )
    worst = drawn <= np.quantile(drawn, 0.001, axis=1)[:, None]
    # The coefficient of tail dependence, 2 t5(-sqrt(5 * 0.5 / 1.5)) = 2 t5(-1.29), is 0.25 (McNeil, Frey and
    # Embrechts, table 5.1); it is a limit, and 0.27 so far out.
    assert worst.all(axis=0).mean() / 0.001 == pytest.approx(0.26, abs=0.06)


def test_symbols_with_tails_of_their_own_still_fall_together() -> None:
    generator = np.random.default_rng(5)
    tied = Copula(correlation=np.array([[1.0, 0.8], [0.8, 1.0]]), df=3.0)
    calm = Garch(variance=1e-6, alpha=0.0, beta=0.0)
    model = Parametric(
        garch=(calm, calm),
        students=(Student(df=3.0), Student(df=10.0)),
        copula=tied,
        starts=np.full((2, 1), 1e-6),
    )
    close = model.draw(generator, 200, 500)[CLOSE].reshape(2, -1)
    assert close.std(axis=1) == pytest.approx([1e-3, 1e-3], rel=0.1)
    direct = tied.draw(generator, (100_000,))
    # 2 t4(-sqrt(4 * 0.2 / 1.8)) = 0.54 in the limit, a little more at a hundredth.
    for each in (close, direct):
        worst = each <= np.quantile(each, 0.01, axis=1)[:, None]
        assert worst.all(axis=0).mean() / 0.01 == pytest.approx(0.56, abs=0.06)


def test_a_level_is_passed_as_often_as_by_brownian_motion() -> None:
    # Reflection: P(min of W over T < -b) = 2 P(W_T < -b), in continuous time.
    deviation, bars, paths = 0.001, 60, 4_000
    moves = brownian(deviation).draw(np.random.default_rng(5), paths, bars)
    before = np.cumsum(moves[CLOSE, 0], axis=1) - moves[CLOSE, 0]
    lowest, highest = (before + moves[LOW, 0]).min(axis=1), (before + moves[HIGH, 0]).max(axis=1)
    for b in (0.005, 0.010, 0.015):
        expected = 2 * normal_below(-b / (deviation * sqrt(bars)))
        error = 4 * sqrt(expected * (1 - expected) / paths)
        assert (lowest <= -b).mean() == pytest.approx(expected, abs=error)
        assert (highest >= b).mean() == pytest.approx(expected, abs=error)


def test_the_gambler_is_ruined_as_often_as_he_should_be() -> None:
    # Of two levels a martingale meets the lower one first with odds of the distances: a / (a + b).
    moves = brownian(0.004).draw(np.random.default_rng(5), 1_500, 400)
    before = np.cumsum(moves[CLOSE, 0], axis=1) - moves[CLOSE, 0]
    ruin = (before + moves[LOW, 0]) <= -0.01
    riches = (before + moves[HIGH, 0]) >= 0.03
    first = [np.where(each.any(axis=1), each.argmax(axis=1), 10_000) for each in (ruin, riches)]
    decided = first[0] != first[1]
    assert (first[0] < first[1])[decided].mean() == pytest.approx(0.75, abs=0.045)


def test_a_model_fitted_to_a_tape_is_as_wild_and_as_clustered() -> None:
    generator = np.random.default_rng(9)
    history = a_history(a_garch_process(4_000))
    close = parametric(history).draw(generator, 60, 500)[CLOSE, 0]
    assert close.std() == pytest.approx(1e-3, rel=0.1)
    # Squares of such a process are correlated with the next by a (1 - ab - b2) / (1 - 2ab - b2): 0.18.
    squares = close**2 - np.mean(close**2)
    assert (squares[:, 1:] * squares[:, :-1]).mean() / squares.var() == pytest.approx(0.18, abs=0.07)


def test_a_price_that_never_moves_cannot_be_fitted() -> None:
    with pytest.raises(SourceError, match="never moves on its tape"):
        parametric(a_history(np.zeros(600)))


def test_too_short_a_tape_says_nothing_of_variances() -> None:
    with pytest.raises(SourceError, match="499 bars in common, and 500 are needed"):
        parametric(a_history(np.full(499, log(1.01))))
