"""The user data stream: what is pushed ("User Data Streams").

Events of one trade come as ORDER_TRADE_UPDATE NEW, ACCOUNT_UPDATE, TRADE_LITE, ORDER_TRADE_UPDATE TRADE; that
the account comes before the trade is assumed, Binance promises an order within one type only.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.facts import BalanceChanged, FundingPaid, Liquidated, PositionChanged
from bot.core.margin.arithmetic import unrealised
from bot.core.margin.assess import assess
from bot.core.margin.requirement import maintenance
from bot.core.types import ZERO, AccountName, MarginMode, Position, PositionId, Symbol
from bot.simulator.binance.events import account_update, algo_frames, margin_call, order_frame, trade_lite
from bot.simulator.binance.listen_keys import ListenKeys
from bot.simulator.binance.office import Office
from bot.simulator.binance.shapes import Json
from bot.simulator.records import AccountView, Change, Update
from bot.simulator.standing import marks_of, pool_of
from bot.simulator.world import Event

CALL_AT = Decimal("0.8")
"""Margin ratio at which MARGIN_CALL is pushed; "when the user's position risk ratio is too high" says no
more, so this is assumed."""


class PrivateStreams:
    """Tells each account what happens to it."""

    def __init__(self, office: Office, keys: ListenKeys) -> None:
        self._office = office
        self._keys = keys
        self._told: dict[PositionId, tuple[Decimal, Decimal, Decimal]] = {}
        """What was last told of a position: quantity, entry, isolated wallet."""
        self._called: set[PositionId] = set()

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
                    self._keys.tell(account, update)
                    update = None
                self._tell_all(account, self._frames(view, event, step))
            if update is not None:
                self._keys.tell(account, update)

    def priced(self, symbol: Symbol) -> None:
        """Call for margin where a position of an account that listens is in danger, once until it is not."""
        for account in self._keys.listening():
            view = self._office.world.view(account)
            for held in view.positions.values():
                if held.id.symbol == symbol:
                    self._call(view, held)

    def _call(self, view: AccountView, held: Position) -> None:
        marks = marks_of(self._office.world)
        ratio = assess(pool_of(self._office.world, view, held.id), marks).margin_ratio
        if ratio is None or ratio < CALL_AT:
            self._called.discard(held.id)
        elif held.id not in self._called:
            self._called.add(held.id)
            contract, mark = self._office.contracts[held.id.symbol], marks[held.id.symbol]
            figures = (mark, unrealised(held, contract, mark), maintenance(held, contract, mark))
            self._keys.tell(view.account, margin_call(self._office, view, held, figures))

    def _frames(self, view: AccountView, event: Event, step: Update) -> Iterable[Json]:
        mode = self._office.mode(view.account)
        if step.order.conditional:
            child = view.orders.get(step.order.child) if step.order.child is not None else None
            return algo_frames(self._office, event.at_ms, step, child, mode)
        frame = order_frame(self._office, event.at_ms, step, mode)
        if step.trade is None or self._office.section.inverse:
            return (frame,)  # COIN-M has no page of the other.
        return (trade_lite(self._office, event.at_ms, step), frame)

    def _tell_all(self, account: AccountName, frames: Iterable[Json]) -> None:
        for frame in frames:
            self._keys.tell(account, frame)

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
