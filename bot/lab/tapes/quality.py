"""How good a tape is: its extent, its gaps and its bars without trades.

A gap is silence, never calm and never filled in: nobody knows what the price did. Everything found here
is said in the replay's assumptions.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from bot.core.timeframe import format_timeframe
from bot.lab.tapes.names import TapeKind
from bot.lab.tapes.tape import Tape

_FIGURES = {TapeKind.FUNDING: "funding rates", TapeKind.INTEREST: "figures of open interest"}
_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch without bars: from where the next bar was due to where it came, in ms UTC."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a tape holds; `first_ms`, `last_ms` are openings, `zero_volume` None where none is recorded."""

    bars: int
    first_ms: int
    last_ms: int
    gaps: tuple[Gap, ...]
    zero_volume: int | None

    @property
    def missing_ms(self) -> int:
        """The length of all gaps together."""
        return sum(gap.end_ms - gap.start_ms for gap in self.gaps)


def gaps(tape: Tape) -> tuple[Gap, ...]:
    """Where a bar opens later than one interval after the one before."""
    late = np.flatnonzero(np.diff(tape.times) > tape.interval_ms)
    starts = (tape.times[late] + tape.interval_ms).tolist()
    ends = tape.times[late + 1].tolist()
    return tuple(Gap(start_ms=start, end_ms=end) for start, end in zip(starts, ends, strict=True))


def quality(tape: Tape) -> Quality:
    """Look a tape over."""
    return Quality(
        bars=len(tape),
        first_ms=int(tape.times[0]),
        last_ms=int(tape.times[-1]),
        gaps=gaps(tape),
        zero_volume=None if tape.volume is None else int((tape.volume == 0).sum()),
    )


def quality_sentences(tape: Tape) -> tuple[str, ...]:
    """What somebody who trusts a replay of this tape should know, in sentences."""
    found = quality(tape)
    name = tape.path.name
    what = _FIGURES.get(tape.kind) or f"bars of {format_timeframe(tape.interval_ms)}"
    sentences = [f"{name}: {found.bars} {what}, {_moment(found.first_ms)} to {_moment(found.last_ms)}"]
    if found.gaps and tape.kind.priced:
        longest = max(found.gaps, key=lambda gap: gap.end_ms - gap.start_ms)
        sentences.append(
            f"{name}: {_counted(len(found.gaps), 'gap')} of {_length(found.missing_ms)} in all, the longest "
            f"from {_moment(longest.start_ms)} to {_moment(longest.end_ms)}; "
            "nothing is filled in, a gap is silence"
        )
    if found.zero_volume:
        sentences.append(
            f"{name}: {_counted(found.zero_volume, 'bar')} without volume: "
            "nobody traded, or a price was filled in"
        )
    return tuple(sentences)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _moment(at_ms: int) -> str:
    """Minutes are enough for people; times beyond the calendar stay numbers."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%MZ")
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"


def _length(span_ms: int) -> str:
    days, rest = divmod(span_ms, _DAY_MS)
    hours, rest = divmod(rest, _HOUR_MS)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else ""]
    if rest:
        parts.append(f"{rest / _MINUTE_MS:g} min")
    return " ".join(part for part in parts if part)
