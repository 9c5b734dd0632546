"""Trailing stops: conditional orders whose trigger follows the best price since they were placed.

A sell is armed once the highest price since it was placed has reached its activation price, and met when the
price has come back from that highest one by the callback; a buy is armed by the lowest price and met above it
(Binance USD-M, page "New Algo Order", TRAILING_STOP_MARKET). Where exactly that is, no venue rounds in its
documentation, and nor is it here.

On the straight line that prices travel on, the best price either improves or is left behind. So it is enough
to follow them at the end of each way: what is met on the way is met at the level of its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.types import ONE, PriceKind
from bot.venues.paper.matching import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """How far one trailing stop has come. ``best`` is ``None`` until it is armed.

    ``by`` is the price it follows, ``callback`` a fraction of the best one.
    """

    by: PriceKind
    buy: bool
    callback: Decimal
    activation: Decimal
    best: Decimal | None = None

    @property
    def ahead(self) -> Level:
        """Where something changes on the good side: the activation, then the best price so far."""
        return Level(self.by, self.activation if self.best is None else self.best, not self.buy)

    @property
    def stop(self) -> Level | None:
        """Where the order acts; ``None`` until it is armed."""
        if self.best is None:
            return None
        away = ONE + self.callback if self.buy else ONE - self.callback
        return Level(self.by, self.best * away, self.buy)

    @property
    def levels(self) -> tuple[Level, ...]:
        """Strictly between these prices nothing changes."""
        stop = self.stop
        return (self.ahead,) if stop is None else (self.ahead, stop)

    def after(self, mark: Decimal, last: Decimal) -> Trail:
        """The same once prices have come there."""
        if not self.ahead.met(mark, last):
            return self
        return replace(self, best=mark if self.by is PriceKind.MARK else last)
