"""Which coins move together, and how far each goes: as somebody says, or as their returns do.

What is said counts before what is estimated. What the bars do not tell yet counts as moving along, and once
as far: of two mistakes that one is looked at earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

from bot.core.contracts import underlying
from bot.core.markets.returns import Returns
from bot.core.timeframe import parse_timeframe
from bot.core.types import ONE, ZERO, Symbol
from bot.core.units import Unit

if TYPE_CHECKING:
    from bot.core.view import View

BETA_MAX = Decimal(10)
"""The most that a beta may be."""
Reference = Annotated[str | None, Field(pattern=r"^[^\s/]+/[^\s/:]+:[^\s/:-]+$"), Unit("symbol")]
"""The symbol of a perpetual whose moves others are measured by."""
Group = Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
"""Coins that move as one, each named by any of its contracts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comovement:
    """What is known beforehand. Coins are named by the symbol of their perpetual.

    Without ``returns`` nothing is estimated; betas are those against ``reference``. Coins in none of the
    ``groups`` are grouped by ``correlation``, where that is given.
    """

    betas: Mapping[str, Decimal] = field(default_factory=dict)
    reference: Symbol | None = None
    groups: Sequence[frozenset[str]] = ()
    correlation: Decimal | None = None
    returns: Returns | None = None

    @property
    def estimated(self) -> frozenset[Returns]:
        """What a rule that asks has to need."""
        wanted = self.correlation is not None or self.reference is not None
        return frozenset((self.returns,) if wanted and self.returns is not None else ())

    @property
    def beside(self) -> frozenset[Symbol]:
        """The contracts whose bars it needs, whatever is held."""
        return frozenset(() if self.reference is None else (self.reference,))

    def beta(self, view: View, symbol: Symbol, *, most: Decimal) -> Decimal:
        """How many times as far as the reference a contract goes; an estimate is from 0 to ``most``."""
        coin = underlying(symbol)
        if coin in self.betas or self.returns is None or self.reference in (None, coin):
            return self.betas.get(coin, ONE)
        found = view.together(symbol, self.reference, self.returns)
        return ONE if found is None else min(max(found.beta, ZERO), most)

    def is_alone(self, coin: str) -> bool:
        """Whether a coin moves with no other: there are groups, and nothing can bring it into one."""
        return bool(self.groups) and self.correlation is None and self.named(coin) is None

    def named(self, coin: str) -> frozenset[str] | None:
        """The group that somebody put a coin into."""
        return next((group for group in self.groups if coin in group), None)

    def group(self, view: View, *, everywhere: bool) -> frozenset[str] | None:
        """The coins that move with the view's, directly or by way of others; ``None`` if all do.

        Of one that is in no group while others are, and is not grouped by correlation: itself.
        """
        coin = view.contract.index
        named = self.named(coin)
        if named is not None or self.correlation is None:
            return named or (frozenset((coin,)) if self.groups else None)
        held = (underlying(symbol) for symbol in view.memory.held(everywhere=everywhere))
        left = {each for each in held if self.named(each) is None}
        group, edge = {coin}, [coin]
        while edge:
            one = edge.pop()
            found = {other for other in left - group if self._correlate(view, one, other, self.correlation)}
            group |= found
            edge += sorted(found)
        return frozenset(group)

    def _correlate(self, view: View, coin: str, other: str, least: Decimal) -> bool:
        if self.returns is None:
            return True
        found = view.together(Symbol(coin), Symbol(other), self.returns)
        return found is None or found.correlation >= least


class Stated(Protocol):
    """The parameters that say which coins move together: symbols as somebody wrote them."""

    @property
    def betas(self) -> Mapping[str, Decimal]:
        """Those that are known."""
        ...

    @property
    def reference(self) -> str | None:
        """What betas are measured against."""
        ...

    @property
    def returns(self) -> int | None:
        """Over how many bars the others are estimated; ``None``: not at all."""
        ...

    @property
    def returns_of(self) -> str:
        """The timeframe of those bars."""
        ...


def stated(
    params: Stated, groups: Sequence[Sequence[str]] = (), correlation: Decimal | None = None
) -> Comovement:
    """What parameters say; ValueError where that contradicts itself."""
    reference, betas = params.reference, params.betas
    if reference is not None and betas.get(reference, ONE) != ONE:
        raise ValueError(f"{reference} is the reference: its beta is 1, found {betas[reference]}")
    named = [underlying(symbol) for group in groups for symbol in dict.fromkeys(group)]
    twice = sorted({coin for coin in named if named.count(coin) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named more than once: a coin belongs to one group")
    alone = sorted(symbol for symbol in betas if named and underlying(symbol) not in named)
    if alone and correlation is None:
        raise ValueError(f"betas of {', '.join(alone)}, which no group names")
    return Comovement(
        betas={underlying(symbol): beta for symbol, beta in betas.items()},
        reference=None if reference is None else Symbol(reference),
        groups=[frozenset(map(underlying, group)) for group in groups],
        correlation=correlation,
        returns=None
        if params.returns is None
        else Returns(parse_timeframe(params.returns_of), params.returns),
    )
