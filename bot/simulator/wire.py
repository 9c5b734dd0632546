"""What an exchange's wire protocol is to the server: requests in, answers out, messages both ways.

A wire is synchronous, as the world is. It never sees a socket: it gets lines and says what goes down them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

from bot.simulator.line import Line

_SPELLING = json.JSONEncoder(separators=(",", ":"))
try:
    from orjson import dumps as _quickly  # ccxt brings it for nearly every machine.
except ImportError:

    def _quickly(payload: Any, /) -> bytes:  # type: ignore[misc]  # noqa: ANN401 - it has more parameters
        return _SPELLING.encode(payload).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it came in. ``query`` and ``body`` are raw: signatures are over what was sent."""

    method: str
    host: str
    path: str
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """With lower-case names."""
    peer: str = ""
    """The address it came from: weights are counted per address."""

    @property
    def params(self) -> dict[str, str]:
        """The parameters of the query and of a form in the body; an empty value is kept."""
        params = dict(_pairs(self.query))
        if self.body and not self.body.startswith(("{", "[")):
            params |= _pairs(self.body)
        return params

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON
        """The body as JSON; ``None`` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def target(self) -> str:
        """Path and query, as faults are matched against it."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def content(self) -> str:
        """Query and body, where a request says what it is about."""
        return f"{self.query} {self.body}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. ``body`` is JSON already."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:  # noqa: ANN401 - JSON
        """An answer of a payload that JSON can spell."""
        return cls(body=spelt(payload), status=status, headers=headers or {})


class Wire(Protocol):
    """One exchange: its hosts, and what it answers."""

    name: str
    """As ccxt names it."""
    hosts: frozenset[str]
    """All names under which clients reach it."""

    def answer(self, call: Call) -> Answer:
        """Carry a request out and answer it, errors included."""
        ...

    def api_key(self, call: Call) -> str:
        """The api key a request names, for faults that concern one client; empty if none."""
        ...

    def connect(self, line: Line) -> int:
        """A websocket wants in: 0 if it may, else the status that refuses it. ``line.call`` says where."""
        ...

    def hear(self, line: Line, text: str) -> None:
        """A message from a client."""
        ...

    def leave(self, line: Line) -> None:
        """A websocket is gone."""
        ...

    def tick(self) -> None:
        """A second has passed: heartbeats, periodic frames, sessions that expire."""
        ...

    def expire_sessions(self, account: str) -> int:
        """Whatever keeps private streams of the account alive ends now (listen keys, log-ins); how many."""
        ...


class Sockets(Protocol):
    """The websockets of an exchange, where one part looks after all of them."""

    def connect(self, line: Line) -> int:
        """A websocket wants in: 0 if it may, else the status that refuses it."""
        ...

    def hear(self, line: Line, text: str) -> None:
        """A message from a client."""
        ...

    def leave(self, line: Line) -> None:
        """A websocket is gone."""
        ...

    def tick(self) -> None:
        """A second has passed."""
        ...

    def expire(self, account: str) -> int:
        """End the private streams of an account; how many."""
        ...


class SocketWire:
    """What a wire says of websockets that leaves them all to its ``Sockets``."""

    def __init__(self, sockets: Sockets) -> None:
        """Hand everything on to ``sockets``."""
        self._sockets = sockets

    def connect(self, line: Line) -> int:
        """A websocket wants in."""
        return self._sockets.connect(line)

    def hear(self, line: Line, text: str) -> None:
        """A message from a client."""
        self._sockets.hear(line, text)

    def leave(self, line: Line) -> None:
        """A websocket is gone."""
        self._sockets.leave(line)

    def tick(self) -> None:
        """A second has passed."""
        self._sockets.tick()

    def expire_sessions(self, account: str) -> int:
        """End the private streams of an account."""
        return self._sockets.expire(account)


class OpenLines:
    """The websockets of an exchange that are open: the part of ``Sockets`` that is the same everywhere.

    Each has a ``session`` that is made from its number; who has logged in on it, ``account`` of it says.
    """

    def __init__(self, paths: Collection[str], session: Callable[[int], Any]) -> None:
        """Only those who come to one of ``paths`` are let in."""
        self._paths = paths
        self._session = session
        self._lines: list[Line] = []
        self._opened = 0

    def connect(self, line: Line) -> int:
        """Let a connection in, if there is anything where it wants to go."""
        if line.call.path not in self._paths:
            return 404
        self._opened += 1
        line.session = self._session(self._opened)
        self._lines.append(line)
        return 0

    def leave(self, line: Line) -> None:
        """It is gone."""
        if line in self._lines:
            self._lines.remove(line)

    def expire(self, account: str) -> int:
        """Cut the private connections of an account, as exchanges do with a key that was deleted."""
        mine = [line for line in self._lines if line.session.account == account]
        for line in mine:
            line.close()
        return len(mine)


def spelt(payload: Any) -> str:  # noqa: ANN401 - JSON
    """JSON as exchanges write it: no spaces."""
    try:
        return _quickly(payload).decode()
    except TypeError:
        # A client may have sent what only Python's own spells: numbers beyond 64 bits, halves of characters.
        return _SPELLING.encode(payload)


@lru_cache(maxsize=64)
def _pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query or form; those who log, admit and answer a request all ask for them."""
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True)
    return [(name, value) for name, _, value in (part.partition("=") for part in text.split("&") if part)]
