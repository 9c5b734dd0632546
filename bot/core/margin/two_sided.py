"""Where a long and a short of one symbol in one cross pool are liquidated: whichever way comes first.

What one leg loses the other earns, so a pair is liquidated by the larger leg's loss or by what both have to
keep, which grows with the price (in coins: as it falls) while equity stays behind. The second is all there is
for two equal legs, and may be the nearer of the two for nearly equal ones. Exchanges show one price for
both legs (Binance), or none; the account is judged by its requirement at the mark all the same (BingX works
such an example out in "What Is Hedge Mode?"), so both are looked for here, and the nearer is told. For the
same reason a requirement that a venue's display freezes at the mark (Bitget) is taken as it follows the mark.

Equity less requirement is a line that bends down at the edges of tiers and never up, unless flat tiers make
it jump; so a pool that lives has at most one crossing either way, and one that is dead is past one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from bot.core.contracts import Contract, ContractKind
from bot.core.margin.arithmetic import WITHOUT_NOISE, coordinate
from bot.core.margin.curve import Curve
from bot.core.margin.pool import Legs
from bot.core.margin.requirement import steepest
from bot.core.types import ONE, ZERO, Side


class Crossing(NamedTuple):
    """A price at which the pool is liquidated."""

    price: Decimal
    """Not rounded."""
    falling: bool
    """Whether a falling price leads there: at a lower mark the pool is dead."""


def crossings(legs: Legs, wallet: Decimal, mark: Decimal, curve: Curve | None = None) -> list[Crossing]:
    """The first crossing below the mark and the first above it; none, one or two of them.

    ``wallet`` is what backs the legs (``liquidation.backing``). A pool that is dead at ``mark`` is past the
    crossing on the way to where it lives; if it lives nowhere, it dies where it is. ``curve`` is that of the
    legs, where somebody has it.
    """
    contract = legs[0].contract
    if contract.rules.netting:
        curves = [Curve(legs, ONE, counted=side) for side in Side]
    else:
        curves = [Curve(legs, ONE) if curve is None else curve]
    at = coordinate(contract, mark)
    surpluses = [wallet + each.value(at) for each in curves]
    alive = min(surpluses) > 0
    found = []
    for heading in (-1, 1):
        reached = _first(curves, surpluses, at, heading) if alive else _last(curves, surpluses, at, heading)
        if reached is not None:
            below = (heading < 0) is (contract.kind is ContractKind.LINEAR)
            found.append(Crossing(coordinate(contract, reached), below is alive))
    return found if alive or found else [Crossing(mark, weighs_down(legs))]


def nearest(found: Sequence[Crossing], mark: Decimal) -> Crossing | None:
    """The more dangerous of them; ``None`` if there is none."""
    return min(found, key=lambda crossing: abs(crossing.price - mark), default=None)


def nearer(legs: Legs, wallet: Decimal, mark: Decimal, curve: Curve | None = None) -> Crossing | None:
    """The nearer of the ``crossings``, on the tick toward safety: up where falling liquidates, else down."""
    contract = legs[0].contract
    return nearest([_rounded(each, contract) for each in crossings(legs, wallet, mark, curve)], mark)


def against(
    side: Side, legs: Legs, wallet: Decimal, mark: Decimal, curve: Curve | None = None
) -> Crossing | None:
    """The one that the loss of one of the legs leads to, in the same way."""
    contract, falling = legs[0].contract, side is Side.LONG
    found = crossings(legs, wallet, mark, curve)
    return next((_rounded(each, contract) for each in found if each.falling is falling), None)


def _rounded(crossing: Crossing, contract: Contract) -> Crossing:
    price = WITHOUT_NOISE.plus(crossing.price)
    if crossing.falling:
        return Crossing(contract.price_up(price), falling=True)
    below = contract.price_down(price)
    return Crossing(below if below > 0 else crossing.price, falling=False)


def heavier(legs: Legs) -> Side | None:
    """Which side is held more of; ``None`` if they are equal."""
    net = net_of(legs)
    return (Side.LONG if net > 0 else Side.SHORT) if net else None


def both_ways(legs: Legs) -> bool:
    """Whether in some tier the requirement grows faster than equity, so that there may be two crossings."""
    return sum((steepest(leg.position, leg.contract) for leg in legs), ZERO) >= abs(net_of(legs))


def weighs_down(legs: Legs) -> bool:
    """Whether a falling price is what costs more: that of the larger long, and in coins of equal legs."""
    net = net_of(legs)
    return net > 0 or (not net and legs[0].contract.kind is ContractKind.INVERSE)


def net_of(legs: Legs) -> Decimal:
    """The longs less the shorts."""
    return sum((leg.position.quantity * leg.position.id.side.sign for leg in legs), ZERO)


def _first(
    curves: Sequence[Curve], surpluses: Sequence[Decimal], at: Decimal, heading: int
) -> Decimal | None:
    """Where the first of the lines has eaten up what is left of it."""
    reaches = [
        reach
        for curve, surplus in zip(curves, surpluses, strict=True)
        if (reach := curve.reach(at, surplus, 1, heading)) is not None
    ]
    return min(reaches, key=lambda reach: abs(reach - at), default=None)


def _last(curves: Sequence[Curve], surpluses: Sequence[Decimal], at: Decimal, heading: int) -> Decimal | None:
    """Where all lines have made up for what is missing; ``None`` if one of them never does."""
    reaches = [
        curve.reach(at, -surplus, -1, heading)
        for curve, surplus in zip(curves, surpluses, strict=True)
        if surplus <= 0
    ]
    known = [reach for reach in reaches if reach is not None]
    return max(known, key=lambda reach: abs(reach - at)) if len(known) == len(reaches) else None
