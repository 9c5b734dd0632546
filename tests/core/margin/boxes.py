"""Bounds of a question as bands of marks: its own band, and a room laid for its sums alone."""

from collections.abc import Mapping
from decimal import Decimal

from bot.core.margin.bounds import Band, Calm, Sum, distance_calm, liquidation_calm, ratio_calm
from bot.core.margin.pool import Marks, Pool
from bot.core.margin.room import Need, Rooms
from bot.core.margin.sums import PlainSums
from bot.core.types import PositionId, Symbol

Bands = Mapping[Symbol, Band]


def bands_of(pool: Pool, marks: Marks, calms: Mapping[PositionId, Calm]) -> Bands:
    """The box in which everybody stays calm: the room for all sums together, and each one's own band."""
    needs: dict[Decimal, list[Need]] = {}
    for calm in calms.values():
        for (weight, without), band in calm.sums.items():
            needs.setdefault(weight, []).append((without, band))
    rooms = Rooms()
    rooms.lay(pool, marks, needs)
    bands = {holding.position.id.symbol: Band(None, None) for holding in pool.holdings}
    for symbol, free in list(bands.items()):
        for side in rooms.bands(symbol):
            bands[symbol] = bands.get(symbol, free).within(side)
    for id_, calm in calms.items():
        bands[id_.symbol] = bands[id_.symbol].within(calm.own)
    return bands


def joined(*calms: Calm) -> Calm:
    """All of them."""
    own, sums = Band(None, None), dict[Sum, Band]()
    for calm in calms:
        own = own.within(calm.own)
        for key, band in calm.sums.items():
            sums[key] = band.within(sums.get(key, band))
    return Calm(own, sums)


def ratio_bands(pool: Pool, marks: Marks, threshold: Decimal) -> Bands:
    id_ = pool.holdings[0].position.id
    sums = PlainSums(pool, marks)
    return bands_of(pool, marks, {id_: ratio_calm(pool, id_, marks, threshold, sums)})


def distance_bands(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal) -> Bands:
    sums = PlainSums(pool, marks)
    return bands_of(pool, marks, {id_: distance_calm(pool, id_, marks, threshold, sums)})


def liquidation_bands(pool: Pool, id_: PositionId, marks: Marks, price: Decimal) -> Bands:
    sums = PlainSums(pool, marks)
    return bands_of(pool, marks, {id_: liquidation_calm(pool, id_, marks, price, sums)})
