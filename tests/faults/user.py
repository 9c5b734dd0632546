"""Somebody who trades the same account by hand while the bot guards it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

from bot.core.types import OUR_PREFIX, MarginMode, OrderKind, Position, PositionId, Side
from bot.simulator import OrderTerms, Refusal, World
from bot.venues.paper import PaperError
from tests.faults.evidence import Cause, Who
from tests.faults.ledger import Ledger
from tests.faults.passing import Time
from tests.faults.scene import BTC, ETH, MAIN, SOL, an_opening

D = Decimal


class User:
    """Meddles now and then, until ``stop_ms``."""

    def __init__(self, seed: int, time: Time, world: World, ledger: Ledger, stop_ms: int) -> None:
        self._random = Random(f"{seed} user")
        self._time = time
        self._world = world
        self._ledger = ledger
        self._stop_ms = stop_ms
        self._orders = 0

    def begin(self) -> None:
        """Come back in a while, every time."""
        self._time.after(self._random.randint(30_000, 240_000), self._meddle)

    def _meddle(self) -> None:
        if self._time.now_ms >= self._stop_ms:
            return
        # Who holds nothing opens something, so that there is something to be guarded.
        flat = not self._world.view(MAIN).positions
        name = "open" if flat else self._random.choice(list(DEEDS))
        with self._ledger.because(Cause(who=Who.USER, what=name)):
            done = DEEDS[name](self)
        if done is not None:
            self._ledger.injected(f"user: {name}", done)
        self.begin()

    def close_a_part(self) -> str | None:
        held = self._one()
        if held is None:
            return None
        lot = self._world.contracts[held.id.symbol].lot
        return self._trade(held.id, max(lot, held.quantity * D("0.4") // lot * lot), reduces=True)

    def close(self) -> str | None:
        held = self._one()
        return None if held is None else self._trade(held.id, held.quantity, reduces=True)

    def add(self) -> str | None:
        held = self._one()
        if held is None:
            return None
        lot = self._world.contracts[held.id.symbol].lot
        return self._trade(held.id, max(lot, held.quantity * D("0.3") // lot * lot), reduces=False)

    def cancel_the_stop(self) -> str | None:
        ours = [o for o in self._world.view(MAIN).open_orders if o.client_id.startswith(OUR_PREFIX)]
        if not ours:
            return None
        order = self._random.choice(ours)
        self._world.cancel(MAIN, order.order_id)
        return order.client_id

    def add_margin(self) -> str | None:
        held = self._one(MarginMode.ISOLATED)
        if held is None:
            return None
        amount = D(self._random.randint(1, 50))
        if self._world.move_margin(held.id, amount) is not None:
            return None
        self._ledger.margin_moved(held.id, amount)
        return f"{amount} to {held.id}"

    def place_a_stop(self) -> str | None:
        held = self._one()
        if held is None:
            return None
        long = held.id.side is Side.LONG
        contract, mark = self._world.contracts[held.id.symbol], self._world.market[held.id.symbol].mark
        self._orders += 1
        placed = self._world.place(
            OrderTerms(
                client_id=f"web-{self._orders}",
                id=held.id,
                kind=OrderKind.STOP_MARKET,
                quantity=held.quantity,
                reduces=True,
                trigger=contract.price_down(mark * (D("0.9") if long else D("1.1"))),
            )
        )
        return None if isinstance(placed, Refusal) else f"web-{self._orders} on {held.id}"

    def open(self) -> str | None:
        symbol = self._random.choice([BTC, ETH, SOL])
        id_ = PositionId(MAIN, symbol, self._random.choice(list(Side)))
        contract, mark = self._world.contracts[symbol], self._world.market[symbol].mark
        mode = self._random.choice(list(MarginMode))
        try:
            self._world.open(an_opening(self._random, id_, mark, contract.lot, mode))
        except PaperError:
            return None
        return str(id_)

    def set_leverage(self) -> str | None:
        held = self._one()
        if held is None:
            return None
        leverage = D(self._random.choice([3, 5, 10, 12]))
        refused = self._world.set_leverage(MAIN, held.id.symbol, leverage)
        if refused is not None:
            return None
        self._ledger.was_set(MAIN, held.id.symbol, "leverage", str(leverage))
        return f"{leverage} on {held.id}"

    def _one(self, mode: MarginMode | None = None) -> Position | None:
        positions = self._world.view(MAIN).positions.values()
        found = [p for p in positions if mode is None or p.mode is mode]
        return self._random.choice(found) if found else None

    def _trade(self, id_: PositionId, quantity: Decimal, *, reduces: bool) -> str | None:
        self._orders += 1
        terms = OrderTerms(
            client_id=f"web-{self._orders}",
            id=id_,
            kind=OrderKind.MARKET,
            quantity=quantity,
            reduces=reduces,
        )
        placed = self._world.place(terms)
        return None if isinstance(placed, Refusal) else f"{quantity} of {id_}"


DEEDS: Mapping[str, Callable[[User], str | None]] = {
    "close a part": User.close_a_part,
    "close": User.close,
    "add": User.add,
    "cancel the stop": User.cancel_the_stop,
    "add margin": User.add_margin,
    "place a stop": User.place_a_stop,
    "open": User.open,
    "set leverage": User.set_leverage,
}
"""What he may do; each says what was done, or nothing."""
