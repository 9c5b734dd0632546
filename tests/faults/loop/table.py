"""The matrix as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.faults.loop.judging import Found
from tests.faults.loop.matrix import Kind, Trouble
from tests.faults.loop.running import Played

WIDTH = 15


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
    bad = [each for each in played if not each.judgement.good]
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
    times = sorted(each.judgement.took_ms for each in played if each.judgement.took_ms is not None)
    spread = f"; proven within {times[len(times) // 2]} ms (half), {times[-1]} ms (all)" if times else ""
    words = ", ".join(f"{counts[each]} {each}" for each in Found)
    return f"{venue}: {len(played)} cells: {words}{spread}; allowed {within_ms} ms; {took_s:.0f} s"
