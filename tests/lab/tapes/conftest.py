"""Builders of tapes, on disk and in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.lab.tapes import Tape, TapeKind, invented_tape

Bar = tuple[int, int, int, int]
MakeTape = Callable[..., Tape]
WriteTape = Callable[..., Path]


@pytest.fixture
def write_tape(tmp_path: Path) -> WriteTape:
    """Write a CSV tape: lines after the header, under a name that tells what it is."""

    def write(
        *lines: str, name: str = "BTC_binance_perp_1m.csv", header: str = "ts_ms,open,high,low,close"
    ) -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in (header, *lines)), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def make_tape() -> MakeTape:
    """A tape in memory: bars of open, high, low, close, and their times unless one follows the other."""

    def make(
        bars: Sequence[Bar],
        times: Sequence[int] | None = None,
        *,
        interval_ms: int = 60_000,
        kind: TapeKind = TapeKind.TRADED,
        exponent: int = 0,
        symbol: str = "BTC/USDT:USDT",
        name: str = "invented",
    ) -> Tape:
        opens, high, low, close = np.array(bars, dtype=np.int64).reshape(-1, 4).T
        moments = range(0, len(bars) * interval_ms, interval_ms) if times is None else times
        return invented_tape(
            symbol=symbol,
            interval_ms=interval_ms,
            exponent=exponent,
            times=np.array(moments, dtype=np.int64),
            prices=(opens, high, low, close),
            kind=kind,
            name=name,
        )

    return make
