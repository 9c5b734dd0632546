"""What funding costs at most, and who is told when its terms change."""

from decimal import Decimal

import pytest

from bot.core.contracts import Tier
from bot.core.facts import FundingPaid, InstrumentChanged
from bot.venues.paper import PaperError
from bot.venues.paper.funding import capped, venue_cap
from tests.venues.paper.desk import BTC, ETH, LONG, D, a_contract, an_exchange, of, the, with_long

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("family", "rate", "expected"),
    [
        # Recorded on Binance: BTC at the cap of -0.300 % on 2020-03-13, ADA -0.4875 % on 2021-05-19.
        ("binance", "0.004", "0.003"),
        ("binance", "0.0065", "0.004875"),
        ("hyperliquid", "0.0125", "0.04"),
        ("okx", "0.004", None),
    ],
)
def test_the_caps_of_the_venues(family: str, rate: str, expected: str | None) -> None:
    contract = a_contract(family=family, tiers=(Tier(floor=D(0), cap=None, rate=D(rate)),))
    assert venue_cap(contract) == (None if expected is None else D(expected))


@pytest.mark.parametrize(("rate", "charged"), [("0.02", "0.003"), ("-0.02", "-0.003"), ("0.001", "0.001")])
def test_a_rate_is_capped_both_ways(rate: str, charged: str) -> None:
    assert capped(D(rate), D("0.003")) == D(charged)
    assert capped(D(rate), None) == D(rate)


def paid(rate: str, *, cap: str | None) -> tuple[Decimal, Decimal]:
    exchange = with_long()
    if cap is not None:
        assert exchange.listing.change_funding(1, BTC, cap=D(cap)) == ()
    (fact,) = of(FundingPaid, exchange.settle_funding(2, BTC, D(rate)))
    assert the(exchange).margin == 10 + fact.amount
    assert fact.rate is not None
    return fact.rate, fact.amount


def test_what_is_told_is_what_was_charged() -> None:
    assert paid("0.02", cap=None) == (D("0.02"), D(-2))
    assert paid("0.02", cap="0.0075") == (D("0.0075"), D("-0.75"))
    assert paid("-0.02", cap="0.0075") == (D("-0.0075"), D("0.75"))


def test_a_changed_interval_is_told_and_moves_nothing() -> None:
    exchange = with_long()
    for hours in (4, 1):
        (batch,) = exchange.listing.change_funding(hours, BTC, interval_ms=hours * HOUR_MS)
        (fact,) = of(InstrumentChanged, [batch])
        assert (fact.contract.symbol, fact.contract.funding_interval_ms) == (BTC, hours * HOUR_MS)
        assert batch == (fact,)
    assert the(exchange, LONG).margin == 10


def test_funding_of_a_symbol_that_is_not_traded_is_a_mistake() -> None:
    with pytest.raises(PaperError, match="ETH: not traded here"):
        an_exchange().listing.change_funding(1, ETH, cap=D("0.1"))
