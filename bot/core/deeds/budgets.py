"""What may still be spent on margin: the free balance less what is promised and kept, and every budget."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.danger.conditions import FOREVER_MS
from bot.core.deeds.ledger import Ledger
from bot.core.settings import DAY_MS, Limits
from bot.core.types import ZERO

if TYPE_CHECKING:
    from bot.core.accounts.book import Holder

# A plain tuple rather than a named one, which takes several times as long to make: the guard asks for every
# action.
Left = tuple[Decimal | None, str, int]
"""What the tightest budget leaves, which one it is, and when it renews; ``None``: there is no budget."""
Rest = tuple[Decimal, str, int]
"""The same of one budget that there is."""
_NO_BUDGET: Left = (None, "", FOREVER_MS)


def margin_allowed(holder: Holder, ledger: Ledger, now_ms: int) -> Decimal:
    """The margin that balance and budgets leave for one position, never below 0."""
    id_, currency = holder.id, holder.contract.settlement
    kept = ledger.limits.budgets(id_.account, currency).reserve + ledger.reserved(id_.account, currency)
    spendable, left = holder.free() - kept, budget_left(holder, ledger, now_ms)[0]
    return max(ZERO, spendable if left is None else min(spendable, left))


def hedge_budget_left(holder: Holder, limits: Limits) -> Left:
    """What the budgets leave for hedges of one position: they count for its campaign and for no other."""
    most = limits.budgets(holder.id.account, holder.contract.settlement).margin_per_campaign
    return _NO_BUDGET if most is None else campaign_left(holder, most)


def campaign_left(holder: Holder, most: Decimal) -> Rest:
    """What is left of ``most`` for all acts on one position until it closes."""
    return most - holder.history.margin_in_campaign, "campaign", FOREVER_MS


def budget_left(holder: Holder, ledger: Ledger, now_ms: int) -> Left:
    """What the budgets leave for margin of one position."""
    limits = ledger.limits
    id_, currency, history = holder.id, holder.contract.settlement, holder.history
    budgets = limits.budgets(id_.account, currency)
    left: list[Rest] = []
    if budgets.margin_per_position is not None:
        left.append((budgets.margin_per_position - history.margin_in_lot, "position", FOREVER_MS))
    if budgets.margin_per_campaign is not None:
        left.append(campaign_left(holder, budgets.margin_per_campaign))
    if budgets.margin_per_streak is not None:
        ends_ms = (history.margin_added_ms or now_ms) + limits.streak_gap_ms
        spent = ledger.streak_margin(id_, now_ms)
        left.append((budgets.margin_per_streak - spent, "streak", ends_ms))
    if budgets.margin_per_day is not None:
        spent = ledger.day_margin(id_.account, currency, now_ms)
        left.append((budgets.margin_per_day - spent, "day", (now_ms // DAY_MS + 1) * DAY_MS))
    if budgets.margin_per_account is not None:
        spent = ledger.spending(id_.account, currency).margin
        left.append((budgets.margin_per_account - spent, "account", FOREVER_MS))
    return min(left, key=lambda item: item[0]) if left else _NO_BUDGET
