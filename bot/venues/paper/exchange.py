"""An exchange as a pure state machine: prices, orders and actions in, facts out.

It has no clock, no randomness and no I/O, so a replay gives the same facts each time, to the last digit.
The parts are beside this file: books of account, matching, orders, what they wait for and when they end,
levers, leverage, liquidation, insurance fund and deleveraging, settlement, delivery, collateral, outages,
the path of prices, wires. This class is the door to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from bot.core.capabilities import Capabilities
from bot.core.contracts import Contract
from bot.core.decisions import Action
from bot.core.held.losses import Ending
from bot.core.held.spot import SpotBalancesChanged, SpotHolding
from bot.core.intents import Notify, SetPosture
from bot.core.types import (
    ZERO,
    AccountName,
    ClientId,
    MarginMode,
    PositionId,
    PositionMode,
    Side,
    Symbol,
)
from bot.venues.paper.account_desk import AccountDesk
from bot.venues.paper.answering import answer, end, require_price, traded, unanswered, whole
from bot.venues.paper.books import Books
from bot.venues.paper.capabilities import capabilities_of
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.deleveraging import Matching, deleverage, share_of
from bot.venues.paper.delivery import deliver
from bot.venues.paper.expiry import expire
from bot.venues.paper.figures import Figures, figures
from bot.venues.paper.leverage import change
from bot.venues.paper.levers import carry_out
from bot.venues.paper.listing import VenueListing
from bot.venues.paper.matching import buys, order_book
from bot.venues.paper.model import (
    MarketModel,
    Opening,
    OrderRequest,
    PaperAccount,
    PaperError,
    Share,
    Wires,
)
from bot.venues.paper.opening import plan_opening
from bot.venues.paper.orders import find, place, tell_end
from bot.venues.paper.outage import Outage
from bot.venues.paper.path import travel
from bot.venues.paper.settlement import settle
from bot.venues.paper.wires import CLOSED_WIRES, rewire
from bot.venues.port import Batch

SETTING = ClientId("setting")


class PaperExchange:
    """Several accounts trading perpetuals and dated futures, linear and inverse, by the rules of real venues.

    Money is the settlement currency of the contract it belongs to. An account has a wallet, and so a cross
    pool, for each; ``insurance_fund`` is what the fund of each currency begins with.

    Every method that changes something returns the effects as batches, one per event. ``PaperError`` is
    raised for mistakes of the caller; what a venue would refuse comes back as a rejected ``Outcome``. In an
    outage the effects are told when it is over.

    ``collateral`` are the terms of every asset that an account holds as such; ``funding_caps`` the largest
    rate charged per settlement, for symbols that have one.
    """

    def __init__(
        self,
        accounts: Sequence[PaperAccount],
        contracts: Mapping[Symbol, Contract],
        model: MarketModel,
        *,
        insurance_fund: Decimal = ZERO,
        collateral: Mapping[str, CollateralTerms] | None = None,
        funding_caps: Mapping[Symbol, Decimal] | None = None,
        outages: Iterable[Outage] = (),
    ) -> None:
        if insurance_fund < 0:
            raise PaperError(f"an insurance fund of {insurance_fund}, expected 0 or more")
        self._books = Books(accounts, contracts, model, insurance_fund, collateral or {}, outages)
        self._books.funding_caps.update(funding_caps or {})
        self._quotes = self._books.quotes
        self._spot = {account.name: account.spot for account in accounts if account.spot is not None}
        self.desk = AccountDesk(self._books)
        """What the holder of an account does with it beside trading."""
        self.listing = VenueListing(self._books)
        """What the venue changes in the contracts that are traded."""

    def move(self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> Sequence[Batch]:
        """New prices. ``gap`` false: they travelled here from the previous ones; true: they jumped.

        The first prices of a symbol are a gap in any case. Strictly inside the wires nothing happens.
        """
        try:
            quote = self._quotes[symbol]
        except KeyError:
            raise PaperError(f"{symbol}: not traded here") from None
        if quote.mark_low < mark < quote.mark_high and quote.last_low < last < quote.last_high:
            quote.mark = mark
            quote.last = last
            return ()
        if mark <= 0 or last <= 0:
            raise PaperError(f"{symbol}: mark {mark}, last {last}, expected above 0")
        books = self._books
        shown = () if quote.known else order_book(books.model, books.contracts[symbol], at_ms, last)
        batches = travel(self._books, at_ms, symbol, (mark, last), gap=gap)
        rewire(self._books)
        return self._books.outages.told(at_ms, (*shown, *batches))

    def open(self, at_ms: int, opening: Opening) -> Sequence[Batch]:
        """Let a position appear that the trader brings along: no fee, no slippage.

        ``PaperError`` if there is no price yet, if something is open that it would clash with, if the
        balance does not suffice, or if it would be liquidated at once.
        """
        books, id_ = self._books, opening.id
        require_price(self._books, id_)
        plan = plan_opening(books, at_ms, opening)
        position = plan.position
        books.put(position)
        books.totals(id_)
        if position.mode is MarginMode.ISOLATED:
            books.pay(books.purse(id_), -position.margin)
        buy = buys(id_.side, reduces=False)
        contract = books.contracts[id_.symbol]
        books.markets[id_.symbol].trade(contract, position.quantity, position.entry, ZERO, buy=buy)
        return end(self._books, at_ms)

    def settle_funding(
        self, at_ms: int, symbol: Symbol, rate: Decimal, *others: tuple[Symbol, Decimal]
    ) -> Sequence[Batch]:
        """Settle funding of ``rate`` (fraction of notional at mark, longs pay when positive): one batch.

        So it is with ``others`` settled at the same moment: nobody is judged before all of it is booked.
        ``PaperError`` for a dated contract: nobody pays funding on one.
        """
        for each, its in ((symbol, rate), *others):
            traded(self._books, each)
            settle(self._books, at_ms, each, its)
        return end(self._books, at_ms)

    def deliver(self, at_ms: int, symbol: Symbol, price: Decimal) -> Sequence[Batch]:
        """Settle an expired contract at ``price``: orders cancelled, positions closed, one batch.

        ``price`` is the mean of the index over the venue's window before expiry (``delivery``), never
        the last price. The delivery fee of the venue is charged. ``PaperError`` for a perpetual, before
        the expiry, or for a price of nothing.
        """
        traded(self._books, symbol)
        deliver(self._books, at_ms, symbol, price)
        return end(self._books, at_ms)

    def execute(self, at_ms: int, action: Action) -> Sequence[Batch]:
        """Carry out an action at the present prices. The batch starts with its ``Outcome``.

        ``Notify`` and ``SetPosture`` do nothing at a venue and return nothing.
        """
        if isinstance(action.intent, Notify | SetPosture):
            return ()
        require_price(self._books, action.id)
        silent = unanswered(self._books, at_ms, action.id, action.client_id)
        if silent:
            return silent
        result = carry_out(self._books, at_ms, action)
        return answer(self._books, at_ms, action.id, action.client_id, result)

    def submit(self, at_ms: int, request: OrderRequest) -> Sequence[Batch]:
        """Take an order of a person or a program. The batch starts with its ``Outcome``."""
        require_price(self._books, request.id)
        silent = unanswered(self._books, at_ms, request.id, request.client_id)
        if silent:
            return silent
        result = place(self._books, at_ms, request)
        return answer(self._books, at_ms, request.id, request.client_id, result)

    def cancel(self, at_ms: int, client_id: ClientId, how: Ending = Ending.CANCELLED) -> Sequence[Batch]:
        """Remove a resting order, because its holder wants it or, with another ``how``, by the venue's will.

        ``PaperError`` if no account has one of that name. The bot cancels with ``execute``.
        """
        order = find(self._books, client_id)
        if order is None:
            raise PaperError(f"no resting order {client_id}")
        silent = unanswered(self._books, at_ms, order.id, client_id)
        if silent:
            return silent
        self._books.drop(order)
        tell_end(self._books, at_ms, order, how)
        return answer(self._books, at_ms, order.id, client_id, ())

    def expire(self, at_ms: int) -> Sequence[Batch]:
        """Cancel what is good till a date that has come, in one batch. Whoever has the clock calls this."""
        return end(self._books, at_ms) if expire(self._books, at_ms) else ()

    def set_leverage(
        self, at_ms: int, id_: PositionId, leverage: Decimal, *, client_id: ClientId = SETTING
    ) -> Sequence[Batch]:
        """Change the leverage of a position, up or down, or that of the next one if none is open."""
        require_price(self._books, id_)
        silent = unanswered(self._books, at_ms, id_, client_id)
        if silent:
            return silent
        result = change(self._books, id_, leverage) or ()
        return answer(self._books, at_ms, id_, client_id, result)

    def deleverage(
        self,
        at_ms: int,
        symbol: Symbol,
        side: Side,
        quantity: Decimal | Share,
        price: Decimal | None = None,
    ) -> Sequence[Batch]:
        """The rest of the market deleverages ``side`` by rank: one batch, ``Deleveraged`` facts first.

        ``quantity``, or a share of all that is open on that side, is rounded down to the lot; ``None`` as the
        price is the mark. Positions that the price would leave with less than nothing are passed over.
        """
        books = self._books
        if symbol not in books.quotes:
            raise PaperError(f"{symbol}: not traded here")
        if not books.quotes[symbol].known:
            return ()  # Nothing can be open yet.
        at = books.quotes[symbol].mark if price is None else price
        wanted = share_of(books, symbol, side, quantity) if isinstance(quantity, Share) else quantity
        wanted = books.contracts[symbol].quantity_down(wanted)
        if wanted < 0 or at <= 0:
            raise PaperError(f"{symbol}: {wanted} to deleverage at {at}, expected above 0")
        deleverage(books, at_ms, Matching(symbol=symbol, side=side, quantity=wanted, price=at))
        return end(self._books, at_ms)

    def collateral_price(self, at_ms: int, asset: str, price: Decimal) -> Sequence[Batch]:
        """A new price of a collateral asset: no money flows, but who it leaves too little is liquidated."""
        if asset not in self._books.collateral.terms or price < 0:
            raise PaperError(f"{asset}: a price of {price} for collateral that nobody has terms for")
        self._books.revalue(asset, price)
        return end(self._books, at_ms)

    def connect(self, at_ms: int) -> Sequence[Batch]:
        """Tell what the streams tell where an outage begins or ends; to be called at those times."""
        marks = {symbol: quote.mark for symbol, quote in self._quotes.items() if quote.known}
        return self._books.outages.connect(at_ms, marks, self.snapshot(at_ms))

    def wires(self, symbol: Symbol) -> Wires:
        """Strictly between which prices ``move`` has no effect. At a bound it may have one.

        The mark's bounds in a cross pool hold while the marks of the pool's other symbols stay inside theirs.
        """
        return self._books.laid.get(symbol, CLOSED_WIRES)

    def holds(self, id_: PositionId) -> bool:
        """Whether that position is open, whatever has been told of it."""
        return self._books.position(id_) is not None

    @property
    def lays(self) -> int:
        """A count that stays the same while all wires do."""
        return self._books.lays

    def snapshot(self, at_ms: int) -> Batch:
        """Everything as it is now: contracts, balances, open positions, resting orders."""
        outright = (_spot_fact(at_ms, account, coins) for account, coins in self._spot.items())
        return (*outright, *whole(self._books, at_ms))

    def spot(self, account: AccountName) -> Mapping[str, Decimal]:
        """The coins the account holds outright: nothing that happens here changes them."""
        return self._spot.get(account, {})

    def figures(self) -> Figures:
        """Per position and per pool: equity, requirement, distance, realised profit, fees, funding."""
        return figures(self._books)

    def capabilities(self, account: AccountName) -> Capabilities:
        """What the levers can do for this account, as the guard asks it."""
        hedge = self._books.accounts[account].hedge
        mode = PositionMode.HEDGE if hedge else PositionMode.ONE_WAY
        return capabilities_of(self._books.contracts.values(), mode)


def _spot_fact(at_ms: int, account: AccountName, coins: Mapping[str, Decimal]) -> SpotBalancesChanged:
    held = tuple(SpotHolding(asset=asset, quantity=coins[asset]) for asset in sorted(coins) if coins[asset])
    return SpotBalancesChanged(at_ms=at_ms, account=account, holdings=held)
