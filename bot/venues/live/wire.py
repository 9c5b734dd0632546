"""What goes over the wire and what comes back, before anybody says what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

Param = str | int | bool
"""A parameter as it is sent. Amounts and prices are strings: a float has already been rounded."""


class Urgency(IntEnum):
    """Who goes first where requests wait for one another; the smaller number goes before the larger."""

    KILL = 0
    """Flatten, and what a person ordered."""
    EMERGENCY = 1
    """Exits, margin, the first stop of a position: what keeps it alive now."""
    PROTECTION = 3
    """Stops and hedges."""
    ACCOUNT = 5
    """Reading positions, orders and balances."""
    MARKET = 7
    """Reading what is public."""
    BACKFILL = 9
    """History that can wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """That a request is refused which comes later than ``within_ms`` after it left, and how that is said.

    ``header`` bears the last moment in milliseconds of the exchange's clock.
    """

    header: str
    within_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of an exchange's REST interface, before it is signed.

    ``api`` is ccxt's name of the section (``fapiPrivate``), ``path`` as ccxt lists it there, version
    excluded where the section carries it. ``weight`` is what it costs of the window ``window`` of the
    exchange's limits (``Traits.windows``).

    ``listed`` means that the exchange wants the parameters as the only element of a list (OKX cancels
    conditional orders so). ``expiry`` is set where the exchange takes a shorter time than that of all
    requests (``Traits.recv_window_ms``). ``following`` gives the parameters that bring the next page, from an
    answer that is one page of several; ``None`` from it means that this was the last.
    """

    api: str | tuple[str, ...]
    method: str
    path: str
    params: Mapping[str, Param] = field(default_factory=dict)
    weight: int = 1
    window: str = "requests"
    listed: bool = False
    expiry: Expiry | None = None
    following: Callable[[Any], Mapping[str, Param] | None] | None = None

    def outgoing(self) -> dict[str, Param] | list[dict[str, Param]]:
        """What ccxt is handed: a copy each time, because some of its classes write into what they sign."""
        parameters = dict(self.params)
        return [parameters] if self.listed else parameters

    def after(self, answer: Any) -> Request | None:  # noqa: ANN401 - decoded JSON
        """The request for the next page; ``None`` where ``answer`` is the last or the only one."""
        further = self.following(answer) if self.following else None
        return None if further is None else replace(self, params={**self.params, **further})


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


def page_name(name: str, number: int) -> str:
    """Under which name the answer with page ``number`` of the request ``name`` is handed on, from 1."""
    return name if number == 1 else f"{name}+{number}"


def pages(payloads: Mapping[str, Any], name: str) -> list[Any]:
    """All pages of the answer to the request ``name``, in order; ``KeyError`` where there is none."""
    found = [payloads[name]]
    while (further := page_name(name, len(found) + 1)) in payloads:
        found.append(payloads[further])
    return found
