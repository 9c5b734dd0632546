"""``python -m benchmarks``: the year jumped and stepped, the floors beside it, and what one mark costs.

Then the same year of whole cross accounts, whose pools are jumped over as well; and how long it takes live
from a mark on the socket to a request on the wire, and from nothing to an armed guard, against a simulated
exchange. And how long a stress test of seventeen crashes takes, and ten thousand days that did not happen.
"""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context
from time import perf_counter

from benchmarks import live, paths, pool, start, stressed
from benchmarks.micro import guarded_add_margin, inside_the_tripwire, silent_evaluation
from benchmarks.year import MINUTE_MS, WEEK_MS, plan, year
from bot.lab.replay.result import Run, decisions_digest
from bot.lab.replay.run import Plan, perform, prepare
from bot.lab.replay.walk import Jumper, Stepper, Walker
from bot.lab.tapes import Tape, tick_price
from bot.runtime.journal.memory import MemoryJournal

LINE = "{:<60} {:>18}"
Rows = Sequence[tuple[str, str]]
"""What was measured, and how much it was."""


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call, with the garbage of earlier ones out of the way."""
    gc.collect()
    began = perf_counter()
    work()
    return perf_counter() - began


def run(scenario: Plan, walker: type[Walker]) -> Run:
    """Engine, guard, paper exchange and a memory journal; the agenda is written inside the time too."""
    journal = MemoryJournal()
    return asyncio.run(perform(prepare(scenario, journal, walker=walker), journal))


def floor(low: list[object], high: list[object], below: object, above: object) -> int:
    """A bare loop over the bars, two comparisons each: nothing that looks at every bar can be faster."""
    outside = 0
    for one, other in zip(low, high, strict=True):
        if one <= below or other >= above:  # type: ignore[operator]  # float or Decimal, both compare
            outside += 1
    return outside


def floors(tape: Tape) -> tuple[float, float]:
    """Seconds of the bare loop in float and in Decimal."""
    lows, highs = tape.low.tolist(), tape.high.tolist()
    floats = [float(v) for v in lows], [float(v) for v in highs]
    decimals = (
        [tick_price(v, tape.exponent) for v in lows],
        [tick_price(v, tape.exponent) for v in highs],
    )
    in_float = timed(lambda: floor(*floats, 0.0, 1e12))  # type: ignore[arg-type]
    in_decimal = timed(lambda: floor(*decimals, Decimal(0), Decimal(10**12)))  # type: ignore[arg-type]
    return in_float, in_decimal


def pooled(count: int, times: int) -> list[tuple[str, str]]:
    """A cross account of so many symbols over the year, and the same one stepped through its first week."""
    began = perf_counter()
    scenario = pool.pool_plan(pool.tapes(count))
    loaded = perf_counter() - began
    measured = []
    for _ in range(times):
        gc.collect()
        began = perf_counter()
        jumped = run(scenario, Jumper)
        measured.append(perf_counter() - began)
    week = pool.pool_plan(pool.tapes(count, WEEK_MS // MINUTE_MS))
    digests = {decisions_digest(run(week, walker).record) for walker in (Jumper, Stepper)}
    name, record = f"{count} symbols in one cross account", jumped.record
    return [
        (f"{name}: load", f"{loaded:.3f} s"),
        (f"{name}: jumping, best of {times}", f"{min(measured):.3f} s"),
        (f"{name}: evaluations", f"{record.evaluations:,}"),
        (f"{name}: actions", f"{len(record.done):,}"),
        (f"{name}: liquidations", f"{len(record.liquidations):,}"),
        (f"{name}: same week stepped", "yes" if len(digests) == 1 else "NO"),
    ]


def alone(figures: Callable[[], Rows]) -> Rows:
    """Figures of a process of its own, which a bot is.

    Beside the objects of a replayed year collecting garbage takes a tenth of a second, which no bot knows.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(figures).result()


def main() -> None:
    """Print every figure; nothing is judged here."""
    began = perf_counter()
    tapes = year()
    scenario = plan(tapes)
    loaded = perf_counter() - began
    bars = len(tapes[0])
    sides: dict[str, Run] = {}
    seconds: dict[str, float] = {}
    for walker, times in ((Jumper, 5), (Stepper, 1)):
        name = walker.__name__
        measured = []
        for _ in range(times):
            gc.collect()
            began = perf_counter()
            sides[name] = run(scenario, walker)
            measured.append(perf_counter() - began)
        seconds[name] = min(measured)
    undefended = timed(lambda: run(plan(tapes, defended=False), Jumper))
    in_float, in_decimal = floors(tapes[0])
    jumped, stepped = sides["Jumper"], sides["Stepper"]
    same = decisions_digest(jumped.record) == decisions_digest(stepped.record)
    rows = [
        ("bars", f"{bars:,}"),
        ("load (make the tapes, lay out the path)", f"{loaded:.3f} s"),
        ("jumping, best of 5", f"{seconds['Jumper']:.3f} s"),
        ("stepping", f"{seconds['Stepper']:.3f} s"),
        ("undefended, jumping", f"{undefended:.3f} s"),
        (
            "evaluations (jumping / stepping)",
            f"{jumped.record.evaluations:,} / {stepped.record.evaluations:,}",
        ),
        ("actions", f"{len(jumped.record.done):,}"),
        ("same decisions", "yes" if same else "NO"),
        ("floor: bare loop in float", f"{in_float:.3f} s"),
        ("floor: bare loop in Decimal", f"{in_decimal:.3f} s"),
        ("jumping / float floor", f"{seconds['Jumper'] / in_float:.1f}"),
        ("stepping / Decimal floor", f"{seconds['Stepper'] / in_decimal:.1f}"),
        ("peak resident memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"),
        ("mark inside the tripwire", f"{inside_the_tripwire():.2f} us"),
        ("silent evaluation of three rules", f"{silent_evaluation():.1f} us"),
        ("mark to guarded AddMargin", f"{guarded_add_margin():.1f} us"),
    ]
    for row in rows:
        print(LINE.format(*row))
    for count, times in ((5, 3), (20, 2)):
        for row in pooled(count, times):
            print(LINE.format(*row))
    for figures in (stressed.figures, paths.figures, live.figures, start.figures):
        for row in alone(figures):
            print(LINE.format(*row))


if __name__ == "__main__":
    main()
