"""What the books of account consist of: accounts with their wallets, quotes, the other ends of payments.

All of it is mutable and belongs to the ``Books`` of one exchange.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.types import ZERO, AccountName, ClientId, MarginMode, Order, Position, PositionId
from bot.venues.paper.in_force import InForce
from bot.venues.paper.trailing import Trail

NEVER_LOW = Decimal("-Infinity")
NEVER_HIGH = Decimal("Infinity")


@dataclass(slots=True)
class Quote:
    """The present prices of one symbol and the wires around them. Mutable: it is written at every move."""

    mark: Decimal = NEVER_LOW
    last: Decimal = NEVER_LOW
    mark_low: Decimal = NEVER_HIGH
    mark_high: Decimal = NEVER_LOW
    last_low: Decimal = NEVER_HIGH
    last_high: Decimal = NEVER_LOW

    @property
    def known(self) -> bool:
        """Whether a price has come in yet."""
        return self.mark is not NEVER_LOW


@dataclass(slots=True)
class Totals:
    """What became of one position id over all its lots. ``funding`` is received, negative is paid."""

    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    liquidations: int = 0


@dataclass(slots=True)
class Market:
    """The other side of every trade in one symbol: what it paid us, and what it is owed by its trades.

    ``paid`` is the profit the market settled with the accounts (negative: it got their losses), figure for
    figure what they booked. ``value`` and ``inventory`` say the same a second time, from the prices of the
    trades alone: at coordinate c (price, or one over it) the trades have earned it ``value + inventory * c``.
    """

    paid: Decimal = ZERO
    borne: Decimal = ZERO
    """What it paid beside its trades, for losses that neither an account nor the fund could pay."""
    value: Decimal = ZERO
    inventory: Decimal = ZERO

    def trade(
        self, contract: Contract, quantity: Decimal, price: Decimal, gain: Decimal, *, buy: bool
    ) -> None:
        """Book the market's side of one of our trades, which realised ``gain``; ``buy`` is ours."""
        up = buy is (contract.kind is ContractKind.LINEAR)
        value = contract.notional(quantity, price)
        self.paid += gain
        self.value += value if up else -value
        self.inventory -= quantity if up else -quantity


@dataclass(slots=True)
class Pots:
    """Where the money of one settlement currency goes that no account and no market has."""

    insurance_fund: Decimal
    fees: Decimal = ZERO
    funding: Decimal = ZERO


@dataclass(slots=True)
class Wallet:
    """What an account has in one settlement currency."""

    amount: Decimal = ZERO
    told: tuple[Decimal, Decimal] | None = None
    """Backing and free balance as they were last reported."""


@dataclass(slots=True)
class Account:
    """One account's wallets, positions and resting orders."""

    name: AccountName
    hedge: bool
    wallets: dict[str, Wallet]
    """By settlement currency; every one that is traded, were it empty."""
    currency: str
    """The currency that collateral counts in."""
    collateral: dict[str, Decimal]
    """Amounts of other assets that stand for the wallet in it."""
    positions: dict[PositionId, Position] = field(default_factory=dict)
    orders: dict[ClientId, Order] = field(default_factory=dict)
    totals: dict[PositionId, Totals] = field(default_factory=dict)
    settings: dict[PositionId, tuple[Decimal, MarginMode]] = field(default_factory=dict)
    """Leverage and margin mode for positions that are not open."""
    trails: dict[ClientId, Trail] = field(default_factory=dict)
    """How far the trailing stops among the orders have followed the price."""
    expiries: dict[ClientId, int] = field(default_factory=dict)
    """When the orders among them end that are good till a date."""
    in_force: dict[ClientId, InForce] = field(default_factory=dict)
    """What the conditional orders among them do when they are triggered, where it is not what most do."""
