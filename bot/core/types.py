"""The nouns every other part speaks in.

Units, stated once for the whole project:

* price: quote currency per unit of base, ``Decimal``
* quantity: base currency for linear contracts; face value in quote currency for inverse ones,
  because that is what stays constant while the price moves. Always positive: the side says which way.
* money (margin, fees, profit): the settlement currency of the contract
* ratios: fractions, so 0.05 is five percent
* time: integer milliseconds since the epoch, UTC, in names that end in ``_ms``

Margin ratio is maintenance / equity: 1 is liquidation, small is safe. "No liquidation price" is ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, NewType

AccountName = NewType("AccountName", str)
Symbol = NewType("Symbol", str)
RuleName = NewType("RuleName", str)
ClientId = NewType("ClientId", str)

OUR_PREFIX = "hf-"
"""What the client ids of our orders begin with. Orders without it are foreign and are never touched."""

ZERO = Decimal(0)
ONE = Decimal(1)


class Side(StrEnum):
    """Which way a position earns."""

    LONG = "long"
    SHORT = "short"

    sign: int
    """+1 for a long, -1 for a short; an attribute because every comparison of prices needs it."""

    def __init__(self, value: str) -> None:
        """Fix the sign when the two members are made."""
        self.sign = 1 if value == "long" else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SHORT if self is Side.LONG else Side.LONG


class MarginMode(StrEnum):
    """Isolated: the position can lose its own margin only. Cross: it draws on the whole account."""

    ISOLATED = "isolated"
    CROSS = "cross"


class PositionMode(StrEnum):
    """One-way: one position per symbol. Hedge: a long and a short of one symbol side by side."""

    ONE_WAY = "one_way"
    HEDGE = "hedge"


class PriceKind(StrEnum):
    """Which price triggers a conditional order."""

    MARK = "mark"
    LAST = "last"


class PositionId(NamedTuple):
    """What everything about a position is keyed by: facts, intents, budgets.

    A tuple, because it is looked up at every turn and a tuple's hash costs a fifth of a dataclass's.
    """

    account: AccountName
    symbol: Symbol
    side: Side

    def __str__(self) -> str:
        """``account/symbol/side``, as journal and command line print it."""
        return f"{self.account}/{self.symbol}/{self.side}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open position as the exchange reports it.

    ``margin`` is the isolated wallet *without* unrealised profit (Binance ``isolatedWallet``, not
    ``isolatedMargin``); zero in cross mode, where the account's wallet backs the position.
    ``opened_ms`` identifies the lot: a position closed and opened again is a new one.
    """

    id: PositionId
    quantity: Decimal
    entry: Decimal
    leverage: Decimal
    mode: MarginMode
    margin: Decimal = ZERO
    opened_ms: int = 0

    def __post_init__(self) -> None:
        """Refuse what no exchange can hold; zero quantity is spelt as no position at all."""
        assert self.quantity > 0, f"{self.id}: quantity {self.quantity}, expected above 0"
        assert self.entry > 0, f"{self.id}: entry {self.entry}, expected above 0"
        assert self.leverage > 0, f"{self.id}: leverage {self.leverage}, expected above 0"

    def with_margin(self, margin: Decimal) -> Position:
        """The same position with another isolated wallet: funding and top-ups change nothing else."""
        return Position(
            id=self.id,
            quantity=self.quantity,
            entry=self.entry,
            leverage=self.leverage,
            mode=self.mode,
            margin=margin,
            opened_ms=self.opened_ms,
        )


class OrderKind(StrEnum):
    """How an order fills. Stop and take-profit kinds rest until their trigger price is met."""

    MARKET = "market"
    LIMIT = "limit"
    IOC = "ioc"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT_MARKET = "take_profit_market"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP_MARKET = "trailing_stop_market"
    """Its trigger is the price that arms it; from there on it follows the best price at a distance."""

    @property
    def is_stop(self) -> bool:
        """Whether the order protects against loss at a price known when it is placed."""
        return self in (OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT)

    @property
    def is_conditional(self) -> bool:
        """Whether the order rests until a trigger is met."""
        return self.is_stop or self in (
            OrderKind.TAKE_PROFIT_MARKET,
            OrderKind.TAKE_PROFIT_LIMIT,
            OrderKind.TRAILING_STOP_MARKET,
        )

    @property
    def is_limited(self) -> bool:
        """Whether the order has a limit beyond which it does not fill."""
        return self in (
            OrderKind.LIMIT,
            OrderKind.IOC,
            OrderKind.STOP_LIMIT,
            OrderKind.TAKE_PROFIT_LIMIT,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A resting order. ``side`` is the side of the *position* it acts on, ``reduces`` says which way."""

    client_id: ClientId
    id: PositionId
    kind: OrderKind
    reduces: bool
    quantity: Decimal
    """Remaining quantity; ignored by the exchange when ``closes_position``."""
    trigger: Decimal | None = None
    limit: Decimal | None = None
    trigger_by: PriceKind = PriceKind.MARK
    closes_position: bool = False
    placed_ms: int = 0
