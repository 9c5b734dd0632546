"""A cross account with many symbols over the same year: what is proven calm need not be looked at.

Correlated geometric Brownian motions (a market that all follow, and noise of their own), longs and shorts of
different sizes on one wallet, the rules that make sense in cross, funding of every symbol every eight hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from time import perf_counter

import numpy as np

from benchmarks.floors import crossing, float_loop
from benchmarks.playing import best, run
from benchmarks.year import (
    ACCOUNT,
    CENTS,
    EIGHT_HOURS_MS,
    MINUTE_MS,
    MINUTES,
    START_MS,
    WEEK_MS,
    contract,
    funding_tape,
)
from bot.core.capabilities import Capabilities
from bot.core.settings import EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.types import AccountName, MarginMode, PositionId, RuleName, Side, Symbol
from bot.lab.replay.agenda import ScheduledOpening
from bot.lab.replay.result import decisions_digest
from bot.lab.replay.run import Plan
from bot.lab.replay.walk import Jumper, Stepper
from bot.lab.tapes import Tape, TapeKind, group, invented_tape, price_path
from bot.venues.paper.model import MarketModel, Opening, PaperAccount
from strategies.atr_stop import AtrStop, AtrStopParams
from strategies.partial_close import PartialClose, PartialCloseParams

VOLATILITY = 0.75
CORRELATION = 0.6
START_PRICE = 200.0
WALLET_PER_SYMBOL = Decimal(14_000)
NOTIONALS = (60_000, 12_000, 25_000, 8_000, 30_000)


def symbols(count: int) -> tuple[Symbol, ...]:
    """Names for so many contracts."""
    return tuple(Symbol(f"C{number:02}/USDT:USDT") for number in range(count))


def tapes(count: int, minutes: int = MINUTES, seed: int = 1) -> tuple[Tape, ...]:
    """Traded prices and funding of ``count`` symbols, as tapes in memory."""
    generator = np.random.default_rng(seed)
    sigma = VOLATILITY / np.sqrt(MINUTES)
    market = generator.normal(0.0, sigma * np.sqrt(CORRELATION), minutes)
    times = START_MS + MINUTE_MS * np.arange(minutes, dtype=np.int64)
    settlements = np.arange(START_MS + EIGHT_HOURS_MS, int(times[-1]), EIGHT_HOURS_MS, dtype=np.int64)
    found: list[Tape] = []
    for symbol in symbols(count):
        own = generator.normal(0.0, sigma * np.sqrt(1 - CORRELATION), minutes)
        close = START_PRICE * 10**CENTS * np.exp(np.cumsum(market + own - sigma**2 / 2))
        close = np.maximum(np.round(close), 1).astype(np.int64)
        opened = np.concatenate((close[:1], close[:-1]))
        reach = np.abs(generator.normal(0.0, 0.0004, (2, minutes))) * close
        traded = invented_tape(
            symbol=symbol,
            interval_ms=MINUTE_MS,
            exponent=CENTS,
            times=times,
            prices=(
                opened,
                np.maximum(opened, close) + reach[0].astype(np.int64),
                np.maximum(np.minimum(opened, close) - reach[1].astype(np.int64), 1),
                close,
            ),
            kind=TapeKind.TRADED,
            name=f"pool_{symbol[:3]}",
        )
        found += [traded, funding_tape(symbol, settlements)]
    return tuple(found)


def rules() -> tuple[RuleEntry, ...]:
    """Margin cannot be added to a cross position: a part is closed, and a wide stop trails the mark."""
    return (
        RuleEntry(
            rule=PartialClose(
                RuleName("partial_close"),
                PartialCloseParams(below=Decimal("0.15"), restore_to=Decimal("0.25")),
            )
        ),
        RuleEntry(
            rule=AtrStop(
                RuleName("atr_stop"),
                AtrStopParams(multiple=Decimal(40), timeframe="1h", length=14, step=Decimal(8)),
            )
        ),
    )


def openings(names: Sequence[Symbol], last_ms: int) -> tuple[ScheduledOpening, ...]:
    """Two longs to each short; whatever is flat is opened anew at each week's first bar."""
    planned = []
    for number, symbol in enumerate(names):
        side = Side.SHORT if number % 3 == 2 else Side.LONG
        quantity = Decimal(NOTIONALS[number % len(NOTIONALS)]) / Decimal(int(START_PRICE))
        opening = Opening(
            id=PositionId(ACCOUNT, symbol, side),
            quantity=quantity,
            leverage=Decimal(50),
            mode=MarginMode.CROSS,
        )
        planned += [
            ScheduledOpening(at_ms=at_ms, opening=opening, when_flat=True)
            for at_ms in range(START_MS, last_ms + 1, WEEK_MS)
        ]
    return tuple(planned)


def pool_plan(made: tuple[Tape, ...]) -> Plan:
    """One cross account that holds every symbol of the tapes."""
    grouped = group(made)
    names = [Symbol(each.symbol) for each in grouped]

    def settings(capabilities: Mapping[AccountName, Capabilities]) -> EngineSettings:
        return EngineSettings(
            rules=rules(),
            limits=Limits(stale_after_ms=3 * MINUTE_MS),
            seatbelt=SeatbeltSettings(enabled=True),
            capabilities=capabilities,
        )

    return Plan(
        paths=tuple(price_path(each) for each in grouped),
        tapes=grouped,
        accounts=(PaperAccount(name=ACCOUNT, balance=WALLET_PER_SYMBOL * len(names)),),
        contracts={name: replace(contract(), symbol=name, tick=Decimal("0.01")) for name in names},
        model=MarketModel(maker_fee=Decimal("0.0002"), taker_fee=Decimal("0.0005"), spread=Decimal("0.0001")),
        openings=openings(names, int(made[0].times[-1])),
        settings=settings,
    )


def figures(count: int, times: int) -> list[tuple[str, str]]:
    """So many symbols over the year, and the same account stepped through its first week."""
    began = perf_counter()
    scenario = pool_plan(tapes(count))
    loaded = perf_counter() - began
    jumped, seconds = run(scenario, Jumper), best(lambda: run(scenario, Jumper), times)
    week = pool_plan(tapes(count, WEEK_MS // MINUTE_MS))
    digests = {decisions_digest(run(week, walker).record) for walker in (Jumper, Stepper)}
    search = sum(crossing(path.mark_low, path.mark_high) for path in scenario.paths)
    loop = sum(float_loop(path.mark_low, path.mark_high) for path in scenario.paths)
    name, record = f"{count} symbols in one cross account", jumped.record
    return [
        (f"{name}: load", f"{loaded:.3f} s"),
        (f"{name}: jumping, best of {times}", f"{seconds:.3f} s"),
        (f"{name}: evaluations", f"{record.evaluations:,}"),
        (f"{name}: actions", f"{len(record.done):,}"),
        (f"{name}: liquidations", f"{len(record.liquidations):,}"),
        (f"{name}: same week stepped", "yes" if len(digests) == 1 else "NO"),
        (f"{name}: jumping / a numpy crossing search of each", f"{seconds / search:.0f}"),
        (f"{name}: jumping / a float loop over each", f"{seconds / loop:.1f}"),
    ]
