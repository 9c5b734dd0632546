"""What the paper exchange is told from outside: accounts, the market it simulates, openings and orders.

Kept apart from the machinery so that configuration, tests and the replay can name these without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.margin.bounds import Band
from bot.core.types import (
    ONE,
    ZERO,
    AccountName,
    ClientId,
    MarginMode,
    OrderKind,
    PositionId,
    PositionMode,
    PriceKind,
    Symbol,
)
from bot.venues.paper.in_force import InForce

DEPTH_DISTANCE = Decimal("0.01")
"""How far from the middle the money in ``MarketModel.depth`` reaches, as a fraction of price."""


class PaperError(Exception):
    """The exchange was asked for something that is a mistake of the caller, not a refusal of a venue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperAccount:
    """An account with what it starts with: ``balance`` in ``currency``, and ``others`` by their currency.

    Every settlement currency has a wallet of its own; what is not given begins empty.
    ``collateral`` are amounts of other assets that count into the wallet in ``currency``. ``spot`` are coins
    held outright, which back nothing; ``None`` where nobody wants to be told of them.
    """

    name: AccountName
    balance: Decimal
    currency: str = "USDT"
    others: Mapping[str, Decimal] = field(default_factory=dict)
    position_mode: PositionMode = PositionMode.ONE_WAY
    collateral: Mapping[str, Decimal] = field(default_factory=dict)
    spot: Mapping[str, Decimal] | None = None

    @property
    def balances(self) -> Mapping[str, Decimal]:
        """All balances by settlement currency."""
        return {self.currency: self.balance, **self.others}


@dataclass(frozen=True, slots=True)
class Share:
    """A fraction, above 0 and at most 1, of what there is, where a quantity could stand."""

    of_all: Decimal

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if not ZERO < self.of_all <= 1:
            raise PaperError(f"a share of {self.of_all}, expected above 0 and at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketModel:
    """What trading costs.

    ``maker_fee`` and ``taker_fee`` are fractions of notional; ``spread`` is the full distance between
    best bid and ask as a fraction of price. ``depth`` is the money in quote currency within 1 % of the
    middle on each side, for inverse contracts too; ``None``, or a symbol it does not name, means unlimited.
    Filling a value n in quote currency against a depth d moves the price by 1 % * n / d and fills on
    average at half of that. The book ends ``max_impact`` away from the touch: what is left of a market, IOC
    or stop-market order then is cancelled, what is left of a limit order rests. Each order finds the
    book full again.
    """

    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    spread: Decimal = ZERO
    depth: Mapping[Symbol, Decimal] | None = None
    max_impact: Decimal = Decimal("0.05")
    shown: frozenset[Symbol] = frozenset()
    """The perpetuals whose book is told, as that of every dated contract is: those somebody hedges in."""

    def depth_of(self, symbol: Symbol) -> Decimal | None:
        """Quote currency within 1 % of the middle per side, ``None`` if unlimited."""
        return None if self.depth is None else self.depth.get(symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A position the trader brings along: it appears without a trade, so there is no fee and no slippage.

    ``entry`` ``None`` means the last price. ``margin`` ``None`` means notional at entry / leverage; it is
    taken from the wallet in isolated mode and must be free in cross mode.
    """

    id: PositionId
    quantity: Decimal
    leverage: Decimal
    mode: MarginMode
    entry: Decimal | None = None
    margin: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as a person or a program sends it.

    ``id.side`` is the side of the position it acts on. ``reduces`` false on the long side is a buy, on
    the short side a sell: in one-way mode it closes an opposite position first and may flip it.
    ``reduces`` true never flips. ``reduce_only`` is the flag as it would be sent, which venues in hedge
    mode refuse because the position side already says it. ``leverage`` and ``mode`` count where no
    position is open yet.

    ``callback`` is how far a trailing stop stays behind the best price, as a fraction of it between 0 and
    1, and ``trigger`` what arms it: the present price where it is ``None``. From ``expires_ms`` on, what
    rests of the order is the venue's to cancel (``PaperExchange.expire``). ``in_force`` is for conditional
    orders with a limit.
    """

    client_id: ClientId
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
    leverage: Decimal | None = None
    mode: MarginMode | None = None

    def __post_init__(self) -> None:
        """Refuse what could not even be sent: a kind without the prices it consists of."""
        conditional, trails = self.kind.is_conditional, self.kind is OrderKind.TRAILING_STOP_MARKET
        if conditional != (self.trigger is not None) and not trails:
            raise PaperError(f"{self.id}: {self.kind} order with trigger {self.trigger}")
        if self.kind.is_limited != (self.limit is not None):
            raise PaperError(f"{self.id}: {self.kind} order with limit {self.limit}")
        if trails != (self.callback is not None) or not (self.callback is None or ZERO < self.callback < ONE):
            raise PaperError(f"{self.id}: {self.kind} order with callback {self.callback}")
        if self.in_force is not InForce.GTC and not (conditional and self.kind.is_limited):
            raise PaperError(f"{self.id}: {self.kind} order with {self.in_force}")
        if self.closes_position and not (conditional and self.reduces):
            raise PaperError(f"{self.id}: only a conditional, reducing order can close the position")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """Strictly inside both bands a new price has no effect; at a bound it may."""

    mark: Band
    last: Band
