"""The core's picture of accounts, positions and the market, and what the present batch did to it.

Whoever changes something touches the positions it concerns: they are asked once the batch is folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from bot.core.accounts.book import Account, Holder, Unheld
from bot.core.capabilities import NOTHING_DECLARED
from bot.core.danger.conditions import CHANGED, QUIET, Events
from bot.core.decisions import Action, Decision, StateChanged
from bot.core.deeds.history import Entry
from bot.core.fixed.flatten import FLATTEN_ENTRY
from bot.core.held.pairs import Hedge, Leg, Pairing, Pairs, hedge_id
from bot.core.intents import CloseHedge, Level, OpenHedge, ReducePosition
from bot.core.margin.arithmetic import initial_margin, unrealised
from bot.core.markets.market import Market
from bot.core.rules.delta import priced
from bot.core.settings import EngineSettings
from bot.core.states import BotState
from bot.core.types import ZERO, AccountName, Order, Position, PositionId, Symbol

_QUIET = (BotState.ARMED, BotState.RECOVERING)


class Books:
    """Accounts, positions and the market, and what the present batch did to them."""

    def __init__(self, settings: EngineSettings, market: Market) -> None:
        """Start knowing nothing."""
        self.market = market
        self._able = settings.capabilities
        self._reducing = settings.reducing
        self.flatten_entry = replace(FLATTEN_ENTRY, shadow=settings.shadow)
        """The rule that is armed on every position of an account that is being flattened."""
        self.accounts: dict[AccountName, Account] = {}
        for name in settings.capabilities:
            self.account(name)
        self.pairs = Pairs()
        self.unheld: dict[PositionId, Unheld] = {}
        """Orders of positions that are not there: not seen yet, or gone."""
        self.watchers: dict[Symbol, list[Holder]] = {}
        self.held: dict[Symbol, list[Holder]] = {}
        """The positions in each symbol itself; ``watchers`` look at it for their pool's sake too."""
        self.changed: dict[Holder, None] = {}
        self.bars: dict[Symbol, Events] = {}
        self.resolved: list[Entry] = []
        self.quoted: dict[Holder, Decimal | None] = {}
        """Liquidation prices that the venue gave in this batch."""
        self.gone: list[PositionId] = []
        self.rewatched: set[Symbol] = set()
        self.freed: list[Holder] = []
        """Hedges of which nothing is ours any more, and which the trader goes on holding."""
        self.notes: list[Decision] = []

    def begin(self) -> None:
        """Forget what the last batch did."""
        self.market.turn += 1
        self.changed.clear()
        self.bars.clear()
        self.resolved.clear()
        self.quoted.clear()
        self.notes.clear()
        self.gone.clear()
        self.rewatched.clear()
        self.freed.clear()

    @property
    def has_aftermath(self) -> bool:
        """Whether something came of the batch that is decided on before the rules are asked."""
        return bool(self.resolved or self.quoted or self.freed)

    def holder(self, id_: PositionId) -> Holder | None:
        """The position as it is held, ``None`` if it is closed."""
        account = self.accounts.get(id_.account)
        return account.holders.get(id_) if account is not None else None

    def account(self, name: AccountName) -> Account:
        """An account, which comes to be when first heard of."""
        account = self.accounts.get(name)
        if account is None:
            able = self._able.get(name, NOTHING_DECLARED)
            account = self.accounts[name] = Account(name, able, reducing=self._reducing)
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

    def touch_currency(self, account: Account, currency: str) -> None:
        """What may be spent of one settlement currency changed."""
        for holder in account.holders.values():
            if holder.contract.settlement == currency:
                self.touch_one(holder)

    def touch_one(self, holder: Holder) -> None:
        """The state behind one position changed."""
        holder.version += 1
        self.changed[holder] = None

    def touch_cross(self, account: Account, currency: str) -> None:
        """The cross pool of one settlement currency changed."""
        account.wallet(currency).cross_pool = None
        for holder in account.holders.values():
            if not holder.isolated and holder.contract.settlement == currency:
                self.touch_one(holder)

    def touch_shared(self, holder: Holder) -> None:
        """The state behind one position changed, and behind all those that share its wallet."""
        if holder.isolated:
            self.touch_one(holder)
        else:
            self.touch_cross(holder.account, holder.contract.settlement)

    def touch_pair(self, id_: PositionId, *, gone: bool) -> None:
        """What happens to one leg of a pair concerns the others at once."""
        hedge = self.pairs.hedge(id_)
        guarded = id_ if hedge is None else hedge.guarded
        for other in (guarded, *(each.id for each in self.pairs.against(guarded))):
            holder = self.holder(other)
            if holder is not None:
                self.touch_one(holder)
        if gone:
            self.pairs.forget(id_)

    def announce(self, action: Action, guarded: Position) -> None:
        """A hedge is about to be opened, or made larger."""
        self.pairs.announce(action, guarded, self._held(action))

    def resolve(self, entry: Entry) -> None:
        """The outcome of an intent is proven: if it was to open a hedge, it is known whether there is one."""
        action = entry.action
        if isinstance(action.intent, CloseHedge | ReducePosition):
            self._gave(action.intent, entry.filled)
        if isinstance(action.intent, OpenHedge):
            assert entry.before is not None, f"{action.client_id}: a hedge of nothing"
            filled = ZERO if entry.failed else entry.filled
            wanted = action.intent.quantity
            self.pairs.resolve(action.client_id, entry.before, self._held(action), wanted, filled)

    def _gave(self, intent: CloseHedge | ReducePosition, filled: Decimal) -> None:
        """What we closed of a hedge is ours no more; if that was all, the rest of it is the trader's own."""
        id_ = hedge_id(intent.id, intent.symbol) if isinstance(intent, CloseHedge) else intent.id
        if filled and self.pairs.gave(id_, filled):
            holder = self.holder(id_)
            if holder is not None:
                self.freed.append(holder)

    def unhold(self, id_: PositionId, orders: tuple[Order, ...], at_ms: int) -> None:
        """These orders rest for a position that is not there."""
        before = self.unheld.pop(id_, None)
        if orders:
            self.unheld[id_] = Unheld(orders, at_ms if before is None else before.since_ms)

    def rewatch(self, account: Account) -> None:
        """Rebuild who has to look when a symbol's mark moves: a cross position watches its whole pool.

        A pool is the cross positions of one settlement currency.
        """
        for symbol, watchers in self.watchers.items():
            if any(h.id.account == account.name for h in watchers):
                self.rewatched.add(symbol)
            watchers[:] = [h for h in watchers if h.id.account != account.name]
        for held in self.held.values():
            held[:] = [h for h in held if h.id.account != account.name]
        cross: dict[str, dict[Symbol, None]] = {}
        for holder in account.holders.values():
            if not holder.isolated:
                cross.setdefault(holder.contract.settlement, {})[holder.id.symbol] = None
        account.has_cross = bool(cross)
        for currency in account.wallets.keys() | cross.keys():
            account.wallet(currency).has_cross = currency in cross
        looks: dict[tuple[Symbol, ...], tuple[Symbol, ...]] = {}
        for holder in account.holders.values():
            shared = (holder.id.symbol,) if holder.isolated else tuple(cross[holder.contract.settlement])
            holder.watches = tuple(dict.fromkeys((*shared, *_beside(holder, self.market))))
            looked_at = _judged_by(account, holder, self.accounts.values())
            holder.judged_by = looks.setdefault(looked_at, looked_at)
            self.held.setdefault(holder.id.symbol, []).append(holder)
            for symbol in holder.watches:
                self.rewatched.add(symbol)
                self.watchers.setdefault(symbol, []).append(holder)
        for other in self.accounts.values():
            for holder in other.holders.values():
                if holder.everywhere and other is not account:
                    holder.judged_by = _judged_by(other, holder, self.accounts.values())

    def pairing(self, holder: Holder) -> Pairing:
        """What the position is to others of ours."""
        hedge = self.pairs.hedge(holder.id)
        guarded = self.holder(hedge.guarded) if hedge is not None else None
        return self.pairs.pairing(holder.id, self._leg, guarded.position.quantity if guarded else ZERO)

    def _leg(self, hedge: Hedge) -> Leg | None:
        holder = self.holder(hedge.id)
        return Leg(hedge=hedge, position=holder.position, contract=holder.contract) if holder else None

    def _held(self, action: Action) -> Decimal:
        """How much is held of the hedge that the action opens."""
        intent = action.intent
        assert isinstance(intent, OpenHedge), f"{action.client_id} opens no hedge"
        holder = self.holder(hedge_id(intent.id, intent.symbol))
        return holder.position.quantity if holder is not None else ZERO


def _beside(holder: Holder, market: Market) -> Iterator[Symbol]:
    """What a rule of the position looks at in which nothing need be held."""
    if holder.pairs:
        yield from (contract.symbol for contract in market.dated(holder.contract.index))
    yield from sorted(holder.beside)
    if holder.counts_spot and holder.account.spot:
        yield from priced(holder.account.spot, holder.contract.settlement, market)


def _judged_by(account: Account, holder: Holder, accounts: Iterable[Account]) -> tuple[Symbol, ...]:
    """The symbols whose marks may enter a decision on one position."""
    symbols = set(holder.watches)
    if holder.everywhere:
        symbols.update(id_.symbol for each in accounts for id_ in each.holders)
    if holder.pairs or holder.weighs:
        # A hedge is judged by the worst loss of the whole account, a size by what the account is worth.
        symbols.update(id_.symbol for id_ in account.holders)
    if account.has_cross:
        # The loss of cross positions lowers what is free to spend on all others of their account.
        symbols.update(h.id.symbol for h in account.holders.values() if not h.isolated)
    return tuple(sorted(symbols))


def events_for(books: Books, holder: Holder) -> Events:
    """What the present batch means to one position."""
    closed = books.bars.get(holder.id.symbol, QUIET) if books.bars else QUIET
    if holder in books.changed:
        return CHANGED if closed is QUIET else CHANGED | closed
    return closed


def free_balance(account: Account, currency: str, marks: Mapping[Symbol, Decimal]) -> Decimal:
    """What may be spent of one currency: never more than reported, and less while cross positions lose.

    Nothing while a mark of theirs is unknown.
    """
    wallet = account.wallet(currency)
    if not wallet.has_cross:
        return wallet.free
    free, profit = wallet.amount, ZERO
    for holder in account.holders.values():
        if not holder.isolated and holder.contract.settlement == currency:
            mark = marks.get(holder.id.symbol)
            if mark is None:
                return ZERO
            profit += unrealised(holder.position, holder.contract, mark)
            free -= initial_margin(holder.position, holder.contract, mark)
    return min(wallet.free, free + min(ZERO, profit))
