"""What a venue can do, as data: the guard asks it before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.types import MarginMode, PositionMode, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Whether a lever works in one margin mode, and if not, why and what to use in its place."""

    works: bool
    because: str = ""
    substitute: str = ""


YES = Capability(works=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The levers of one account. A lever that is not listed for a margin mode is not possible there."""

    venue: str
    position_modes: frozenset[PositionMode] = frozenset(PositionMode)
    levers: Mapping[tuple[str, MarginMode], Capability] = field(default_factory=dict)
    """Keyed by the intent's class name and the margin mode: the same in every contract."""
    by_contract: Mapping[tuple[str, MarginMode, Symbol], Capability] = field(default_factory=dict)
    """What differs between the contracts of an account, and counts before ``levers``."""

    @property
    def hedge_mode(self) -> bool:
        """Whether the account certainly keeps a long and a short side of a contract apart."""
        return self.position_modes == {PositionMode.HEDGE}

    def of(self, intent: str, mode: MarginMode, symbol: Symbol) -> Capability:
        """The capability for an intent kind on a position in ``symbol``; an unlisted one is a declared no."""
        found = self.by_contract.get((intent, mode, symbol)) if self.by_contract else None
        found = found or self.levers.get((intent, mode))
        return found or Capability(works=False, because=f"{self.venue} has no {intent} in {mode} mode")


NOTHING_DECLARED = Capabilities(venue="unknown venue")
"""What an account can do of which nothing was said."""
