"""All checks together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.faults.checking import (
    acting_once,
    attention,
    good_data,
    limits,
    liveness,
    never_blind,
    no_worse,
    records,
    retelling,
)
from tests.faults.checking.story import Story, story_of
from tests.faults.checking.violation import Violation
from tests.faults.evidence import Evidence

Check = Callable[[Story], Iterator[Violation]]
CHECKS: tuple[Check, ...] = (
    *acting_once.CHECKS,
    *no_worse.CHECKS,
    *good_data.CHECKS,
    *never_blind.CHECKS,
    *attention.CHECKS,
    *records.CHECKS,
    *retelling.CHECKS,
    *limits.CHECKS,
    *liveness.CHECKS,
)
"""Each names the invariant it is about in the first word of its docstring."""


def check(evidence: Evidence) -> list[Violation]:
    """What was promised and not kept, in the order of time."""
    story = story_of(evidence)
    return sorted(violation for each in CHECKS for violation in each(story))
