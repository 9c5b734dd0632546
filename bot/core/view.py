"""What a rule sees: one position, on its pool as it would be after what earlier rules were allowed.

``Situation`` is the position in its pool at a mark, with every figure computed when first asked for.
``View`` is a rule's window on it and adds what that rule did before.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.facts import BarClosed
from bot.core.indicators import Atr
from bot.core.intents import Intent
from bot.core.margin.assess import Assessment, assess
from bot.core.margin.liquidation import liquidation_price
from bot.core.margin.pool import Pool
from bot.core.margin.project import (
    close_for_distance,
    close_for_loss,
    loss_at_liquidation,
    margin_for_distance,
    project,
)
from bot.core.market import Market
from bot.core.types import Order, OrderKind, Position, PositionId, PriceKind, RuleName, Symbol

INFINITE = Decimal("Infinity")


class Situation:
    """A position in its pool at the present marks. Figures are computed once, when asked for."""

    __slots__ = (
        "_assessment",
        "_distance",
        "_liquidation",
        "_liquidation_known",
        "contract",
        "free",
        "id",
        "mark",
        "market",
        "now_ms",
        "pool",
        "position",
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
        free: Decimal,
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
        self.free = free
        self.stops = stops
        self.taker_fee = taker_fee
        self._liquidation: Decimal | None = None
        self._liquidation_known = False
        self.stands = False
        """Whether the liquidation price is the same at every mark."""
        self._distance: Decimal | None = None
        self._assessment: Assessment | None = None

    @property
    def marks(self) -> Mapping[Symbol, Decimal]:
        """The present marks of all symbols."""
        return self.market.marks

    def stand_at(self, price: Decimal | None) -> None:
        """Take a liquidation price that is known already, and stays whatever the mark does."""
        self._liquidation = price
        self._liquidation_known = self.stands = True

    @property
    def liquidation(self) -> Decimal | None:
        """The liquidation price, rounded to the tick toward the mark; ``None`` where there is none."""
        if not self._liquidation_known:
            self._liquidation = liquidation_price(self.pool, self.id, self.marks)
            self._liquidation_known = True
        return self._liquidation

    @property
    def distance(self) -> Decimal:
        """(mark - liquidation) / mark in the losing direction: negative past it, infinite without one."""
        if self._distance is None:
            price = self.liquidation
            if price is None:
                self._distance = INFINITE
            else:
                self._distance = self.id.side.sign * (self.mark - price) / self.mark
        return self._distance

    @property
    def assessment(self) -> Assessment:
        """Equity and maintenance of the whole pool."""
        if self._assessment is None:
            self._assessment = assess(self.pool, self.marks)
        return self._assessment

    @property
    def margin_ratio(self) -> Decimal:
        """Maintenance / equity of the pool; infinite without equity."""
        ratio = self.assessment.margin_ratio
        return INFINITE if ratio is None else ratio

    @property
    def loss_at_liquidation(self) -> Decimal:
        """Money lost from now on if the position is liquidated."""
        return loss_at_liquidation(self.pool, self.id, self.marks)

    def after(self, intent: Intent) -> Situation | None:
        """The situation as it would be after ``intent``; ``None`` if the position would be gone."""
        pool = project(self.pool, intent, self.marks, taker_fee=self.taker_fee)
        if pool is self.pool:
            return self
        for holding in pool.holdings:
            if holding.position.id == self.id:
                return Situation(
                    pool,
                    holding.position,
                    self.contract,
                    self.market,
                    self.now_ms,
                    self.free,
                    self.stops,
                    self.taker_fee,
                )
        return None


def protects(situation: Situation, order: Order) -> bool:
    """Whether a resting order really protects: a stop of the whole size, by mark, before liquidation.

    A stop-limit does not count, because it may be jumped over; a stop by last price does not count,
    because liquidation is judged by mark.
    """
    if order.trigger is None:
        return False
    whole = order.closes_position or order.quantity >= situation.position.quantity
    right_kind = order.kind is OrderKind.STOP_MARKET and order.trigger_by is PriceKind.MARK
    if not (order.reduces and whole and right_kind):
        return False
    liquidation = situation.liquidation
    return liquidation is None or situation.id.side.sign * (order.trigger - liquidation) > 0


class View:
    """A rule's window on one position. Read-only, pure, and gone after the question."""

    __slots__ = ("_rule_of_stop", "_situation", "times_acted")

    def __init__(self, situation: Situation, times_acted: int, rule_of_stop: Mapping[str, RuleName]) -> None:
        """Look at ``situation``; ``times_acted`` counts this rule's actions on this lot."""
        self._situation = situation
        self.times_acted = times_acted
        self._rule_of_stop = rule_of_stop

    @property
    def id(self) -> PositionId:
        """Which position."""
        return self._situation.id

    @property
    def now_ms(self) -> int:
        """The time of the fact that led to the question."""
        return self._situation.now_ms

    @property
    def mark(self) -> Decimal:
        """The mark price."""
        return self._situation.mark

    @property
    def position(self) -> Position:
        """The position, after what earlier rules were allowed to do."""
        return self._situation.position

    @property
    def contract(self) -> Contract:
        """The contract the position is held in."""
        return self._situation.contract

    @property
    def liquidation(self) -> Decimal | None:
        """The liquidation price, ``None`` where there is none."""
        return self._situation.liquidation

    @property
    def distance(self) -> Decimal:
        """Distance to liquidation as a fraction of the mark; infinite where there is no liquidation price."""
        return self._situation.distance

    @property
    def margin_ratio(self) -> Decimal:
        """Maintenance / equity of the pool: 1 is liquidation."""
        return self._situation.margin_ratio

    @property
    def equity(self) -> Decimal:
        """Wallet and unrealised profit of the pool, in money."""
        return self._situation.assessment.equity

    @property
    def loss_at_liquidation(self) -> Decimal:
        """Money lost from now on if the position is liquidated."""
        return self._situation.loss_at_liquidation

    @property
    def free(self) -> Decimal:
        """Free balance of the account, in money, before the reserve."""
        return self._situation.free

    @property
    def stop(self) -> Order | None:
        """The resting stop nearest to the mark, whoever placed it."""
        stops = self._situation.stops
        if len(stops) < 2:  # noqa: PLR2004 - nothing to choose between
            return stops[0] if stops else None
        mark = self._situation.mark
        return min(stops, key=lambda order: (abs((order.trigger or mark) - mark), order.client_id))

    @property
    def protection(self) -> Order | None:
        """The stop that protects the whole position from liquidation, nearest to the mark; ``None`` if naked."""
        situation = self._situation
        found = [order for order in situation.stops if protects(situation, order)]
        if not found:
            return None
        mark = situation.mark
        return min(found, key=lambda order: (abs((order.trigger or mark) - mark), order.client_id))

    def placed_by(self, order: Order) -> RuleName | None:
        """The rule of ours that placed ``order``; ``None`` for an order of the trader's own."""
        return self._rule_of_stop.get(order.client_id)

    def atr(self, range_: Atr) -> Decimal | None:
        """Average true range in price, of a need the rule declared; ``None`` while history is too short."""
        situation = self._situation
        return situation.market.atr(situation.id.symbol, range_)

    def bar(self, timeframe_ms: int) -> BarClosed | None:
        """The last closed bar of a timeframe the rule declared it needs."""
        situation = self._situation
        return situation.market.bars.get((situation.id.symbol, timeframe_ms))

    def clear_of_liquidation(self, fraction: Decimal) -> Decimal | None:
        """The price ``fraction`` of the liquidation price before it, at most half way to the mark.

        On the tick toward the mark; ``None`` without a liquidation price or when it has been passed.
        """
        s = self._situation
        price, sign = s.liquidation, s.id.side.sign
        if price is None or sign * (s.mark - price) <= 0:
            return None
        place = price + sign * min(price * fraction, abs(s.mark - price) / 2)
        return s.contract.price_up(place) if sign > 0 else s.contract.price_down(place)

    def margin_for_distance(self, target: Decimal) -> Decimal:
        """The smallest margin whose addition brings the distance to ``target``; 0 if it is there already."""
        situation = self._situation
        return margin_for_distance(situation.pool, situation.id, situation.marks, target)

    def close_for_distance(self, target: Decimal) -> tuple[Decimal, Decimal] | None:
        """The smallest close, and the released margin to re-add, that bring the distance to ``target``."""
        s = self._situation
        return close_for_distance(s.pool, s.id, s.marks, target, taker_fee=s.taker_fee)

    def close_for_loss(self, most: Decimal) -> Decimal:
        """The smallest close after which no more than ``most`` money is lost at liquidation."""
        s = self._situation
        return close_for_loss(s.pool, s.id, s.marks, most, taker_fee=s.taker_fee)
