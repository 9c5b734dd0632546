"""Who pays when nobody can: the queue of each venue, the fund, and what the deleveraged are told."""

from decimal import Decimal

import pytest

from bot.core.contracts import Contract, ContractKind
from bot.core.facts import BalanceChanged, Deleveraged, Liquidated, OrdersChanged, PositionChanged
from bot.core.margin.pool import Holding, Pool
from bot.core.types import AccountName, MarginMode, OrderKind, Position, PositionId, PriceKind, Side, Symbol
from bot.venues.paper import MarketModel, PaperAccount, PaperError, PaperExchange
from bot.venues.paper.deleveraging import score
from bot.venues.paper.model import Share
from tests.venues.paper.desk import (
    BTC,
    ETH,
    FREE_TRADING,
    LONG,
    SHORT,
    D,
    a_contract,
    an_exchange,
    an_order,
    fund,
    go,
    holding,
    of,
    position,
    resting,
    the,
    wallet,
    with_long,
)

SOL = Symbol("SOL")


def an_id(account: str, side: Side = Side.SHORT, symbol: Symbol = BTC) -> PositionId:
    return PositionId(AccountName(account), symbol, side)


LOSER = an_id("loser", Side.LONG)
BOLD, CALM = an_id("bold"), an_id("calm")


def a_crowd(*contracts: Contract, fund: str = "0", **balances: str) -> PaperExchange:
    """Accounts with balances on contracts that trade at 100."""
    traded = contracts or (a_contract(),)
    accounts = [PaperAccount(name=AccountName(n), balance=D(b)) for n, b in balances.items()]
    exchange = PaperExchange(accounts, {c.symbol: c for c in traded}, FREE_TRADING, insurance_fund=D(fund))
    for contract in traded:
        exchange.move(0, contract.symbol, D(100), D(100), gap=True)
    return exchange


def one_against_two(fund: str) -> PaperExchange:
    """A long of 1 at 100, bankrupt at 90, and two shorts at 100: a bold one at 10x and a calm one at 2x."""
    exchange = a_crowd(fund=fund, calm="1000", loser="1000", bold="1000")
    exchange.open(0, holding(LOSER))
    exchange.open(0, holding(CALM, leverage="2"))
    exchange.open(0, holding(BOLD))
    return exchange


def wallets(exchange: PaperExchange) -> dict[str, Decimal]:
    return {f.account: f.wallet for f in of(BalanceChanged, [exchange.snapshot(9)])}


def test_a_loss_the_fund_can_pay_deleverages_nobody() -> None:
    exchange = one_against_two("5")
    assert of(Deleveraged, go(exchange, "85", gap=True)) == []
    assert fund(exchange) == 0


def test_a_loss_nobody_can_pay_is_matched_with_the_first_of_the_other_side() -> None:
    exchange = one_against_two("0")
    (batch,) = go(exchange, "85", gap=True)
    liquidated, deleveraged = batch[:2]
    assert isinstance(liquidated, Liquidated)
    assert isinstance(deleveraged, Deleveraged)
    assert (liquidated.id, liquidated.price) == (LOSER, D(90))
    assert (deleveraged.id, deleveraged.quantity, deleveraged.price) == (BOLD, D(1), D(90))
    assert {f.id: f.position for f in of(PositionChanged, [batch])} == {LOSER: None, BOLD: None}
    # Bold earned 10 instead of the 15 the mark promised; the loser lost his margin of 10.
    assert wallets(exchange) == {"calm": D(950), "loser": D(990), "bold": D(1010)}
    assert {f.account for f in of(BalanceChanged, [batch])} == {"bold"}
    assert fund(exchange) == 0


def test_the_fund_pays_as_far_as_it_reaches() -> None:
    exchange = one_against_two("2")
    (fact,) = of(Deleveraged, go(exchange, "85", gap=True))
    # Each unit sold at 85 costs the fund 5: it can pay for 0.4 of them.
    assert (fact.id, fact.quantity, fact.price) == (BOLD, D("0.6"), D(90))
    assert fund(exchange) == 0
    held = the(exchange, BOLD)
    assert (held.quantity, held.margin) == (D("0.4"), D(4))
    assert wallets(exchange)["bold"] == D(1002)


def test_what_the_accounts_here_do_not_hold_the_rest_of_the_market_does() -> None:
    exchange = with_long()
    (batch,) = go(exchange, "85", gap=True)
    assert of(Deleveraged, [batch]) == []
    assert fund(exchange) == 0
    assert wallet(exchange) == 990


def test_a_short_that_dies_deleverages_longs() -> None:
    exchange = a_crowd(loser="100", bold="100")
    exchange.open(0, holding(an_id("loser")))
    exchange.open(0, holding(an_id("bold", Side.LONG)))
    (fact,) = of(Deleveraged, go(exchange, "120", gap=True))
    assert (fact.id, fact.price) == (an_id("bold", Side.LONG), D(110))
    assert wallets(exchange)["bold"] == D(110)


def test_the_price_is_rounded_in_favour_of_the_fund() -> None:
    exchange = a_crowd(loser="1000", bold="1000")
    exchange.open(0, holding(LOSER, margin="9.96"))
    exchange.open(0, holding(BOLD))
    liquidated, deleveraged = go(exchange, "85", gap=True)[0][:2]
    assert isinstance(liquidated, Liquidated)
    assert isinstance(deleveraged, Deleveraged)
    # Bankrupt at 90.04: shown away from entry, matched toward it, and the difference of 0.06 is the fund's.
    assert (liquidated.price, deleveraged.price) == (D("90.0"), D("90.1"))
    assert fund(exchange) == D("0.06")


def test_the_other_leg_of_ones_own_hedge_may_be_the_one_that_pays() -> None:
    exchange = an_exchange(hedge=True)
    exchange.open(0, holding(LONG))
    exchange.open(0, holding(SHORT))
    batches = go(exchange, "85", gap=True)
    assert [f.id for f in of(Liquidated, batches)] == [LONG]
    assert [f.id for f in of(Deleveraged, batches)] == [SHORT]
    assert wallet(exchange) == 1000


def test_who_is_deleveraged_at_a_bad_price_may_be_liquidated_in_turn() -> None:
    contracts = [a_contract(s) for s in (BTC, ETH, SOL)]
    exchange = a_crowd(*contracts, loser="15", winner="6.5")
    for symbol in (BTC, ETH):
        exchange.open(0, holding(an_id("loser", Side.LONG, symbol), leverage="20", cross=True))
    exchange.open(0, holding(an_id("winner", symbol=ETH), leverage="50", cross=True))
    exchange.open(0, holding(an_id("winner", symbol=SOL), quantity="2", leverage="50", cross=True))
    (batch,) = go(exchange, "80", gap=True)
    # The loser has 15 - 20 = -5: his ETH is taken over at 105, which leaves nothing, and the fund has none.
    # The winner buys his short back at 105 and has 1.5 left, his other short asks for 2: bankrupt at 100.75.
    told = [(type(f), f.id.symbol, f.price) for f in batch if isinstance(f, Liquidated | Deleveraged)]
    assert told == [
        (Liquidated, ETH, D(105)),
        (Deleveraged, ETH, D(105)),
        (Liquidated, BTC, D(80)),
        (Liquidated, SOL, D("100.8")),
    ]
    assert fund(exchange) == D("1.5")
    assert set(wallets(exchange).values()) == {D(0)}


def test_a_stop_filled_beyond_bankruptcy_does_not_take_more_than_the_fund_has() -> None:
    exchange = with_long(fund="4")
    order = an_order(
        OrderKind.STOP_MARKET, trigger="95", quantity="1", reduces=True, trigger_by=PriceKind.LAST
    )
    exchange.submit(0, order)
    go(exchange, "100", last="80", gap=True)
    assert position(exchange) is None
    # 20 lost on a margin of 10.
    assert fund(exchange) == 0
    assert wallet(exchange) == 990


def test_a_fund_below_zero_is_refused() -> None:
    with pytest.raises(PaperError, match="insurance fund of -1"):
        an_exchange(fund="-1")


def test_in_coins_the_loss_is_matched_in_coins() -> None:
    contract = a_contract(kind=ContractKind.INVERSE, settlement="COIN", lot=D(1))
    names = ("loser", "bold")
    accounts = [PaperAccount(name=AccountName(n), balance=D(2), currency="COIN") for n in names]
    exchange = PaperExchange(accounts, {BTC: contract}, FREE_TRADING)
    exchange.move(0, BTC, D(100), D(100), gap=True)
    exchange.open(0, holding(LOSER, quantity="1000"))
    exchange.open(0, holding(BOLD, quantity="1000"))
    liquidated, deleveraged = go(exchange, "85", gap=True)[0][:2]
    assert isinstance(liquidated, Liquidated)
    assert isinstance(deleveraged, Deleveraged)
    # 1000 / p - 1000 / 100 = 1 at 90.909: shown below, matched above.
    assert (liquidated.price, deleveraged.price) == (D("90.9"), D("91.0"))
    # 1000 / 91 - 10 = 0.98901099 coins for the short, and what is left of the margin of 1 for the fund.
    assert wallets(exchange) == {"loser": D(1), "bold": D("2.98901099")}
    assert exchange.figures().pots["COIN"].insurance_fund == D("0.01098901")


# --- from outside ------------------------------------------------------------------------------------


def test_the_market_deleverages_a_share_at_the_mark_and_cancels_the_orders() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(OrderKind.STOP_MARKET, trigger="95", quantity="1", reduces=True))
    go(exchange, "110")
    (batch,) = exchange.deleverage(5, BTC, Side.LONG, Share(D("0.5")))
    assert [type(f) for f in batch] == [Deleveraged, PositionChanged, OrdersChanged, BalanceChanged]
    fact = batch[0]
    assert fact == Deleveraged(at_ms=5, id=LONG, quantity=D("0.5"), price=D(110))
    assert (the(exchange).quantity, the(exchange).margin) == (D("0.5"), D(5))
    assert resting(exchange) == {}
    # 5 of margin and 5 of profit.
    assert wallet(exchange) == 1000


def test_it_takes_by_rank_up_to_a_quantity() -> None:
    exchange = one_against_two("0")
    go(exchange, "95")
    batches = exchange.deleverage(5, BTC, Side.SHORT, D("1.3"), D(94))
    assert [(f.id, f.quantity, f.price) for f in of(Deleveraged, batches)] == [
        (BOLD, D(1), D(94)),
        (CALM, D("0.3"), D(94)),
    ]
    # 10 + 6, and 15 + 1.8.
    assert wallets(exchange) == {"calm": D("966.8"), "loser": D(990), "bold": D(1006)}


def test_nobody_is_deleveraged_beyond_his_own_bankruptcy_price() -> None:
    exchange = an_exchange()
    exchange.open(0, holding(SHORT, leverage="50"))
    assert exchange.deleverage(5, BTC, Side.SHORT, Share(D(1)), D("102.1")) == ()
    assert of(Deleveraged, exchange.deleverage(5, BTC, Side.SHORT, Share(D(1)), D(102)))
    assert wallet(exchange) == 998


def test_hyperliquid_leaves_the_orders_and_bybit_charges_the_maker_fee() -> None:
    for family, kept, fee in (("hyperliquid", ["o1"], "0"), ("bybit", [], "0.01")):
        contract = a_contract(family=family)
        exchange = with_long(contract, model=MarketModel(maker_fee=D("0.0002")))
        exchange.submit(0, an_order(OrderKind.STOP_MARKET, trigger="95", quantity="1", reduces=True))
        exchange.deleverage(5, BTC, Side.LONG, Share(D("0.5")))
        assert list(resting(exchange)) == kept
        # 0.5 at 100.
        assert exchange.figures().pots["USDT"].fees == D(fee)


@pytest.mark.parametrize("share", ["0", "1.01", "-1"])
def test_a_share_is_a_fraction(share: str) -> None:
    with pytest.raises(PaperError, match="share"):
        Share(D(share))


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        # A short of 1 at 100 with a margin of 10, mark 80: profit 20, equity 30, value 80, maintenance 0.8.
        ("gate", "0.533333"),  # 20 / 100 * 80 / 30
        ("bybit", "0.533333"),
        ("binance", "0.053333"),  # 20 / 10 * 0.8 / 30
        ("okx", "0.005333"),  # 20 / 100 * 0.8 / 30
        ("hyperliquid", "3.333333"),  # 100 / 80 * 80 / 30
    ],
)
def test_the_queue_of_each_venue(family: str, expected: str) -> None:
    assert abs(a_score(family, "80") - D(expected)) < D("0.000001")


@pytest.mark.parametrize(
    ("family", "expected"),
    # At 104: loss 4, equity 6, value 104, maintenance 1.04.
    [("gate", "-0.002308"), ("okx", "-0.230769"), ("binance", "0")],
)
def test_losers_stand_at_the_end_of_the_queue(family: str, expected: str) -> None:
    assert abs(a_score(family, "104") - D(expected)) < D("0.000001")


def a_score(family: str, mark: str) -> Decimal:
    contract = a_contract(family=family)
    held = Position(
        id=SHORT, quantity=D(1), entry=D(100), leverage=D(10), mode=MarginMode.ISOLATED, margin=D(10)
    )
    pool = Pool(MarginMode.ISOLATED, D(10), (Holding(held, contract),))
    return score(held, contract, pool, {BTC: D(mark)})
