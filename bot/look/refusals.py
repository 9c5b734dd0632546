"""Why the guard refused something, in words that need no manual: the word of a reason and what it means."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "stale": "price or account too old to act on",
    "state": "the bot was not ready, or had heard nothing for too long",
    "paused": "a person had paused it",
    "shadow": "the rule only watches",
    "in_flight": "an earlier act was still under way",
    "capability": "the exchange cannot do it",
    "cooldown": "too soon after the act before",
    "rate": "too many acts",
    "budget": "a budget was used up",
    "throttled": "repeated without effect",
    "balance": "too little free balance",
    "minimum": "less than the exchange accepts",
    "posture": "not in this posture",
    "not_safer": "it would not have come out safer",
    "wrong_side": "a stop beyond the mark or the liquidation",
    "paired": "one leg alone of a hedged pair",
    "unwanted": "the trader had removed the stop",
    "foreign": "a position of the trader's own in the way",
    "expiry": "too near to delivery",
    "basis": "the hedge was priced beyond its limit",
    "depth": "too little in the book",
    "no_position": "nothing left to act on",
    "venue": "the exchange refused",
}
"""By the word that JSON and the journal have."""


def refusal(reason: str) -> str:
    """The word of a reason as people write it, and what it means."""
    return f"{reason.replace('_', ' ')}: {MEANINGS[reason]}"
