"""The quarterlies of a replay: contracts without a recording, derived from the tape of their index.

Each configured underlying gives the contracts that its venue lists while the tape runs, from their listing to
their expiry, with prices of the basis model. They end in a delivery at the mean of the index, not at their
own last price.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import numpy as np

from bot.config.coverage import quarterly_symbol
from bot.config.errors import Key, shown, suggestion
from bot.config.model import BasisTable, QuarterliesTable
from bot.config.settings import Settings
from bot.core.types import Symbol
from bot.lab.basis import Bars, BasisModel, quarterly_bars, stress
from bot.lab.replay.agenda import Delivery
from bot.lab.tapes import PathOrder, PricePath, SymbolTapes, Tape, TapeKind
from bot.venues.calendar import Listing, listings
from bot.venues.paper.delivery import DeliveryTerms, terms_named

POINTS = 4
"""Prices that the mean of a bar is taken of: open, high, low, close."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quarterly:
    """One contract of a replay. ``delivery`` is ``None`` where the tape ends before its expiry."""

    symbol: Symbol
    underlying: Symbol
    tapes: SymbolTapes
    path: PricePath
    expiry_ms: int
    delivery: Delivery | None


def find_quarterlies(
    settings: Settings, tapes: Sequence[SymbolTapes], order: PathOrder
) -> tuple[Quarterly, ...]:
    """Every configured quarterly that trades while its index does; ConfigError where an index has no tape."""
    by_symbol = {Symbol(each.symbol): each.traded for each in tapes}
    terms = terms_named(next(iter(settings.config.accounts.values())).margin_rules)
    found: list[Quarterly] = []
    for number, table in enumerate(settings.config.paper.quarterlies):
        index = by_symbol.get(table.underlying)
        if index is None:
            raise _no_index(settings, ("paper", "quarterlies", number, "underlying"), table, by_symbol)
        found += _of_index(table, index, order, terms)
    recorded = [each.symbol for each in found if each.symbol in by_symbol]
    # A recording is better than a model.
    return tuple(each for each in found if each.symbol not in recorded)


def basis_model(table: BasisTable) -> BasisModel:
    """The model's parameters: statistics, hence floats."""
    return BasisModel(
        calm=float(table.calm),
        discount=float(table.discount),
        tenor_ms=table.tenor,
        window_ms=table.window,
        onset=float(table.onset),
        span=float(table.span),
        ordinary=float(table.ordinary),
        volatility_window_ms=table.volatility_window,
        half_life_ms=table.half_life,
    )


def synthetic_sentences(settings: Settings, quarterlies: Sequence[Quarterly]) -> Iterator[str]:
    """What was assumed about the quarterlies of each index."""
    for table in settings.config.paper.quarterlies:
        mine = [each for each in quarterlies if each.symbol.startswith(f"{_perpetual(table)}-")]
        if not mine:
            continue
        names = ", ".join(each.symbol for each in mine)
        calm, discount = (format(value, "f") for value in (table.basis.calm, table.basis.discount))
        yield (
            f"the prices of {names} are SYNTHETIC: those of {table.underlying} and a modelled basis"
            f" (calm {calm} a year, up to {discount} below the index under stress), which is its mark, too"
        )
        for each in mine:
            if each.delivery is not None:
                price = format(each.delivery.price, "f")
                yield f"{each.symbol} is delivered at {price}, the mean of the index"


# -- inside -----------------------------------------------------------------------------------------


def _perpetual(table: QuarterliesTable) -> Symbol:
    return quarterly_symbol(table, None)


def _no_index(settings: Settings, key: Key, table: QuarterliesTable, tapes: dict[Symbol, Tape]) -> Exception:
    return settings.refuse(
        key,
        f"no prices for {shown(table.underlying)}{suggestion(table.underlying, tapes)}; there are tapes for"
        f" {', '.join(tapes) or 'no symbol'}: add one for it, or take the quarterlies out",
    )


def _of_index(
    table: QuarterliesTable, index: Tape, order: PathOrder, terms: DeliveryTerms
) -> Iterator[Quarterly]:
    model = basis_model(table.basis)
    start_ms, end_ms = int(index.times[0]), int(index.times[-1]) + index.interval_ms
    stressed = stress(index, model)
    for life in listings(start_ms, end_ms, table.listed):
        bars = quarterly_bars(index, stressed, model, life.listed_ms, life.expiry_ms)
        if bars is None:
            continue
        symbol = quarterly_symbol(table, life.expiry_ms)
        window_ms = table.settlement_window or terms.window_at(life.expiry_ms)
        tape = _tape(symbol, index, bars, model, life)
        path = _path(tape, order)
        yield Quarterly(
            symbol=symbol,
            underlying=table.underlying,
            tapes=SymbolTapes(symbol=symbol, traded=tape, mark=None, funding=None),
            path=path,
            expiry_ms=life.expiry_ms,
            delivery=_delivery(symbol, index, life.expiry_ms, window_ms)
            if life.expiry_ms <= end_ms
            else None,
        )


def _tape(symbol: Symbol, index: Tape, bars: Bars, model: BasisModel, life: Listing) -> Tape:
    origin = f"{index.sha256} {symbol} {life} {model}"
    return Tape(
        path=Path(f"{symbol} from {index.path.name}"),
        symbol=symbol,
        kind=TapeKind.TRADED,
        word="synthetic",
        venue="",
        interval_ms=index.interval_ms,
        times=bars.times,
        exponent=index.exponent,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=None,
        rates=(),
        sha256=hashlib.sha256(origin.encode()).hexdigest(),
        assumptions=(f"the prices of {symbol} are synthetic",),
    )


def _path(tape: Tape, order: PathOrder) -> PricePath:
    return PricePath(
        symbol=tape.symbol,
        interval_ms=tape.interval_ms,
        exponent=tape.exponent,
        order=order,
        times=tape.times,
        open=tape.open,
        last_high=tape.high,
        last_low=tape.low,
        close=tape.close,
        mark_high=tape.high,
        mark_low=tape.low,
        marks=None,
        assumptions=(),
    )


def _delivery(symbol: Symbol, index: Tape, expiry_ms: int, window_ms: int) -> Delivery:
    """The mean of the index over the bars that close within the window before expiry.

    Where none does, because bars are longer or missing, it is the last close: nothing newer is known.
    """
    closes = index.times + index.interval_ms
    first = int(np.searchsorted(closes, expiry_ms - window_ms, side="right"))
    end = int(np.searchsorted(closes, expiry_ms, side="right"))
    if first < end:
        part = slice(first, end)
        total = sum(int(column[part].sum()) for column in (index.open, index.high, index.low, index.close))
        count = POINTS * (end - first)
    else:
        total, count = index.close.item(end - 1), 1
    mean = (Decimal(total) / count).quantize(Decimal(1), ROUND_HALF_EVEN)
    return Delivery(symbol=symbol, expiry_ms=expiry_ms, price=mean.scaleb(-index.exponent))
