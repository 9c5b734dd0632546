"""The matrix as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.faults.loop.judging import Found
from tests.faults.loop.matrix import Kind, Trouble
from tests.faults.loop.running import Played

WIDTH = 16
IN_TIME = 99
"""Of a hundred proofs so many come in time: how long one takes is also a matter of the machine."""


def printed(played: Sequence[Played], kinds: Sequence[Kind], troubles: Sequence[Trouble]) -> str:
    """A row for each fault, executed and not, a column for each kind; milliseconds to the first proof."""
    found = {
        (each.cell.trouble.name, each.cell.executed, each.cell.kind.name): each.judgement for each in played
    }
    lines = [" " * 26 + "".join(f"{kind.name:>{WIDTH}}" for kind in kinds)]
    for trouble in troubles:
        for executed in trouble.twins:
            line = f"{trouble.name:13}{'executed' if executed else 'not executed':13}"
            for kind in kinds:
                judgement = found.get((trouble.name, executed, kind.name))
                took = f" {judgement.took_ms}" if judgement and judgement.took_ms is not None else ""
                line += f"{judgement.found + took if judgement else '-':>{WIDTH}}"
            lines.append(line)
    bad = [each for each in played if each.judgement.found is not Found.OK]
    lines += [
        f"{each.cell.kind.name}, {each.cell.trouble.name}, "
        f"{'executed' if each.cell.executed else 'not executed'}: {each.judgement.found}: "
        f"{each.judgement.because}"
        for each in bad
    ]
    return "\n".join(lines)


def totals(venue: str, played: Sequence[Played], within_ms: int, took_s: float) -> str:
    """What counts, in one line."""
    counts = Counter(each.judgement.found for each in played)
    times = _times(played)
    spread = ""
    if times:
        half, most, all_ = _share(times, 50), _share(times, IN_TIME), times[-1]
        spread = f"; proven within {half} ms (half), {most} ms ({IN_TIME} %), {all_} ms (all)"
    words = ", ".join(f"{counts[each]} {each}" for each in Found)
    return f"{venue}: {len(played)} cells: {words}{spread}; allowed {within_ms} ms; {took_s:.0f} s"


def held(played: Sequence[Played], within_ms: int) -> bool:
    """Whether nothing was doubled, lost or wrong, everything was proven, and nearly all of it in time."""
    good = all(
        each.judgement.good or (each.judgement.found is Found.LATE and each.judgement.took_ms is not None)
        for each in played
    )
    times = _times([each for each in played if each.judgement.found is not Found.BUSY])
    return good and (not times or _share(times, IN_TIME) <= within_ms)


def _times(played: Sequence[Played]) -> list[int]:
    return sorted(each.judgement.took_ms for each in played if each.judgement.took_ms is not None)


def _share(times: Sequence[int], percent: int) -> int:
    """So many of a hundred are no longer than this."""
    return times[min(len(times) - 1, len(times) * percent // 100)]
