"""``python -m benchmarks [PART...]``: what it takes, side by side in one run, with the floors beside it.

A year of one position jumped and stepped, and what one mark costs; whole cross accounts over the same
year; single marks; how the time grows; a stress test of seventeen crashes; ten thousand days that did not
happen; live, from a mark on the socket to a request on the wire, and from nothing to an armed guard, against
a simulated exchange. Each part runs in a process of its own, whose peak of memory is its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.parts import PARTS, Rows, measured

LINE = "{:<78} {:>18}"


def alone(name: str) -> Rows:
    """A part in a process of its own, which a bot is.

    Beside the objects of a replayed year collecting garbage takes a tenth of a second, which no bot knows.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measured, name).result()


def main(names: Sequence[str]) -> int:
    """Print every figure of the parts asked for."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in names or PARTS:
        for row in alone(name):
            print(LINE.format(*row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
