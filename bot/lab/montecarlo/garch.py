"""GARCH(1,1): tomorrow's variance is a mean of today's, of today's squared return and of what it is for long.

Bollerslev, "Generalized Autoregressive Conditional Heteroskedasticity", Journal of Econometrics 31, 1986. The
long-run variance is the tape's own; the two weights are those of the greatest Gaussian likelihood, which is
consistent whatever the returns are distributed like (Bollerslev and Wooldridge, 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.lab.montecarlo.history import Floats

_ALPHAS = (0.005, 0.4)
_REMAINDERS = (0.0005, 0.3)
"""Of one what is tried for the weight of the last return, and for what both weights leave of one."""
_GRID, _ROUNDS = 8, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Garch:
    """``variance`` is the long-run one of a bar's return, ``alpha`` and ``beta`` weigh what was."""

    variance: float
    alpha: float
    beta: float

    @property
    def omega(self) -> float:
        """What is added to the variance at each bar."""
        return self.variance * (1.0 - self.alpha - self.beta)

    def variances(self, returns: Floats) -> Floats:
        """The variance that was expected of each of ``returns``."""
        found = np.empty_like(returns)
        now, omega = self.variance, self.omega
        for at, square in enumerate((returns * returns).tolist()):
            found[at] = now
            now = omega + self.alpha * square + self.beta * now
        return found


def fit(returns: Floats) -> Garch:
    """The weights that make ``returns`` likeliest, by a grid that is drawn closer around the best of it."""
    variance = float(np.mean(returns * returns))
    scaled = returns / np.sqrt(variance)
    alphas, remainders = _ALPHAS, _REMAINDERS
    for _ in range(_ROUNDS):
        alpha, remainder = np.meshgrid(np.geomspace(*alphas, _GRID), np.geomspace(*remainders, _GRID))
        best = int(np.argmin(_unlikeliness(scaled, alpha.ravel(), remainder.ravel())))
        a, r = float(alpha.ravel()[best]), float(remainder.ravel()[best])
        alphas, remainders = _around(a, alphas), _around(r, remainders)
    return Garch(variance=variance, alpha=a, beta=1.0 - a - r)


def _around(best: float, searched: tuple[float, float]) -> tuple[float, float]:
    """One step of the grid to both sides."""
    step = (searched[1] / searched[0]) ** (1.0 / (_GRID - 1))
    return best / step, best * step


def _unlikeliness(scaled: Floats, alpha: Floats, remainder: Floats) -> Floats:
    """Twice the negative Gaussian log likelihood of each pair of weights, less a constant."""
    beta = 1.0 - alpha - remainder
    now = np.ones_like(alpha)
    total = np.zeros_like(alpha)
    for square in (scaled * scaled).tolist():
        total += np.log(now) + square / now
        now = remainder + alpha * square + beta * now
    return np.where(beta >= 0.0, total, np.inf)
