"""Refusals that no mark can lift, although they are found at one: then the rule may sleep on them.

An account with nothing to spend refuses every addition and every hedge until its balance changes, and that is
a change of state which wakes every rule. Where cross positions share the wallet what is free moves with the
marks, but is never more than the venue told last: where that is too little, it is so at every mark. More is
known of a rule that says the same at every mark (``Rule.settled``): what it asks for may be too dear, too
little, or no gain, and stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

from bot.core.danger.conditions import FOREVER_MS
from bot.core.danger.situation import Situation
from bot.core.decisions import Action, Because, Decision, Refusal
from bot.core.deeds.ledger import Ledger
from bot.core.guarding.case import Case, No
from bot.core.intents import AddMargin, CutLeverage, Intent, OpenHedge, PlaceTakeProfit, ReducePosition
from bot.core.margin.liquidation import stands_still
from bot.core.settings import Limits

_AT_THIS_MARK = frozenset(
    {
        Because.STALE,
        Because.BALANCE,
        Because.MINIMUM,
        Because.NOT_SAFER,
        Because.WRONG_SIDE,
        Because.FOREIGN,
        Because.EXPIRY,
        Because.BASIS,
        Because.DEPTH,
    }
)
"""Refusals that another mark may lift."""


def penniless(kind: type[Intent], case: Case, ledger: Ledger, limits: Limits) -> No | None:
    """Why every intent of ``kind`` is refused until the balance changes; ``None`` if not all of them are."""
    if kind is not AddMargin and kind is not OpenHedge:
        return None
    contract, account = case.holder.contract, case.account
    currency = contract.settlement
    most = account.wallet(currency).free
    reserve = limits.budgets(account.name, currency).reserve
    spendable = most - reserve - ledger.reserved(account.name, currency)
    too_little = spendable <= 0 if kind is OpenHedge else spendable < contract.margin_step
    return No(Because.BALANCE, f"{spendable} may be spent") if too_little else None


def asleep_until(
    kinds: Sequence[type[Intent]],
    standing: Callable[[type[Intent]], No | None],
    settled: Callable[[], tuple[type[Intent], ...]],
    refusals: Sequence[Refusal],
    lifted: Callable[[Refusal], bool],
) -> int | None:
    """Until when nothing that a rule may propose could be let through; ``None`` if something could.

    ``kinds`` are what it proposes, ``standing`` is why all of a kind are refused, ``settled`` the kinds it
    has said all of already, in ``refusals``, and ``lifted`` whether another mark may lift one.
    """
    until_ms, known = FOREVER_MS, None
    for kind in kinds:
        no = standing(kind)
        if no is not None:
            until_ms = min(until_ms, no.until_ms)
            continue
        known = settled() if known is None else known
        if kind not in known:
            return None
        for refusal in refusals:
            if type(refusal.intent) is kind:
                if lifted(refusal):
                    return None
                until_ms = min(until_ms, FOREVER_MS if refusal.until_ms is None else refusal.until_ms)
    return until_ms if kinds else None


def lifted_by_marks(refusal: Refusal, situation: Situation, case: Case) -> bool:
    """Whether the same intent might be let through at another mark, while the state is this."""
    intent, because = refusal.intent, refusal.because
    shared = case.account.wallet(case.holder.contract.settlement).has_cross
    match intent:
        case ReducePosition() | PlaceTakeProfit():
            return because is not Because.MINIMUM
        case CutLeverage():
            if because is Because.NOT_SAFER:
                return not _stays(intent, situation)
            return because not in _OF_MONEY or (shared and because is Because.BALANCE)
        case AddMargin():
            if because is Because.NOT_SAFER:
                return not _stays(intent, situation)
            return shared or because is not Because.MINIMUM
        case _:
            return True


def wanted_to_act(decision: Decision) -> TypeGuard[Action | Refusal]:
    """Whether a rule that should have been silent had something to say.

    A refusal that would be the same at every mark is not: it may put a rule to sleep on one reason, and the
    guard may name another by the time it is asked again.
    """
    if isinstance(decision, Refusal):
        return decision.because in _AT_THIS_MARK or decision.because is Because.SHADOW
    return isinstance(decision, Action)


def may_pass(refusal: Refusal) -> bool:
    """Whether the refusal may end without a change of state: then the rule keeps its occasion to be asked."""
    return refusal.until_ms is not None or refusal.because in _AT_THIS_MARK


_OF_MONEY = frozenset({Because.MINIMUM, Because.BALANCE, Because.BUDGET})
"""Why a cut may be refused whatever the mark: what it draws is counted at the entry."""


def _stays(intent: Intent, situation: Situation) -> bool:
    """Whether liquidation is at the same price at every mark, before and after."""
    after = situation.after(intent) if situation.stands else None
    return after is not None and stands_still(after.position, after.contract)
