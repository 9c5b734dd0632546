"""Five million mark prices one second apart, one position, three rules: nearly two months of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter, process_time

import numpy as np
import numpy.typing as npt

from benchmarks.floors import crossing, float_loop
from benchmarks.playing import best, run
from benchmarks.year import (
    CENTS,
    EIGHT_HOURS_MS,
    MINUTE_MS,
    START_MS,
    START_PRICE,
    SYMBOL,
    VOLATILITY,
    funding_tape,
    plan,
)
from bot.lab.replay.result import decisions_digest
from bot.lab.replay.run import Plan
from bot.lab.replay.walk import Jumper, Stepper
from bot.lab.tapes import MarkPath, Tape, TapeKind, invented_tape

SECOND_MS = 1_000
SECONDS = 60
MARKS = 5_000_040
"""Five million, and what is missing of the last minute."""
STEPPED = 200_040
"""So many of them are stepped through as well."""
SECONDS_OF_A_YEAR = 365 * 24 * 3_600


def marks(count: int = MARKS, seed: int = 3) -> npt.NDArray[np.int64]:
    """A geometric Brownian motion in ticks, a mark each second."""
    sigma = VOLATILITY / np.sqrt(SECONDS_OF_A_YEAR)
    moves = np.random.default_rng(seed).normal(0.0, sigma, count)
    return np.asarray(np.round(START_PRICE * 10**CENTS * np.exp(np.cumsum(moves))), dtype=np.int64)


def minutes(path: MarkPath) -> Tape:
    """The bars that the marks come to: what the rules hear of closed bars is made of these."""
    rows = path.marks.reshape(-1, SECONDS)
    return invented_tape(
        symbol=SYMBOL,
        interval_ms=MINUTE_MS,
        exponent=CENTS,
        times=path.times[::SECONDS],
        prices=(rows[:, 0], rows.max(axis=1), rows.min(axis=1), rows[:, -1]),
        kind=TapeKind.TRADED,
        name="ticks",
    )


def tick_plan(prices: npt.NDArray[np.int64]) -> Plan:
    """The year's position, rules and exchange on a path of single marks."""
    times = START_MS + SECOND_MS * np.arange(len(prices), dtype=np.int64)
    path = MarkPath(symbol=SYMBOL, interval_ms=SECOND_MS, exponent=CENTS, times=times, marks=prices)
    settlements = np.arange(START_MS + EIGHT_HOURS_MS, int(times[-1]), EIGHT_HOURS_MS, dtype=np.int64)
    whole = plan((minutes(path), funding_tape(SYMBOL, settlements)))
    return replace(whole, paths=(path,))


def figures(times: int = 5) -> Sequence[tuple[str, str]]:
    """How long it takes, how many marks anybody looked at, and the floor."""
    began = perf_counter()
    prices = marks()
    generated = perf_counter() - began
    began = perf_counter()
    scenario = tick_plan(prices)
    loaded = perf_counter() - began
    jumped, seconds = run(scenario, Jumper), best(lambda: run(scenario, Jumper), times)
    worked = best(lambda: run(scenario, Jumper), times, process_time)
    few = tick_plan(prices[:STEPPED])
    digests = {decisions_digest(run(few, walker).record) for walker in (Jumper, Stepper)}
    bare, loop = crossing(prices, prices), float_loop(prices, prices)
    name = f"{len(prices):,} mark ticks"
    return [
        (f"{name}: generation", f"{generated:.3f} s"),
        (f"{name}: load (bars of them, lay out the path)", f"{loaded:.3f} s"),
        (f"{name}: jumping, best of {times}", f"{seconds:.3f} s"),
        (f"{name}: of that its own work, best of as many", f"{worked:.3f} s"),
        (f"{name}: evaluations", f"{jumped.record.evaluations:,}"),
        (f"{name}: actions", f"{len(jumped.record.done):,}"),
        (f"{name}: floor, a numpy crossing search", f"{bare:.4f} s"),
        (f"{name}: floor, two comparisons a mark in plain Python, float", f"{loop:.3f} s"),
        (f"{name}: jumping / crossing search", f"{seconds / bare:.0f}"),
        (f"{name}: jumping / float loop", f"{seconds / loop:.2f}"),
        (f"{name}: the first {STEPPED:,} stepped, same decisions", "yes" if len(digests) == 1 else "NO"),
    ]
