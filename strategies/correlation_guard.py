"""Count positions in coins that move together as one position, and bound what a joint shock would cost."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.durations import Span
from bot.core.intents import Level, Notify, ReducePosition
from bot.core.rule import Decisions, Needs, Params, Proportion, Ratio, Rule, Timeframe
from bot.core.rules.comovement import BETA_MAX, Group, Reference, stated
from bot.core.rules.shocks import Shocks
from bot.core.timeframe import parse_timeframe
from bot.core.types import ZERO, RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Never, Wake

Beta = Annotated[Decimal, Field(gt=0, le=BETA_MAX)]


class CorrelationGuardParams(Params):
    """What moves together, how far, and how much of the account that may cost."""

    not_falling = (("warn", "reduce"),)

    groups: Annotated[tuple[Group, ...], Field(max_length=50), Unit("symbols")] = ()
    """Coins that move as one, each list a group of its own, such as ``[["BTC/USDT:USDT", "ETH/USDT:USDT"]]``.
    What is in no list is left alone, or grouped by ``correlation``. Neither given: all are one group."""
    correlation: Ratio | None = None
    """Coins whose returns correlate by this much or more are one group, directly or by way of others."""
    betas: Annotated[dict[str, Beta], Unit("factor")] = Field(default_factory=dict)
    """How many times as far as the shock a coin goes, above 0 and at most 10. One that is not named, as its
    returns say against the ``reference``; without one: once."""
    reference: Reference = None
    """The perpetual that goes exactly as far as the shock, such as ``BTC/USDT:USDT``."""
    returns: Annotated[int, Field(ge=20, le=300), Unit("bars")] = 168
    """Over how many bars correlations and betas are estimated."""
    returns_of: Timeframe = "1h"
    """The length of those bars."""
    everywhere: bool = False
    """Count the positions of all accounts together, against what all of them are worth."""
    shock: Ratio = Decimal("0.2")
    """The joint move of all prices of a group, tried as a fall and as a rise."""
    warn: Proportion = Decimal("0.5")
    """Say so when the shock would cost more than this part of what the account is worth."""
    reduce: Proportion | None = None
    """Make positions smaller when it would cost more than this."""
    restore: Ratio = Decimal("0.9")
    """Make them so much smaller that the shock costs this fraction of ``reduce``."""
    timeframe: Timeframe = "5m"
    """A position is looked at where a bar of its symbol closes, and when something changes."""
    again: Span = 4 * 60 * 60_000
    """How soon the warning is repeated while it holds."""

    @model_validator(mode="after")
    def _fits_together(self) -> CorrelationGuardParams:
        _shocks(self)
        return self


class CorrelationGuard(Rule[CorrelationGuardParams]):
    """Three longs in coins that fall together are one long three times as large.

    Within a group everything is taken to move at once, by the shock times its beta: a short counts in full
    against a long, a dated contract like the perpetual of its coin. Of two groups neither is set against the
    other. What moves together, and how far, the parameters say or the returns of the last bars do: then what
    they do not tell yet counts as moving along, a beta is never below 0, nor so large that the shock would
    leave no price. Coins that part in a crash are misjudged.

    An isolated position that would be liquidated loses what is left of it and no more. In cross the loss is
    counted in full, and what liquidation costs on top is not. Between two bars nobody looks: the last line of
    each position is for ``last_stand``.
    """

    proposes = (Notify, ReducePosition)
    example = MappingProxyType(
        {
            "groups": [["BTC/USDT:USDT", "ETH/USDT:USDT", "ADA/USDT:USDT"]],
            "betas": {"ADA/USDT:USDT": "1.5"},
            "reduce": "0.7",
        }
    )

    def __init__(self, name: RuleName, params: CorrelationGuardParams) -> None:
        """Read timeframe and symbols once."""
        super().__init__(name, params)
        self._bar = BarClose(parse_timeframe(params.timeframe))
        self._shocks = _shocks(params)

    def needs(self) -> Needs:
        """Closed bars, and what the account is worth; where asked for, what all of them are."""
        return Needs(bars_ms=frozenset({self._bar.timeframe_ms})) | self._shocks.needs()

    def wake(self, view: View) -> Wake:
        """At each closed bar of a symbol that is in a group."""
        alone = self._shocks.moves.is_alone(view.contract.index)
        return Never("its coin is in no group") if alone else self._bar

    def decide(self, view: View) -> Decisions:
        """Say once for the whole group what the shock would cost; reduce what relieves most per cost."""
        params, equity = self.params, self._shocks.equity(view)
        if equity is None:
            return
        shock, worth = self._shocks.worst(view), max(equity, ZERO)
        why = (
            f"a joint {shock.word} of {params.shock:.0%} costs {shock.cost:.2f} of {equity:.2f}"
            f" in {len(shock.lost)} positions"
        )
        lately = view.memory.said_after(view.now_ms - params.again)
        if shock.cost > worth * params.warn and view.id == shock.first and not lately:
            text = f"more than {params.warn:.0%} of the account"
            yield Notify(id=view.id, level=Level.WARNING, text=why), text
        if params.reduce is None or shock.cost <= worth * params.reduce:
            return
        excess = shock.cost - worth * params.reduce * params.restore
        quantity = self._shocks.relief(view, shock, excess)
        if quantity is not None:
            yield ReducePosition(id=view.id, quantity=quantity), f"{why}: more than {params.reduce:.0%}"


def _shocks(params: CorrelationGuardParams) -> Shocks:
    moves = stated(params, params.groups, params.correlation)
    return Shocks(moves=moves, size=params.shock, everywhere=params.everywhere)
