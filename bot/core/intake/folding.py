"""Folding facts into the core's picture of accounts and positions. No decision is made here.

Each handler changes the books and notes which positions the change concerns, which bars closed, and what
became of intents; the engine decides afterwards, once per batch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bot.core.accounts.accounting import Accounting
from bot.core.accounts.books import Books
from bot.core.accounts.pools import after_payment
from bot.core.armed.arming import Arming
from bot.core.contracts import Contract
from bot.core.danger.conditions import Events
from bot.core.deeds.attribution import Attribution
from bot.core.deeds.ledger import Ledger
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    BarClosed,
    Book,
    Deleveraged,
    Delivered,
    FundingPaid,
    FundingRate,
    InstrumentChanged,
    LinkChanged,
    Liquidated,
    LiquidationQuoted,
    OpenInterest,
    OrderEnded,
    OrdersChanged,
    Outcome,
    PositionChanged,
    ProcessChanged,
    StoodStill,
)
from bot.core.held.listings import news_of
from bot.core.held.spot import SpotBalancesChanged
from bot.core.intake.hearing import Hearing
from bot.core.intake.leaving import closed_by_venue, leg_changed, miss_stops, stop_ended, turned
from bot.core.intake.process import note, stand_still
from bot.core.intake.strangers import Strangers
from bot.core.provenance import Provenance
from bot.core.settings import EngineSettings, needs_of
from bot.core.types import MarginMode


class Folding:
    """What each kind of fact does to the books."""

    def __init__(self, settings: EngineSettings, books: Books, ledger: Ledger) -> None:
        """Fold into ``books``; outcomes go to ``ledger``."""
        self._books = books
        self._market = books.market
        self._ledger = ledger
        self._strangers = Strangers(books, ledger, shadow=settings.shadow)
        self.arming = Arming(settings, books, ledger)
        needs = needs_of(self.arming.entries)
        self._closed = {
            each: Events(changed=False, bars_ms=frozenset((each,))) for each in needs.timeframes_ms
        }
        self._accounting = Accounting(books, ledger, needs)
        hearing = self._hearing = Hearing(books)
        self.attribution = Attribution(ledger)
        self._reported_ms: dict[tuple[type[Any], object], int] = {}
        self.handlers: dict[type[Any], Callable[[Any], None]] = {
            BarClosed: self._bar,
            Book: hearing.book,
            OpenInterest: hearing.interest,
            InstrumentChanged: self._instrument,
            PositionChanged: self._position,
            FundingPaid: self._paid,
            BalanceChanged: self._balance,
            SpotBalancesChanged: self._accounting.spot,
            AccountRead: self._known,
            OrdersChanged: self._orders,
            OrderEnded: partial(stop_ended, self._books, self._ledger),
            Liquidated: self._lost,
            LiquidationQuoted: self._quoted,
            Deleveraged: self._lost,
            Delivered: self._lost,
            LinkChanged: self._link,
            Outcome: self._outcome,
            StoodStill: partial(stand_still, books),
            ProcessChanged: partial(note, books),
            Provenance: self._strangers.remembered,
        }
        """Who folds each kind of fact that changes something here."""
        if needs.funding:
            self.handlers[FundingRate] = hearing.funding

    def _overtaken(self, fact: PositionChanged | BalanceChanged | OrdersChanged) -> bool:
        """Whether a later report of the same thing has been folded already."""
        about = (fact.account, fact.currency) if isinstance(fact, BalanceChanged) else fact.id
        key = type(fact), about
        if fact.at_ms < self._reported_ms.get(key, fact.at_ms):
            return True
        self._reported_ms[key] = fact.at_ms
        return False

    def _paid(self, fact: FundingPaid) -> None:
        self.attribution.hear(fact)
        self._accounting.paid(fact)
        if FundingRate in self.handlers:
            self._hearing.paid(fact)

    def _bar(self, fact: BarClosed) -> None:
        closed = self._closed.get(fact.timeframe_ms)
        if closed is not None and self._market.bar(fact):
            self._hearing.tell(fact.symbol, closed)
            if self._accounting.samples:
                self._accounting.sample(fact)

    def _instrument(self, fact: InstrumentChanged) -> None:
        known = self._market.contracts.get(fact.contract.symbol)
        self._market.contracts[fact.contract.symbol] = fact.contract
        if known is None:
            self._listed(fact.contract)
        self._books.notes.extend(news_of(known, fact, held=bool(self._books.held.get(fact.contract.symbol))))
        for holder in self._books.watchers.get(fact.contract.symbol, ()):
            if holder.id.symbol == fact.contract.symbol:
                holder.contract = fact.contract
                holder.pool = None
                self._books.touch(holder.account)

    def _listed(self, contract: Contract) -> None:
        """There is one contract more to hedge with, or that prices a coin."""
        for account in self._books.accounts.values():
            hedgers = [h for h in account.holders.values() if h.looks_at(contract)]
            if hedgers:
                self._books.rewatch(account)
            for holder in hedgers:
                self._books.touch_one(holder)

    def _position(self, fact: PositionChanged) -> None:
        if self._overtaken(fact):
            return
        account = self._books.account(fact.id.account)
        holder = account.holders.get(fact.id)
        if holder is not None and holder.hedges:
            leg_changed(self._books, self._ledger, holder, fact)
        before = holder.position if holder is not None else None
        self.attribution.changed(fact, before)
        if fact.position is None:
            if holder is not None:
                del account.holders[fact.id]
                self._books.unhold(fact.id, holder.orders, fact.at_ms)
                self._books.changed.pop(holder, None)
                self._books.gone.append(fact.id)
                self._ledger.forget_lot(fact.id, holder.position.entry)
                self._books.rewatch(account)
                account.blind_to.intersection_update(h.id.symbol for h in account.holders.values())
                self._books.settle(account, "no position is left whose mark is silent", fact.at_ms)
        elif holder is None:
            holder = self.arming.seen(fact.position, fact.at_ms)
            account.holders[fact.id] = holder
            self._books.rewatch(account)
            self._books.touch_one(holder)
        else:
            moved = holder.isolated is not (fact.position.mode is MarginMode.ISOLATED)
            holder.become(fact.position)
            if moved:
                self._books.rewatch(account)
            history = holder.history
            if history.new_lot(fact.position.opened_ms):
                holder.stand()
            history.lot = history.lot.seen(fact.position, fact.at_ms)
            self._books.touch_one(holder)
        if self._books.pairs.hedges:
            self._books.touch_pair(fact.id, gone=fact.position is None)
        if holder is not None:
            currency = holder.contract.settlement
            if account.wallet(currency).cross_pool is not None or not holder.isolated:
                self._books.touch_cross(account, currency)

    def _balance(self, fact: BalanceChanged) -> None:
        if self._overtaken(fact):
            return
        account = self._books.account(fact.account)
        wallet = account.wallet(fact.currency)
        wallet.amount, wallet.free = fact.wallet, fact.free
        account.told_ms = fact.at_ms
        after_payment(account, fact.currency)
        self._books.touch_currency(account, fact.currency)

    def _known(self, fact: AccountRead) -> None:
        """All of the account has been told, by a reading that is not older than its last doubt."""
        account = self._books.account(fact.account)
        account.told_ms = max(account.told_ms, fact.at_ms)
        if account.known or fact.at_ms < account.unknown_since_ms:
            return
        account.known = True
        self.attribution.hear(fact)
        known = "the account is known"
        if account.halted:
            known += ", and it was halted before"
        if account.reducing:
            known += ", and only exits and stops are sent until somebody acknowledges"
        if account.flattening is not None:
            known += f", and flattening goes on as {account.flattening} ordered"
        self._books.settle(account, known, fact.at_ms)

    def _orders(self, fact: OrdersChanged) -> None:
        if self._overtaken(fact):
            return
        for order in fact.orders:
            self._strangers.doubt(fact.id.account, order.client_id, f"on {fact.id.symbol}", fact.at_ms)
        holder = self._books.holder(fact.id)
        if holder is None:
            self._books.unhold(fact.id, fact.orders, fact.at_ms)  # A stop may be seen before its position.
            return
        alive = {order.client_id for order in fact.orders}
        miss_stops(self._books, self._ledger, holder, alive, fact.at_ms)
        self._ledger.keep_stops(set(alive), {order.client_id for order in holder.orders})
        holder.rest(fact.orders)
        self.arming.note_orders(holder)
        self._books.touch_one(holder)

    def _lost(self, fact: Liquidated | Deleveraged | Delivered) -> None:
        self.attribution.hear(fact)
        if not isinstance(fact, Delivered) and self._books.holder(fact.id) is None:
            self._books.pairs.gave(fact.id, fact.quantity)  # Of a hedge that was not seen yet, if it is one.
        closed_by_venue(self._books, fact)

    def _quoted(self, fact: LiquidationQuoted) -> None:
        holder = self._books.holder(fact.id)
        if holder is not None:
            self._books.quoted[holder] = fact.price

    def _link(self, fact: LinkChanged) -> None:
        account = self._books.account(fact.account)
        if not fact.up:
            account.links_down.add(fact.link)
            self._books.settle(account, f"{fact.link} is down: {fact.because}", fact.at_ms)
        elif fact.link in account.links_down:
            account.links_down.discard(fact.link)
            account.forget(fact.at_ms)
            self._books.settle(account, f"{fact.link} is back", fact.at_ms)

    def _outcome(self, fact: Outcome) -> None:
        history = self._ledger.history(fact.id)
        losses = history.losses
        entry = self._ledger.outcome(fact)
        self.attribution.outcome(fact, entry)
        if entry is None:
            return
        turned(self._books, fact.id, losses, history.losses, fact.at_ms)
        if entry.closed:
            self._books.resolved.append(entry)
        holder = self._books.holder(entry.action.intent.id)
        account = self._books.accounts[entry.action.intent.id.account]
        if entry.failed:
            self._books.touch(account)  # Its budget is everybody's again.
        elif entry.closed and entry.promised:
            self._books.touch_currency(account, entry.currency)  # It holds nothing of the balance any more.
        elif holder is not None:
            self._books.touch_one(holder)
