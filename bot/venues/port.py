"""The port to an exchange: what any venue, real or paper, is to the rest of Holdfast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.core.decisions import Action
from bot.core.facts import Fact

Batch = Sequence[Fact]
"""Facts of one event at the exchange: they are folded together, rules are asked once at the end."""


class Venue(Protocol):
    """An exchange, seen by the shell. Every effect comes back as facts; nothing is returned in secret."""

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Carry out one action; what became of it, with every effect known so far, one batch per event."""
        ...

    async def snapshot(self) -> Sequence[Batch]:
        """The account as it is now, one batch: contracts, balances, positions, orders."""
        ...
