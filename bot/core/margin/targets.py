"""The smallest defence that reaches a target: how much margin, how much of a close.

All of it is read off the same lines the liquidation price is solved from, at the price where liquidation
is wanted, and therefore with the tier the position has there. Amounts are rounded up to the venue's
steps, because rounding down would miss the target by a hair and make a rule act twice.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.margin.arithmetic import coordinate, direction, fee_value
from bot.core.margin.assess import assess
from bot.core.margin.booking import closing
from bot.core.margin.liquidation import backing, danger_below, legs_of
from bot.core.margin.pool import Holding, Legs, Marks, Pool
from bot.core.margin.requirement import (
    fee_point,
    line,
    maintenance,
    maintenance_point,
    rate_of,
    tier_index,
    tiers_jump,
    tiers_move,
)
from bot.core.margin.rules import FeeAt, MaintenanceAt, TierUnit
from bot.core.types import ONE, ZERO, MarginMode, Position, PositionId, Side


def barrier(contract: Contract, mark: Decimal, target: Decimal, *, below: bool) -> Decimal:
    """The price on the tick that liquidation may reach at most, for ``target`` distance from ``mark``.

    ``below`` says from which side it comes.
    """
    if below:
        price = max(ZERO, contract.price_down(mark * (ONE - target)))
        assert price or contract.kind is ContractKind.LINEAR, (
            f"{contract.symbol}: no margin keeps liquidation {target} away"
        )
        return price
    return contract.price_up(mark * (ONE + target))


def margin_for_distance(pool: Pool, id_: PositionId, marks: Marks, target: Decimal) -> Decimal:
    """The smallest addition to the wallet after which the distance is at least ``target``; 0 if it is.

    Two legs of one symbol are asked about either way.

    Rounded up to the margin step. ``target`` is a fraction of the mark, below 1 for inverse longs, which no
    amount of margin can free of liquidation altogether.
    """
    legs = legs_of(pool, id_)
    contract, mark = legs[0].contract, marks[id_.symbol]
    here, wallet, missing = coordinate(contract, mark), backing(pool, id_, marks), ZERO
    for below in (id_.side is Side.LONG,) if len(legs) == 1 else (True, False):
        at = coordinate(contract, barrier(contract, mark, target, below=below))
        missing = max(missing, -_surplus(legs, wallet, marks, at, frozen=len(legs) == 1))
        for edge in _edges(legs, *sorted((at, here))):
            missing = max(missing, -_surplus(legs, wallet, marks, edge, frozen=len(legs) == 1, above=True))
    return contract.margin_up(missing) if missing > 0 else ZERO


def close_for_distance(
    pool: Pool, id_: PositionId, marks: Marks, target: Decimal, *, taker_fee: Decimal
) -> tuple[Decimal, Decimal] | None:
    """The smallest close, and the margin to put back, that bring the distance to ``target``.

    Isolated: closing alone does not move liquidation, so at most the margin released by this very close is
    put back. Cross: nothing is put back. The quantity is rounded up to the lot and fills at the mark.
    ``(0, 0)`` if the target is already met; ``None`` if no close short of the whole position reaches it.
    """
    if not margin_for_distance(pool, id_, marks, target):
        return ZERO, ZERO
    contract = pool.holding(id_).contract
    steps = [_close(pool, id_, marks, target, taker_fee, slack) for slack in (ZERO, contract.margin_step)]
    low, high = steps
    if low is None:
        return None
    put_back = _put_back(pool, id_, marks, target, taker_fee, low)
    if put_back is not None:
        return low, put_back
    if high is None or _put_back(pool, id_, marks, target, taker_fee, high) is None:
        return None
    # Rounding to the margin step ate what the first close freed: bisect to the smallest that is enough.
    lots_low, lots_high = int(low / contract.lot), int(high / contract.lot)
    while lots_high - lots_low > 1:
        middle = (lots_low + lots_high) // 2
        if _put_back(pool, id_, marks, target, taker_fee, middle * contract.lot) is None:
            lots_low = middle
        else:
            lots_high = middle
    quantity = lots_high * contract.lot
    put_back = _put_back(pool, id_, marks, target, taker_fee, quantity)
    return None if put_back is None else (quantity, put_back)


def loss_at_liquidation(pool: Pool, id_: PositionId, marks: Marks) -> Decimal:
    """Money lost from now if this position is liquidated; never negative.

    Isolated: its whole equity. Cross: all the pool's equity but what the other symbols' positions must keep;
    so in cross a smaller position is liquidated later, not cheaper.
    """
    if pool.mode is MarginMode.ISOLATED:
        return max(ZERO, assess(pool, marks).equity)
    others = tuple(h for h in pool.holdings if h.position.id.symbol != id_.symbol)
    kept = assess(Pool(pool.mode, ZERO, others), marks).maintenance
    return max(ZERO, assess(pool, marks).equity - kept)


def close_for_loss(
    pool: Pool, id_: PositionId, marks: Marks, max_loss: Decimal, *, taker_fee: Decimal
) -> Decimal:
    """The smallest close after which its fee and ``loss_at_liquidation`` are at most ``max_loss``.

    Up to the lot; 0 if there is nothing to do; the whole position if only that will do, as always in cross.
    """
    loss = loss_at_liquidation(pool, id_, marks)
    if loss <= max_loss:
        return ZERO
    position, contract = pool.holding(id_).position, pool.holding(id_).contract
    if pool.mode is MarginMode.CROSS:
        return position.quantity
    freed = loss / position.quantity - taker_fee * coordinate(contract, marks[id_.symbol])
    if freed <= 0:
        return position.quantity
    return min(contract.quantity_up((loss - max_loss) / freed), position.quantity)


def _surplus(
    legs: Legs, wallet: Decimal, marks: Marks, at: Decimal, *, frozen: bool, above: bool = False
) -> Decimal:
    """Equity less requirement at the coordinate ``at``; ``above`` takes the tier just above an edge there.

    ``frozen`` where a requirement that the venue's display freezes at the mark is taken as it shows it.
    """
    surplus = wallet
    for leg in legs:
        position, contract = leg.position, leg.contract
        gain = position.quantity * at - contract.notional(position.quantity, position.entry)
        surplus += gain if direction(position, contract) > 0 else -gain
        if frozen and maintenance_point(position, contract) is MaintenanceAt.MARK:
            surplus -= maintenance(position, contract, marks[position.id.symbol])
            continue
        index = tier_index(contract, position.quantity, at)
        slope, intercept = line(position, contract, index + _ends(leg, index, at) if above else index)
        surplus -= slope * at + intercept
    return surplus


def _ends(leg: Holding, index: int, at: Decimal) -> bool:
    """Whether the leg's tier ``index`` ends at a coordinate."""
    cap = leg.contract.tiers[index].cap
    return tiers_move(leg.position, leg.contract) and cap is not None and cap / leg.position.quantity == at


def _edges(legs: Legs, low: Decimal, high: Decimal) -> list[Decimal]:
    """Where flat tiers jump between two coordinates; progressive tiers do not jump."""
    return [
        edge
        for leg in legs
        if tiers_jump(leg.position, leg.contract)
        for tier in leg.contract.tiers[1:]
        if low < (edge := tier.floor / leg.position.quantity) < high
    ]


def _put_back(
    pool: Pool, id_: PositionId, marks: Marks, target: Decimal, taker_fee: Decimal, quantity: Decimal
) -> Decimal | None:
    """The margin to put back after closing ``quantity``; ``None`` if that is more than the close released."""
    if quantity >= pool.holding(id_).position.quantity:
        return None
    booked = closing(pool, id_, quantity, marks[id_.symbol], taker_fee=taker_fee)
    needed = margin_for_distance(booked.pool, id_, marks, target)
    return needed if needed <= pool.holding(id_).contract.margin_down(booked.to_wallet) else None


def _close(
    pool: Pool, id_: PositionId, marks: Marks, target: Decimal, taker_fee: Decimal, slack: Decimal
) -> Decimal | None:
    """The smallest close with which everything put back would leave ``slack`` at the barrier.

    Over what remains of the position, the surplus at the barrier is a line in each tier; the remaining
    quantity is walked down tier by tier until a line is above zero.
    """
    holding = pool.holding(id_)
    position, contract = holding.position, holding.contract
    mark, below = coordinate(contract, marks[id_.symbol]), danger_below(pool, id_, marks)
    at = coordinate(contract, barrier(contract, marks[id_.symbol], target, below=below))
    others = tuple(leg for leg in legs_of(pool, id_) if leg.position.id != id_)
    rest = backing(pool, id_, marks) - slack
    if others:
        rest = _surplus(others, rest, marks, at, frozen=False)
    sign = direction(position, contract)
    entry = coordinate(contract, position.entry)
    rest += position.quantity * (sign * (mark - entry) - taker_fee * mark)
    basis = {
        MaintenanceAt.LIQUIDATION: at,
        MaintenanceAt.MARK: at if others else mark,
        MaintenanceAt.ENTRY: entry,
    }[maintenance_point(position, contract)]
    fixed = sign * (at - mark) + taker_fee * mark - _fee_per_unit(position, contract, at)
    left = _remaining(position, contract, rest, fixed, basis)
    if left is None:
        return None
    quantity = contract.quantity_up(position.quantity - left)
    return quantity if quantity < position.quantity else None


def _remaining(
    position: Position, contract: Contract, rest: Decimal, fixed: Decimal, basis: Decimal
) -> Decimal | None:
    counts_notional = contract.rules.tier_unit is TierUnit.NOTIONAL
    unit = basis if counts_notional else ONE / contract.contract_size
    for index in range(tier_index(contract, position.quantity, basis), -1, -1):
        tier = contract.tiers[index]
        top = position.quantity if tier.cap is None else min(position.quantity, tier.cap / unit)
        have = rest + (tier.deduction if contract.rules.tier_deduction else ZERO)
        per_unit = fixed - basis * rate_of(position, contract, tier)
        left = top if have + top * per_unit >= 0 else (have / -per_unit if per_unit < 0 else ZERO)
        if left > tier.floor / unit:
            return left
    return None


def _fee_per_unit(position: Position, contract: Contract, at: Decimal) -> Decimal:
    fee, point = contract.rules.closing_fee, fee_point(position, contract)
    if point is FeeAt.LIQUIDATION:
        return fee * at
    return fee * fee_value(position, contract, point, position.entry) / position.quantity
