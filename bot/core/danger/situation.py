"""A position in its pool at the present marks: the figures that rules, guard and seatbelt judge by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.held.pairs import ALONE, Pairing
from bot.core.intents import Intent
from bot.core.margin.assess import Assessment, assess
from bot.core.margin.curve import Curve
from bot.core.margin.liquidation import legs_of, liquidation_price
from bot.core.margin.pool import Legs, Pool
from bot.core.margin.project import project
from bot.core.margin.room import Rooms
from bot.core.margin.sums import PlainSums
from bot.core.margin.targets import loss_at_liquidation
from bot.core.margin.two_sided import Crossing, against, both_ways, heavier, nearer, weighs_down
from bot.core.markets.market import Market
from bot.core.types import ONE, ZERO, Order, OrderKind, Position, PositionId, PriceKind, Symbol

INFINITE = Decimal("Infinity")


class Situation:
    """A position in its pool at the present marks. Figures are computed once, when asked for."""

    __slots__ = (
        "_assessment",
        "_distance",
        "_free",
        "_ground",
        "_liquidation",
        "_liquidation_known",
        "_plain",
        "_protecting",
        "contract",
        "id",
        "mark",
        "market",
        "now_ms",
        "pair",
        "pool",
        "position",
        "reaches",
        "rooms",
        "stands",
        "stops",
        "taker_fee",
    )

    def __init__(
        self,
        pool: Pool,
        position: Position,
        contract: Contract,
        market: Market,
        now_ms: int,
        free: Callable[[], Decimal],
        stops: tuple[Order, ...],
        taker_fee: Decimal,
    ) -> None:
        """Hold the position's surroundings; nothing is computed yet."""
        self.id: PositionId = position.id
        self.mark = market.marks[position.id.symbol]
        self.pool = pool
        self.position = position
        self.contract = contract
        self.market = market
        self.now_ms = now_ms
        self._free = free
        self.stops = stops
        self.taker_fee = taker_fee
        self.pair: Pairing = ALONE
        """What the position is to others of ours."""
        self._liquidation: Decimal | None = None
        self._liquidation_known = False
        self.stands = False
        """Whether the liquidation price is the same at every mark."""
        self._distance: Decimal | None = None
        self._assessment: Assessment | None = None
        self._protecting: tuple[Order, ...] | None = None
        self.rooms: Rooms | None = None
        """Who knows the sums of the pool at the present marks, if somebody does."""
        self._plain: PlainSums | None = None
        """The same, where nobody does."""
        self._ground: object = None
        self.reaches: dict[object, Any] = {}
        """What was worked out already of how long conditions stay false."""

    @property
    def marks(self) -> Mapping[Symbol, Decimal]:
        """The present marks of all symbols."""
        return self.market.marks

    def stand_at(self, price: Decimal | None) -> None:
        """Take a liquidation price that is known already, and stays whatever the mark does."""
        self._liquidation = price
        self._liquidation_known = self.stands = True

    @property
    def legs(self) -> Legs:
        """The position, and its opposite in hedge mode."""
        return legs_of(self.pool, self.id) if self.rooms is None else self.curve(self.id.symbol).legs

    def doubt(self, plain: PlainSums) -> None:
        """Find every figure anew from ``plain``, whatever somebody else has worked out already."""
        self.rooms = self._ground = None
        self._plain = plain
        self.reaches = plain.reaches_of(self.id)

    @property
    def liquidation(self) -> Decimal | None:
        """The liquidation price, rounded to the tick toward the mark; ``None`` where there is none."""
        if not self._liquidation_known:
            plain, id_ = self._plain, self.id
            if plain is None or id_ not in plain.liquidations:
                legs = self.legs
                if len(legs) > 1:
                    crossing = _nearer(self)
                    self._liquidation = None if crossing is None else crossing.price
                else:
                    asked = self.rooms is not None or plain is not None
                    backed = self.surplus(ONE, id_.symbol) if asked else None
                    self._liquidation = liquidation_price(self.pool, id_, self.marks, legs, backed)
                if plain is not None:
                    plain.liquidations[id_] = self._liquidation
            else:
                self._liquidation = plain.liquidations[id_]
            self._liquidation_known = True
        return self._liquidation

    @property
    def distance(self) -> Decimal:
        """(mark - liquidation) / mark in the direction of danger: negative past it, infinite without one."""
        if self._distance is None:
            price = self.liquidation
            if price is None:
                self._distance = INFINITE
            else:
                self._distance = self.danger * (self.mark - price) / self.mark
        return self._distance

    @property
    def danger(self) -> int:
        """+1 where a falling price liquidates, -1 where a rising one does: of two legs the nearer of both."""
        if len(self.pool.holdings) == 1:
            return self.id.side.sign
        legs = self.legs
        if len(legs) == 1:
            return self.id.side.sign
        crossing = _nearer(self)
        return 1 if (weighs_down(legs) if crossing is None else crossing.falling) else -1

    @property
    def endangered(self) -> bool:
        """Whether its own loss leads to liquidation: of two legs only the larger's may."""
        return len(self.pool.holdings) == 1 or heavier(self.legs) is self.id.side

    @property
    def exposed(self) -> Decimal:
        """How much of the position is not offset by the other leg of its contract in its pool."""
        side, held = self.id.side, self.position.quantity
        offset = (leg.position.quantity for leg in self.legs if leg.position.id.side is not side)
        return max(ZERO, held - sum(offset, ZERO))

    @property
    def assessment(self) -> Assessment:
        """Equity and maintenance of the whole pool."""
        if self._assessment is None:
            plain = self._plain
            self._assessment = assess(self.pool, self.marks) if plain is None else plain.standing()
        return self._assessment

    @property
    def margin_ratio(self) -> Decimal:
        """Maintenance / equity of the pool; infinite without equity."""
        ratio = self.assessment.margin_ratio
        return INFINITE if ratio is None else ratio

    @property
    def free(self) -> Decimal:
        """What may be spent of the settlement currency, before the reserve."""
        return self._free()

    def surplus(self, weight: Decimal, without: Symbol | None) -> Decimal:
        """``weight`` times equity less maintenance of the pool: of all symbols, or of all but one."""
        if self.rooms is None:
            plain = self._plain = self._plain or PlainSums(self.pool, self.marks)
            return plain.surplus(weight, without)
        market = self.market
        return self.rooms.of(self.pool, weight).surplus(market.marks, without, market.turn)

    @property
    def ground(self) -> object:
        """What conditions are judged on beside the mark and the sums: while it stays, so do their bounds.

        In a pool of several symbols that is the position's own line; what the others do is in the sums.
        """
        if self._ground is None:
            self._ground = self.pool
            if self.rooms is not None:
                room = self.rooms.of(self.pool)
                if len(room.symbols) > 1:
                    self._ground = room.curve(self.id.symbol)
        return self._ground

    def curve(self, symbol: Symbol) -> Curve:
        """Profit less requirement of one symbol as a line over its coordinate."""
        if self.rooms is None:
            plain = self._plain = self._plain or PlainSums(self.pool, self.marks)
            return plain.curve(symbol)
        return self.rooms.of(self.pool).curve(symbol)

    @property
    def loss_at_liquidation(self) -> Decimal:
        """Money lost from now on if the position is liquidated."""
        return loss_at_liquidation(self.pool, self.id, self.marks)

    def protected_by(self, orders: tuple[Order, ...]) -> None:
        """Take what protects the position from somebody who knows that it still does."""
        self._protecting = orders

    @property
    def protecting(self) -> tuple[Order, ...]:
        """The resting stops that protect the whole position from liquidation; none: it is naked."""
        if self._protecting is None:
            self._protecting = tuple([order for order in self.stops if protects(self, order)])
        return self._protecting

    def after(self, intent: Intent) -> Situation | None:
        """The situation as it would be after ``intent``; ``None`` if the position would be gone."""
        pool = project(self.pool, intent, self.marks, taker_fee=self.taker_fee)
        if pool is self.pool:
            return self
        for holding in pool.holdings:
            if holding.position.id == self.id:
                after = Situation(
                    pool,
                    holding.position,
                    self.contract,
                    self.market,
                    self.now_ms,
                    self._free,
                    self.stops,
                    self.taker_fee,
                )
                after.pair = self.pair
                return after
        return None


def _nearer(situation: Situation) -> Crossing | None:
    """Where two legs are liquidated first."""
    symbol = situation.id.symbol
    return nearer(situation.legs, situation.surplus(ONE, symbol), situation.mark, situation.curve(symbol))


def outweighed(situation: Situation) -> bool:
    """Whether the other leg of its contract is the larger one."""
    return len(situation.pool.holdings) > 1 and heavier(situation.legs) is situation.id.side.opposite


def other_way(situation: Situation) -> bool:
    """Whether what both legs have to keep liquidates before its own loss would, which no stop prevents."""
    if len(situation.legs) == 1:
        return False
    return situation.danger != situation.id.side.sign and not outweighed(situation)


def stops_before(situation: Situation) -> Decimal | None:
    """The liquidation price that a stop has to come before; ``None`` if the position's loss leads to none."""
    if len(situation.pool.holdings) == 1 or not other_way(situation):
        return situation.liquidation
    symbol, side = situation.id.symbol, situation.id.side
    backed, curve = situation.surplus(ONE, symbol), situation.curve(symbol)
    crossing = against(side, situation.legs, backed, situation.mark, curve)
    return None if crossing is None else crossing.price


def swings(situation: Situation) -> bool:
    """Whether the marks decide which way liquidation comes: never that of the smaller of two legs."""
    if len(situation.pool.holdings) == 1 or len(situation.legs) == 1:
        return False
    return not outweighed(situation) and both_ways(situation.legs)


def protects(situation: Situation, order: Order) -> bool:
    """Whether a resting order really protects: a stop of the whole size, by mark, before liquidation.

    A stop-limit does not count, because it may be jumped over; a stop by last price does not count,
    because liquidation is judged by mark.
    """
    if order.trigger is None or not may_protect(situation, order):
        return False
    liquidation = stops_before(situation)
    return liquidation is None or situation.id.side.sign * (order.trigger - liquidation) > 0


def may_protect(situation: Situation, order: Order) -> bool:
    """Whether the order is of a kind and size that protects, wherever it rests."""
    whole = order.closes_position or order.quantity >= situation.position.quantity
    right_kind = order.kind is OrderKind.STOP_MARKET and order.trigger_by is PriceKind.MARK
    return order.reduces and whole and right_kind
