"""The life of an intent as a table: what each outcome makes of it, and which states are an end."""

from __future__ import annotations

from bot.core.facts import OutcomeKind
from bot.core.held.carried import Life

NEXT: dict[OutcomeKind, tuple[Life, frozenset[Life]]] = {
    OutcomeKind.SENT: (Life.SENT, frozenset({Life.PREPARED})),
    OutcomeKind.ACKED: (Life.ACKED, frozenset({Life.PREPARED, Life.SENT, Life.UNKNOWN})),
    OutcomeKind.UNKNOWN: (Life.UNKNOWN, frozenset({Life.PREPARED, Life.SENT})),
    OutcomeKind.REJECTED: (Life.REJECTED, frozenset({Life.PREPARED, Life.SENT, Life.UNKNOWN})),
    OutcomeKind.NOT_APPLIED: (Life.NOT_APPLIED, frozenset({Life.PREPARED, Life.SENT, Life.UNKNOWN})),
    OutcomeKind.APPLIED: (Life.APPLIED, frozenset({Life.PREPARED, Life.SENT, Life.ACKED, Life.UNKNOWN})),
    OutcomeKind.VERIFIED: (
        Life.VERIFIED,
        frozenset({Life.PREPARED, Life.SENT, Life.ACKED, Life.UNKNOWN, Life.APPLIED}),
    ),
    OutcomeKind.GIVEN_UP: (Life.GIVEN_UP, frozenset({Life.PREPARED, Life.SENT, Life.UNKNOWN})),
}
"""For each outcome: the state it leads to, and the states it may come from. Anything else changes nothing."""

UNANSWERED = frozenset({Life.PREPARED, Life.SENT, Life.ACKED})
"""An answer is still out."""
FAILED = frozenset({Life.REJECTED, Life.NOT_APPLIED})
"""It is proven that nothing came of it."""
CLOSED = FAILED | {Life.VERIFIED, Life.GIVEN_UP}
"""Nobody looks for it any more."""
