"""Positions, wallets, orders and executions as Bybit spells them, on REST and in private streams."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.core.types import ZERO, MarginMode, OrderKind, PositionId, PriceKind, Side
from bot.simulator.bybit.names import Names, category_of
from bot.simulator.records import AccountView, OrderRecord, OrderStatus, Origin, Trade
from bot.simulator.spelling import shown, shown_or
from bot.simulator.standing import Standing, funds
from bot.simulator.symbols import parts_of
from bot.simulator.world import World

Row = dict[str, Any]
MONEY = Decimal("0.00000001")
MARKET_BOUND = Decimal("0.05")
"""How far from the last price a market order is shown to reach. The true bound differs by symbol: assumed."""
TRIGGER_BY = {PriceKind.MARK: "MarkPrice", PriceKind.LAST: "LastPrice"}
CREATED_BY = {
    Origin.LIQUIDATION: "CreateByLiq",
    Origin.DELEVERAGING: "CreateByAdl_PassThrough",
    Origin.DELIVERY: "CreateBySettle",
}
EXECUTED_BY = {
    Origin.LIQUIDATION: "BustTrade",
    Origin.DELEVERAGING: "AdlTrade",
    Origin.DELIVERY: "Delivery",
}


def uuid_of(number: int) -> str:
    """An id as the exchange writes it, from one of ours; ``number_of`` is the way back."""
    return f"5f0d0000-0000-4000-8000-{number:012x}"


def number_of(uuid: str) -> int | None:
    """The number an id was made of; ``None`` if it is no such id."""
    try:
        number = int(uuid[-12:], 16)
    except ValueError:
        return None
    return number if uuid == uuid_of(number) else None


def index_of(id_: PositionId, *, hedge: bool) -> int:
    """``positionIdx``: 0 in one-way mode, 1 the long and 2 the short side in hedge mode."""
    return 0 if not hedge else (1 if id_.side is Side.LONG else 2)


def position_row(names: Names, stands: Standing, *, hedge: bool, since_ms: int, updated_ms: int) -> Row:
    """An open position.

    ``positionIM`` and ``positionBalance`` of an isolated position contain the closing fee and what was added
    by hand, as the example of Add Or Reduce Margin shows: 0.11033265 / 12, its fee, and the 0.01 added. That
    ``positionBalance`` is the same figure is assumed. ``createdTime`` is when this symbol was held first, not
    when this lot was opened.
    """
    position, contract = stands.position, stands.contract
    return {
        "positionIdx": index_of(position.id, hedge=hedge),
        **_limit_of(stands),
        "symbol": names[position.id.symbol],
        "side": "Buy" if position.id.side is Side.LONG else "Sell",
        "size": shown(position.quantity),
        "avgPrice": shown(position.entry),
        # Valued at entry: "Entry position value" in the stream's documentation.
        "positionValue": shown(contract.notional(position.quantity, position.entry).quantize(MONEY)),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 2,
        "leverage": shown(position.leverage),
        "positionBalance": shown(stands.margin.quantize(MONEY)),
        "markPrice": shown(stands.mark),
        "liqPrice": shown_or(stands.liquidation),
        "bustPrice": shown_or(stands.bankruptcy if stands.isolated else None),
        "positionMM": shown(stands.maintenance.quantize(MONEY)),
        "positionMMByMp": shown(stands.maintenance.quantize(MONEY)),
        "positionIM": shown(stands.margin.quantize(MONEY)),
        "positionIMByMp": shown(stands.margin.quantize(MONEY)),
        "unrealisedPnl": shown(stands.unrealised.quantize(MONEY)),
        **_settled(since_ms, updated_ms),
    }


def flat_row(names: Names, id_: PositionId, leverage: Decimal, *, hedge: bool, at_ms: int) -> Row:
    """A position that is none: side empty, size 0 (UTA 2.0)."""
    return {
        "positionIdx": index_of(id_, hedge=hedge),
        "riskId": 1,
        "riskLimitValue": "0",
        "symbol": names[id_.symbol],
        "side": "",
        "size": "0",
        "avgPrice": "0",
        "positionValue": "",
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": shown(leverage),
        "positionBalance": "0",
        "markPrice": "",
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": "",
        "positionMMByMp": "",
        "positionIM": "",
        "positionIMByMp": "",
        "unrealisedPnl": "",
        **_settled(at_ms, at_ms),
    }


def _settled(since_ms: int, updated_ms: int) -> Row:
    return {
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "curRealisedPnl": "0",
        "cumRealisedPnl": "0",
        "seq": updated_ms,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "sessionAvgPrice": "",
        "createdTime": str(since_ms),
        "updatedTime": str(updated_ms),
    }


def _limit_of(stands: Standing) -> Row:
    value = stands.contract.notional(stands.position.quantity, stands.position.entry)
    for number, tier in enumerate(stands.contract.tiers, start=1):
        if tier.cap is None or value <= tier.cap:
            return {"riskId": number, "riskLimitValue": shown_or(tier.cap, "0")}
    return {"riskId": len(stands.contract.tiers), "riskLimitValue": "0"}


def wallet_row(world: World, view: AccountView, mode: MarginMode, coins: Iterable[str] = ()) -> Row:
    """The unified account. Without ``coins`` only what is not nought; in isolated mode no totals."""
    wanted = set(coins)
    kept = [funds(world, view, currency) for currency in view.wallets]
    rows = []
    usd = {"wallet": ZERO, "equity": ZERO, "initial": ZERO, "maintenance": ZERO, "unrealised": ZERO}
    for fund in kept:
        price = _usd(world, fund.currency)
        initial = fund.isolated + fund.crossed
        if fund.currency not in wanted if wanted else not (fund.wallet or fund.unrealised):
            continue
        usd["wallet"] += fund.wallet * price
        usd["equity"] += fund.equity * price
        usd["initial"] += initial * price
        usd["maintenance"] += fund.maintenance * price
        usd["unrealised"] += fund.unrealised * price
        rows.append(
            {
                "coin": fund.currency,
                "equity": shown(fund.equity.quantize(MONEY)),
                "usdValue": shown((fund.equity * price).quantize(MONEY)),
                "walletBalance": shown(fund.wallet.quantize(MONEY)),
                "locked": "0",
                "spotHedgingQty": "0",
                "borrowAmount": "0",
                # Deprecated for unified accounts: an empty string since 2025-01.
                "availableToWithdraw": "",
                "availableToBorrow": "",
                "accruedInterest": "0",
                "totalOrderIM": "0",
                "totalPositionIM": shown(initial.quantize(MONEY)),
                "totalPositionMM": shown(fund.maintenance.quantize(MONEY)),
                "unrealisedPnl": shown(fund.unrealised.quantize(MONEY)),
                "cumRealisedPnl": "0",
                "bonus": "0",
                "collateralSwitch": True,
                "marginCollateral": True,
            }
        )
    return {"accountType": "UNIFIED", "accountLTV": "", **_totals(usd, mode), "coin": rows}


def _totals(usd: dict[str, Decimal], mode: MarginMode) -> Row:
    names = {
        "totalWalletBalance": usd["wallet"],
        "totalMarginBalance": usd["equity"],
        "totalAvailableBalance": max(ZERO, usd["equity"] - usd["initial"]),
        "totalInitialMargin": usd["initial"],
        "totalMaintenanceMargin": usd["maintenance"],
        "accountIMRate": usd["initial"] / usd["equity"] if usd["equity"] > 0 else ZERO,
        "accountMMRate": usd["maintenance"] / usd["equity"] if usd["equity"] > 0 else ZERO,
    }
    isolated = mode is MarginMode.ISOLATED
    told = {name: "" if isolated else shown(value.quantize(MONEY)) for name, value in names.items()}
    return {
        "totalEquity": shown(usd["equity"].quantize(MONEY)),
        "totalPerpUPL": shown(usd["unrealised"].quantize(MONEY)),
        **told,
    }


def _usd(world: World, currency: str) -> Decimal:
    """What a coin is worth in dollars: the mark of a contract on it, or one."""
    for ticker in world.market:
        if ticker.known and parts_of(ticker.contract.symbol).base == currency:
            return ticker.mark
    return Decimal(1)


def one_order(record: OrderRecord, child: OrderRecord | None) -> OrderRecord:
    """A conditional order and what it sprang into are one order here: the id does not change."""
    if child is None:
        return record
    return replace(
        record, status=child.status, filled=child.filled, value=child.value, updated_ms=child.updated_ms
    )


def all_orders(view: AccountView) -> list[OrderRecord]:
    """Every order of an account as the exchange counts them, newest first."""
    merged = (
        one_order(record, None if record.child is None else view.orders.get(record.child))
        for record in view.orders.values()
        if record.parent is None
    )
    return sorted(merged, key=lambda record: (record.created_ms, record.order_id), reverse=True)


def status_of(record: OrderRecord) -> str:
    """``orderStatus``. What was cancelled before it was triggered is called deactivated."""
    waiting = record.conditional and record.child is None
    match record.status:
        case OrderStatus.NEW:
            return "Untriggered" if waiting else "New"
        case OrderStatus.TRIGGERED:
            return "Triggered"
        case OrderStatus.PARTIALLY_FILLED:
            return "PartiallyFilled"
        case OrderStatus.FILLED:
            return "Filled"
        case OrderStatus.CANCELLED | OrderStatus.EXPIRED:
            return "Deactivated" if waiting else "Cancelled"


def _cancelled_by(record: OrderRecord) -> str:
    if record.status is OrderStatus.CANCELLED:
        return "CancelByUser"
    if record.status is OrderStatus.EXPIRED:
        return "CancelByReduceOnly" if record.reduces else "CancelByNoImmediateQtyToFill"
    return "UNKNOWN"


def order_row(world: World, names: Names, record: OrderRecord) -> Row:
    """An order."""
    contract = world.contracts[record.id.symbol]
    market = record.kind is not OrderKind.LIMIT and record.limit is None
    left = ZERO if not record.status.open else record.quantity - record.filled
    fees = sum((t.fee for t in _trades(world, record)), ZERO)
    waiting = record.conditional and record.child is None
    return {
        "orderId": uuid_of(record.order_id),
        "orderLinkId": record.client_id,
        "blockTradeId": "",
        "symbol": names[record.id.symbol],
        "price": shown(record.limit or _bound(world, record, waiting=waiting)),
        "qty": shown(record.quantity),
        "side": "Buy" if record.buy else "Sell",
        "isLeverage": "",
        "positionIdx": int(record.noted.get("positionIdx", "0")),
        "orderStatus": status_of(record),
        "createType": CREATED_BY.get(record.origin, "CreateByUser"),
        "cancelType": _cancelled_by(record),
        "rejectReason": "EC_NoError",
        "avgPrice": shown(contract_average(world, record)) if record.filled else "",
        "leavesQty": shown(left),
        "leavesValue": shown((left * (record.limit or ZERO)).quantize(MONEY)),
        "cumExecQty": shown(record.filled),
        "cumExecValue": shown(record.value.quantize(MONEY)),
        "cumExecFee": shown(fees),
        "cumFeeDetail": {contract.settlement: shown(fees)} if record.filled else {},
        "timeInForce": record.noted.get("timeInForce", "IOC" if market else "GTC"),
        "orderType": "Market" if market else "Limit",
        "stopOrderType": "Stop" if record.conditional else "",
        "orderIv": "",
        "triggerPrice": shown_or(record.trigger),
        "takeProfit": "",
        "stopLoss": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "triggerDirection": int(record.noted.get("triggerDirection", "0")),
        "triggerBy": TRIGGER_BY[record.trigger_by] if record.conditional else "",
        "lastPriceOnCreated": record.noted.get("lastPriceOnCreated", ""),
        "reduceOnly": record.noted.get("reduceOnly", "false") == "true",
        "closeOnTrigger": record.noted.get("closeOnTrigger", "false") == "true",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "tpslMode": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "placeType": "",
        "createdTime": str(record.created_ms),
        "updatedTime": str(record.updated_ms),
    }


def contract_average(world: World, record: OrderRecord) -> Decimal:
    """The average price of an order's fills, to the tick's hundredth part."""
    return record.average.quantize(world.contracts[record.id.symbol].tick / 100)


def _bound(world: World, record: OrderRecord, *, waiting: bool) -> Decimal:
    if waiting:
        return ZERO
    contract, last = world.contracts[record.id.symbol], world.market[record.id.symbol].last
    reach = MARKET_BOUND if record.buy else -MARKET_BOUND
    return contract.price_down(last * (1 + reach))


def _trades(world: World, record: OrderRecord) -> Iterable[Trade]:
    ids = {record.order_id, record.child}
    return (trade for trade in world.view(record.id.account).trades if trade.order_id in ids)


def execution_row(world: World, names: Names, record: OrderRecord, trade: Trade) -> Row:
    """One trade of an order; ``record`` is the order under the id it is known by."""
    contract = world.contracts[trade.id.symbol]
    value = contract.notional(trade.quantity, trade.price)
    market = record.limit is None
    return {
        "symbol": names[trade.id.symbol],
        "orderType": "Market" if market else "Limit",
        "underlyingPrice": "",
        "orderLinkId": record.client_id,
        "side": "Buy" if trade.buy else "Sell",
        "indexPrice": "",
        "orderId": uuid_of(record.order_id),
        "stopOrderType": "Stop" if record.conditional else "UNKNOWN",
        "leavesQty": shown(max(ZERO, record.quantity - record.filled)),
        "execTime": str(trade.at_ms),
        "feeCurrency": "",
        "isMaker": trade.maker,
        "execFee": shown(trade.fee),
        "feeRate": shown((trade.fee / value).quantize(Decimal("0.000001"))) if value else "0",
        "execId": uuid_of(trade.trade_id),
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": shown(world.market[trade.id.symbol].mark),
        "execPrice": shown(trade.price),
        "markIv": "",
        "orderQty": shown(record.quantity),
        "orderPrice": shown_or(record.limit, "0"),
        "execValue": shown(value.quantize(MONEY)),
        "execType": EXECUTED_BY.get(record.origin, "Trade"),
        "execQty": shown(trade.quantity),
        "closedSize": shown(trade.quantity) if record.reduces else "0",
        "execPnl": shown(trade.pnl),
        "seq": trade.trade_id,
        "category": category_of(contract),
        "createType": CREATED_BY.get(record.origin, "CreateByUser"),
    }
