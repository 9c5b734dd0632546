"""How often what the bot gives ten percent comes about: a reliability diagram of ``View.p_liquidation``.

    python -m benchmarks.calibration [--horizon 1d] TAPE...

Each tape is played from its first bar on; what is asked is never known yet. ``o`` is what was said and ``x``
what was seen, on a line from 0 to 1; ``*`` is both.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.core.markets.passage import Passage
from bot.core.timeframe import format_timeframe, parse_timeframe
from bot.lab.calibration import Case, ClassOfCases, bars_of, brier, cases, classes
from bot.lab.tapes import read_tape

_WIDTH = 50


def main() -> None:
    """Print a diagram for each tape and horizon."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--horizon", action="append", help="4h, 1d, ...; may be repeated; 1d by default")
    parser.add_argument("tapes", nargs="+", type=Path)
    given = parser.parse_args()
    for path in given.tapes:
        tape = read_tape(path, symbol_map={})
        for horizon in given.horizon or ["1d"]:
            spec = Passage(parse_timeframe(horizon))
            found = list(cases(bars_of(tape, spec.timeframe_ms), spec))
            print(
                f"{path.name}: reached within {horizon}, over bars of {format_timeframe(spec.timeframe_ms)}"
            )
            print("\n".join(diagram(found)), end="\n\n")


def diagram(found: Sequence[Case]) -> Iterator[str]:
    """The lines of a reliability diagram."""
    yield f"{'given':>15} {'cases':>7} {'said':>7} {'seen':>7}  0{' ' * (_WIDTH - 2)}1"
    for each in classes(found):
        name = f"{float(each.low):.1%} - {float(each.high):.1%}"
        yield f"{name:>15} {each.cases:>7} {each.said:>7.2%} {each.seen:>7.2%}  {_line(each)}"
    yield f"{len(found)} cases, Brier score {brier(found):.4f}"


def _line(each: ClassOfCases) -> str:
    said, seen = (round(part * (_WIDTH - 1)) for part in (each.said, each.seen))
    line = [" "] * _WIDTH
    line[said], line[seen] = "o", "x"
    if said == seen:
        line[said] = "*"
    return "".join(line).rstrip()


if __name__ == "__main__":
    main()
