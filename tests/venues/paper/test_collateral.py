"""Other assets behind a wallet: what they count for, a de-peg, and what is sold for a debt."""

import pytest

from bot.core.facts import BalanceChanged, Liquidated, PositionChanged
from bot.core.types import OrderKind
from bot.venues.paper import PaperAccount, PaperError, PaperExchange
from bot.venues.paper.collateral import HAIRCUTS, CollateralTerms
from tests.venues.paper.desk import (
    BTC,
    FREE_TRADING,
    LONG,
    MAIN,
    D,
    a_contract,
    an_order,
    free,
    fund,
    go,
    holding,
    of,
    position,
    wallet,
)

USDE, XAU = "USDe", "XAU"
TERMS = {
    USDE: CollateralTerms(price=D(1), haircut=D("0.1")),
    XAU: CollateralTerms(price=D(30), haircut=D("0.5")),
}


def with_collateral(balance: str = "0", **amounts: str) -> PaperExchange:
    """An account with ``balance`` and assets, long 1 at 100 in cross."""
    held = {asset: D(amount) for asset, amount in (amounts or {USDE: "100"}).items()}
    account = PaperAccount(name=MAIN, balance=D(balance), collateral=held)
    exchange = PaperExchange([account], {BTC: a_contract()}, FREE_TRADING, collateral=TERMS)
    go(exchange, "100", gap=True)
    exchange.open(0, holding(cross=True))
    return exchange


def left(exchange: PaperExchange, asset: str = USDE) -> object:
    return exchange._books.accounts[MAIN].collateral[asset]


def test_an_asset_counts_its_price_less_the_haircut() -> None:
    exchange = with_collateral("5", USDe="100", XAU="2")
    # 5 + 100 * 0.9 + 2 * 30 * 0.5 = 125, of which 10 is margin.
    assert wallet(exchange) == 125
    assert free(exchange) == 115
    (pool,) = exchange.figures().pools
    assert (pool.wallet, pool.equity) == (D(125), D(125))


def test_a_de_peg_is_told_as_a_balance_and_moves_the_liquidation_price() -> None:
    exchange = with_collateral()
    # 90 + (m - 100) = 0.01 m at 10.101.
    assert exchange.wires(BTC).mark.low == D("10.2")
    batches = exchange.collateral_price(7, USDE, D("0.65"))
    # 100 * 0.65 * 0.9 = 58.5, so m = 41.5 / 0.99 = 41.919.
    assert batches == ((BalanceChanged(at_ms=7, account=MAIN, wallet=D("58.5"), free=D("48.5")),),)
    assert exchange.wires(BTC).mark.low == D("42.0")
    assert exchange.collateral_price(8, USDE, D("0.65")) == ()


def test_a_de_peg_can_liquidate() -> None:
    exchange = with_collateral()
    # 100 * 0.01 * 0.9 = 0.9, and 1 is asked for: what is left is taken, at 100 - 0.9.
    (batch,) = exchange.collateral_price(7, USDE, D("0.01"))
    assert [type(f) for f in batch] == [Liquidated, PositionChanged, BalanceChanged]
    (fact,) = of(Liquidated, [batch])
    assert (fact.id, fact.price) == (LONG, D("99.1"))
    assert position(exchange) is None
    # The debt of 0.9 is paid with all of the asset, and the fund has what it took over less what it sold for.
    assert (wallet(exchange), left(exchange), fund(exchange)) == (D(0), D(0), D("0.9"))


def test_a_debt_is_paid_with_as_much_of_the_asset_as_it_takes() -> None:
    exchange = with_collateral()
    go(exchange, "90")
    assert wallet(exchange) == 90
    (batch,) = exchange.submit(2, an_order(OrderKind.MARKET, quantity="1", reduces=True))
    # 10 lost: 10 / 0.9 = 11.11111112 are sold, and of the rest 79.99999999 counts.
    (fact,) = of(BalanceChanged, [batch])
    assert fact.wallet == D("79.99999999")
    assert left(exchange) == D("88.88888888")
    assert exchange._books.accounts[MAIN].wallets["USDT"].amount == 0


def test_assets_are_sold_in_the_order_they_are_held() -> None:
    exchange = with_collateral("0", USDe="10", XAU="2")
    go(exchange, "88")
    exchange.submit(2, an_order(OrderKind.MARKET, quantity="1", reduces=True))
    # Of 12 lost, 9 come from the first and 3 from a fifth of one of the second.
    assert (left(exchange), left(exchange, XAU)) == (D(0), D("1.8"))
    assert wallet(exchange) == 27


def test_a_debt_waits_while_a_cross_position_is_open() -> None:
    exchange = with_collateral()
    go(exchange, "90")
    exchange.submit(2, an_order(OrderKind.MARKET, quantity="0.5", reduces=True))
    assert exchange._books.accounts[MAIN].wallets["USDT"].amount == -5
    assert left(exchange) == 100
    assert wallet(exchange) == 85


def test_collateral_without_terms_is_a_mistake() -> None:
    account = PaperAccount(name=MAIN, balance=D(0), collateral={"WBETH": D(1)})
    with pytest.raises(PaperError, match="1 WBETH as collateral"):
        PaperExchange([account], {BTC: a_contract()}, FREE_TRADING, collateral=TERMS)
    with pytest.raises(PaperError, match="WBETH"):
        with_collateral().collateral_price(1, "WBETH", D(400))


def test_the_published_example_of_a_haircut() -> None:
    # Binance, multi-assets mode: BNB worth 1000 counts 950.
    terms = CollateralTerms(price=D(1000), haircut=HAIRCUTS["binance"]["BNB"])
    assert terms.counts == 950
