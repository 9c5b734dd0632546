"""How likely it is that a price is reached within a time: the first passage to a barrier.

Three things are put together, each for what it is good at:

* the present volatility. An exponential average of each bar's variance by range and return (Garman and
  Klass, On the Estimation of Security Price Volatilities, 1980), a fast one and a slow one: what is agitated
  calms down.
* the diffusion. Where prices wander, with a drift, the probability has a closed form (reflection principle;
  Borodin and Salminen, Handbook of Brownian Motion, 2.0.2). The volatility of the time to come is not known,
  so it is averaged over three of them (Gauss-Hermite for a lognormal).
* the jumps. How far the price went within the same time after each of the symbol's own closed bars, measured
  in the volatility of that moment; the farthest twentieth is drawn out by a power law, as returns of all
  markets fall off (Gopikrishnan et al., Inverse Cubic Law, 1998), a little slower for that volatility is
  estimated.

The last two are weighed by how many independent stretches the bars hold. The few constants were chosen on
BTC and ETH of Binance; ``python -m benchmarks.calibration`` shows how often what was given so much happened.

These are statistics and therefore float, without randomness. What leaves this module is quantised to six
significant digits, so that no decision depends on the last bit of a machine's mathematics library.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, erfc, exp, expm1, log, log1p, sqrt

from bot.core.facts import BarClosed

KEPT = 1_000
"""Bars after which it is remembered how far the price went."""
_STEPS_MIN = 12
"""Bars that the horizon is at least long."""
_TIMEFRAMES_MS = tuple(minutes * 60_000 for minutes in (1, 5, 15, 30, 60, 240, 1440))
_WARM = 30
"""Bars before anything is said."""
_WINDOWS_MIN = 20
"""Stretches before the symbol's own history counts."""
_FAST, _SLOW = 0.06, 0.005
"""Weights of the last bar in the two averages of the variance."""
_FAST_SHARE = 0.7
"""Share of the fast one in the volatility to come, as a power."""
_PRIOR = 15.0
"""Independent stretches that the closed form weighs as much as."""
_TAIL = 0.05
_TAIL_POWER = 2.5
_VOLATILITIES = ((exp(-sqrt(3) * 0.45), 1 / 6), (1.0, 2 / 3), (exp(sqrt(3) * 0.45), 1 / 6))
"""Factors of the volatility, and how likely each is."""
_BISECTIONS = 50
_FARTHEST = 5.0
"""No barrier farther than this logarithmic distance is looked for."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Which probability: of reaching a price within ``horizon_ms``, at least twelve minutes."""

    horizon_ms: int

    @property
    def timeframe_ms(self) -> int:
        """The bars it is counted over: the longest of which the horizon holds twelve."""
        fitting = [each for each in _TIMEFRAMES_MS if each * _STEPS_MIN <= self.horizon_ms]
        return fitting[-1] if fitting else _TIMEFRAMES_MS[0]

    @property
    def length(self) -> int:
        """How many of them the horizon holds, rounded up."""
        return -(-self.horizon_ms // self.timeframe_ms)


class _Sample:
    """How far the price went one way, in volatilities of the moment it began at: the last ``KEPT``."""

    __slots__ = ("_order", "sorted")

    def __init__(self) -> None:
        self._order: deque[float] = deque()
        self.sorted: list[float] = []

    def add(self, excursion: float) -> None:
        if len(self._order) == KEPT:
            gone = self._order.popleft()
            del self.sorted[bisect_left(self.sorted, gone)]
        self._order.append(excursion)
        insort(self.sorted, excursion)

    def beyond(self, excursion: float) -> float:
        """The share that went as far; of the farthest, what a power law makes of them."""
        count = len(self.sorted)
        last = ceil(count * (1 - _TAIL)) - 1
        edge = self.sorted[last]
        if excursion <= edge or edge <= 0:
            return 1 - bisect_left(self.sorted, excursion) / count
        return float((1 - last / count) * (edge / excursion) ** _TAIL_POWER)


class _Stretch:
    """A stretch that is not over: where it began, and how far it has gone."""

    __slots__ = ("close", "fell", "left", "rose", "volatility")

    def __init__(self, close: float, volatility: float, left: int) -> None:
        self.close = close
        self.volatility = volatility
        self.left = left
        self.fell = self.rose = 0.0


class PassageSeries:
    """What the closed bars of one symbol say of how far it goes within the horizon."""

    __slots__ = (
        "_at_ms",
        "_close",
        "_count",
        "_falls",
        "_fast",
        "_found",
        "_open",
        "_rises",
        "_slow",
        "_spec",
    )

    def __init__(self, spec: Passage) -> None:
        """Start without history."""
        self._spec = spec
        self._at_ms: int | None = None
        self._close = 0.0
        self._count = 0
        self._fast = self._slow = 0.0
        self._open: deque[_Stretch] = deque()
        self._falls, self._rises = _Sample(), _Sample()
        self._found: dict[tuple[Decimal, bool, Decimal], Decimal] = {}

    @property
    def value(self) -> Decimal | None:
        """One standard deviation of the move over the horizon; ``None`` while too few bars have closed."""
        volatility = self._volatility
        return None if volatility is None else _quantised(volatility * sqrt(self._spec.length))

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account; after a gap what was under way is left out."""
        high, low, close = float(bar.high), float(bar.low), float(bar.close)
        before = self._close
        joined = self._at_ms is not None and bar.at_ms == self._at_ms + self._spec.timeframe_ms
        self._at_ms, self._close = bar.at_ms, close
        self._found.clear()
        if not joined:
            self._open.clear()
            return
        self._measure(before, high, low, close)
        self._extend(high, low)
        volatility = self._volatility
        if volatility:
            self._open.append(_Stretch(close, volatility * sqrt(self._spec.length), self._spec.length))

    def probability(self, distance: Decimal, *, falling: bool, drift: Decimal = Decimal(0)) -> Decimal | None:
        """That a price so far away, as a fraction of the present one, is reached within the horizon.

        ``falling``: it lies below. ``drift`` is how much nearer it comes by itself meanwhile, as a fraction
        of the price: funding that is paid. ``None`` while too few bars have closed.
        """
        volatility = self._volatility
        if not volatility:
            return None
        if distance <= 0:
            return Decimal(1)
        if not distance.is_finite() or (falling and distance >= 1):
            return Decimal(0)
        barrier = -log1p(-float(distance)) if falling else log1p(float(distance))
        return _quantised(self._reached(barrier, volatility, float(drift), falling=falling))

    def distance(self, probability: Decimal, *, falling: bool, drift: Decimal = Decimal(0)) -> Decimal | None:
        """The distance nearer than which the probability is greater than this one, which is between 0 and 1.

        ``None`` while too few bars have closed.
        """
        volatility = self._volatility
        if not volatility:
            return None
        key = probability, falling, drift
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = self._searched(float(probability), volatility, float(drift), falling)
        return known

    # -- inside -------------------------------------------------------------------------------------

    @property
    def _volatility(self) -> float | None:
        """Of one bar, as it is expected from now on."""
        if self._count < _WARM:
            return None
        return float(sqrt(self._fast) ** _FAST_SHARE * sqrt(self._slow) ** (1 - _FAST_SHARE))

    def _measure(self, before: float, high: float, low: float, close: float) -> None:
        spread = log(max(high, before) / min(low, before))
        variance = spread * spread / 2 - (2 * log(2) - 1) * log(close / before) ** 2
        self._count += 1
        self._fast += (variance - self._fast) * max(_FAST, 1 / self._count)
        self._slow += (variance - self._slow) * max(_SLOW, 1 / self._count)

    def _extend(self, high: float, low: float) -> None:
        for stretch in self._open:
            stretch.fell = max(stretch.fell, log(stretch.close / low))
            stretch.rose = max(stretch.rose, log(high / stretch.close))
            stretch.left -= 1
        while self._open and not self._open[0].left:
            done = self._open.popleft()
            self._falls.add(done.fell / done.volatility)
            self._rises.add(done.rose / done.volatility)

    def _searched(self, probability: float, volatility: float, drift: float, falling: bool) -> Decimal:  # noqa: FBT001 - of two
        near, far = 0.0, _FARTHEST
        for _ in range(_BISECTIONS):
            middle = (near + far) / 2
            if self._reached(middle, volatility, drift, falling=falling) > probability:
                near = middle
            else:
                far = middle
        return _quantised(-expm1(-near) if falling else expm1(near))

    def _reached(self, barrier: float, volatility: float, drift: float, *, falling: bool) -> float:
        """The probability for a barrier at a logarithmic distance above 0."""
        scale = volatility * sqrt(self._spec.length)
        diffused = sum(
            weight * first_passage(barrier, scale * times, drift) for times, weight in _VOLATILITIES
        )
        sample = self._falls if falling else self._rises
        count = len(sample.sorted)
        if count < _WINDOWS_MIN:
            return diffused
        # Nothing is earned by funding that may turn: it only ever brings the barrier nearer.
        excursion = max(barrier - max(drift, 0.0), 0.0) / scale
        independent = count / self._spec.length
        share = independent / (independent + _PRIOR)
        return share * sample.beyond(excursion) + (1 - share) * diffused


def first_passage(barrier: float, deviation: float, drift: float = 0.0) -> float:
    """That a Brownian motion reaches ``barrier`` above 0 within a time.

    ``deviation`` is its standard deviation at the end of that time, ``drift`` its mean there.
    """
    if deviation <= 0:
        return 1.0 if drift >= barrier else 0.0
    ahead = _normal((drift - barrier) / deviation)
    exponent = 2 * drift * barrier / (deviation * deviation)
    mirrored = _normal((-barrier - drift) / deviation)
    # Where the factor is beyond all numbers the other one is nothing: together they are less than ``ahead``.
    reflected = exp(exponent) * mirrored if exponent < 500 and mirrored else 0.0  # noqa: PLR2004
    return min(1.0, ahead + reflected)


def _normal(deviations: float) -> float:
    """The share of a normal distribution below so many standard deviations."""
    return erfc(-deviations / sqrt(2)) / 2


def _quantised(number: float) -> Decimal:
    return Decimal(f"{number:.6g}")
