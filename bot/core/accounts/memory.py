"""What was done and seen before, as far as a rule may ask for it: rules themselves remember nothing.

Made once for each rule on each position, and read when asked: it costs nothing where no rule asks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.accounts.whole import Whole
from bot.core.deeds.budgets import margin_allowed
from bot.core.intents import Intent, SetPosture
from bot.core.types import RuleName

if TYPE_CHECKING:
    from bot.core.accounts.book import Holder
    from bot.core.accounts.books import Books
    from bot.core.decisions import Action, Refusal
    from bot.core.deeds.ledger import Ledger
    from bot.core.held.lots import Lot


class Memory(Whole):
    """The past of one rule on one position, and of the account it is in."""

    __slots__ = ("_ledger",)

    def __init__(self, rule: RuleName, holder: Holder, ledger: Ledger, books: Books) -> None:
        """Look things up there when asked."""
        super().__init__(rule, holder, books)
        self._ledger = ledger

    @property
    def acted_ms(self) -> int | None:
        """When the rule last had something done for the position; its alerts and postures do not count."""
        return self._holder.history.last_acted_ms.get(self._rule)

    @property
    def said(self) -> Action | None:
        """The rule's last alert or posture on the position."""
        return self._holder.history.said.get(self._rule)

    def acted_after(self, at_ms: int) -> bool:
        """Whether it had something done since that moment."""
        return self.acted_ms is not None and self.acted_ms > at_ms

    def said_after(self, at_ms: int) -> bool:
        """Whether it has spoken since that moment."""
        return self.said is not None and self.said.at_ms > at_ms

    @property
    def stance(self) -> SetPosture | None:
        """The posture that the rule has set and that holds; ``None`` where it has set none."""
        return self._holder.history.postures.get(self._rule)

    def refused(self, kind: type[Intent]) -> Refusal | None:
        """What became of the rule's last proposal, where that was of ``kind`` and refused in this state."""
        holder = self._holder
        for armed in holder.armed:
            last = armed.last_refusal
            if armed.name == self._rule and last is not None and type(last.intent) is kind:
                version, _ = armed.refused.get((kind, last.because), (-1, None))
                return last if version == holder.version else None
        return None

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
        return self._holder.history.margin_added_ms

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
