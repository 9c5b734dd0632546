"""Openings, funding, final figures, the snapshot, and the venue port."""

import asyncio

import pytest

from bot.core.contracts import Tier
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    FundingPaid,
    InstrumentChanged,
    Liquidated,
    OrdersChanged,
    Outcome,
    PositionChanged,
)
from bot.core.held.spot import SpotBalancesChanged
from bot.core.intents import AddMargin, ReducePosition
from bot.core.types import AccountName, MarginMode, OrderKind
from bot.venues.paper import MarketModel, Opening, PaperAccount, PaperError, PaperExchange, PaperVenue
from bot.venues.port import Venue
from tests.venues.paper.desk import (
    BTC,
    ETH,
    ETH_LONG,
    LONG,
    MAIN,
    SHORT,
    D,
    a_contract,
    an_action,
    an_exchange,
    an_order,
    free,
    fund,
    go,
    holding,
    of,
    position,
    the,
    wallet,
    with_long,
)


def test_an_opening_costs_nothing_but_its_margin() -> None:
    exchange = an_exchange(model=MarketModel(taker_fee=D("0.01"), spread=D("0.1")))
    (batch,) = exchange.open(3, holding(quantity="2", leverage="8", entry="96"))
    assert [type(f) for f in batch] == [PositionChanged, BalanceChanged]
    held = the(exchange)
    assert (held.entry, held.margin, held.opened_ms) == (D(96), D(24), 3)
    assert (wallet(exchange), free(exchange)) == (D(976), D(976))


def test_margin_is_rounded_up_to_what_can_be_booked() -> None:
    exchange = an_exchange()
    exchange.open(0, holding(leverage="3"))
    assert the(exchange).margin == D("33.33333334")


def test_the_traders_own_margin_is_taken_if_given() -> None:
    exchange = an_exchange()
    exchange.open(0, holding(margin="30"))
    assert (the(exchange).margin, wallet(exchange)) == (D(30), D(970))


@pytest.mark.parametrize(
    ("opening", "message"),
    [
        (holding(quantity="101"), "needs a margin of 1010.00000000, 1000"),
        (holding(quantity="101", cross=True), "needs a margin of 1010"),
        (holding(entry="120"), "would be liquidated at once: entry 120, mark 100, 10x, margin 12"),
        (holding(margin="1"), "would be liquidated at once"),
        (holding(quantity="0.0001"), "expected a multiple of 0.001"),
        (holding(quantity="-1"), "above 0"),
        (holding(leverage="200"), "leverage 200, allowed 1 to 125"),
        (holding(ETH_LONG), "not traded here"),
    ],
)
def test_an_impossible_opening_says_why(opening: Opening, message: str) -> None:
    exchange = an_exchange()
    before = exchange.snapshot(9)
    with pytest.raises(PaperError, match=message):
        exchange.open(0, opening)
    assert exchange.snapshot(9) == before


def test_an_opening_needs_a_price_and_a_place() -> None:
    exchange = PaperExchange([], {BTC: a_contract()}, MarketModel())
    with pytest.raises(PaperError, match="no such account"):
        exchange.open(0, holding())
    exchange = with_long()
    with pytest.raises(PaperError, match="a position is open already"):
        exchange.open(0, holding())
    with pytest.raises(PaperError, match="a position is open already"):
        exchange.open(0, holding(SHORT))
    hedge = with_long(hedge=True)
    hedge.open(0, holding(SHORT))
    assert position(hedge, SHORT) is not None


def test_a_symbol_without_a_price_cannot_be_opened() -> None:
    exchange = an_exchange(a_contract())
    silent = PaperExchange([], {BTC: a_contract()}, MarketModel())
    assert silent.wires(BTC) != exchange.wires(BTC)
    fresh = an_exchange(a_contract(), a_contract(ETH))
    fresh._quotes[ETH] = type(fresh._quotes[ETH])()
    with pytest.raises(PaperError, match="no price yet"):
        fresh.open(0, holding(ETH_LONG))


# --- funding -------------------------------------------------------------------------------------


def test_longs_pay_shorts_from_their_own_margin() -> None:
    exchange = with_long(hedge=True)
    exchange.open(0, holding(SHORT, quantity="2"))
    go(exchange, "101", last="104")
    (batch,) = exchange.settle_funding(4, BTC, D("0.001"))
    assert [(f.id, f.amount, f.rate) for f in of(FundingPaid, [batch])] == [
        (LONG, D("-0.101"), D("0.001")),
        (SHORT, D("0.202"), D("0.001")),
    ]
    assert the(exchange, LONG).margin == D("9.899")
    assert the(exchange, SHORT).margin == D("20.202")
    # The long's liquidation came nearer without a trade: 90.101 / 0.99.
    assert exchange.wires(BTC).mark.low == D("91.1")
    assert exchange.figures().pots["USDT"].funding == D("-0.101")


def test_cross_positions_pay_from_the_wallet() -> None:
    exchange = with_long(cross=True)
    exchange.settle_funding(4, BTC, D("-0.0025"))
    assert wallet(exchange) == D("1000.25")


def test_funding_is_booked_in_eight_decimals() -> None:
    exchange = with_long()
    (batch,) = exchange.settle_funding(4, BTC, D("0.00000000012345"))
    assert of(FundingPaid, [batch])[0].amount == D("-0.00000001")


def test_funding_that_kills_liquidates_in_the_same_event() -> None:
    exchange = with_long()
    (batch,) = exchange.settle_funding(4, BTC, D("0.095"))
    assert [type(f) for f in batch] == [FundingPaid, Liquidated, PositionChanged]
    # 0.5 was left.
    assert of(Liquidated, [batch])[0].price == D("99.5")
    assert fund(exchange) == D("0.5")


def test_funding_without_a_position_is_nothing() -> None:
    assert an_exchange().settle_funding(4, BTC, D("0.001")) == ()


# --- figures -------------------------------------------------------------------------------------


def test_figures_of_an_open_and_a_closed_position() -> None:
    exchange = with_long(a_contract(), a_contract(ETH), model=MarketModel(taker_fee=D("0.001")), fund="7")
    exchange.open(0, holding(ETH_LONG, cross=True))
    exchange.settle_funding(1, ETH, D("0.002"))
    go(exchange, "104", symbol=ETH)
    exchange.execute(2, an_action(ReducePosition(id=ETH_LONG, quantity=D(1))))
    go(exchange, "98")
    final = exchange.figures()
    first, second = final.positions
    assert (first.id, first.open, first.quantity, first.entry) == (LONG, True, D(1), D(100))
    assert (first.equity, first.maintenance, first.unrealised) == (D(8), D("0.98"), D(-2))
    assert first.margin_ratio == D("0.1225")
    assert first.liquidation_price == D("91.0")
    assert first.distance == D(7) / D(98)
    assert (second.id, second.open, second.quantity, second.equity) == (ETH_LONG, False, D(0), None)
    assert (second.realised, second.fees, second.funding) == (D(4), D("0.104"), D("-0.2"))
    cross, isolated = final.pools
    assert (cross.mode, cross.ids, cross.wallet) == (MarginMode.CROSS, (), D("993.696"))
    assert (cross.equity, cross.maintenance, cross.margin_ratio, cross.distance) == (
        D("993.696"),
        D(0),
        None,
        None,
    )
    assert (cross.realised, cross.fees, cross.funding) == (D(4), D("0.104"), D("-0.2"))
    assert (isolated.mode, isolated.ids, isolated.wallet) == (MarginMode.ISOLATED, (LONG,), D(10))
    assert (isolated.equity, isolated.distance) == (D(8), first.distance)
    pots = final.pots["USDT"]
    assert (pots.insurance_fund, pots.fees, pots.funding) == (D(7), D("0.104"), D("0.2"))


def test_figures_count_liquidations_and_what_they_cost() -> None:
    exchange = with_long()
    go(exchange, "85", gap=True)
    (gone,) = exchange.figures().positions
    assert (gone.open, gone.liquidations, gone.realised) == (False, 1, D(-10))


def test_a_position_that_cannot_be_liquidated_has_no_distance() -> None:
    exchange = an_exchange()
    exchange.open(0, holding(leverage="1"))
    (held,) = exchange.figures().positions
    assert (held.liquidation_price, held.distance) == (None, None)


def test_a_cross_pool_shows_its_nearest_position() -> None:
    exchange = an_exchange(a_contract(), a_contract(ETH), balance="30")
    for id_ in (LONG, ETH_LONG):
        exchange.open(0, holding(id_, cross=True, leverage="20"))
    first, second = exchange.figures().positions
    pool = exchange.figures().pools[0]
    assert pool.ids == (LONG, ETH_LONG)
    assert (pool.equity, pool.maintenance) == (D(30), D(2))
    # 29 - (100 - m) = 0.01 m at 71.717...
    assert first.liquidation_price == second.liquidation_price == D("71.8")
    assert pool.distance == D("28.2") / D(100)


# --- snapshot and port ---------------------------------------------------------------------------


def test_the_snapshot_holds_contracts_balances_positions_and_orders() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(OrderKind.LIMIT, SHORT, limit="120", quantity="1"))
    now = exchange.snapshot(9)
    kinds = [InstrumentChanged, BalanceChanged, PositionChanged, OrdersChanged, OrdersChanged, AccountRead]
    assert [type(f) for f in now] == kinds
    assert {f.at_ms for f in now} == {9}
    assert [(f.id, len(f.orders)) for f in of(OrdersChanged, [now])] == [(LONG, 0), (SHORT, 1)]


def test_the_snapshot_tells_the_coins_held_outright_where_somebody_counts_them() -> None:
    coins = {"ETH": D(2), "BTC": D("0.5"), "SOLD": D(0)}
    accounts = [
        PaperAccount(name=MAIN, balance=D(100), spot=coins),
        PaperAccount(name=AccountName("none"), balance=D(100), spot={}),
        PaperAccount(name=AccountName("unasked"), balance=D(100)),
    ]
    exchange = PaperExchange(accounts, {BTC: a_contract()}, MarketModel())
    told = of(SpotBalancesChanged, [exchange.snapshot(9)])
    assert [(f.at_ms, f.account, [(h.asset, h.quantity) for h in f.holdings]) for f in told] == [
        (9, MAIN, [("BTC", D("0.5")), ("ETH", D(2))]),
        (9, "none", []),
    ]
    assert exchange.spot(MAIN) == coins


def test_the_paper_venue_answers_through_the_port() -> None:
    exchange = with_long()
    venue: Venue = PaperVenue(exchange, lambda: 42)

    async def talk() -> None:
        (batch,) = await venue.execute(an_action(AddMargin(id=LONG, amount=D(1))))
        assert isinstance(batch[0], Outcome)
        assert batch[0].at_ms == 42
        (now,) = await venue.snapshot()
        assert {f.at_ms for f in now} == {42}

    asyncio.run(talk())
    assert exchange.capabilities(MAIN).venue == "paper binance"


def test_a_balance_is_told_only_when_it_changed() -> None:
    exchange = with_long()
    batches = exchange.submit(0, an_order(OrderKind.STOP_MARKET, trigger="95", quantity="1", reduces=True))
    assert of(BalanceChanged, batches) == []


def test_tiers_beyond_the_last_cap_are_the_last_tier() -> None:
    tiers = (Tier(floor=D(0), cap=D(50), rate=D("0.01")),)
    assert with_long(a_contract(tiers=tiers)).wires(BTC).mark.low == D("91.0")
