"""What is kept of one trial to tell it: figures, series and acts, but none of what it was played with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.types import PositionId
from bot.lab.report.stress.course import Course, course
from bot.lab.report.stress.deeds import Deed, Kind, deeds
from bot.lab.stress.matrix import Attempt
from bot.lab.stress.saving import Saving
from bot.lab.stress.trial import Fate, Trial
from bot.look.figures import amount, moment, percent
from bot.look.tone import Tone

NEAR = Decimal("0.02")
"""A position that came nearer to liquidation than this, as a fraction of the mark, was lucky."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Story:
    """A trial and how it went, position by position. ``currency`` is that of its money."""

    trial: Trial
    saving: Saving | None
    courses: tuple[Course, ...]
    deeds: tuple[Deed, ...]
    currency: str


def story(attempt: Attempt) -> Story:
    """What is kept of an attempt."""
    played = attempt.played
    ids = [each.opening.id for each in played.plan.openings]
    return Story(
        trial=attempt.trial,
        saving=attempt.saving,
        courses=tuple(course(id_, played) for id_ in ids),
        deeds=deeds(played.run.record),
        currency=played.plan.contracts[ids[0].symbol].settlement,
    )


def nearest(trial: Trial) -> Decimal | None:
    """The smallest distance to liquidation of all positions; ``None`` where none ever had one."""
    known = [fate.nearest for fate in trial.fates if fate.nearest is not None]
    return min(known, default=None)


def tone_of(trial: Trial) -> Tone:
    """How bad it was."""
    if not trial.survived:
        return Tone.DEAD
    away = nearest(trial)
    return Tone.NEAR if away is not None and away < NEAR else Tone.SAFE


WORDS = {Tone.DEAD: "LIQUIDATED", Tone.NEAR: "barely", Tone.SAFE: "survived"}


def named(id_: PositionId) -> str:
    """A position, without its account."""
    return f"{id_.symbol} {id_.side.value}"


def fate_of(fate: Fate) -> str:
    """What became of a position, in a few words."""
    if fate.liquidated_ms is not None:
        return f"liquidated {moment(fate.liquidated_ms)[5:16]}"
    left = "" if fate.open else "closed, "
    return f"{left}nearest {percent(fate.nearest, 1)}" if fate.nearest is not None else f"{left}safe"


def saved_by(saving: Saving | None) -> str:
    """What would have sufficed, of what was tried."""
    ways: list[str] = []
    if saving is not None and saving.margin is not None:
        ways.append(
            " and ".join(f"{amount(more)} more behind {named(id_)}" for id_, more in saving.margin.items())
        )
    if saving is not None and saving.earlier is not None:
        ways.append(f"rules that act at {amount(saving.earlier)} times the distance")
    return ", or ".join(ways) or "nothing that was tried"


def plain(reason: str) -> str:
    """The word of a refusal as people write it."""
    return reason.replace("_", " ")


def done(deeds: Sequence[Deed]) -> str:
    """What was done, counted by kind, without what befell."""
    kinds = Counter(deed.kind for deed in deeds if deed.kind is not Kind.LIQUIDATED)
    told = [kind.title if count == 1 else f"{kind.title} {count} times" for kind, count in kinds.items()]
    return ", ".join(told) or "nothing"


def danger(trials: Sequence[Trial]) -> tuple[Decimal, ...]:
    """What scenarios are sorted by, the worst first: deaths, then the nearest calls, rule set by rule set."""
    return tuple(Decimal(-1) if not each.survived else nearest(each) or Decimal(0) for each in trials)
