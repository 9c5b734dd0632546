"""The account as Binance's answers tell it."""

from typing import Any

import pytest

from bot.core.margin.liquidation import liquidation_price
from bot.core.margin.pool import Holding, Pool
from bot.core.types import MarginMode, OrderKind, PositionId, PositionMode, PriceKind, Side, Symbol
from bot.venues.live.dialect import Dialect
from bot.venues.live.terms import AccountState, Balance, KeyRights, Listing
from tests.venues.live.binance.recorded import (
    BTC,
    COIN,
    COINM,
    ME,
    OURS,
    USDM,
    D,
    coin_listing,
    frame,
    listing,
)

BNB = Symbol("BNB/USDT:USDT")


def read(dialect: Dialect = USDM, known: Listing | None = None, **payloads: Any) -> AccountState:
    told: dict[str, Any] = {"positions": [], "balances": [], "orders": [], "algo orders": []}
    told |= {name.replace("_", " "): payload for name, payload in payloads.items()}
    return dialect.reading.account(ME, told, known or listing())


def test_the_payloads_are_named_as_they_are_asked_for() -> None:
    assert set(USDM.reading.account_requests(listing())) == {"positions", "balances", "orders", "algo orders"}


def test_orders_are_read_of_the_symbols_that_matter_where_that_is_cheaper() -> None:
    everything = USDM.reading.account_requests(listing())
    some = USDM.reading.account_requests(listing(), {BTC, Symbol("GONE/USDT:USDT")})
    assert set(some) == {"positions", "balances", "orders of BTCUSDT", "algo orders of BTCUSDT"}
    assert some["orders of BTCUSDT"].params == {"symbol": "BTCUSDT"}
    assert sum(request.weight for request in everything.values()) == 90
    assert sum(request.weight for request in some.values()) == 12


def test_orders_of_several_lists_are_told_together() -> None:
    row = frame("open algo orders")[0]
    told = {"positions": [], "balances": [], "orders of BTCUSDT": frame("open limit order of the website")}
    state = USDM.reading.account(ME, told | {"algo orders of BNBUSDT": [row]}, listing())
    assert [order.kind for order in state.orders] == [OrderKind.LIMIT, OrderKind.TAKE_PROFIT_MARKET]


def test_an_isolated_long_in_hedge_mode() -> None:
    state = read(positions=frame("position isolated"))
    (position,) = state.positions
    assert position.id == PositionId(ME, BTC, Side.LONG)
    assert (position.quantity, position.entry, position.leverage) == (D(20), D("6563.665"), D(10))
    assert (position.mode, position.margin) == (MarginMode.ISOLATED, D("13200.70726908"))
    assert state.venue_liquidation == {position.id: D("5930.78")}
    assert position.opened_ms == 0
    assert state.flaws == ()


def test_cross_in_hedge_mode_leaves_out_the_side_that_is_empty() -> None:
    state = read(positions=frame("positions hedge"))
    (position,) = state.positions
    assert (position.mode, position.margin, position.id.side) == (MarginMode.CROSS, D(0), Side.LONG)
    assert position.quantity == D("0.001")
    assert state.venue_liquidation[position.id] == D("19731.45529116")


def test_a_flat_account_has_no_positions() -> None:
    assert read(positions=frame("positions flat")) == AccountState(positions=(), balances=(), orders=())


def test_a_negative_amount_is_a_short() -> None:
    row = frame("position isolated")[0] | {"positionAmt": "-20.000", "positionSide": "BOTH"}
    (position,) = read(positions=[row]).positions
    assert (position.id.side, position.quantity) == (Side.SHORT, D(20))


def test_no_liquidation_price_is_no_figure() -> None:
    row = frame("position isolated")[0] | {"liquidationPrice": "0"}
    assert read(positions=[row]).venue_liquidation == {}


def test_coin_m_holds_face_value_and_its_own_liquidation_price_is_ours() -> None:
    state = read(COINM, coin_listing(), positions=frame("position isolated", "binancecoinm"))
    (position,) = state.positions
    assert (position.id.symbol, position.quantity, position.margin) == (COIN, D(200), D("0.00268058"))
    holding = Holding(position, coin_listing().by_symbol[COIN].contract)
    ours = liquidation_price(Pool(MarginMode.ISOLATED, position.margin, (holding,)), position.id, {})
    assert ours is not None
    assert abs(ours / state.venue_liquidation[position.id] - 1) < D("0.0002")


def test_wallet_leaves_out_isolated_margin_and_free_is_what_can_be_spent() -> None:
    state = read(balances=frame("balances"))
    assert state.balances == (Balance(currency="USDT", wallet=D("23.72469206"), free=D("23.72469206")),)
    coins = read(COINM, coin_listing(), balances=frame("balances", "binancecoinm"))
    assert coins.balances == (Balance(currency="BTC", wallet=D("0.00241969"), free=D("0.00241969")),)


def test_a_currency_that_nothing_settles_in_is_left_out() -> None:
    assert read(balances=[frame("balances")[0] | {"asset": "BNB"}]).balances == ()


def test_a_limit_order_of_the_website_is_foreign() -> None:
    (order,) = read(orders=frame("open limit order of the website")).orders
    assert order.client_id == "web_z00rl9EmhEGAEv7FHo24"
    assert order.id == PositionId(ME, BTC, Side.SHORT)
    assert (order.kind, order.reduces, order.quantity) == (OrderKind.LIMIT, True, D("0.003"))
    assert (order.limit, order.trigger, order.placed_ms) == (D(36000), None, 1699675683008)


def test_what_is_filled_is_no_longer_resting() -> None:
    row = frame("open limit order of the website")[0] | {"executedQty": "0.001", "status": "PARTIALLY_FILLED"}
    (order,) = read(orders=[row]).orders
    assert order.quantity == D("0.002")


def test_a_trailing_stop_is_shown_but_never_counted_on() -> None:
    (order,) = read(orders=frame("open orders")).orders
    assert (order.kind, order.trigger) == (OrderKind.MARKET, None)
    assert not order.kind.is_stop


def test_a_stop_of_ours_is_found_among_the_conditional_orders() -> None:
    row = frame("open algo orders")[0] | {
        "clientAlgoId": OURS,
        "symbol": "BTCUSDT",
        "orderType": "STOP_MARKET",
        "workingType": "MARK_PRICE",
        "reduceOnly": True,
        "price": "0.00",
    }
    (order,) = read(algo_orders=[row]).orders
    assert order.client_id == OURS
    assert order.id == PositionId(ME, BTC, Side.LONG)
    assert (order.kind, order.reduces, order.quantity) == (OrderKind.STOP_MARKET, True, D("0.01"))
    assert (order.trigger, order.limit, order.trigger_by) == (D(750), None, PriceKind.MARK)
    assert order.placed_ms == 1750514941540


def test_a_take_profit_with_a_limit_that_opens() -> None:
    (order,) = read(algo_orders=frame("open algo orders")).orders
    assert order.id == PositionId(ME, BNB, Side.SHORT)
    assert (order.kind, order.reduces, order.limit) == (OrderKind.TAKE_PROFIT_MARKET, False, D(750))
    assert order.trigger_by is PriceKind.LAST


def test_a_stop_for_the_whole_position_has_no_quantity() -> None:
    row = frame("open algo orders")[0] | {"closePosition": True, "quantity": "", "orderType": "STOP_MARKET"}
    (order,) = read(algo_orders=[row]).orders
    assert (order.closes_position, order.quantity, order.reduces) == (True, D(0), True)
    assert order.id.side is Side.LONG


def test_hedge_mode_tells_reducing_by_the_side() -> None:
    row = frame("open algo orders")[0] | {"positionSide": "SHORT", "orderType": "STOP_MARKET"}
    (order,) = read(algo_orders=[row | {"side": "BUY"}]).orders
    assert (order.id.side, order.reduces) == (Side.SHORT, True)
    (order,) = read(algo_orders=[row]).orders
    assert (order.id.side, order.reduces) == (Side.SHORT, False)


def test_orders_of_contracts_that_are_not_listed_are_not_ours_to_show() -> None:
    state = read(orders=[frame("open orders")[0] | {"symbol": "XYZUSDT"}])
    assert (state.orders, state.flaws) == ((), ())


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": "XYZUSDT"},
        {"positionAmt": "nan"},
        {"positionAmt": None},
        {"entryPrice": "0.0"},
        {"entryPrice": "-1"},
        {"leverage": "0"},
        {"leverage": None},
        {"marginType": "portfolio"},
        {"isolatedWallet": "inf"},
        {"isolatedWallet": ""},
        {"positionSide": "SHORT"},
        {"positionSide": None},
        {"symbol": ["BTCUSDT"]},
    ],
)
def test_a_position_that_makes_no_sense_is_a_flaw_and_no_position(changes: dict[str, Any]) -> None:
    state = read(positions=[frame("position isolated")[0] | changes, *frame("positions hedge")])
    assert [position.mode for position in state.positions] == [MarginMode.CROSS]
    assert len(state.flaws) == 1


def test_a_senseless_liquidation_price_is_a_flaw_of_a_position_that_is_there() -> None:
    state = read(positions=[frame("position isolated")[0] | {"liquidationPrice": None}])
    assert len(state.positions) == len(state.flaws) == 1
    assert state.venue_liquidation == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"origQty": "0"},
        {"origQty": "0.001", "executedQty": "0.002"},
        {"clientOrderId": ""},
        {"clientOrderId": None},
        {"side": "HOLD"},
        {"positionSide": "UP"},
        {"reduceOnly": "perhaps"},
        {"workingType": None},
        {"time": 0},
        {"price": "nan"},
        {"origType": "STOP_MARKET", "stopPrice": "0"},
    ],
)
def test_an_order_that_makes_no_sense_is_a_flaw_and_no_order(changes: dict[str, Any]) -> None:
    (row,) = frame("open limit order of the website")
    state = read(orders=[row | changes, row])
    assert len(state.orders) == len(state.flaws) == 1


@pytest.mark.parametrize("name", ["positions", "balances", "orders", "algo orders"])
@pytest.mark.parametrize("payload", [{"code": -1000, "msg": "?"}, None, "html", {}])
def test_an_answer_that_is_no_list_is_no_account(name: str, payload: Any) -> None:
    with pytest.raises(ValueError, match=name):
        read(**{name.replace(" ", "_"): payload})


def test_an_answer_that_is_missing_is_no_account() -> None:
    with pytest.raises(KeyError):
        USDM.reading.account(ME, {"positions": []}, listing())


def test_the_setup_tells_position_mode_and_refuses_several_currencies() -> None:
    setup = USDM.reading.setup([frame("position mode"), frame("multi-assets mode")])
    assert setup.position_mode is PositionMode.HEDGE
    assert len(setup.refuse) == 1
    assert "multi-assets mode" in setup.refuse[0]
    plain = USDM.reading.setup([{"dualSidePosition": False}, {"multiAssetsMargin": False}])
    assert (plain.position_mode, plain.refuse) == (PositionMode.ONE_WAY, ())
    assert COINM.reading.setup([frame("position mode", "binancecoinm")]).refuse == ()
    assert [request.path for request in COINM.reading.setup_requests()] == ["positionSide/dual"]


@pytest.mark.parametrize("payload", [{}, {"dualSidePosition": None}, {"code": -2015, "msg": "no"}, [], None])
def test_an_unknown_position_mode_is_not_guessed(payload: Any) -> None:
    with pytest.raises(ValueError, match=r"positionSide/dual|dualSidePosition"):
        USDM.reading.setup([payload, {"multiAssetsMargin": False}])


def test_the_rights_of_a_key() -> None:
    told = frame("rights")
    rights = USDM.reading.rights(told)
    assert rights == KeyRights(
        trade=False, withdraw=False, transfer=False, ip_restricted=False, portfolio_margin=True
    )
    assert USDM.reading.rights(told | {"permitsUniversalTransfer": True}).transfer
    missing = {
        name: value for name, value in told.items() if name not in ("ipRestrict", "enableInternalTransfer")
    }
    assert USDM.reading.rights(missing) == KeyRights(
        trade=False, withdraw=False, transfer=None, ip_restricted=None, portfolio_margin=True
    )
    with pytest.raises(ValueError, match="rights"):
        USDM.reading.rights({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})


def test_the_exchanges_clock() -> None:
    assert USDM.reading.time_ms(frame("time")) == 1499827319559
    with pytest.raises(ValueError, match="serverTime"):
        USDM.reading.time_ms({})
