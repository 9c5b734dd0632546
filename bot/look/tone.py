"""How dangerous something is, as a word, a shape and a colour together: no one of them is needed to tell."""

from __future__ import annotations

from enum import StrEnum


class Tone(StrEnum):
    """How dangerous something is. The value is also the class of its colour in ``look.css``."""

    DEAD = "dead"
    """Liquidated, naked, lost: nothing is more urgent."""
    NEAR = "near"
    """It came close, or it is about to: look here next."""
    SAFE = "safe"
    """As it should be."""
    PLAIN = "plain"
    """Says nothing of danger."""

    @property
    def shape(self) -> str:
        """The sign beside the word; nothing where there is no danger to tell of."""
        return _SHAPES[self]


_SHAPES = {Tone.DEAD: "✕", Tone.NEAR: "▲", Tone.SAFE: "✓", Tone.PLAIN: ""}

DANGER_FIRST = (Tone.DEAD, Tone.NEAR, Tone.SAFE, Tone.PLAIN)
"""The order in which things are shown: the worst at the top."""
