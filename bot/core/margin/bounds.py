"""Bands of mark prices inside which the answer to a question about a pool cannot change.

The tripwire skips every mark strictly inside its band, so a band may be too tight but never too wide.
A mark at a bound is outside. For an isolated position the band is closed form. In a cross pool each
question is a sum of the wallet and one broken line per mark; what is left until the answer changes is
split among the marks into a box. Where the lines do not allow that, the band is empty: ask every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.margin.arithmetic import coordinate, direction
from bot.core.margin.assess import assess
from bot.core.margin.liquidation import (
    Legs,
    at_edge,
    danger_below,
    legs_of,
    liquidation_price,
    net_quantity,
)
from bot.core.margin.pool import Marks, Pool
from bot.core.margin.requirement import (
    line,
    maintenance_point,
    steepest,
    tier_index,
    tiers_jump,
    tiers_move,
)
from bot.core.margin.rules import MaintenanceAt
from bot.core.types import ONE, ZERO, MarginMode, PositionId, Symbol


@dataclass(frozen=True, slots=True)
class Band:
    """The open interval of marks that change nothing; ``None`` is no bound on that side."""

    low: Decimal | None
    high: Decimal | None

    def within(self, other: Band) -> Band:
        """The marks that are in both bands."""
        return Band(_tighter(self.low, other.low, max), _tighter(self.high, other.high, min))


Bands = Mapping[Symbol, Band]

FREE = Band(None, None)


@dataclass(frozen=True, slots=True)
class _Curve:
    """One symbol's part of a question: its legs, and how much of their profit and requirement counts.

    ``weight`` multiplies the profit, ``stretch`` the coordinate it is taken at. ``at`` is where the curve
    is now.
    """

    legs: Legs
    at: Decimal
    weight: Decimal
    stretch: Decimal = ONE

    def piece(self, indices: list[int]) -> tuple[Decimal, Decimal, Decimal, Decimal | None]:
        """Intercept, slope and bounds while every leg stays in its tier of ``indices``."""
        intercept, slope, low = ZERO, ZERO, ZERO
        high: Decimal | None = None
        for leg, index in zip(self.legs, indices, strict=True):
            position, contract = leg.position, leg.contract
            sign = direction(position, contract)
            required_slope, required = line(position, contract, index)
            intercept -= self.weight * sign * contract.notional(position.quantity, position.entry) + required
            slope += self.weight * self.stretch * sign * position.quantity - required_slope
            if tiers_move(position, contract):
                tier = contract.tiers[index]
                low = max(low, tier.floor / position.quantity)
                if index + 1 < len(contract.tiers) and tier.cap is not None:
                    high = _tighter(high, tier.cap / position.quantity, min)
        return intercept, slope, low, high

    def indices(self, at: Decimal) -> list[int]:
        """The tiers of the legs at a coordinate."""
        return [tier_index(leg.contract, leg.position.quantity, at) for leg in self.legs]

    def now(self) -> tuple[Decimal, Decimal]:
        """Value and slope where the curve is now."""
        intercept, slope, _, _ = self.piece(self.indices(self.at))
        return intercept + slope * self.at, slope

    def reach(self, budget: Decimal, sense: int, heading: int) -> Decimal | None:
        """How far the coordinate may go up or down before the value has fallen (``sense`` 1) by ``budget``.

        For ``sense`` -1: risen by it. ``None`` if it never does.
        """
        indices = self.indices(self.at)
        intercept, slope, low, high = self.piece(indices)
        limit = sense * (intercept + slope * self.at) - budget
        for _ in range(1 + sum(len(leg.contract.tiers) for leg in self.legs)):
            edge = high if heading > 0 else low
            if sense * slope * heading < 0:
                root = (sense * limit - intercept) / slope
                if edge is None or (edge - root) * heading >= 0:
                    return root if root > 0 else None
            if not edge:
                return None
            indices = [
                i + heading * at_edge(leg, i, edge, heading)
                for leg, i in zip(self.legs, indices, strict=True)
            ]
            intercept, slope, low, high = self.piece(indices)
            if sense * (intercept + slope * edge) <= limit:
                return edge
        return None


def ratio_bands(pool: Pool, marks: Marks, threshold: Decimal) -> Bands:
    """Bands for "the margin ratio is above ``threshold``"; 1 is the exchange's own condition.

    No equity counts as above every threshold.
    """
    stands = assess(pool, marks)
    if _nets(pool):
        return _asking_always(pool, marks)
    if pool.mode is MarginMode.ISOLATED and threshold == 1 and not stands.liquidatable:
        single = _liquidation_band(pool)
        if single is not None:
            return single
    curves = _curves(pool, marks, threshold)
    surplus = threshold * stands.equity - stands.maintenance
    return {symbol: _mark_band(curves[symbol], reach) for symbol, reach in _split(curves, surplus).items()}


def _liquidation_band(pool: Pool) -> Bands | None:
    """The band of an isolated position that is not liquidatable now, where one price says it all."""
    (holding,) = pool.holdings
    position, contract = holding.position, holding.contract
    continuous = contract.rules.tier_deduction and not tiers_jump(position, contract)
    if maintenance_point(position, contract) is MaintenanceAt.MARK or not continuous:
        return None
    if steepest(position, contract) >= position.quantity:
        return None
    price = liquidation_price(pool, position.id, {})
    below = danger_below(pool, position.id)
    return {position.id.symbol: Band(price if below else None, None if below else price)}


def distance_bands(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal) -> Bands:
    """Bands for "the distance of ``id_`` to its liquidation price is below ``threshold``".

    Every symbol of the pool has its band. A position without a liquidation price is never below.
    """
    legs = legs_of(pool, id_)
    net = net_quantity(legs)
    if not net:
        return dict.fromkeys(_symbols(pool), FREE)
    if (threshold >= 1 and danger_below(pool, id_)) or _nets(pool):
        return _asking_always(pool, marks)
    flat = any(tiers_jump(leg.position, leg.contract) for leg in legs)
    frozen = any(maintenance_point(leg.position, leg.contract) is MaintenanceAt.MARK for leg in legs)
    if pool.mode is MarginMode.ISOLATED and not flat and not frozen:
        return {id_.symbol: _isolated_band(pool, id_, marks, threshold)}
    question = _Question(pool, id_, marks, threshold, legs)
    if len(legs) > 1 and (flat or frozen):
        return _asking_always(pool, marks)
    if frozen:
        return _frozen_bands(question)
    bands = _solved_bands(question)
    if flat or _steep(legs):
        return _held_in_tier(question, bands, flat=flat)
    return bands


def liquidation_bands(pool: Pool, id_: PositionId, marks: Marks, price: Decimal) -> Bands:
    """Bands for "the liquidation price of ``id_`` lies beyond ``price``", one tick either way included.

    An isolated position's liquidation price does not move with the marks. In a cross pool it moves with
    the other symbols' marks; its own enters only in that the pool has to stay alive.
    """
    if pool.mode is MarginMode.ISOLATED:
        return {}
    legs = legs_of(pool, id_)
    single = not _steep(legs) and not any(
        tiers_jump(leg.position, leg.contract)
        or maintenance_point(leg.position, leg.contract) is MaintenanceAt.MARK
        for leg in legs
    )
    if not single or _nets(pool) or assess(pool, marks).liquidatable:
        return _asking_always(pool, marks)
    # A pool that is dead at every price has no liquidation price of this kind: stay where it lives.
    bands = dict(ratio_bands(pool, marks, ONE))
    tick = legs[0].contract.tick
    for level in (price - tick, price, price + tick):
        # At nothing a linear position is still worth something: there the price appears and disappears.
        if level < 0 or (not level and legs[0].contract.kind is ContractKind.INVERSE):
            continue
        curves = _curves(pool, marks, ONE)
        fixed = _Curve(legs, coordinate(legs[0].contract, level), ONE).now()[0]
        del curves[id_.symbol]
        surplus = pool.wallet + fixed + sum(curve.now()[0] for curve in curves.values())
        for symbol, reach in _split(curves, surplus).items():
            bands[symbol] = bands[symbol].within(_mark_band(curves[symbol], reach))
    return bands


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether the distance of a position is below a threshold."""

    pool: Pool
    id: PositionId
    marks: Marks
    threshold: Decimal
    legs: Legs

    @property
    def mark(self) -> Decimal:
        return self.marks[self.id.symbol]

    @property
    def contract(self) -> Contract:
        return self.legs[0].contract

    @property
    def below(self) -> bool:
        return danger_below(self.pool, self.id)

    @property
    def factor(self) -> Decimal:
        """What a mark is multiplied by to get the price liquidation may reach."""
        return ONE - self.threshold if self.below else ONE + self.threshold

    @property
    def barrier(self) -> Decimal:
        """That price, on the tick: the answer is yes where equity there is less than the requirement."""
        reached = self.mark * self.factor
        return self.contract.price_down(reached) if self.below else self.contract.price_up(reached)

    def band(self, reach: _Reach) -> Band:
        """The marks whose barrier stays strictly within the coordinates of ``reach``."""
        low, high = _prices(self.contract, reach)
        contract, tick = self.contract, self.contract.tick
        if low is not None:
            if self.below:
                low = contract.price_down(low) + tick
            low = contract.price_up(low / self.factor)
        if high is not None:
            if not self.below:
                high = contract.price_up(high) - tick
            high = contract.price_down(high / self.factor)
        return Band(low, high)


_Reach = tuple[Decimal | None, Decimal | None]


def _isolated_band(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal) -> Band:
    """The liquidation price stands still, so the answer changes at one mark only."""
    price = liquidation_price(pool, id_, marks)
    if price is None:
        return FREE
    contract, mark = pool.holding(id_).contract, marks[id_.symbol]
    below = danger_below(pool, id_)
    bound = price / (ONE - threshold if below else ONE + threshold)
    near = mark < bound if below else mark > bound
    if near is below:
        return Band(None, contract.price_down(bound))
    return Band(contract.price_up(bound), None)


def _solved_bands(question: _Question) -> Bands:
    """The answer is the sign of the surplus at the barrier: a sum of one curve per symbol."""
    if not question.barrier:
        return _asking_always(question.pool, question.marks)
    symbol = question.id.symbol
    curves = _curves(question.pool, question.marks, ONE)
    curves[symbol] = _Curve(question.legs, coordinate(question.contract, question.barrier), ONE)
    surplus = question.pool.wallet + sum(curve.now()[0] for curve in curves.values())
    reaches = _split(curves, surplus)
    bands = {other: _mark_band(curves[other], reach) for other, reach in reaches.items() if other != symbol}
    bands[symbol] = question.band(reaches[symbol])
    return bands


def _frozen_bands(question: _Question) -> Bands:
    """The requirement is frozen at the mark, so the barrier and the requirement move with it together."""
    pool, contract, symbol = question.pool, question.contract, question.id.symbol
    if contract.kind is ContractKind.INVERSE:
        return _asking_always(pool, question.marks)
    curves = _curves(pool, question.marks, ONE)
    curves[symbol] = _Curve(question.legs, question.mark, ONE, question.factor)
    surplus = pool.wallet + sum(curve.now()[0] for curve in curves.values())
    # The barrier is rounded to the tick, always to the side that makes the surplus smaller.
    rounding = contract.tick * question.legs[0].position.quantity
    if surplus >= 0:
        surplus = max(ZERO, surplus - rounding)
    return {name: _mark_band(curves[name], reach) for name, reach in _split(curves, surplus).items()}


def _held_in_tier(question: _Question, bands: Bands, *, flat: bool) -> Bands:
    """Where the surplus is not monotone it still is near the mark, in its tier, while the pool is healthy."""
    pool, marks, symbol = question.pool, question.marks, question.id.symbol
    at_mark = _Curve(question.legs, coordinate(question.contract, question.mark), ONE)
    at_barrier = _Curve(question.legs, coordinate(question.contract, question.barrier), ONE)
    net = net_quantity(question.legs)
    tiers = at_mark.indices(at_mark.at)
    if (
        at_mark.now()[1] * net <= 0
        or assess(pool, marks).liquidatable
        or (flat and at_barrier.indices(at_barrier.at) != tiers)
    ):
        return _asking_always(pool, marks)
    _, _, low, high = at_mark.piece(tiers)
    reach: _Reach = (low or None, high)
    healthy = ratio_bands(pool, marks, ONE)
    held = {name: band.within(healthy[name]) for name, band in bands.items()}
    held[symbol] = held[symbol].within(_mark_band(at_mark, reach))
    if flat:
        held[symbol] = held[symbol].within(question.band(reach))
    return held


def _curves(pool: Pool, marks: Marks, weight: Decimal) -> dict[Symbol, _Curve]:
    curves = {}
    for symbol in _symbols(pool):
        legs = tuple(h for h in pool.holdings if h.position.id.symbol == symbol)
        curves[symbol] = _Curve(legs, coordinate(legs[0].contract, marks[symbol]), weight)
    return curves


def _split(curves: Mapping[Symbol, _Curve], surplus: Decimal) -> dict[Symbol, _Reach]:
    """Divide what is left until the sum changes sign; each mark may move by about the same fraction."""
    if not surplus:
        return {symbol: (curve.at, curve.at) for symbol, curve in curves.items()}
    sense = 1 if surplus > 0 else -1
    weights = {symbol: abs(curve.now()[1] * curve.at) for symbol, curve in curves.items()}
    total = sum(weights.values())
    reaches = {}
    for symbol, curve in curves.items():
        share = abs(surplus) * weights[symbol] / total if total else abs(surplus) / len(curves)
        reaches[symbol] = (curve.reach(share, sense, -1), curve.reach(share, sense, 1))
    return reaches


def _prices(contract: Contract, reach: _Reach) -> _Reach:
    low, high = reach
    if contract.kind is ContractKind.LINEAR:
        return low, high
    return (None if high is None else ONE / high), (None if low is None else ONE / low)


def _mark_band(curve: _Curve, reach: _Reach) -> Band:
    contract = curve.legs[0].contract
    low, high = _prices(contract, reach)
    return Band(
        None if low is None else contract.price_up(low), None if high is None else contract.price_down(high)
    )


def _steep(legs: Legs) -> bool:
    """Whether in some tier the requirement grows faster than equity, so that there may be two crossings."""
    return sum((steepest(leg.position, leg.contract) for leg in legs), ZERO) >= abs(net_quantity(legs))


def _asking_always(pool: Pool, marks: Marks) -> Bands:
    return {symbol: Band(marks[symbol], marks[symbol]) for symbol in _symbols(pool)}


def _nets(pool: Pool) -> bool:
    return len(pool.holdings) > 1 and any(h.contract.rules.netting for h in pool.holdings)


def _symbols(pool: Pool) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys(h.position.id.symbol for h in pool.holdings))


def _tighter(
    one: Decimal | None, other: Decimal | None, choose: Callable[[Decimal, Decimal], Decimal]
) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)
