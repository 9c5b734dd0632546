"""Which coins move together, and how far each goes: as somebody says, or as their returns do.

What is said counts before what is estimated. What the bars do not tell yet counts as moving along, and once
as far: of two mistakes that one is looked at earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.contracts import underlying
from bot.core.markets.returns import Returns
from bot.core.types import ONE, ZERO, Symbol

if TYPE_CHECKING:
    from bot.core.view import View


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


def coins(betas: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Betas by coin, from whatever contract names it."""
    return {underlying(symbol): beta for symbol, beta in betas.items()}
