"""Pairs: a position of the trader, and the hedges of ours that stand against it.

A hedge exists for the sake of another position, so it is known by the intent that opened it: from the moment
the intent is prepared, because its position may be seen before its outcome is. The trader's own positions
are never taken for hedges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.contracts import Contract, underlying
from bot.core.decisions import Action
from bot.core.intents import OpenHedge
from bot.core.types import ONE, ZERO, ClientId, MarginMode, Position, PositionId, RuleName, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """A position of ours against ``guarded``. ``ratio`` of the guarded quantity is what it is to be.

    In the coin of the position itself that is at most all of it; of another coin more may make up its value.
    ``quantity`` is the most of it that is ours: what the trader adds to it is his own and stays.
    ``distance`` is how far liquidation of the guarded position was when the hedge was opened, a fraction of
    the mark; ``None`` where there was none.
    """

    id: PositionId
    guarded: PositionId
    rule: RuleName
    ratio: Decimal
    quantity: Decimal
    distance: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A hedge as it is held now."""

    hedge: Hedge
    position: Position
    contract: Contract

    @property
    def symbol(self) -> Symbol:
        """What it is held in."""
        return self.position.id.symbol

    @property
    def quantity(self) -> Decimal:
        """How much of it is held."""
        return self.position.quantity

    @property
    def ours(self) -> Decimal:
        """How much of that is ours."""
        return min(self.hedge.quantity, self.position.quantity)

    def of_its_coin(self, guarded: PositionId) -> bool:
        """Whether it moves with the position it stands against, whatever the market does."""
        return same_coin(self.symbol, guarded.symbol)

    @property
    def expiry_ms(self) -> int | None:
        """When it is delivered."""
        return self.contract.expiry_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What a position is to others: guarded by ``legs``, or itself the hedge of ``guarded``."""

    legs: tuple[Leg, ...] = ()
    guarded: PositionId | None = None
    excess: Decimal = ZERO
    """Of a hedge: how much of it no longer has anything to stand against."""
    ours: Decimal = ZERO
    """Of a hedge: how much of it is ours."""

    def hedged(self, position: Position) -> Decimal:
        """What all its hedges in its own coin hold together."""
        return sum((leg.quantity for leg in self.legs if leg.of_its_coin(position.id)), ZERO)

    def whole(self, position: Position) -> bool:
        """Whether the hedges outweigh a position of a cross pool.

        Then it has no liquidation of its own along a joint move, and a stop would leave the hedge alone. What
        an isolated hedge earns is of no use to the pool.
        """
        if not self.legs or position.mode is not MarginMode.CROSS:
            return False
        mine = (leg for leg in self.legs if leg.of_its_coin(position.id))
        shared = [leg.quantity for leg in mine if leg.position.mode is MarginMode.CROSS]
        return bool(shared) and sum(shared, ZERO) >= position.quantity

    def orphaned(self, position: Position) -> bool:
        """Whether it is a hedge of which nothing has anything to stand against any more."""
        return self.guarded is not None and self.excess >= min(self.ours, position.quantity)


ALONE = Pairing()


class Pairs:
    """All hedges of ours, by their own position."""

    def __init__(self) -> None:
        """None yet."""
        self.hedges: dict[PositionId, Hedge] = {}
        """Every hedge, held or on its way, by its own position."""
        self._opening: dict[ClientId, PositionId] = {}
        """What is on its way, and may yet be filled whatever else was closed meanwhile."""

    @property
    def openings(self) -> Mapping[ClientId, PositionId]:
        """The hedges on their way, by the intent that opens them."""
        return self._opening

    def take_over(self, hedges: Iterable[Hedge], openings: Mapping[ClientId, PositionId]) -> None:
        """Know what an earlier run knew."""
        self.hedges = {hedge.id: hedge for hedge in hedges}
        self._opening = dict(openings)

    def hedge(self, id_: PositionId) -> Hedge | None:
        """What the position hedges; ``None`` for the trader's own."""
        return self.hedges.get(id_)

    def against(self, guarded: PositionId) -> list[Hedge]:
        """The hedges of a position."""
        return [hedge for hedge in self.hedges.values() if hedge.guarded == guarded]

    def announce(self, action: Action, guarded: Position, held: Decimal) -> None:
        """A hedge is about to be opened, or what is ``held`` of it made larger."""
        intent = action.intent
        assert isinstance(intent, OpenHedge), f"{action.client_id} opens no hedge"
        id_ = hedge_id(guarded.id, intent.symbol)
        self._opening[action.client_id] = id_
        known = self.hedges.get(id_)
        quantity = intent.quantity + (min(known.quantity, held) if known is not None else held)
        self.hedges[id_] = Hedge(
            id=id_,
            guarded=guarded.id,
            rule=action.rule,
            ratio=_ratio(quantity, id_, guarded),
            quantity=quantity,
            distance=action.distance_before,
        )

    def resolve(
        self, client_id: ClientId, guarded: Position, held: Decimal, wanted: Decimal, filled: Decimal
    ) -> None:
        """What became of an opening is proven: of ``wanted`` it traded ``filled``.

        ``guarded`` is as it was before, ``held`` what there is now. A hedge that traded may be seen after its
        outcome; one that did not, and is not held, is none: what is sold in its place from now on is the
        trader's own.
        """
        id_ = self._opening.pop(client_id, None)
        known = self.hedges.get(id_) if id_ is not None else None
        if known is None:
            return
        if filled:
            quantity = known.quantity - wanted + min(filled, wanted)
            self.hedges[known.id] = replace(known, quantity=quantity)
            if quantity <= 0 and not held:
                self.forget(known.id)  # The venue took it away again before anybody saw it.
        elif held:
            ours = min(known.quantity - wanted or held, held)
            self.hedges[known.id] = replace(known, ratio=_ratio(ours, known.id, guarded), quantity=ours)
        else:
            self.forget(known.id)

    def gave(self, id_: PositionId, quantity: Decimal) -> bool:
        """We closed so much of a hedge: whether nothing of it is ours any more."""
        known = self.hedges.get(id_)
        if known is None:
            return False
        self.hedges[id_] = replace(known, quantity=known.quantity - quantity)
        if known.quantity > quantity:
            return False
        self.forget(id_)
        return id_ not in self.hedges

    def shrank(self, id_: PositionId, held: Decimal) -> None:
        """Somebody else closed a part: what is ours of it is no more than is left."""
        known = self.hedges.get(id_)
        if known is not None and held < known.quantity and id_ not in self._opening.values():
            self.hedges[id_] = replace(known, quantity=held)

    def forget(self, id_: PositionId) -> None:
        """The position is closed: no hedge any more, unless more of it is on its way."""
        if id_ not in self._opening.values():
            self.hedges.pop(id_, None)

    def pairing(self, id_: PositionId, leg_of: Callable[[Hedge], Leg | None], guarded: Decimal) -> Pairing:
        """What ``id_`` is to others. ``guarded`` is the quantity now held of what it hedges, if it does."""
        hedge = self.hedges.get(id_)
        if hedge is None:
            return Pairing(legs=_held(map(leg_of, self.against(id_))))
        legs = _held(map(leg_of, self.against(hedge.guarded)))
        ours = next((leg.ours for leg in legs if leg.position.id == id_), ZERO)
        return Pairing(guarded=hedge.guarded, excess=_excess(legs, guarded).get(id_, ZERO), ours=ours)


def hedge_id(guarded: PositionId, symbol: Symbol) -> PositionId:
    """Which position a hedge of ``guarded`` in ``symbol`` is."""
    return PositionId(guarded.account, symbol, guarded.side.opposite)


def same_coin(symbol: Symbol, other: Symbol) -> bool:
    """Whether two contracts are on one coin, and settle alike."""
    return underlying(symbol) == underlying(other)


def _ratio(quantity: Decimal, hedge: PositionId, guarded: Position) -> Decimal:
    """How much of a hedge each unit of what it stands against asks for."""
    ratio = quantity / guarded.quantity
    return min(ONE, ratio) if same_coin(hedge.symbol, guarded.id.symbol) else ratio


def _held(legs: Iterable[Leg | None]) -> tuple[Leg, ...]:
    """The legs that are open, the next to expire first."""
    held = [leg for leg in legs if leg is not None]
    return tuple(sorted(held, key=lambda leg: (leg.expiry_ms is None, leg.expiry_ms or 0, leg.symbol)))


def _excess(legs: tuple[Leg, ...], guarded: Decimal) -> dict[PositionId, Decimal]:
    """How much of each leg is too much. Two legs exist while one is rolled into the other: the first goes.

    Those of one coin make up the hedge together; what is held in another is a hedge of its own.
    """
    excess = {}
    for coin in dict.fromkeys(underlying(leg.symbol) for leg in legs):
        mine = [leg for leg in legs if underlying(leg.symbol) == coin]
        wanted = guarded * max((leg.hedge.ratio for leg in mine), default=ZERO)
        over = sum((leg.ours for leg in mine), ZERO) - wanted
        for leg in mine:
            excess[leg.position.id] = part = max(ZERO, min(over, leg.ours))
            over -= part
    return excess
