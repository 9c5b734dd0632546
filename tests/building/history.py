"""What was on the books of an exchange at every moment, written down as it happens."""

from dataclasses import dataclass

from bot.core.facts import PositionChanged
from bot.core.types import Position, PositionId
from bot.simulator import World
from bot.simulator.records import OrderRecord
from bot.simulator.world import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A position after an event, and the stops that rest on it."""

    at_ms: int
    position: Position
    stops: tuple[OrderRecord, ...]

    @property
    def covered(self) -> bool:
        """Whether one stop alone closes all of it."""
        held = self.position.quantity
        return any(stop.closes_position or stop.quantity >= held for stop in self.stops)


class History:
    """Every moment of every position from now on, in the order in which things happened."""

    def __init__(self, world: World) -> None:
        self._held: dict[PositionId, Position] = {}
        self._stops: dict[int, OrderRecord] = {}
        self.moments: list[Moment] = []
        for account in world.accounts:
            view = world.view(account)
            self._held |= view.positions
            self._stops |= {order.order_id: order for order in view.open_orders if _is_stop(order)}
        world.listen(events=self._hear)

    def of(self, id_: PositionId) -> list[Moment]:
        """The moments of one position."""
        return [moment for moment in self.moments if moment.position.id == id_]

    def _hear(self, event: Event) -> None:
        touched: dict[PositionId, None] = {}
        for update in event.updates:
            order = update.order
            if not _is_stop(order):
                continue
            touched[order.id] = None
            if order.status.open:
                self._stops[order.order_id] = order
            else:
                self._stops.pop(order.order_id, None)
        for fact in event.facts:
            if isinstance(fact, PositionChanged):
                touched[fact.id] = None
                if fact.position is None:
                    self._held.pop(fact.id, None)
                else:
                    self._held[fact.id] = fact.position
        for id_ in touched:
            position = self._held.get(id_)
            if position is not None:
                resting = tuple(stop for stop in self._stops.values() if stop.id == id_)
                self.moments.append(Moment(at_ms=event.at_ms, position=position, stops=resting))


def _is_stop(order: OrderRecord) -> bool:
    return order.kind.is_stop and order.conditional and order.reduces
