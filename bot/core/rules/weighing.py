"""The delta of an account with each coin weighted by its beta, and how much of a hedge moves it by so much.

Beta-weighted, all that is held counts as so much of one reference: what is lost for each whole by which the
reference falls is one amount of money, and a hedge is as large as it has to be for its share of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.held.pairs import Leg
from bot.core.markets.funding import DAY_MS
from bot.core.rule import Needs
from bot.core.rules.comovement import BETA_MAX, Comovement
from bot.core.rules.covering import HedgeMarket
from bot.core.rules.delta import Delta
from bot.core.types import ONE, ZERO, Symbol
from bot.core.view import View


class WeighedAccount(NamedTuple):
    """What an account stands to lose with the reference, and what it is worth; in settlement currency."""

    deltas: tuple[Delta, ...]
    """Of each thing that is held, not weighted."""
    delta: Decimal
    """All of them together, each times its beta; below 0 a fall earns."""
    worth: Decimal
    """The futures wallet with what is in the positions, and the coins held outright that were counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """How an account is weighed: by which betas, an estimated one at most ``BETA_MAX``, with coins or not.

    What is delivered within ``days`` is no hedge.
    """

    moves: Comovement
    spot: bool
    days: int = 0

    def needs(self) -> Needs:
        """The contracts to hedge with and their books, what the account is worth and holds, and returns."""
        return Needs(
            quarterlies=True,
            book=True,
            beside=self.moves.beside,
            indicators=self.moves.estimated,
            equity=True,
            spot_balances=self.spot,
        )

    def account(self, view: View) -> WeighedAccount | None:
        """The account as it stands.

        ``None`` while anything of it is not known (``View.deltas``), or where it is worth nothing.
        """
        deltas, equity = view.deltas(spot=self.spot), view.memory.equity
        if deltas is None or equity is None:
            return None
        worth = equity + sum((each.value for each in deltas if each.outright), ZERO)
        if worth <= 0:
            return None
        delta = sum((each.value * self._beta(view, each.symbol) for each in deltas), ZERO)
        return WeighedAccount(deltas, delta, worth)

    def market(self, view: View) -> HedgeMarket | None:
        """The contract a hedge is held in already, as a later one would take its place; else the deepest.

        None that does not go with the reference.
        """
        markets = view.hedge_markets(view.now_ms + self.days * DAY_MS, *self.moves.beside)
        held = view.pair.legs[-1].symbol if view.pair.legs else None
        fitting = (each for each in markets if held in (None, each.contract.symbol))
        return next((each for each in fitting if self._beta(view, each.contract.symbol) > 0), None)

    def opening(self, view: View, market: HedgeMarket, money: Decimal) -> Decimal:
        """How much of ``market`` takes ``money`` of weighted delta away: whole lots, within its room."""
        contract = market.contract
        unit = contract.notional(ONE, market.mark) * self._beta(view, contract.symbol)
        return contract.quantity_down(min(money / unit, market.room))

    def closing(self, view: View, leg: Leg, deltas: tuple[Delta, ...], money: Decimal) -> Decimal | None:
        """How much of a hedge gives ``money`` of weighted delta back: whole lots, at most all of it.

        ``None`` of one that no longer goes with the reference: closing it would change nothing.
        """
        held = sum((abs(each.value) for each in deltas if each.symbol == leg.symbol), ZERO)
        unit = held / leg.quantity * self._beta(view, leg.symbol)
        return leg.contract.quantity_down(min(leg.quantity, money / unit)) if unit > 0 else None

    def _beta(self, view: View, symbol: Symbol) -> Decimal:
        return self.moves.beta(view, symbol, most=BETA_MAX)
