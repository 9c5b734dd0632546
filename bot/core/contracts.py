"""A contract as data: what is traded, in which steps, and the tiers its maintenance margin follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from itertools import pairwise

from bot.core.margin.rules import MarginRules
from bot.core.types import ONE, ZERO, Symbol


class ContractKind(StrEnum):
    """Linear settles in quote currency, inverse in the base coin."""

    LINEAR = "linear"
    INVERSE = "inverse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One bracket of a tier table: from ``floor`` (exclusive of the previous cap) up to ``cap``.

    ``floor`` and ``cap`` are in the tier unit of the contract's margin rules (settlement notional for
    most venues, contracts at OKX); ``cap`` ``None`` means no end. ``deduction`` is the cumulative
    maintenance amount, zero for flat tables.
    """

    floor: Decimal
    cap: Decimal | None
    rate: Decimal
    deduction: Decimal = ZERO
    max_leverage: Decimal | None = None


Tiers = tuple[Tier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A perpetual or a dated future of one venue.

    ``tick`` price step, ``lot`` quantity step, ``margin_step`` the money step in which isolated margin
    can be added; ``contract_size`` base per contract (linear) or quote per contract (inverse), needed
    only where tiers count contracts. ``expiry_ms`` ``None`` for perpetuals. ``synthetic_tiers`` marks
    invented tiers and ``synthetic_prices`` modelled prices, which every output repeats. ``suspended`` means
    that the venue takes no orders in it for now: maintenance, a halt, the end of its listing.
    """

    symbol: Symbol
    kind: ContractKind = ContractKind.LINEAR
    settlement: str = "USDT"
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal = ZERO
    min_notional: Decimal = ZERO
    max_leverage: Decimal = Decimal(125)
    contract_size: Decimal = ONE
    margin_step: Decimal = Decimal("0.01")
    funding_interval_ms: int = 8 * 3_600_000
    expiry_ms: int | None = None
    tiers: Tiers
    synthetic_tiers: bool = False
    synthetic_prices: bool = False
    suspended: bool = False
    rules: MarginRules
    continuous: bool = field(init=False, repr=False, compare=False)
    """Whether each tier's deduction makes its requirement begin where the last one ends, at a rising rate."""

    def __post_init__(self) -> None:
        """Refuse a table that leaves a notional without a tier."""
        assert self.tick > 0, f"{self.symbol}: tick {self.tick}, expected above 0"
        assert self.lot > 0, f"{self.symbol}: lot {self.lot}, expected above 0"
        assert self.tiers, f"{self.symbol}: no tiers"
        assert self.tiers[0].floor == 0, f"{self.symbol}: tiers start at {self.tiers[0].floor}, expected 0"
        assert all(a.cap == b.floor for a, b in pairwise(self.tiers)), f"{self.symbol}: tiers leave a hole"
        object.__setattr__(self, "continuous", _continuous(self.tiers))

    @property
    def index(self) -> str:
        """What perpetual and dated contracts of one underlying and settlement share: their symbol undated."""
        return underlying(self.symbol)

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Value of ``quantity`` at ``price`` in the settlement currency."""
        return quantity * price if self.kind is ContractKind.LINEAR else quantity / price

    def expired(self, at_ms: int) -> bool:
        """Whether a dated contract is no longer traded at that time; never so for a perpetual."""
        return self.expiry_ms is not None and at_ms >= self.expiry_ms

    # Adding zero spells 8E+1 as 80: the same number in the same digits wherever it is printed.

    def quantity_down(self, quantity: Decimal) -> Decimal:
        """``quantity`` rounded down to the lot: a reduction is never rounded up."""
        return (quantity / self.lot).to_integral_value(ROUND_FLOOR) * self.lot + ZERO

    def quantity_up(self, quantity: Decimal) -> Decimal:
        """``quantity`` rounded up to the lot."""
        return (quantity / self.lot).to_integral_value(ROUND_CEILING) * self.lot + ZERO

    def price_down(self, price: Decimal) -> Decimal:
        """``price`` rounded down to the tick."""
        return (price / self.tick).to_integral_value(ROUND_FLOOR) * self.tick + ZERO

    def price_up(self, price: Decimal) -> Decimal:
        """``price`` rounded up to the tick."""
        return (price / self.tick).to_integral_value(ROUND_CEILING) * self.tick + ZERO

    def margin_down(self, amount: Decimal) -> Decimal:
        """Money rounded down to the step the venue takes for isolated margin."""
        return (amount / self.margin_step).to_integral_value(ROUND_FLOOR) * self.margin_step + ZERO

    def margin_up(self, amount: Decimal) -> Decimal:
        """Money rounded up to the step the venue takes for isolated margin."""
        return (amount / self.margin_step).to_integral_value(ROUND_CEILING) * self.margin_step + ZERO


def underlying(symbol: str) -> str:
    """A symbol undated: a dated contract is named after the perpetual of its coin and settlement."""
    return symbol.partition("-")[0]


def _continuous(tiers: Tiers) -> bool:
    return all(
        a.rate <= b.rate and b.deduction - a.deduction == b.floor * (b.rate - a.rate)
        for a, b in pairwise(tiers)
    )
