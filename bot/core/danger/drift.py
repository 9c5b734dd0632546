"""The venue's own liquidation price against ours: where they differ, the more dangerous one counts.

A venue may know what our formula does not: a tier that changed this minute, a fee, a convention that is no
longer what it was. So its figure, where it gives one, is compared with ours at every reading of the account.
If it is the nearer one, the position is judged as if it had so much less margin that both agree: then every
projection, target and wake follows, and nobody has to know of it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from bot.core.danger.situation import Situation, other_way, outweighed
from bot.core.decisions import StateChanged
from bot.core.intents import Level
from bot.core.margin.assess import assess
from bot.core.types import ZERO

TOLERANCE = Decimal("0.005")
"""Up to this fraction of its price both are the same: the venue rounds, and its mark is another moment's."""

UNSEEN, AGREED, DRIFTED, ABSURD = "unseen", "agreed", "drifted", "absurd"


class Drift(NamedTuple):
    """How the venue's figure stands to ours. ``shortfall`` is the margin that is missing by its account."""

    verdict: str
    shortfall: Decimal
    because: str


def compare(situation: Situation, quoted: Decimal | None) -> Drift:
    """Judge the venue's price for a position; ``None`` means that the venue sees no liquidation.

    ``situation`` must be free of any shortfall found before. A price that the mark has passed already is
    absurd, since the position is still there: it is said and not used.
    """
    ours = situation.liquidation
    if quoted is None:
        return Drift(AGREED, ZERO, f"the venue gives none, ours is {ours}")
    if outweighed(situation):
        return Drift(AGREED, ZERO, "the other leg decides")
    because = f"the venue says {quoted}, ours is {ours}"
    if ours is not None and abs(quoted - ours) <= TOLERANCE * quoted:
        return Drift(AGREED, ZERO, because)
    if other_way(situation) and situation.danger * (situation.mark - quoted) <= 0:
        return Drift(AGREED, ZERO, f"{because}, which comes first")
    if situation.danger * (situation.mark - quoted) <= 0:
        return Drift(ABSURD, ZERO, f"{because}, and the mark is {situation.mark}")
    stands = assess(situation.pool, {**situation.marks, situation.id.symbol: quoted})
    return Drift(DRIFTED, max(ZERO, stands.equity - stands.maintenance), because)


def announcement(situation: Situation, was: str, found: Drift) -> StateChanged:
    """What people are told when the verdict is another one."""
    used = "; the nearer one is used" if found.shortfall else ""
    return StateChanged(
        at_ms=situation.now_ms,
        subject=f"liquidation:{situation.id}",
        was=was,
        now=found.verdict,
        because=found.because + used,
        level=Level.INFO if found.verdict == AGREED else Level.WARNING,
    )
