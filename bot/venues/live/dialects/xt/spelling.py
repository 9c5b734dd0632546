"""How XT spells what we say: sides, client ids, contracts instead of coins, and the frame around an answer.

Quantities are contracts on every one of its doors, and the words for closing a long are ``SELL`` with
``positionSide`` ``LONG``: an account of XT always keeps a long and a short side by side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.types import OUR_PREFIX, ClientId, MarginMode, OrderKind, PriceKind, Side
from bot.venues.live.exact import plain, positive
from bot.venues.live.terms import Instrument, Payload
from bot.venues.live.wire import Param

PUBLIC = ("public", "linear")
PRIVATE = ("private", "linear")
"""ccxt's two-part names of the sections."""

SIDES = {Side.LONG: "LONG", Side.SHORT: "SHORT"}
SIDES_HEARD = {word: side for side, word in SIDES.items()}
OPENS = {Side.LONG: "BUY", Side.SHORT: "SELL"}
CLOSES = {Side.LONG: "SELL", Side.SHORT: "BUY"}
MODES = {MarginMode.ISOLATED: "ISOLATED", MarginMode.CROSS: "CROSSED"}
MODES_HEARD = {word: mode for mode, word in MODES.items()}
TRIGGERS = {PriceKind.MARK: "MARK_PRICE", PriceKind.LAST: "LATEST_PRICE"}
TRIGGERS_HEARD = {"MARK_PRICE": PriceKind.MARK, "LATEST_PRICE": PriceKind.LAST, "INDEX_PRICE": PriceKind.LAST}
"""The index is not the mark, so that a stop by it is shown as one that is not met by the mark."""
PLANS = {OrderKind.STOP_MARKET: "STOP_MARKET", OrderKind.TAKE_PROFIT_MARKET: "TAKE_PROFIT_MARKET"}
PLANS_HEARD = {
    "STOP_MARKET": OrderKind.STOP_MARKET,
    "STOP": OrderKind.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_MARKET,
}

_OURS = re.compile(r"hf(-[0-9]+){2,3}")
_OURS_HEARD = re.compile(r"hf(_[0-9]+){2,3}")
FOREIGN = "xt-"
"""What begins the client id under which somebody else's order is shown."""


def spelt(client_id: ClientId) -> str:
    """Our client id as XT takes it: a hyphen is not among the signs that are known to be allowed.

    ``ValueError`` for an id that could not be read back as the same one.
    """
    if not _OURS.fullmatch(client_id):
        raise ValueError(f"client id {client_id!r}, expected {OUR_PREFIX}EPOCH-SEQUENCE[-SLICE]")
    return client_id.replace("-", "_")


def heard(text: object, otherwise: str) -> ClientId:
    """The client id of an order of XT's: ours as we know it, anybody else's unmistakably foreign.

    ``otherwise`` names the order where it carries no client id at all.
    """
    if isinstance(text, str) and _OURS_HEARD.fullmatch(text):
        return ClientId(text.replace("_", "-"))
    return ClientId(f"{FOREIGN}{text if isinstance(text, str) and text else otherwise}")


def contracts_of(quantity: Decimal, instrument: Instrument) -> str:
    """A quantity in coins as XT counts it: in contracts; ``ValueError`` where it is off the lot."""
    contract = instrument.contract
    if quantity <= 0 or quantity % contract.lot:
        raise ValueError(f"{contract.symbol}: quantity {quantity}, expected a multiple of {contract.lot}")
    return plain(quantity / contract.contract_size)


def coins_of(contracts: object, instrument: Instrument, what: str) -> Decimal:
    """A number of contracts as a quantity in coins; ``ValueError`` unless it is above nought."""
    return positive(contracts, what) * instrument.contract.contract_size


def side_of(row: Mapping[str, Any]) -> Side:
    """The side of the position that a row is about; ``ValueError`` for any word but the two."""
    word = row.get("positionSide")
    if not isinstance(word, str) or word not in SIDES_HEARD:
        raise ValueError(f"positionSide is {word!r}, expected LONG or SHORT")
    return SIDES_HEARD[word]


def time_of(value: object, what: str) -> int:
    """A time of XT's in milliseconds; ``ValueError`` where it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"{what} is {value!r}, expected a time in milliseconds")
    return value


def text_of(value: object, what: str) -> str:
    """An id or a word of XT's, numbers included; ``ValueError`` where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError(f"{what} is {value!r}, expected a text")
    return str(value)


def result(payload: Payload, what: str) -> Any:  # noqa: ANN401 - decoded JSON is whatever it is
    """What an answer carries; ``ValueError`` for one that does not say that all went well."""
    if not isinstance(payload, Mapping) or "result" not in payload:
        raise ValueError(f"{what}: found {str(payload)[:100]}, expected an answer with a result")
    if payload.get("returnCode", payload.get("rc")) != 0:
        raise ValueError(f"{what}: XT answers {str(payload.get('error') or payload)[:200]}")
    return payload["result"]


def rows(payload: Payload, what: str) -> Sequence[Mapping[str, Any]]:
    """The rows of an answer that is a list; ``ValueError`` where it is none."""
    found = result(payload, what)
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise ValueError(f"{what}: found {str(found)[:100]}, expected a list of rows")
    return found


def page(payload: Payload, what: str) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """The rows of one page and whether there are more; ``ValueError`` for anything that is no page."""
    found = result(payload, what)
    items = found.get("items") if isinstance(found, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(row, Mapping) for row in items):
        raise ValueError(f"{what}: found {str(found)[:100]}, expected a page of rows")
    return items, found.get("hasNext") is True or next_page(payload) is not None


def next_page(payload: Payload) -> Mapping[str, Param] | None:
    """The parameter that brings the next page of a numbered list; ``None`` behind the last one."""
    found = payload.get("result") if isinstance(payload, Mapping) else None
    if not isinstance(found, Mapping):
        return None
    page, size, total = found.get("page"), found.get("ps"), found.get("total")
    if not (isinstance(page, int) and isinstance(size, int) and isinstance(total, int)):
        return None
    return {"page": page + 1} if 0 < page * size < total else None
