"""Scenes with quarterlies beside the perpetuals, and a rule that hedges with them.

Kept apart from ``scenes``, so that a seed means the same scene there as ever. The quarterlies wander on their
own: what basis they have is no matter to whether all ways of playing agree.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

from bot.core.contracts import Contract
from bot.core.settings import DAY_MS, RuleEntry
from bot.core.types import RuleName, Symbol
from strategies.delta_hedge import DeltaHedge, DeltaHedgeParams
from strategies.quarterly_hedge import QuarterlyHedge, QuarterlyHedgeParams
from tests.building import START_MS
from tests.lab.replay.scenes import PAUSES_MS, Scene

D = Decimal
EXPIRIES_MS = (START_MS + 20 * DAY_MS, START_MS + 110 * DAY_MS)


def with_quarterlies(
    scene: Scene, random: Random, made: Callable[[Random], RuleEntry] | None = None
) -> Scene:
    """The scene with one or two dated contracts on its first symbol, and the hedging rule somewhere."""
    perpetual = scene.contracts[0]
    dated = tuple(a_quarterly(perpetual, at_ms) for at_ms in EXPIRIES_MS[: random.choice((1, 2))])
    entries = list(scene.entries)
    entries.insert(random.randint(0, len(entries)), (made or hedging)(random))
    cap, campaign = random.choice((None, None, D(300))), random.choice((None, None, D(60)))
    limits = replace(scene.limits, hedge_notional=cap, margin_per_campaign=campaign, actions_per_hour=60)
    more = random.choice((1, 2, 3))  # A cross account that is nearly dead has nothing left to hedge with.
    return replace(
        scene,
        contracts=(*scene.contracts, *dated),
        entries=tuple(entries),
        accounts=tuple(
            replace(account, balance=account.balance * more, spot={}) for account in scene.accounts
        ),
        limits=limits,
    )


def a_quarterly(perpetual: Contract, expiry_ms: int) -> Contract:
    """A dated contract on the same underlying."""
    day = (expiry_ms - START_MS) // DAY_MS
    return replace(perpetual, symbol=Symbol(f"{perpetual.symbol}-{day:06}"), expiry_ms=expiry_ms)


def hedging(random: Random) -> RuleEntry:
    """The rule with thresholds that short tapes reach."""
    below = D(random.choice((6, 8, 11, 25, 40))) / 100
    params = QuarterlyHedgeParams(
        below=below,
        calm=below + D(random.choice((1, 3, 8))) / 100,
        ratio=D(random.choice(("0.4", "1"))),
        days=14,
        basis=D(random.choice(("0.02", "0.5"))),
        leverage=D(random.choice((2, 5))),
    )
    rule = QuarterlyHedge(RuleName("quarterly_hedge"), params)
    return RuleEntry(rule=rule, cooldown_ms=random.choice(PAUSES_MS))


def keeping_a_band(random: Random) -> RuleEntry:
    """The rule that bounds the delta, with a band that short tapes cross both ways."""
    below = D(random.choice((1, 5, 20))) / 10
    params = DeltaHedgeParams(
        betas=random.choice(({}, {"AAA/USDT:USDT": D("1.4")})),
        below=below,
        to=below + D("0.05"),
        above=below + D(random.choice((1, 5))) / 10,
        basis=D(random.choice(("0.02", "0.5"))),
        leverage=D(random.choice((2, 5))),
        timeframe=random.choice(("1m", "2m")),
    )
    return RuleEntry(rule=DeltaHedge(RuleName("delta_hedge"), params), cooldown_ms=random.choice(PAUSES_MS))
