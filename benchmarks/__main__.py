"""``python -m benchmarks``: the year jumped and stepped, the floors beside it, and what one mark costs."""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter

from benchmarks.micro import guarded_add_margin, inside_the_tripwire, silent_evaluation
from benchmarks.year import plan, year
from bot.lab.replay.result import Run, decisions_digest
from bot.lab.replay.run import Plan, perform, prepare
from bot.lab.replay.walk import Jumper, Stepper, Walker
from bot.lab.tapes import Tape, tick_price
from bot.runtime.journal.memory import MemoryJournal

LINE = "{:<44} {:>12}"


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


if __name__ == "__main__":
    main()
