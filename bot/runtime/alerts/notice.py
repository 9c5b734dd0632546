"""A notice: one thing worth telling, before it is known who is told and when."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.intents import Level
from bot.core.types import PositionId

LOUDNESS = {Level.INFO: 0, Level.WARNING: 1, Level.CRITICAL: 2}
"""Levels in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened, in a line that begins with what it is about."""

    at_ms: int
    key: str
    """What it is about: the same again while people know of it is no news, unless it became louder."""
    level: Level
    text: str
    state: str = ""
    """In which of several states that is; another one is news."""
    about: PositionId | None = None
    """The position whose figures belong beside it."""
    lasts: bool = False
    """Whether it goes on until its end is noticed; what does not last is news again when it comes back."""
    over: bool = False
    """Whether it ends what was told under this key: nobody need act any more."""
