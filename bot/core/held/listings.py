"""What a venue changes in a contract: its tiers, its steps, and whether it is traded at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from bot.core.contracts import Contract
from bot.core.decisions import StateChanged
from bot.core.facts import InstrumentChanged
from bot.core.intents import (
    BuyOption,
    CloseHedge,
    Intent,
    Level,
    MoveStop,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    SellOption,
)

TRADED, SUSPENDED = "traded", "suspended"
_ORDERS = frozenset(
    {
        ReducePosition,
        OpenHedge,
        CloseHedge,
        PlaceStop,
        MoveStop,
        PlaceTakeProfit,
        BuyOption,
        SellOption,
    }
)
_NAMES = tuple(field.name for field in fields(Contract) if field.compare and field.name != "suspended")


def untradable(contract: Contract, kind: type[Intent], at_ms: int) -> str | None:
    """Why nothing of ``kind`` can be had in the contract now; ``None`` if it may be tried.

    Margin may be moved in a market that is suspended: it is no order.
    """
    if contract.expired(at_ms):
        return f"{contract.symbol} has expired and awaits its delivery"
    if contract.suspended and kind in _ORDERS:
        return f"{contract.symbol} is suspended: the exchange takes no order in it"
    return None


def news_of(known: Contract | None, fact: InstrumentChanged, *, held: bool) -> Iterator[StateChanged]:
    """What people are told of it; ``held`` is whether a position is open there.

    The venue may change both at any time, and a change of tiers moves the liquidation price of what is held.
    """
    contract, was_suspended = fact.contract, known is not None and known.suspended
    # A perpetual is told of for the sake of the position that is about to be.
    held = held or (known is None and contract.expiry_ms is None)
    if contract.suspended is not was_suspended:
        stands = "nothing can be closed there, and no stop placed" if held else "no order is taken in it"
        because = f"{stands} until the exchange trades it again" if contract.suspended else "it trades again"
        yield StateChanged(
            at_ms=fact.at_ms,
            subject=f"contract:{contract.symbol}",
            was=SUSPENDED if was_suspended else TRADED,
            now=SUSPENDED if contract.suspended else TRADED,
            because=because,
            level=Level.CRITICAL if held and contract.suspended else Level.WARNING,
        )
    changed = [] if known is None else [n for n in _NAMES if getattr(known, n) != getattr(contract, n)]
    if changed:
        yield StateChanged(
            at_ms=fact.at_ms,
            subject=f"contract:{contract.symbol}",
            was="as it was",
            now="other rules",
            because=f"the exchange changed {', '.join(changed)}",
            level=Level.WARNING if held else Level.INFO,
        )
