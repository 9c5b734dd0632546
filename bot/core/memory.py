"""What was done and seen before, as far as a rule may ask for it: rules themselves remember nothing.

Made once for each rule on each position, and read when asked: it costs nothing where no rule asks.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.budgets import margin_allowed
from bot.core.delta import Delta, deltas_of
from bot.core.equity import Depth, Drawdown, worth
from bot.core.exits import exit_order
from bot.core.exposure import JointLoss, loss_of
from bot.core.intents import ReducePosition, SetPosture
from bot.core.margin.pool import Holding
from bot.core.types import ONE, ZERO, PositionId, RuleName

if TYPE_CHECKING:
    from bot.core.book import Holder
    from bot.core.contracts import Contract
    from bot.core.decisions import Action
    from bot.core.ledger import Ledger
    from bot.core.lots import Lot
    from bot.core.market import Market


class Memory:
    """The past of one rule on one position, and of the account it is in."""

    __slots__ = ("_holder", "_ledger", "_market", "_rule")

    def __init__(self, rule: RuleName, holder: Holder, ledger: Ledger, market: Market) -> None:
        """Look things up there when asked."""
        self._rule = rule
        self._holder = holder
        self._ledger = ledger
        self._market = market

    @property
    def acted_ms(self) -> int | None:
        """When the rule last had something done for the position; its alerts and postures do not count."""
        return self._holder.history.last_acted_ms.get(self._rule)

    @property
    def said(self) -> Action | None:
        """The rule's last alert or posture on the position."""
        return self._holder.history.said.get(self._rule)

    @property
    def stance(self) -> SetPosture | None:
        """The posture that the rule has set and that holds; ``None`` where it has set none."""
        return self._holder.history.postures.get(self._rule)

    @property
    def lot(self) -> Lot:
        """What is remembered of the present lot: how large it was, which stop it began with."""
        return self._holder.history.lot

    @property
    def placed_first_stop(self) -> bool:
        """Whether the stop the lot began with is one that this rule has placed itself."""
        return self.lot.first_stop_by == self._rule

    @property
    def held_since_ms(self) -> int:
        """When the lot was opened; where the venue does not tell, when it was first seen here."""
        return self._holder.position.opened_ms or self.lot.since_ms

    @property
    def margin_added(self) -> Decimal:
        """Margin that the bot added to this lot, whatever has become of it."""
        return self._holder.history.margin_in_lot

    @property
    def margin_withdrawn(self) -> Decimal:
        """How much of that was taken back out."""
        return self._holder.history.withdrawn_in_lot

    def margin_allowed(self, now_ms: int) -> Decimal:
        """The margin that balance, reserve and budgets leave for the position."""
        return margin_allowed(self._holder, self._ledger, now_ms)

    @property
    def margin_added_ms(self) -> int | None:
        """When margin was last added for the position."""
        return self._holder.history.campaign_last_ms

    @property
    def funding_received(self) -> Decimal:
        """Funding of this lot so far, in money; below 0 it was paid."""
        return self._holder.history.funding_in_lot

    @property
    def exit_ms(self) -> int | None:
        """When the rule last closed something of the cross pool the position is in."""
        id_, currency = self._holder.id, self._holder.contract.settlement
        if self._holder.isolated:
            return None
        return self._ledger.exits.get((id_.account, currency, self._rule))

    @property
    def equity(self) -> Decimal | None:
        """What the account is worth in the settlement currency; ``None`` while a mark is missing."""
        wallet = self._holder.wallet
        found = worth(wallet.amount, self._holdings(), self._market.marks)
        return None if found is None else found.equity

    def drawdown(self, spec: Drawdown) -> Depth | None:
        """How far the account is below its best, of a need that was declared; ``None`` before a sample."""
        series = self._holder.wallet.drawdowns.get(spec)
        return None if series is None else series.depth

    def exits(self, now_ms: int, *, pool: bool, taker_fee: Decimal) -> tuple[PositionId, ...]:
        """The positions that this rule may close, most risk relieved per cost first.

        Of the position's pool, or of all that settles in its currency. Those that are being closed, and those
        on which the rule is held up (paused, latched, in its cooldown), keep nobody else waiting.
        """
        here, marks = self._holder, self._market.marks
        held = [
            Holding(other.position, other.contract)
            for other in self._holder.account.holders.values()
            if other.contract.settlement == here.contract.settlement
            and other.id.symbol in marks
            and (not pool or other is here or not (other.isolated or here.isolated))
            and self._may_close(other, now_ms)
        ]
        return exit_order(held, marks, self._market.books, taker_fee)

    def joint_losses(self, move: Callable[[Contract], Decimal | None]) -> tuple[JointLoss, ...]:
        """What each position that settles in the currency loses when its mark moves so far.

        ``move`` gives the fraction; ``None`` leaves the contract out. What is being closed counts as closed.
        """
        here, marks, found = self._holder, self._market.marks, []
        for other in here.account.holders.values():
            contract, mark = other.contract, marks.get(other.id.symbol)
            moved = move(contract)
            if contract.settlement == here.contract.settlement and mark is not None and moved is not None:
                lost = loss_of(Holding(other.position, contract), mark, moved) * _stays(other)
                watched = any(armed.name == self._rule for armed in other.armed)
                found.append(JointLoss(other.id, lost, watched))
        return tuple(found)

    def deltas(self) -> tuple[Delta, ...] | None:
        """What each position that settles in the currency adds to the account's delta."""
        here = self._holder
        return deltas_of(here.account.holders.values(), here.contract.settlement, self._market.marks)

    def _may_close(self, other: Holder, now_ms: int) -> bool:
        if _closes(other):
            return False
        mine = (armed for armed in other.armed if armed.name == self._rule)
        return any(not armed.asleep(other.version, now_ms) for armed in mine)

    def _holdings(self) -> list[Holding]:
        """Everything of the account that settles in the position's currency."""
        currency = self._holder.contract.settlement
        return [
            Holding(holder.position, holder.contract)
            for holder in self._holder.account.holders.values()
            if holder.contract.settlement == currency
        ]


def _stays(holder: Holder) -> Decimal:
    """The fraction of the position that nothing closes yet."""
    flying, held = holder.history.in_flight, holder.position.quantity
    if flying is None or not isinstance(flying.action.intent, ReducePosition):
        return ONE
    return max(ZERO, ONE - flying.action.intent.quantity / held)


def _closes(holder: Holder) -> bool:
    flying = holder.history.in_flight
    return flying is not None and isinstance(flying.action.intent, ReducePosition)
