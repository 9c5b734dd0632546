"""Refusals that no mark can lift, although they are found at one: then the rule may sleep on them.

An account with nothing to spend refuses every addition and every hedge until its balance changes, and that is
a change of state which wakes every rule. Where cross positions share the wallet it is not so: what is free
then moves with the marks.
"""

from __future__ import annotations

from bot.core.case import Case, No
from bot.core.decisions import Because
from bot.core.intents import AddMargin, Intent, OpenHedge
from bot.core.ledger import Ledger
from bot.core.settings import Limits


def penniless(kind: type[Intent], case: Case, ledger: Ledger, limits: Limits) -> No | None:
    """Why every intent of ``kind`` is refused until the balance changes; ``None`` if not all of them are."""
    if kind is not AddMargin and kind is not OpenHedge:
        return None
    contract, account = case.holder.contract, case.account
    currency = contract.settlement
    if account.wallet(currency).has_cross:
        return None
    spendable = (
        case.holder.free() - limits.budgets(currency).reserve - ledger.reserved(account.name, currency)
    )
    too_little = spendable <= 0 if kind is OpenHedge else spendable < contract.margin_step
    return No(Because.BALANCE, f"{spendable} may be spent") if too_little else None
