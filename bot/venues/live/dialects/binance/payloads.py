"""Reading Binance's payloads: what both its answers and its streams need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.facts import Fill
from bot.core.types import ZERO, Side
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument, Payload

MALFORMED = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What reading a row of a wrong shape raises: a field that is missing, no number, or of another kind."""
NO_SUCH_ORDER = "-2013"

BOTH = "BOTH"
"""The side that positions are on in one-way mode."""
SIDES = {"LONG": Side.LONG, "SHORT": Side.SHORT}


def code_of(payload: Payload) -> str | None:
    """The code of an error in an answer.

    An error is ``{"code": -1121, "msg": "..."}``. Some successes carry ``"code": 200``, the margin and
    algo-order endpoints among them.
    """
    if isinstance(payload, list):
        return next((found for found in map(code_of, payload) if found is not None), None)
    if not isinstance(payload, dict) or "code" not in payload:
        return None
    code = str(payload["code"])
    return None if code in ("200", "0") else code


def rows(payload: Payload, what: str) -> Sequence[Any]:
    """The rows of a list; ``ValueError`` for an error in its place, or anything else."""
    if not isinstance(payload, list):
        told = payload if isinstance(payload, dict) else type(payload).__name__
        raise ValueError(f"{what}: found {told!r:.200}, expected a list")  # noqa: TRY004 - a payload
    return payload


def table(payload: Payload, what: str) -> Mapping[str, Any]:
    """One object; ``ValueError`` for an error in its place, or anything else."""
    if not isinstance(payload, dict):
        raise ValueError(f"{what}: found {type(payload).__name__}, expected an object")  # noqa: TRY004 - a payload
    if code_of(payload) is not None:
        raise ValueError(f"{what}: found {payload!r:.200}")
    return payload


def truth(value: object, what: str) -> bool:
    """A boolean, which some of Binance's endpoints spell as text."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false", "TRUE", "FALSE"):
        return str(value).lower() == "true"
    raise ValueError(f"{what} is {value!r}, expected true or false")


def moment(value: object, what: str) -> int:
    """A time in milliseconds."""
    if type(value) is not int or value <= 0:
        raise ValueError(f"{what} is {value!r}, expected milliseconds")
    return value


def acted_on(order_side: object, position_side: object, *, reduces: bool) -> tuple[Side, bool]:
    """The side of the position that an order acts on, and whether it reduces it.

    In hedge mode the order names the side, and whether it reduces follows from buying or selling; in one-way
    mode (``BOTH``) it is the other way round.
    """
    if order_side not in ("BUY", "SELL"):
        raise ValueError(f"side is {order_side!r}, expected BUY or SELL")
    towards = Side.LONG if order_side == "BUY" else Side.SHORT
    if position_side == BOTH:
        return (towards.opposite if reduces else towards), reduces
    side = SIDES[str(position_side)]
    return side, side is not towards


def traded(
    section: Section,
    instrument: Instrument,
    row: Mapping[str, Any],
    fields: tuple[str, str, str, str, str, str] = (
        "qty",
        "price",
        "commission",
        "commissionAsset",
        "realizedPnl",
        "maker",
    ),
) -> Fill:
    """One trade. ``fields`` name quantity, price, fee, the fee's currency, profit and maker.

    The fee is what the settlement currency was charged: nought where it was paid in BNB. The documentation
    shows the fee of a taker once with a minus and once without; a taker never earns one. Slippage is unknown
    to the exchange, which does not say where the mark stood.
    """
    quantity, price, fee, currency, profit, maker = fields
    contract = instrument.contract
    charged = exact(row.get(fee, "0"), fee)
    if row.get(currency, contract.settlement) != contract.settlement:
        charged = ZERO
    return Fill(
        quantity=section.received(positive(row[quantity], quantity), contract),
        price=positive(row[price], price),
        fee=charged if truth(row[maker], maker) else abs(charged),
        pnl=exact(row[profit], profit),
        slippage=ZERO,
    )


def total(fills: Sequence[Fill]) -> Decimal:
    """What the trades come to."""
    return sum((fill.quantity for fill in fills), ZERO)
