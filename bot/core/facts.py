"""Facts: what happened, in the past tense. The only way anything gets into the core.

Every fact carries the time it holds for (``at_ms``). Facts that arise from one event at the exchange
travel as one batch, because rules must not be asked between a position and the stop that left with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from bot.core.contracts import Contract
from bot.core.held.carried import Carried
from bot.core.held.losses import Ending
from bot.core.held.spot import SpotBalancesChanged
from bot.core.intents import Level
from bot.core.provenance import Provenance
from bot.core.types import AccountName, ClientId, Order, Position, PositionId, Symbol


class MarkPrice(NamedTuple):
    """The mark price, which liquidation is judged by.

    A tuple, because there are more of them than of all other facts, and it is made in half the time.
    """

    at_ms: int
    symbol: Symbol
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPrice:
    """The last traded price, which orders fill at."""

    at_ms: int
    symbol: Symbol
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRate:
    """The rate expected or fixed for the next settlement: a fraction of notional, longs pay when positive."""

    at_ms: int
    symbol: Symbol
    rate: Decimal
    next_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPaid:
    """Funding settled on a position: ``amount`` was received (negative: paid).

    ``rate`` is what it was settled at, ``None`` where nobody told.
    """

    at_ms: int
    id: PositionId
    rate: Decimal | None
    amount: Decimal


class BarClosed(NamedTuple):
    """A bar of traded prices is complete. ``at_ms`` is its closing time; ``timeframe_ms`` its length.

    ``volume`` is what was traded, in whatever unit its source counts; ``None`` where nobody told.

    A tuple, because a replay lays out all of them beforehand, and it is made in a third of the time.
    """

    at_ms: int
    symbol: Symbol
    timeframe_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Top of the order book and the money within a stated distance of the middle, per side."""

    at_ms: int
    symbol: Symbol
    bid: Decimal
    ask: Decimal
    bid_depth: Decimal
    ask_depth: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterest:
    """Open interest in base currency."""

    at_ms: int
    symbol: Symbol
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentChanged:
    """A contract's rules (steps, tiers, leverage) became known or changed."""

    at_ms: int
    contract: Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """The position is now ``position``; ``None`` means it is closed."""

    at_ms: int
    id: PositionId
    position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceChanged:
    """The account's futures wallet in one settlement currency.

    ``wallet`` backs the cross positions that settle in ``currency``, ``free`` is what may be spent of it;
    no position draws on a wallet of another currency. ``wallet`` excludes margin that sits in isolated
    positions and all unrealised profit.
    """

    at_ms: int
    account: AccountName
    wallet: Decimal
    free: Decimal
    currency: str = "USDT"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRead:
    """All of the account has been told: balances, positions, orders. ``at_ms`` is when the reading began.

    Nothing short of this makes an account known: the first balance of a reading comes before its positions.
    """

    at_ms: int
    account: AccountName


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersChanged:
    """All resting orders, conditional ones included, on one position: a snapshot, never a difference."""

    at_ms: int
    id: PositionId
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded:
    """A stop of ours rests no longer, without our doing, while its position is still there.

    ``status`` is the venue's own word for it.
    """

    at_ms: int
    id: PositionId
    client_id: ClientId
    how: Ending
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidated:
    """The venue took ``quantity`` of the position over at ``price`` and charged ``fee`` for it."""

    at_ms: int
    id: PositionId
    quantity: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationQuoted:
    """The venue's own liquidation price of a position; ``None`` where it says that there is none."""

    at_ms: int
    id: PositionId
    price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleveraged:
    """Auto-deleveraging closed ``quantity`` of a profitable position at ``price``."""

    at_ms: int
    id: PositionId
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A dated future expired and its position was settled at ``price``, an average of the index."""

    at_ms: int
    id: PositionId
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuote:
    """Best prices of one option."""

    at_ms: int
    symbol: Symbol
    underlying: Symbol
    strike: Decimal
    expiry_ms: int
    call: bool
    bid: Decimal | None
    ask: Decimal | None


class Link(StrEnum):
    """The streams whose loss the core has to know of."""

    MARKET = "market"
    ACCOUNT = "account"
    AUTH = "auth"
    CLOCK = "clock"
    """No stream: whether our clock and the exchange's agree well enough for anything to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanged:
    """A stream went up or down; ``because`` says how we know."""

    at_ms: int
    account: AccountName
    link: Link
    up: bool
    because: str


class OutcomeKind(StrEnum):
    """What became of an intent that was sent. Only a proof makes ``REJECTED`` or ``NOT_APPLIED``.

    ``GIVEN_UP`` is the end of one that nothing can prove any more: nobody looks for it, nothing waits for it,
    and what it may have cost counts as spent.
    """

    SENT = "sent"
    ACKED = "acked"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    VERIFIED = "verified"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A trade of ours: ``pnl`` is realised profit before fees, ``slippage`` money lost against the mark."""

    quantity: Decimal
    price: Decimal
    fee: Decimal
    pnl: Decimal
    slippage: Decimal


MET = "the order was met"
"""The proof of an outcome that tells what a resting order traded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known about an intent, by the client id of its action.

    ``code`` is the venue's own code of a rejection, ``proof`` says how the outcome is known. A verified order
    without ``fills`` has traded nothing.
    """

    at_ms: int
    id: PositionId
    client_id: ClientId
    kind: OutcomeKind
    code: str = ""
    proof: str = ""
    fills: tuple[Fill, ...] = ()


class CommandKind(StrEnum):
    """What a person may order."""

    PAUSE = "pause"
    RESUME = "resume"
    HALT = "halt"
    FLATTEN = "flatten"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order from a person; ``subject`` is a rule, a position or empty for everything."""

    at_ms: int
    kind: CommandKind
    subject: str = ""
    until_ms: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedOver:
    """What the run of ``epoch`` remembered at its end: the first fact of the run after it."""

    at_ms: int
    epoch: int
    carried: Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodStill:
    """The process did nothing for ``for_ms`` and goes on now: it was stopped, suspended or held up.

    Whatever is known was known before, however new it looks.
    """

    at_ms: int
    for_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessChanged:
    """A part of the process itself (``memory``, ``heartbeat``) is in another state than it was."""

    at_ms: int
    part: str
    was: str
    now: str
    because: str
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time passed. Silence is a fact too."""

    at_ms: int


Fact = (
    MarkPrice
    | LastPrice
    | FundingRate
    | FundingPaid
    | BarClosed
    | Book
    | OpenInterest
    | InstrumentChanged
    | PositionChanged
    | BalanceChanged
    | SpotBalancesChanged
    | AccountRead
    | OrdersChanged
    | OrderEnded
    | Liquidated
    | LiquidationQuoted
    | Deleveraged
    | Delivered
    | OptionQuote
    | LinkChanged
    | Outcome
    | Command
    | CarriedOver
    | StoodStill
    | ProcessChanged
    | Provenance
    | Tick
)
