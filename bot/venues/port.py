"""The port to an exchange: what any venue, real or paper, is to the rest of Holdfast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.decisions import Action
from bot.core.facts import Fact
from bot.core.types import MarginMode, PositionMode

Batch = Sequence[Fact]
"""Facts of one event at the exchange: they are folded together, rules are asked once at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Whether a lever works in one margin mode, and if not, why and what to use in its place."""

    works: bool
    because: str = ""
    substitute: str = ""


YES = Capability(works=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a venue can do. A lever that is not listed for a mode is not possible there."""

    venue: str
    position_modes: frozenset[PositionMode]
    levers: Mapping[tuple[str, MarginMode], Capability] = field(default_factory=dict)
    """Keyed by the intent's class name and the margin mode."""
    stop_by_mark: bool = True

    def of(self, intent: str, mode: MarginMode) -> Capability:
        """The capability for an intent kind; an unlisted one is a declared no."""
        return self.levers.get((intent, mode), Capability(works=False, because=f"{self.venue} has no {intent}"))


class Venue(Protocol):
    """An exchange, seen by the shell. Every effect comes back as facts; nothing is returned in secret."""

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Carry out one action; what became of it, with every effect known so far, one batch per event."""
        ...

    async def snapshot(self) -> Sequence[Batch]:
        """The account as it is now, one batch: contracts, balances, positions, orders."""
        ...
