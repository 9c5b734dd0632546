"""How OKX spells what Holdfast spells otherwise: client ids, quantities, sides.

OKX takes letters and digits only, 32 of them, so a hyphen becomes a capital Z, which none of our ids has.
Quantities are contracts there: of ``contract_size`` base coin (linear) or dollars (inverse) each.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import OUR_PREFIX, ClientId, MarginMode, Side
from bot.venues.live.exact import plain

HYPHEN = "Z"
OUR_SPELT_PREFIX = OUR_PREFIX.replace("-", HYPHEN)
ID_MAX = 32
SWAP, FUTURES = "SWAP", "FUTURES"
MODES = {"isolated": MarginMode.ISOLATED, "cross": MarginMode.CROSS}
TRADES = {"buy": Side.LONG, "sell": Side.SHORT}
NET = "net"
OWNERS = {NET: None, "": None, "long": Side.LONG, "short": Side.SHORT}
"""Whose order or position it is; in one-way mode (net) the row itself has to say it."""


def spelt(client_id: ClientId) -> str:
    """Our client id as OKX takes it; ``ValueError`` for one that it would not take or that is not ours."""
    if not client_id.startswith(OUR_PREFIX) or HYPHEN in client_id:
        raise ValueError(f"{client_id} is no order of ours, it is not touched")
    text = client_id.replace("-", HYPHEN)
    if len(text) > ID_MAX or not (text.isascii() and text.isalnum()):
        raise ValueError(f"{client_id} cannot be spelt in {ID_MAX} letters and digits")
    return text


def is_ours(text: str) -> bool:
    """Whether an id at OKX is one of ours."""
    return text.startswith(OUR_SPELT_PREFIX)


def read(text: str, otherwise: str) -> ClientId:
    """The client id: ours as we spell it, a foreign one as it is, the exchange's own where there is none."""
    return ClientId(text.replace(HYPHEN, "-") if is_ours(text) else text or otherwise)


def instrument_type(contract: Contract) -> str:
    """How OKX divides its contracts."""
    return SWAP if contract.expiry_ms is None else FUTURES


def contracts(quantity: Decimal, contract: Contract) -> str:
    """A quantity as a number of contracts; ``ValueError`` where that loses a digit."""
    number = quantity / contract.contract_size
    if number * contract.contract_size != quantity:
        raise ValueError(
            f"{contract.symbol}: {quantity} is no number of contracts of {contract.contract_size}"
        )
    return plain(number)


def quantity(number: Decimal, contract: Contract) -> Decimal:
    """A number of contracts as a quantity."""
    return number * contract.contract_size
