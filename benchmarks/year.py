"""The year every speed claim is about, made from a seed: one-minute bars of an invented market.

Geometric Brownian motion at 65 % a year with hourly volatility clustering and 400 jumps a year of 0.6 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.core.capabilities import Capabilities
from bot.core.contracts import Contract, Tier
from bot.core.margin.venues import RULES
from bot.core.settings import EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.types import AccountName, MarginMode, PositionId, RuleName, Side, Symbol
from bot.lab.replay.agenda import ScheduledOpening
from bot.lab.replay.run import Plan
from bot.lab.tapes import SymbolTapes, Tape, TapeKind, group, invented_tape, price_path
from bot.venues.paper.model import MarketModel, Opening, PaperAccount
from strategies.atr_stop import AtrStop, AtrStopParams
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.top_up import TopUp, TopUpParams

MINUTES = 525_600
MINUTE_MS = 60_000
START_MS = 1_704_067_200_000  # 2024-01-01, a Monday
WEEK_MS = 7 * 24 * 60 * MINUTE_MS
EIGHT_HOURS_MS = 8 * 60 * MINUTE_MS
VOLATILITY = 0.65
JUMPS = 400
JUMP = 0.006
PERSISTENCE = 0.97
CLUSTERING = 0.25
START_PRICE = 42_000.0
CENTS = 2

SYMBOL = Symbol("BTC/USDT:USDT")
ACCOUNT = AccountName("main")
ID = PositionId(ACCOUNT, SYMBOL, Side.LONG)


def closes(seed: int, minutes: int = MINUTES) -> npt.NDArray[np.float64]:
    """Closing prices: hourly log-volatility is an AR(1) process, minutes inside an hour are independent."""
    generator = np.random.default_rng(seed)
    hours = -(-minutes // 60)
    level = np.zeros(hours)
    shocks = generator.normal(0.0, CLUSTERING, hours)
    for hour in range(1, hours):
        level[hour] = PERSISTENCE * level[hour - 1] + shocks[hour]
    factor = np.exp(level - level.var())
    sigma = VOLATILITY / np.sqrt(MINUTES) * np.repeat(factor, 60)[:minutes]
    returns = generator.normal(0.0, 1.0, minutes) * sigma
    jumps = generator.random(minutes) < JUMPS / MINUTES
    returns += jumps * generator.choice((-JUMP, JUMP), minutes)
    return np.asarray(START_PRICE * np.exp(np.cumsum(returns)), dtype=np.float64)


def year(seed: int = 1, minutes: int = MINUTES) -> tuple[Tape, Tape]:
    """The traded prices and the funding of the year, as tapes in memory."""
    close = np.round(closes(seed, minutes) * 10**CENTS).astype(np.int64)
    opened = np.concatenate((close[:1], close[:-1]))
    generator = np.random.default_rng(seed + 1)
    reach = np.abs(generator.normal(0.0, 0.0004, (2, minutes))) * close
    high = np.maximum(opened, close) + reach[0].astype(np.int64)
    low = np.minimum(opened, close) - reach[1].astype(np.int64)
    times = START_MS + MINUTE_MS * np.arange(minutes, dtype=np.int64)
    traded = invented_tape(
        symbol=SYMBOL,
        interval_ms=MINUTE_MS,
        exponent=CENTS,
        times=times,
        prices=(opened, high, low, close),
        kind=TapeKind.TRADED,
        name="year",
    )
    settlements = np.arange(START_MS + EIGHT_HOURS_MS, int(times[-1]), EIGHT_HOURS_MS, dtype=np.int64)
    return traded, funding_tape(SYMBOL, settlements)


def funding_tape(symbol: Symbol, settlements: npt.NDArray[np.int64]) -> Tape:
    """A basis point at each settlement, which is what most of them are."""
    return Tape(
        path=Path("year_funding"),
        symbol=symbol,
        kind=TapeKind.FUNDING,
        word="funding",
        venue="invented",
        interval_ms=EIGHT_HOURS_MS,
        times=settlements,
        exponent=0,
        open=settlements[:0],
        high=settlements[:0],
        low=settlements[:0],
        close=settlements[:0],
        volume=None,
        rates=(Decimal("0.0001"),) * len(settlements),
        sha256="invented",
        assumptions=(),
    )


def rules() -> tuple[RuleEntry, ...]:
    """The three rules; the stop's multiple of 2.5 includes sqrt(24), so that positions live for days."""
    return (
        RuleEntry(
            rule=TopUp(
                RuleName("top_up"),
                TopUpParams(below=Decimal("0.08"), restore_to=Decimal("0.12"), max_times=3),
            )
        ),
        RuleEntry(
            rule=PartialClose(
                RuleName("partial_close"),
                PartialCloseParams(below=Decimal("0.05"), restore_to=Decimal("0.09")),
            )
        ),
        RuleEntry(
            rule=AtrStop(
                RuleName("atr_stop"),
                AtrStopParams(multiple=Decimal("12.247"), timeframe="1h", length=14),
            )
        ),
    )


def contract() -> Contract:
    """A linear perpetual with invented tiers."""
    return Contract(
        symbol=SYMBOL,
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_notional=Decimal(5),
        tiers=(
            Tier(floor=Decimal(0), cap=Decimal(50_000), rate=Decimal("0.004")),
            Tier(floor=Decimal(50_000), cap=Decimal(500_000), rate=Decimal("0.005"), deduction=Decimal(50)),
            Tier(floor=Decimal(500_000), cap=None, rate=Decimal("0.01"), deduction=Decimal(2550)),
        ),
        synthetic_tiers=True,
        rules=RULES["binance_usdm"],
    )


def plan(tapes: tuple[Tape, Tape], *, defended: bool = True) -> Plan:
    """The scenario: 1 BTC long at 10x, isolated, a new one at each week's first bar when flat."""
    grouped: tuple[SymbolTapes, ...] = group(tapes)
    last_ms = int(tapes[0].times[-1])
    opening = Opening(id=ID, quantity=Decimal(1), leverage=Decimal(10), mode=MarginMode.ISOLATED)
    weekly = tuple(
        ScheduledOpening(at_ms=at_ms, opening=opening, when_flat=True)
        for at_ms in range(START_MS, last_ms + 1, WEEK_MS)
    )

    def settings(capabilities: Mapping[AccountName, Capabilities]) -> EngineSettings:
        return EngineSettings(
            rules=rules() if defended else (),
            limits=Limits(stale_after_ms=3 * MINUTE_MS),
            seatbelt=SeatbeltSettings(enabled=defended),
            capabilities=capabilities,
        )

    return Plan(
        paths=tuple(price_path(each) for each in grouped),
        tapes=grouped,
        accounts=(PaperAccount(name=ACCOUNT, balance=Decimal(1_000_000)),),
        contracts={SYMBOL: contract()},
        model=MarketModel(maker_fee=Decimal("0.0002"), taker_fee=Decimal("0.0005"), spread=Decimal("0.0001")),
        openings=weekly,
        settings=settings,
    )
