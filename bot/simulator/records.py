"""What exchanges remember and the paper exchange does not: orders that are over, trades, movements of money.

Wires answer queries from these. Everything is in the project's own units; a wire translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from bot.core.types import ZERO, AccountName, OrderKind, Position, PositionId, PriceKind


class OrderStatus(StrEnum):
    """How far an order has come."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    """By whoever placed it."""
    EXPIRED = "expired"
    """By the exchange: nothing left to fill against, its position gone, its account liquidated."""
    TRIGGERED = "triggered"
    """A conditional order that was met: what it trades, it trades as its ``child``."""

    @property
    def open(self) -> bool:
        """Whether it may yet trade."""
        return self in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class Origin(StrEnum):
    """Whose order it is."""

    CLIENT = "client"
    TRIGGERED = "triggered"
    """Sprung from a conditional order that was met."""
    LIQUIDATION = "liquidation"
    DELEVERAGING = "deleveraging"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A fill. ``fee`` is paid, ``pnl`` is realised profit before fees; both in the settlement currency."""

    trade_id: int
    order_id: int
    id: PositionId
    at_ms: int
    buy: bool
    quantity: Decimal
    price: Decimal
    fee: Decimal
    pnl: Decimal
    maker: bool
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order with all that became of it.

    ``quantity`` is the original one, ``value`` the sum of quantity times price of its fills. ``id.side`` is
    the side of the position it acts on. ``noted`` is whatever a wire wants to find again with the order.
    """

    order_id: int
    client_id: str
    id: PositionId
    kind: OrderKind
    buy: bool
    reduces: bool
    quantity: Decimal
    status: OrderStatus = OrderStatus.NEW
    origin: Origin = Origin.CLIENT
    reduce_only: bool = False
    closes_position: bool = False
    trigger: Decimal | None = None
    limit: Decimal | None = None
    trigger_by: PriceKind = PriceKind.MARK
    filled: Decimal = ZERO
    value: Decimal = ZERO
    created_ms: int = 0
    updated_ms: int = 0
    parent: int | None = None
    child: int | None = None
    expires_ms: int | None = None
    """Till when it is good, where it is good till a date."""
    noted: Mapping[str, str] = field(default_factory=dict)
    amendments: int = 0
    """How often its holder changed it."""

    @property
    def conditional(self) -> bool:
        """Whether it waits, or waited, for a trigger."""
        return self.kind.is_conditional

    @property
    def average(self) -> Decimal:
        """The average price of its fills; zero without any."""
        return self.value / self.filled if self.filled else ZERO


class Change(StrEnum):
    """Why an order's record changed."""

    NEW = "new"
    AMENDED = "amended"
    TRADE = "trade"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    TRIGGERED = "triggered"
    FINISHED = "finished"
    """The child of a triggered conditional order is done; the record is that of the conditional order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One step in the life of an order, in the order in which private streams tell them."""

    change: Change
    order: OrderRecord
    trade: Trade | None = None


class IncomeKind(StrEnum):
    """What moved a wallet."""

    REALISED = "realised"
    FEE = "fee"
    FUNDING = "funding"
    LIQUIDATION_FEE = "liquidation_fee"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """A movement of an account's money: positive was received."""

    income_id: int
    kind: IncomeKind
    account: AccountName
    at_ms: int
    amount: Decimal
    currency: str
    id: PositionId | None = None
    trade_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginMove:
    """Isolated margin that was put in (positive) or taken out."""

    move_id: int
    id: PositionId
    at_ms: int
    amount: Decimal
    currency: str


class AccountView(NamedTuple):
    """An account as a query finds it, now or, where queries lag, some time ago.

    ``positions`` are the open ones; ``wallets`` are by settlement currency, without isolated margin and
    unrealised profit; ``orders`` holds every order remembered, by exchange id, and ``open_orders`` what of
    them rests, conditional orders among it, oldest first.
    """

    account: AccountName
    at_ms: int
    positions: Mapping[PositionId, Position]
    wallets: Mapping[str, Decimal]
    orders: Mapping[int, OrderRecord]
    open_orders: tuple[OrderRecord, ...]
    trades: tuple[Trade, ...]
    income: tuple[Income, ...]
    margin_moves: tuple[MarginMove, ...]

    def at(self, at_ms: int) -> AccountView:
        """The same, seen at another time."""
        return self._replace(at_ms=at_ms)
