"""The rule interface: all that somebody who writes a defence rule needs to know.

A rule is a pure function of a view. It has parameters (which are its configuration schema), says when it
wants to be asked (``wake``), and answers with intents and the reason for each (``decide``). It never sees
an exchange, a clock or a file, and never has to remember anything: what it did before is in the view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bot.core.held.equity import Drawdown
from bot.core.intents import Intent
from bot.core.markets.indicators import Indicator
from bot.core.structure import Nodes, Structure
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName, Symbol
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import Always, Figure, Wake

Ratio = Annotated[Decimal, Field(gt=0, lt=1), Unit("fraction")]
"""A fraction strictly between 0 and 1."""
Share = Annotated[Decimal, Field(gt=0, le=1), Unit("fraction")]
"""A fraction above 0, at most 1."""
Proportion = Annotated[Decimal, Field(gt=0, le=10), Unit("fraction")]
"""A fraction above 0 of something that may be less than what it is set against: at most ten times as much."""
Multiple = Annotated[Decimal, Field(gt=0, le=1000), Unit("factor")]
"""A positive factor."""
Money = Annotated[Decimal, Field(gt=0), Unit("money")]
"""An amount of the settlement currency, above 0."""
Times = Annotated[int, Field(ge=1, le=100), Unit("times")]
"""How often something may be done."""


def _a_timeframe(text: str) -> str:
    parse_timeframe(text)
    return text


Timeframe = Annotated[str, AfterValidator(_a_timeframe), Unit("timeframe")]
"""The length of bars as exchanges name it, such as ``1h``."""

_WIDEST = Decimal("0.95")
"""The farthest out a posture sets a distance."""

Decisions = Iterable[tuple[Intent, str]]
"""What ``decide`` yields: an intent and the reason for it, in words that carry the numbers."""


Table = tuple[tuple[str, ...], ...]
"""Lines of as many cells each, the first of them the header."""


class Params(BaseModel):
    """Parameters of a rule: validated once when the configuration is read, immutable afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    tightens: ClassVar[tuple[str, ...]] = ()
    """The parameters that are distances to liquidation: a posture may set all of them farther out."""

    stops_at: ClassVar[str] = ""
    """The parameter that is the distance of a stop from the entry, as a fraction of it, if there is one."""

    rising: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Parameters of which each must be above the one before, such as a trigger and its target; those that
    are left out do not count."""

    not_falling: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """The same of those that may be alike."""

    @model_validator(mode="after")
    def _in_their_order(self) -> Self:
        for low, high in self._neighbours(self.rising):
            if getattr(self, high) <= getattr(self, low):
                raise ValueError(f"{high} {getattr(self, high)} must be above {low} {getattr(self, low)}")
        for low, high in self._neighbours(self.not_falling):
            if getattr(self, high) < getattr(self, low):
                raise ValueError(f"{high} {getattr(self, high)} must not be below {low} {getattr(self, low)}")
        return self

    def _neighbours(self, orders: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, str]]:
        for names in orders:
            yield from pairwise(name for name in names if getattr(self, name) is not None)

    def tightened(self, times: Decimal) -> Self:
        """These parameters with their distances so many times as large, as far as they stay fractions.

        All by one factor, so that what was above another stays above it.
        """
        given = {name: getattr(self, name) for name in self.tightens}
        distances = {name: value for name, value in given.items() if value is not None}
        if not distances:
            return self
        factor = min(times, _WIDEST / max(distances.values()))
        if factor <= 1:
            return self
        return self.model_copy(update={name: value * factor for name, value in distances.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The market data a rule wants beside mark price and account; the shell subscribes to just that."""

    bars_ms: frozenset[int] = frozenset()
    """Timeframes of closed bars, in milliseconds."""
    indicators: frozenset[Indicator] = frozenset()
    """Indicators over closed bars; their timeframes need not be named again."""
    structures: frozenset[Structure] = frozenset()
    """Where the market has been and turned before, over closed bars, whose timeframes are named with it."""
    drawdowns: frozenset[Drawdown] = frozenset()
    """How far the account is below its best; their timeframes need not be named again."""
    equity: bool = False
    """What the whole account is worth. A drawdown includes it."""
    everywhere: bool = False
    """The same of all accounts together."""
    funding: bool = False
    book: bool = False
    open_interest: bool = False
    interest_window_ms: int = 0
    """How far back the rule looks for a change of open interest."""
    quarterlies: bool = False
    beside: frozenset[Symbol] = frozenset()
    """Contracts that are looked at whether or not anything is held in them: their marks, bars and books."""
    options: bool = False
    spot_balances: bool = False
    """The coins that the account holds outright, and the marks of their perpetuals."""

    @property
    def timeframes_ms(self) -> frozenset[int]:
        """Every timeframe whose closed bars are wanted, for themselves or for what is counted over them."""
        counted = (*self.indicators, *self.structures, *self.drawdowns)
        return self.bars_ms | {spec.timeframe_ms for spec in counted}

    @property
    def figures(self) -> frozenset[Figure]:
        """What is told now and then, and wanted."""
        wanted = ((Figure.FUNDING, self.funding), (Figure.OPEN_INTEREST, self.open_interest))
        return frozenset(figure for figure, is_wanted in wanted if is_wanted)

    @property
    def volumes(self) -> bool:
        """Whether bars have to tell what was traded."""
        return any(isinstance(spec, Nodes) for spec in self.structures)

    def __or__(self, other: Needs) -> Needs:
        """The needs of both."""
        return Needs(
            bars_ms=self.bars_ms | other.bars_ms,
            indicators=self.indicators | other.indicators,
            structures=self.structures | other.structures,
            drawdowns=self.drawdowns | other.drawdowns,
            equity=self.equity or other.equity,
            everywhere=self.everywhere or other.everywhere,
            funding=self.funding or other.funding,
            book=self.book or other.book,
            open_interest=self.open_interest or other.open_interest,
            interest_window_ms=max(self.interest_window_ms, other.interest_window_ms),
            quarterlies=self.quarterlies or other.quarterlies,
            beside=self.beside | other.beside,
            options=self.options or other.options,
            spot_balances=self.spot_balances or other.spot_balances,
        )


P = TypeVar("P", bound=Params)


class Rule(Generic[P]):
    """A defence rule. Subclass as ``class TopUp(Rule[TopUpParams])`` and write ``decide``."""

    proposes: ClassVar[tuple[type[Intent], ...]] = ()
    """The kinds of intent this rule may yield. Where declared, a refusal that holds for all of them lets
    the rule sleep, and a configuration the venue cannot carry out is refused when it is checked."""
    substitutes: ClassVar[Mapping[type[Intent], type[Intent]]] = MappingProxyType({})
    """What the rule yields in place of a kind the venue cannot do here; both belong into ``proposes``."""
    after_losses: ClassVar[tuple[type[Intent], ...]] = ()
    """What it yields beside those only where stops of ours were lost (``Losses.grave``)."""
    may_increase: ClassVar[bool] = False
    """Whether the rule may raise exposure. The guard refuses such intents of any other rule."""
    cooldown_ms: ClassVar[int | None] = None
    """Least time between two of its actions where its table in the configuration names none. For a rule that
    has several things to do at once; ``None`` is what holds for all."""
    example: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Parameters as a configuration may give them, for the example in the rule reference: what differs from
    the defaults, or has none."""

    def __init__(self, name: RuleName, params: P) -> None:
        """Hold the parameters under the name the configuration gave this rule."""
        self.name = name
        self.params: P = params

    @classmethod
    def params_type(cls) -> type[Params]:
        """The parameter model, taken from the subscript of ``Rule[...]``."""
        for klass in cls.__mro__:
            for base in getattr(klass, "__orig_bases__", ()):
                for argument in get_args(base):
                    if isinstance(argument, type) and issubclass(argument, Params):
                        return argument
        return Params

    def tightened(self, times: Decimal) -> Self:
        """The rule with its distances so many times as large, as ``Params.tightens`` names them."""
        params = self.params.tightened(times)
        return self if params is self.params else type(self)(self.name, params)

    def needs(self) -> Needs:
        """Market data beside mark price and account. Default: none."""
        return Needs()

    def wake(self, view: View) -> Wake:
        """When to be asked. Default: at every fact, which is always right and never fast."""
        return Always()

    def settled(self, view: View) -> tuple[type[Intent], ...]:
        """The kinds of which it says the same until the state changes, whatever marks, bars and time do.

        Asked after a refusal: one that no mark can lift then lets the rule sleep. Default: none.
        """
        return ()

    def decide(self, view: View) -> Decisions:
        """What to do, asked only where the wake holds."""
        raise NotImplementedError

    def table(self, view: View) -> Table:
        """What ``explain`` shows of how the rule sees things, a header and rows alike. Default: nothing."""
        return ()
