"""Scenes: everything a replay is made of but the prices, drawn at random from what is hard.

A scene draws from a ``Random`` made of a seed: hypothesis draws the seed, a fixed corpus names it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from bot.config.befalling import NOTHING, Befalling
from bot.core.capabilities import Capabilities
from bot.core.contracts import Contract
from bot.core.margin.venues import RULES
from bot.core.rule import Rule
from bot.core.settings import EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.types import ZERO, AccountName, MarginMode, PositionId, PositionMode, RuleName, Side, Symbol
from bot.lab.replay.agenda import ScheduledOpening
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.model import MarketModel, Opening, PaperAccount
from strategies.atr_stop import AtrStop, AtrStopParams
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.top_up import TopUp, TopUpParams
from tests.building import FLAT_TIERS, MINUTE_MS, ONE_TIER, START_MS, TIERS, a_contract
from tests.lab.replay import rules as odd

D = Decimal
MAIN = AccountName("main")
OTHER = AccountName("other")
SYMBOLS = (Symbol("AAA/USDT:USDT"), Symbol("BBB/USDT:USDT"))
LIMITS = Limits(stale_after_ms=3 * MINUTE_MS)
SPREAD = D("0.0002")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a plan needs beside its tapes."""

    contracts: tuple[Contract, ...]
    openings: tuple[ScheduledOpening, ...]
    entries: tuple[RuleEntry, ...]
    accounts: tuple[PaperAccount, ...] = (PaperAccount(name=MAIN, balance=D(10_000)),)
    limits: Limits = LIMITS
    seatbelt: bool = True
    latency_ms: int = 0
    funding: Mapping[Symbol, tuple[tuple[int, Decimal], ...]] | None = None
    apart: bool = False
    """Whether traded prices differ from marks."""
    spread: Decimal = SPREAD
    insurance_fund: Decimal = ZERO
    collateral: Mapping[str, CollateralTerms] = field(default_factory=dict)
    funding_caps: Mapping[Symbol, Decimal] = field(default_factory=dict)
    staged: Befalling = NOTHING

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return tuple(contract.symbol for contract in self.contracts)

    def settings(self, capabilities: Mapping[AccountName, Capabilities]) -> EngineSettings:
        return EngineSettings(
            rules=self.entries,
            limits=self.limits,
            seatbelt=SeatbeltSettings(enabled=self.seatbelt),
            capabilities=capabilities,
        )

    def model(self) -> MarketModel:
        return MarketModel(taker_fee=D("0.0005"), spread=self.spread)


def an_opening(
    symbol: Symbol,
    side: Side = Side.LONG,
    *,
    quantity: str = "5",
    leverage: int = 10,
    cross: bool = False,
    at_ms: int = START_MS,
    when_flat: bool = False,
    account: AccountName = MAIN,
) -> ScheduledOpening:
    mode = MarginMode.CROSS if cross else MarginMode.ISOLATED
    opening = Opening(
        id=PositionId(account, symbol, side), quantity=D(quantity), leverage=D(leverage), mode=mode
    )
    return ScheduledOpening(at_ms=at_ms, opening=opening, when_flat=when_flat)


# --- drawing -----------------------------------------------------------------------------------------

VENUES = (
    "binance_usdm",
    "binance_usdm",
    "okx_linear",
    "bybit_linear",
    "xt_linear",
    "mexc",
    "bitget_linear",
    "hyperliquid_2023",
    "kraken_futures_linear",
    "kucoin",
)
PAUSES_MS = (0, 1_000, 19_999, 20_000, 20_001, MINUTE_MS, 2 * MINUTE_MS - 1, 5 * MINUTE_MS)
LATENCIES_MS = (0, 0, 0, 1, 500, 20_000, 59_999, 60_001)


def _top_up(random: Random, name: RuleName) -> Rule[Any]:
    below = D(random.choice((5, 6, 8))) / 100
    return TopUp(
        name, TopUpParams(below=below, restore_to=below + D("0.03"), max_times=random.choice((1, 3)))
    )


def _partial_close(random: Random, name: RuleName) -> Rule[Any]:
    below = D(random.choice((4, 5, 7))) / 100
    target: dict[str, Any] = random.choice(
        ({"restore_to": below + D("0.03")}, {"fraction": D("0.3")}, {"loss_cap": D(25)})
    )
    return PartialClose(name, PartialCloseParams(below=below, max_times=random.choice((2, 10)), **target))


def _atr_stop(random: Random, name: RuleName) -> Rule[Any]:
    multiple, step = D(random.choice((1, 2, 4))), D(random.choice(("0", "0.25")))
    return AtrStop(name, AtrStopParams(multiple=multiple, timeframe="2m", length=2, step=step))


def _near(kind: type[Rule[odd.NearParams]]) -> Callable[[Random, RuleName], Rule[Any]]:
    def draw(random: Random, name: RuleName) -> Rule[Any]:
        return kind(
            name, odd.NearParams(below=D(random.choice((4, 6, 9))) / 100, times=random.choice((2, 6)))
        )

    return draw


def _bar_level(random: Random, name: RuleName) -> Rule[Any]:
    timeframe_ms = random.choice((1, 3)) * MINUTE_MS
    return odd.BarLevel(name, odd.LevelParams(timeframe_ms=timeframe_ms, every=random.random() < 0.3))


def _confluence(random: Random, name: RuleName) -> Rule[Any]:
    ratio = D(random.choice((10, 25, 50))) / 100
    below = D(random.choice((5, 8))) / 100
    return odd.Confluence(name, odd.ConfluenceParams(below=below, ratio=ratio, either=random.random() < 0.4))


def _clockwork(random: Random, name: RuleName) -> Rule[Any]:
    every_ms = random.choice((39_999, MINUTE_MS, 3 * MINUTE_MS + 1, 7 * MINUTE_MS))
    return odd.Clockwork(name, odd.ClockParams(every_ms=every_ms, notify=random.random() < 0.4))


RULE_KINDS: Mapping[str, Callable[[Random, RuleName], Rule[Any]]] = {
    "top_up": _top_up,
    "partial_close": _partial_close,
    "atr_stop": _atr_stop,
    "mark_dependent": _near(odd.MarkDependent),
    "sleepless": _near(odd.Sleepless),
    "watchful": _near(odd.Watchful),
    "clumsy": _near(odd.Clumsy),
    "bar_level": _bar_level,
    "confluence": _confluence,
    "clockwork": _clockwork,
    "temper": lambda random, name: odd.Temper(name, odd.TemperParams()),
    "last_stop": lambda random, name: odd.FixedStop(name, odd.StopParams()),
}


def some_entries(random: Random) -> tuple[RuleEntry, ...]:
    """Two to five rules in a random order, with pauses of their own, some of them in shadow."""
    names = random.sample(sorted(RULE_KINDS), random.randint(2, 5))
    return tuple(
        RuleEntry(
            rule=RULE_KINDS[name](random, RuleName(name)),
            cooldown_ms=random.choice(PAUSES_MS),
            shadow=random.random() < 0.12,
        )
        for name in names
    )


def some_limits(random: Random) -> Limits:
    """Budgets that run out within an hour, and some that renew at midnight."""

    def budget(*amounts: int) -> Decimal | None:
        return D(random.choice(amounts)) if random.random() < 0.3 else None

    return Limits(
        stale_after_ms=random.choice((MINUTE_MS, 3 * MINUTE_MS)),
        cooldown_ms=MINUTE_MS,
        margin_per_position=budget(5, 40),
        margin_per_day=budget(3, 20, 60),
        margin_per_streak=budget(10, 50),
        margin_per_account=budget(50, 100),
        streak_gap_ms=random.choice((6 * MINUTE_MS, 60 * MINUTE_MS)),
        reserve=D(random.choice((0, 0, 50))),
        actions_per_hour=random.choice((2, 5, 60)),
        equal_actions=random.choice((3, 20)),
        close_whole_below_minimum=random.random() < 0.5,
    )


def some_contract(random: Random, symbol: Symbol, venue: str) -> Contract:
    progressive = RULES[venue].tier_deduction
    tiers = random.choice((ONE_TIER, TIERS if progressive else FLAT_TIERS))
    return a_contract(
        symbol, venue=venue, tiers=tiers, tick=D(random.choice(("0.1", "0.1", "0.5"))), lot=D("0.01")
    )


def some_openings(
    random: Random, symbols: tuple[Symbol, ...], accounts: tuple[AccountName, ...], *, hedge: bool
) -> tuple[ScheduledOpening, ...]:
    """Positions at the start and later; in hedge mode a long and a short side by side."""
    openings: list[ScheduledOpening] = []
    for account in accounts:
        cross = random.random() < 0.5
        for symbol in symbols:
            sides = list(Side) if hedge and random.random() < 0.7 else [random.choice(list(Side))]
            openings += [
                an_opening(
                    symbol,
                    side,
                    quantity=random.choice(("2", "4.8", "5", "9", "20")),
                    leverage=random.choice((5, 8, 10, 12)),
                    cross=cross if random.random() < 0.85 else not cross,
                    at_ms=START_MS + random.choice((0, 0, 0, 1, 2 * MINUTE_MS, 3 * MINUTE_MS + 20_000)),
                    when_flat=True,
                    account=account,
                )
                for side in sides
            ]
    again = [
        ScheduledOpening(at_ms=START_MS + 17 * MINUTE_MS, opening=each.opening, when_flat=True)
        for each in openings
        if random.random() < 0.5
    ]
    return (*openings, *again)


def some_funding(
    random: Random, symbols: tuple[Symbol, ...]
) -> Mapping[Symbol, tuple[tuple[int, Decimal], ...]]:
    """Settlements on and beside the minute, large enough to matter."""
    rates = {}
    for symbol in symbols:
        minutes = sorted(random.sample(range(1, 30), random.choice((0, 2, 4))))
        rates[symbol] = tuple(
            (
                START_MS + minute * MINUTE_MS + random.choice((0, 0, 0, 1, 20_000, 59_999)),
                D(random.choice((-50, -10, 10, 50, 120))) / 10_000,
            )
            for minute in minutes
        )
    return rates


def a_scene(random: Random) -> Scene:
    """One scene out of all."""
    symbols = SYMBOLS[: random.choice((1, 1, 2))]
    hedge = random.random() < 0.3
    venue = random.choice(VENUES)
    names = (MAIN, OTHER) if random.random() < 0.15 else (MAIN,)
    mode = PositionMode.HEDGE if hedge else PositionMode.ONE_WAY
    openings = some_openings(random, symbols, names, hedge=hedge)
    needed = sum(each.opening.quantity * 100 / each.opening.leverage for each in openings)
    balance = D(int(needed * random.choice((D("1.3"), D("1.6"), D(3)))) + 40)
    return Scene(
        contracts=tuple(some_contract(random, symbol, venue) for symbol in symbols),
        openings=openings,
        entries=some_entries(random),
        accounts=tuple(PaperAccount(name=name, balance=balance, position_mode=mode) for name in names),
        limits=some_limits(random),
        seatbelt=random.random() < 0.7,
        latency_ms=random.choice(LATENCIES_MS),
        funding=some_funding(random, symbols) if random.random() < 0.5 else None,
        apart=random.random() < 0.35,
    )
