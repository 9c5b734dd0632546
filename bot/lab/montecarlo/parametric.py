"""A fitted model: GARCH(1,1) variances, innovations of Student's t, several symbols tied by a t copula.

Each symbol has its own variance and degrees of freedom (Bollerslev, "A Conditionally Heteroskedastic Time
Series Model for Speculative Prices and Rates of Return", Review of Economics and Statistics 69, 1987), the
copula says what falls together. Nothing drifts. Within its bar a price reaches as far as a Brownian bridge
of the bar's variance from its open to its close does, whose extremes are drawn exactly: were returns normal
and variances constant, passing a level would be as frequent as in continuous time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.lab.montecarlo import copula, garch
from bot.lab.montecarlo.copula import Copula
from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.garch import Garch
from bot.lab.montecarlo.history import CLOSE, HIGH, LOW, Floats, History
from bot.lab.montecarlo.student import Student, fitted_df

FITTED_MAX = 43_200
"""So many bars, the last ones, are fitted to: thirty days of minutes."""
FITTED_MIN = 500
"""Fewer bars say nothing of variances."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parametric:
    """The model of each symbol. ``starts`` are variances of shape (symbols, any): a path begins at one."""

    garch: tuple[Garch, ...]
    students: tuple[Student, ...]
    copula: Copula
    starts: Floats

    def draw(self, generator: np.random.Generator, paths: int, bars: int) -> Floats:
        """Moves of the shape (4, symbols, paths, bars)."""
        shocks = self._shocks(generator, paths, bars)
        variance = self.starts[:, generator.integers(0, self.starts.shape[1], size=paths)]
        omega, alpha, beta = (
            np.array([getattr(each, name) for each in self.garch])[:, None]
            for name in ("omega", "alpha", "beta")
        )
        moves = np.zeros((4, len(self.garch), paths, bars))
        variances = np.empty(shocks.shape)
        for bar in range(bars):
            variances[:, :, bar] = variance
            moved = shocks[:, :, bar] * np.sqrt(variance)
            moves[CLOSE, :, :, bar] = moved
            variance = omega + alpha * moved * moved + beta * variance
        _reach(generator, moves, variances)
        return moves

    def _shocks(self, generator: np.random.Generator, paths: int, bars: int) -> Floats:
        """Joint innovations of mean 0 and variance 1, of the shape (symbols, paths, bars)."""
        tied = Student(df=self.copula.df)
        shocks = self.copula.draw(generator, (paths, bars))
        for number, student in enumerate(self.students):
            if student.df != tied.df:
                shocks[number] = student.quantile(tied.below(shocks[number]))
            shocks[number] /= student.deviation
        return shocks


def _reach(generator: np.random.Generator, moves: Floats, variances: Floats) -> None:
    """Highs and lows: extremes of the bridge from nothing to the close. Each is exact, not both together."""
    close = moves[CLOSE]
    for place, sign in ((HIGH, 1.0), (LOW, -1.0)):
        drawn = generator.standard_exponential(close.shape)
        moves[place] = 0.5 * (close + sign * np.sqrt(close * close + 2.0 * variances * drawn))


def parametric(history: History) -> Parametric:
    """Fit the model; SourceError where the tapes are too short, or a price does not move."""
    if len(history) < FITTED_MIN:
        raise SourceError(
            f"the tapes have {len(history)} bars in common, and {FITTED_MIN} are needed to fit a model"
        )
    returns = history.returns[:, -FITTED_MAX:]
    for symbol, each in zip(history.symbols, returns, strict=True):
        if not np.any(each):
            raise SourceError(f"the price of {symbol} never moves on its tape: there is nothing to fit")
    models = tuple(garch.fit(each) for each in returns)
    starts = np.stack([model.variances(each) for model, each in zip(models, returns, strict=True)])
    shocks = returns / np.sqrt(starts)
    students = tuple(Student(df=fitted_df(each / np.sqrt(np.mean(each * each)))) for each in shocks)
    alone = Copula(correlation=np.ones((1, 1)), df=students[0].df)
    tied = alone if len(students) == 1 else copula.fit(shocks)
    return Parametric(garch=models, students=students, copula=tied, starts=starts)
