"""What new prices do: nothing inside the wires, and outside whatever is met first on the way."""

from typing import Any

import pytest

from bot.core.contracts import Contract
from bot.core.facts import Liquidated, OrdersChanged, PositionChanged
from bot.core.intents import AddMargin
from bot.core.margin.bounds import Band
from bot.core.margin.rules import MaintenanceAt
from bot.core.types import OrderKind, PriceKind, Side, Symbol
from bot.venues.paper import MarketModel, PaperError, PaperExchange, Wires
from tests.venues.paper.desk import (
    BTC,
    ETH,
    ETH_LONG,
    LONG,
    SHORT,
    D,
    a_contract,
    an_action,
    an_exchange,
    an_order,
    go,
    holding,
    of,
    position,
    resting,
    the,
    wallet,
    with_long,
)

STOP = OrderKind.STOP_MARKET


def a_stop(exchange: PaperExchange, trigger: str, by: PriceKind = PriceKind.MARK, **more: Any) -> None:
    exchange.submit(0, an_order(STOP, trigger=trigger, trigger_by=by, quantity="1", reduces=True, **more))


def test_a_price_inside_the_wires_does_nothing() -> None:
    exchange = with_long()
    assert exchange.wires(BTC) == Wires(mark=Band(D("91.0"), None), last=Band(None, None))
    assert go(exchange, "91.1") == ()
    assert go(exchange, "5000", last="1") == ()


def test_the_liquidation_price_is_the_wire_rounded_toward_safety() -> None:
    exchange = with_long()
    # 90 / 0.99 = 90.909...: at the wire itself the position lives, one tick further it does not.
    assert go(exchange, "91.0") == ()
    assert position(exchange) is not None
    assert of(Liquidated, go(exchange, "90.9"))
    assert position(exchange) is None


def test_on_the_way_the_stop_is_met_before_the_liquidation() -> None:
    exchange = with_long()
    a_stop(exchange, "95")
    batches = go(exchange, "85")
    assert of(Liquidated, batches) == []
    assert len(batches) == 1
    assert [f.position for f in of(PositionChanged, batches)] == [None]
    # Margin 10 back, and 100 - 95 lost.
    assert wallet(exchange) == D(995)


def test_after_a_gap_the_liquidation_is_judged_before_the_stop() -> None:
    exchange = with_long()
    a_stop(exchange, "95")
    batches = go(exchange, "85", gap=True)
    assert len(batches) == 1
    assert of(Liquidated, batches)
    assert [f.orders for f in of(OrdersChanged, batches)] == [()]
    assert wallet(exchange) == D(990)


def test_after_a_gap_a_stop_fills_at_the_new_mark() -> None:
    exchange = with_long()
    a_stop(exchange, "95")
    go(exchange, "92", gap=True)
    assert wallet(exchange) == D(992)


def test_after_a_gap_a_stop_on_the_last_price_fills_at_the_traded_price() -> None:
    exchange = with_long()
    a_stop(exchange, "95", PriceKind.LAST)
    go(exchange, "96", last="93", gap=True)
    assert wallet(exchange) == D(993)


@pytest.mark.parametrize(
    ("last", "proceeds"),
    [
        # The mark meets 95 after 5/8 of the way; the traded price is 100 - 16 * 5/8 = 90 there.
        ("84", "990"),
        ("100", "995"),
    ],
)
def test_a_stop_on_the_mark_never_fills_better_than_the_market(last: str, proceeds: str) -> None:
    exchange = with_long()
    a_stop(exchange, "95")
    go(exchange, "92", last=last)
    assert wallet(exchange) == D(proceeds)


def test_mark_and_last_travel_together() -> None:
    # The mark meets 90.909 after 0.909 of the way; the traded price meets its stop after 0.9 of it.
    exchange = with_long()
    a_stop(exchange, "95.5", PriceKind.LAST)
    batches = go(exchange, "90", last="95")
    assert of(Liquidated, batches) == []
    assert wallet(exchange) == D("995.5")


def test_a_liquidation_on_the_way_comes_before_a_later_stop() -> None:
    exchange = with_long()
    a_stop(exchange, "95.2", PriceKind.LAST)
    # The stop would be met after 0.96 of the way.
    assert of(Liquidated, go(exchange, "90", last="95"))
    assert wallet(exchange) == D(990)


def test_a_short_is_the_mirror_image() -> None:
    exchange = an_exchange()
    exchange.open(0, holding(SHORT))
    # 110 / 1.01 = 108.910...
    assert exchange.wires(BTC).mark == Band(None, D("108.9"))
    exchange.submit(0, an_order(STOP, SHORT, trigger="105", quantity="1", reduces=True))
    assert exchange.wires(BTC).mark == Band(None, D("105"))
    assert of(Liquidated, go(exchange, "120")) == []
    assert wallet(exchange) == D(995)


def test_wires_know_every_kind_of_order() -> None:
    exchange = with_long()
    a_stop(exchange, "95", PriceKind.LAST, name="sl")
    for name, kind, prices in (
        ("tp", OrderKind.TAKE_PROFIT_MARKET, {"trigger": "110", "reduces": True}),
        ("limit", OrderKind.LIMIT, {"limit": "120", "reduces": True}),
        ("bid", OrderKind.LIMIT, {"limit": "94"}),
        ("low", OrderKind.STOP_MARKET, {"trigger": "93", "reduces": True}),
    ):
        exchange.submit(0, an_order(kind, name=name, quantity="0.5", **prices))
    assert exchange.wires(BTC) == Wires(mark=Band(D(93), D(110)), last=Band(D(95), D(120)))


def test_at_one_moment_every_order_acts_in_its_own_event() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(STOP, name="a", trigger="96", quantity="0.4", reduces=True))
    exchange.submit(0, an_order(STOP, name="b", trigger="95", quantity="0.6", reduces=True))
    batches = go(exchange, "94")
    assert [f.position and f.position.quantity for f in of(PositionChanged, batches)] == [D("0.6"), None]
    assert len(batches) == 2
    # 0.4 * 4 + 0.6 * 5
    assert wallet(exchange) == D("995.4")


def test_a_stop_limit_that_is_gapped_past_rests_unfilled() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(OrderKind.STOP_LIMIT, trigger="96", limit="95", quantity="1", reduces=True))
    go(exchange, "93", gap=True)
    assert resting(exchange) == {"o1": OrderKind.LIMIT}
    assert the(exchange).quantity == 1
    go(exchange, "94.9")
    assert resting(exchange)
    go(exchange, "95.5")
    assert resting(exchange) == {}
    assert wallet(exchange) == D(995)


def test_a_stop_limit_met_on_the_way_fills_at_its_trigger() -> None:
    exchange = with_long()
    exchange.submit(0, an_order(OrderKind.STOP_LIMIT, trigger="96", limit="95", quantity="1", reduces=True))
    go(exchange, "93")
    assert wallet(exchange) == D(996)
    assert resting(exchange) == {}


def test_a_stop_limit_takes_what_the_book_holds_and_rests_the_remainder() -> None:
    # The price moves by 1 % for each 960 of money that is filled.
    model = MarketModel(depth={BTC: D(960)})
    exchange = an_exchange(model=model, balance="10000")
    exchange.open(0, holding(quantity="15"))
    exchange.submit(
        0, an_order(OrderKind.STOP_LIMIT, trigger="96", limit="95.1", quantity="15", reduces=True)
    )
    go(exchange, "95.5")
    # 0.9 / 96 = 0.9375 % of impact: 900 of notional at 96 is 9.375; the average 95.55 is on the tick at 95.5.
    assert the(exchange).quantity == D("5.625")
    assert resting(exchange) == {"o1": OrderKind.LIMIT}
    # Margin 150 * 9.375 / 15 back less 9.375 * 4.5 lost, from 10000 - 150.
    assert wallet(exchange) == D(9850) + D("93.75") - D("42.1875")
    go(exchange, "95.4")
    assert position(exchange) is None


def test_a_take_profit_fills_at_its_trigger() -> None:
    exchange = with_long()
    exchange.submit(
        0, an_order(OrderKind.TAKE_PROFIT_MARKET, trigger="107", reduces=True, closes_position=True)
    )
    go(exchange, "109")
    assert wallet(exchange) == D(1007)


def test_a_resting_order_that_opens_is_filled_as_maker() -> None:
    exchange = an_exchange(model=MarketModel(maker_fee=D("0.001"), taker_fee=D("0.01"), spread=D("0.01")))
    exchange.submit(0, an_order(OrderKind.LIMIT, limit="95", quantity="2", leverage="10"))
    assert wallet(exchange) == D(1000)
    go(exchange, "90", gap=True)
    assert the(exchange).entry == D(95)
    # Margin 19 and a fee of 0.19.
    assert wallet(exchange) == D("980.81")


def test_a_stop_that_opens_is_cancelled_when_the_margin_is_missing() -> None:
    exchange = an_exchange(balance="5")
    exchange.submit(0, an_order(STOP, trigger="105", quantity="1", leverage="10"))
    batches = go(exchange, "106")
    assert [f.orders for f in of(OrdersChanged, batches)] == [()]
    assert position(exchange) is None


def test_the_first_price_is_a_gap() -> None:
    contract = a_contract(ETH)
    exchange = PaperExchange([], {ETH: contract}, MarketModel())
    assert exchange.move(0, ETH, D(100), D(100), gap=False) == ()
    assert exchange.wires(ETH) == Wires(mark=Band(None, None), last=Band(None, None))


def test_nonsense_prices_and_unknown_symbols_are_the_callers_mistake() -> None:
    exchange = with_long()
    with pytest.raises(PaperError, match="DOGE: not traded here"):
        go(exchange, "1", symbol=Symbol("DOGE"))
    with pytest.raises(PaperError, match="expected above 0"):
        go(exchange, "0")


def following() -> Contract:
    return a_contract(cross_maintenance_at=MaintenanceAt.MARK)


@pytest.mark.parametrize("price", ["90.9", "85"])
def test_maintenance_at_the_mark_follows_the_mark_on_its_way(price: str) -> None:
    # Balance 10 behind a cross long of 1 at 100: 10 + (m - 100) = 0.01 m at 90.909..., although with
    # maintenance frozen at the mark of 100 it would be 91.
    exchange = an_exchange(following(), balance="10")
    exchange.open(0, holding(cross=True))
    assert go(exchange, "91") == ()
    (fact,) = of(Liquidated, go(exchange, price))
    assert (fact.id.side, fact.price) == (Side.LONG, D(90))


def test_only_the_traded_symbol_moves() -> None:
    exchange = with_long(a_contract(), a_contract(ETH))
    a_stop(exchange, "95")
    assert go(exchange, "50", symbol=ETH) == ()
    assert exchange.wires(ETH) == Wires(mark=Band(None, None), last=Band(None, None))
    assert position(exchange, LONG) is not None


def test_the_wires_go_with_what_they_guarded() -> None:
    exchange = with_long(a_contract(), a_contract(ETH), cross=True, balance="30")
    exchange.open(0, holding(ETH_LONG, cross=True, leverage="20"))
    assert exchange.wires(BTC).mark.low is not None
    for id_ in (LONG, ETH_LONG):
        exchange.submit(1, an_order(id_=id_, quantity="1", reduces=True))
    for symbol in (BTC, ETH):
        assert exchange.wires(symbol) == Wires(mark=Band(None, None), last=Band(None, None))


def test_money_that_leaves_the_wallet_tightens_the_wires_of_the_cross_pool() -> None:
    exchange = with_long(a_contract(), a_contract(ETH), balance="50")
    exchange.open(0, holding(ETH_LONG, cross=True))
    # 40 behind a long of 1 at 100: 60 / 0.99. With 30: 70 / 0.99.
    assert exchange.wires(ETH).mark.low == D("60.7")
    exchange.execute(1, an_action(AddMargin(id=LONG, amount=D(10))))
    assert exchange.wires(ETH).mark.low == D("70.8")
    assert of(Liquidated, go(exchange, "70.7", symbol=ETH))


def test_at_one_price_the_liquidation_comes_before_the_stop() -> None:
    exchange = an_exchange()
    # 89.1 / 0.99 is 90 exactly.
    exchange.open(0, holding(margin="10.9"))
    a_stop(exchange, "90")
    assert of(Liquidated, go(exchange, "85"))
