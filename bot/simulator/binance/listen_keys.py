"""Listen keys: what keeps a user data stream alive, and the lines on it.

Pages "Start User Data Stream", "Keepalive User Data Stream", "Close User Data Stream" and "Event: User Data
Stream Expired".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.core.types import AccountName
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.shapes import Json
from bot.simulator.line import Line
from bot.simulator.wire import spelt

LISTEN_KEY_MS = 3_600_000
"""A listen key is valid for sixty minutes after it was made or kept alive."""


@dataclass(slots=True)
class Session:
    """The listen key of an account and the lines on it."""

    listen_key: str
    account: AccountName
    until_ms: int
    lines: set[Line] = field(default_factory=set)


class ListenKeys:
    """The listen keys of all accounts of one section: one each at most."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._sessions: dict[str, Session] = {}
        self._made = 0

    def routes(self) -> Routes:
        """Its endpoints."""
        return {
            ("POST", "v1/listenKey"): Route(Security.KEY, self._start),
            ("PUT", "v1/listenKey"): Route(Security.KEY, self._keep),
            ("DELETE", "v1/listenKey"): Route(Security.KEY, self._stop),
        }

    def _start(self, ask: Ask) -> Json:
        """An account has one key: asking again gives the same one, valid for another hour."""
        session = self._of(ask.account)
        if session is None:
            self._made += 1
            name = (
                f"{self._office.section.path[1:]}{self._made:04}{'pqia91ma19a5s61cv6a81va65sdf19v8a65a1' * 2}"
            )
            session = Session(name[:64], ask.account, 0)
            self._sessions[session.listen_key] = session
        session.until_ms = self._office.now_ms + LISTEN_KEY_MS
        return {"listenKey": session.listen_key}

    def _keep(self, ask: Ask) -> Json:
        session = self._of(ask.account)
        if session is None:
            raise BinanceError(-1125)
        session.until_ms = self._office.now_ms + LISTEN_KEY_MS
        return {"listenKey": session.listen_key}

    def _stop(self, ask: Ask) -> Json:
        session = self._of(ask.account)
        if session is not None:
            self._end(session)
        return {}

    def open(self, line: Line, listen_key: str) -> int:
        """A line with that key: 0, or the status that refuses it (assumed: 401)."""
        session = self._sessions.get(listen_key)
        if session is None:
            return 401
        session.lines.add(line)
        mine = (key.key for key in self._office.world.keys if key.account == session.account)
        line.key = next(mine, "")
        line.session = session
        return 0

    def close(self, line: Line) -> None:
        """A line is gone."""
        for session in self._sessions.values():
            session.lines.discard(line)

    def tick(self) -> None:
        """Keys that were not kept alive end."""
        for session in list(self._sessions.values()):
            if session.until_ms <= self._office.now_ms:
                self._end(session)

    def expire(self, account: str) -> int:
        """End the account's key now; how many there were."""
        ended = [session for session in self._sessions.values() if session.account == account]
        for session in ended:
            self._end(session)
        return len(ended)

    def _end(self, session: Session) -> None:
        """Tell it, and nothing after it; the connection stays (page "Event: User Data Stream Expired")."""
        frame = {"e": "listenKeyExpired", "E": self._office.now_ms, "listenKey": session.listen_key}
        for line in session.lines:
            line.send(spelt(frame), "listenKeyExpired")
        del self._sessions[session.listen_key]

    def _of(self, account: AccountName) -> Session | None:
        return next((s for s in self._sessions.values() if s.account == account), None)

    def tell(self, account: AccountName, frame: Json) -> None:
        """Push one event to the account."""
        session = self._of(account)
        if session is None or not session.lines:
            return
        text = spelt(frame | {"E": self._office.now_ms})
        for line in session.lines:
            line.send(text, frame["e"])

    def listening(self) -> Iterable[AccountName]:
        """The accounts that somebody listens to."""
        return [session.account for session in self._sessions.values() if session.lines]
