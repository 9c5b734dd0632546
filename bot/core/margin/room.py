"""The room in which a whole cross pool is calm: a box of marks, one side per symbol.

Whoever watches a pool needs a sum to stay within bounds: its wallet and the lines of all symbols, or of all
but the watcher's own. The room is laid once for all of them. It divides the least slack that anybody has
among the marks. While every mark is strictly inside its side of the box no sum can have left its bounds,
whatever the combination; once one has left, the sums themselves say whether anybody is concerned.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.margin.arithmetic import coordinate
from bot.core.margin.bounds import Band, mark_band
from bot.core.margin.curve import Curve
from bot.core.margin.pool import Holding, Marks, Pool
from bot.core.types import ONE, ZERO, Symbol

Need = tuple[Symbol | None, Band]
"""A sum that has to stay strictly inside a band: of all symbols, or of all but one."""

_INFINITE = Decimal("Infinity")
_DIVIDED = ONE - ONE / 128
"""Of the slack of several symbols this much: the rest is for payments of funding, after which the box still
suffices. It covers the rounding of shares too, which are quotients: together they must not be too much."""


@dataclass(slots=True, eq=False)
class _Side:
    """One symbol's side of the box. Inside it the symbol's line is above ``least`` and below ``most``."""

    symbol: Symbol
    curve: Curve
    mark: Decimal | None = None
    value: Decimal = ZERO
    """The line at ``mark``."""
    band: Band = field(default_factory=lambda: Band(None, None))
    least: Decimal = -_INFINITE
    most: Decimal = _INFINITE

    def weight(self) -> Decimal:
        """How much a given relative move of the mark changes the line."""
        assert self.mark is not None
        at = coordinate(self.curve.contract, self.mark)
        return abs(self.curve.slope(at) * at)

    def divide(self, fall: Decimal | None, rise: Decimal | None) -> None:
        """Go as far as the line falls less than ``fall`` and rises less than ``rise``."""
        assert self.mark is not None
        at, curve = coordinate(self.curve.contract, self.mark), self.curve
        band, self.least, self.most = Band(None, None), -_INFINITE, _INFINITE
        if fall is not None:
            self.least = self.value - fall
            band = mark_band(curve.contract, (curve.reach(at, fall, 1, -1), curve.reach(at, fall, 1, 1)))
        if rise is not None:
            self.most = self.value + rise
            reached = (curve.reach(at, rise, -1, -1), curve.reach(at, rise, -1, 1))
            band = band.within(mark_band(curve.contract, reached))
        self.band = band


class Room:
    """The box of one cross pool, for sums in which profit counts ``weight`` times."""

    __slots__ = ("_sides", "_total", "_turn", "_wallet", "_weight", "pool")

    def __init__(self, weight: Decimal = ONE) -> None:
        """Nobody is in it yet."""
        self._weight = weight
        self.pool: Pool | None = None
        """Whose room it is."""
        self._wallet = ZERO
        self._total: Decimal | None = None
        self._turn: int | None = None
        self._sides: dict[Symbol, _Side] = {}

    @property
    def symbols(self) -> Collection[Symbol]:
        """The symbols of the pool."""
        return self._sides.keys()

    def sit(self, pool: Pool) -> None:
        """Be the room of ``pool`` as it is now; what is known of symbols whose positions stayed is kept."""
        if pool is self.pool:
            return
        before, self.pool, self._wallet = self.pool, pool, self._weight * pool.wallet
        self._total = self._turn = None
        if before is not None and before.holdings is pool.holdings:
            return  # Only the wallet is another one.
        legs: dict[Symbol, list[Holding]] = {}
        for holding in pool.holdings:
            legs.setdefault(holding.position.id.symbol, []).append(holding)
        known, self._sides = self._sides, {}
        for symbol, held in legs.items():
            side = known.get(symbol)
            if side is None or not _same(side.curve.legs, held):
                side = _Side(symbol, Curve(tuple(held), self._weight), band=Band(ZERO, ZERO))
            self._sides[symbol] = side

    def curve(self, symbol: Symbol) -> Curve:
        """One symbol's line."""
        return self._sides[symbol].curve

    def surplus(self, marks: Marks, without: Symbol | None, turn: int | None = None) -> Decimal:
        """Wallet, profit and loss less requirement at ``marks``: of all symbols, or of all but one.

        In one ``turn`` marks stay as they are, so that they are looked at once.
        """
        total = self._total
        if total is None or turn is None or turn != self._turn:
            total, self._turn = self._summed(marks), turn
        return total if without is None else total - self._sides[without].value

    def calm(self, marks: Marks) -> bool:
        """Whether all marks are strictly inside the box."""
        for side in self._sides.values():  # noqa: SIM110 - asked at every turn
            if not side.band.holds(marks[side.symbol]):
                return False
        return True

    def holds(self, symbol: Symbol, mark: Decimal) -> bool:
        """Whether a mark is strictly inside the box."""
        return self._sides[symbol].band.holds(mark)

    def band(self, symbol: Symbol) -> Band:
        """One side of the box."""
        return self._sides[symbol].band

    def lay(self, marks: Marks, needs: Sequence[Need]) -> list[Symbol]:
        """Lay the box so that no sum leaves its band inside it; returns the symbols whose side moved.

        What suffices is left as it is. Where a sum is at its bound or beyond, nothing is inside.
        """
        sides = self._sides.values()
        if self.calm(marks) and self._suffices(needs):
            return []
        before = [side.band for side in sides]
        fall, rise = self._slack(marks, needs)
        if (fall is not None and fall <= 0) or (rise is not None and rise <= 0):
            for side in sides:
                mark = marks[side.symbol]
                side.band, side.least, side.most = Band(mark, mark), -_INFINITE, _INFINITE
        else:
            self._divide(fall, rise)
        return [side.symbol for side, was in zip(sides, before, strict=True) if was != side.band]

    def _summed(self, marks: Marks) -> Decimal:
        total = self._total
        for side in self._sides.values():
            mark = marks[side.symbol]
            if mark is not side.mark:
                side.mark, total = mark, None
                side.value = side.curve.value(coordinate(side.curve.contract, mark))
        if total is None:
            total = self._wallet
            for side in self._sides.values():
                total += side.value
            self._total = total
        return total

    def _suffices(self, needs: Sequence[Need]) -> bool:
        """Whether the box as it is keeps every sum in its band."""
        least = most = self._wallet
        for side in self._sides.values():
            least += side.least
            most += side.most
        for without, band in needs:
            low, high = band
            if low is not None:
                if not least.is_finite():
                    return False
                if least - (self._sides[without].least if without is not None else ZERO) < low:
                    return False
            if high is not None:
                if not most.is_finite():
                    return False
                if most - (self._sides[without].most if without is not None else ZERO) > high:
                    return False
        return True

    def _slack(self, marks: Marks, needs: Sequence[Need]) -> tuple[Decimal | None, Decimal | None]:
        """How far the sums may fall and rise before one of them is out of its band; ``None``: for ever."""
        total = self._summed(marks)
        fall: Decimal | None = None
        rise: Decimal | None = None
        for without, (low, high) in needs:
            present = total if without is None else total - self._sides[without].value
            if low is not None and (fall is None or present - low < fall):
                fall = present - low
            if high is not None and (rise is None or high - present < rise):
                rise = high - present
        return fall, rise

    def _divide(self, fall: Decimal | None, rise: Decimal | None) -> None:
        """Give each mark a share of the slack with which it may move by about the same fraction."""
        sides = self._sides.values()
        weights = [side.weight() for side in sides]
        total = sum(weights)
        for side, weight in zip(sides, weights, strict=True):
            share = weight / total if total else ONE / len(weights)
            if share != ONE:
                share *= _DIVIDED
            side.divide(None if fall is None else fall * share, None if rise is None else rise * share)


class Rooms:
    """The rooms of one cross pool, by the weight of profit in the sums that somebody asks for."""

    __slots__ = ("_calm", "_turn", "by_weight", "laid_for")

    def __init__(self) -> None:
        """Nobody asks yet."""
        self.by_weight: dict[Decimal, Room] = {}
        self.laid_for: Pool | None = None
        """The pool they were laid for: in another one, were it by its wallet alone, the sums differ."""
        self._turn: int | None = None
        self._calm = False

    def of(self, pool: Pool, weight: Decimal = ONE) -> Room:
        """The room for sums of that weight, in which ``pool`` sits."""
        room = self.by_weight.get(weight)
        if room is None:
            room = self.by_weight[weight] = Room(weight)
        if room.pool is not pool:
            room.sit(pool)
        return room

    def calm(self, pool: Pool, marks: Marks, turn: int) -> bool:
        """Whether all marks of ``pool`` are strictly inside the boxes that were laid for it.

        In one ``turn`` marks and boxes stay as they are, so that they are looked at once.
        """
        if turn != self._turn:
            self._turn = turn
            self._calm = True
            for room in self.by_weight.values():
                self._calm = self._calm and room.calm(marks)
        return self._calm and pool is self.laid_for

    def holds(self, symbol: Symbol, mark: Decimal) -> bool:
        """Whether a mark is strictly inside all boxes it belongs to."""
        return all(band.holds(mark) for band in self.bands(symbol))

    def bands(self, symbol: Symbol) -> list[Band]:
        """The side of a symbol in each box it belongs to."""
        return [room.band(symbol) for room in self.by_weight.values() if symbol in room.symbols]

    def lay(self, pool: Pool, marks: Marks, needs: Mapping[Decimal, Sequence[Need]]) -> set[Symbol]:
        """Lay every room for those that need it; returns the symbols whose bounds moved."""
        moved: set[Symbol] = set()
        self.laid_for = pool
        for weight in self.by_weight.keys() | needs.keys():
            moved.update(self.of(pool, weight).lay(marks, needs.get(weight, ())))
        return moved


def _same(legs: Sequence[Holding], held: Sequence[Holding]) -> bool:
    return len(legs) == len(held) and all(
        one.position is other.position and one.contract is other.contract
        for one, other in zip(legs, held, strict=True)
    )
