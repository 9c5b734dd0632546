"""The coins an account holds outright, asked for by REST where a rule counts them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.core.held.spot import SpotBalancesChanged, SpotHolding
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.wire import Urgency

EVERY_MS = 60_000
"""They are sold and withdrawn by people, and count among much that is larger."""


class SpotPoll:
    """Asks for them, for ever."""

    def __init__(self, connection: Connection, changed: Callable[[], None]) -> None:
        """``changed`` is called when there are other coins than before: their prices are wanted too."""
        self.assets: frozenset[str] = frozenset()
        """What is held, as told last."""
        self._account = connection.account
        self._beside = connection.dialect.beside
        self._line = connection.wires.reads
        self._now_ms = connection.now_ms
        self._flaws = Flaws(connection.say)
        self._changed = changed

    async def run(self, inbox: Inbox) -> None:
        """Runs for ever."""
        while True:
            await self.ask(inbox)
            await asyncio.sleep(EVERY_MS / 1000)

    async def ask(self, inbox: Inbox) -> None:
        """Ask once; what cannot be read is said, and asked for again the next time."""
        at_ms = self._now_ms()
        try:
            requests = self._beside.spot_requests()
            payloads = [await self._line.read(request, Urgency.BACKFILL) for request in requests]
            coins = self._beside.spot(payloads)
        except (Unreadable, ValueError, KeyError) as error:
            self._flaws.note("coins held outright", str(error))
            return
        held = tuple(
            SpotHolding(asset=asset, quantity=coins[asset]) for asset in sorted(coins) if coins[asset] > 0
        )
        await inbox.put((SpotBalancesChanged(at_ms=at_ms, account=self._account, holdings=held),))
        assets = frozenset(each.asset for each in held)
        if assets != self.assets:
            self.assets = assets
            self._changed()
