"""Orders of people and programs: what fills, at which price, and what is left."""

from dataclasses import replace

import pytest

from bot.core.facts import BalanceChanged, Outcome, OutcomeKind, PositionChanged
from bot.core.intents import ReducePosition
from bot.core.margin.venues import RULES
from bot.core.types import ClientId, MarginMode, OrderKind, PositionId, PriceKind
from bot.venues.paper import MarketModel, OrderRequest, PaperError
from tests.venues.paper.desk import (
    BTC,
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
    outcome,
    position,
    resting,
    the,
    wallet,
    with_long,
)

LIMIT, IOC, STOP = OrderKind.LIMIT, OrderKind.IOC, OrderKind.STOP_MARKET
FEES = MarketModel(maker_fee=D("0.0002"), taker_fee=D("0.0005"))


def test_a_market_order_opens_at_the_traded_price_with_fee_and_half_the_spread() -> None:
    exchange = an_exchange(model=MarketModel(taker_fee=D("0.0005"), spread=D("0.01")))
    batches = exchange.submit(5, an_order(quantity="1", leverage="10"))
    (batch,) = batches
    assert [type(f) for f in batch] == [Outcome, PositionChanged, BalanceChanged]
    done = outcome(batches)
    assert (done.kind, done.proof) == (OutcomeKind.VERIFIED, "paper books")
    (fill,) = done.fills
    assert (fill.quantity, fill.price, fill.fee, fill.pnl) == (D(1), D("100.5"), D("0.05025"), D(0))
    assert fill.slippage == D("0.5")
    held = the(exchange)
    assert (held.entry, held.margin, held.leverage, held.opened_ms) == (D("100.5"), D("10.05"), D(10), 5)
    assert wallet(exchange) == D(1000) - D("10.05") - D("0.05025")


@pytest.mark.parametrize(
    ("venue", "id_", "margin"),
    [
        ("binance_usdm", LONG, "10"),
        # A tenth of 100, and 0.055 % of what is left at bankruptcy: 90 for the long, 110 for the short.
        ("bybit_linear", LONG, "10.0495"),
        ("bybit_linear", SHORT, "10.0605"),
    ],
)
def test_bybit_keeps_the_fee_of_closing_with_the_margin(venue: str, id_: PositionId, margin: str) -> None:
    exchange = an_exchange(replace(a_contract(), rules=RULES[venue]))
    exchange.submit(2, an_order(id_=id_, quantity="1", leverage="10"))
    assert the(exchange, id_).margin == D(margin)


def test_a_reduction_releases_margin_pro_rata_and_pays_its_fee() -> None:
    exchange = with_long(model=FEES)
    go(exchange, "104")
    done = outcome(exchange.execute(2, an_action(ReducePosition(id=LONG, quantity=D("0.25")))))
    (fill,) = done.fills
    assert (fill.price, fill.pnl, fill.fee) == (D(104), D(1), D("0.013"))
    assert (the(exchange).quantity, the(exchange).margin) == (D("0.75"), D("7.5"))
    # 990 + 2.5 released + 1 earned - 0.013 fee.
    assert wallet(exchange) == D("993.487")
    # The liquidation price did not move: that is what re-adding the release is for.
    assert exchange.wires(BTC).mark.low == D("91.0")


def test_a_reduction_with_a_bound_fills_at_it_or_better_or_not_at_all() -> None:
    exchange = with_long()
    go(exchange, "100", last="97", gap=True)
    missed = ReducePosition(id=LONG, quantity=D("0.25"), limit=D("97.5"))
    done = outcome(exchange.execute(2, an_action(missed)))
    assert (done.kind, done.fills) == (OutcomeKind.VERIFIED, ())
    assert the(exchange).quantity == 1
    met = ReducePosition(id=LONG, quantity=D("0.25"), limit=D("96.5"))
    (fill,) = outcome(exchange.execute(3, an_action(met, "again"))).fills
    assert (fill.quantity, fill.price) == (D("0.25"), D(97))


def test_a_loss_beyond_what_is_released_comes_from_the_margin_that_stays() -> None:
    exchange = with_long()
    go(exchange, "100", last="85", gap=True)
    exchange.execute(2, an_action(ReducePosition(id=LONG, quantity=D("0.5"))))
    # 5 released, 7.5 lost: 2.5 of the other 5.
    assert the(exchange).margin == D("2.5")
    assert wallet(exchange) == D(990)


def test_an_isolated_position_can_lose_its_own_margin_only() -> None:
    exchange = with_long(fund="100")
    go(exchange, "100", last="80", gap=True)
    exchange.execute(2, an_action(ReducePosition(id=LONG, quantity=D(1))))
    assert wallet(exchange) == D(990)
    assert fund(exchange) == D(90)


def test_a_cross_wallet_ends_at_nothing_not_below() -> None:
    exchange = an_exchange(balance="15", fund="100")
    exchange.open(0, holding(cross=True))
    go(exchange, "100", last="80", gap=True)
    exchange.execute(2, an_action(ReducePosition(id=LONG, quantity=D(1))))
    assert wallet(exchange) == 0
    assert fund(exchange) == D(95)


def test_a_fill_that_ruins_the_pool_and_its_liquidation_are_one_event() -> None:
    exchange = with_long(balance="15", cross=True)
    go(exchange, "100", last="80", gap=True)
    batches = exchange.execute(2, an_action(ReducePosition(id=LONG, quantity=D("0.75"))))
    assert len(batches) == 1
    # All 15 are lost on the 0.75; the rest, at 100 on the mark, has nothing behind it.
    assert position(exchange) is None
    assert wallet(exchange) == 0


def test_the_average_entry_is_rounded_and_the_rounding_is_booked() -> None:
    exchange = with_long()
    go(exchange, "101")
    exchange.submit(2, an_order(quantity="2"))
    held = the(exchange)
    # (100 + 202) / 3 on a grid of 0.00001; 3 * 100.66667 is 0.00001 more than was paid.
    assert held.entry == D("100.66667")
    assert held.margin == D("30.20001")
    assert held.opened_ms == 0
    assert wallet(exchange) == D(1000) - 10 - D("20.2")
    assert exchange.figures().positions[0].realised == D("0.00001")


def test_in_one_way_mode_a_sell_closes_the_long_and_flips() -> None:
    exchange = with_long()
    done = outcome(exchange.submit(2, an_order(id_=SHORT, quantity="3")))
    assert [f.quantity for f in done.fills] == [D(1), D(2)]
    assert position(exchange, LONG) is None
    assert (the(exchange, SHORT).quantity, the(exchange, SHORT).margin) == (D(2), D(20))
    assert the(exchange, SHORT).leverage == D(10)
    assert wallet(exchange) == D(980)


def test_in_one_way_mode_a_smaller_sell_only_reduces() -> None:
    exchange = with_long()
    exchange.submit(2, an_order(id_=SHORT, quantity="0.4"))
    assert the(exchange).quantity == D("0.6")
    assert position(exchange, SHORT) is None


def test_a_flip_that_cannot_be_paid_closes_and_stops_there() -> None:
    exchange = with_long(balance="10")
    done = outcome(exchange.submit(2, an_order(id_=SHORT, quantity="3")))
    assert [f.quantity for f in done.fills] == [D(1)]
    assert position(exchange, SHORT) is None
    assert wallet(exchange) == D(10)


def test_in_hedge_mode_both_sides_stand_beside_each_other() -> None:
    exchange = with_long(hedge=True)
    exchange.submit(2, an_order(id_=SHORT, quantity="2", leverage="20"))
    assert (the(exchange, LONG).quantity, the(exchange, SHORT).quantity) == (D(1), D(2))
    exchange.submit(3, an_order(id_=SHORT, name="o2", quantity="0.5", reduces=True))
    assert (the(exchange, LONG).quantity, the(exchange, SHORT).quantity) == (D(1), D("1.5"))


def test_a_cross_order_leaves_the_wallet_and_binds_free_balance() -> None:
    exchange = an_exchange(model=FEES)
    exchange.submit(2, an_order(quantity="1", leverage="4", mode=MarginMode.CROSS))
    assert the(exchange).margin == 0
    assert wallet(exchange) == D("999.95")
    assert free(exchange) == D("974.95")
    # A loss binds more, a profit frees nothing.
    go(exchange, "90")
    assert free(exchange) == D("999.95") - D(10) - D("22.5")
    go(exchange, "110")
    assert free(exchange) == D("999.95") - D("27.5")


# 1 % of the price for each 1000 of money.
DEEP = MarketModel(depth={BTC: D(1000)})


def test_a_large_order_pays_half_of_the_impact_it_has() -> None:
    exchange = an_exchange(model=DEEP)
    (fill,) = outcome(exchange.submit(2, an_order(quantity="20", leverage="10"))).fills
    # 2000 of 1000: 2 % at the margin, 1 % on average.
    assert (fill.quantity, fill.price) == (D(20), D(101))


def test_the_book_ends_at_the_stated_impact_and_the_rest_is_cancelled() -> None:
    exchange = an_exchange(model=DEEP)
    (fill,) = outcome(exchange.submit(2, an_order(quantity="60", leverage="10"))).fills
    # 5 % away it ends: 5000 of money, at 2.5 % on average.
    assert (fill.quantity, fill.price) == (D(50), D("102.5"))
    assert resting(exchange) == {}


def test_an_ioc_order_takes_what_is_within_its_limit() -> None:
    exchange = an_exchange(model=DEEP)
    (fill,) = outcome(exchange.submit(2, an_order(IOC, quantity="50", limit="103", leverage="10"))).fills
    assert (fill.quantity, fill.price) == (D(30), D("101.5"))
    done = outcome(exchange.submit(3, an_order(IOC, name="o2", quantity="1", limit="99")))
    assert (done.kind, done.fills) == (OutcomeKind.VERIFIED, ())
    assert resting(exchange) == {}


def test_a_marketable_limit_order_rests_its_remainder_until_the_next_price() -> None:
    exchange = an_exchange(model=DEEP)
    exchange.submit(2, an_order(LIMIT, quantity="50", limit="103", leverage="10"))
    assert the(exchange).quantity == D(30)
    assert resting(exchange) == {"o1": LIMIT}
    go(exchange, "102")
    assert resting(exchange) == {}
    # The average of 30 at 101.5 and 20 at 103.
    assert the(exchange).entry == D("102.1")


def test_a_marketable_limit_order_that_reduces_rests_its_remainder_too() -> None:
    exchange = an_exchange(model=DEEP, balance="10000")
    exchange.open(0, holding(quantity="50"))
    exchange.submit(2, an_order(LIMIT, quantity="40", limit="97", reduces=True))
    assert the(exchange).quantity == D(20)
    assert resting(exchange) == {"o1": LIMIT}


def test_a_limit_order_within_the_market_fills_at_once() -> None:
    exchange = with_long()
    exchange.submit(2, an_order(LIMIT, quantity="1", limit="90", reduces=True))
    assert position(exchange) is None
    assert wallet(exchange) == D(1000)


def test_a_limit_order_without_an_infinite_book_needs_the_touch_inside_its_limit() -> None:
    exchange = an_exchange(model=MarketModel(spread=D("0.02"), depth={}))
    exchange.submit(2, an_order(LIMIT, quantity="1", limit="100.5", leverage="10"))
    # The ask is at 101.
    assert resting(exchange) == {"o1": LIMIT}


def test_an_empty_book_refuses_a_market_order() -> None:
    exchange = an_exchange(model=MarketModel(depth={BTC: D("0.001")}))
    done = outcome(exchange.submit(2, an_order(quantity="1", leverage="10")))
    assert (done.kind, done.code) == (OutcomeKind.REJECTED, "-5021")


def test_a_stop_that_finds_no_book_is_gone_and_so_is_the_protection() -> None:
    exchange = with_long(model=MarketModel(depth={BTC: D("0.001")}))
    exchange.submit(0, an_order(STOP, trigger="95", quantity="1", reduces=True))
    go(exchange, "94")
    assert the(exchange).quantity == 1
    assert resting(exchange) == {}


def test_reducing_orders_leave_with_the_position_and_opening_ones_stay() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(STOP, name="sl", trigger="95", quantity="1", reduces=True))
    exchange.submit(0, an_order(LIMIT, name="ask", limit="120", quantity="1", reduces=True))
    exchange.submit(0, an_order(LIMIT, name="bid", limit="80", quantity="1"))
    exchange.submit(0, an_order(name="out", quantity="1", reduces=True))
    assert list(resting(exchange)) == ["bid"]


def test_a_resting_reduction_never_closes_more_than_there_is() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(STOP, name="sl", trigger="95", quantity="1", reduces=True))
    exchange.submit(0, an_order(name="out", quantity="0.7", reduces=True))
    go(exchange, "94")
    assert position(exchange) is None
    assert position(exchange, SHORT) is None
    assert wallet(exchange) == D("998.5")


def test_a_closing_stop_takes_whatever_the_position_has_become() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(STOP, trigger="95", reduces=True, closes_position=True))
    exchange.submit(0, an_order(name="more", quantity="1"))
    go(exchange, "94", gap=True)
    assert position(exchange) is None


def test_an_order_can_be_cancelled_once() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(LIMIT, name="bid", limit="80", quantity="1"))
    assert outcome(exchange.cancel(1, ClientId("bid"))).kind is OutcomeKind.VERIFIED
    with pytest.raises(PaperError, match="no resting order bid"):
        exchange.cancel(1, ClientId("bid"))


def test_a_second_order_of_a_position_keeps_its_leverage() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(quantity="1", leverage="50"))
    assert the(exchange).leverage == D(10)


def test_leverage_set_before_is_used_by_the_next_order() -> None:
    exchange = an_exchange()
    exchange.set_leverage(0, LONG, D(4))
    exchange.submit(0, an_order(quantity="1"))
    assert (the(exchange).leverage, the(exchange).margin) == (D(4), D(25))


def test_without_any_setting_an_order_opens_isolated_at_twenty() -> None:
    exchange = an_exchange()
    exchange.submit(0, an_order(quantity="1"))
    assert (the(exchange).leverage, the(exchange).mode) == (D(20), MarginMode.ISOLATED)


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": STOP, "quantity": D(1)},
        {"kind": OrderKind.MARKET, "quantity": D(1), "trigger": D(90)},
        {"kind": LIMIT, "quantity": D(1)},
        {"kind": OrderKind.MARKET, "quantity": D(1), "limit": D(90)},
        {"kind": STOP, "trigger": D(90), "closes_position": True},
        {"kind": OrderKind.MARKET, "reduces": True, "closes_position": True},
    ],
)
def test_an_order_that_could_not_even_be_sent_is_the_callers_mistake(broken: dict[str, object]) -> None:
    with pytest.raises(PaperError, match="main/BTC/long"):
        OrderRequest(client_id=ClientId("x"), id=LONG, **broken)  # type: ignore[arg-type]  # that is the point


def test_strangers_are_the_callers_mistake() -> None:
    exchange = an_exchange()
    nobody = PositionId(type(MAIN)("nobody"), BTC, LONG.side)
    with pytest.raises(PaperError, match="no such account"):
        exchange.submit(0, an_order(id_=nobody, quantity="1"))
    with pytest.raises(PaperError, match="not traded here"):
        exchange.submit(0, an_order(id_=ETH_LONG, quantity="1"))
    with pytest.raises(PaperError, match="not traded here"):
        exchange.listing.change_tiers(0, a_contract(ETH_LONG.symbol))


def test_a_stop_on_the_traded_price_looks_at_the_traded_price() -> None:
    exchange = with_long()
    go(exchange, "100", last="97")
    by_last = an_order(STOP, trigger="98", quantity="1", reduces=True, trigger_by=PriceKind.LAST)
    assert outcome(exchange.submit(1, by_last)).code == "-2021"
    by_mark = an_order(STOP, trigger="98", quantity="1", reduces=True)
    assert outcome(exchange.submit(1, by_mark)).kind is OutcomeKind.VERIFIED
