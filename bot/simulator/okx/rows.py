"""Positions, orders, algo orders and fills as OKX spells them, on REST and in its private streams alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.core.contracts import ContractKind
from bot.core.types import ONE, ZERO, OrderKind, Position, PositionId, PositionMode, PriceKind, Side
from bot.simulator.okx.names import Names, size_of, type_of
from bot.simulator.records import (
    AccountView,
    OrderRecord,
    OrderStatus,
    Origin,
    Trade,
)
from bot.simulator.spelling import shown, shown_or
from bot.simulator.standing import Standing
from bot.simulator.world import World

Row = dict[str, Any]
MONEY = Decimal("0.00000001")
CATEGORIES = {
    Origin.LIQUIDATION: "full_liquidation",
    Origin.DELEVERAGING: "adl",
    Origin.DELIVERY: "delivery",
}
TP_SL = "7"
"""``source`` of a normal order that a take-profit or stop-loss order sprang into."""
STATES = {
    OrderStatus.NEW: "live",
    OrderStatus.PARTIALLY_FILLED: "partially_filled",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "canceled",
    OrderStatus.EXPIRED: "canceled",
    OrderStatus.TRIGGERED: "effective",
}
PRICE_KINDS = {PriceKind.MARK: "mark", PriceKind.LAST: "last"}
NOTHING: tuple[str, ...] = (
    "deltaBS",
    "deltaPA",
    "gammaBS",
    "gammaPA",
    "thetaBS",
    "thetaPA",
    "vegaBS",
    "vegaPA",
    "optVal",
    "liab",
)
NOTHING += (
    "liabCcy",
    "posCcy",
    "hedgedPos",
    "baseBorrowed",
    "baseInterest",
    "quoteBorrowed",
    "quoteInterest",
)
NOTHING += ("baseBal", "quoteBal", "spotInUseAmt", "spotInUseCcy", "clSpotInUseAmt", "maxSpotInUseAmt")
NOTHING += ("bizRefId", "bizRefType", "nonSettleAvgPx", "settledPnl", "availPos")
UNUSED_IN_ORDERS: tuple[str, ...] = ("attachAlgoClOrdId", "pxType", "pxUsd", "pxVol", "quickMgnType", "stpId")
UNUSED_IN_ORDERS += ("tgtCcy", "ccy", "rebate", "slOrdPx", "slTriggerPx", "slTriggerPxType")
UNUSED_IN_ORDERS += ("tpOrdPx", "tpTriggerPx", "tpTriggerPxType", "rebateCcy")
"""What an order row names and leaves empty here."""
UNUSED_IN_ALGO_ORDERS: tuple[str, ...] = (
    "activePx",
    "callbackRatio",
    "callbackSpread",
    "ccy",
    "chaseType",
    "chaseVal",
)
UNUSED_IN_ALGO_ORDERS += ("isTradeBorrowMode", "maxChaseType", "maxChaseVal", "moveTriggerPx")
UNUSED_IN_ALGO_ORDERS += ("pxLimit", "pxSpread", "pxVar", "quickMgnType", "slOrdPx", "slTriggerPx")
UNUSED_IN_ALGO_ORDERS += ("slTriggerPxType", "tpOrdPx", "tpTriggerPx", "tpTriggerPxType", "szLimit")
UNUSED_IN_ALGO_ORDERS += ("triggerPx", "triggerPxType", "ordPx", "tgtCcy", "timeInterval")
UNUSED_IN_ALGO_ORDERS += ("tradeQuoteCcy",)
"""What an algo row names and leaves empty, unless its kind fills it."""


def side_of(id_: PositionId, mode: PositionMode) -> str:
    """``posSide``."""
    return "net" if mode is PositionMode.ONE_WAY else id_.side.value


def position_row(world: World, names: Names, stands: Standing, *, number: int, at_ms: int) -> Row:
    """An open position. ``pos`` is signed in net mode; ``mgnRatio`` falls to 1 as liquidation comes near."""
    position, contract = stands.position, stands.contract
    mode = world.exchange.desk.position_mode(position.id.account)
    signed = -1 if mode is PositionMode.ONE_WAY and position.id.side is Side.SHORT else 1
    ticker = world.market[position.id.symbol]
    gain = stands.unrealised.quantize(MONEY)
    return {
        **dict.fromkeys(NOTHING, ""),
        "instType": type_of(contract),
        "instId": names[position.id.symbol],
        "mgnMode": position.mode.value,
        "posId": str(number),
        "posSide": side_of(position.id, mode),
        "pos": shown(signed * size_of(contract, position.quantity)),
        "avgPx": shown(position.entry),
        "upl": shown(gain),
        "uplRatio": shown((stands.unrealised / stands.initial).quantize(MONEY)) if stands.initial else "",
        "uplLastPx": shown(gain),
        "uplRatioLastPx": "",
        "lever": shown(position.leverage),
        "liqPx": shown_or(stands.liquidation),
        "markPx": shown(stands.mark),
        "imr": "" if stands.isolated else shown(stands.initial.quantize(MONEY)),
        "margin": shown(position.margin) if stands.isolated else "",
        "mgnRatio": shown((ONE / stands.ratio).quantize(MONEY)) if stands.ratio else "",
        "mmr": shown(stands.maintenance.quantize(MONEY)),
        "interest": "",
        "tradeId": str(ticker.trades),
        "notionalUsd": shown(
            (position.quantity * (stands.mark if contract.kind is ContractKind.LINEAR else ONE)).quantize(
                MONEY
            )
        ),
        "pendingCloseOrdLiabVal": "",
        "adl": "2",
        "ccy": contract.settlement,
        "last": shown(ticker.last),
        "idxPx": shown(ticker.index),
        "usdPx": "",
        "bePx": "",
        "realizedPnl": "0",
        "pnl": "0",
        "fee": "0",
        "fundingFee": "0",
        "liqPenalty": "0",
        "closeOrderAlgo": [],
        "cTime": str(position.opened_ms),
        "uTime": str(at_ms),
    }


def closed_row(
    world: World, names: Names, id_: PositionId, last: Position | None, number: int, at_ms: int
) -> Row:
    """What the stream tells of a position that is gone: a size of nought. REST leaves it out."""
    contract = world.contracts[id_.symbol]
    mode = world.exchange.desk.position_mode(id_.account)
    return {
        **dict.fromkeys(NOTHING, ""),
        "instType": type_of(contract),
        "instId": names[id_.symbol],
        "mgnMode": last.mode.value if last else "isolated",
        "posId": str(number),
        "posSide": side_of(id_, mode),
        "pos": "0",
        **dict.fromkeys(
            ("avgPx", "upl", "uplRatio", "lever", "liqPx", "imr", "margin", "mgnRatio", "mmr"), ""
        ),
        "markPx": shown(world.market[id_.symbol].mark),
        "ccy": contract.settlement,
        "cTime": str(last.opened_ms if last else at_ms),
        "uTime": str(at_ms),
        "pTime": str(at_ms),
    }


def trades_of(view: AccountView, record: OrderRecord) -> list[Trade]:
    """The trades of an order as far as the record knows of them."""
    found, quantity = [], ZERO
    for trade in view.trades:
        if trade.order_id == record.order_id and quantity < record.filled:
            found.append(trade)
            quantity += trade.quantity
    return found


def order_row(world: World, names: Names, view: AccountView, record: OrderRecord) -> Row:
    """An order that is no algo order; one that sprang from an algo order names it."""
    contract = world.contracts[record.id.symbol]
    trades = trades_of(view, record)
    last = trades[-1] if trades else None
    parent = None if record.parent is None else view.orders.get(record.parent)
    return {
        **dict.fromkeys(UNUSED_IN_ORDERS, ""),
        "instType": type_of(contract),
        "instId": names[record.id.symbol],
        "ordId": str(record.order_id),
        "clOrdId": record.client_id if parent is None else "",
        "tag": record.noted.get("tag", ""),
        "px": shown_or(record.limit),
        "sz": shown(size_of(contract, record.quantity)),
        "pnl": shown(sum((t.pnl for t in trades), ZERO).quantize(MONEY)),
        "ordType": "market" if parent else record.noted.get("ordType", "limit" if record.limit else "market"),
        "side": "buy" if record.buy else "sell",
        "posSide": record.noted.get("posSide", "net"),
        "tdMode": record.noted.get("tdMode", "isolated"),
        "accFillSz": shown(size_of(contract, record.filled)),
        "fillPx": shown_or(last.price if last else None),
        "tradeId": str(last.trade_id) if last else "",
        "fillSz": shown(size_of(contract, last.quantity)) if last else "0",
        "fillTime": str(last.at_ms) if last else "",
        "avgPx": shown(record.average.quantize(contract.tick / 100)) if record.filled else "",
        "state": STATES[record.status],
        "lever": record.noted.get("lever", ""),
        "attachAlgoOrds": [],
        "feeCcy": contract.settlement,
        "fee": shown(-sum((t.fee for t in trades), ZERO)),
        "source": TP_SL if parent else "",
        "category": CATEGORIES.get(record.origin, "normal"),
        "reduceOnly": record.noted.get("reduceOnly", "false"),
        "isTpLimit": "false",
        "cancelSource": {OrderStatus.CANCELLED: "1", OrderStatus.EXPIRED: "14"}.get(record.status, ""),
        "cancelSourceReason": "",
        "algoClOrdId": parent.client_id if parent else "",
        "algoId": str(parent.order_id) if parent else "",
        "linkedAlgoOrd": {"algoId": ""},
        "stpMode": "cancel_maker",
        "uTime": str(record.updated_ms),
        "cTime": str(record.created_ms),
    }


def algo_row(world: World, names: Names, view: AccountView, record: OrderRecord) -> Row:
    """A conditional order: a stop loss, a take profit, or a trigger order."""
    contract = world.contracts[record.id.symbol]
    child = None if record.child is None else view.orders.get(record.child)
    kind, price = record.noted.get("ordType", "conditional"), shown_or(record.trigger)
    by, order_price = PRICE_KINDS[record.trigger_by], shown_or(record.limit, "-1")
    profit = record.kind is OrderKind.TAKE_PROFIT_MARKET
    names_of = ("triggerPx", "triggerPxType", "ordPx")
    if kind != "trigger":
        names_of = (
            ("tpTriggerPx", "tpTriggerPxType", "tpOrdPx")
            if profit
            else ("slTriggerPx", "slTriggerPxType", "slOrdPx")
        )
    return {
        **dict.fromkeys(UNUSED_IN_ALGO_ORDERS, ""),
        **dict(zip(names_of, (price, by, order_price), strict=True)),
        "actualPx": shown_or(child.average if child and child.filled else None),
        "actualSide": ("tp" if profit else "sl") if child else "",
        "actualSz": shown(size_of(contract, child.filled)) if child else "0",
        "algoClOrdId": record.client_id,
        "algoId": str(record.order_id),
        "amendPxOnTriggerType": "0",
        "attachAlgoOrds": [],
        "clOrdId": record.noted.get("clOrdId", ""),
        "closeFraction": "1" if record.closes_position else "",
        "failCode": "0",
        "instId": names[record.id.symbol],
        "instType": type_of(contract),
        "last": record.noted.get("last", ""),
        "lever": record.noted.get("lever", ""),
        "linkedOrd": {"ordId": ""},
        "ordId": str(child.order_id) if child else "",
        "ordIdList": [str(child.order_id)] if child else [],
        "ordType": kind,
        "posSide": record.noted.get("posSide", "net"),
        "reduceOnly": record.noted.get("reduceOnly", "false"),
        "side": "buy" if record.buy else "sell",
        "state": STATES[record.status],
        "sz": "" if record.closes_position else shown(size_of(contract, record.quantity)),
        "tag": record.noted.get("tag", ""),
        "tdMode": record.noted.get("tdMode", "isolated"),
        "triggerTime": str(child.created_ms) if child else "",
        "cTime": str(record.created_ms),
        "uTime": str(record.updated_ms),
    }


def fill_row(world: World, names: Names, view: AccountView, trade: Trade) -> Row:
    """One trade; a fee below nought was paid."""
    contract, record = world.contracts[trade.id.symbol], view.orders[trade.order_id]
    return {
        "instType": type_of(contract),
        "instId": names[trade.id.symbol],
        "tradeId": str(trade.trade_id),
        "ordId": str(trade.order_id),
        "clOrdId": "" if record.parent else record.client_id,
        "billId": str(trade.trade_id),
        "subType": {(True, False): "3", (False, False): "4", (False, True): "5", (True, True): "6"}[
            trade.buy, record.reduces
        ],
        "tag": record.noted.get("tag", ""),
        "fillPx": shown(trade.price),
        "fillSz": shown(size_of(contract, trade.quantity)),
        "fillIdxPx": shown(world.market[trade.id.symbol].index),
        "fillPnl": shown(trade.pnl),
        "fillMarkPx": shown(world.market[trade.id.symbol].mark),
        "side": "buy" if trade.buy else "sell",
        "posSide": record.noted.get("posSide", "net"),
        "execType": "M" if trade.maker else "T",
        "feeCcy": trade.currency,
        "fee": shown(-trade.fee),
        "feeRate": "",
        "ts": str(trade.at_ms),
        "fillTime": str(trade.at_ms),
    }
