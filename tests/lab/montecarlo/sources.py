"""Histories and models whose statistics are known beforehand."""

from math import inf

import numpy as np
import numpy.typing as npt

from bot.core.types import Symbol
from bot.lab.montecarlo.copula import Copula
from bot.lab.montecarlo.garch import Garch
from bot.lab.montecarlo.history import History
from bot.lab.montecarlo.parametric import Parametric
from bot.lab.montecarlo.student import Student
from tests.building.contracts import BTC
from tests.building.core import D

Floats = npt.NDArray[np.float64]
MINUTE_MS = 60_000
ETH = Symbol("ETH/USDT:USDT")


def a_history(*returns: Floats, symbols: tuple[Symbol, ...] = (BTC, ETH)) -> History:
    """Bars that open at the close before and reach no farther than from open to close."""
    closes = np.stack(returns)
    nothing = np.zeros_like(closes)
    moves = np.stack((nothing, np.maximum(closes, 0), np.minimum(closes, 0), closes))
    return History(
        symbols=symbols[: len(returns)],
        interval_ms=MINUTE_MS,
        moves=moves,
        last=(D(100),) * len(returns),
        end_ms=closes.shape[1] * MINUTE_MS,
        tapes=("",) * len(returns),
        assumptions=(),
    )


def brownian(deviation: float) -> Parametric:
    """Geometric Brownian motion without drift of the logarithm; ``deviation`` is that of a bar's return."""
    variance = deviation**2
    return Parametric(
        garch=(Garch(variance=variance, alpha=0.0, beta=0.0),),
        students=(Student(df=inf),),
        copula=Copula(correlation=np.ones((1, 1)), df=inf),
        starts=np.full((1, 1), variance),
    )


def pair(deviation: float) -> Parametric:
    """Two coins that mostly move together, and in their extremes too."""
    calm = Garch(variance=deviation**2, alpha=0.0, beta=0.0)
    return Parametric(
        garch=(calm, calm),
        students=(Student(df=4.0), Student(df=4.0)),
        copula=Copula(correlation=np.array([[1.0, 0.6], [0.6, 1.0]]), df=4.0),
        starts=np.full((2, 1), deviation**2),
    )
