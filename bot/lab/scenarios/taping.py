"""From a scenario to tapes as if they had been recorded: prices, marks and funding, in ticks.

A coin begins where it is now, or where it was then: what a scenario says is how far it goes from there.
Nothing is kept anywhere; a tape is made in a millisecond and is the same each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.config.fields import format_instant
from bot.core.types import Symbol
from bot.lab.scenarios.minutes import Floats, Minutes, minutes
from bot.lab.scenarios.model import CoinTable
from bot.lab.scenarios.scenario import Scenario
from bot.lab.tapes import Tape, TapeKind, Ticks, invented_tape
from bot.lab.tapes.ticks import EXPONENT_MAX

MINUTE_MS = 60_000
_DIGITS = 7
"""Prices have at least so many, as on an exchange."""
_UNNAMED = Decimal(100)
"""What a coin costs at first where nobody says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How a scenario is to be played: which minutes, from when on, and from which prices.

    ``seed`` ``None`` is the scenario's own, ``start_ms`` ``None`` its own time; another one has to be a
    midnight in UTC, or funding would be settled at odd hours. ``first`` are first prices; a coin without is
    as published.
    """

    seed: int | None = None
    start_ms: int | None = None
    first: Mapping[Symbol, Decimal] | None = None


AS_WRITTEN = Taken()


def coin_of(symbol: Symbol) -> str:
    """The coin a contract is about, as scenarios name it."""
    return symbol.partition("/")[0]


def start_ms(scenario: Scenario, taken: Taken = AS_WRITTEN) -> int:
    """When its first minute opens."""
    return scenario.table.starts if taken.start_ms is None else taken.start_ms


def tapes(scenario: Scenario, symbols: Sequence[Symbol], taken: Taken = AS_WRITTEN) -> tuple[Tape, ...]:
    """Everything to play of ``symbols``: prices, marks where they differ, funding where it is paid."""
    return tuple(tape for symbol in sorted(set(symbols)) for tape in _of_symbol(scenario, symbol, taken))


def _of_symbol(scenario: Scenario, symbol: Symbol, taken: Taken) -> Iterator[Tape]:
    coin = coin_of(symbol)
    table = scenario.coin(coin)
    seed = scenario.table.seed if taken.seed is None else taken.seed
    marks = minutes(scenario.way(coin), f"{scenario.name} {seed}", coin)
    first = (taken.first or {}).get(symbol) or scenario.published(coin) or _UNNAMED
    lowest = first * Decimal(repr(float(marks.low.min())))
    exponent = min(EXPONENT_MAX, max(0, _DIGITS - 1 - lowest.adjusted()))
    scale = float(first.scaleb(exponent))
    times = _times(scenario, start_ms(scenario, taken))
    kept = _kept(scenario)
    traded = marks if not table.dislocations else _dislocated(marks, table)

    def tape(bars: Minutes, kind: TapeKind) -> Tape:
        columns = [_ticks(column[kept], scale) for column in (bars.open, bars.high, bars.low, bars.close)]
        return invented_tape(
            symbol=symbol,
            interval_ms=MINUTE_MS,
            exponent=exponent,
            times=times[kept],
            prices=(columns[0], columns[1], columns[2], columns[3]),
            kind=kind,
            name=f"{coin}_{scenario.name}_{kind}_1m",
        )

    yield tape(traded, TapeKind.TRADED)
    if traded is not marks:
        yield tape(marks, TapeKind.MARK)
    if scenario.funding(coin) and "-" not in symbol:
        yield _funding(scenario, symbol, start_ms(scenario, taken))


def _times(scenario: Scenario, from_ms: int) -> Ticks:
    return np.arange(scenario.table.minutes, dtype=np.int64) * MINUTE_MS + from_ms


def _kept(scenario: Scenario) -> npt.NDArray[np.bool_]:
    """The minutes in which something is traded."""
    kept = np.ones(scenario.table.minutes, dtype=np.bool_)
    for halt in scenario.table.halts:
        kept[halt.after : halt.after + -(-halt.lasts // MINUTE_MS)] = False
    return kept


def _ticks(prices: Floats, scale: float) -> Ticks:
    return np.maximum(np.rint(prices * scale).astype(np.int64), 1)


def _dislocated(marks: Minutes, table: CoinTable) -> Minutes:
    """What is traded while the mark is elsewhere: farther away minute by minute, and back again."""
    away = np.zeros(len(marks.open) + 1)
    for start, worst, end, most in table.dislocations:
        out, back = np.arange(worst - start) / (worst - start), np.arange(end - worst) / (end - worst)
        shape = np.concatenate((out, 1.0 - back))[: len(away) - start]
        away[start : start + len(shape)] = shape * float(most)
    before, after = 1.0 + away[:-1], 1.0 + away[1:]
    return Minutes(
        open=marks.open * before,
        high=marks.high * np.maximum(before, after),
        low=marks.low * np.minimum(before, after),
        close=marks.close * after,
    )


def _funding(scenario: Scenario, symbol: Symbol, from_ms: int) -> Tape:
    """What is settled: at whole multiples of each spell's interval, until the next spell."""
    settled: list[tuple[int, Decimal]] = []
    spells = scenario.funding(coin_of(symbol))
    ends = [*(minute for minute, _, _ in spells[1:]), scenario.table.minutes]
    for (minute, interval_ms, rate), end in zip(spells, ends, strict=True):
        spell_ms, end_ms = from_ms + minute * MINUTE_MS, from_ms + end * MINUTE_MS
        first_ms = -(-spell_ms // interval_ms) * interval_ms
        settled += [(at_ms, rate) for at_ms in range(first_ms, end_ms, interval_ms)]
    nothing = np.zeros(0, dtype=np.int64)
    origin = f"{symbol} {settled}"
    return Tape(
        path=Path(f"{coin_of(symbol)}_{scenario.name}_funding"),
        symbol=symbol,
        kind=TapeKind.FUNDING,
        word="funding",
        venue="",
        interval_ms=min(interval_ms for _, interval_ms, _ in spells),
        times=np.array([at_ms for at_ms, _ in settled], dtype=np.int64),
        exponent=0,
        open=nothing,
        high=nothing,
        low=nothing,
        close=nothing,
        volume=None,
        rates=tuple(rate for _, rate in settled),
        sha256=hashlib.sha256(origin.encode()).hexdigest(),
        assumptions=(),
    )


def told(scenario: Scenario, taken: Taken = AS_WRITTEN) -> str:
    """One line that says what is played, for those who read the result."""
    seed = scenario.table.seed if taken.seed is None else taken.seed
    when = format_instant(start_ms(scenario, taken))
    return f"scenario {scenario.name} from {when}, seed {seed}: {scenario.table.title}"
