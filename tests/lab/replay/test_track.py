"""The next breach on a path is the one that looking at every bar finds, however the bounds moved before."""

from random import Random

import numpy as np
import pytest

from bot.lab.replay.track import LOOKAHEAD_BARS, TickBounds, Track
from bot.lab.tapes import PricePath, TapeKind, group, invented_tape, price_path

MINUTE_MS = 60_000
BARS = 240


def a_path(random: Random) -> PricePath:
    close = 10_000 + np.cumsum([random.randint(-9, 9) for _ in range(BARS)])
    opened = np.concatenate((close[:1], close[:-1]))
    reach = [np.array([random.randint(0, 5) for _ in range(BARS)]) for _ in range(2)]
    high, low = np.maximum(opened, close) + reach[0], np.minimum(opened, close) - reach[1]
    times = MINUTE_MS * np.arange(BARS, dtype=np.int64)
    tape = invented_tape(
        symbol="BTC/USDT:USDT",
        interval_ms=MINUTE_MS,
        exponent=2,
        times=times,
        prices=(opened, high, low, close),
        kind=TapeKind.TRADED,
        name="wandering",
    )
    return price_path(group([tape])[0])


def looked_for(path: PricePath, from_bar: int, before_ms: int, bounds: TickBounds) -> int | None:
    """When the first bar opens that touches a bound, found by looking at each."""
    for opens_ms, low, high in zip(
        path.times.tolist()[from_bar:],
        path.mark_low.tolist()[from_bar:],
        path.mark_high.tolist()[from_bar:],
        strict=True,
    ):
        lows = [bound for bound in (bounds.mark_low, bounds.last_low) if bound is not None]
        highs = [bound for bound in (bounds.mark_high, bounds.last_high) if bound is not None]
        if opens_ms < before_ms and (
            low <= max(lows, default=low - 1) or high >= min(highs, default=high + 1)
        ):
            return int(opens_ms)
    return None


def moved(random: Random, path: PricePath, bar: int) -> TickBounds:
    """Bounds at or beside what the next bars reach, or far from it; a few of them open."""
    start = min(bar, BARS - 1)
    ahead = slice(start, start + random.randint(1, 50))
    low, high = int(path.mark_low[ahead].min()), int(path.mark_high[ahead].max())
    low, high = low - random.choice((0, 1, 5, 60)), high + random.choice((0, 1, 5, 60))
    open_low, open_high, traded = (random.random() < chance for chance in (0.2, 0.2, 0.1))
    return TickBounds(
        mark_low=None if open_low else low,
        mark_high=None if open_high else high,
        last_low=low + 3 if traded else None,
        last_high=high - 3 if traded else None,
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lookahead_bars", [7, LOOKAHEAD_BARS])
def test_a_breach_is_found_whichever_way_the_bounds_moved(seed: int, lookahead_bars: int) -> None:
    random = Random(seed)
    path = a_path(random)
    track = Track(path, lookahead_bars)
    bounds = moved(random, path, 0)
    while track.bar < BARS - 1:
        before_ms = track.next_ms + MINUTE_MS * random.randint(1, 60)
        found = track.breach(before_ms, bounds)
        assert found == looked_for(path, track.bar, before_ms, bounds)
        if random.random() < 0.5:
            track.last_before(track.next_ms + MINUTE_MS * random.randint(1, 9))
        if random.random() < 0.7:
            bounds = moved(random, path, track.bar)
