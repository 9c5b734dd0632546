"""The client ids an exchange remembers of orders that are over: what a lost journal would have known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from bot.core.types import OUR_PREFIX, ClientId
from bot.venues.live.dialect import Dialect
from bot.venues.live.line import Line, Unreadable
from bot.venues.live.patience import patiently
from bot.venues.live.terms import Instrument
from bot.venues.live.wire import Request, Urgency


async def recent_ids(
    dialect: Dialect, line: Line, instruments: Iterable[Instrument], say: Callable[[str], None]
) -> list[ClientId]:
    """Those of ours, of the latest orders in these instruments.

    What cannot be read is said and left out: a bot that does not start protects nobody.
    """
    recent = dialect.recent

    async def ids(request: Request) -> list[ClientId]:
        try:
            payload = await patiently(lambda: line.read(request, Urgency.ACCOUNT))
            found = recent.ids(payload)
        except (Unreadable, ValueError, KeyError) as error:
            say(f"orders of the past could not be read: {error}")
            return []
        return [client_id for client_id in found if client_id.startswith(OUR_PREFIX)]

    requests = [request for instrument in instruments for request in recent.requests(instrument)]
    return [client_id for found in await asyncio.gather(*map(ids, requests)) for client_id in found]
