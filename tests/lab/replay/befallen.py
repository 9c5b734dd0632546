"""Scenes that things befall: deleveraging, outages, a collateral that loses its price, funding out of hand.

Kept apart from ``scenes``, so that a seed means the same scene there as ever.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random

from bot.config.befalling import Befalling
from bot.core.facts import Link, OutcomeKind
from bot.core.types import ZERO, Side, Symbol
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.events import (
    CollateralPrice,
    Deleveraging,
    FundingTerms,
    Liquidity,
    ScheduledEvent,
    ScheduledFunding,
    VenueEvent,
)
from bot.venues.paper.model import Share
from bot.venues.paper.outage import Outage
from tests.building import MINUTE_MS, START_MS
from tests.lab.replay.scenes import Scene, a_scene

D = Decimal
USDE = "USDe"
STREAMS = ((Link.MARKET, Link.ACCOUNT), (Link.ACCOUNT,), (Link.MARKET,), ())


def a_moment(random: Random, last_minute: int = 30) -> int:
    """On and beside the minute."""
    return START_MS + random.randint(1, last_minute) * MINUTE_MS + random.choice((0, 0, 1, 20_000, 59_999))


def an_event(random: Random, symbols: tuple[Symbol, ...]) -> VenueEvent:
    symbol = random.choice(symbols)
    match random.randrange(5):
        case 0 | 1:
            some = Share(D(random.choice((1, 5, 10))) / 10)
            return Deleveraging(
                symbol=symbol,
                side=random.choice(list(Side)),
                quantity=random.choice((some, D("1.5"))),
                price=random.choice((None, None, D(98), D(103))),
            )
        case 2:
            return CollateralPrice(asset=USDE, price=D(random.choice((0, 40, 65, 90, 100))) / 100)
        case 3:
            return Liquidity(spread=D(random.choice((1, 5, 40))), depth=D(random.choice((2, 20, 100))) / 100)
        case _:
            hours = random.choice((None, 1, 4))
            return FundingTerms(
                symbol=symbol,
                interval_ms=None if hours is None else hours * 3_600_000,
                cap=random.choice((None, D("0.0005"), D("0.003"))),
            )


def some_outages(random: Random) -> Iterator[Outage]:
    """One or two, seldom next to each other."""
    start_ms = a_moment(random, 20)
    for _ in range(random.choice((0, 1, 1, 2))):
        end_ms = start_ms + random.choice((1, 20_000, MINUTE_MS, 5 * MINUTE_MS + 1))
        answer = random.choice((OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN, OutcomeKind.REJECTED))
        yield Outage(start_ms=start_ms, end_ms=end_ms, links=random.choice(STREAMS), answer=answer)
        start_ms = end_ms + random.choice((0, 1, 3 * MINUTE_MS))


def a_befallen_scene(random: Random) -> Scene:
    """One scene out of all, and what befalls it."""
    scene = a_scene(random)
    held = {USDE: D(random.choice((0, 50, 400)))}
    events = (
        ScheduledEvent(at_ms=a_moment(random), event=an_event(random, scene.symbols))
        for _ in range(random.randint(1, 5))
    )
    settled = (
        ScheduledFunding(
            symbol=symbol,
            start_ms=a_moment(random, 10),
            end_ms=START_MS + 30 * MINUTE_MS,
            interval_ms=random.choice((1, 4, 7)) * MINUTE_MS,
            rate=D(random.choice((-40, 5, 60))) / 10_000,
        )
        for symbol in scene.symbols
        if random.random() < 0.3
    )
    return replace(
        scene,
        accounts=tuple(replace(account, collateral=held) for account in scene.accounts),
        insurance_fund=random.choice((ZERO, D("0.5"), D(1_000))),
        collateral={USDE: CollateralTerms(price=D(1), haircut=D("0.1"))},
        funding_caps={symbol: D("0.002") for symbol in scene.symbols if random.random() < 0.3},
        staged=Befalling(events=tuple(events), funding=tuple(settled), outages=tuple(some_outages(random))),
    )
