"""What became of one order at Binance, from its own state and the trades of its symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.types import ClientId
from bot.venues.live.dialects.binance.payloads import (
    MALFORMED,
    NO_SUCH_ORDER,
    code_of,
    rows,
    table,
    total,
    traded,
)
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact
from bot.venues.live.terms import Instrument, OrderState, Payload

OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})
CLOSED = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"})
ALGO_OPEN = frozenset({"NEW", "TRIGGERING", "TRIGGERED"})
"""Triggered: the order is in the book and may yet trade. Finished: it was filled or cancelled there."""
ALGO_CLOSED = frozenset({"FINISHED", "CANCELED", "REJECTED", "EXPIRED"})


def account_of_order(
    section: Section, instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]
) -> OrderState | None:
    """Its state and its trades; ``None`` where the exchange says that it has no such order.

    ``ValueError`` while the trades told do not come to what the order executed: the two are read one after
    the other, and an answer may lag behind the engine.
    """
    if code_of(payloads[0]) == NO_SUCH_ORDER:
        return None
    row = table(payloads[0], f"order {client_id}")
    try:
        return _state(section, instrument, client_id, row, payloads[1])
    except MALFORMED as error:
        raise ValueError(f"order {client_id}: {type(error).__name__} {error}") from error


def _state(
    section: Section, instrument: Instrument, client_id: ClientId, row: Mapping[str, Any], trades: Payload
) -> OrderState:
    algo = "algoId" in row
    status = row["algoStatus" if algo else "status"]
    told = row["clientAlgoId" if algo else "clientOrderId"]
    if told != client_id:
        raise ValueError(f"the answer is about {told!r}")
    if status not in (ALGO_OPEN | ALGO_CLOSED if algo else OPEN | CLOSED):
        raise ValueError(f"status is {status!r}")
    number = str((row.get("actualOrderId") or "") if algo else row["orderId"])
    fills = tuple(
        traded(section, instrument, each)
        for each in rows(trades, "trades")
        if number and str(each["orderId"]) == number
    )
    executed = _executed(row, algo=algo)
    if executed is not None and section.received(executed, instrument.contract) > total(fills):
        raise ValueError(f"it executed {executed}, its trades come to {total(fills)}")
    return OrderState(
        client_id=client_id,
        open=status in (ALGO_OPEN if algo else OPEN),
        fills=fills,
        status=status,
    )


def _executed(row: Mapping[str, Any], *, algo: bool) -> Decimal | None:
    """What the order executed; the algo service tells it of triggered orders only, not in every answer."""
    if not algo:
        return exact(row["executedQty"], "executedQty")
    return exact(row["actualQty"], "actualQty") if row.get("actualQty") else None
