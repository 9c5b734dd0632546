"""Count positions in coins that move together as one position, and bound what a joint shock would cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.contracts import Contract, underlying
from bot.core.durations import Span
from bot.core.exposure import JointLoss
from bot.core.intents import Level, Notify, ReducePosition
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Timeframe
from bot.core.timeframe import parse_timeframe
from bot.core.types import ONE, ZERO, RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Never, Wake

Group = Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
Beta = Annotated[Decimal, Field(gt=0, le=10)]
PartOfEquity = Annotated[Decimal, Field(gt=0, le=10), Unit("fraction")]


class CorrelationGuardParams(Params):
    """What moves together, how far, and how much of the account that may cost."""

    groups: Annotated[tuple[Group, ...], Field(max_length=50), Unit("symbols")] = ()
    """Coins that move as one, each list a group of its own, such as ``[["BTC/USDT:USDT", "ETH/USDT:USDT"]]``.
    What is in no list is left alone. Left out: everything is one group."""
    betas: Annotated[dict[str, Beta], Unit("factor")] = Field(default_factory=dict)
    """How many times as far as the shock a coin goes, above 0 and at most 10. One that is not named: once."""
    shock: Ratio = Decimal("0.2")
    """The joint move of all prices of a group, tried as a fall and as a rise."""
    warn: PartOfEquity = Decimal("0.5")
    """Say so when the shock would cost more than this part of what the account is worth."""
    reduce: PartOfEquity | None = None
    """Make positions smaller when it would cost more than this."""
    restore: Ratio = Decimal("0.9")
    """Make them so much smaller that the shock costs this fraction of ``reduce``."""
    timeframe: Timeframe = "5m"
    """A position is looked at where a bar of its symbol closes, and when something changes."""
    again: Span = 4 * 60 * 60_000
    """How soon the warning is repeated while it holds."""

    @model_validator(mode="after")
    def _fits(self) -> CorrelationGuardParams:
        coins = [underlying(symbol) for group in self.groups for symbol in dict.fromkeys(group)]
        twice = sorted({coin for coin in coins if coins.count(coin) > 1})
        if twice:
            message = f"{', '.join(twice)} is named more than once: a coin belongs to one group"
            raise ValueError(message)
        alone = sorted(symbol for symbol in self.betas if coins and underlying(symbol) not in coins)
        if alone:
            message = f"betas of {', '.join(alone)}, which no group names"
            raise ValueError(message)
        farthest = max(self.betas.values(), default=ONE)
        if self.shock * farthest >= 1:
            message = (
                f"shock {self.shock} with a beta of {farthest} leaves no price: their product must be below 1"
            )
            raise ValueError(message)
        if self.reduce is not None and self.reduce < self.warn:
            message = f"reduce {self.reduce} must not be below warn {self.warn}"
            raise ValueError(message)
        return self


class CorrelationGuard(Rule[CorrelationGuardParams]):
    """Three longs in coins that fall together are one long three times as large.

    Within a group everything is taken to move at once, by the shock times its beta: a short counts in full
    against a long, a dated contract like the perpetual of its coin. Of two groups neither is set against the
    other. Nothing is estimated: what moves together, and how far, is what the parameters say, and coins that
    part in a crash are misjudged.

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
        self._groups = [frozenset(map(underlying, group)) for group in params.groups]
        self._betas = {underlying(symbol): beta for symbol, beta in params.betas.items()}

    def needs(self) -> Needs:
        """Closed bars, and what the account is worth."""
        return Needs(bars_ms=frozenset({self._bar.timeframe_ms}), equity=True)

    def wake(self, view: View) -> Wake:
        """At each closed bar of a symbol that is in a group."""
        return self._bar if self._moves(view.contract) else Never("its coin is in no group")

    def decide(self, view: View) -> Decisions:
        """Say once for the whole group what the shock would cost; reduce what relieves most per cost."""
        params, equity = self.params, view.memory.equity
        if equity is None:
            return
        falls, rises = (self._lost(view, sign * params.shock) for sign in (-1, 1))
        lost, word = (falls, "fall") if _sum(falls) >= _sum(rises) else (rises, "rise")
        cost, worth = _sum(lost), max(equity, ZERO)
        why = (
            f"a joint {word} of {params.shock:.0%} costs {cost:.2f} of {equity:.2f} in {len(lost)} positions"
        )
        if cost > worth * params.warn and self._speaks(view, lost):
            yield (
                Notify(id=view.id, level=Level.WARNING, text=why),
                f"more than {params.warn:.0%} of the account",
            )
        if params.reduce is None or cost <= worth * params.reduce:
            return
        losing = {each.id: each.money for each in lost if each.money > 0}
        if next((id_ for id_ in view.exits(pool=False) if id_ in losing), None) == view.id:
            share = (cost - worth * params.reduce * params.restore) / losing[view.id]
            quantity = view.contract.quantity_up(view.position.quantity * min(ONE, share))
            yield ReducePosition(id=view.id, quantity=quantity), f"{why}: more than {params.reduce:.0%}"

    def _moves(self, contract: Contract) -> bool:
        return not self._groups or any(contract.index in group for group in self._groups)

    def _lost(self, view: View, shock: Decimal) -> Sequence[JointLoss]:
        """What each position of the view's group loses."""
        coin = view.contract.index
        group = next((group for group in self._groups if coin in group), None)

        def move(contract: Contract) -> Decimal | None:
            if group is not None and contract.index not in group:
                return None
            return shock * self._betas.get(contract.index, ONE)

        return view.joint_losses(move)

    def _speaks(self, view: View, lost: Sequence[JointLoss]) -> bool:
        """Whether the warning is this position's to give, and was not given lately."""
        said = view.memory.said
        first = min(each.id for each in lost if each.watched)
        return view.id == first and (said is None or view.now_ms >= said.at_ms + self.params.again)


def _sum(lost: Sequence[JointLoss]) -> Decimal:
    return sum((each.money for each in lost), ZERO)
