"""Tapes in memory: bars of open, high, low, close in ticks of 0.1, a minute each."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from bot.core.types import Symbol
from bot.lab.tapes import Tape, TapeKind, invented_tape
from tests.building.contracts import BTC

Bar = tuple[int, int, int, int]
MINUTE_MS = 60_000
DAY_MS = 86_400_000
START_MS = 19_700 * DAY_MS - 12 * MINUTE_MS
"""Twelve minutes before a midnight, so that daily budgets renew soon after the beginning."""


def a_tape(
    bars: Sequence[Bar],
    symbol: Symbol = BTC,
    *,
    times: Sequence[int] | None = None,
    interval_ms: int = MINUTE_MS,
    exponent: int = 1,
    kind: TapeKind = TapeKind.TRADED,
) -> Tape:
    """Prices of one symbol; bars follow each other from ``START_MS`` on unless ``times`` says otherwise."""
    opens, high, low, close = np.array(bars, dtype=np.int64).reshape(-1, 4).T
    moments = range(START_MS, START_MS + len(bars) * interval_ms, interval_ms) if times is None else times
    return invented_tape(
        symbol=symbol,
        interval_ms=interval_ms,
        exponent=exponent,
        times=np.array(moments, dtype=np.int64),
        prices=(opens, high, low, close),
        kind=kind,
    )


def a_funding_tape(rates: Sequence[tuple[int, Decimal]], symbol: Symbol = BTC) -> Tape:
    """Settlements of (time, rate)."""
    nothing = np.zeros(0, dtype=np.int64)
    return Tape(
        path=Path("funding"),
        symbol=symbol,
        kind=TapeKind.FUNDING,
        word="funding",
        venue="",
        interval_ms=MINUTE_MS,
        times=np.array([at_ms for at_ms, _ in rates], dtype=np.int64),
        exponent=0,
        open=nothing,
        high=nothing,
        low=nothing,
        close=nothing,
        volume=None,
        rates=tuple(rate for _, rate in rates),
        sha256="funding",
        assumptions=(),
    )
