"""Student's t distribution: density, cumulative probability and quantiles for any degrees of freedom.

numpy draws from it and knows no more of it. The cumulative probability is the integral of the density,
tabulated once over points that are dense in the middle and reach far into the tails; beyond the table it is
that of the tail's power law.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, lgamma, log, pi

import numpy as np

from bot.lab.montecarlo.history import Floats

_REACH = 12.0
"""The table reaches to sinh of this, about 80,000."""
_STEPS = 4_801
"""Odd, so that one is zero."""


@dataclass(frozen=True, kw_only=True)
class Student:
    """The distribution with ``df`` degrees of freedom, above 0; infinite ones make it the normal one."""

    df: float

    def log_density(self, x: Floats) -> Floats:
        """The natural logarithm of the density at ``x``."""
        if self.df == inf:
            return np.asarray(-0.5 * (x * x + log(2.0 * pi)))
        half = 0.5 * (self.df + 1.0)
        constant = lgamma(half) - lgamma(0.5 * self.df) - 0.5 * log(self.df * pi)
        return np.asarray(constant - half * np.log1p(x * x / self.df))

    def below(self, x: Floats) -> Floats:
        """The probability of a value below ``x``."""
        points, probability = self._table
        return np.asarray(np.interp(x, points, probability))

    def quantile(self, probability: Floats) -> Floats:
        """The value that so much of the probability is below."""
        points, known = self._table
        lower = np.minimum(probability, 1.0 - probability)  # The tails mirror each other; the lower is exact.
        half = len(points) // 2 + 1
        value = np.interp(lower, known[:half], points[:half])
        return np.asarray(np.where(probability < 0.5, value, -value))  # noqa: PLR2004 - the median

    @property
    def deviation(self) -> float:
        """The standard deviation; infinite for two degrees of freedom and fewer."""
        if self.df == inf:
            return 1.0
        return float(np.sqrt(self.df / (self.df - 2.0))) if self.df > 2 else inf  # noqa: PLR2004 - see there

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Points and the probability below each, by Simpson's rule between them."""
        steps = np.linspace(-_REACH, _REACH, 2 * _STEPS - 1)
        density = np.exp(self.log_density(np.sinh(steps))) * np.cosh(steps)
        width = steps[2] - steps[0]
        parts = (density[:-2:2] + 4.0 * density[1:-1:2] + density[2::2]) * (width / 6.0)
        below = np.concatenate(([0.0], np.cumsum(parts)))
        return np.sinh(steps[::2]), below / below[-1]


def fitted_df(values: Floats) -> float:
    """The degrees of freedom that make ``values``, of mean 0 and deviation 1, likeliest; on a grid."""

    def likelihood(df: float) -> float:
        student = Student(df=df)
        scale = student.deviation
        return float(np.sum(student.log_density(values * scale))) + len(values) * log(scale)

    return max(DEGREES, key=likelihood)


DEGREES = (3.0, 3.25, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, inf)
"""What is tried. With fewer than three a sample's variance says little of that which it is drawn from."""
