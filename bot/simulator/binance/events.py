"""The events of the user data stream, as frames.

Pages "Event: Order Update", "Event: Algo Order Update", "Event: Balance and Position Update", "Event: Margin
Call".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from bot.core.margin.arithmetic import unrealised
from bot.core.types import ZERO, MarginMode, OrderKind, Position, PositionId, PositionMode
from bot.simulator.binance.office import Office
from bot.simulator.binance.section import market_id
from bot.simulator.binance.shapes import (
    STATUS,
    TYPES,
    Json,
    client_id,
    money,
    plain,
    position_side,
    prevention,
    protected,
    time_in_force,
    trigger_of,
    working_type,
)
from bot.simulator.records import AccountView, Change, OrderRecord, Origin, Update

EXECUTION: Mapping[Change, str] = {
    Change.NEW: "NEW",
    Change.AMENDED: "AMENDMENT",
    Change.TRADE: "TRADE",
    Change.CANCELLED: "CANCELED",
    Change.EXPIRED: "EXPIRED",
}
"""``x`` of an order update; CALCULATED stands for the trade of a liquidation."""


EXPIRY: Mapping[OrderKind, str] = {OrderKind.IOC: "2", OrderKind.MARKET: "9"}
"""``er``: what of it nobody took. Why the exchange ends a resting order, it is not told here: 0."""


def trade_lite(office: Office, at_ms: int, step: Update) -> Json:
    """TRADE_LITE: a trade with less of the order, ahead of its ORDER_TRADE_UPDATE ("Trade Lite Update")."""
    order, trade = step.order, step.trade
    assert trade is not None, f"order {order.order_id}: no trade"
    return {
        "e": "TRADE_LITE",
        "T": at_ms,
        "s": market_id(office.contracts[order.id.symbol]),
        "q": office.shapes.quantity(order, order.quantity),
        "p": plain(order.limit or ZERO),
        "m": trade.maker,
        "c": client_id(order),
        "S": "BUY" if order.buy else "SELL",
        "L": plain(trade.price),
        "l": office.shapes.quantity(order, trade.quantity),
        "t": trade.trade_id,
        "i": order.order_id,
    }


def order_frame(office: Office, at_ms: int, step: Update, mode: PositionMode) -> Json:
    """ORDER_TRADE_UPDATE of one step."""
    order, trade = step.order, step.trade
    shapes, kind = office.shapes, TYPES[step.order.kind]
    executed = EXECUTION[step.change]
    if trade is not None and order.origin is Origin.LIQUIDATION:
        executed = "CALCULATED"
    last = (trade.quantity, trade.price, trade.fee, trade.pnl) if trade else (ZERO, ZERO, ZERO, ZERO)
    told: Json = {
        "s": market_id(office.contracts[order.id.symbol]),
        "c": client_id(order),
        "S": "BUY" if order.buy else "SELL",
        "o": kind,
        "f": time_in_force(order),
        "q": shapes.quantity(order, order.quantity),
        "p": plain(order.limit or ZERO),
        "ap": plain(round(order.average, 8)),
        "sp": "0",
        "x": executed,
        "X": STATUS[order.status],
        "i": order.order_id,
        "l": shapes.quantity(order, last[0]),
        "z": shapes.quantity(order, order.filled),
        "L": plain(last[1]),
        "T": at_ms,
        "t": trade.trade_id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.maker if trade else False,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.noted.get("type") or kind,
        "ps": position_side(order.id.side, mode),
        "cp": order.closes_position,
        "rp": money(last[3]),
        "pP": protected(order),
        "si": 0,
        "ss": 0,
        "V": prevention(order),
        "pm": order.noted.get("priceMatch", "NONE"),
        "gtd": order.expires_ms or 0,
        "er": EXPIRY.get(order.kind, "0") if step.change is Change.EXPIRED else "0",
    }
    if trade is not None:
        told |= {"N": trade.currency, "n": money(last[2])}
    if "callbackRate" in order.noted:
        told |= {"AP": order.noted["activatePrice"], "cr": order.noted["callbackRate"]}
    return {"e": "ORDER_TRADE_UPDATE", "T": at_ms, "o": told}


def algo_frames(
    office: Office, at_ms: int, step: Update, child: OrderRecord | None, mode: PositionMode
) -> Iterable[Json]:
    """ALGO_UPDATE of one step: being triggered is told twice, on the way to the matching engine and there."""
    match step.change:
        case Change.TRIGGERED:
            yield _algo(office, at_ms, step.order, None, mode, "TRIGGERING")
            yield _algo(office, at_ms, step.order, child, mode, "TRIGGERED")
        case Change.FINISHED:
            yield _algo(office, at_ms, step.order, child, mode, "FINISHED")
        case Change.CANCELLED | Change.EXPIRED | Change.NEW | Change.AMENDED | Change.TRADE:
            yield _algo(office, at_ms, step.order, None, mode, EXECUTION[step.change])


def _algo(
    office: Office,
    at_ms: int,
    order: OrderRecord,
    child: OrderRecord | None,
    mode: PositionMode,
    status: str,
) -> Json:
    contract = office.contracts[order.id.symbol]
    told: Json = {
        "caid": order.client_id,
        "aid": order.order_id,
        "at": "CONDITIONAL",
        "o": TYPES[order.kind],
        "s": market_id(contract),
        "S": "BUY" if order.buy else "SELL",
        "ps": position_side(order.id.side, mode),
        "f": time_in_force(order),
        "q": office.shapes.quantity(order, ZERO if order.closes_position else order.quantity),
        "X": status,
        "ai": "" if child is None else str(child.order_id),
        "tp": plain(trigger_of(order)),
        "p": plain(order.limit or ZERO),
        "V": prevention(order),
        "wt": working_type(order),
        "pm": "NONE",
        "cp": order.closes_position,
        "pP": protected(order),
        "R": order.reduce_only or order.closes_position,
        "tt": at_ms if status in ("TRIGGERING", "TRIGGERED", "FINISHED") else 0,
        "gtd": order.expires_ms or 0,
        "rm": "",
    }
    if child is not None:
        told |= {
            "ap": plain(round(child.average, 8)),
            "aq": office.shapes.quantity(child, child.filled),
            "act": TYPES[child.kind],
        }
    return {"e": "ALGO_UPDATE", "T": at_ms, "o": told}


def account_update(
    office: Office,
    view: AccountView,
    reason: str,
    currencies: Mapping[str, Decimal],
    changed: Mapping[PositionId, Position | None],
) -> Json:
    """ACCOUNT_UPDATE: wallets of the currencies that changed, and the positions that did.

    ``currencies`` are with what of their change is neither profit nor fee (``bc``).
    """
    contracts = office.contracts
    settled = {contracts[id_.symbol].settlement for id_ in changed}
    balances = []
    for currency, moved in (
        {**currencies} | {each: ZERO for each in settled if each not in currencies}
    ).items():
        cross = view.wallets.get(currency, ZERO)
        isolated = sum(
            (
                p.margin
                for p in view.positions.values()
                if p.id.symbol in contracts and contracts[p.id.symbol].settlement == currency
            ),
            ZERO,
        )
        balances.append(
            {"a": currency, "wb": money(cross + isolated), "cw": money(cross), "bc": money(moved)}
        )
    rows = [_position_row(office, id_, position) for id_, position in changed.items()]
    return {
        "e": "ACCOUNT_UPDATE",
        "T": view.at_ms,
        "a": {"m": reason, "B": balances, "P": _without_hollow_sides(rows)},
    }


def _without_hollow_sides(rows: list[Json]) -> list[Json]:
    """In one-way mode both sides of a flip are one row: the one with an amount."""
    kept: dict[tuple[str, str], Json] = {}
    for row in rows:
        key = (row["s"], row["ps"])
        if key not in kept or Decimal(row["pa"]) != 0:
            kept[key] = row
    return list(kept.values())


def _position_row(office: Office, id_: PositionId, held: Position | None) -> Json:
    contract, mode = office.contracts[id_.symbol], office.mode(id_.account)
    row: Json = {
        "s": market_id(contract),
        "pa": "0",
        "ep": "0",
        "bep": "0",
        "cr": "0",
        "up": "0",
        "mt": office.world.exchange.desk.terms(id_)[1].value,
        "iw": "0",
        "ps": position_side(id_.side, mode),
        "ma": contract.settlement,
    }
    if held is None:
        return row
    mark = office.world.market[id_.symbol].mark
    amount = id_.side.sign * office.section.quantity_out(contract, held.quantity)
    return row | {
        "pa": plain(amount),
        "ep": plain(held.entry),
        "bep": plain(held.entry),
        "up": money(unrealised(held, contract, mark)),
        "mt": held.mode.value,
        "iw": money(held.margin) if held.mode is MarginMode.ISOLATED else "0",
    }


def margin_call(
    office: Office, view: AccountView, held: Position, figures: tuple[Decimal, Decimal, Decimal]
) -> Json:
    """MARGIN_CALL for one position; ``figures`` are mark, unrealised profit and maintenance."""
    contract = office.contracts[held.id.symbol]
    mark, gain, maintained = figures
    row = {
        "s": market_id(contract),
        "ps": position_side(held.id.side, office.mode(view.account)),
        "pa": plain(held.id.side.sign * office.section.quantity_out(contract, held.quantity)),
        "mt": "ISOLATED" if held.mode is MarginMode.ISOLATED else "CROSSED",
        "iw": money(held.margin),
        "mp": plain(mark),
        "up": money(gain),
        "mm": money(maintained),
    }
    frame: Json = {"e": "MARGIN_CALL", "p": [row]}
    if held.mode is MarginMode.CROSS:
        frame["cw"] = money(view.wallets.get(contract.settlement, ZERO))
    return frame
