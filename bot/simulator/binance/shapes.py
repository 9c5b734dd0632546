"""Orders, trades and numbers as Binance spells them.

Field names: the pages "New Order", "New Algo Order", "Query Order", "Account Trade List" and "Get Income
History" of the USDⓈ-M documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import OrderKind, PositionMode, PriceKind, Side
from bot.simulator.binance.section import Section, market_id
from bot.simulator.records import Income, IncomeKind, OrderRecord, OrderStatus, Origin, Trade

MONEY = Decimal("0.00000001")
Json = dict[str, Any]

STATUS: Mapping[OrderStatus, str] = {
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.TRIGGERED: "EXPIRED",
}
TYPES: Mapping[OrderKind, str] = {
    OrderKind.MARKET: "MARKET",
    OrderKind.LIMIT: "LIMIT",
    OrderKind.IOC: "LIMIT",
    OrderKind.STOP_MARKET: "STOP_MARKET",
    OrderKind.STOP_LIMIT: "STOP",
    OrderKind.TAKE_PROFIT_MARKET: "TAKE_PROFIT_MARKET",
    OrderKind.TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
    OrderKind.TRAILING_STOP_MARKET: "TRAILING_STOP_MARKET",
}
INCOME: Mapping[IncomeKind, str] = {
    IncomeKind.REALISED: "REALIZED_PNL",
    IncomeKind.FEE: "COMMISSION",
    IncomeKind.FUNDING: "FUNDING_FEE",
    IncomeKind.LIQUIDATION_FEE: "INSURANCE_CLEAR",
    IncomeKind.TRANSFER: "TRANSFER",
}


def plain(number: Decimal) -> str:
    """A decimal without exponent, every digit kept."""
    text = str(number)  # In most numbers there is none to be avoided.
    return format(number, "f") if "E" in text else text


def money(number: Decimal) -> str:
    """An amount in eight decimals."""
    return format(number.quantize(MONEY, ROUND_HALF_EVEN), "f")


def position_side(order_side: Side, mode: PositionMode) -> str:
    """LONG or SHORT in hedge mode, BOTH otherwise."""
    return order_side.name if mode is PositionMode.HEDGE else "BOTH"


def client_id(order: OrderRecord) -> str:
    """The client's id, or Binance's own for what the exchange places itself (Event: Order Update)."""
    match order.origin:
        case Origin.LIQUIDATION:
            return f"autoclose-{order.created_ms}{order.order_id}"
        case Origin.DELEVERAGING:
            return "adl_autoclose"
        case Origin.DELIVERY:
            return f"settlement_autoclose-{order.order_id}"
        case _:
            # Assumed: the order a conditional one becomes keeps its client id.
            return order.client_id


def time_in_force(order: OrderRecord) -> str:
    """As it was sent; GTC where nothing was, IOC for what the exchange liquidates."""
    return order.noted.get("timeInForce") or ("IOC" if order.kind is OrderKind.IOC else "GTC")


class Shapes:
    """Spells records for one section."""

    def __init__(self, section: Section, contracts: Mapping[Any, Contract]) -> None:
        self.section = section
        self._contracts = contracts

    def quantity(self, order: OrderRecord, quantity: Decimal) -> str:
        """A quantity of that order's contract."""
        return plain(self.section.quantity_out(self._contracts[order.id.symbol], quantity))

    def order(self, order: OrderRecord, mode: PositionMode) -> Json:
        """A plain order, as placing, cancelling and querying it answer."""
        contract = self._contracts[order.id.symbol]
        quote = "cumBase" if self.section.inverse else "cumQuote"
        value = contract.notional(order.filled, order.average) if order.filled else Decimal(0)
        shape: Json = {
            "orderId": order.order_id,
            "symbol": market_id(contract),
            "status": STATUS[order.status],
            "clientOrderId": client_id(order),
            "price": plain(order.limit or Decimal(0)),
            "avgPrice": plain(_price(order.average)),
            "origQty": self.quantity(order, order.quantity),
            "executedQty": self.quantity(order, order.filled),
            "cumQty": self.quantity(order, order.filled),
            quote: money(value),
            "timeInForce": time_in_force(order),
            "type": TYPES[order.kind],
            "reduceOnly": order.reduce_only,
            "closePosition": order.closes_position,
            "side": "BUY" if order.buy else "SELL",
            "positionSide": position_side(order.id.side, mode),
            "stopPrice": "0",
            "workingType": "CONTRACT_PRICE",
            "priceProtect": protected(order),
            "origType": order.noted.get("type") or TYPES[order.kind],
            "priceMatch": order.noted.get("priceMatch", "NONE"),
            "selfTradePreventionMode": prevention(order),
            "goodTillDate": order.expires_ms or 0,
            "time": order.created_ms,
            "updateTime": order.updated_ms,
        }
        if "callbackRate" in order.noted:
            shape |= {"activatePrice": order.noted["activatePrice"], "priceRate": order.noted["callbackRate"]}
        return shape

    def algo(self, order: OrderRecord, child: OrderRecord | None, mode: PositionMode) -> Json:
        """A conditional order, as the algo endpoints answer."""
        contract = self._contracts[order.id.symbol]
        triggered = order.status is OrderStatus.TRIGGERED
        return {
            "algoId": order.order_id,
            "clientAlgoId": order.client_id,
            "algoType": "CONDITIONAL",
            "orderType": TYPES[order.kind],
            "symbol": market_id(contract),
            "side": "BUY" if order.buy else "SELL",
            "positionSide": position_side(order.id.side, mode),
            "timeInForce": time_in_force(order),
            "quantity": self.quantity(order, Decimal(0) if order.closes_position else order.quantity),
            "algoStatus": algo_status(order, child),
            "actualOrderId": "" if child is None else str(child.order_id),
            "actualPrice": plain(_price(child.average)) if child is not None else "0.00000",
            "triggerPrice": plain(trigger_of(order)),
            "price": plain(order.limit or Decimal(0)),
            "icebergQuantity": None,
            "selfTradePreventionMode": prevention(order),
            "workingType": working_type(order),
            "priceMatch": "NONE",
            "closePosition": order.closes_position,
            "priceProtect": protected(order),
            "reduceOnly": order.reduce_only or order.closes_position,
            "createTime": order.created_ms,
            "updateTime": order.updated_ms,
            "triggerTime": order.updated_ms if triggered else 0,
            "activatePrice": order.noted.get("activatePrice", ""),
            "callbackRate": order.noted.get("callbackRate", ""),
            "goodTillDate": order.expires_ms or 0,
        }

    def trade(self, trade: Trade, mode: PositionMode) -> Json:
        """A row of the account's trades."""
        contract = self._contracts[trade.id.symbol]
        value = "baseQty" if self.section.inverse else "quoteQty"
        return {
            "symbol": market_id(contract),
            "id": trade.trade_id,
            "orderId": trade.order_id,
            "side": "BUY" if trade.buy else "SELL",
            "price": plain(trade.price),
            "qty": plain(self.section.quantity_out(contract, trade.quantity)),
            "realizedPnl": money(trade.pnl),
            value: money(contract.notional(trade.quantity, trade.price)),
            "commission": money(trade.fee),
            "commissionAsset": trade.currency,
            "time": trade.at_ms,
            "positionSide": position_side(trade.id.side, mode),
            "buyer": trade.buy,
            "maker": trade.maker,
        }

    def income(self, income: Income) -> Json:
        """A row of the income history."""
        return {
            "symbol": "" if income.id is None else market_id(self._contracts[income.id.symbol]),
            "incomeType": INCOME[income.kind],
            "income": money(income.amount),
            "asset": income.currency,
            "info": INCOME[income.kind],
            "time": income.at_ms,
            "tranId": income.income_id,
            "tradeId": "" if income.trade_id is None else str(income.trade_id),
        }


def working_type(order: OrderRecord) -> str:
    """Which price triggers it."""
    return "MARK_PRICE" if order.trigger_by is PriceKind.MARK else "CONTRACT_PRICE"


def trigger_of(order: OrderRecord) -> Decimal:
    """The trigger of a conditional order; nought for a trailing one, of which Binance says to ignore it."""
    trails = order.kind is OrderKind.TRAILING_STOP_MARKET
    return Decimal(0) if trails or order.trigger is None else order.trigger


def prevention(order: OrderRecord) -> str:
    """Against trading with oneself, which nobody here can: as it was sent."""
    return order.noted.get("selfTradePreventionMode", "EXPIRE_MAKER")


def protected(order: OrderRecord) -> bool:
    """Whether priceProtect was sent."""
    return order.noted.get("priceProtect") == "TRUE"


def algo_status(order: OrderRecord, child: OrderRecord | None) -> str:
    """The status of a conditional order (Event: Algo Order Update)."""
    if order.status is not OrderStatus.TRIGGERED:
        return STATUS[order.status]
    return "TRIGGERED" if child is not None and child.status.open else "FINISHED"


def _price(price: Decimal) -> Decimal:
    return price.quantize(MONEY, ROUND_HALF_EVEN).normalize() if price else Decimal(0)
