"""Folding facts into the core's picture of accounts and positions. No decision is made here.

Each handler changes the books and notes which positions the change concerns, which bars closed, and what
became of intents; the engine decides afterwards, once per batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from bot.core.book import Account, Armed, Holder
from bot.core.conditions import CHANGED, QUIET, Events
from bot.core.contracts import Contract
from bot.core.decisions import Decision, StateChanged
from bot.core.facts import (
    BalanceChanged,
    BarClosed,
    Deleveraged,
    Delivered,
    Fact,
    InstrumentChanged,
    LinkChanged,
    Liquidated,
    MarkPrice,
    OrdersChanged,
    Outcome,
    PositionChanged,
)
from bot.core.intents import Level
from bot.core.ledger import Entry, Ledger
from bot.core.margin.arithmetic import initial_margin, unrealised
from bot.core.market import Market
from bot.core.seatbelt import seatbelt_entry
from bot.core.settings import EngineSettings, RuleEntry
from bot.core.states import BotState
from bot.core.types import ZERO, AccountName, MarginMode, Order, PositionId, Symbol

_QUIET = (BotState.ARMED, BotState.RECOVERING)


class Books:
    """Accounts, positions and the market, and what the present batch did to them."""

    def __init__(self, settings: EngineSettings, ledger: Ledger, market: Market) -> None:
        """Start knowing nothing."""
        self._ledger = ledger
        belt = (seatbelt_entry(settings.seatbelt),) if settings.seatbelt.enabled else ()
        self._entries: tuple[RuleEntry, ...] = settings.rules + belt
        self._timeframes = frozenset().union(*(e.rule.needs().timeframes_ms for e in self._entries))
        self._sequence = 0
        self.market = market
        self._reducing = settings.reducing
        self.accounts: dict[AccountName, Account] = {}
        for name in settings.capabilities:
            self.account(name)
        self.contracts: dict[Symbol, Contract] = {}
        self.watchers: dict[Symbol, list[Holder]] = {}
        self.changed: dict[Holder, None] = {}
        self.bars: dict[Symbol, set[int]] = {}
        self.resolved: list[Entry] = []
        self.gone: list[PositionId] = []
        self.rewatched: set[Symbol] = set()
        self.notes: list[Decision] = []
        self._unheld: dict[PositionId, tuple[Order, ...]] = {}
        self._reported_ms: dict[tuple[type[Any], object], int] = {}
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            MarkPrice: self._mark,
            BarClosed: self._bar,
            InstrumentChanged: self._instrument,
            PositionChanged: self._position,
            BalanceChanged: self._balance,
            OrdersChanged: self._orders,
            Liquidated: self._lost,
            Deleveraged: self._lost,
            Delivered: self._lost,
            LinkChanged: self._link,
            Outcome: self._outcome,
        }

    def apply(self, fact: Fact) -> None:
        """Fold one fact. Kinds that no part of the core reads yet change nothing."""
        handler = self._handlers.get(type(fact))
        if handler is not None:
            handler(fact)

    def begin(self) -> None:
        """Forget what the last batch did."""
        self.changed.clear()
        self.bars.clear()
        self.resolved.clear()
        self.notes.clear()
        self.gone.clear()
        self.rewatched.clear()

    def holder(self, id_: PositionId) -> Holder | None:
        """The position as it is held, ``None`` if it is closed."""
        account = self.accounts.get(id_.account)
        return account.holders.get(id_) if account is not None else None

    def account(self, name: AccountName) -> Account:
        """An account, which comes to be when first heard of."""
        account = self.accounts.get(name)
        if account is None:
            account = self.accounts[name] = Account(name, reducing=self._reducing)
        return account

    def settle(self, account: Account, because: str, at_ms: int) -> None:
        """Bring an account to its proper state; say so, and ask every position, if that is another one."""
        state = account.proper_state()
        if account.state is state:
            return
        self.notes.append(
            StateChanged(
                at_ms=at_ms,
                subject=f"account:{account.name}",
                was=account.state,
                now=state,
                because=because,
                level=Level.INFO if state in _QUIET else Level.CRITICAL,
            )
        )
        account.state, account.because = state, because
        self.touch(account)

    def touch(self, account: Account) -> None:
        """The state behind every position of ``account`` changed."""
        for wallet in account.wallets.values():
            wallet.cross_pool = None
        for holder in account.holders.values():
            self.touch_one(holder)

    # -- handlers -----------------------------------------------------------------------------------

    def touch_one(self, holder: Holder) -> None:
        """The state behind one position changed."""
        holder.version += 1
        self.changed[holder] = None

    def _overtaken(self, fact: PositionChanged | BalanceChanged | OrdersChanged) -> bool:
        """Whether a later report of the same thing has been folded already."""
        about = (fact.account, fact.currency) if isinstance(fact, BalanceChanged) else fact.id
        key = type(fact), about
        if fact.at_ms < self._reported_ms.get(key, fact.at_ms):
            return True
        self._reported_ms[key] = fact.at_ms
        return False

    def _mark(self, fact: MarkPrice) -> None:
        self.market.mark(fact)

    def _bar(self, fact: BarClosed) -> None:
        if fact.timeframe_ms in self._timeframes and self.market.bar(fact):
            self.bars.setdefault(fact.symbol, set()).add(fact.timeframe_ms)

    def _instrument(self, fact: InstrumentChanged) -> None:
        self.contracts[fact.contract.symbol] = fact.contract
        for holder in self.watchers.get(fact.contract.symbol, ()):
            if holder.id.symbol == fact.contract.symbol:
                holder.contract = fact.contract
                holder.pool = None
                self.touch(self.accounts[holder.id.account])

    def _position(self, fact: PositionChanged) -> None:
        if self._overtaken(fact):
            return
        account = self.account(fact.id.account)
        holder = account.holders.get(fact.id)
        if fact.position is None:
            if holder is not None:
                del account.holders[fact.id]
                self.changed.pop(holder, None)
                self.gone.append(fact.id)
                self._ledger.forget_lot(fact.id)
                self._rewatch(account)
                account.blind_to.intersection_update(h.id.symbol for h in account.holders.values())
                self.settle(account, "no position is left whose mark is silent", fact.at_ms)
        elif holder is None:
            armed = tuple(
                Armed(entry)
                for entry in self._entries
                if entry.symbols is None or fact.id.symbol in entry.symbols
            )
            contract = self.contracts.get(fact.id.symbol)
            assert contract is not None, f"{fact.id}: its contract has not been told yet"
            history = self._ledger.history(fact.id)
            holder = Holder(self._sequence, fact.position, contract, armed, history, known_ms=fact.at_ms)
            self._sequence += 1
            holder.rest(self._unheld.pop(fact.id, ()))
            account.holders[fact.id] = holder
            history.new_lot(fact.position.opened_ms)
            self._rewatch(account)
            self.touch_one(holder)
        else:
            moved = holder.isolated is not (fact.position.mode is MarginMode.ISOLATED)
            holder.become(fact.position)
            if moved:
                self._rewatch(account)
            holder.history.new_lot(fact.position.opened_ms)
            self.touch_one(holder)
        if holder is not None:
            currency = holder.contract.settlement
            if account.wallet(currency).cross_pool is not None or not holder.isolated:
                self._touch_cross(account, currency)

    def _touch_cross(self, account: Account, currency: str) -> None:
        """The cross pool of one settlement currency changed."""
        account.wallet(currency).cross_pool = None
        for holder in account.holders.values():
            if not holder.isolated and holder.contract.settlement == currency:
                self.touch_one(holder)

    def _rewatch(self, account: Account) -> None:
        """Rebuild who has to look when a symbol's mark moves: a cross position watches its whole pool.

        A pool is the cross positions of one settlement currency.
        """
        for symbol, watchers in self.watchers.items():
            if any(h.id.account == account.name for h in watchers):
                self.rewatched.add(symbol)
            watchers[:] = [h for h in watchers if h.id.account != account.name]
        cross: dict[str, dict[Symbol, None]] = {}
        for holder in account.holders.values():
            if not holder.isolated:
                cross.setdefault(holder.contract.settlement, {})[holder.id.symbol] = None
        account.has_cross = bool(cross)
        for currency in account.wallets.keys() | cross.keys():
            account.wallet(currency).has_cross = currency in cross
        for holder in account.holders.values():
            shared = (holder.id.symbol,) if holder.isolated else tuple(cross[holder.contract.settlement])
            holder.watches = shared
            for symbol in holder.watches:
                self.rewatched.add(symbol)
                self.watchers.setdefault(symbol, []).append(holder)

    def _balance(self, fact: BalanceChanged) -> None:
        if self._overtaken(fact):
            return
        account = self.account(fact.account)
        wallet = account.wallet(fact.currency)
        wallet.amount, wallet.free = fact.wallet, fact.free
        wallet.cross_pool = None
        account.known = True
        self.settle(account, "the account is known", fact.at_ms)
        for holder in account.holders.values():
            if holder.contract.settlement == fact.currency:
                self.touch_one(holder)

    def _orders(self, fact: OrdersChanged) -> None:
        if self._overtaken(fact):
            return
        holder = self.holder(fact.id)
        if holder is None:
            self._unheld[fact.id] = fact.orders  # A stop may be seen before its position.
            return
        alive = {order.client_id for order in fact.orders}
        self._ledger.keep_stops(set(alive), {order.client_id for order in holder.orders})
        holder.rest(fact.orders)
        self.touch_one(holder)

    def _lost(self, fact: Liquidated | Deleveraged | Delivered) -> None:
        # A delivery is on the calendar, and yet critical: what it hedged stands alone from then on.
        why = "it expired and was settled" if isinstance(fact, Delivered) else "the venue closed it"
        self.notes.append(
            StateChanged(
                at_ms=fact.at_ms,
                subject=f"position:{fact.id}",
                was="open",
                now=type(fact).__name__.lower(),
                because=f"{why} at {fact.price}",
                level=Level.CRITICAL,
            )
        )

    def _link(self, fact: LinkChanged) -> None:
        account = self.account(fact.account)
        if not fact.up:
            account.links_down.add(fact.link)
            self.settle(account, f"{fact.link} is down: {fact.because}", fact.at_ms)
        elif fact.link in account.links_down:
            account.links_down.discard(fact.link)
            account.known = False  # What happened meanwhile is in no stream: only a snapshot tells.
            self.settle(account, f"{fact.link} is back", fact.at_ms)

    def _outcome(self, fact: Outcome) -> None:
        entry = self._ledger.outcome(fact)
        if entry is None:
            return
        if entry.closed:
            self.resolved.append(entry)
        holder = self.holder(entry.action.intent.id)
        if entry.failed:
            self.touch(self.accounts[entry.action.intent.id.account])  # Its budget is everybody's again.
        elif holder is not None:
            self.touch_one(holder)


def events_for(books: Books, holder: Holder) -> Events:
    """What the present batch means to one position."""
    changed = holder in books.changed
    bars = books.bars.get(holder.id.symbol) if books.bars else None
    if bars:
        return _events(changed, frozenset(bars))
    return CHANGED if changed else QUIET


@cache
def _events(changed: bool, bars_ms: frozenset[int]) -> Events:  # noqa: FBT001 - there are a handful, over and over
    return Events(changed, bars_ms)


def free_balance(account: Account, currency: str, marks: Mapping[Symbol, Decimal]) -> Decimal:
    """What may be spent of one currency: never more than reported, and less while cross positions lose.

    Nothing while a mark of theirs is unknown.
    """
    wallet = account.wallet(currency)
    if not wallet.has_cross:
        return wallet.free
    free = wallet.amount
    for holder in account.holders.values():
        if not holder.isolated and holder.contract.settlement == currency:
            mark = marks.get(holder.id.symbol)
            if mark is None:
                return ZERO
            free += min(ZERO, unrealised(holder.position, holder.contract, mark))
            free -= initial_margin(holder.position, holder.contract, mark)
    return min(wallet.free, free)
