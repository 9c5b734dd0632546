"""Inverse contracts: quantity is face value in quote currency, money is coins, profit follows 1 / price.

A long of 100 at 100 is worth one coin. At 10x its margin is 0.1, it is bankrupt at 100 / 1.1 = 90.909... and
liquidated at 101 / 1.1 = 91.818...; the short is liquidated at 99 / 0.9 = 110.
"""

from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.facts import BalanceChanged, FundingPaid, Liquidated
from bot.core.intents import AddMargin, ReducePosition
from bot.core.types import MarginMode, OrderKind, PositionId, Side
from bot.venues.paper import MarketModel, PaperAccount, PaperExchange
from tests.venues.paper.desk import (
    BTC,
    LONG,
    MAIN,
    SHORT,
    D,
    a_contract,
    an_action,
    an_order,
    go,
    holding,
    of,
    outcome,
    position,
    the,
)

COIN = "COIN"


def an_inverse(**changes: Any) -> Contract:
    defaults: dict[str, Any] = {"kind": ContractKind.INVERSE, "settlement": COIN, "lot": D(1)}
    return a_contract(**(defaults | {"margin_step": D("0.0001")} | changes))


def coins(balance: str = "1", model: MarketModel | None = None, **changes: Any) -> PaperExchange:
    """An exchange with one inverse contract at 100, and so many coins."""
    account = PaperAccount(name=MAIN, balance=D(balance), currency=COIN)
    exchange = PaperExchange([account], {BTC: an_inverse(**changes)}, model or MarketModel())
    go(exchange, "100", gap=True)
    return exchange


def wallets(exchange: PaperExchange) -> dict[str, Decimal]:
    return {f.currency: f.wallet for f in of(BalanceChanged, [exchange.snapshot(9)])}


def fund(exchange: PaperExchange) -> Decimal:
    return exchange.figures().pots[COIN].insurance_fund


def test_a_long_earns_coins_as_the_price_rises() -> None:
    exchange = coins()
    exchange.open(0, holding(quantity="100"))
    assert the(exchange).margin == D("0.1")
    go(exchange, "125")
    (batch,) = exchange.execute(1, an_action(ReducePosition(id=LONG, quantity=D(100))))
    (fill,) = outcome([batch]).fills
    assert fill.pnl == D("0.2")  # one coin less 100 / 125
    assert wallets(exchange) == {COIN: D("1.2")}


def test_profit_without_end_is_booked_in_eight_decimals() -> None:
    exchange = coins()
    exchange.open(0, holding(SHORT, quantity="100"))
    go(exchange, "108")
    (fill,) = outcome(exchange.execute(1, an_action(ReducePosition(id=SHORT, quantity=D(100))))).fills
    assert fill.pnl == D("-0.07407407")  # 100 / 108 less one coin
    assert wallets(exchange) == {COIN: D("0.92592593")}


def test_fees_are_coins() -> None:
    exchange = coins(model=MarketModel(taker_fee=D("0.001")))
    exchange.submit(1, an_order(quantity="100", leverage="10"))
    assert wallets(exchange) == {COIN: D("0.899")}
    go(exchange, "125")
    exchange.execute(2, an_action(ReducePosition(id=LONG, quantity=D(100))))
    # A tenth of a coin comes back with 0.2 of profit, less 0.1 % of 0.8 coins.
    assert wallets(exchange) == {COIN: D("1.1982")}
    assert exchange.figures().pots[COIN].fees == D("0.0018")


def test_entries_are_averaged_harmonically() -> None:
    exchange = coins()
    exchange.open(0, holding(quantity="100"))
    go(exchange, "125")
    exchange.submit(1, an_order(quantity="100"))
    held = the(exchange)
    # 200 over 1 + 0.8 coins is 111.111...: it is kept to 0.00001, and what that cuts off is realised.
    assert (held.quantity, held.entry) == (D(200), D("111.11111"))
    assert held.margin == D("0.1") + D("0.08") - D("0.00000002")
    assert exchange.figures().positions[0].realised == D("-0.00000002")


def test_longs_and_shorts_are_liquidated_at_their_own_distance() -> None:
    exchange = coins()
    exchange.open(0, holding(quantity="100"))
    assert exchange.wires(BTC).mark.low == D("91.9")
    exchange = coins()
    exchange.open(0, holding(SHORT, quantity="100"))
    assert exchange.wires(BTC).mark.high == D(110)


def test_a_short_without_leverage_is_never_liquidated() -> None:
    exchange = coins()
    exchange.open(0, holding(SHORT, quantity="100", leverage="1"))
    assert exchange.wires(BTC).mark.high is None
    assert go(exchange, "1000000") == ()
    assert exchange.figures().positions[0].liquidation_price is None


def test_a_liquidated_long_is_taken_over_at_its_bankruptcy_price() -> None:
    exchange = coins()
    exchange.open(0, holding(quantity="100"))
    (batch,) = go(exchange, "91", gap=True)
    (taken,) = of(Liquidated, [batch])
    assert (taken.quantity, taken.price) == (D(100), D("90.9"))
    assert wallets(exchange) == {COIN: D("0.9")}
    # The fund gets 0.1 and loses 100 / 91 - 1 in the market.
    assert fund(exchange) == D("0.1") - D("0.09890110")


def test_what_can_be_bankrupt_at_no_price_is_taken_over_where_it_is_sold() -> None:
    exchange = coins()
    exchange.open(0, holding(SHORT, quantity="100", leverage="1"))
    drastic = (Tier(floor=D(0), cap=None, rate=D("1.2")),)
    batches = exchange.listing.change_tiers(1, an_inverse(tiers=drastic))
    (taken,) = of(Liquidated, batches)
    assert taken.price == D(100)
    assert fund(exchange) == D(1)


def test_tiers_of_inverse_contracts_count_coins() -> None:
    tiers = (
        Tier(floor=D(0), cap=D(2), rate=D("0.01")),
        Tier(floor=D(2), cap=None, rate=D("0.5"), deduction=D("0.98")),
    )
    exchange = coins("10", liquidation_steps=True)
    exchange.open(0, holding(quantity="400", leverage="5"))
    (batch,) = exchange.listing.change_tiers(1, an_inverse(tiers=tiers, liquidation_steps=True))
    # 2 coins at 100 are 200 of face: the other half of the position goes, with half of its margin of 0.8.
    (taken,) = of(Liquidated, [batch])
    assert taken.quantity == D(200)
    assert (the(exchange).quantity, the(exchange).margin) == (D(200), D("0.4"))


def test_funding_is_paid_on_the_value_in_coins() -> None:
    exchange = coins()
    exchange.open(0, holding(quantity="100"))
    go(exchange, "125")
    (paid,) = of(FundingPaid, exchange.settle_funding(2, BTC, D("0.001")))
    assert paid.amount == D("-0.0008")
    assert the(exchange).margin == D("0.0992")


def test_depth_is_quote_currency_and_so_is_the_quantity() -> None:
    model = MarketModel(depth={BTC: D(1000)})
    exchange = coins(model=model)
    exchange.open(0, holding(quantity="100"))
    (fill,) = outcome(exchange.execute(1, an_action(ReducePosition(id=LONG, quantity=D(100))))).fills
    # A tenth of the depth moves the price by 0.1 % and fills at half of that: 99.95, on the tick 99.9.
    assert fill.price == D("99.9")
    assert fill.slippage == D("0.00100100")  # 100 / 99.9 less one coin
    # The book ends 5 % away, where five times the depth has been taken.
    exchange = coins("100", model=model)
    exchange.submit(1, an_order(quantity="9000", leverage="5"))
    assert the(exchange).quantity == D(5000)


def test_margin_is_added_in_coins() -> None:
    exchange = coins()
    exchange.open(0, holding(quantity="100"))
    exchange.execute(1, an_action(AddMargin(id=LONG, amount=D("0.05"))))
    assert the(exchange).margin == D("0.15")
    assert wallets(exchange) == {COIN: D("0.85")}
    # 101 / 1.15 = 87.826...
    assert exchange.wires(BTC).mark.low == D("87.9")


# --- an account with dollars and coins -----------------------------------------------------------


DOLLAR_LONG = PositionId(MAIN, a_contract().symbol, Side.LONG)
COIN_LONG = PositionId(MAIN, type(BTC)("COIN"), Side.LONG)


def both(dollars: str = "1000", own_coins: str = "1") -> PaperExchange:
    """An exchange with a linear and an inverse contract at 100, and one account with money for each."""
    account = PaperAccount(name=MAIN, balance=D(dollars), others={COIN: D(own_coins)})
    contracts = {c.symbol: c for c in (a_contract(), an_inverse(symbol=COIN_LONG.symbol))}
    exchange = PaperExchange([account], contracts, MarketModel())
    for symbol in contracts:
        go(exchange, "100", gap=True, symbol=symbol)
    return exchange


def test_dollars_do_not_pay_for_a_position_in_coins() -> None:
    exchange = both(own_coins="0.1")
    exchange.open(0, holding(COIN_LONG, quantity="100"))
    (batch,) = exchange.execute(1, an_action(AddMargin(id=COIN_LONG, amount=D("0.01"))))
    assert "0E-8 free" in outcome([batch]).proof
    assert the(exchange, COIN_LONG).margin == D("0.1")
    (batch,) = exchange.submit(1, an_order(id_=COIN_LONG, quantity="1"))
    assert outcome([batch]).code == "-2019"


def test_each_currency_has_a_cross_pool_of_its_own() -> None:
    exchange = both(own_coins="0.1")
    exchange.open(0, holding(cross=True))
    exchange.open(0, holding(COIN_LONG, quantity="100", cross=True))
    dollars, in_coins = exchange.figures().pools
    assert (dollars.currency, dollars.ids, dollars.wallet) == ("USDT", (LONG,), D(1000))
    assert (in_coins.currency, in_coins.ids, in_coins.wallet) == (COIN, (COIN_LONG,), D("0.1"))
    # The pool of coins dies as an isolated position of that margin would, a thousand dollars beside it.
    (batch,) = go(exchange, "91", gap=True, symbol=COIN_LONG.symbol)
    assert [f.id for f in of(Liquidated, [batch])] == [COIN_LONG]
    assert [(f.currency, f.wallet) for f in of(BalanceChanged, [batch])] == [(COIN, D(0))]
    assert position(exchange, COIN_LONG) is None
    assert the(exchange, LONG).mode is MarginMode.CROSS


def test_the_orders_of_the_other_pool_stay() -> None:
    exchange = both(own_coins="0.1")
    exchange.open(0, holding(cross=True))
    exchange.open(0, holding(COIN_LONG, quantity="100", cross=True))
    exchange.submit(1, an_order(OrderKind.STOP_MARKET, quantity="1", reduces=True, trigger="80"))
    go(exchange, "91", gap=True, symbol=COIN_LONG.symbol)
    assert len(exchange._books.orders(LONG)) == 1


def test_a_linear_contract_that_settles_in_the_coin_shares_its_pool() -> None:
    alt = a_contract(type(BTC)("ALT"), settlement=COIN)
    account = PaperAccount(name=MAIN, balance=D(1), currency=COIN)
    exchange = PaperExchange([account], {BTC: an_inverse(), alt.symbol: alt}, MarketModel())
    go(exchange, "100", gap=True)
    go(exchange, "100", gap=True, symbol=alt.symbol)
    exchange.open(0, holding(quantity="500", cross=True))
    exchange.open(0, holding(PositionId(MAIN, alt.symbol, Side.LONG), quantity="0.05", cross=True))
    go(exchange, "80")  # 5 coins of long lose 500 / 80 - 5 = 1.25 ...
    assert position(exchange) is None  # ... which one coin does not survive,
    exchange = PaperExchange([account], {BTC: an_inverse(), alt.symbol: alt}, MarketModel())
    go(exchange, "100", gap=True)
    go(exchange, "100", gap=True, symbol=alt.symbol)
    exchange.open(0, holding(quantity="500", cross=True))
    exchange.open(0, holding(PositionId(MAIN, alt.symbol, Side.LONG), quantity="0.05", cross=True))
    go(exchange, "120", symbol=alt.symbol)  # ... but with one more coin earned by the other it does.
    assert go(exchange, "80") == ()
    assert the(exchange).quantity == D(500)
