"""What a conditional order with a limit may do when it is triggered (time in force).

A plain order knows at once whether it fills, so whoever takes one can ask the book first. A conditional one
finds out when its trigger is met, and what it was told has to lie beside it until then.
"""

from __future__ import annotations

from enum import StrEnum


class InForce(StrEnum):
    """What becomes of what does not fill at once, or of what does."""

    GTC = "gtc"
    """Good till cancelled: it fills what it can, and the rest rests at its limit."""
    IOC = "ioc"
    """Immediate or cancel: it fills what it can, and the rest is cancelled."""
    FOK = "fok"
    """Fill or kill: it fills whole or not at all."""
    GTX = "gtx"
    """Post only: it rests, or is cancelled where it would fill at once."""

    def takes(self, *, whole: bool) -> bool:
        """Whether it takes what the book holds for it, which is the whole order or a part."""
        return self in (InForce.GTC, InForce.IOC) or (self is InForce.FOK and whole)

    def rests(self, *, crossing: bool) -> bool:
        """Whether what is left goes on at its limit; ``crossing`` if the book held something for it."""
        return self is InForce.GTC or (self is InForce.GTX and not crossing)
