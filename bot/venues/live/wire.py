"""What goes over the wire and what comes back, before anybody says what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

Param = str | int | bool
"""A parameter as it is sent. Amounts and prices are strings: a float has already been rounded."""


class Urgency(IntEnum):
    """Who goes first where requests wait for one another; the smaller number goes before the larger."""

    KILL = 0
    """Flatten, and what a person ordered."""
    EMERGENCY = 1
    """Exits and margin: what keeps a position alive now."""
    PROTECTION = 3
    """Stops and hedges."""
    ACCOUNT = 5
    """Reading positions, orders and balances."""
    MARKET = 7
    """Reading what is public."""
    BACKFILL = 9
    """History that can wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of an exchange's REST interface, before it is signed.

    ``api`` is ccxt's name of the section (``fapiPrivate``), ``path`` as ccxt lists it there, version
    excluded where the section carries it. ``weight`` is what it costs of the window ``window`` of the
    exchange's limits (``Traits.windows``).
    """

    api: str | tuple[str, ...]
    method: str
    path: str
    params: Mapping[str, Param] = field(default_factory=dict)
    weight: int = 1
    window: str = "requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for one request: status, headers and body as they were, or how it broke.

    ``sent`` is false only where it is certain that not a byte of the request left: no connection was made.
    ``status`` is ``None`` where no complete answer came; ``error`` then says what happened. ``headers`` have
    lower-case names.
    """

    sent: bool
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
