"""What an account is worth in one currency, and how far that is below its best: the drawdown.

A drawdown is raw (below the peak now) and smoothed (an exponential mean of it); what counts is the smaller
of the two, so that a wick alone is none, nor one that has been made good. It is sampled where a bar closes,
which is the same moment however prices are played. A peak counts once two samples in a row were as high: an
account is told in parts, and between two of them it may look richer than it is.

Money that is paid in or taken out is neither profit nor loss. It shows where cash changes although nothing
was traded and no funding paid; peak and samples are then scaled as the account was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.margin.arithmetic import unrealised
from bot.core.margin.pool import Holding, Marks
from bot.core.types import ONE, ZERO, AccountName, MarginMode, PositionId

_PLACES = Decimal("1E-8")


@dataclass(frozen=True, slots=True)
class Drawdown:
    """Which drawdown: sampled at closing bars of ``timeframe_ms``, smoothed over ``length`` of them.

    ``deep`` is the drawdown whose beginning is remembered, a fraction.
    """

    timeframe_ms: int
    length: int
    deep: Decimal


class Depth(NamedTuple):
    """A drawdown as it was at the last sample."""

    drawdown: Decimal
    """A fraction of the peak."""
    deep_since_ms: int | None
    """Since when it is ``Drawdown.deep`` or more; ``None`` while it is not."""


class Worth(NamedTuple):
    """What an account is worth in one currency: its cash, the free and that behind positions, and profit."""

    cash: Decimal
    profit: Decimal

    @property
    def equity(self) -> Decimal:
        """All of it."""
        return self.cash + self.profit


def worth(wallet: Decimal, holdings: Iterable[Holding], marks: Marks) -> Worth | None:
    """What ``wallet`` and ``holdings`` in its currency are worth; ``None`` if a mark is missing."""
    cash, profit = wallet, ZERO
    for holding in holdings:
        position = holding.position
        mark = marks.get(position.id.symbol)
        if mark is None:
            return None
        profit += unrealised(position, holding.contract, mark)
        if position.mode is MarginMode.ISOLATED:
            cash += position.margin
    return Worth(cash, profit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How much of a position an account held at a sample."""

    id: PositionId
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawdownRecord:
    """A drawdown of an account in one currency as the next run has to know it."""

    account: AccountName
    currency: str
    spec: Drawdown
    at_ms: int
    peak: Decimal
    last: Decimal
    cash: Decimal
    held: tuple[Held, ...]
    smoothed: Decimal
    drawdown: Decimal
    deep_since_ms: int | None


@dataclass(slots=True, eq=False)
class DrawdownSeries:
    """A drawdown as it develops."""

    spec: Drawdown
    at_ms: int = -1
    peak: Decimal = ZERO
    last: Decimal = ZERO
    """The equity of the last sample."""
    cash: Decimal = ZERO
    held: tuple[Held, ...] = ()
    smoothed: Decimal = ZERO
    drawdown: Decimal = ZERO
    deep_since_ms: int | None = None
    funding: Decimal = ZERO
    """Funding received in this run until the last sample."""

    @property
    def depth(self) -> Depth | None:
        """How deep it is; ``None`` before the first sample."""
        return None if self.at_ms < 0 else Depth(self.drawdown, self.deep_since_ms)

    def sample(self, at_ms: int, found: Worth, held: tuple[Held, ...], funding: Decimal) -> None:
        """Take the next sample; ``funding`` is all that was received in this run (negative: paid)."""
        equity = found.equity
        if self.at_ms < 0:
            self.peak = self.last = equity
        elif held == self.held and self.last > 0:
            paid_in = found.cash - self.cash - (funding - self.funding)
            before = equity - paid_in
            if paid_in and before > 0:
                self.peak *= equity / before
                self.last *= equity / before
        self.peak = max(self.peak, min(self.last, equity))
        raw = max(ZERO, ONE - equity / self.peak) if self.peak > 0 else ZERO
        self.smoothed += (raw - self.smoothed) * 2 / (self.spec.length + 1)
        self.drawdown = min(raw, self.smoothed).quantize(_PLACES)
        if self.drawdown < self.spec.deep:
            self.deep_since_ms = None
        elif self.deep_since_ms is None:
            self.deep_since_ms = at_ms
        self.at_ms, self.last, self.cash, self.held = at_ms, equity, found.cash, held
        self.funding = funding

    def record(self, account: AccountName, currency: str) -> DrawdownRecord:
        """What the next run has to know of it."""
        return DrawdownRecord(
            account=account,
            currency=currency,
            spec=self.spec,
            at_ms=self.at_ms,
            peak=self.peak,
            last=self.last,
            cash=self.cash,
            held=self.held,
            smoothed=self.smoothed,
            drawdown=self.drawdown,
            deep_since_ms=self.deep_since_ms,
        )

    @classmethod
    def again(cls, record: DrawdownRecord) -> DrawdownSeries:
        """As an earlier run left it."""
        return cls(
            record.spec,
            record.at_ms,
            record.peak,
            record.last,
            record.cash,
            record.held,
            record.smoothed,
            record.drawdown,
            record.deep_since_ms,
        )
