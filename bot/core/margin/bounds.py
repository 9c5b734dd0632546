"""How far marks may go until the answer to a question about a margin pool can change.

The tripwire skips every mark strictly inside its bounds, so they may be too tight but never too wide. A mark
at a bound is outside. What a question asks of other symbols is one number, their surplus: the wallet and the
profit of all of them less what they have to keep. So an answer holds in a band of the position's own mark,
and while that surplus stays in a band of its own; what is left until the answer changes is split between the
two. ``room`` turns the surplus of a whole pool into bounds of marks. Where the lines do not allow
that, the bands are empty: ask every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple, Protocol

from bot.core.contracts import Contract, ContractKind
from bot.core.margin.arithmetic import coordinate, direction
from bot.core.margin.curve import Curve
from bot.core.margin.liquidation import (
    danger_below,
    legs_of,
    liquidation_price,
)
from bot.core.margin.pool import Legs, Marks, Pool
from bot.core.margin.requirement import maintenance_point, steepest, tiers_jump
from bot.core.margin.rules import MaintenanceAt
from bot.core.margin.two_sided import both_ways
from bot.core.types import ONE, ZERO, MarginMode, PositionId, Side, Symbol

OWN_SHARE = Decimal("0.25")
"""What a position's own mark gets of the slack of a pool with other symbols, which move it together."""


class Band(NamedTuple):
    """The open interval that changes nothing; ``None`` is no bound on that side."""

    low: Decimal | None
    high: Decimal | None

    def holds(self, value: Decimal) -> bool:
        """Whether ``value`` is strictly inside."""
        low, high = self
        return (low is None or value > low) and (high is None or value < high)

    def within(self, other: Band) -> Band:
        """What is in both bands."""
        if other is self:
            return self
        return Band(_tighter(self.low, other.low, max), _tighter(self.high, other.high, min))


FREE = Band(None, None)

Sum = tuple[Decimal, Symbol | None]
"""A surplus of the pool: how often profit counts in it, and the symbol that is left out of it."""


class Sums(Protocol):
    """Whoever knows the sums of a pool at the present marks, and what they are made of."""

    def surplus(self, weight: Decimal, without: Symbol | None) -> Decimal:
        """``weight`` times equity less maintenance: of all symbols, or of all but one."""
        ...

    def curve(self, symbol: Symbol) -> Curve:
        """One symbol's line in the sums of weight one."""
        ...


class Calm(NamedTuple):
    """While its own mark and the sums are strictly inside these bands, the answer stays as it is."""

    own: Band
    sums: Mapping[Sum, Band]


ALWAYS_CALM = Calm(FREE, {})

_Reach = tuple[Decimal | None, Decimal | None]


def ratio_calm(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal, sums: Sums) -> Calm:
    """Bounds for "the margin ratio is above ``threshold``"; 1 is the exchange's own condition.

    No equity counts as above every threshold. Where there are several symbols it is a question of the pool
    alone, the same for all who ask it.
    """
    present = sums.surplus(threshold, None)
    if nets(pool):
        return _asking_always(pool, id_, marks, sums)
    if not _alone(pool, id_):
        return Calm(FREE, {(threshold, None): Band(None, ZERO) if present < 0 else Band(ZERO, None)})
    if pool.mode is MarginMode.ISOLATED and threshold == 1 and present > 0:
        single = band_alive(pool)
        if single is not None:
            return Calm(single, {})
    curve = Curve(pool.holdings, threshold)
    at = coordinate(curve.contract, marks[id_.symbol])
    return Calm(mark_band(curve.contract, _around(curve, at, present)), {})


def band_alive(pool: Pool) -> Band | None:
    """The band of an isolated position that is not liquidatable now, where one price says it all."""
    (holding,) = pool.holdings
    position, contract = holding.position, holding.contract
    continuous = contract.rules.tier_deduction and not tiers_jump(position, contract)
    if maintenance_point(position, contract) is MaintenanceAt.MARK or not continuous:
        return None
    if steepest(position, contract) >= position.quantity:
        return None
    price = liquidation_price(pool, position.id, {})
    below = danger_below(pool, position.id, {})
    return Band(price if below else None, None if below else price)


def distance_calm(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal, sums: Sums) -> Calm:
    """Bounds for "the distance of ``id_`` to its liquidation price is below ``threshold``".

    A position without a liquidation price is never below.
    """
    legs = legs_of(pool, id_)
    below = id_.side is Side.LONG
    if nets(pool) or (threshold >= 1 and (below or len(legs) > 1)):
        return _asking_always(pool, id_, marks, sums)
    flat = any(tiers_jump(leg.position, leg.contract) for leg in legs)
    question = _Question(pool, id_, marks, threshold, legs, sums, below)
    if len(legs) > 1:
        return _asking_always(pool, id_, marks, sums) if flat else _two_sided_calm(question)
    frozen = maintenance_point(legs[0].position, legs[0].contract) is MaintenanceAt.MARK
    if pool.mode is MarginMode.ISOLATED and not flat and not frozen:
        return Calm(_isolated_band(pool, id_, marks, threshold), {})
    if frozen:
        return _frozen_calm(question)
    calm = _solved_calm(question)
    if flat or both_ways(legs):
        return _held_in_tier(question, calm, flat=flat)
    return calm


def liquidation_calm(pool: Pool, id_: PositionId, marks: Marks, price: Decimal, sums: Sums) -> Calm:
    """Bounds for "the liquidation price of ``id_`` lies beyond ``price``", one tick either way included.

    An isolated position's liquidation price does not move with the marks. In a cross pool it moves with
    the other symbols' marks; its own enters only in that the pool has to stay alive. Of a short in coins
    ``price`` may be infinite: what is left at that end of the scale decides whether it has one at all.
    """
    if pool.mode is MarginMode.ISOLATED:
        return ALWAYS_CALM
    legs = legs_of(pool, id_)
    single = not both_ways(legs) and not any(
        tiers_jump(leg.position, leg.contract)
        or maintenance_point(leg.position, leg.contract) is MaintenanceAt.MARK
        for leg in legs
    )
    endless = price.is_infinite() and legs[0].contract.kind is ContractKind.LINEAR
    if not single or endless or nets(pool) or sums.surplus(ONE, None) <= 0:
        return _asking_always(pool, id_, marks, sums)
    # A pool that is dead at every price has no liquidation price of this kind: stay where it lives.
    healthy = ratio_calm(pool, id_, marks, ONE, sums)
    if _alone(pool, id_):
        return healthy
    others: Sum = (ONE, id_.symbol)
    backed, curve, tick = sums.surplus(*others), sums.curve(id_.symbol), legs[0].contract.tick
    band = FREE
    for level in (price - tick, price, price + tick):
        # At nothing a linear position is still worth something: there the price appears and disappears.
        if level < 0 or (not level and legs[0].contract.kind is ContractKind.INVERSE):
            continue
        # Liquidation is at the level where the others' surplus is what is missing there.
        missing = -curve.value(coordinate(legs[0].contract, level))
        band = band.within(Band(None, missing) if backed < missing else Band(missing, None))
    return Calm(healthy.own, {**healthy.sums, others: band})


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether the distance of a position is below a threshold."""

    pool: Pool
    id: PositionId
    marks: Marks
    threshold: Decimal
    legs: Legs
    sums: Sums
    below: bool
    """Whether it is about liquidation at a lower price."""

    @property
    def mark(self) -> Decimal:
        return self.marks[self.id.symbol]

    @property
    def contract(self) -> Contract:
        return self.legs[0].contract

    @property
    def factor(self) -> Decimal:
        """What a mark is multiplied by to get the price liquidation may reach."""
        return ONE - self.threshold if self.below else ONE + self.threshold

    @property
    def barrier(self) -> Decimal:
        """That price, on the tick: the answer is yes where equity there is less than the requirement."""
        reached = self.mark * self.factor
        return self.contract.price_down(reached) if self.below else self.contract.price_up(reached)

    @property
    def surplus(self) -> Decimal:
        """What is left there."""
        curve = self.sums.curve(self.id.symbol)
        return self.sums.surplus(ONE, self.id.symbol) + curve.value(coordinate(self.contract, self.barrier))

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


def _isolated_band(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal) -> Band:
    """The liquidation price stands still, so the answer changes at one mark only."""
    price = liquidation_price(pool, id_, marks)
    if price is None:
        return FREE
    contract, mark = pool.holding(id_).contract, marks[id_.symbol]
    below = id_.side is Side.LONG
    bound = price / (ONE - threshold if below else ONE + threshold)
    near = mark < bound if below else mark > bound
    if near is below:
        return Band(None, contract.price_down(bound))
    return Band(contract.price_up(bound), None)


def _solved_calm(question: _Question) -> Calm:
    """The answer is the sign of the surplus at the barrier, which the others' surplus and the mark make."""
    if not question.barrier:
        return _asking_always(question.pool, question.id, question.marks, question.sums)
    curve = question.sums.curve(question.id.symbol)
    at = coordinate(question.contract, question.barrier)
    reach, sums = _split(question, curve, at, ZERO)
    return Calm(question.band(reach), sums)


def _two_sided_calm(question: _Question) -> Calm:
    """Two legs are liquidated either way, so the answer is no while the pool lives at both barriers.

    As their line only bends down, it also lives between them; and one at which it is dead is enough for yes.
    """
    calms = []
    for below in (True, False):
        side = replace(question, below=below)
        if not side.barrier:
            return _asking_always(question.pool, question.id, question.marks, question.sums)
        calm = _solved_calm(side)
        if side.surplus < 0:
            return calm
        calms.append(calm)
    one, other = calms
    sums = {key: band.within(other.sums[key]) for key, band in one.sums.items()}
    return Calm(one.own.within(other.own), sums)


def _frozen_calm(question: _Question) -> Calm:
    """The requirement is frozen at the mark, so the barrier and the requirement move with it together."""
    contract = question.contract
    if contract.kind is ContractKind.INVERSE:
        return _asking_always(question.pool, question.id, question.marks, question.sums)
    curve = Curve(question.legs, ONE, question.factor)
    # The barrier is rounded to the tick, always to the side that makes the surplus smaller.
    rounding = contract.tick * question.legs[0].position.quantity
    reach, sums = _split(question, curve, question.mark, rounding)
    return Calm(mark_band(contract, reach), sums)


def _split(
    question: _Question, curve: Curve, at: Decimal, rounding: Decimal
) -> tuple[_Reach, Mapping[Sum, Band]]:
    """Divide what is left until the surplus changes sign between the position's own mark and the others.

    A surplus above zero may be smaller than it looks by ``rounding``.
    """
    others: Sum = (ONE, question.id.symbol)
    backed = question.sums.surplus(*others)
    slack = backed + curve.value(at)
    if slack >= 0:
        slack = max(ZERO, slack - rounding)
    if _alone(question.pool, question.id):
        return _around(curve, at, slack), {}
    own = slack * OWN_SHARE
    bound = backed - (slack - own)
    return _around(curve, at, own), {others: Band(None, bound) if slack < 0 else Band(bound, None)}


def _around(curve: Curve, at: Decimal, slack: Decimal) -> _Reach:
    """How far the coordinate may go until the line has eaten up the slack, which may be below 0."""
    if not slack:
        return at, at
    sense = 1 if slack > 0 else -1
    return curve.reach(at, abs(slack), sense, -1), curve.reach(at, abs(slack), sense, 1)


def _held_in_tier(question: _Question, calm: Calm, *, flat: bool) -> Calm:
    """Where the surplus is not monotone it still is near the mark, in its tier, while the pool is healthy."""
    pool, id_, marks, sums = question.pool, question.id, question.marks, question.sums
    curve = sums.curve(id_.symbol)
    at_mark = coordinate(question.contract, question.mark)
    at_barrier = coordinate(question.contract, question.barrier)
    low, high = curve.piece(at_mark)
    if (
        curve.slope(at_mark) * direction(question.legs[0].position, question.contract) <= 0
        or sums.surplus(ONE, None) <= 0
        or (flat and curve.piece(at_barrier) != (low, high))
    ):
        return _asking_always(pool, id_, marks, sums)
    healthy = ratio_calm(pool, id_, marks, ONE, sums)
    own = calm.own.within(healthy.own).within(mark_band(question.contract, (low, high)))
    if flat:
        own = own.within(question.band((low, high)))
    return Calm(own, {**calm.sums, **healthy.sums})


def _prices(contract: Contract, reach: _Reach) -> _Reach:
    low, high = reach
    if contract.kind is ContractKind.LINEAR:
        return low, high
    return (None if high is None else ONE / high), (None if low is None else ONE / low)


def mark_band(contract: Contract, reach: tuple[Decimal | None, Decimal | None]) -> Band:
    """The marks strictly between two coordinates, rounded to the tick inwards."""
    low, high = _prices(contract, reach)
    return Band(
        None if low is None else contract.price_up(low), None if high is None else contract.price_down(high)
    )


def _asking_always(pool: Pool, id_: PositionId, marks: Marks, sums: Sums) -> Calm:
    mark = marks[id_.symbol]
    if _alone(pool, id_):
        return Calm(Band(mark, mark), {})
    present = sums.surplus(ONE, id_.symbol)
    return Calm(Band(mark, mark), {(ONE, id_.symbol): Band(present, present)})


def nets(pool: Pool) -> bool:
    """Whether requirements of the pool offset each other, so that it is no sum over symbols."""
    return len(pool.holdings) > 1 and any(h.contract.rules.netting for h in pool.holdings)


def _alone(pool: Pool, id_: PositionId) -> bool:
    """Whether no other symbol's mark matters."""
    return len(pool.holdings) == 1 or all(h.position.id.symbol == id_.symbol for h in pool.holdings)


def _tighter(
    one: Decimal | None, other: Decimal | None, choose: Callable[[Decimal, Decimal], Decimal]
) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)
