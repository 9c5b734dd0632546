"""The terms in which a dialect and those who talk for it understand each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from bot.core.capabilities import Capability
from bot.core.contracts import Contract
from bot.core.facts import Fact, Fill, Link
from bot.core.held.losses import Ending
from bot.core.types import (
    ClientId,
    MarginMode,
    Order,
    Position,
    PositionId,
    PositionMode,
    Side,
    Symbol,
)

Payload = Any
"""Decoded JSON as the exchange sent it; ``bot.venues.live.exact`` makes decimals of its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A contract with the exchange's own name of it.

    ``family`` is what else the exchange wants to hear beside the name: Bybit's category, OKX's instrument
    family; empty where there is nothing. ``max_quantity`` is the most that one market order may carry, in
    our units, ``max_notional`` the most it may be worth, in the settlement currency; ``None`` where the
    exchange names no such limit.
    """

    id: str
    contract: Contract
    family: str = ""
    max_quantity: Decimal | None = None
    max_notional: Decimal | None = None

    @property
    def symbol(self) -> Symbol:
        """The symbol as ccxt and Holdfast spell it."""
        return self.contract.symbol


class Listing:
    """The instruments an account may meet, found by either name."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        """Index them."""
        self.by_symbol: Mapping[Symbol, Instrument] = {each.symbol: each for each in instruments}
        self.by_id: Mapping[str, Instrument] = {each.id: each for each in instruments}

    def become(self, other: Listing) -> None:
        """The exchange lists other instruments by now, or the same with other rules.

        What it lists no more stays known: something may be held or resting there still.
        """
        self.by_symbol = {**self.by_symbol, **other.by_symbol}
        self.by_id = {**self.by_id, **other.by_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A limit of the exchange: ``capacity`` of weight per ``per_ms``, ``reserve`` of it for emergencies.

    ``apart``: the exchange counts what is in it by itself, so that too many requests there say nothing of
    any other window.
    """

    capacity: int
    per_ms: int
    reserve: int
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """What the exchange's codes prove.

    ``rejected`` are definitive: whoever gets one knows that nothing was done. ``exists`` prove the contrary:
    an order of this id is already there. ``already`` mean that what was asked for is so (leverage not
    changed). ``auth`` mean that the key is no good any more. ``limited`` mean: too many requests, nothing
    done. ``clock`` mean that the time stamp was outside the receive window: nothing done, and our idea of the
    exchange's clock is wrong. Everything else, known or not, leaves the outcome open.
    """

    rejected: frozenset[str]
    exists: frozenset[str] = frozenset()
    already: frozenset[str] = frozenset()
    auth: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()
    clock: frozenset[str] = frozenset()
    crowded: frozenset[str] = frozenset()
    """Of those that are ``rejected``: other orders would close the position already, or there is none."""
    suspended: frozenset[str] = frozenset()
    """Of those that are ``rejected``: the market takes no orders for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """Something about an exchange that no source confirms, and how a person could settle it."""

    what: str
    settle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is special about an exchange, as data: what ``holdfast venues`` prints.

    ``ccxt_id`` names the client class; ``hosts`` are all the names its keys may be sent to. ``levers`` are
    keyed like ``Capabilities.levers``. ``client_id_max`` and ``client_id_chars`` are the exchange's rules for
    client ids. ``recv_window_ms`` is how long after its time stamp a request may still be carried out: 0
    where the exchange promises nothing.
    """

    name: str
    ccxt_id: str
    margin_rules: tuple[str, ...]
    hosts: frozenset[str]
    position_modes: frozenset[PositionMode]
    levers: Mapping[tuple[str, MarginMode], Capability]
    codes: Codes
    windows: Mapping[str, Window]
    recv_window_ms: int
    mark_source: str
    funding_source: str
    conditional_orders: str
    """How resting stops are found."""
    stop_replacement: str
    """How a stop is replaced without a moment in which there is none."""
    client_id_max: int
    client_id_chars: str
    timeframes_ms: frozenset[int]
    """The bars it has that begin where ours do, by their length."""
    endings: Mapping[str, Ending] = field(default_factory=dict)
    """What the exchange's words for a conditional order that is gone mean. Any other word: the exchange ended
    it. Where a word may stand for a person's doing and for the exchange's, it counts as the person's."""
    in_hedge: Mapping[tuple[str, MarginMode], Capability] = field(default_factory=dict)
    """What is otherwise than ``levers`` say in hedge mode."""
    margin_history: str = ""
    """Where added margin can be read back by its amount; empty: only by the change of the position."""
    tiers_public: bool = True
    """Whether the exchange tells maintenance tiers to everybody, and not only to who holds a key."""
    bars_streamed: bool = True
    """Whether a stream tells that a bar is closed; else bars are read by request when they close."""
    quarterlies: str = ""
    test_network: str = ""
    assumed: tuple[Assumed, ...] = ()
    sources: tuple[str, ...] = ()

    def levers_in(self, position_mode: PositionMode) -> dict[tuple[str, MarginMode], Capability]:
        """What can be done in an account that keeps positions so."""
        return {**self.levers, **(self.in_hedge if position_mode is PositionMode.HEDGE else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One settlement currency of the futures wallet, in the terms of ``BalanceChanged``."""

    currency: str
    wallet: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """Everything an account holds, as one reading found it: what is not in it is not there.

    ``venue_liquidation`` is the exchange's own figure per position, for comparison; ``venue_ids`` are the
    exchange's own ids of resting orders, where it cancels by nothing else; ``flaws`` are rows that made no
    sense and were left out, each in words. ``modes`` is how positions are kept, as far as their rows say.
    """

    positions: tuple[Position, ...]
    balances: tuple[Balance, ...]
    orders: tuple[Order, ...]
    venue_liquidation: Mapping[PositionId, Decimal] = field(default_factory=dict)
    venue_ids: Mapping[ClientId, str] = field(default_factory=dict)
    flaws: tuple[str, ...] = ()
    modes: frozenset[PositionMode] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """What became of one order of ours: ``open`` while it may yet trade, ``fills`` what it traded so far."""

    client_id: ClientId
    open: bool
    fills: tuple[Fill, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Funding that was settled: ``amount`` was received (negative: paid), in the settlement currency.

    ``venue_id`` is the exchange's own of the row, the same whenever it is read. ``side`` is that of the
    position and ``rate`` what was settled at, ``None`` where the exchange does not tell.
    """

    venue_id: str
    at_ms: int
    symbol: Symbol
    amount: Decimal
    side: Side | None = None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRights:
    """What a key may do. ``None`` where the exchange does not say."""

    trade: bool | None
    withdraw: bool | None
    transfer: bool | None
    ip_restricted: bool | None
    portfolio_margin: bool | None = None
    """Whether it may trade in portfolio margin, which keys may that were made after it was turned on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How an account is set up at the exchange, read at the start and each hour.

    ``refuse`` are reasons not to guard it at all (portfolio margin, multi-asset mode), each in one line.
    """

    position_mode: PositionMode
    refuse: tuple[str, ...] = ()


NO_INDICES: Mapping[Symbol, Decimal] = MappingProxyType({})


class Heard(NamedTuple):
    """What one message of a stream said.

    ``facts`` can be folded as they are: prices, funding, bars, what filled. ``account`` means that the
    account changed and has to be read again, because what a stream says of positions and orders is a hint and
    never the truth. ``pass_on`` gives the message to ccxt: log-ins, subscriptions, pongs. ``flaw`` says what
    made no sense; such a message is dropped and counted, never guessed at. ``indices`` are the index prices
    that stand beside marks in it, by which those are judged.
    """

    facts: tuple[Fact, ...] = ()
    indices: Mapping[Symbol, Decimal] = NO_INDICES
    account: bool = False
    pass_on: bool = False
    link_down: str = ""
    """Why the private stream is dead although its connection is not: an expired listen key."""
    flaw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which market data to subscribe to: mark, funding and last of ``symbols``, bars of ``timeframes_ms``."""

    symbols: tuple[Symbol, ...]
    timeframes_ms: tuple[int, ...] = ()
    book: bool = False
    open_interest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A call of ccxt.pro that is held open.

    ``start`` gets the client and subscribes. Its data goes by our own ear (``Dialect.hear``) and is not
    passed on, so the call never returns while the connection lives; it raises when the connection is lost.
    Where the exchange lets a stream run out in silence (a listen key that nobody can renew), ``renew_ms`` is
    after how long it has to be started anew; 0: never.
    """

    name: str
    link: Link
    start: Callable[[Any], Awaitable[object]]
    renew_ms: int = 0
