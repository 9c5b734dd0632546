"""What stays of a hedge when one leg cannot: isolated legs, and cross accounts as each venue treats them."""

from bot.core.facts import Liquidated, PositionChanged
from bot.venues.paper import PaperExchange
from bot.venues.port import Batch
from tests.venues.paper.desk import (
    LONG,
    SHORT,
    D,
    a_contract,
    an_exchange,
    go,
    holding,
    of,
    position,
    the,
    wallet,
)


def test_of_isolated_legs_the_losing_one_goes_and_the_other_stays() -> None:
    exchange = an_exchange(hedge=True)
    exchange.open(0, holding(LONG))
    exchange.open(0, holding(SHORT))
    (batch,) = go(exchange, "90")
    # The long is liquidated at 90.909 and taken over at 90; nothing is told of the short.
    (fact,) = of(Liquidated, [batch])
    assert (fact.id, fact.quantity, fact.price) == (LONG, D(1), D(90))
    assert [f.id for f in of(PositionChanged, [batch])] == [LONG]
    assert about(batch) == {LONG}
    held = the(exchange, SHORT)
    assert (held.quantity, held.margin) == (D(1), D(10))
    assert wallet(exchange) == 980
    # What is left is a lone short: it earned 10, and is itself liquidated at 110 / 1.01 = 108.91.
    assert of(Liquidated, go(exchange, "108.9")) == []
    assert [f.id for f in of(Liquidated, go(exchange, "109"))] == [SHORT]


def about(batch: Batch) -> set[object]:
    return {fact.id for fact in batch if isinstance(fact, Liquidated | PositionChanged)}


def a_pair(family: str, long: str = "2", short: str = "1") -> PaperExchange:
    """A long of 2 and a short of 1 at 100, 5 behind them: at 97.5 there is 2.5, and 2.925 is asked for."""
    exchange = an_exchange(a_contract(family=family), hedge=True, balance="5", fund="10")
    exchange.open(0, holding(LONG, quantity=long, leverage="100", cross=True))
    exchange.open(0, holding(SHORT, quantity=short, leverage="100", cross=True))
    return exchange


def told(exchange: PaperExchange, price: str = "97.5") -> list[tuple[object, ...]]:
    facts = of(Liquidated, go(exchange, price, gap=True))
    return [(f.id, f.quantity, f.price) for f in facts]


def test_binance_sells_the_leg_with_the_largest_requirement() -> None:
    exchange = a_pair("binance")
    assert told(exchange) == [(LONG, D(2), D("97.5"))]
    assert position(exchange, LONG) is None
    assert the(exchange, SHORT).quantity == 1
    assert wallet(exchange) == 0


def test_okx_closes_the_pair_against_itself() -> None:
    exchange = a_pair("okx")
    assert told(exchange) == [(LONG, D(1), D("97.5")), (SHORT, D(1), D("97.5"))]
    assert the(exchange, LONG).quantity == 1
    assert position(exchange, SHORT) is None
    # -2.5 and +2.5; what stays has 2.5 and needs 0.975.
    assert wallet(exchange) == 5


def test_bybit_takes_only_what_is_not_hedged() -> None:
    exchange = a_pair("bybit")
    assert told(exchange) == [(LONG, D(1), D("97.5"))]
    assert (the(exchange, LONG).quantity, the(exchange, SHORT).quantity) == (D(1), D(1))
    assert wallet(exchange) == D("2.5")


def test_a_full_hedge_that_cannot_keep_its_requirement_goes_after_all() -> None:
    # An even pair neither gains nor loses, but at 250 it asks for 2 % of 250, all of the 5 there are.
    exchange = a_pair("bybit", long="1")
    assert told(exchange, "250") == [(LONG, D(1), D(250))]
    assert the(exchange, SHORT).quantity == 1
    assert wallet(exchange) == 155


def test_on_the_way_up_a_full_hedge_goes_at_the_price_it_was_told() -> None:
    exchange = a_pair("binance", long="1")
    facts = of(Liquidated, go(exchange, "300"))
    # 5 = 2 % of 250; the long is sold there with 150 of profit.
    assert [(f.id, f.price) for f in facts][:1] == [(LONG, D(250))]
