"""Keep what the account stands to lose with the market within a band, by hedges in quarterlies."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.contracts import Contract, underlying
from bot.core.intents import CloseHedge, OpenHedge
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Timeframe
from bot.core.timeframe import parse_timeframe
from bot.core.types import ONE, ZERO, RuleName
from bot.core.units import Unit
from bot.core.view import Quarterly, View
from bot.core.wake import BarClose, Never, Wake

_DAY_MS = 24 * 60 * 60_000

Beta = Annotated[Decimal, Field(gt=0, le=10)]
TimesEquity = Annotated[Decimal, Field(gt=0, le=100), Unit("times equity")]


class DeltaHedgeParams(Params):
    """The band, in what the account is worth, and in which contract it is kept."""

    betas: Annotated[dict[str, Beta], Unit("factor")] = Field(default_factory=dict)
    """How many times as far as the reference a coin goes, above 0 and at most 10. One that is not named, as
    the reference itself: once."""
    above: TimesEquity = Decimal(3)
    """Hedge when the account's delta is more than so many times what it is worth, either way."""
    to: TimesEquity = Decimal(2)
    """Bring it back to so many times, from above as from below."""
    below: TimesEquity = Decimal(1)
    """Give up of the hedges when less than so much is left of it."""
    days: Annotated[int, Field(ge=1, le=180), Unit("days")] = 14
    """The contract is delivered in so many days at least."""
    basis: Ratio = Decimal("0.03")
    """How far the quarterly may stand on the wrong side of the position's mark, as a fraction."""
    leverage: Annotated[Decimal, Field(ge=1, le=125), Unit("times the margin")] = Decimal(3)
    """Leverage of the hedge: lower locks more margin and stands more against the hedge's own liquidation."""
    timeframe: Timeframe = "5m"
    """It is measured where a bar of this length closes, and when something changes."""

    @model_validator(mode="after")
    def _in_order(self) -> DeltaHedgeParams:
        if not self.below < self.to < self.above:
            message = f"the band must rise: below {self.below}, to {self.to}, above {self.above}"
            raise ValueError(message)
        return self


class DeltaHedge(Rule[DeltaHedgeParams]):
    """Bounds the market risk of all positions together, and leaves the bets of one against another.

    The delta is the value of all positions that settle in one currency, longs less shorts, each times its
    beta: so much is lost for each whole by which the reference falls. Where it leaves the band, a position
    that has a quarterly of its own coin is hedged by what is too much, at most by its size; where that is not
    enough, the next one follows. A coin without a quarterly is counted, and hedged by nobody else's: a hedge
    belongs to the position it stands against, and shrinks with it.

    A hedge is given up only where liquidation is farther away than when it was opened: the guard wants it so.
    It is not rolled: after its delivery the delta is measured again. Coins held as spot are not seen.
    """

    proposes = (OpenHedge, CloseHedge)
    may_increase = True
    example = MappingProxyType({"betas": {"ETH/USDT:USDT": "1.2"}})

    def __init__(self, name: RuleName, params: DeltaHedgeParams) -> None:
        """Read timeframe and symbols once."""
        super().__init__(name, params)
        self._bar = BarClose(parse_timeframe(params.timeframe))
        self._betas = {underlying(symbol): beta for symbol, beta in params.betas.items()}

    def needs(self) -> Needs:
        """The dated contracts beside each position's own, closed bars, and what the account is worth."""
        bars_ms = frozenset({self._bar.timeframe_ms})
        return Needs(quarterlies=True, book=True, bars_ms=bars_ms, equity=True)

    def wake(self, view: View) -> Wake:
        """At each closed bar of a symbol that has a quarterly to hedge with, or a hedge."""
        if view.pair.legs or self._suitable(view):
            return self._bar
        return Never("no quarterly expires late enough")  # A new listing is a change.

    def decide(self, view: View) -> Decisions:
        """Hedge what is above the band; give up of a hedge what leaves too little."""
        params, deltas, equity = self.params, view.deltas(), view.memory.equity
        if deltas is None or equity is None or equity <= 0:
            return
        total = sum((each.value * self._beta(each.contract) for each in deltas), ZERO)
        mine, away = (
            view.id.side.sign * total,
            f"a delta of {total:.2f} is {total / equity:.2f} times {equity:.2f}",
        )
        if mine > params.above * equity:
            yield from self._more(view, mine - params.to * equity, away)
        elif mine < params.below * equity and view.pair.legs:
            leg = view.pair.legs[-1]
            unit = leg.contract.notional(ONE, view.mark) * self._beta(leg.contract)
            quantity = leg.contract.quantity_down(min(leg.quantity, (params.to * equity - mine) / unit))
            yield CloseHedge(id=view.id, symbol=leg.symbol, quantity=quantity), away

    def _more(self, view: View, excess: Decimal, away: str) -> Decisions:
        """Sell so much of a quarterly against a long, or buy it against a short."""
        quarterly = self._chosen(view)
        if quarterly is None or quarterly.mark is None:
            return
        contract = quarterly.contract
        unit = contract.notional(ONE, quarterly.mark) * self._beta(contract)
        quantity = contract.quantity_down(min(excess / unit, view.position.quantity - view.pair.hedged))
        if quantity > 0:
            limit = view.mark * (1 - view.id.side.sign * self.params.basis)
            hedge = OpenHedge(
                id=view.id,
                symbol=contract.symbol,
                quantity=quantity,
                leverage=self.params.leverage,
                limit=limit,
            )
            yield (
                hedge,
                f"{away}, hedging {quantity} in {contract.symbol} at a basis of {quarterly.basis:.2%}",
            )

    def _chosen(self, view: View) -> Quarterly | None:
        """The contract a hedge is held in already, as a later one would take its place; else the nearest."""
        if view.pair.legs:
            held = view.pair.legs[-1].symbol
            return next((each for each in view.quarterlies if each.contract.symbol == held), None)
        return next((each for each in self._suitable(view) if each.mark is not None), None)

    def _suitable(self, view: View) -> list[Quarterly]:
        """The contracts to hedge with, nearest first."""
        least_ms = view.now_ms + self.params.days * _DAY_MS
        return [quarterly for quarterly in view.quarterlies if quarterly.expiry_ms >= least_ms]

    def _beta(self, contract: Contract) -> Decimal:
        return self._betas.get(contract.index, ONE)
