"""Why the exchange refuses, in the codes the real venues use.

The guard and the ledger decide by code, so a paper run must speak the codes of the venue it stands in
for. Codes: ccxt 4.5 error tables and the venues' own error pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.contracts import Contract


class Reason(StrEnum):
    """A refusal, whatever the venue calls it."""

    PRECISION = "precision"
    """Not a multiple of lot, tick or margin step."""
    MIN_QUANTITY = "min_quantity"
    MIN_NOTIONAL = "min_notional"
    BALANCE = "balance"
    """Not enough free balance for the margin and the fee of an order."""
    REDUCE_ONLY = "reduce_only"
    """Nothing to reduce, or the order would flip the position."""
    WOULD_TRIGGER = "would_trigger"
    """The trigger price has been passed already."""
    REDUCE_ONLY_FLAG = "reduce_only_flag"
    """The reduce-only flag was sent in hedge mode."""
    DUPLICATE = "duplicate"
    NO_ORDER = "no_order"
    LEVERAGE_REFUSED = "leverage_refused"
    LEVERAGE_BALANCE = "leverage_balance"
    LEVERAGE_INVALID = "leverage_invalid"
    """Above what the contract allows, or below one."""
    LEVERAGE_TIER = "leverage_tier"
    """The position is too large for this leverage."""
    LEVERAGE_SAME = "leverage_same"
    LEVERAGE_LIQUIDATES = "leverage_liquidates"
    MARGIN_BALANCE = "margin_balance"
    MARGIN_AMOUNT = "margin_amount"
    MARGIN_CROSS = "margin_cross"
    MARGIN_REMOVABLE = "margin_removable"
    NO_POSITION = "no_position"
    MODE_POSITION = "mode_position"
    """Margin or position mode cannot change while a position is open."""
    MODE_ORDERS = "mode_orders"
    """Nor while an order rests."""
    NO_LIQUIDITY = "no_liquidity"
    OVERLOADED = "overloaded"
    """The venue refuses everything for the time being."""
    EXPIRED = "expired"
    """The contract is past its expiry."""
    CAPABILITY = "capability"
    """The paper exchange cannot do this at all, whichever venue it stands in for."""


BINANCE = {
    Reason.OVERLOADED: "-1008",
    Reason.PRECISION: "-1111",
    Reason.MIN_QUANTITY: "-4004",
    Reason.MIN_NOTIONAL: "-4164",
    Reason.BALANCE: "-2019",
    Reason.REDUCE_ONLY: "-2022",
    Reason.WOULD_TRIGGER: "-2021",
    Reason.REDUCE_ONLY_FLAG: "-1106",
    Reason.DUPLICATE: "-4116",
    Reason.NO_ORDER: "-2011",
    Reason.EXPIRED: "-4141",
    Reason.LEVERAGE_REFUSED: "-4161",
    Reason.LEVERAGE_BALANCE: "-2028",
    Reason.LEVERAGE_INVALID: "-4028",
    Reason.LEVERAGE_TIER: "-2027",
    Reason.MARGIN_BALANCE: "-4051",
    Reason.MARGIN_AMOUNT: "-4055",
    # Binance answers a margin change on a cross position as if there were no isolated one.
    Reason.MARGIN_CROSS: "-4054",
    Reason.MARGIN_REMOVABLE: "-4051",
    Reason.NO_POSITION: "-4054",
    Reason.MODE_POSITION: "-4048",
    Reason.MODE_ORDERS: "-4047",
    Reason.NO_LIQUIDITY: "-5021",
}

BYBIT = {
    Reason.OVERLOADED: "10016",
    Reason.PRECISION: "10001",
    Reason.MIN_QUANTITY: "10001",
    Reason.MIN_NOTIONAL: "110094",
    Reason.BALANCE: "110007",
    Reason.REDUCE_ONLY: "110017",
    Reason.WOULD_TRIGGER: "110093",
    Reason.REDUCE_ONLY_FLAG: "10001",
    Reason.DUPLICATE: "110072",
    Reason.NO_ORDER: "110001",
    Reason.LEVERAGE_REFUSED: "110013",
    Reason.LEVERAGE_BALANCE: "110012",
    Reason.LEVERAGE_INVALID: "110013",
    Reason.LEVERAGE_TIER: "110013",
    Reason.LEVERAGE_SAME: "110043",
    Reason.LEVERAGE_LIQUIDATES: "110011",
    Reason.MARGIN_BALANCE: "110014",
    Reason.MARGIN_AMOUNT: "10001",
    Reason.MARGIN_CROSS: "110015",
    Reason.MARGIN_REMOVABLE: "110078",
    Reason.NO_POSITION: "110033",
    Reason.MODE_POSITION: "110024",
    Reason.MODE_ORDERS: "110028",
}

OKX = {
    Reason.OVERLOADED: "50013",
    Reason.PRECISION: "51121",
    Reason.MIN_QUANTITY: "51020",
    Reason.MIN_NOTIONAL: "51020",
    Reason.BALANCE: "51008",
    Reason.REDUCE_ONLY: "51112",
    Reason.WOULD_TRIGGER: "51280",
    Reason.REDUCE_ONLY_FLAG: "51205",
    Reason.DUPLICATE: "51016",
    Reason.NO_ORDER: "51400",
    Reason.EXPIRED: "51027",
    Reason.LEVERAGE_REFUSED: "59102",
    Reason.LEVERAGE_BALANCE: "59108",
    Reason.LEVERAGE_INVALID: "59102",
    Reason.LEVERAGE_TIER: "51004",
    Reason.LEVERAGE_LIQUIDATES: "59109",
    Reason.MARGIN_BALANCE: "59301",
    Reason.MARGIN_AMOUNT: "51000",
    Reason.MARGIN_CROSS: "59300",
    Reason.MARGIN_REMOVABLE: "59301",
    Reason.NO_POSITION: "59300",
    Reason.MODE_POSITION: "59002",
    Reason.MODE_ORDERS: "59000",
}

CODES = {"binance": BINANCE, "bybit": BYBIT, "okx": OKX}


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal and the sentence with the numbers that led to it."""

    reason: Reason
    text: str


def family(contract: Contract) -> str:
    """The venue family of a contract: the first word of the name of its margin rules."""
    return family_named(contract.rules.name)


def family_named(rules: str) -> str:
    """The venue family of margin rules by their name."""
    return rules.partition("_")[0]


def code(contract: Contract, reason: Reason) -> str:
    """The venue's own code; the plain word where the venue has no code that we know of."""
    if reason is Reason.LEVERAGE_REFUSED and contract.rules.leverage_cut_code:
        return contract.rules.leverage_cut_code
    return CODES.get(family(contract), {}).get(reason, reason.value)
