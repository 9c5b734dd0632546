"""Keep what the account stands to lose with the market within a band, by quarterlies or perpetuals."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.intents import CloseHedge, OpenHedge
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Timeframe
from bot.core.rules.comovement import BETA_MAX, Reference, stated
from bot.core.rules.weighing import Weighing
from bot.core.timeframe import parse_timeframe
from bot.core.types import ZERO, RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Never, Wake

Beta = Annotated[Decimal, Field(ge=0, le=BETA_MAX)]
TimesEquity = Annotated[Decimal, Field(gt=0, le=100), Unit("times equity")]


class DeltaHedgeParams(Params):
    """The band, in what the account is worth, and in which contract it is kept."""

    rising = (("below", "to", "above"),)

    betas: Annotated[dict[str, Beta], Unit("factor")] = Field(default_factory=dict)
    """How many times as far as the reference a coin goes, from 0 (a coin that stays where it is) to 10. One
    that is not named, as its returns say; without those, as the reference itself: once."""
    reference: Reference = None
    """The perpetual whose moves the others are measured by, such as ``BTC/USDT:USDT``. A position may be
    hedged in it, too."""
    returns: Annotated[int | None, Field(ge=20, le=300), Unit("bars")] = None
    """Estimate the betas that are not given over so many bars; left out, nothing is estimated."""
    returns_of: Timeframe = "1h"
    """The length of those bars."""
    spot: bool = True
    """Count the coins that are held outright, too."""
    above: TimesEquity = Decimal(3)
    """Hedge when the account's delta is more than so many times what it is worth, either way."""
    to: TimesEquity = Decimal(2)
    """Bring it back to so many times, from above as from below."""
    below: TimesEquity = Decimal(1)
    """Give up of the hedges when less than so much is left of it."""
    days: Annotated[int, Field(ge=1, le=180), Unit("days")] = 14
    """A contract that is delivered is so in so many days at least."""
    basis: Ratio = Decimal("0.03")
    """How far from the position's mark, in the reference from its own, a hedge may fill at worst."""
    leverage: Annotated[Decimal, Field(ge=1, le=125), Unit("times the margin")] = Decimal(3)
    """Leverage of the hedge: lower locks more margin and stands more against the hedge's own liquidation."""
    timeframe: Timeframe = "5m"
    """It is measured where a bar of this length closes, and when something changes."""

    @model_validator(mode="after")
    def _fits_together(self) -> DeltaHedgeParams:
        if self.returns is not None and self.reference is None:
            raise ValueError("returns without a reference: name the perpetual that others are measured by")
        stated(self)
        return self


class DeltaHedge(Rule[DeltaHedgeParams]):
    """Bounds the market risk of all positions together, and leaves the bets of one against another.

    The delta is the value of all positions that settle in one currency, longs less shorts, and of the coins
    held outright, each times its beta: so much is lost for each whole by which the reference falls. What the
    account is worth is its futures wallet with what is in the positions, and those coins. Where the delta
    leaves the band, a position is hedged by what is too much, at most by its size; where that is not enough,
    the next one follows. A hedge belongs to the position it stands against, and shrinks with it.

    It is opened where most money rests: in a quarterly of the position's own coin, for a position in a
    quarterly in the perpetual too, or in the perpetual of the reference, unless the trader holds something
    there himself. A hedge in another coin helps only as far as both move together, and pays funding. Coins
    alone are counted and not hedged: there is no position for a hedge to stand against.

    Betas that are estimated are those of calm days, never below 0 and at most 10; where the bars do not
    suffice yet a coin counts once. Until the coins held outright were read, nothing is decided.

    A hedge is given up only where liquidation is farther away than when it was opened: the guard wants it so.
    It is not rolled: after its delivery the delta is measured again.
    """

    proposes = (OpenHedge, CloseHedge)
    may_increase = True
    example = MappingProxyType(
        {"reference": "BTC/USDT:USDT", "returns": 168, "betas": {"USDC/USDT:USDT": "0"}}
    )

    def __init__(self, name: RuleName, params: DeltaHedgeParams) -> None:
        """Read timeframes and symbols once."""
        super().__init__(name, params)
        self._bar = BarClose(parse_timeframe(params.timeframe))
        self._weighing = Weighing(moves=stated(params), spot=params.spot, days=params.days)

    def needs(self) -> Needs:
        """The contracts to hedge with and their books, closed bars, what the account is worth and holds."""
        return Needs(bars_ms=frozenset({self._bar.timeframe_ms})) | self._weighing.needs()

    def wake(self, view: View) -> Wake:
        """At each closed bar of a symbol that has something to be hedged with, or a hedge."""
        if view.pair.legs or view.hedgeable(*self._weighing.moves.beside):
            return self._bar
        return Never("there is nothing to hedge it with")  # A new listing is a change.

    def decide(self, view: View) -> Decisions:
        """Hedge what is above the band; give up of a hedge what leaves too little."""
        params, account = self.params, self._weighing.account(view)
        if account is None:
            return
        worth, mine = account.worth, view.id.side.sign * account.delta
        away = f"a delta of {account.delta:.2f} is {account.delta / worth:.2f} times {worth:.2f}"
        if mine > params.above * worth:
            yield from self._more(view, mine - params.to * worth, away)
        elif mine < params.below * worth and view.pair.legs:
            leg, wanted = view.pair.legs[-1], params.to * worth - mine
            quantity = self._weighing.closing(view, leg, account.deltas, wanted)
            if quantity is not None:
                yield CloseHedge(id=view.id, symbol=leg.symbol, quantity=quantity), away

    def _more(self, view: View, excess: Decimal, away: str) -> Decisions:
        """Sell so much of a hedge against a long, or buy it against a short."""
        params, found = self.params, self._weighing.market(view)
        quantity = ZERO if found is None else self._weighing.opening(view, found, excess)
        if found is None or quantity <= 0:
            return
        symbol = found.contract.symbol
        limit = found.fair * (1 - view.id.side.sign * params.basis)
        hedge = OpenHedge(id=view.id, symbol=symbol, quantity=quantity, leverage=params.leverage, limit=limit)
        yield hedge, f"{away}, hedging {quantity} in {symbol} at {found.mark}"
