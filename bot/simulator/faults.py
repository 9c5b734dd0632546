"""Faults on order: what can go wrong between a client and an exchange, as data.

A fault waits until a request or a connection fits it, acts, and is used up after its count. Whether a
request was executed before its reply was lost is the whole difference, so every kind says which it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong."""

    # Requests.
    LOST_BEFORE = "lost_before"
    """The connection closes and nothing was executed."""
    LOST_AFTER = "lost_after"
    """The request is executed and the connection closes without a reply."""
    HANG_BEFORE = "hang_before"
    """No reply, ever, and nothing executed."""
    HANG_AFTER = "hang_after"
    """Executed, and no reply, ever."""
    DELAY_BEFORE = "delay_before"
    """Executed ``ms`` late; the time window of the request is judged then."""
    DELAY_AFTER = "delay_after"
    """Executed at once, the reply comes ``ms`` late."""
    ERROR_BEFORE = "error_before"
    """``status`` with ``body`` and nothing executed."""
    ERROR_AFTER = "error_after"
    """Executed, and then ``status`` with ``body``."""
    HTML_AFTER = "html_after"
    """Executed; a 200 with a page of html."""
    EMPTY_AFTER = "empty_after"
    """Executed; a 200 with nothing in it."""
    BODY_AFTER = "body_after"
    """Executed; a 200 with ``body`` instead of the answer (``null``, ``[]``)."""
    CUT_JSON = "cut_json"
    """Executed; a 200 with the first half of the answer, complete as far as HTTP can tell."""
    CUT_BODY = "cut_body"
    """Executed; the connection closes in the middle of the answer."""
    LIMITED = "limited"
    """429 with ``Retry-After`` of ``retry_after_s``, nothing executed."""
    BANNED = "banned"
    """418 with ``Retry-After`` of ``retry_after_s``, nothing executed."""
    LAG = "lag"
    """Queries answer with the account as it was ``ms`` ago."""

    # Connections.
    REFUSE = "refuse"
    """A websocket is not accepted: ``status``."""
    MUTE = "mute"
    """Nothing is sent any more, pings are answered."""
    HALF_OPEN = "half_open"
    """Nothing is sent any more and nothing answered, as if the other end had lost its power."""
    CUT_FRAME = "cut_frame"
    """A message is cut in half."""
    CLOSE = "close"
    """The connection is closed at the next message."""
    DROP = "drop"
    """A message is left out."""
    DUPLICATE = "duplicate"
    """A message is sent twice."""
    REORDER = "reorder"
    """A message is sent behind the one after it."""
    DELAY_FRAME = "delay_frame"
    """A message, and all behind it, ``ms`` late."""
    REPLACE_FRAME = "replace_frame"
    """``body`` is sent in place of a message."""


BEFORE = frozenset(
    {
        FaultKind.LOST_BEFORE,
        FaultKind.HANG_BEFORE,
        FaultKind.DELAY_BEFORE,
        FaultKind.ERROR_BEFORE,
        FaultKind.LIMITED,
        FaultKind.BANNED,
    }
)
"""What acts before a request is executed."""
AFTER = frozenset(
    {
        FaultKind.LOST_AFTER,
        FaultKind.HANG_AFTER,
        FaultKind.DELAY_AFTER,
        FaultKind.ERROR_AFTER,
        FaultKind.HTML_AFTER,
        FaultKind.EMPTY_AFTER,
        FaultKind.BODY_AFTER,
        FaultKind.CUT_JSON,
        FaultKind.CUT_BODY,
    }
)
"""What acts on the reply of a request that was executed."""
SILENCE = frozenset({FaultKind.MUTE, FaultKind.HALF_OPEN})
FRAMES = frozenset(
    {
        FaultKind.CUT_FRAME,
        FaultKind.CLOSE,
        FaultKind.DROP,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.DELAY_FRAME,
        FaultKind.REPLACE_FRAME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. It fits where ``method``, ``path`` and ``key`` do.

    ``method`` is that of the request, or ``WS`` for a connection, empty for any. ``path`` is a regular
    expression searched in the path with its query; of a message it is searched in ``path topic`` (Binance:
    ``/private/ws?listenKey=... ORDER_TRADE_UPDATE``). ``about`` is one searched in query and body of a
    request, where exchanges name symbol and order. ``key`` is the api key of one client alone. ``count`` is
    how often it acts, ``None`` until it is cleared. ``skip`` lets as many fitting ones pass first. What
    spoils a reply does so to a request that was executed, unless ``executed`` is false.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    about: str = ""
    key: str = ""
    count: int | None = 1
    skip: int = 0
    ms: int = 0
    status: int = 503
    body: str = ""
    retry_after_s: int = 1
    executed: bool = True
    fault_id: int = 0

    def fits(self, method: str, path: str, key: str, content: str = "") -> bool:
        """Whether it concerns this request, connection or message; ``content`` is query and body."""
        if self.method and self.method != method:
            return False
        if self.key and self.key != key:
            return False
        if self.about and re.search(self.about, content) is None:
            return False
        return not self.path or re.search(self.path, path) is not None


class Faults:
    """The faults that wait, in the order they were ordered."""

    def __init__(self) -> None:
        self._waiting: dict[int, Fault] = {}
        self._last_id = 0

    def order(self, fault: Fault) -> int:
        """Add a fault; its id, to clear it by. ``ValueError`` for what is no regular expression."""
        for name, pattern in (("path", fault.path), ("about", fault.about)):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{name} {pattern!r} is no regular expression: {error}") from error
        self._last_id += 1
        self._waiting[self._last_id] = replace(fault, fault_id=self._last_id)
        return self._last_id

    def clear(self, fault_id: int | None = None) -> None:
        """Take back one fault, or all."""
        if fault_id is None:
            self._waiting.clear()
        else:
            self._waiting.pop(fault_id, None)

    def waiting(self) -> tuple[Fault, ...]:
        """What is still to come."""
        return tuple(self._waiting.values())

    def take(
        self, kinds: frozenset[FaultKind], method: str, path: str, key: str = "", content: str = ""
    ) -> Fault | None:
        """The first fault of these kinds that fits, which is used up by one."""
        for fault in self._waiting.values():
            if fault.kind in kinds and fault.fits(method, path, key, content):
                return self._use(fault)
        return None

    def lag_ms(self, path: str, key: str = "") -> int:
        """How late a query of that path answers."""
        fault = self.take(frozenset({FaultKind.LAG}), "GET", path, key)
        return 0 if fault is None else fault.ms

    def _use(self, fault: Fault) -> Fault | None:
        if fault.skip:
            self._waiting[fault.fault_id] = replace(fault, skip=fault.skip - 1)
            return None
        if fault.count is None:
            return fault
        if fault.count <= 1:
            del self._waiting[fault.fault_id]
        else:
            self._waiting[fault.fault_id] = replace(fault, count=fault.count - 1)
        return fault
