"""The user data stream: listen keys, and what is pushed ("User Data Streams").

Events of one trade come as ORDER_TRADE_UPDATE NEW, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE TRADE; that the account
comes before the trade is assumed, Binance promises an order within one type only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.facts import BalanceChanged, FundingPaid, Liquidated, PositionChanged
from bot.core.margin.arithmetic import unrealised
from bot.core.margin.assess import assess
from bot.core.margin.requirement import maintenance
from bot.core.types import ZERO, AccountName, MarginMode, Position, PositionId, Side, Symbol
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.events import account_update, algo_frames, margin_call, order_frame
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.shapes import Json
from bot.simulator.line import Line
from bot.simulator.records import AccountView, Change, Update
from bot.simulator.wire import spelt
from bot.simulator.world import Event

LISTEN_KEY_MS = 3_600_000
"""A listen key is valid for sixty minutes after it was made or kept alive."""
CALL_AT = Decimal("0.8")
"""Margin ratio at which MARGIN_CALL is pushed; "when the user's position risk ratio is too high" says no
more, so this is assumed."""


@dataclass(slots=True)
class Session:
    """The listen key of an account and the lines on it."""

    listen_key: str
    account: AccountName
    until_ms: int
    lines: set[Line] = field(default_factory=set)


class PrivateStreams:
    """The private lines of one section."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._sessions: dict[str, Session] = {}
        self._made = 0
        self._told: dict[PositionId, tuple[Decimal, Decimal, Decimal]] = {}
        """What was last told of a position: quantity, entry, isolated wallet."""
        self._called: set[PositionId] = set()

    def routes(self) -> Routes:
        """Its endpoints."""
        return {
            ("POST", "v1/listenKey"): Route(Security.KEY, self._start),
            ("PUT", "v1/listenKey"): Route(Security.KEY, self._keep),
            ("DELETE", "v1/listenKey"): Route(Security.KEY, self._stop),
        }

    # --- listen keys -----------------------------------------------------------------------------

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

    # --- what is pushed --------------------------------------------------------------------------

    def tell(self, account: AccountName, frame: Json) -> None:
        """Push one event to the account."""
        session = self._of(account)
        if session is None or not session.lines:
            return
        text = spelt(frame | {"E": self._office.now_ms})
        for line in session.lines:
            line.send(text, frame["e"])

    def happened(self, event: Event) -> None:
        """Push what an event of the exchange means for each account."""
        for account in event.accounts:
            view = self._office.world.view(account)
            update = self._account_update(view, event)
            for step in event.updates:
                order = step.order
                if order.id.account != account or order.id.symbol not in self._office.contracts:
                    continue
                if step.change is Change.TRADE and update is not None:
                    self.tell(account, update)
                    update = None
                self._tell_all(account, self._frames(view, event, step))
            if update is not None:
                self.tell(account, update)

    def priced(self, symbol: Symbol) -> None:
        """Call for margin where a position of an account that listens is in danger, once until it is not."""
        for session in list(self._sessions.values()):
            ids = [PositionId(session.account, symbol, side) for side in Side]
            if not session.lines or not any(map(self._office.world.exchange.holds, ids)):
                continue
            view = self._office.world.view(session.account)
            for held in view.positions.values():
                if held.id.symbol == symbol:
                    self._call(view, held)

    def _call(self, view: AccountView, held: Position) -> None:
        marks = self._office.world.marks()
        ratio = assess(self._office.world.pool(view, held.id), marks).margin_ratio
        if ratio is None or ratio < CALL_AT:
            self._called.discard(held.id)
        elif held.id not in self._called:
            self._called.add(held.id)
            contract, mark = self._office.contracts[held.id.symbol], marks[held.id.symbol]
            figures = (mark, unrealised(held, contract, mark), maintenance(held, contract, mark))
            self.tell(view.account, margin_call(self._office, view, held, figures))

    def _frames(self, view: AccountView, event: Event, step: Update) -> Iterable[Json]:
        mode = self._office.mode(view.account)
        if step.order.conditional:
            child = view.orders.get(step.order.child) if step.order.child is not None else None
            return algo_frames(self._office, event.at_ms, step, child, mode)
        return (order_frame(self._office, event.at_ms, step, mode),)

    def _tell_all(self, account: AccountName, frames: Iterable[Json]) -> None:
        for frame in frames:
            self.tell(account, frame)

    def _account_update(self, view: AccountView, event: Event) -> Json | None:
        """What changed of balances and positions; ``None`` if nothing that is told did."""
        account, reason = view.account, "ADJUSTMENT"
        currencies: dict[str, Decimal] = {}
        changed: dict[PositionId, Position | None] = {}
        for fact in event.facts:
            match fact:
                case BalanceChanged() if fact.account == account:
                    currencies.setdefault(fact.currency, ZERO)
                case PositionChanged() if (
                    fact.id.account == account and fact.id.symbol in self._office.contracts
                ):
                    if self._is_news(fact.id, fact.position):
                        changed[fact.id] = fact.position
                case FundingPaid() if fact.id.account == account and fact.id.symbol in self._office.contracts:
                    reason = "FUNDING_FEE"
                    currency = self._office.contracts[fact.id.symbol].settlement
                    currencies[currency] = currencies.get(currency, ZERO) + fact.amount
                case Liquidated() if fact.id.account == account:
                    reason = "ORDER"
                case _:
                    pass
        if any(step.trade is not None and step.order.id.account == account for step in event.updates):
            reason = "ORDER"
        elif changed and reason == "ADJUSTMENT":
            reason = "MARGIN_TRANSFER"
        if reason == "FUNDING_FEE":
            # A crossed position is not in the message when it pays funding.
            changed = {i: p for i, p in changed.items() if p is None or p.mode is MarginMode.ISOLATED}
        if not changed and reason not in ("FUNDING_FEE", "ORDER"):
            return None
        return account_update(self._office, view, reason, currencies, changed)

    def _is_news(self, id_: PositionId, position: Position | None) -> bool:
        now = (ZERO, ZERO, ZERO) if position is None else (position.quantity, position.entry, position.margin)
        before = self._told.get(id_)
        self._told[id_] = now
        return before != now
