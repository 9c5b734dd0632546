"""The planner: what each lever costs to bring a position to a distance from liquidation, and the cheapest.

An isolated position can be fed, made smaller, or both: of a close the margin it releases is put back, and
what is still missing comes from the free balance. A cross position can be made smaller only. Each way has its
price:

* the fee, half the spread, and what the size does to a book of the depth that was told;
* the loss that a close makes final, as far as that counts: what is closed does not come back with the price;
* the funding that what is closed need not pay any more, or does not receive;
* the capital that is locked for a time, less what is set free.

How much has to be closed for how much margin is known exactly from the venue's rules, so one number is left
to choose. Its cost is searched from coarse to fine, which finds the best of a curve with one valley.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from bot.core.capabilities import Capability
from bot.core.danger.situation import Situation
from bot.core.facts import Book
from bot.core.intents import AddMargin, CutLeverage, Intent, OpenHedge, ReducePosition
from bot.core.margin.booking import closing
from bot.core.margin.project import margin_at_leverage
from bot.core.margin.targets import margin_for_distance
from bot.core.rules.covering import HedgeMarket
from bot.core.types import ONE, ZERO, MarginMode

DEPTH_WITHIN = Decimal("0.01")
"""The depth of a book is told within this fraction of its middle."""
_HEADER = ("lever", "cost", "trading", "loss", "funding", "capital", "distance", "per point", "takes")
_GRID = 8
"""Sizes that are compared at a time."""
_POINT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the planner is to count. ``capital`` and ``funding`` are for the time that safety has to last."""

    capital: Decimal
    """What money costs that is locked as margin, as a fraction of it."""
    loss: Decimal
    """How much of a loss that is made final counts as a cost: 0 none of it, 1 all."""
    funding: Decimal = ZERO
    """What the position pays for being held, as a fraction of its value; below 0 it is paid."""
    book: Book | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a way costs, in money; below 0 where it saves more than it costs."""

    trading: Decimal = ZERO
    """Fee, spread and depth."""
    loss: Decimal = ZERO
    funding: Decimal = ZERO
    capital: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.trading + self.loss + self.funding + self.capital


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A way to the target: ``quantity`` closed, ``put_back`` of what that releases, ``margin`` added."""

    quantity: Decimal
    put_back: Decimal
    margin: Decimal
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One line of the table: a lever, and what it would take; or why it does not lead there."""

    lever: str
    does: str
    cost: Cost | None = None
    distance: Decimal | None = None
    """How far liquidation would be afterwards; ``None`` where it is gone, or the lever does not work."""
    per_point: Decimal | None = None
    """Its cost for each percent of the mark that liquidation is moved away."""


class Planner:
    """Finds and prices the ways from a situation to a target distance."""

    def __init__(
        self,
        situation: Situation,
        target: Decimal,
        prices: Prices,
        *,
        allowed: Decimal,
        able: Callable[[type[Intent]], Capability],
        hedge: HedgeMarket | None = None,
    ) -> None:
        """``allowed`` is the margin that balance and budgets leave; ``able`` what the venue can do.

        ``hedge`` is where the position would be hedged, if anywhere.
        """
        self._situation = situation
        self._target = target
        self._prices = prices
        self._able = able
        self._hedge = hedge
        isolated = situation.pool.mode is MarginMode.ISOLATED
        self._feeds = isolated and able(AddMargin).works
        self._allowed = max(ZERO, allowed) if self._feeds else ZERO

    def closing(self, quantity: Decimal) -> Remedy | None:
        """The way that closes just this much; ``None`` where the target is not reached, or not allowed."""
        s = self._situation
        position, contract = s.position, s.contract
        booked = closing(s.pool, s.id, quantity, s.mark, taker_fee=s.taker_fee)
        whole = quantity >= position.quantity
        released = ZERO
        if s.pool.mode is MarginMode.ISOLATED:
            share = position.margin * min(quantity, position.quantity) / position.quantity
            released = contract.margin_down(min(booked.to_wallet, share)) if not whole else booked.to_wallet
        needed = ZERO if whole else margin_for_distance(booked.pool, s.id, s.marks, self._target)
        put_back = min(needed, released) if self._feeds else ZERO
        margin = needed - put_back
        if margin > self._allowed:
            return None
        cost = self._cost(quantity, -booked.realised, margin + put_back - released)
        return Remedy(quantity=quantity, put_back=put_back, margin=margin, cost=cost)

    @property
    def cheapest(self) -> Remedy | None:
        """The way that costs least; ``None`` if not even closing everything is possible."""
        ways = [self._searched(), self.closing(ZERO)]
        if self._able(ReducePosition).works:
            ways.append(self.closing(self._situation.position.quantity))
        found = [way for way in ways if way is not None]
        return min(found, key=lambda way: (way.cost.total, way.quantity), default=None)

    def offers(self) -> tuple[Offer, ...]:
        """Every lever by itself, and the cheapest way."""
        best = self.cheapest
        rows = [self._feeding(), self._shrinking(), self._cutting(), self._hedging()]
        nothing = Offer(lever="cheapest", does="nothing reaches it")
        rows.append(nothing if best is None else self._offer("cheapest", best))
        return tuple(rows)

    def table(self) -> tuple[tuple[str, ...], ...]:
        """The offers as text, a header and a line for each."""
        return (_HEADER, *map(_row, self.offers()))

    # -- levers by themselves -----------------------------------------------------------------------

    def _feeding(self) -> Offer:
        able = self._able(AddMargin)
        if not self._feeds:
            because = able.because or "margin can be added to isolated positions only"
            return Offer(lever="add margin", does=because)
        way = self.closing(ZERO)
        if way is None:
            s = self._situation
            needed = margin_for_distance(s.pool, s.id, s.marks, self._target)
            return Offer(lever="add margin", does=f"takes {needed}, and {self._allowed} may be added")
        return self._offer("add margin", way)

    def _shrinking(self) -> Offer:
        able = self._able(ReducePosition)
        if not able.works:
            return Offer(lever="close a part", does=able.because)
        alone = Planner(self._situation, self._target, self._prices, allowed=ZERO, able=self._able)
        least = alone._least()
        way = None if least is None else alone.closing(least * self._situation.contract.lot)
        if way is None:
            return Offer(lever="close a part", does="no part reaches it")
        return self._offer("close a part", way)

    def _cutting(self) -> Offer:
        s, able = self._situation, self._able(CutLeverage)
        if s.pool.mode is not MarginMode.ISOLATED or not able.works:
            return Offer(lever="cut leverage", does=able.because or "in cross it only locks balance")
        needed = margin_for_distance(s.pool, s.id, s.marks, self._target)
        at_one = margin_at_leverage(s.position, s.contract, ONE)
        leverage = (at_one / (s.position.margin + needed)).to_integral_value(ROUND_FLOOR)
        after = s.after(CutLeverage(id=s.id, leverage=leverage)) if leverage >= 1 else None
        if after is None or after.distance < self._target:
            return Offer(lever="cut leverage", does="no lower leverage reaches it")
        drawn = after.position.margin - s.position.margin
        if drawn > self._allowed:
            return Offer(lever="cut leverage", does=f"draws {drawn}, and {self._allowed} may be added")
        cost = Cost(capital=drawn * self._prices.capital)
        return self._priced("cut leverage", f"to {leverage}x, drawing {drawn}", cost, after.distance)

    def _hedging(self) -> Offer:
        """What it would cost to hedge all that has nothing against it, at the leverage of the position.

        That is no way to the target, and the search leaves it out: it moves no liquidation price, and earns
        where the position loses.
        """
        s, able, found = self._situation, self._able(OpenHedge), self._hedge
        if not able.works or found is None:
            return Offer(lever="open hedge", does=able.because or "nothing is watched to hedge it with")
        contract = found.contract
        quantity = contract.quantity_down(found.room)
        if quantity <= 0:
            return Offer(lever="open hedge", does="all of it is hedged")
        value = contract.notional(quantity, found.mark)
        trading = value * (s.taker_fee + _slippage(s.market.books.get(contract.symbol), value))
        locked = value / min(s.position.leverage, contract.max_leverage)
        cost = Cost(trading=trading, capital=locked * self._prices.capital)
        does = f"{quantity.normalize():f} of {contract.symbol}; it moves no liquidation price"
        return self._priced("open hedge", does, cost, s.distance)

    def _offer(self, lever: str, way: Remedy) -> Offer:
        s = self._situation
        closes = ReducePosition(id=s.id, quantity=way.quantity, then_add=way.put_back)
        after: Situation | None = s.after(closes) if way.quantity else s
        if after is not None and way.margin:
            after = after.after(AddMargin(id=s.id, amount=way.margin))
        parts = [f"close {way.quantity.normalize():f}"] if way.quantity else []
        parts += [f"put back {way.put_back.normalize():f}"] if way.put_back else []
        parts += [f"add {way.margin.normalize():f}"] if way.margin else []
        does = ", ".join(parts) or "nothing to do"
        return self._priced(lever, does, way.cost, None if after is None else after.distance)

    def _priced(self, lever: str, does: str, cost: Cost, distance: Decimal | None) -> Offer:
        known = distance is not None and distance.is_finite()
        gain = distance - self._situation.distance if known and distance is not None else ZERO
        return Offer(
            lever=lever,
            does=does,
            cost=cost,
            distance=distance if known else None,
            per_point=cost.total / (gain / _POINT) if gain > 0 else None,
        )

    # -- the search ---------------------------------------------------------------------------------

    @property
    def _bounds(self) -> tuple[int, int]:
        """The smallest and the largest part that may be closed, in lots."""
        contract, held = self._situation.contract, self._situation.position.quantity
        least = max(contract.lot, contract.min_quantity)
        return -int(-least // contract.lot), int((held - least) // contract.lot)

    def _least(self) -> int | None:
        """The smallest part whose close leads to the target, in lots: the more goes, the less is missing."""
        low, high = self._bounds
        lot = self._situation.contract.lot
        if high < low or self.closing(high * lot) is None:
            return None
        while low < high:
            middle = (low + high) // 2
            if self.closing(middle * lot) is None:
                low = middle + 1
            else:
                high = middle
        return low

    def _searched(self) -> Remedy | None:
        """The cheapest way that closes a part and leaves one."""
        if not self._able(ReducePosition).works:
            return None
        low = self._least()
        if low is None:
            return None
        high = self._bounds[1]
        while high - low > _GRID:
            sizes = [low + (high - low) * step // _GRID for step in range(_GRID + 1)]
            best = min(range(len(sizes)), key=lambda at: self._total(sizes[at]))
            low, high = sizes[max(best - 1, 0)], sizes[min(best + 1, _GRID)]
        ways = [self.closing(lots * self._situation.contract.lot) for lots in range(low, high + 1)]
        found = [way for way in ways if way is not None]
        return min(found, key=lambda way: (way.cost.total, way.quantity), default=None)

    def _total(self, lots: int) -> Decimal:
        way = self.closing(lots * self._situation.contract.lot)
        return Decimal("Infinity") if way is None else way.cost.total

    def _cost(self, quantity: Decimal, lost: Decimal, locked: Decimal) -> Cost:
        """Of closing so much, which makes ``lost`` final, and of locking so much capital, or freeing it."""
        value = self._situation.contract.notional(quantity, self._situation.mark)
        prices = self._prices
        return Cost(
            trading=value * (self._situation.taker_fee + _slippage(prices.book, value)),
            loss=prices.loss * max(ZERO, lost),
            funding=-prices.funding * value,
            capital=prices.capital * locked,
        )


def _row(offer: Offer) -> tuple[str, ...]:
    cost = offer.cost
    if cost is None:
        return (offer.lever, *("" for _ in _HEADER[2:]), offer.does)
    parts = (cost.total, cost.trading, cost.loss, cost.funding, cost.capital)
    distance = "" if offer.distance is None else f"{offer.distance:.2%}"
    per_point = "" if offer.per_point is None else f"{offer.per_point:.2f}"
    return (offer.lever, *(f"{part:.2f}" for part in parts), distance, per_point, offer.does)


def _slippage(book: Book | None, value: Decimal) -> Decimal:
    """Half the spread and the mean way into a book of that depth, as a fraction; nothing if nobody told."""
    if book is None:
        return ZERO
    middle = (book.bid + book.ask) / 2
    depth = min(book.bid_depth, book.ask_depth)
    impact = DEPTH_WITHIN * value / depth / 2 if depth > 0 else DEPTH_WITHIN
    return (book.ask - book.bid) / middle / 2 + impact
