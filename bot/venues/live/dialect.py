"""What one exchange is to Holdfast: its facts as data, and small pure functions in both directions.

A dialect never talks. It says which requests carry an intent out, what a payload means, and what cannot be
done. Whoever talks is ``bot.venues.live.venue`` and ``feed``, the same for every exchange.

Every function is pure; amounts come in our units and go out in the exchange's. ``KeyError`` for a symbol
that is not in the listing; ``ValueError`` with a sentence for a payload that makes no sense as a whole.
Amounts are on the contract's steps already when they come in (the guard has seen to it) and are sent without
losing a digit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from bot.core.facts import BarClosed, FundingRate, MarkPrice, OpenInterest
from bot.core.intents import OpenHedge
from bot.core.types import AccountName, ClientId, Order, Position, PositionId, PositionMode, PriceKind, Symbol
from bot.venues.live.history import History
from bot.venues.live.terms import (
    AccountState,
    Heard,
    Instrument,
    KeyRights,
    Listing,
    OrderState,
    Payload,
    Payment,
    Setup,
    Subscription,
    Traits,
    Wanted,
)
from bot.venues.live.wire import Request


class Contracts(Protocol):
    """What is traded: the exchange's list of contracts and their tiers."""

    def tier_requests(self, markets: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        """The requests that bring the tiers of these ccxt markets; one may serve many of them."""
        ...

    def listing(self, markets: Sequence[Mapping[str, Any]], tiers: Sequence[Payload]) -> Listing:
        """Contracts from ccxt markets and the answers to ``tier_requests`` in their order.

        A market's ``info`` is the exchange's own row. A market without tiers is left out.
        """
        ...


class Acting(Protocol):
    """Requests that change something. Each is complete: nothing is left to a default of anybody."""

    def add_margin(self, position: Position, instrument: Instrument, amount: Decimal) -> Request:
        """Move ``amount`` of the settlement currency into the position; a negative amount takes it out."""
        ...

    def set_leverage(
        self, position: Position, instrument: Instrument, leverage: Decimal
    ) -> Sequence[Request]:
        """Change the leverage of the open position; several requests where each side has its own."""
        ...

    def reduce(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        limit: Decimal | None = None,
    ) -> Request:
        """Close ``quantity`` of the position, reduce-only: at market, or at ``limit`` immediate-or-cancel."""
        ...

    def place_stop(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        client_id: ClientId,
        by: PriceKind = PriceKind.MARK,
    ) -> Request:
        """Rest a reduce-only stop-market order for the whole quantity of ``position``."""
        ...

    def place_take_profit(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        quantity: Decimal,
        client_id: ClientId,
    ) -> Request:
        """Rest a reduce-only take-profit order at market."""
        ...

    def cancel(self, instrument: Instrument, order: Order) -> Request:
        """Cancel a resting order, by its client id; ``ValueError`` where only ``cancel_by_id`` can."""
        ...

    def open_hedge(
        self, intent: OpenHedge, guarded: Position, instrument: Instrument, client_id: ClientId
    ) -> Sequence[Request]:
        """Open the hedge in ``instrument``: the last request is the immediate-or-cancel order at its limit.

        Before it come margin mode and leverage where they must be set first.
        """
        ...


class Reading(Protocol):
    """Requests that read the account or the market, and what their answers say."""

    def account_requests(
        self, listing: Listing, among: Collection[Symbol] | None = None
    ) -> Mapping[str, Request]:
        """What has to be read, by a name of the dialect's own, to know the whole account.

        Orders are wanted of ``among`` only, of every symbol where it is ``None``; where that is no cheaper
        the exchange is asked for all the same.
        """
        ...

    def account(self, name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
        """The account, from the answers to ``account_requests`` under the same names."""
        ...

    def order_requests(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> Sequence[Request]:
        """What tells what became of an order of ours: its state, and its trades where they are apart."""
        ...

    def order(
        self, instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]
    ) -> OrderState | None:
        """What became of it; ``None`` where the exchange says, definitely, that there is no such order.

        Where the first answer was an error the others were not asked for, and are ``None``.
        """
        ...

    def market_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """What tells mark price and funding of these by REST; as few requests as possible."""
        ...

    def market(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[MarkPrice | FundingRate]:
        """Marks and funding from the answers to ``market_requests``."""
        ...

    def bars_request(self, instrument: Instrument, timeframe_ms: int, count: int) -> Request:
        """The latest ``count`` bars of traded prices."""
        ...

    def bars(
        self, instrument: Instrument, timeframe_ms: int, payload: Payload, now_ms: int
    ) -> Sequence[BarClosed]:
        """The closed ones among them, oldest first; the one still open is left out."""
        ...

    def setup_requests(self) -> Sequence[Request]:
        """What tells position mode, asset mode and kind of account."""
        ...

    def setup(self, payloads: Sequence[Payload]) -> Setup:
        """How the account is set up, from the answers to ``setup_requests``."""
        ...

    def rights_request(self) -> Request | None:
        """What tells the rights of the key; ``None`` where the exchange has no such thing."""
        ...

    def rights(self, payload: Payload) -> KeyRights:
        """The rights of the key."""
        ...

    def time_request(self) -> Request:
        """What tells the exchange's clock."""
        ...

    def time_ms(self, payload: Payload) -> int:
        """The exchange's clock."""
        ...


class Beside(Protocol):
    """Readings beside the account and the marks, each made only while somebody needs it."""

    def payment_requests(self, instruments: Sequence[Instrument], since_ms: int) -> Sequence[Request]:
        """What tells the funding settled on these since then; that of others may come with it."""
        ...

    def payments(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[Payment]:
        """The funding, from the answers to ``payment_requests``; what is not listed here is left out."""
        ...

    def spot_requests(self) -> Sequence[Request]:
        """What tells the coins held outright, outside the positions."""
        ...

    def spot(self, payloads: Sequence[Payload]) -> Mapping[str, Decimal]:
        """How many of each, from the answers to ``spot_requests``; what was borrowed is left out."""
        ...

    def interest_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """What tells the open interest of these; as few requests as possible."""
        ...

    def interest(self, payloads: Sequence[Payload], listing: Listing, now_ms: int) -> Sequence[OpenInterest]:
        """Open interest, from the answers to ``interest_requests``; ``now_ms`` is for rows without a time."""
        ...


class Answers(Protocol):
    """What an answer to a request that changes something proves."""

    def code(self, status: int, payload: Payload) -> str | None:
        """The exchange's own code of an error in an answer; ``None`` where it does not tell of one.

        The codes of single orders in an answer to several count too.
        """
        ...

    def proves(self, request: Request, payload: Payload) -> bool:
        """Whether an answer without an error carries what a success of this request carries: an order id."""
        ...


class Streams(Protocol):
    """The streams, and what their messages say."""

    def client_options(self) -> Mapping[str, Any]:
        """What ccxt's client has to be told for this exchange: ``options`` and the like."""
        ...

    def streams(self, wanted: Wanted, listing: Listing) -> Sequence[Subscription]:
        """The public streams of what is wanted."""
        ...

    def private_streams(self) -> Sequence[Subscription]:
        """The streams that tell that the account changed."""
        ...

    def hear(self, account: AccountName, message: Payload, listing: Listing, now_ms: int) -> Heard:
        """What one decoded message of any of its streams says."""
        ...


class MarginHistory(Protocol):
    """What an exchange remembers of margin that was moved. Where it does, no addition stays unknown."""

    @property
    def names_sides(self) -> bool:
        """Whether a move says which side's position it was."""
        ...

    def request(self, instrument: Instrument) -> Request:
        """The latest moves in a contract."""
        ...

    def moves(self, id_: PositionId, payload: Payload) -> Sequence[tuple[int, Decimal]]:
        """When margin of a position was moved, by the exchange's clock, and how much: positive was put in."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Orders of the last days that are over, whatever became of them: their ids tell whose they were."""

    requests: Callable[[Instrument], Sequence[Request]]
    ids: Callable[[Payload], Sequence[ClientId]]
    """Every client id in an answer to one of the requests, ours as we spell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One exchange, in its parts."""

    traits: Traits
    contracts: Contracts
    acting: Callable[[PositionMode], Acting]
    """The same order is another request where an account keeps a long and a short side by side."""
    reading: Reading
    beside: Beside
    answers: Answers
    streams: Streams
    recent: Recent
    history: History
    cancel_by_id: Callable[[Instrument, Order, str], Request] | None = None
    """Cancels a resting order by the exchange's own id (``AccountState.venue_ids``), where it takes no other.

    ``None``: ``Acting.cancel`` does it by the client id.
    """
    margin_history: MarginHistory | None = None
