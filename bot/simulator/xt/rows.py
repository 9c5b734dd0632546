"""Positions, balances, orders, plans and trades as XT spells them.

Shapes: the documentation of its futures interface, and the answers ccxt 4.5.90 quotes beside its parsers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.core.types import ZERO, MarginMode, OrderKind, Position, PositionId, PriceKind, Side
from bot.simulator.records import AccountView, Income, OrderRecord, OrderStatus, Origin, Trade
from bot.simulator.spelling import shown, shown_or
from bot.simulator.standing import Funds, Standing
from bot.simulator.world import World
from bot.simulator.xt.names import Names, size_of

Row = dict[str, Any]
MONEY = Decimal("0.00000001")
SIDES = {Side.LONG: "LONG", Side.SHORT: "SHORT"}
MODES = {MarginMode.ISOLATED: "ISOLATED", MarginMode.CROSS: "CROSSED"}
STATES = {
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
}
PLAN_STATES = {
    OrderStatus.NEW: "NOT_TRIGGERED",
    OrderStatus.CANCELLED: "USER_REVOCATION",
    OrderStatus.EXPIRED: "PLATFORM_REVOCATION",
    OrderStatus.TRIGGERED: "TRIGGERED",
}
PLANS = {
    OrderKind.STOP_MARKET: "STOP_MARKET",
    OrderKind.STOP_LIMIT: "STOP",
    OrderKind.TAKE_PROFIT_MARKET: "TAKE_PROFIT_MARKET",
}
PRICE_KINDS = {PriceKind.MARK: "MARK_PRICE", PriceKind.LAST: "LATEST_PRICE"}
ACCOUNT_ID = 245296


def position_row(world: World, names: Names, id_: PositionId, stands: Standing | None) -> Row:
    """One side of a contract, flat or not. ``isolatedMargin`` of a cross one is its initial margin."""
    contract = world.contracts[id_.symbol]
    leverage, mode = world.exchange.desk.terms(id_)
    size = ZERO if stands is None else size_of(contract, stands.position.quantity)
    return {
        "symbol": names[id_.symbol],
        "positionType": MODES[mode],
        "positionSide": SIDES[id_.side],
        "contractType": "PERPETUAL",
        "positionSize": shown(size),
        "closeOrderSize": "0",
        "availableCloseSize": shown(size),
        "entryPrice": shown(stands.position.entry) if stands else "0",
        "openOrderSize": "0",
        "isolatedMargin": shown(stands.margin.quantize(MONEY)) if stands else "0",
        "openOrderMarginFrozen": "0",
        "realizedProfit": "0",
        "autoMargin": False,
        "leverage": int(leverage),
        "markPrice": shown(world.market[id_.symbol].mark),
    }


def break_row(names: Names, stands: Standing) -> Row:
    """Where a position would be liquidated; nought where nowhere."""
    return {
        "symbol": names[stands.position.id.symbol],
        "positionSide": SIDES[stands.position.id.side],
        "breakPrice": shown_or(stands.liquidation, "0"),
        "calMarkPrice": shown(stands.mark),
    }


def balance_row(fund: Funds) -> Row:
    """A coin; ``walletBalance`` contains the margin of isolated positions."""
    return {
        "coin": fund.currency.lower(),
        "walletBalance": shown(fund.wallet.quantize(MONEY)),
        "openOrderMarginFrozen": "0",
        "isolatedMargin": shown(fund.isolated.quantize(MONEY)),
        "crossedMargin": shown(fund.crossed.quantize(MONEY)),
        "availableBalance": shown(fund.free.quantize(MONEY)),
        "bonus": "0",
        "coupon": "0",
    }


def trades_of(view: AccountView, record: OrderRecord) -> list[Trade]:
    """The trades of an order."""
    return [trade for trade in view.trades if trade.order_id == record.order_id]


def order_row(world: World, names: Names, view: AccountView, record: OrderRecord) -> Row:
    """An ordinary order. One that sprang from a plan names it as its source."""
    contract = world.contracts[record.id.symbol]
    profit = sum((trade.pnl for trade in trades_of(view, record)), ZERO)
    forced = record.origin in (Origin.LIQUIDATION, Origin.DELEVERAGING)
    return {
        "orderId": str(record.order_id),
        "clientOrderId": record.client_id if record.parent is None and record.client_id else None,
        "symbol": names[record.id.symbol],
        "contractType": "PERPETUAL",
        "orderType": "LIMIT" if record.limit else "MARKET",
        "orderSide": "BUY" if record.buy else "SELL",
        "positionSide": SIDES[record.id.side],
        "timeInForce": record.noted.get("timeInForce", "IOC"),
        "closePosition": False,
        "price": shown_or(record.limit, "0"),
        "origQty": shown(size_of(contract, record.quantity)),
        "avgPrice": shown(record.average.quantize(contract.tick / 100)) if record.filled else "0",
        "executedQty": shown(size_of(contract, record.filled)),
        "marginFrozen": "0",
        "remark": None,
        "triggerProfitPrice": None,
        "triggerStopPrice": None,
        "sourceId": None if record.parent is None else str(record.parent),
        "sourceType": "DEFAULT" if record.parent is None else "ENTRUST",
        "forceClose": forced,
        "closeProfit": shown(profit.quantize(MONEY)) if record.reduces and record.filled else None,
        "state": STATES[record.status],
        "createdTime": record.created_ms,
        "updatedTime": record.updated_ms,
    }


def plan_row(world: World, names: Names, record: OrderRecord) -> Row:
    """A plan: what is sent when its trigger is met."""
    contract = world.contracts[record.id.symbol]
    return {
        "clientOrderId": record.client_id or None,
        "entrustId": str(record.order_id),
        "symbol": names[record.id.symbol],
        "entrustType": PLANS[record.kind],
        "orderSide": "BUY" if record.buy else "SELL",
        "positionSide": SIDES[record.id.side],
        "timeInForce": record.noted.get("timeInForce", "IOC"),
        "closePosition": None,
        "price": None if record.limit is None else shown(record.limit),
        "origQty": shown(size_of(contract, record.quantity)),
        "stopPrice": shown_or(record.trigger),
        "triggerPriceType": PRICE_KINDS[record.trigger_by],
        "state": PLAN_STATES[record.status],
        "marketOrderLevel": None,
        "createdTime": record.created_ms,
        "updatedTime": record.updated_ms,
        "ordinary": False,
    }


def trade_row(world: World, names: Names, trade: Trade) -> Row:
    """One trade; the fee was paid."""
    contract = world.contracts[trade.id.symbol]
    return {
        "orderId": str(trade.order_id),
        "execId": str(trade.trade_id),
        "symbol": names[trade.id.symbol],
        "quantity": shown(size_of(contract, trade.quantity)),
        "price": shown(trade.price),
        "fee": shown(trade.fee),
        "feeCoin": trade.currency.lower(),
        "timestamp": trade.at_ms,
        "takerMaker": "MAKER" if trade.maker else "TAKER",
    }


def pushed_position(row: Row, last: Position | None) -> Row:
    """A position as the stream tells it."""
    return {
        "accountId": ACCOUNT_ID,
        "accountType": 0,
        **row,
        "underlyingType": "U_BASED",
        "welfareAccount": False,
        "profitFixedLatest": {},
        "closeProfit": "0",
        "totalFee": "0",
        "totalFundFee": "0",
    } | ({"positionType": MODES[last.mode]} if last else {})


def pushed_order(row: Row) -> Row:
    """An order as the stream tells it."""
    names: tuple[str, ...] = ("symbol", "orderId", "origQty", "avgPrice", "price", "executedQty")
    names += ("orderSide", "positionSide")
    names += ("marginFrozen", "sourceType", "sourceId", "state", "clientOrderId")
    return {name: row[name] for name in names} | {"createTime": row["createdTime"]}


def pushed_trade(world: World, names: Names, trade: Trade, record: OrderRecord) -> Row:
    """A trade as the stream tells it."""
    contract = world.contracts[trade.id.symbol]
    return {
        "symbol": names[trade.id.symbol],
        "orderSide": "BUY" if record.buy else "SELL",
        "positionSide": SIDES[record.id.side],
        "orderId": str(trade.order_id),
        "price": shown(trade.price),
        "quantity": shown(size_of(contract, trade.quantity)),
        "marginUnfrozen": "0",
        "timestamp": trade.at_ms,
    }


def payment_row(names: Names, income: Income) -> Row:
    """A settlement of funding on one side of a contract."""
    assert income.id is not None, f"{income.income_id}: funding of no position"
    return {
        "id": str(income.income_id),
        "symbol": names[income.id.symbol],
        "cast": shown(income.amount),
        "coin": income.currency.lower(),
        "positionSide": income.id.side.upper(),
        "createdTime": income.at_ms,
    }
