"""Which crashes the choice is made by, and which are held back to judge it.

Whatever is tried often enough fits the crashes it is tried on. So some are held back: no cell but the
chosen one and the configuration as it is ever meets them, once, at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bot.config.errors import suggestion
from bot.lab.scenarios import Scenario
from bot.lab.sweep.errors import ParameterError

QUARTER = 4
"""One in so many is held back where nobody says otherwise."""

HoldBack = int | Sequence[str]
"""How many, or which."""


def split(
    scenarios: Sequence[Scenario], hold_back: HoldBack | None, seed: int
) -> tuple[tuple[Scenario, ...], tuple[Scenario, ...]]:
    """Those to choose by and those held back, each in their order; ParameterError where that cannot be.

    ``hold_back`` as a number draws them by ``seed``: always the same of the same crashes, and most of the
    same where another crash is added. ``None`` is a quarter of them.
    """
    names = [each.name for each in scenarios]
    if hold_back is None:
        hold_back = len(names) // QUARTER
    if isinstance(hold_back, int):
        held = sorted(names, key=lambda name: _rank(name, seed))[:hold_back]
    else:
        held = list(hold_back)
    for name in held:
        if name not in names:
            raise ParameterError(f'there is no scenario "{name}" to hold back{suggestion(name, names)}')
    if len(set(held)) == len(names):
        raise ParameterError(f"all {len(names)} scenarios are held back; leave some to choose by")
    return (
        tuple(each for each in scenarios if each.name not in held),
        tuple(each for each in scenarios if each.name in held),
    )


def held_back_paths(paths: int, chosen_by: int, held_back: int) -> int:
    """How many further paths judge the choice: for each crash held back as many as for each of the others."""
    return -(-paths * held_back // chosen_by)


def _rank(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()
