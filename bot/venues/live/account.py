"""Reads an account, and tells the difference between what was known of it and what is there as facts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    Fact,
    InstrumentChanged,
    LiquidationQuoted,
    OrdersChanged,
    PositionChanged,
)
from bot.core.types import ZERO, Order, Position, PositionId, PositionMode, Symbol
from bot.venues.live.connection import Connection
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.terms import AccountState, Instrument, Listing, Payload
from bot.venues.live.wire import Request, Urgency, page_name
from bot.venues.port import Batch

_ACCOUNT = Request(api="", method="GET", path="the account")
WHOLE_MS = 60_000
"""Positions and orders are told where they are others than before, and all of them once in this time."""
MOVED = Decimal("0.001")
"""A liquidation price of the exchange is told again when it moved by more than this fraction."""
CONFIRM_MS = 500
"""How much later a second look is taken where a position seems to have lost its stop."""
OTHER_MODE = (
    "positions are kept in {now} mode by now, and were in {then} mode when the bot started, so that it can"
    " place no order: change the mode back, or write the new one into the file and start the bot again"
)
NOTHING = AccountState(positions=(), balances=(), orders=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The account as one reading found it; ``began_ms`` is when its first request left, by our clock.

    Nothing that happened later need be in it, and so it never counts against what a later one found. How long
    it had waited for its turn before does not make it older. ``of``
    are the symbols whose orders were asked for, ``None`` where it was all that matter.
    """

    began_ms: int
    state: AccountState
    of: frozenset[Symbol] | None = None


class AccountReader:
    """What is known of one account."""

    def __init__(
        self,
        connection: Connection,
        mode: PositionMode,
    ) -> None:
        """Nothing is known yet. ``mode`` is how the account keeps positions, as its ``Setup`` said."""
        self.account = connection.account
        self.mode = mode
        self.unfit = ""
        """Why the account cannot be guarded as it is set up by now; empty while it can."""
        self.listing = connection.listing
        self.state = NOTHING
        self.changed: Callable[[AccountState, AccountState], None] = lambda _before, _after: None
        """Told of every reading that is newer than those before it: what was known, and what is."""
        self.beside: frozenset[Symbol] = frozenset()
        """Contracts that are told whether or not anything is held in them."""
        self.began_ms = 0
        """When the newest reading began."""
        self.complete_ms = 0
        """When the newest began that left no orders out."""
        self._reading = connection.dialect.reading
        self._auth = connection.dialect.traits.codes.auth
        self._line = connection.wires.reads
        self._now_ms = connection.now_ms
        self._flaws = Flaws(connection.say)
        self._known_contracts: set[Symbol] = set()
        self._told: dict[PositionId, Position] = {}
        self._told_orders: dict[PositionId, tuple[Order, ...]] = {}
        self._told_prices: dict[PositionId, Decimal] = {}
        self._quoted: set[PositionId] = set()
        """Of what a liquidation price was told last, and not that there is none."""
        self._told_whole_ms = -WHOLE_MS
        self._read_whole_ms = -WHOLE_MS
        self._known_positions: set[PositionId] = set()
        self._with_orders: set[PositionId] = set()
        self._currencies: set[str] = set()
        self._requests: tuple[Request, ...] = ()
        self._requests_for: tuple[Mapping[Symbol, Instrument] | None, frozenset[Symbol]] = None, frozenset()
        """For what listing and which symbols the requests are: they are asked for all the time."""
        self._glanced_ms: dict[Symbol, int] = {}
        """When the newest glance began at each symbol."""

    @property
    def requests(self) -> tuple[Request, ...]:
        """What one reading asks."""
        return self.requests_of(self._symbols())

    def requests_of(self, symbols: frozenset[Symbol]) -> tuple[Request, ...]:
        """What a glance at these asks."""
        asked = (self.listing.by_symbol, symbols)
        if self._requests_for[0] is not asked[0] or self._requests_for[1] != symbols:
            self._requests = tuple(self._reading.account_requests(self.listing, symbols).values())
            self._requests_for = asked
        return self._requests

    async def probe(self, urgency: Urgency) -> None:
        """One request that needs our key, and no more; ``Unreadable`` if it fails."""
        await self._line.read(self.requests[0], urgency)

    async def read(self, urgency: Urgency) -> Snapshot:
        """Read the account now. ``Unreadable`` if any of it could not be read.

        Orders are read of the symbols that have positions or orders, and of all once in ``WHOLE_MS``: at
        some exchanges the list of all costs as much as everything else of a minute. Where a position turns
        up in another symbol, all is read at once.
        """
        whole = self._now_ms() - self._read_whole_ms >= WHOLE_MS
        among = None if whole else self._symbols()
        found = await self._read(among, urgency)
        if among is not None and any(p.id.symbol not in among for p in found.state.positions):
            whole, found = True, await self._read(None, urgency)
        if self._stripped(found.state):
            await asyncio.sleep(CONFIRM_MS / 1000)
            found = await self._read(None if whole else among, urgency)
        if whole:
            self._read_whole_ms = found.began_ms
        return found

    async def glance(self, symbols: frozenset[Symbol], urgency: Urgency) -> Snapshot:
        """Read all positions and balances, and of the orders those of ``symbols`` only, now.

        Where many positions are held, the lists of all their orders cost more than anything else.
        """
        found = await self._read(symbols, urgency)
        if self._stripped(found.state, symbols):
            await asyncio.sleep(CONFIRM_MS / 1000)
            found = await self._read(symbols, urgency)
        return replace(found, of=symbols)

    def _stripped(self, state: AccountState, among: frozenset[Symbol] | None = None) -> bool:
        """Whether a position that had a stop seems to have none: it is looked at twice.

        Lists are read one beside the other, and any may be answered from a moment when the new stop was not
        there yet and the old one no longer. Where it is true it is told a moment later.
        """
        stopped = {order.id for order in self.state.orders if order.kind.is_stop and order.reduces}
        still = {order.id for order in state.orders if order.kind.is_stop and order.reduces}
        bare = [p.id for p in state.positions if p.id in stopped - still]
        return any(among is None or id_.symbol in among for id_ in bare)

    def _symbols(self) -> frozenset[Symbol]:
        """Where there are positions or orders, as far as is known."""
        ids = [position.id for position in self.state.positions] + [order.id for order in self.state.orders]
        return frozenset(id_.symbol for id_ in (*ids, *self._known_positions))

    async def _read(self, among: frozenset[Symbol] | None, urgency: Urgency) -> Snapshot:
        requests = self._reading.account_requests(self.listing, among)
        left_ms: list[int] = []
        answers = await self._answers(requests.values(), urgency, lambda: left_ms.append(self._now_ms()))
        payloads: dict[str, Payload] = {}
        for name, answer in zip(requests, answers, strict=True):
            payloads |= {page_name(name, number): page for number, page in enumerate(answer, start=1)}
        try:
            state = self._reading.account(self.account, payloads, self.listing)
        except (ValueError, KeyError) as error:
            raise Unreadable(_ACCOUNT, f"{type(error).__name__}: {error}") from error
        for other in state.modes - {self.mode}:
            raise Unreadable(_ACCOUNT, OTHER_MODE.format(now=other, then=self.mode))
        if self.unfit:
            raise Unreadable(_ACCOUNT, self.unfit)
        for flaw in state.flaws:
            self._flaws.note("the account", flaw)
        return Snapshot(began_ms=left_ms[0], state=state)

    async def _answers(
        self, requests: Iterable[Request], urgency: Urgency, leaving: Callable[[], None]
    ) -> list[list[Payload]]:
        """All pages of each; ``Unreadable`` where one cannot be read. ``leaving`` is called as each leaves.

        That our key is refused is known at once, whatever the others come to: one of them may hang until its
        time is over, or be lost without a word of why.
        """
        tasks = [
            asyncio.create_task(self._line.pages(request, urgency, leaving=leaving)) for request in requests
        ]
        waiting = set(tasks)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                errors = [task.exception() for task in tasks if task in done]
                for error in errors:
                    if isinstance(error, Unreadable) and error.code in self._auth:
                        raise error
        finally:
            if waiting:
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
        return [task.result() for task in tasks]

    def facts(self, found: Snapshot) -> Batch:
        """What a reading says, in the order to be folded in. Nothing where a later one is known."""
        partial = found.of is not None and not found.of >= self._symbols()
        if found.began_ms < (self.began_ms if partial else self.complete_ms):
            return ()
        if found.of is not None:
            self._glanced_ms |= dict.fromkeys(found.of, found.began_ms)
        if partial:
            found = self._with_orders_of(found, self.state, found.of or frozenset())
        else:
            self.complete_ms = found.began_ms
            since = frozenset(symbol for symbol, ms in self._glanced_ms.items() if ms > found.began_ms)
            if found.began_ms < self.began_ms:  # Glances have overtaken it.
                found = self._with_orders_of(replace(found, state=self.state), found.state, since)
        before, self.state = self.state, found.state
        self.began_ms = max(self.began_ms, found.began_ms)
        self.changed(before, found.state)
        if found.began_ms - self._told_whole_ms >= WHOLE_MS:
            self._told_whole_ms = found.began_ms
            self._told.clear()
            self._told_orders.clear()
            self._told_prices.clear()
        return (
            *self._contracts(found),
            *self._balances(found),
            *self._positions(found),
            *self._orders(found),
            *self._liquidations(found),
            *(() if partial else (AccountRead(at_ms=found.began_ms, account=self.account),)),
        )

    def _with_orders_of(self, found: Snapshot, other: AccountState, own: frozenset[Symbol]) -> Snapshot:
        """``found`` with its own orders of ``own`` only, and those of ``other`` of every other symbol."""
        orders = [order for order in other.orders if order.id.symbol not in own]
        orders += [order for order in found.state.orders if order.id.symbol in own]
        ids = {**other.venue_ids, **found.state.venue_ids}
        return replace(found, state=replace(found.state, orders=tuple(orders), venue_ids=ids))

    def _contracts(self, found: Snapshot) -> Iterator[Fact]:
        """Contracts of what is held, the dated ones beside them, and what is wanted besides, once each."""
        held = {position.id.symbol for position in found.state.positions} - self._known_contracts
        wanted = held | (self.beside - self._known_contracts)
        if not wanted:
            return
        indices = {self._contract(symbol).index for symbol in held}
        for instrument in self.listing.by_symbol.values():
            contract = instrument.contract
            dated = contract.expiry_ms is not None and contract.index in indices
            if (contract.symbol in wanted or dated) and contract.symbol not in self._known_contracts:
                self._known_contracts.add(contract.symbol)
                yield InstrumentChanged(at_ms=found.began_ms, contract=contract)

    def relisted(self, old: Mapping[Symbol, Instrument], at_ms: int) -> Batch:
        """What the listing says otherwise than ``old`` of contracts that were told, and new dated ones."""
        told = [old[symbol].contract for symbol in self._known_contracts if symbol in old]
        indices = {contract.index for contract in told}
        facts: list[Fact] = []
        for symbol, instrument in self.listing.by_symbol.items():
            contract = instrument.contract
            known = old[symbol].contract if symbol in old and symbol in self._known_contracts else None
            beside = contract.expiry_ms is not None and contract.index in indices
            if known != contract and (known is not None or beside):
                self._known_contracts.add(symbol)
                facts.append(InstrumentChanged(at_ms=at_ms, contract=contract))
        return facts

    def _contract(self, symbol: Symbol) -> Contract:
        return self.listing.by_symbol[symbol].contract

    def _balances(self, found: Snapshot) -> Iterator[Fact]:
        said = {balance.currency: balance for balance in found.state.balances}
        self._currencies |= said.keys()
        for currency in sorted(self._currencies):
            balance = said.get(currency)
            if balance is None and may_hide(currency, found.state.flaws):
                continue  # An account that seems to hold nothing is one that seems about to be liquidated.
            yield BalanceChanged(
                at_ms=found.began_ms,
                account=self.account,
                currency=currency,
                wallet=balance.wallet if balance is not None else ZERO,
                free=balance.free if balance is not None else ZERO,
            )

    def _positions(self, found: Snapshot) -> Iterator[Fact]:
        held = {position.id for position in found.state.positions}
        gone = {id_ for id_ in self._known_positions - held if not self._may_hide(id_, found.state)}
        for position in found.state.positions:
            if self._told.get(position.id) != position:
                self._told[position.id] = position
                self._told_prices.pop(position.id, None)
                yield PositionChanged(at_ms=found.began_ms, id=position.id, position=position)
        for id_ in sorted(gone):
            self._told.pop(id_, None)
            self._told_prices.pop(id_, None)
            yield PositionChanged(at_ms=found.began_ms, id=id_, position=None)
        self._known_positions = (self._known_positions | held) - gone

    def _orders(self, found: Snapshot) -> Iterator[Fact]:
        resting = {order.id for order in found.state.orders}
        for id_ in sorted(resting | self._with_orders | self._known_positions):
            orders = tuple(order for order in found.state.orders if order.id == id_)
            told = self._told_orders.get(id_, ())
            if self._may_hide(id_, found.state) and not {*told} <= {*orders}:
                continue  # What seems to be gone may be the row that made no sense.
            if self._told_orders.get(id_) != orders:
                self._told_orders[id_] = orders
                yield OrdersChanged(at_ms=found.began_ms, id=id_, orders=orders)
        self._with_orders = resting

    def _may_hide(self, id_: PositionId, state: AccountState) -> bool:
        return may_hide(self.listing.by_symbol[id_.symbol].id, state.flaws)

    def _liquidations(self, found: Snapshot) -> Iterator[Fact]:
        """The exchange's own liquidation prices, where they moved: in cross they do so with every mark."""
        held = {position.id for position in found.state.positions}
        for id_, price in found.state.venue_liquidation.items():
            told = self._told_prices.get(id_)
            if id_ in held and (told is None or abs(price - told) > MOVED * told):
                self._told_prices[id_] = price
                self._quoted.add(id_)
                yield LiquidationQuoted(at_ms=found.began_ms, id=id_, price=price)
        for id_ in sorted(self._quoted - found.state.venue_liquidation.keys()):
            self._quoted.discard(id_)
            self._told_prices.pop(id_, None)
            yield LiquidationQuoted(at_ms=found.began_ms, id=id_, price=None)


def may_hide(name: str, flaws: Sequence[str]) -> bool:
    """Whether a row that made no sense may be about ``name``, an instrument or a currency.

    A flaw begins with what the row is and whose ("position BTCUSDT: ..."). One that says nobody's may be
    anybody's; one of a contract that is not known here, which may stay for days, hides nothing that is.
    """
    return any(_named(flaw) in (None, name.lower()) for flaw in flaws)


def unlisted(flaws: Sequence[str], listing: Listing) -> frozenset[str]:
    """The contracts, not listed here, of which a row that made no sense says that a position is in them."""
    known = {name.lower() for name in listing.by_id}
    named = (_named(flaw) for flaw in flaws if flaw.startswith("position "))
    return frozenset(name for name in named if name is not None and name not in known)


def _named(flaw: str) -> str | None:
    what, colon, _ = flaw.partition(":")
    words = what.lower().split()
    named = bool(colon) and len(words) > 1 and words[-1] not in ("?", "none")
    return words[-1] if named else None
