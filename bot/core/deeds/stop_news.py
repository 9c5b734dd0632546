"""What people are told of stops of ours that ended without our doing, and how the seatbelt stands then."""

from __future__ import annotations

from bot.core.decisions import StateChanged
from bot.core.facts import OrderEnded
from bot.core.held.losses import Ending, Losses
from bot.core.intents import Level
from bot.core.types import PositionId


def told(fact: OrderEnded) -> StateChanged:
    """How a stop ended, as people hear of it."""
    word = f" ({fact.status})" if fact.status else ""
    because = {
        Ending.CANCELLED: "cancelled at the venue, and not by us",
        Ending.ENDED: f"no longer at the venue{word}, and nobody here took it away",
        Ending.MET: f"met{word}, and the position is still there",
    }[fact.how]
    return StateChanged(
        at_ms=fact.at_ms,
        subject=f"stop:{fact.id}",
        was=fact.client_id,
        now=fact.how,
        because=because,
        level=Level.CRITICAL if fact.how is Ending.MET else Level.WARNING,
    )


def turn(id_: PositionId, was: Losses, now: Losses, at_ms: int) -> StateChanged | None:
    """That the seatbelt is at work, left off or failing, where that is another thing than before."""
    if (before := _standing(was)) == (after := _standing(now)):
        return None
    because = {
        _LEFT_OFF: (
            f"the trader cancelled our stops {now.cancelled} times: NAKED by his will until the position is"
            " closed, a stop of his own rests, or the seatbelt is released"
        ),
        _FAILING: f"the venue ended {now.ended} of our stops and refused {now.refused} in a row",
        _AT_WORK: "a stop was taken again, or a person released it",
    }[after]
    level = Level.INFO if after == _AT_WORK else Level.CRITICAL
    return StateChanged(
        at_ms=at_ms, subject=f"seatbelt:{id_}", was=before, now=after, because=because, level=level
    )


_AT_WORK, _LEFT_OFF, _FAILING = "at work", "left off", "failing"


def _standing(losses: Losses) -> str:
    if losses.unwanted:
        return _LEFT_OFF
    return _FAILING if losses.failing else _AT_WORK
