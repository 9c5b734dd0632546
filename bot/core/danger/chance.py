"""The probability of liquidation: how likely the mark is to come to the liquidation price within a time.

Distance alone does not say it: eight percent are far on a quiet Sunday and near in a crash. The liquidation
price is taken as it is now; funding that the position has to pay brings it nearer meanwhile. In a cross pool
the other symbols move it too, which is left out: there it is the probability that this symbol alone does it.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.danger.situation import Situation
from bot.core.markets.passage import Passage
from bot.core.types import ZERO


def p_liquidation(situation: Situation, horizon_ms: int) -> Decimal | None:
    """That the liquidation price is reached within the horizon, from 0 to 1; 0 where there is none.

    ``None`` while too few bars have closed; raises where nobody declared ``Passage(horizon_ms)``.
    """
    series = situation.market.passage(situation.id.symbol, Passage(horizon_ms))
    if series is None:
        return None
    drift = _drift(situation, horizon_ms)
    return series.probability(situation.distance, falling=situation.danger > 0, drift=drift)


def distance_where(situation: Situation, probability: Decimal, horizon_ms: int) -> Decimal | None:
    """The distance to liquidation nearer than which its probability is greater than this one.

    So a probability can be waited for like a distance. It stays until a bar closes or funding is told anew.
    """
    series = situation.market.passage(situation.id.symbol, Passage(horizon_ms))
    if series is None:
        return None
    drift = _drift(situation, horizon_ms)
    return series.distance(probability, falling=situation.danger > 0, drift=drift)


def _drift(situation: Situation, horizon_ms: int) -> Decimal:
    """How much nearer funding brings the liquidation price within the horizon, as a fraction of the mark.

    Paid out of the margin, so much of the notional is so much of the price.
    """
    funding = situation.market.funding.get(situation.id.symbol)
    if funding is None:
        return ZERO
    return funding.rate * situation.danger * horizon_ms / funding.interval_ms
