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
    Book,
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
from bot.core.intents import Level, OpenHedge
from bot.core.keeper import KEEPER_ENTRY
from bot.core.ledger import Entry, Ledger
from bot.core.margin.arithmetic import initial_margin, unrealised
from bot.core.market import Market
from bot.core.pairs import Hedge, Leg, Pairing, Pairs, hedge_id
from bot.core.seatbelt import seatbelt_entry
from bot.core.settings import EngineSettings, RuleEntry
from bot.core.states import BotState
from bot.core.types import ZERO, AccountName, MarginMode, Order, Position, PositionId, Symbol

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
        self.pairs = Pairs()
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
            Book: self._book,
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

    def _book(self, fact: Book) -> None:
        self.market.books[fact.symbol] = fact

    def _instrument(self, fact: InstrumentChanged) -> None:
        known = self.market.contracts.get(fact.contract.symbol)
        self.market.contracts[fact.contract.symbol] = fact.contract
        if known is None and fact.contract.expiry_ms is not None:
            self._listed(fact.contract)
        for holder in self.watchers.get(fact.contract.symbol, ()):
            if holder.id.symbol == fact.contract.symbol:
                holder.contract = fact.contract
                holder.pool = None
                self.touch(self.accounts[holder.id.account])

    def _listed(self, contract: Contract) -> None:
        """There is one contract more to hedge with."""
        for account in self.accounts.values():
            hedgers = [h for h in account.holders.values() if h.pairs and h.contract.index == contract.index]
            if hedgers:
                self._rewatch(account)
            for holder in hedgers:
                self.touch_one(holder)

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
            holder = self._seen(fact.position, fact.at_ms)
            account.holders[fact.id] = holder
            self._rewatch(account)
            self.touch_one(holder)
        else:
            moved = holder.isolated is not (fact.position.mode is MarginMode.ISOLATED)
            holder.become(fact.position)
            if moved:
                self._rewatch(account)
            holder.history.new_lot(fact.position.opened_ms)
            self.touch_one(holder)
        if self.pairs:
            self._touch_pair(fact.id, gone=fact.position is None and holder is not None)
        if holder is not None:
            currency = holder.contract.settlement
            if account.wallet(currency).cross_pool is not None or not holder.isolated:
                self._touch_cross(account, currency)

    def _seen(self, position: Position, at_ms: int) -> Holder:
        """A position that was not there before, with the rules that look after it."""
        id_ = position.id
        contract = self.market.contracts.get(id_.symbol)
        assert contract is not None, f"{id_}: its contract has not been told yet"
        hedges = self.pairs.hedge(id_) is not None
        entries = (KEEPER_ENTRY,) if hedges else self._entries
        armed = tuple(Armed(e) for e in entries if e.symbols is None or id_.symbol in e.symbols)
        history = self._ledger.history(id_)
        history.new_lot(position.opened_ms)
        holder = Holder(self._sequence, position, contract, armed, history, known_ms=at_ms)
        holder.hedges = hedges
        holder.pairs = any(each.entry.rule.needs().quarterlies for each in armed)
        holder.rest(self._unheld.pop(id_, ()))
        self._sequence += 1
        return holder

    def pairing(self, holder: Holder) -> Pairing:
        """What the position is to others of ours."""
        hedge = self.pairs.hedge(holder.id)
        guarded = self.holder(hedge.guarded) if hedge is not None else None
        return self.pairs.pairing(holder.id, self._leg, guarded.position.quantity if guarded else ZERO)

    def _leg(self, hedge: Hedge) -> Leg | None:
        holder = self.holder(hedge.id)
        return Leg(hedge=hedge, position=holder.position, contract=holder.contract) if holder else None

    def _touch_pair(self, id_: PositionId, *, gone: bool) -> None:
        """What happens to one leg of a pair concerns the others at once."""
        hedge = self.pairs.hedge(id_)
        guarded = id_ if hedge is None else hedge.guarded
        for other in (guarded, *(each.id for each in self.pairs.against(guarded))):
            holder = self.holder(other)
            if holder is not None:
                self.touch_one(holder)
        if gone and hedge is not None and not self._reopens(hedge):
            self.pairs.forget(id_)

    def _reopens(self, hedge: Hedge) -> bool:
        """Whether more of the hedge is on its way."""
        flying = self._ledger.history(hedge.guarded).in_flight
        intent = flying.action.intent if flying is not None else None
        return isinstance(intent, OpenHedge) and intent.symbol == hedge.id.symbol

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
            beside = [c.symbol for c in self.market.dated(holder.contract.index)] if holder.pairs else []
            holder.watches = tuple(dict.fromkeys((*shared, *beside)))
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
            if isinstance(entry.action.intent, OpenHedge):
                held = self.holder(hedge_id(entry.action.id, entry.action.intent.symbol)) is not None
                self.pairs.withdraw(entry.action, entry.before, held=held)
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
