"""The world behind the wires: one paper exchange, its market, its accounts, and all that is remembered.

Wires translate; the world does. It is synchronous: whatever it does is done when the call returns, and every
listener has been told. A listener must not call back into the world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.facts import Fact, Outcome, OutcomeKind
from bot.core.types import (
    ZERO,
    AccountName,
    ClientId,
    MarginMode,
    OrderKind,
    PositionId,
    PositionMode,
    PriceKind,
    Side,
    Symbol,
)
from bot.simulator.archive import Archive
from bot.simulator.clock import Clock
from bot.simulator.faults import Faults
from bot.simulator.keys import ApiKey, KeyRing
from bot.simulator.market import Market
from bot.simulator.records import AccountView, OrderRecord, Update
from bot.venues.paper import (
    InForce,
    MarketModel,
    Opening,
    OrderRequest,
    PaperAccount,
    PaperError,
    PaperExchange,
)
from bot.venues.paper.refusals import Reason, code
from bot.venues.port import Batch

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """An order as a wire has understood it; the fields mean what they mean in ``OrderRequest``.

    ``client_id`` is the client's, or what the exchange made up for it, or empty where it makes up nothing;
    ``noted`` comes back with the record.
    """

    client_id: str
    id: PositionId
    kind: OrderKind
    quantity: Decimal = ZERO
    reduces: bool = False
    reduce_only: bool = False
    closes_position: bool = False
    trigger: Decimal | None = None
    limit: Decimal | None = None
    trigger_by: PriceKind = PriceKind.MARK
    callback: Decimal | None = None
    expires_ms: int | None = None
    in_force: InForce = InForce.GTC
    noted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the exchange refuses: its own code where one is known, and the sentence with the numbers."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event at the exchange: the facts of it, and the steps of orders in the order they happened.

    ``accounts`` are those whose private streams have something to tell.
    """

    at_ms: int
    facts: Batch
    updates: tuple[Update, ...]
    accounts: frozenset[AccountName]


class World:
    """One simulated exchange.

    ``model`` says what trading costs; all accounts and symbols share one insurance fund per currency. Every
    symbol needs a first price (``move``) before anything can be done in it.
    """

    def __init__(
        self,
        *,
        accounts: Sequence[PaperAccount],
        contracts: Iterable[Contract],
        keys: Iterable[ApiKey] = (),
        model: MarketModel | None = None,
        clock: Clock,
        insurance_fund: Decimal = ZERO,
    ) -> None:
        self.model = model or MarketModel()
        self.contracts = {contract.symbol: contract for contract in contracts}
        self.exchange = PaperExchange(accounts, self.contracts, self.model, insurance_fund=insurance_fund)
        self.market = Market(self.contracts, self.model)
        self.keys = KeyRing(keys)
        self.clock = clock
        self.faults = Faults()
        self.accounts = tuple(account.name for account in accounts)
        self._archive = Archive(self.accounts, self.contracts)
        self._listeners: list[Callable[[Event], None]] = []
        self._price_listeners: list[Callable[[Symbol], None]] = []
        self._dated = False
        """Whether an order was ever good till a date: else no price need ask."""
        self._absorb((self.exchange.snapshot(clock.now_ms()),))

    # --- hearing and reading ---------------------------------------------------------------------

    def listen(
        self, events: Callable[[Event], None] | None = None, prices: Callable[[Symbol], None] | None = None
    ) -> None:
        """Call ``events`` after every event of an account, ``prices`` after every new price."""
        if events is not None:
            self._listeners.append(events)
        if prices is not None:
            self._price_listeners.append(prices)

    def view(self, account: AccountName, lag_ms: int = 0) -> AccountView:
        """The account as a query finds it, ``lag_ms`` late."""
        now_ms = self.clock.now_ms()
        return self._archive.view(account, now_ms, now_ms - lag_ms if lag_ms else None)

    def order(self, account: AccountName, order_id: int) -> OrderRecord | None:
        """An order as it is now, by the exchange's id."""
        return self._archive.order(account, order_id)

    # --- the market ------------------------------------------------------------------------------

    def move(self, symbol: Symbol, mark: Decimal, last: Decimal | None = None, *, gap: bool = False) -> None:
        """New prices, on the way to which whatever is met happens; ``gap``: there was no way."""
        if self._dated:
            self.expire()
        at_ms = self.clock.now_ms()
        last = mark if last is None else last
        batches = self.exchange.move(at_ms, symbol, mark, last, gap=gap)
        self.market.price(at_ms, symbol, mark, last)
        for listener in self._price_listeners:
            listener(symbol)
        self._absorb(batches)

    def expire(self) -> None:
        """End the orders whose date has come: at every price, and whenever a wire thinks of it."""
        if self._dated:
            self._absorb(self.exchange.expire(self.clock.now_ms()))

    def settle_funding(self, symbol: Symbol) -> None:
        """Settle the present funding rate of a perpetual, and count to the next settlement."""
        ticker, at_ms = self.market[symbol], self.clock.now_ms()
        interval = ticker.contract.funding_interval_ms
        ticker.next_funding_ms = (at_ms // interval + 1) * interval
        self._absorb(self.exchange.settle_funding(at_ms, symbol, ticker.funding_rate))

    def deliver(self, symbol: Symbol, price: Decimal) -> None:
        """Settle an expired contract."""
        self._absorb(self.exchange.deliver(self.clock.now_ms(), symbol, price))
        self.market.deliveries[symbol] = price

    def deleverage(self, symbol: Symbol, side: Side, quantity: Decimal, price: Decimal | None = None) -> None:
        """The rest of the market deleverages that side."""
        self._absorb(self.exchange.deleverage(self.clock.now_ms(), symbol, side, quantity, price))

    def open(self, opening: Opening) -> None:
        """Let a position appear that the holder of the account brings along."""
        self._absorb(self.exchange.open(self.clock.now_ms(), opening))

    # --- what an account asks for ----------------------------------------------------------------

    def place(self, terms: OrderTerms) -> OrderRecord | Refusal:
        """Take an order: the record as it stands after whatever filled at once, or why not."""
        contract = self.contracts[terms.id.symbol]
        mine = self.view(terms.id.account).open_orders
        if terms.client_id and any(order.client_id == terms.client_id for order in mine):
            return Refusal(code(contract, Reason.DUPLICATE), f"client id {terms.client_id} is in use")
        at_ms = self.clock.now_ms()
        record, name = self._archive.begin(record_of(terms), at_ms)
        request = OrderRequest(
            client_id=name,
            id=terms.id,
            kind=terms.kind,
            quantity=terms.quantity,
            reduces=terms.reduces,
            reduce_only=terms.reduce_only,
            closes_position=terms.closes_position,
            trigger=terms.trigger,
            limit=terms.limit,
            trigger_by=terms.trigger_by,
            callback=terms.callback,
            expires_ms=terms.expires_ms,
            in_force=terms.in_force,
        )
        self._dated = self._dated or terms.expires_ms is not None
        batches = self.exchange.submit(at_ms, request)
        refusal = _refusal(batches)
        if refusal is not None:
            self._archive.withdraw(record)
            return refusal
        self._absorb(batches)
        placed = self._archive.order(terms.id.account, record.order_id)
        assert placed is not None, f"order {record.order_id} was not kept"
        return placed

    def cancel(self, account: AccountName, order_id: int) -> OrderRecord | None:
        """Cancel a resting order; ``None`` if there is none of that id."""
        name = self._archive.paper_name(order_id)
        record = self._archive.order(account, order_id)
        if name is None or record is None or not record.status.open:
            return None
        self._absorb(self.exchange.cancel(self.clock.now_ms(), name), cancelled=name)
        return self._archive.order(account, order_id)

    def amend(
        self, account: AccountName, order_id: int, quantity: Decimal, limit: Decimal
    ) -> OrderRecord | Refusal | None:
        """Change what is left of a resting limit order: the record, or why it stays; ``None`` for none.

        It loses its place in the book. A ``quantity`` that is filled already cancels it.
        """
        record, before = self._archive.order(account, order_id), self._archive.paper_name(order_id)
        if record is None or before is None or not record.status.open:
            return None
        if quantity <= record.filled:
            return self.cancel(account, order_id)
        at_ms, name = self.clock.now_ms(), ClientId(f"{order_id}.{record.amendments + 1}")
        request = OrderRequest(
            client_id=name,
            id=record.id,
            kind=record.kind,
            quantity=quantity - record.filled,
            reduces=record.reduces,
            reduce_only=record.reduce_only,
            limit=limit,
            expires_ms=record.expires_ms,
        )
        batches = self.exchange.submit(at_ms, request)
        refusal = _refusal(batches)
        if refusal is not None:
            return refusal
        self._archive.amend(record, name, quantity, limit, at_ms)
        with suppress(PaperError):  # It may have gone with the position that the new one has closed.
            batches = (*batches, *self.exchange.cancel(at_ms, before))
        self._absorb(batches)
        return self._archive.order(account, order_id)

    def move_margin(self, id_: PositionId, amount: Decimal) -> Refusal | None:
        """Put margin into an isolated position, or take it out (negative); why not, if not."""
        at_ms = self.clock.now_ms()
        batches = self.exchange.desk.move_margin(at_ms, id_, amount)
        refusal = _refusal(batches)
        if refusal is None:
            self._archive.note_margin(at_ms, id_, amount)
            self._absorb(batches)
        return refusal

    def set_leverage(
        self, account: AccountName, symbol: Symbol, leverage: Decimal, side: Side | None = None
    ) -> Refusal | None:
        """Set the leverage of a symbol, of both sides or of one; why not, if not."""

        def change(at_ms: int, id_: PositionId) -> Sequence[Batch]:
            return self.exchange.set_leverage(at_ms, id_, leverage)

        return self._sides(account, symbol, tuple(Side) if side is None else (side,), change)

    def set_margin_mode(self, account: AccountName, symbol: Symbol, mode: MarginMode) -> Refusal | None:
        """Set the margin mode of a symbol; why not, if not."""
        id_ = PositionId(account, symbol, Side.LONG)
        batches = self.exchange.desk.set_margin_mode(self.clock.now_ms(), id_, mode)
        self._absorb(batches)
        return _refusal(batches)

    def set_position_mode(self, account: AccountName, mode: PositionMode) -> Refusal | None:
        """Keep two sides of a symbol apart or not; why not, if not. The code is our own word for it."""
        refused = self.exchange.desk.set_position_mode(account, mode)
        return None if refused is None else Refusal(refused.reason, refused.text)

    def _sides(
        self,
        account: AccountName,
        symbol: Symbol,
        sides: Sequence[Side],
        change: Callable[[int, PositionId], Sequence[Batch]],
    ) -> Refusal | None:
        """Change these sides of a symbol; the open ones first, because only they can be refused."""
        ids = [PositionId(account, symbol, side) for side in sides]
        ids.sort(key=lambda id_: not self.exchange.holds(id_))
        for id_ in ids:
            batches = change(self.clock.now_ms(), id_)
            refusal = _refusal(batches)
            if refusal is not None:
                return refusal
            self._absorb(batches)
        return None

    def _absorb(self, batches: Sequence[Batch], cancelled: ClientId | None = None) -> None:
        """Keep what happened, and tell it: mostly nothing, at a price."""
        if not batches:
            return
        at_ms = self.clock.now_ms()
        for batch in batches:
            updates = tuple(self._archive.absorb(at_ms, batch, cancelled))
            event = Event(at_ms=at_ms, facts=batch, updates=updates, accounts=_accounts(batch, updates))
            for listener in self._listeners:
                listener(event)


def record_of(terms: OrderTerms) -> OrderRecord:
    """An order that nobody has taken yet."""
    return OrderRecord(
        order_id=0,
        client_id=terms.client_id,
        id=terms.id,
        kind=terms.kind,
        buy=(terms.id.side is Side.LONG) is not terms.reduces,
        reduces=terms.reduces,
        quantity=terms.quantity,
        reduce_only=terms.reduce_only,
        closes_position=terms.closes_position,
        trigger=terms.trigger,
        limit=terms.limit,
        trigger_by=terms.trigger_by,
        expires_ms=terms.expires_ms,
        noted=terms.noted,
    )


def _refusal(batches: Sequence[Batch]) -> Refusal | None:
    for batch in batches:
        for fact in batch:
            if isinstance(fact, Outcome) and fact.kind is OutcomeKind.REJECTED:
                return Refusal(fact.code, fact.proof)
    return None


def _accounts(batch: Batch, updates: Iterable[Update]) -> frozenset[AccountName]:
    told = {update.order.id.account for update in updates}
    return frozenset(told | {account for fact in batch if (account := _account(fact)) is not None})


def _account(fact: Fact) -> AccountName | None:
    id_ = getattr(fact, "id", None)
    if isinstance(id_, PositionId):
        return id_.account
    account: AccountName | None = getattr(fact, "account", None)
    return account
