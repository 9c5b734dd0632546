"""``quarterly_hedge``: sells the quarterly of the same coin near liquidation, and buys it back in calm."""

from bot.core.facts import Book
from bot.core.settings import DAY_MS
from bot.core.types import Symbol
from tests.building.core import BTC, ETH, T0, D, Desk, a_contract
from tests.strategies.contract.example import MINUTE, Beat, Example, mark

QUARTERLY = Symbol(f"{BTC}-Q1")


def a_deep_book(desk: Desk) -> None:
    depth = D(10**6)
    desk.fold(Book(at_ms=T0, symbol=QUARTERLY, bid=D(100), ask=D(100), bid_depth=depth, ask_depth=depth))


def both(price: str, after_ms: int = 1_000) -> Beat:
    """The quarterly and the perpetual stand there."""

    def beat(desk: Desk) -> None:
        desk.mark(price, QUARTERLY, after_ms=after_ms)
        desk.mark(price)

    return beat


EXAMPLE = Example(
    params={"below": "0.08", "calm": "0.12", "leverage": 2},
    contracts=(a_contract(), a_contract(ETH), a_contract(QUARTERLY, expiry_ms=T0 + 90 * DAY_MS)),
    before=[a_deep_book, mark("100", after_ms=0, symbol=QUARTERLY)],
    beats=[both("99"), both("96"), both("95"), both("103", 10 * MINUTE), both("104", 10 * MINUTE)],
    draw=None,
)
