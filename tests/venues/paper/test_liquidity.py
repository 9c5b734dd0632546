"""Order books that are emptier than configured: what an order then costs, and who is told."""

from dataclasses import replace

from bot.core.facts import Book
from bot.core.types import Symbol
from bot.venues.paper import MarketModel, PaperExchange
from tests.venues.paper.desk import BTC, D, a_contract, an_exchange, an_order, outcome

DATED = Symbol("BTC/USDT:USDT-261225")
CALM = MarketModel(spread=D("0.001"), depth={BTC: D(10_000), DATED: D(1_000)})


def bought_at(exchange: PaperExchange, at_ms: int) -> list[str]:
    (fill,) = outcome(exchange.submit(at_ms, an_order(quantity="10", leverage="1"))).fills
    return [f"{fill.price.normalize():f}", f"{fill.quantity.normalize():f}"]


def test_an_emptier_book_costs_more_until_it_is_full_again() -> None:
    exchange = an_exchange(model=CALM, balance="10000")
    # 1,000 against 10,000 within one percent: half the spread, and half of a tenth of a percent.
    assert bought_at(exchange, 1) == ["100.1", "10"]
    assert exchange.listing.change_books(2, spread=D(10), depth=D("0.5")) == ()
    # Half of one percent, and half of a fifth of a percent.
    assert bought_at(exchange, 3) == ["100.6", "10"]
    # Multiples of what was configured, not of what is.
    exchange.listing.change_books(4, spread=D(10), depth=D("0.5"))
    assert bought_at(exchange, 5) == ["100.6", "10"]
    exchange.listing.change_books(6, spread=D(1), depth=D(1))
    assert bought_at(exchange, 7) == ["100.1", "10"]


def test_what_is_unlimited_stays_so_and_no_spread_eats_the_whole_bid() -> None:
    exchange = an_exchange(model=MarketModel(spread=D("0.1")), balance="10000")
    exchange.listing.change_books(1, spread=D(1000), depth=D("0.01"))
    # Half of the widest spread there is, a half.
    assert bought_at(exchange, 2) == ["125", "10"]


def test_the_book_of_a_dated_contract_is_told_anew() -> None:
    dated = replace(a_contract(), symbol=DATED, expiry_ms=1_798_185_600_000)
    exchange = an_exchange(a_contract(), dated, model=CALM)
    ((book,),) = exchange.listing.change_books(5, spread=D(2), depth=D("0.1"))
    assert isinstance(book, Book)
    assert (book.at_ms, book.symbol, book.bid, book.ask) == (5, DATED, D("99.9"), D("100.1"))
    assert (book.bid_depth, book.ask_depth) == (D(100), D(100))
