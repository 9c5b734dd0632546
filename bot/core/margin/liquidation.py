"""Where a position is liquidated: ``equity(L) = requirement(L)``, solved tier by tier.

Seen over the coordinate (see ``arithmetic``), equity less requirement is a broken line. The search
starts in the tier of the current mark and walks toward the crossing, so the tier used is the one the
position has *at* the liquidation price. Flat tiers make the line jump; then the first price on the wrong
side of the jump is the answer. "No liquidation price" is ``None``: never zero, never clamped. A long and a
short of one symbol in one pool are a question of their own (``two_sided``).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.margin.arithmetic import WITHOUT_NOISE, coordinate, direction
from bot.core.margin.assess import standing
from bot.core.margin.pool import Holding, Legs, Marks, Pool
from bot.core.margin.requirement import (
    fee_line,
    line,
    maintenance,
    maintenance_point,
    steepest,
    tier_index,
    tiers_jump,
    tiers_move,
)
from bot.core.margin.rules import MaintenanceAt
from bot.core.margin.two_sided import crossings, nearer, nearest, weighs_down
from bot.core.types import ZERO, Position, PositionId, Side

Segment = tuple[Decimal, Decimal, Decimal, Decimal | None]
"""Intercept and slope of equity less requirement, and the coordinates they hold between."""


def liquidation_price(
    pool: Pool,
    id_: PositionId,
    marks: Marks,
    legs: Legs | None = None,
    backed: Decimal | None = None,
) -> Decimal | None:
    """The mark at which the exchange liquidates, rounded to the tick toward safety; ``None`` if nowhere.

    Safety is toward the mark: up for a long, down for a short. Other marks are held, also that of a hedge in
    another contract. A long and a short of one symbol in one cross pool share one price, the nearer of a
    falling and a rising one: of two equal legs it is where both together have to keep more than there is. For
    an isolated pool ``marks`` may be empty. The price may lie beyond the entry: a position can be born
    liquidatable. ``legs`` and ``backed`` are what ``legs_of`` and ``backing`` find, where somebody knows it
    already.
    """
    if legs is None:
        legs = legs_of(pool, id_)
    if len(legs) > 1:
        wallet = backing(pool, id_, marks) if backed is None else backed
        crossing = nearer(legs, wallet, _mark_of(legs, marks))
        return None if crossing is None else crossing.price
    exact = _exact(pool, legs, id_, marks, backed)
    if exact is None:
        return None
    contract = legs[0].contract
    # The last digits of the division are noise: without them a price on the tick stays on it.
    if id_.side is Side.LONG:
        return contract.price_up(WITHOUT_NOISE.plus(exact))
    below = contract.price_down(WITHOUT_NOISE.plus(exact))
    return below if below > 0 else exact


def stands_still(position: Position, contract: Contract) -> bool:
    """Whether an isolated position has one liquidation price at every mark.

    Not so where maintenance is frozen at the mark, and where tiers jump: there the search starts at the mark
    and finds another crossing from another tier.
    """
    return (
        maintenance_point(position, contract) is not MaintenanceAt.MARK
        and not tiers_jump(position, contract)
        and steepest(position, contract) < position.quantity
    )


def exact_liquidation_price(pool: Pool, id_: PositionId, marks: Marks) -> Decimal | None:
    """As ``liquidation_price``, unrounded."""
    legs = legs_of(pool, id_)
    if len(legs) == 1:
        return _exact(pool, legs, id_, marks, None)
    mark = _mark_of(legs, marks)
    found = nearest(crossings(legs, backing(pool, id_, marks), mark), mark)
    return None if found is None else found.price


def exact_liquidation_prices(pool: Pool, id_: PositionId, marks: Marks) -> Sequence[Decimal]:
    """The prices that may liquidate the position, unrounded: of two legs there may be one either way."""
    legs = legs_of(pool, id_)
    if len(legs) > 1:
        found = crossings(legs, backing(pool, id_, marks), _mark_of(legs, marks))
        return [crossing.price for crossing in found]
    price = _exact(pool, legs, id_, marks, None)
    return [] if price is None else [price]


def _mark_of(legs: Legs, marks: Marks) -> Decimal:
    """The mark, or the entry where no mark is given."""
    position = legs[0].position
    return marks.get(position.id.symbol, position.entry)


def _exact(pool: Pool, legs: Legs, id_: PositionId, marks: Marks, backed: Decimal | None) -> Decimal | None:
    wallet = backing(pool, id_, marks) if backed is None else backed
    at = _in_first_tier(legs[0], wallet, marks)
    if at is None:
        at = _crossing(legs[0], wallet, marks)
    return coordinate(legs[0].contract, at) if at is not None and at > 0 else None


def _in_first_tier(leg: Holding, wallet: Decimal, marks: Marks) -> Decimal | None:
    """The crossing of one position in the tier it starts from: nearly every case, and asked at every change.

    ``None`` where the answer is not that simple; then ``_crossing`` walks.
    """
    position, contract = leg.position, leg.contract
    if maintenance_point(position, contract) is MaintenanceAt.MARK:
        return None
    quantity = position.quantity
    moving = tiers_move(position, contract)
    index = 0
    if moving:
        start = coordinate(contract, marks.get(position.id.symbol, position.entry))
        index = tier_index(contract, quantity, start)
    elif len(contract.tiers) > 1:
        index = tier_index(contract, quantity, ZERO)
    required_slope, required = line(position, contract, index)
    if required_slope >= quantity:
        return None
    value = contract.notional(quantity, position.entry)
    if direction(position, contract) > 0:
        root = (value + required - wallet) / (quantity - required_slope)
    else:
        root = (value - required + wallet) / (quantity + required_slope)
    if root <= 0:
        return None
    if moving:
        size, tier = quantity * root, contract.tiers[index]
        if (index and size <= tier.floor) or (tier.cap is not None and size > tier.cap):
            return None
    return root


def bankruptcy_price(pool: Pool, id_: PositionId, marks: Marks) -> Decimal | None:
    """The price at which nothing is left of what backs the position; zero for a long without leverage.

    Where the venue counts it (``bankruptcy_fee``) the closing fee is still paid there. Others are held.
    """
    legs = legs_of(pool, id_)
    start = backing(pool, id_, marks)
    intercept, slope = start, ZERO
    for leg in legs:
        position, contract = leg.position, leg.contract
        sign = direction(position, contract)
        fee_slope, fee_intercept = fee_line(position, contract)
        intercept -= sign * contract.notional(position.quantity, position.entry) + fee_intercept
        slope += sign * position.quantity - fee_slope
    if not slope:
        return None
    at = -intercept / slope
    if at < 0 or (not at and legs[0].contract.kind is ContractKind.INVERSE):
        return None
    return coordinate(legs[0].contract, at)


def distance(mark: Decimal, liquidation: Decimal, side: Side | None = None) -> Decimal:
    """``|mark - liquidation| / mark``; with a ``side``, negative once the mark is past liquidation."""
    away = mark - liquidation
    if side is None:
        return abs(away) / mark
    return (away if side is Side.LONG else -away) / mark


def distance_of(pool: Pool, id_: PositionId, marks: Marks) -> Decimal | None:
    """The signed distance of a position at ``marks``; ``None`` where there is no liquidation price."""
    price = liquidation_price(pool, id_, marks)
    if price is None:
        return None
    return distance(marks[id_.symbol], price, Side.LONG if danger_below(pool, id_, marks) else Side.SHORT)


def legs_of(pool: Pool, id_: PositionId) -> Legs:
    """The holdings that move with the mark of this position: itself, and its opposite in hedge mode."""
    pool.holding(id_)
    if len(pool.holdings) == 1:
        return pool.holdings
    return tuple(h for h in pool.holdings if h.position.id.symbol == id_.symbol)


def backing(pool: Pool, id_: PositionId, marks: Marks) -> Decimal:
    """The wallet plus the profit less the requirement of every other symbol, at ``marks``."""
    if len(pool.holdings) == 1:
        return pool.wallet
    others = tuple(h for h in pool.holdings if h.position.id.symbol != id_.symbol)
    if not others:
        return pool.wallet
    stands = standing(pool.wallet, others, marks)
    return stands.equity - stands.maintenance


def danger_below(pool: Pool, id_: PositionId, marks: Marks) -> bool:
    """Whether a falling price leads to liquidation: for a long, and for two legs where that is nearer."""
    legs = legs_of(pool, id_)
    if len(legs) == 1:
        return id_.side is Side.LONG
    crossing = nearer(legs, backing(pool, id_, marks), _mark_of(legs, marks))
    return weighs_down(legs) if crossing is None else crossing.falling


def _crossing(leg: Holding, wallet: Decimal, marks: Marks) -> Decimal | None:
    """The coordinate where equity meets the requirement of one position; ``None`` if nowhere.

    The walk starts at the mark, or at the entry where no mark is given.
    """
    position, contract = leg.position, leg.contract
    earns = direction(position, contract)
    mark = marks.get(position.id.symbol)
    start = coordinate(contract, position.entry if mark is None else mark)
    index = tier_index(contract, position.quantity, start)
    intercept, slope, low, high = _segment(leg, wallet, index, marks)
    if slope * earns > 0:
        root = -intercept / slope
        if _inside(root, low, high):
            return root
        found = _travel(leg, wallet, index, marks, start, -1 if root <= low else 1)
        # Dead at every price, as a short in an account that has lost more than its price can give back: the
        # first mark at which equity is at or below the requirement is this one.
        return start if found is None and root < start and earns < 0 and mark is not None else found
    found = _travel(leg, wallet, index, marks, start, -earns)
    if found is None and intercept + slope * start > 0:
        # A rate of one or more: the requirement grows faster than the profit, so the other way kills.
        return _travel(leg, wallet, index, marks, start, earns)
    return found


def _segment(leg: Holding, wallet: Decimal, index: int, marks: Marks) -> Segment:
    """Equity less requirement as a straight line while the position stays in tier ``index``."""
    position, contract = leg.position, leg.contract
    quantity, earns = position.quantity, direction(position, contract)
    intercept = wallet - earns * contract.notional(quantity, position.entry)
    slope = earns * quantity
    if maintenance_point(position, contract) is MaintenanceAt.MARK:
        return intercept - maintenance(position, contract, marks[position.id.symbol]), slope, ZERO, None
    required_slope, required = line(position, contract, index)
    low, high = ZERO, None
    if tiers_move(position, contract):
        tier = contract.tiers[index]
        low = tier.floor / quantity
        if index + 1 < len(contract.tiers) and tier.cap is not None:
            high = tier.cap / quantity
    return intercept - required, slope - required_slope, low, high


def _travel(
    leg: Holding, wallet: Decimal, index: int, marks: Marks, start: Decimal, heading: int
) -> Decimal | None:
    """Walk from ``start`` through the tiers, up or down the coordinate, to the first change of sign."""
    intercept, slope, low, high = _segment(leg, wallet, index, marks)
    alive = intercept + slope * start > 0
    for _ in range(len(leg.contract.tiers)):
        if slope:
            root = -intercept / slope
            if _inside(root, low, high) and (root - start) * heading >= 0:
                return root if root > 0 else None
        edge = high if heading > 0 else low
        if not edge:
            return None
        index += heading
        intercept, slope, low, high = _segment(leg, wallet, index, marks)
        if (intercept + slope * edge > 0) is not alive:
            return edge
        start = edge
    return None


def _inside(root: Decimal, low: Decimal, high: Decimal | None) -> bool:
    """Whether a tier holds the coordinate; its lower edge belongs to the tier below."""
    return (low < root or root == low == 0) and (high is None or root <= high)
