"""How the time of a run grows: with the bars somebody is woken by, and with those that are jumped over.

Of bars that wake somebody it is told what each further one costs: the same at every step is linear. Of bars
that are jumped over an exponent is told, the slope of the time over their number, both as logarithms, between
the smallest and the largest of a row: 1 is linear, 0 is no growth. Time is the process's own, which others
on the machine do not lengthen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import log
from time import process_time

import numpy as np

from benchmarks.playing import best, run
from benchmarks.year import MINUTE_MS, plan, rules, year
from bot.core.settings import EngineSettings, RuleEntry
from bot.core.types import RuleName
from bot.lab.replay.run import Plan
from bot.lab.replay.walk import Jumper
from bot.lab.tapes import Tape, invented_tape
from strategies.atr_stop import AtrStop, AtrStopParams

TIMEFRAMES = ("4h", "1h", "15m", "5m")
FINER = (1, 2, 4, 8)
TIMES = 3


def waking(whole: Plan, timeframe: str) -> Plan:
    """The year with a stop that is looked at whenever a bar of ``timeframe`` closes.

    It never moves, so that what is counted is being woken.
    """
    stop = AtrStopParams(multiple=Decimal(100), timeframe=timeframe, length=14, step=Decimal(10))
    entries = (*rules()[:2], RuleEntry(rule=AtrStop(RuleName("atr_stop"), stop)))
    made = whole.settings

    def settings(*given: object) -> EngineSettings:
        return replace(made(*given), rules=entries)  # type: ignore[arg-type]  # whatever the plan is asked with

    return replace(whole, settings=settings)


def finer(tape: Tape, times: int) -> Tape:
    """The same prices in so many bars for each: the first has all of it, and then nothing happens."""
    first = np.arange(len(tape) * times) % times == 0
    opened, high, low, close = (np.repeat(x, times) for x in (tape.open, tape.high, tape.low, tape.close))
    interval_ms = tape.interval_ms // times
    return invented_tape(
        symbol=tape.symbol,
        interval_ms=interval_ms,
        exponent=tape.exponent,
        times=np.repeat(tape.times, times) + interval_ms * (np.arange(len(close)) % times),
        prices=tuple(np.where(first, column, close) for column in (opened, high, low, close)),  # type: ignore[arg-type]  # four of them
        kind=tape.kind,
        name="year",
    )


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """How the time grows from the first to the last."""
    return log(seconds[-1] / seconds[0]) / log(sizes[-1] / sizes[0])


def figures() -> Sequence[tuple[str, str]]:
    """Both growths, and the memory that the largest run left behind."""
    traded, funding = year()
    whole = plan((traded, funding))
    return [*_woken(whole), *_skipped(traded, funding)]


def _woken(whole: Plan) -> list[tuple[str, str]]:
    idle = best(lambda: run(replace(whole, openings=()), Jumper), TIMES, process_time)
    rows = [("growth: a year that wakes nobody", f"{idle:.3f} s")]
    before, count_before = idle, 0
    for timeframe in TIMEFRAMES:
        scenario = waking(whole, timeframe)
        count = run(scenario, Jumper).record.evaluations
        seconds = best(lambda scenario=scenario: run(scenario, Jumper), TIMES, process_time)  # type: ignore[misc]  # bound now
        each_us = (seconds - before) / (count - count_before) * 1e6
        which = "further ones" if count_before else "first ones, with all that holding a position costs"
        rows += [
            (f"growth: woken by bars of {timeframe}, {count:,} times", f"{seconds:.3f} s"),
            (f"growth: each of the {count - count_before:,} {which}", f"{each_us:.1f} us"),
        ]
        before, count_before = seconds, count
    return rows


def _skipped(traded: Tape, funding: Tape) -> list[tuple[str, str]]:
    rows, seconds = [], []
    for times in FINER:
        tape = finer(traded, times)
        scenario = plan((tape, funding))
        seconds.append(best(lambda scenario=scenario: run(scenario, Jumper), TIMES, process_time))  # type: ignore[misc]  # bound now
        name = f"growth: the year in bars of {MINUTE_MS // times / 1000:g} s, {len(tape):,} of them"
        rows.append((name, f"{seconds[-1]:.3f} s"))
    rows.append(("growth: exponent of the bars skipped", f"{exponent(FINER, seconds):.2f}"))
    return rows
