"""Plays recorded or invented prices into a world, at a pace of one's own.

The world's time is the machine's, because clients judge it by their clocks; so the moments of a tape keep
their distances, divided by the speed, and not their dates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.simulator.world import World

if TYPE_CHECKING:
    from bot.core.types import Symbol
    from bot.venues.paper import Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """New prices of a symbol; ``gap`` where they did not travel there from the last ones.

    ``rate`` is a funding rate that is settled at that moment, at the prices before it; ``openings`` are
    positions that appear after it.
    """

    at_ms: int
    symbol: Symbol
    mark: Decimal
    last: Decimal
    gap: bool = False
    rate: Decimal | None = None
    openings: tuple[Opening, ...] = ()


def let_happen(world: World, moment: Moment) -> None:
    """One moment, now."""
    ticker = world.market[moment.symbol]
    if moment.rate is not None:
        ticker.funding_rate = moment.rate
        if ticker.known:
            world.settle_funding(moment.symbol)
    world.move(moment.symbol, moment.mark, moment.last, gap=moment.gap)
    for opening in moment.openings:
        world.open(opening)


async def play(world: World, moments: Iterable[Moment], speed: float) -> int:
    """Play to the end, ``speed`` times as fast as it happened; how many moments there were."""
    loop = asyncio.get_running_loop()
    began, first_ms, count = loop.time(), None, 0
    for moment in moments:
        if first_ms is None:
            first_ms = moment.at_ms
        due = began + (moment.at_ms - first_ms) / 1000 / speed
        # Even when late the loop turns between two moments, so that everybody hears of each.
        await asyncio.sleep(max(0.0, due - loop.time()))
        let_happen(world, moment)
        count += 1
    return count
