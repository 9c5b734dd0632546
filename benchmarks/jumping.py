"""The year of one position, jumped and stepped, with the floors beside it."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter, process_time

from benchmarks import floors
from benchmarks.playing import best, run, timed
from benchmarks.year import plan, year
from bot.lab.replay.result import decisions_digest
from bot.lab.replay.walk import Jumper, Stepper

TIMES = 5


def figures() -> Sequence[tuple[str, str]]:
    """How long it takes, what came of it, and how far that is from the floors."""
    began = perf_counter()
    tapes = year()
    scenario = plan(tapes)
    loaded = perf_counter() - began
    traded = tapes[0]
    jumped, jumping = run(scenario, Jumper), best(lambda: run(scenario, Jumper), TIMES)
    worked = best(lambda: run(scenario, Jumper), TIMES, process_time)
    undefended = timed(lambda: run(plan(tapes, defended=False), Jumper))
    began = perf_counter()
    stepped = run(scenario, Stepper)
    stepping = perf_counter() - began
    same = decisions_digest(jumped.record) == decisions_digest(stepped.record)
    search = floors.crossing(traded.low, traded.high)
    in_float = floors.float_loop(traded.low, traded.high)
    in_decimal = floors.decimal_loop(traded.low, traded.high, traded.exponent)
    return [
        ("year: bars", f"{len(traded):,}"),
        ("year: load (make the tapes, lay out the path)", f"{loaded:.3f} s"),
        (f"year: jumping, best of {TIMES}", f"{jumping:.3f} s"),
        ("year: of that its own work, best of as many", f"{worked:.3f} s"),
        ("year: stepping", f"{stepping:.3f} s"),
        ("year: undefended, jumping", f"{undefended:.3f} s"),
        (
            "year: evaluations (jumping / stepping)",
            f"{jumped.record.evaluations:,} / {stepped.record.evaluations:,}",
        ),
        ("year: actions", f"{len(jumped.record.done):,}"),
        ("year: same decisions", "yes" if same else "NO"),
        ("year: floor, a numpy crossing search", f"{search:.4f} s"),
        ("year: floor, two comparisons a bar in plain Python, float", f"{in_float:.3f} s"),
        ("year: floor, the same in Decimal", f"{in_decimal:.3f} s"),
        ("year: jumping / crossing search", f"{jumping / search:.0f}"),
        ("year: jumping / float loop", f"{jumping / in_float:.1f}"),
        ("year: jumping / Decimal loop", f"{jumping / in_decimal:.1f}"),
        ("year: stepping / Decimal loop", f"{stepping / in_decimal:.1f}"),
    ]
