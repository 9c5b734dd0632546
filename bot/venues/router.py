"""Several accounts behind one port: each action goes to the venue of its account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bot.core.decisions import Action
from bot.core.types import AccountName
from bot.venues.port import Batch, Venue


class Venues:
    """The venues of all accounts."""

    def __init__(self, venues: Mapping[AccountName, Venue]) -> None:
        """By the name of the account."""
        self._venues = dict(venues)

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Carry it out where it belongs. ``KeyError`` for an account that nobody has."""
        return await self._venues[action.id.account].execute(action)

    async def snapshot(self) -> Sequence[Batch]:
        """Every account as it is now, in the order of their names."""
        found = await asyncio.gather(*(self._venues[name].snapshot() for name in sorted(self._venues)))
        return [batch for batches in found for batch in batches]
