"""Each kind of action a bot has, and how a market and a hand make it ask for one of them, again and again."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from bot.core.types import OrderKind, PositionId, Side, Symbol
from bot.simulator import World
from bot.simulator.world import OrderTerms
from bot.venues.paper import Opening
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, ETH
from tests.building.venues import BINANCE, BYBIT, SOL, Venue, a_quarterly, machine_ms
from tests.faults.kill.prices import PROFIT
from tests.faults.kill.scene import HELD, LEVERAGE, Hand

D = Decimal
WALLET = D(18_000)
"""What is in it, about, beside the margin of isolated positions."""
Deed = Callable[[Hand], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of action: what is done before, one thing after the other, and what asks for it."""

    name: str
    before: tuple[Deed, ...]
    ask: Deed
    venue: Venue = BINANCE
    """An exchange where it can be done."""


def _without_hedge(hand: Hand) -> None:
    hand.exchange.by_hand(lambda world: _close(world, a_quarterly(machine_ms())[0], Side.SHORT))


def _without(symbol: Symbol, hand: Hand) -> None:
    hand.exchange.by_hand(lambda world: _close(world, symbol, Side.LONG))


def _without_profits(hand: Hand) -> None:
    """Take every take profit away."""

    def cancel(world: World) -> None:
        for order in world.view(ALICE).open_orders:
            if order.trigger == PROFIT:
                world.cancel(ALICE, order.order_id)

    hand.exchange.by_hand(cancel)


def _with(symbol: Symbol, hand: Hand) -> None:
    """Bring a position along, where there is none."""

    def bring(world: World) -> None:
        if PositionId(ALICE, symbol, Side.LONG) not in world.view(ALICE).positions:
            _bring(world, symbol, HELD[symbol][0])

    hand.exchange.by_hand(bring)


def _pay(hand: Hand) -> None:
    """Bring the money that was lost in SOL, which is not held now: a position that has earned it already."""

    def earn(world: World) -> None:
        lost = WALLET - world.view(ALICE).wallets["USDT"]
        if lost > 0:
            quarter = HELD[SOL][0] / 4
            _bring(world, SOL, quarter, world.market[SOL].last - lost / quarter)
            _close(world, SOL, Side.LONG)

    hand.exchange.by_hand(earn)


def _at(symbol: Symbol, price: int, hand: Hand) -> None:
    hand.move(symbol, D(price))


def _high_leverage(hand: Hand) -> None:
    """As high as it was, with the margin that goes with it."""
    hand.exchange.by_hand(lambda world: world.set_leverage(ALICE, BTC, LEVERAGE, Side.LONG))
    hand.relieve()


def _close(world: World, symbol: Symbol, side: Side) -> None:
    id_ = PositionId(ALICE, symbol, side)
    held = world.view(ALICE).positions.get(id_)
    if held is not None:
        world.place(
            OrderTerms(
                client_id="",
                id=id_,
                kind=OrderKind.MARKET,
                quantity=held.quantity,
                reduces=True,
                reduce_only=True,
            )
        )


def _bring(world: World, symbol: Symbol, quantity: Decimal, entry: Decimal | None = None) -> None:
    id_, mode = PositionId(ALICE, symbol, Side.LONG), HELD[symbol][1]
    world.open(Opening(id=id_, quantity=quantity, leverage=LEVERAGE, mode=mode, entry=entry))


KINDS = (
    Kind(name="AddMargin", before=(Hand.relieve,), ask=partial(_at, BTC, 48_400)),
    Kind(
        name="WithdrawMargin",
        before=(Hand.relieve, partial(_at, BTC, 48_400)),
        ask=partial(_at, BTC, 52_000),
    ),
    Kind(name="CutLeverage", before=(_high_leverage,), ask=partial(_at, BTC, 48_400), venue=BYBIT),
    Kind(name="MoveStop", before=(partial(_at, BTC, 48_400),), ask=Hand.relieve),
    Kind(name="PlaceStop", before=(partial(_without, ETH),), ask=partial(_with, ETH)),
    Kind(name="CancelStop", before=(partial(_at, SOL, 102),), ask=partial(_at, SOL, 105)),
    Kind(name="PlaceTakeProfit", before=(_without_profits,), ask=partial(_at, SOL, 108)),
    Kind(
        name="ReducePosition",
        before=(partial(_without, SOL), _pay, partial(_with, SOL)),
        ask=Hand.sink,
    ),
    Kind(name="OpenHedge", before=(Hand.relieve, _without_hedge), ask=partial(_at, BTC, 49_000)),
    Kind(
        name="CloseHedge",
        before=(Hand.relieve, partial(_at, BTC, 49_000)),
        ask=partial(_at, BTC, 55_000),
    ),
)
