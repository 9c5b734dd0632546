"""Where a position is liquidated: ``equity(L) = requirement(L)``, solved tier by tier.

Seen over the coordinate (see ``arithmetic``), equity less requirement is a broken line. The search
starts in the tier of the current mark and walks toward the crossing, so the tier used is the one the
position has *at* the liquidation price. Flat tiers make the line jump; then the first price on the wrong
side of the jump is the answer. "No liquidation price" is ``None``: never zero, never clamped.
"""

from __future__ import annotations

from decimal import Context, Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.margin.arithmetic import coordinate, direction
from bot.core.margin.assess import standing
from bot.core.margin.pool import Holding, Marks, Pool
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
from bot.core.types import ZERO, Position, PositionId, Side

Legs = tuple[Holding, ...]
Segment = tuple[Decimal, Decimal, Decimal, Decimal | None]
"""Intercept and slope of equity less requirement, and the coordinates they hold between."""

_WITHOUT_NOISE = Context(prec=24)


def liquidation_price(
    pool: Pool,
    id_: PositionId,
    marks: Marks,
    legs: Legs | None = None,
    backed: Decimal | None = None,
) -> Decimal | None:
    """The mark at which the exchange liquidates, rounded to the tick toward safety; ``None`` if nowhere.

    Safety is toward the mark: up for a long, down for a short. Other marks are held. A long and a short of
    one symbol in one cross pool share one price; if they are equal there is none. For an isolated pool
    ``marks`` may be empty. The price may lie beyond the entry: a position can be born liquidatable.
    ``legs`` and ``backed`` are what ``legs_of`` and ``backing`` find, where somebody knows it already.
    """
    if legs is None:
        legs = legs_of(pool, id_)
    exact = _exact(pool, legs, id_, marks, backed)
    if exact is None:
        return None
    contract = legs[0].contract
    # The last digits of the division are noise: without them a price on the tick stays on it.
    if falling_endangers(legs):
        return contract.price_up(_WITHOUT_NOISE.plus(exact))
    rounded = contract.price_down(_WITHOUT_NOISE.plus(exact))
    return rounded if rounded > 0 else exact


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
    return _exact(pool, legs_of(pool, id_), id_, marks, None)


def _exact(pool: Pool, legs: Legs, id_: PositionId, marks: Marks, backed: Decimal | None) -> Decimal | None:
    wallet = backing(pool, id_, marks) if backed is None else backed
    if len(legs) == 1:
        at = _in_first_tier(legs[0], wallet, marks)
        if at is None:
            at = crossing(legs, wallet, marks, legs)
    elif legs[0].contract.rules.netting:
        return _netted_price(legs, wallet, marks)
    else:
        at = crossing(legs, wallet, marks, legs)
    return _as_price(legs[0], at)


def _in_first_tier(leg: Holding, wallet: Decimal, marks: Marks) -> Decimal | None:
    """The crossing of one position in the tier it starts from: nearly every case, and asked at every change.

    ``None`` where the answer is not that simple; then ``crossing`` walks.
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
    return distance(marks[id_.symbol], price, Side.LONG if danger_below(pool, id_) else Side.SHORT)


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


def danger_below(pool: Pool, id_: PositionId) -> bool:
    """Whether a falling price leads to liquidation: for a long, or in hedge mode for the larger leg."""
    return falling_endangers(legs_of(pool, id_))


def falling_endangers(legs: Legs) -> bool:
    """As ``danger_below``, where the legs are known."""
    if len(legs) == 1:
        return legs[0].position.id.side is Side.LONG
    return sum(leg.position.quantity * leg.position.id.side.sign for leg in legs) >= 0


def net_quantity(legs: Legs) -> Decimal:
    """What the legs hold together, counted in the direction in which a rising coordinate earns."""
    leg = legs[0]
    if len(legs) == 1:
        return leg.position.quantity if direction(leg.position, leg.contract) > 0 else -leg.position.quantity
    return sum((direction(leg.position, leg.contract) * leg.position.quantity for leg in legs), ZERO)


def crossing(legs: Legs, wallet: Decimal, marks: Marks, counted: Legs) -> Decimal | None:
    """The coordinate where equity meets the requirement of the ``counted`` legs; ``None`` if nowhere.

    The walk starts at the mark, or at the entry where no mark is given.
    """
    first = legs[0]
    net = net_quantity(legs)
    if not net:
        return None
    mark = marks.get(first.position.id.symbol)
    start = coordinate(first.contract, first.position.entry if mark is None else mark)
    indices = [tier_index(leg.contract, leg.position.quantity, start) for leg in legs]
    intercept, slope, low, high = segment(legs, wallet, indices, marks, counted)
    toward = -1 if net > 0 else 1
    if slope * net > 0:
        root = -intercept / slope
        if _inside(root, low, high):
            return root
        found = _travel(legs, wallet, indices, marks, counted, start, -1 if root <= low else 1)
        # Dead at every price, as a short in an account that has lost more than its price can give back: the
        # first mark at which equity is at or below the requirement is this one.
        return start if found is None and root < start and net < 0 and mark is not None else found
    root_there = _travel(legs, wallet, list(indices), marks, counted, start, toward)
    if root_there is None and intercept + slope * start > 0:
        # Two nearly equal legs: the requirement grows faster than the net profit, so the other way kills.
        return _travel(legs, wallet, indices, marks, counted, start, -toward)
    return root_there


def segment(legs: Legs, wallet: Decimal, indices: list[int], marks: Marks, counted: Legs) -> Segment:
    """Equity less requirement as a straight line while every leg stays in its tier of ``indices``."""
    intercept, slope, low = wallet, ZERO, ZERO
    high: Decimal | None = None
    for leg, index in zip(legs, indices, strict=True):
        position, contract = leg.position, leg.contract
        quantity = position.quantity
        sign = direction(position, contract)
        intercept -= sign * contract.notional(quantity, position.entry)
        slope += sign * quantity
        if leg not in counted:
            continue
        if maintenance_point(position, contract) is MaintenanceAt.MARK:
            intercept -= maintenance(position, contract, marks[position.id.symbol])
            continue
        required_slope, required = line(position, contract, index)
        slope -= required_slope
        intercept -= required
        if tiers_move(position, contract):
            tier = contract.tiers[index]
            low = max(low, tier.floor / quantity)
            if index + 1 < len(contract.tiers) and tier.cap is not None:
                cap = tier.cap / quantity
                high = cap if high is None else min(high, cap)
    return intercept, slope, low, high


def _travel(
    legs: Legs,
    wallet: Decimal,
    indices: list[int],
    marks: Marks,
    counted: Legs,
    start: Decimal,
    heading: int,
) -> Decimal | None:
    """Walk from ``start`` through the tiers, up or down the coordinate, to the first change of sign."""
    intercept, slope, low, high = segment(legs, wallet, indices, marks, counted)
    alive = intercept + slope * start > 0
    for _ in range(sum(len(leg.contract.tiers) for leg in legs)):
        if slope:
            root = -intercept / slope
            if _inside(root, low, high) and (root - start) * heading >= 0:
                return root if root > 0 else None
        edge = high if heading > 0 else low
        if not edge:
            return None
        for i, leg in enumerate(legs):
            if at_edge(leg, indices[i], edge, heading):
                indices[i] += heading
        intercept, slope, low, high = segment(legs, wallet, indices, marks, counted)
        if (intercept + slope * edge > 0) is not alive:
            return edge
        start = edge
    return None


def _inside(root: Decimal, low: Decimal, high: Decimal | None) -> bool:
    """Whether a tier holds the coordinate; its lower edge belongs to the tier below."""
    return (low < root or root == low == 0) and (high is None or root <= high)


def at_edge(leg: Holding, index: int, edge: Decimal, heading: int) -> bool:
    """Whether ``edge`` is the upper (``heading`` 1) or lower (-1) bound of the leg's tier ``index``."""
    if not tiers_move(leg.position, leg.contract):
        return False
    tier = leg.contract.tiers[index]
    bound = tier.cap if heading > 0 else tier.floor
    return bound is not None and bound / leg.position.quantity == edge


def _netted_price(legs: Legs, wallet: Decimal, marks: Marks) -> Decimal | None:
    """Only the larger requirement counts: whichever side's comes first on the way down or up."""
    longs = tuple(leg for leg in legs if leg.position.id.side is Side.LONG)
    shorts = tuple(leg for leg in legs if leg.position.id.side is Side.SHORT)
    prices = [_as_price(legs[0], crossing(legs, wallet, marks, side)) for side in (longs, shorts) if side]
    found = [price for price in prices if price is not None]
    if not found:
        return None
    net = sum(leg.position.quantity * leg.position.id.side.sign for leg in legs)
    return max(found) if net > 0 else min(found)


def _as_price(leg: Holding, at: Decimal | None) -> Decimal | None:
    return coordinate(leg.contract, at) if at is not None and at > 0 else None
