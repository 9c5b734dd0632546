"""What every composition comes to: an engine, a venue, and the feeds that bring it facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bot.config import Settings
from bot.core.engine import Engine
from bot.core.rule import Needs
from bot.core.settings import EngineSettings
from bot.core.types import AccountName, Symbol
from bot.runtime.clock import Clock
from bot.runtime.journal import Journal
from bot.runtime.shell import Feed
from bot.runtime.starting.connecting import Say
from bot.runtime.starting.findings import Finding
from bot.venues.live.clock import ExchangeClock
from bot.venues.live.feed import Wants
from bot.venues.live.gate import Gate
from bot.venues.port import Batch, Venue

NEAR_RULE = Decimal("0.01")
NEAR_LIQUIDATION = Decimal("0.05")
"""Nearer than this, as fractions of the mark, the account is read more often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What a shell is made of.

    ``journal`` is the one that was given, or one that keeps more; ``inherited`` is what an earlier run left
    for this one. ``findings`` is what the look at each account said before.
    """

    engine: Engine
    settings: EngineSettings
    venue: Venue
    journal: Journal
    inherited: Batch
    feeds: Mapping[str, Feed]
    symbols: tuple[Symbol, ...]
    """What may be traded."""
    findings: Mapping[AccountName, Sequence[Finding]]
    clocks: Sequence[ExchangeClock]
    """Those of the exchanges that are talked to."""
    gate: Gate | None
    """What every request goes through; ``None`` where none is made."""


class Compose(Protocol):
    """Puts a run together; it is taken apart when the block ends."""

    def __call__(
        self, settings: Settings, *, journal: Journal, clock: Clock, say: Say
    ) -> AbstractAsyncContextManager[Composition]:
        """``say`` tells people of what happens on the way."""
        ...


def wants_of(needs: Needs) -> Wants:
    """What the rules need, in the terms of a feed."""
    return Wants(
        timeframes_ms=tuple(sorted(needs.timeframes_ms)),
        book=needs.book,
        open_interest=needs.open_interest,
        quarterlies=needs.quarterlies,
        beside=needs.beside,
        spot=needs.spot_balances,
    )


def nearness(engine: Engine, account: AccountName) -> Callable[[], bool]:
    """Whether a rule or the liquidation of a position of the account is near."""

    def is_near() -> bool:
        for distance, next_away in engine.distances(account):
            if distance is not None and distance < NEAR_LIQUIDATION:
                return True
            if next_away is not None and next_away < NEAR_RULE:
                return True
        return False

    return is_near
