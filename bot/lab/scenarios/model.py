"""The shape of a scenario file: a market that happened, or one that might, as figures somebody can check.

A file says where prices were at which time, how wild the minutes between were, and what befell the venue
meanwhile. Everything else, the minutes themselves for every coin that is held, is made of it, so that a crash
is a page which can be read, argued with, and copied for a crash of one's own.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.config.fields import Exact, Fraction, Instant, NotNegative, Positive, Rate
from bot.config.table import Table
from bot.core.durations import Span
from bot.core.facts import Link, OutcomeKind
from bot.core.settings import DAY_MS
from bot.core.types import Side
from bot.lab.scenarios.clock import Clock, format_clock

ANY_COIN = "*"

CoinName = Annotated[str, Field(pattern=r"^([A-Z0-9]{1,20}|\*)$")]
"""A coin as symbols spell it, or ``*`` for every coin that is not named."""
Anchor = tuple[Clock, Positive, Fraction]
"""When, at which price, and how much one minute's return varies from here on (its standard deviation)."""
Dislocation = tuple[Clock, Clock, Clock, Rate]
"""From when, worst when, until when, and how far from the mark was traded at worst, as a fraction of it."""
Spell = tuple[Clock, Span, Rate]
"""From when on, how often, and which rate is settled; positive is paid by longs."""


class CoinTable(Table):
    """What one coin does: a path of its own, or that of another, as deep as this one fell."""

    path: tuple[Anchor, ...] = ()
    """Anchors of the mark price; two at one time are a jump."""
    like: CoinName | None = None
    """Whose path it takes, where it has none of its own."""
    depth: Annotated[Exact, Field(gt=0, lt=10)] | None = None
    """Its own largest move, beside like: a fraction of the price before it."""
    dislocations: tuple[Dislocation, ...] = ()
    """Where trades leave the mark; elsewhere the two are one."""
    funding: tuple[Spell, ...] = ()
    """What is settled, each spell until the next; left out, as in the coin it is like."""

    @model_validator(mode="after")
    def _has_one_path(self) -> Self:
        if bool(self.path) == (self.like is not None):
            raise ValueError("both or neither of path and like given; give exactly one")
        if (self.depth is None) != (self.like is None):
            raise ValueError(
                "depth belongs to like, and like needs it; a path says by itself how deep it goes"
            )
        return self

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        times = [minute for minute, _, _ in self.path]
        if self.path and (times[0] != 0 or times[-1] == 0):
            raise ValueError("path has to begin at 00:00 and to end later")
        for one, two in pairwise(times):
            if two < one:
                raise ValueError(f"path goes back, from {format_clock(one)} to {format_clock(two)}")
        for one, two in zip(times, times[2:], strict=False):
            if one == two:
                raise ValueError(f"path has three anchors at {format_clock(one)}; two are a jump")
        for start, worst, end, _ in self.dislocations:
            if not start < worst < end:
                raise ValueError(
                    f"found {format_clock(start)}, {format_clock(worst)}, {format_clock(end)}"
                    " for a dislocation; allowed: from, worst and until, one after the other"
                )
        for (one, _, _), (two, _, _) in pairwise(self.funding):
            if two <= one:
                raise ValueError(f"funding goes back, from {format_clock(one)} to {format_clock(two)}")
        return self


class BasisPart(Table):
    """What quarterlies did; what is left out stays as configured."""

    calm: Annotated[Exact, Field(gt=-1, lt=10)] | None = None
    """Carry in calm, a fraction of the index per year."""
    discount: Fraction | None = None
    """How far below the index a contract without end would go under full stress, as a fraction of it."""
    onset: Fraction | None = None
    """The fall from which on there is stress, as a fraction."""
    half_life: Span | None = None
    """In this time stress halves."""


class OutagePart(Table):
    """The venue does not answer, while its market goes on."""

    after: Clock
    """When it begins."""
    lasts: Span
    """For how long."""
    streams: tuple[Literal[Link.MARKET, Link.ACCOUNT], ...] = (Link.MARKET, Link.ACCOUNT)
    """Which streams are silent meanwhile: "market", "account", both or none."""
    answer: Literal[OutcomeKind.UNKNOWN, OutcomeKind.REJECTED] = OutcomeKind.UNKNOWN
    """What requests get: no answer that can be trusted, or a refusal."""


class HaltPart(Table):
    """Nothing is traded anywhere: there are no prices at all."""

    after: Clock
    """When it begins."""
    lasts: Span
    """For how long."""


class DeleveragingPart(Table):
    """The venue closes positions of one side by auto-deleveraging, at the mark."""

    after: Clock
    """When."""
    coin: CoinName = ANY_COIN
    """Of which coin; "*" is every one."""
    side: Side
    """Whose positions are closed."""
    share: Annotated[Exact, Field(gt=0, le=1)]
    """How much of all that is open on that side."""


class CollateralPart(Table):
    """An asset that stands for money loses its peg, or finds it again."""

    after: Clock
    """When."""
    asset: str
    """Which; where it is no collateral nothing happens."""
    worth: NotNegative
    """As a fraction of its configured price."""


class LiquidityPart(Table):
    """How order books are from here on."""

    after: Clock
    """When."""
    spread: Annotated[Exact, Field(ge=1)]
    """The distance between best bid and best ask, in multiples of the configured one."""
    depth: Annotated[Exact, Field(gt=0)]
    """What rests near the middle, as a fraction of the configured depth."""


class ThinningPart(Table):
    """Order books that are thinner while prices vary more, in place of ``liquidity``."""

    calm: Annotated[Exact, Field(gt=0, lt=1)]
    """The deviation of one minute's return up to which they are as configured, a fraction."""
    least: Annotated[Exact, Field(gt=0, le=1)] = Decimal("0.05")
    """What always rests near the middle, as a fraction of the configured depth."""
    widest: Annotated[Exact, Field(ge=1)] = Decimal(30)
    """The widest spread, in multiples of the configured one."""


class ScenarioTable(Table):
    """The whole file."""

    schema_version: Literal[1] = 1
    title: Annotated[str, Field(min_length=1, max_length=80)]
    """What it is called where there is room for a line."""
    about: Annotated[str, Field(min_length=1)]
    """What happened, and what it is a test of."""
    pace: Literal["flash", "cascade", "grind", "squeeze", "sideways"]
    """How it moves: within minutes, within hours, over days, upwards, or nowhere."""
    starts: Instant
    """Midnight in UTC of the first day."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    """Which of all the minutes that fit between the anchors."""
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    """Where the figures come from."""
    coins: Annotated[dict[CoinName, CoinTable], Field(min_length=1)]
    """By coin; "*" stands for all that are not named."""
    basis: BasisPart = BasisPart()
    outages: tuple[OutagePart, ...] = ()
    halts: tuple[HaltPart, ...] = ()
    deleveragings: tuple[DeleveragingPart, ...] = ()
    collateral: tuple[CollateralPart, ...] = ()
    liquidity: tuple[LiquidityPart, ...] = ()
    thinning: ThinningPart | None = None

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return max(table.path[-1][0] for table in self.coins.values() if table.path)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.starts % DAY_MS:
            raise ValueError("starts has to be a midnight in UTC")
        if ANY_COIN not in self.coins:
            raise ValueError('coins has no "*", which says what every other coin does')
        for name, table in self.coins.items():
            model = None if table.like is None else self.coins.get(table.like)
            if table.like is not None and (model is None or not model.path):
                raise ValueError(f"{name} is like {table.like}, which has no path here")
        if self.thinning is not None and self.liquidity:
            raise ValueError("both liquidity and thinning say how order books are; give one of them")
        ends = {table.path[-1][0] for table in self.coins.values() if table.path}
        if len(ends) > 1:
            raise ValueError(f"paths end at {', '.join(map(format_clock, sorted(ends)))}; give them one end")
        return self

    @model_validator(mode="after")
    def _happens_in_time(self) -> Self:
        parts = (self.outages, self.halts, self.deleveragings, self.collateral, self.liquidity)
        late = [part.after for each in parts for part in each if part.after >= self.minutes]
        if late:
            raise ValueError(f"something happens at {format_clock(max(late))}, when the paths have ended")
        return self
