"""The t copula: how several symbols move together, in their tails above all.

Correlations come from Kendall's tau, which no marginal distribution changes (rho = sin(pi tau / 2), true of
every elliptical copula); degrees of freedom are the likeliest ones given them. Demarta and McNeil, "The t
Copula and Related Copulas", International Statistical Review 73, 2005.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, lgamma, log, pi

import numpy as np

from bot.lab.montecarlo.history import Floats
from bot.lab.montecarlo.student import DEGREES, Student

_SAMPLE = 1_500
"""Pairs that tau is taken of: all against all."""
_SMALLEST = 1e-6
"""No eigenvalue of a correlation matrix is smaller: taus are estimated pair by pair, and need not agree."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copula:
    """``correlation`` is a matrix over the symbols; few degrees of freedom ``df``: extremes come together."""

    correlation: Floats
    df: float

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Joint values, each by itself distributed like Student's t; shape (symbols, *shape)."""
        root = np.linalg.cholesky(self.correlation)
        normals = generator.standard_normal((len(root), int(np.prod(shape))))
        values = root @ normals
        if self.df != inf:
            values /= np.sqrt(generator.chisquare(self.df, values.shape[1]) / self.df)
        return np.asarray(values.reshape(len(root), *shape))


def fit(values: Floats) -> Copula:
    """The copula of ``values``, of the shape (symbols, observations)."""
    count = values.shape[1]
    sample = values[:, :: max(1, count // _SAMPLE)]
    correlation = _agreeing(np.sin(0.5 * pi * _taus(sample)))
    ranks = values.argsort(axis=1).argsort(axis=1) + 1.0
    uniform = ranks / (count + 1.0)
    df = max(DEGREES, key=lambda each: _likelihood(uniform, correlation, each))
    return Copula(correlation=correlation, df=df)


def _taus(sample: Floats) -> Floats:
    """Kendall's tau of every pair of symbols."""
    signs = np.stack([np.sign(each[:, None] - each[None, :]).ravel() for each in sample])
    agreeing = signs @ signs.T
    spread = np.sqrt(np.diag(agreeing))
    return np.asarray(agreeing / np.maximum(np.outer(spread, spread), 1.0))


def _agreeing(correlation: Floats) -> Floats:
    """The same without negative eigenvalues, with ones in the diagonal."""
    values, vectors = np.linalg.eigh(correlation)
    whole = (vectors * np.maximum(values, _SMALLEST)) @ vectors.T
    spread = np.sqrt(np.diag(whole))
    return np.asarray(whole / np.outer(spread, spread))


def _likelihood(uniform: Floats, correlation: Floats, df: float) -> float:
    """The logarithm of the copula's density at ranks between 0 and 1, summed."""
    student = Student(df=df)
    values = student.quantile(uniform)
    symbols, count = values.shape
    distance = np.sum(values * np.linalg.solve(correlation, values), axis=0)
    _, determinant = np.linalg.slogdet(correlation)
    if df == inf:
        joint = -0.5 * (count * (symbols * log(2.0 * pi) + float(determinant)) + float(distance.sum()))
    else:
        half = 0.5 * (df + symbols)
        constant = lgamma(half) - lgamma(0.5 * df) - 0.5 * (symbols * log(df * pi) + float(determinant))
        joint = count * constant - half * float(np.log1p(distance / df).sum())
    return float(joint - student.log_density(values).sum())
