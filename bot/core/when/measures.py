"""The names a condition may speak of, and what each reads.

A measure either *moves* with the mark, and then may have a wake of its own (``level``), or is *still*: it
changes only with the position's state, with a closing bar or with news, all of which are occasions to ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.danger.chance import distance_where, p_liquidation
from bot.core.danger.situation import Situation
from bot.core.margin.arithmetic import unrealised
from bot.core.markets.indicators import Atr
from bot.core.markets.passage import Passage
from bot.core.rule import Needs
from bot.core.timeframe import format_timeframe, parse_timeframe
from bot.core.wake import Metric

ATR_LENGTH = 14
"""Bars in Wilder's average, where the name does not say."""
_ATR_LONGEST = 500
_SHORTEST_MS, _LONGEST_MS = 12 * 60_000, 30 * 86_400_000
"""The horizons of a probability."""
_EIGHT_HOURS_MS = 8 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Something about a position that has a number."""

    name: str
    means: str
    """In a few words, with the unit."""
    read: Callable[[Situation], Decimal | None]
    """Its value, ``None`` while it is not known."""
    moves: bool = True
    """Whether another mark may change it."""
    level: Metric | None = None
    """The metric of a wake that is the same."""
    nearer: Callable[[Situation, Decimal], Decimal | None] | None = None
    """The distance to liquidation nearer than which it is greater than a number."""
    needs: Needs = field(default_factory=Needs)
    unknown: str = ""
    """What to say while it is not known."""


def _still(name: str, means: str, read: Callable[[Situation], Decimal | None]) -> Measure:
    return Measure(name=name, means=means, read=read, moves=False)


def _funding(situation: Situation, sign: int = 1) -> Decimal | None:
    """The rate of the next settlement as if eight hours lay between two of them."""
    known = situation.market.funding.get(situation.id.symbol)
    return None if known is None else sign * known.rate * _EIGHT_HOURS_MS / known.interval_ms


_FIXED = (
    Measure(
        name="distance",
        means="distance to liquidation as a fraction of the mark; infinite without a liquidation price",
        read=lambda s: s.distance,
        level=Metric.DISTANCE,
    ),
    Measure(name="mark", means="the mark price", read=lambda s: s.mark, level=Metric.MARK),
    Measure(
        name="margin_ratio",
        means="maintenance / equity of the pool; 1 is liquidation",
        read=lambda s: s.margin_ratio,
        level=Metric.MARGIN_RATIO,
    ),
    Measure(
        name="liquidation",
        means="the liquidation price",
        read=lambda s: s.liquidation,
        unknown="there is no liquidation price",
    ),
    Measure(
        name="profit",
        means="unrealised profit in the settlement currency, below 0 for a loss",
        read=lambda s: unrealised(s.position, s.contract, s.mark),
    ),
    Measure(
        name="notional",
        means="value of the position at the mark, in the settlement currency",
        read=lambda s: s.contract.notional(s.position.quantity, s.mark),
    ),
    Measure(
        name="loss_at_liquidation",
        means="money lost from now on if the position is liquidated",
        read=lambda s: s.loss_at_liquidation,
    ),
    Measure(name="free", means="free balance of the account, before the reserve", read=lambda s: s.free),
    Measure(
        name="funding_8h",
        means="funding rate of the next settlement, for eight hours; longs pay when it is above 0",
        read=_funding,
        moves=False,
        needs=Needs(funding=True),
        unknown="no funding rate is known yet",
    ),
    Measure(
        name="funding_cost_8h",
        means="the same as the position pays it: below 0 it is paid",
        read=lambda s: _funding(s, s.id.side.sign),
        moves=False,
        needs=Needs(funding=True),
        unknown="no funding rate is known yet",
    ),
    Measure(
        name="open_interest",
        means="open interest in base currency",
        read=lambda s: s.market.interest.get(s.id.symbol),
        moves=False,
        needs=Needs(open_interest=True),
        unknown="no open interest is known yet",
    ),
    _still("entry", "the entry price", lambda s: s.position.entry),
    _still(
        "quantity",
        "size in base currency; of inverse contracts in quote currency",
        lambda s: s.position.quantity,
    ),
    _still("leverage", "the leverage the position is set to", lambda s: s.position.leverage),
    _still(
        "margin",
        "isolated margin without unrealised profit; 0 for a cross position",
        lambda s: s.position.margin,
    ),
    _still("side", "1 for a long, -1 for a short", lambda s: Decimal(s.id.side.sign)),
)


def _bar(part: str, means: str) -> Callable[[str, int], Measure]:
    def made(name: str, timeframe_ms: int) -> Measure:
        def read(situation: Situation) -> Decimal | None:
            bar = situation.market.last_bar(situation.id.symbol, timeframe_ms)
            price: Decimal | None = getattr(bar, part, None)
            return price

        return Measure(
            name=name,
            means=means,
            read=read,
            moves=False,
            needs=Needs(bars_ms=frozenset({timeframe_ms})),
            unknown=f"no bar of {name.partition('_')[2]} has closed yet",
        )

    return made


def _atr(name: str, timeframe_ms: int, length: int = ATR_LENGTH) -> Measure:
    spec = Atr(timeframe_ms, length)
    return Measure(
        name=name,
        means="average true range in price",
        read=lambda s: s.market.value(s.id.symbol, spec),
        moves=False,
        needs=Needs(indicators=frozenset({spec})),
        unknown=f"fewer than {length} bars of {name.split('_')[1]} have closed",
    )


def _p_liquidation(name: str, horizon_ms: int) -> Measure:
    return Measure(
        name=name,
        means=f"probability of liquidation within {name.rpartition('_')[2]}, from 0 to 1",
        read=lambda s: p_liquidation(s, horizon_ms),
        nearer=lambda s, probability: distance_where(s, probability, horizon_ms),
        needs=Needs(indicators=frozenset({Passage(horizon_ms)}), funding=True),
        unknown=f"too few bars of {format_timeframe(Passage(horizon_ms).timeframe_ms)} have closed",
    )


_OF_BARS: Mapping[str, tuple[str, Callable[[str, int], Measure]]] = {
    f"{part}_": (means, _bar(part, means))
    for part, means in (
        ("open", "opening price of the last closed bar"),
        ("high", "highest price of the last closed bar"),
        ("low", "lowest price of the last closed bar"),
        ("close", "closing price of the last closed bar"),
    )
}
_ATR = re.compile(r"atr_([1-9][0-9]{0,5}[smhdw])(?:_([1-9][0-9]{0,2}))?")
_CHANCE = re.compile(r"p_liquidation_([1-9][0-9]{0,5}[mhd])")
_BAR = re.compile(r"(open_|high_|low_|close_)([1-9][0-9]{0,5}[smhdw])")

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _FIXED}
"""Those with one name."""


def find(name: str) -> Measure | None:
    """The measure of that name; ``None`` if there is none."""
    fixed = MEASURES.get(name)
    if fixed is not None:
        return fixed
    bar = _BAR.fullmatch(name)
    if bar is not None:
        return _OF_BARS[bar[1]][1](name, parse_timeframe(bar[2]))
    chance = _CHANCE.fullmatch(name)
    if chance is not None and _SHORTEST_MS <= parse_timeframe(chance[1]) <= _LONGEST_MS:
        return _p_liquidation(name, parse_timeframe(chance[1]))
    atr = _ATR.fullmatch(name)
    if atr is not None and int(atr[2] or 1) <= _ATR_LONGEST:
        return _atr(name, parse_timeframe(atr[1]), int(atr[2] or ATR_LENGTH))
    return None


def examples() -> Iterator[tuple[str, str]]:
    """Every name with its meaning; of those that carry a timeframe one, which stands for all."""
    yield from ((measure.name, measure.means) for measure in MEASURES.values())
    yield "p_liquidation_1d", "probability of liquidation within a day, from 0 to 1; or 4h, 12h, 7d, ..."
    yield from ((f"{name}1h", means) for name, (means, _) in _OF_BARS.items())
    yield "atr_1h", f"average true range over {ATR_LENGTH} bars, in price"
    yield "atr_1h_20", "the same over 20 bars"
