"""Rows of resting orders at XT as orders: plans, stops and profits set by hand, ordinary orders.

Our stops are plans. What a person sets beside a position on XT's pages is a thing of its own there
(``profit-list``) and is shown as foreign orders; trailing orders are not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bot.core.types import ZERO, AccountName, ClientId, Order, OrderKind, PositionId, PriceKind
from bot.venues.live.dialects.xt.spelling import (
    CLOSES,
    PLANS_HEARD,
    TRIGGERS_HEARD,
    coins_of,
    heard,
    side_of,
    text_of,
    time_of,
)
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument

T = TypeVar("T")

_LIMITS = {"LIMIT": OrderKind.LIMIT, "MARKET": OrderKind.MARKET}


@dataclass(frozen=True, slots=True)
class Resting:
    """A resting order and XT's own id of it, by which alone it can be cancelled."""

    order: Order
    venue_id: str


def plan(account: AccountName, row: Mapping[str, Any], instrument: Instrument) -> Iterator[Resting]:
    """A plan: what is sent when its trigger is met."""
    id_ = PositionId(account, instrument.symbol, side_of(row))
    venue_id = text_of(row.get("entrustId"), "entrustId")
    kind = _word(PLANS_HEARD, row.get("entrustType"), "entrustType")
    closes = row.get("closePosition") is True
    order = Order(
        client_id=heard(row.get("clientOrderId"), f"plan-{venue_id}"),
        id=id_,
        kind=kind,
        reduces=_reduces(row, id_),
        quantity=ZERO if closes else coins_of(row.get("origQty"), instrument, "origQty"),
        trigger=positive(row.get("stopPrice"), "stopPrice"),
        limit=positive(row.get("price"), "price") if kind is OrderKind.STOP_LIMIT else None,
        trigger_by=_trigger_by(row),
        closes_position=closes,
        placed_ms=time_of(row.get("createdTime"), "createdTime"),
    )
    yield Resting(order, venue_id)


def ordinary(account: AccountName, row: Mapping[str, Any], instrument: Instrument) -> Iterator[Resting]:
    """An order in the book; what it has traded already no longer rests."""
    id_ = PositionId(account, instrument.symbol, side_of(row))
    venue_id = text_of(row.get("orderId"), "orderId")
    kind = _word(_LIMITS, row.get("orderType"), "orderType")
    done = exact(row.get("executedQty"), "executedQty") * instrument.contract.contract_size
    left = coins_of(row.get("origQty"), instrument, "origQty") - done
    if left <= 0 or done < 0:
        raise ValueError(f"executedQty is {row.get('executedQty')!r} of {row.get('origQty')!r}")
    order = Order(
        client_id=heard(row.get("clientOrderId"), f"order-{venue_id}"),
        id=id_,
        kind=kind,
        reduces=_reduces(row, id_),
        quantity=left,
        limit=positive(row.get("price"), "price") if kind is OrderKind.LIMIT else None,
        placed_ms=time_of(row.get("createdTime"), "createdTime"),
    )
    yield Resting(order, venue_id)


def by_hand(account: AccountName, row: Mapping[str, Any], instrument: Instrument) -> Iterator[Resting]:
    """A stop, a profit or both in one row, set beside a position on XT's pages; always foreign."""
    id_ = PositionId(account, instrument.symbol, side_of(row))
    venue_id = text_of(row.get("profitId"), "profitId")
    stop, profit = row.get("triggerStopPrice"), row.get("triggerProfitPrice")
    if stop is None and profit is None:
        raise ValueError("neither triggerStopPrice nor triggerProfitPrice is there")
    for trigger, kind, word in (
        (stop, OrderKind.STOP_MARKET, "stop"),
        (profit, OrderKind.TAKE_PROFIT_MARKET, "profit"),
    ):
        if trigger is None:
            continue
        order = Order(
            client_id=ClientId(f"xt-{word}-{venue_id}"),
            id=id_,
            kind=kind,
            reduces=True,
            quantity=coins_of(row.get("origQty"), instrument, "origQty"),
            trigger=positive(trigger, f"{word} trigger"),
            trigger_by=_trigger_by(row),
            placed_ms=time_of(row.get("createdTime"), "createdTime"),
        )
        yield Resting(_priced(order, row), venue_id)


def _priced(order: Order, row: Mapping[str, Any]) -> Order:
    """A stop by hand may be one at a limit, which a gap can leap over."""
    if order.kind is not OrderKind.STOP_MARKET or row.get("stopDelegateOrderType") != "LIMIT":
        return order
    limit = positive(row.get("stopDelegatePrice"), "stopDelegatePrice")
    return replace(order, kind=OrderKind.STOP_LIMIT, limit=limit)


def _reduces(row: Mapping[str, Any], id_: PositionId) -> bool:
    word = row.get("orderSide")
    if word not in CLOSES.values():
        raise ValueError(f"orderSide is {word!r}, expected BUY or SELL")
    return word == CLOSES[id_.side]


def _trigger_by(row: Mapping[str, Any]) -> PriceKind:
    return _word(TRIGGERS_HEARD, row.get("triggerPriceType"), "triggerPriceType")


def _word(known: Mapping[str, T], word: object, what: str) -> T:
    if not isinstance(word, str) or word not in known:
        raise ValueError(f"{what} is {word!r}, expected one of {', '.join(known)}")
    return known[word]
