"""Between which prices nothing can happen, so that a move there costs four comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.core.margin.bounds import Band, band_alive, nets, ratio_calm
from bot.core.margin.pool import Pool
from bot.core.margin.room import Room
from bot.core.margin.sums import PlainSums
from bot.core.types import ONE, ZERO, MarginMode, PriceKind, Symbol
from bot.venues.paper.books import Books, PoolKey, marks_of
from bot.venues.paper.entries import NEVER_HIGH, NEVER_LOW
from bot.venues.paper.model import Wires
from bot.venues.paper.waiting import levels

CLOSED_WIRES = Wires(mark=Band(NEVER_HIGH, NEVER_LOW), last=Band(NEVER_HIGH, NEVER_LOW))
"""Before the first price every price matters."""
_NO_BANDS: Mapping[Symbol, Band] = {}


def rewire(books: Books) -> None:
    """Bring the wires up to date with what has changed since they were laid."""
    for key in books.stale_pools:
        before, pool = books.bands.pop(key, _NO_BANDS), books.pool(key)
        after = _NO_BANDS
        if pool is not None:
            books.bands[key] = after = _bands(books, key, pool)
        # The room of a cross pool often suffices for what it was changed to.
        for symbol in before.keys() | after.keys():
            if before.get(symbol) != after.get(symbol):
                books.stale_wires[symbol] = None
    books.stale_pools.clear()
    for symbol in books.stale_wires:
        _lay(books, symbol)
    books.stale_wires.clear()


def _bands(books: Books, key: PoolKey, pool: Pool) -> Mapping[Symbol, Band]:
    """Between which marks the pool is not liquidated."""
    marks = marks_of(books, pool)
    if pool.mode is MarginMode.ISOLATED:
        (holding,) = pool.holdings
        id_ = holding.position.id
        # Whoever is dead at the present mark has been liquidated by now.
        alive = band_alive(pool)
        if alive is not None:
            return {id_.symbol: alive}
        return {id_.symbol: ratio_calm(pool, id_, marks, ONE, PlainSums(pool, marks)).own}
    if nets(pool):
        return {symbol: Band(mark, mark) for symbol, mark in marks.items()}
    room = books.rooms.get(key)
    if room is None:
        room = books.rooms[key] = Room()
    room.sit(pool)
    room.lay(marks, [(None, Band(ZERO, None))])
    return {symbol: room.band(symbol) for symbol in room.symbols}


def _lay(books: Books, symbol: Symbol) -> None:
    """The tightest of all liquidation bands and order levels of the symbol."""
    mark_low = last_low = NEVER_LOW
    mark_high = last_high = NEVER_HIGH
    for bands in books.bands.values():
        band = bands.get(symbol)
        if band is None:
            continue
        if band.low is not None and band.low > mark_low:
            mark_low = band.low
        if band.high is not None and band.high < mark_high:
            mark_high = band.high
    for account in books.accounts.values():
        for order in account.orders.values():
            if order.id.symbol != symbol:
                continue
            for level in levels(account, order):
                by_mark = level.by is PriceKind.MARK
                if level.rising and by_mark:
                    mark_high = min(mark_high, level.price)
                elif level.rising:
                    last_high = min(last_high, level.price)
                elif by_mark:
                    mark_low = max(mark_low, level.price)
                else:
                    last_low = max(last_low, level.price)
    books.lays += 1
    quote = books.quotes[symbol]
    quote.mark_low, quote.mark_high = mark_low, mark_high
    quote.last_low, quote.last_high = last_low, last_high
    books.laid[symbol] = Wires(
        mark=_band(mark_low, mark_high),
        last=_band(last_low, last_high),
    )


def _band(low: Decimal, high: Decimal) -> Band:
    return Band(None if low == NEVER_LOW else low, None if high == NEVER_HIGH else high)
