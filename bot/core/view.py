"""What a rule sees: one position in its pool, as it is when the rule is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from bot.core.capabilities import Capabilities, Capability
from bot.core.contracts import Contract
from bot.core.danger.situation import Situation, stops_before
from bot.core.held.losses import NO_LOSSES, Losses
from bot.core.held.pairs import Pairing
from bot.core.intents import Intent
from bot.core.margin.project import margin_at_leverage
from bot.core.margin.targets import close_for_distance, close_for_loss, margin_for_distance
from bot.core.rules.covering import LEAST_LIFE_MS, HedgeMarket, hedge_market
from bot.core.rules.planner import Planner, Prices
from bot.core.rules.surroundings import Surroundings
from bot.core.types import ZERO, Order, Position, PositionId, RuleName, Symbol

if TYPE_CHECKING:
    from bot.core.accounts.memory import Memory


class Stops:
    """The resting stops of one position, seen by what they are good for."""

    __slots__ = ("_rule_of_stop", "_situation")

    def __init__(self, situation: Situation, rule_of_stop: Mapping[str, RuleName]) -> None:
        """Look at the stops of ``situation``; ``rule_of_stop`` knows ours."""
        self._situation = situation
        self._rule_of_stop = rule_of_stop

    @property
    def nearest(self) -> Order | None:
        """The stop nearest to the mark."""
        return self._nearest(self._situation.stops)

    @property
    def ours(self) -> Order | None:
        """The nearest of those our rules placed; the trader's own are none of our business."""
        stops, ours = self._situation.stops, self._rule_of_stop
        if len(stops) == 1:
            return stops[0] if stops[0].client_id in ours else None
        return self._nearest([order for order in stops if order.client_id in ours])

    @property
    def protecting(self) -> Order | None:
        """The nearest stop that protects the whole position from liquidation; ``None`` if it is naked."""
        stops = self._situation.protecting
        return stops[0] if len(stops) == 1 else self._nearest(stops)

    def placed_by(self, order: Order) -> RuleName | None:
        """The rule of ours that placed ``order``; ``None`` for an order of the trader's own."""
        return self._rule_of_stop.get(order.client_id)

    def _nearest(self, stops: Sequence[Order]) -> Order | None:
        if len(stops) < 2:  # noqa: PLR2004 - nothing to choose between
            return stops[0] if stops else None
        mark = self._situation.mark
        return min(stops, key=lambda order: (abs((order.trigger or mark) - mark), order.client_id))


class Quarterly(NamedTuple):
    """A dated contract a position may be hedged with. ``mark`` is ``None`` until its first mark price."""

    contract: Contract
    expiry_ms: int
    mark: Decimal | None
    beside: Decimal
    """The mark price of the position's own contract."""

    @property
    def basis(self) -> Decimal | None:
        """How far its mark is above that of the position's contract, as a fraction."""
        return None if self.mark is None else self.mark / self.beside - 1


class View(Surroundings):
    """A rule's window on one position. Read-only, pure, and gone after the question."""

    __slots__ = (
        "_able",
        "_rule_of_stop",
        "contract",
        "id",
        "losses",
        "mark",
        "now_ms",
        "pair",
        "position",
        "stands",
        "times_acted",
    )

    def __init__(
        self,
        situation: Situation,
        times_acted: int,
        rule_of_stop: Mapping[str, RuleName],
        able: Capabilities,
        losses: Losses = NO_LOSSES,
        memory: Memory | None = None,
    ) -> None:
        """Look at ``situation``; ``times_acted`` counts this rule's actions on this lot."""
        self._situation = situation
        self._memory = memory
        self._able = able
        self._rule_of_stop = rule_of_stop
        self.times_acted = times_acted
        self.id: PositionId = situation.id
        """Which position."""
        self.now_ms: int = situation.now_ms
        """The time of the fact that led to the question."""
        self.mark: Decimal = situation.mark
        """The mark price."""
        self.position: Position = situation.position
        """The position as the venue last reported it."""
        self.contract: Contract = situation.contract
        """The contract the position is held in."""
        self.stands: bool = situation.stands
        """Whether the liquidation price is the same at every mark, until the position changes."""
        self.losses: Losses = losses
        """What became of our stops on this lot that we did not take away."""
        self.pair: Pairing = situation.pair
        """Our hedges of this position as they are held, or what it is the hedge of."""

    @property
    def free(self) -> Decimal:
        """Free balance of the account, in money, before the reserve: a sum over all its cross positions."""
        return self._situation.free

    @property
    def liquidation(self) -> Decimal | None:
        """The liquidation price, ``None`` where there is none."""
        return self._situation.liquidation

    @property
    def distance(self) -> Decimal:
        """Distance to liquidation as a fraction of the mark; infinite where there is no liquidation price."""
        return self._situation.distance

    @property
    def endangered(self) -> bool:
        """Whether its own loss leads to liquidation: that of the smaller leg of a hedge does not."""
        return self._situation.endangered

    @property
    def exposed(self) -> Decimal:
        """How much of it is not offset by the other leg of its contract, which in hedge mode may be held."""
        return self._situation.exposed

    @property
    def margin_ratio(self) -> Decimal:
        """Maintenance / equity of the pool: 1 is liquidation."""
        return self._situation.margin_ratio

    @property
    def loss_at_liquidation(self) -> Decimal:
        """Money lost from now on if the position is liquidated."""
        return self._situation.loss_at_liquidation

    @property
    def quarterlies(self) -> tuple[Quarterly, ...]:
        """The dated contracts of this underlying, the next to expire first, without those already expired."""
        s = self._situation
        return tuple(
            Quarterly(contract, contract.expiry_ms, s.market.marks.get(contract.symbol), s.mark)
            for contract in s.market.dated(s.contract.index)
            if contract.expiry_ms is not None
            and contract.expiry_ms > s.now_ms
            and contract.kind is s.contract.kind
            and contract.symbol != s.id.symbol
        )

    def hedge_markets(self, least_ms: int, *others: Symbol) -> tuple[HedgeMarket, ...]:
        """Where the position may be hedged, the deepest market first: ``Needs.quarterlies`` and ``book``.

        Contracts on its own coin beside its own, those that are delivered not before ``least_ms``; and of
        ``others``, of ``Needs.beside``, the perpetuals that settle alike. Left out is what has no mark yet,
        what is suspended, and where something is held that is no hedge of this position.
        """
        found = [
            hedge_market(each, self._situation)
            for each in self.hedgeable(*others)
            if each.expiry_ms is None or each.expiry_ms >= least_ms
            if not each.suspended and not self.memory.is_taken(each.symbol)
        ]
        known = [each for each in found if each is not None]
        return tuple(sorted(known, key=lambda each: -each.depth))

    @property
    def stops(self) -> Stops:
        """The stops that rest at the exchange, whoever placed them."""
        return Stops(self._situation, self._rule_of_stop)

    @property
    def hedge_mode(self) -> bool:
        """Whether both sides of a contract are held apart: an order may then be too large for its side."""
        return self._able.hedge_mode

    def capability(self, kind: type[Intent]) -> Capability:
        """Whether the venue can do this kind of thing to this position; if not, why and what instead."""
        return self._able.of(kind.__name__, self.position.mode, self.id.symbol)

    def after(self, intent: Intent) -> View | None:
        """The view as it would be after ``intent``, by the venue's rules; ``None``: the position is gone."""
        after = self._situation.after(intent)
        if after is None:
            return None
        return View(after, self.times_acted, self._rule_of_stop, self._able, self.losses, self._memory)

    def clear_of_liquidation(self, fraction: Decimal) -> Decimal | None:
        """The price ``fraction`` of the liquidation price before it, at most half way to the mark.

        On the tick toward the mark; ``None`` without a liquidation price or when it has been passed.
        """
        s = self._situation
        price, sign = stops_before(s), s.id.side.sign
        if price is None or sign * (s.mark - price) <= 0:
            return None
        place = price + sign * min(price * fraction, abs(s.mark - price) / 2)
        return s.contract.price_up(place) if sign > 0 else s.contract.price_down(place)

    def plan(self, target: Decimal, prices: Prices) -> Planner:
        """The ways that bring the distance to ``target``, with what each costs at these ``prices``."""
        allowed = self.memory.margin_allowed(self.now_ms)
        market = next(iter(self.hedge_markets(self.now_ms + LEAST_LIFE_MS)), None)
        return Planner(self._situation, target, prices, allowed=allowed, able=self.capability, hedge=market)

    def margin_for_distance(self, target: Decimal) -> Decimal:
        """The smallest margin whose addition brings the distance to ``target``; 0 if it is there already."""
        situation = self._situation
        return margin_for_distance(situation.pool, situation.id, situation.marks, target)

    def margin_for_leverage(self, leverage: Decimal) -> Decimal:
        """The smallest margin whose addition makes what ``leverage`` asks for; 0 if it is there already.

        Of an isolated position, and counted at its entry: what a cut to that leverage would draw at most.
        """
        missing = margin_at_leverage(self.position, self.contract, leverage) - self.position.margin
        return self.contract.margin_up(missing) if missing > 0 else ZERO

    def close_for_distance(self, target: Decimal) -> tuple[Decimal, Decimal] | None:
        """The smallest close, and the released margin to re-add, that bring the distance to ``target``."""
        s = self._situation
        return close_for_distance(s.pool, s.id, s.marks, target, taker_fee=s.taker_fee)

    def close_for_loss(self, most: Decimal) -> Decimal:
        """The smallest close after which no more than ``most`` money is lost at liquidation."""
        s = self._situation
        return close_for_loss(s.pool, s.id, s.marks, most, taker_fee=s.taker_fee)
