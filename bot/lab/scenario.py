"""A flash crash, invented: a calm day, then forty minutes in which everybody wants out, then the rebound.

It is drawn after 10 October 2025, in shape and not in figures, because recorded data cannot be shipped.
Whole numbers only, from a seeded generator: the same minutes on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from bot.config.whole import write_whole
from bot.lab.tapes import Tape, to_price
from bot.lab.tapes.tape import invented_tape

MINUTE_MS = 60_000
START_MS = 1_760_044_800_000
"""2025-10-09 21:20 UTC, a day before the crash that this one is drawn after."""
CALM_MINUTES = 24 * 60
MINUTES = CALM_MINUTES + 150
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one symbol falls.

    ``path`` gives (minute, millionths of the first price) to pass through, ``wick`` how far a single minute
    spikes below; ``calm`` and ``wild`` are how much the minutes wander before and during the crash.
    """

    symbol: str
    name: str
    price: int
    exponent: int
    path: tuple[tuple[int, int], ...]
    wick: tuple[int, int]
    calm: int
    wild: int


_C = CALM_MINUTES

BITCOIN = Shape(
    symbol="BTC/USDT:USDT",
    name="BTC_invented_perp_1m.csv",
    price=1_215_000,
    exponent=1,
    path=(
        (0, 0),
        (400, 6_000),
        (900, -2_000),
        (1_300, 3_000),
        (_C, -4_000),
        (_C + 8, -30_000),
        (_C + 14, -24_000),
        (_C + 24, -72_000),
        (_C + 28, -66_000),
        (_C + 36, -128_000),
        (_C + 40, -118_000),
        (_C + 60, -84_000),
        (_C + 100, -92_000),
        (MINUTES, -78_000),
    ),
    wick=(_C + 37, -146_000),
    calm=260,
    wild=700,
)

ETHER = Shape(
    symbol="ETH/USDT:USDT",
    name="ETH_invented_perp_1m.csv",
    price=435_000,
    exponent=2,
    path=(
        (0, 0),
        (500, 9_000),
        (1_000, -6_000),
        (_C, -5_000),
        (_C + 8, -42_000),
        (_C + 14, -34_000),
        (_C + 24, -102_000),
        (_C + 28, -94_000),
        (_C + 36, -180_000),
        (_C + 40, -164_000),
        (_C + 60, -112_000),
        (_C + 100, -126_000),
        (MINUTES, -104_000),
    ),
    wick=(_C + 37, -205_000),
    calm=420,
    wild=1_000,
)


def flash_crash(seed: int = 10) -> tuple[Tape, ...]:
    """One-minute bars of two symbols: 24 calm hours, the crash, and what follows; the same for one seed."""
    return tuple(_tape(shape, Random(f"{seed} {shape.symbol}")) for shape in (BITCOIN, ETHER))


def write_csv(tape: Tape, folder: Path) -> Path:
    """Write ``tape`` where ``holdfast replay`` can read it again, and say where."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = (tape.open, tape.high, tape.low, tape.close)
    lines = ["ts_ms,open,high,low,close"]
    for at_ms, *prices in zip(tape.times.tolist(), *(c.tolist() for c in columns), strict=True):
        lines.append(",".join([str(at_ms), *(str(to_price(price, tape.exponent)) for price in prices)]))
    path = folder / tape.path.name
    write_whole(path, "\n".join(lines) + "\n")
    return path


def _tape(shape: Shape, random: Random) -> Tape:
    closes = [shape.price * (_MILLION + at) // _MILLION for at in _wander(shape, random)]
    opens = [shape.price, *closes[:-1]]
    highs, lows = [], []
    for minute, (opened, closed) in enumerate(zip(opens, closes, strict=True)):
        reach = shape.wild if minute >= CALM_MINUTES else shape.calm
        highs.append(max(opened, closed) + shape.price * random.randint(0, reach) // _MILLION)
        lows.append(min(opened, closed) - shape.price * random.randint(0, reach) // _MILLION)
    minute, depth = shape.wick
    lows[minute] = shape.price * (_MILLION + depth) // _MILLION
    times = np.arange(MINUTES, dtype=np.int64) * MINUTE_MS + START_MS
    prices = tuple(np.array(column, dtype=np.int64) for column in (opens, highs, lows, closes))
    return invented_tape(
        symbol=shape.symbol,
        interval_ms=MINUTE_MS,
        exponent=shape.exponent,
        times=times,
        prices=(prices[0], prices[1], prices[2], prices[3]),
        name=shape.name,
    )


def _wander(shape: Shape, random: Random) -> Iterator[int]:
    """Where each minute closes, in millionths away from the first price: the path, and a noise around it."""
    noise = 0
    for minute, on_path in enumerate(_between(shape.path)):
        reach = shape.wild if minute >= CALM_MINUTES else shape.calm
        noise = noise * 9 // 10 + sum(random.randint(-reach, reach) for _ in range(4))
        yield on_path + noise


def _between(path: tuple[tuple[int, int], ...]) -> Iterator[int]:
    """The straight lines between the points of ``path``, one value for each minute."""
    for (start, here), (end, there) in pairwise(path):
        for minute in range(start, end):
            yield here + (there - here) * (minute - start) // (end - start)
