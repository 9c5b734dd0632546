"""``delta_hedge``: a long of 100 in an account worth 50 is hedged to 1.5 times its worth, and back."""

from bot.core.facts import Book
from bot.core.held.spot import SpotBalancesChanged
from bot.core.settings import DAY_MS
from bot.core.types import Symbol
from tests.building.core import BTC, CROSS, ETH, MAIN, T0, D, Desk, a_contract, a_position
from tests.strategies.contract.example import MINUTE, Beat, Example, mark

FIVE = 5 * MINUTE
QUARTERLY = Symbol(f"{BTC}-Q1")


def a_deep_book(desk: Desk) -> None:
    depth = D(10**6)
    desk.fold(Book(at_ms=T0, symbol=QUARTERLY, bid=D(100), ask=D(100), bid_depth=depth, ask_depth=depth))


def no_coins(desk: Desk) -> None:
    """Nothing is held outright."""
    desk.fold(SpotBalancesChanged(at_ms=T0, account=MAIN, holdings=()))


def both(price: str) -> Beat:
    """Five minutes later the quarterly and the perpetual stand there, and a bar closes."""

    def beat(desk: Desk) -> None:
        desk.mark(price, QUARTERLY, after_ms=FIVE)
        desk.mark(price)
        desk.bar(*(price,) * 4, timeframe_ms=FIVE)

    return beat


EXAMPLE = Example(
    params={"above": "2", "to": "1.5", "below": "1.2", "leverage": 5},
    contracts=(a_contract(), a_contract(ETH), a_contract(QUARTERLY, expiry_ms=T0 + 90 * DAY_MS)),
    before=[a_deep_book, no_coins, mark("100", after_ms=0, symbol=QUARTERLY)],
    held=(a_position(mode=CROSS),),
    free="50",
    beats=[both("101"), both("96"), both("95"), both("150"), both("151")],
    draw=None,
)
