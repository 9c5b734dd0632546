"""The guard: the only maker of actions. It may shrink or refuse what a rule proposes, never enlarge it.

One exception is a policy the trader sets: a reduction too small for the venue becomes a close of the whole.

Its questions come in two groups. *Standing* ones do not depend on the mark: a refusal from them would be
the same for every intent of that kind until a stated time or a change of state, so they come first and may
put a rule to sleep. The others are asked anew each time: enough balance, the venue's steps and minimums,
and whether the position really comes out safer.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.accounts.book import Parked
from bot.core.contracts import Contract
from bot.core.danger.conditions import FOREVER_MS
from bot.core.danger.situation import INFINITE, Situation
from bot.core.danger.yardsticks import Objection, objection
from bot.core.decisions import Action, Because, Refusal
from bot.core.deeds.budgets import budget_left, hedge_budget_left
from bot.core.deeds.ledger import Ledger
from bot.core.guarding.bounding import bounded
from bot.core.guarding.case import Case, No, Verdict
from bot.core.guarding.hedging import (
    closing_objection,
    margin_of,
    opening_objection,
    sized_closing,
    sized_opening,
)
from bot.core.guarding.patience import pace
from bot.core.guarding.withdrawing import sized_withdrawal, withdrawal_objection
from bot.core.held.listings import untradable
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CloseHedge,
    CutLeverage,
    Intent,
    MoveStop,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    Posture,
    Proposal,
    ReducePosition,
    SetPosture,
    TransferCollateral,
    WithdrawMargin,
    relaxed,
)
from bot.core.settings import FLATTEN, RESERVED_NAMES, SEATBELT, EngineSettings
from bot.core.states import allows, permits
from bot.core.types import ZERO, MarginMode

_INCREASING: tuple[type[Intent], ...] = (OpenHedge, BuyOption)
_STOPS: tuple[type[Intent], ...] = (PlaceStop, MoveStop)
_EXPOSING: tuple[type[Intent], ...] = (AddMargin, CutLeverage, TransferCollateral)
"""What takes free balance. A cut that takes none brings nothing, and a spent budget refuses it rightly."""


class Guard:
    """Reviews proposals against limits, ledger and capabilities."""

    def __init__(self, settings: EngineSettings, ledger: Ledger, parked: Parked) -> None:
        """Judge by ``settings``; count by ``ledger``."""
        self._settings = settings
        self._limits = settings.limits
        self._ledger = ledger
        self._parked = parked

    def standing(self, kind: type[Intent], case: Case) -> No | None:
        """The refusal that every intent of ``kind`` would meet here whatever the mark; ``None`` if none."""
        return (
            self._state(kind, case)
            or _in_flight(kind, case)
            or _declared(kind, case)
            or _unfit_stop(kind, case)
            or self._capability(kind, case)
            or pace(kind, case, self._ledger, self._limits)
            or self._budget(kind, case)
        )

    def review(self, proposal: Proposal, situation: Situation, case: Case) -> Verdict:
        """Let a proposal through, shrunk where it has to be, or refuse it with the reason."""
        intent = proposal.intent
        no = self.standing(type(intent), case)
        if no is None and not case.flattens(type(intent)):
            no = self._fresh(intent, situation)
        if no is None:
            sized = self._sized(intent, situation, case)
            if isinstance(sized, No):
                no = sized
            else:
                return self._judged(replace_intent(proposal, sized), situation, case)
        return self._refusal(proposal, situation, no)

    def _judged(self, proposal: Proposal, situation: Situation, case: Case) -> Verdict:
        intent = proposal.intent
        after = situation.after(intent)
        no = self._objection(intent, situation, after, case)
        if no is not None:
            return self._refusal(proposal, situation, no)
        if case.armed.entry.shadow:
            return self._refusal(proposal, situation, No(Because.SHADOW, "in shadow: would have been sent"))
        action = Action(
            at_ms=case.now_ms,
            client_id=self._ledger.next_client_id(),
            rule=proposal.rule,
            intent=intent,
            reason=proposal.reason,
            mark=situation.mark,
            distance_before=_finite(situation.distance),
            distance_after=_finite(after.distance) if after is not None else None,
            deadline_ms=case.now_ms + self._limits.deadline_ms,
        )
        return Verdict(action, _promised(intent, situation, after))

    def _objection(self, intent: Intent, before: Situation, after: Situation | None, case: Case) -> No | None:
        """Why it would not come out safer. That of what flattens needs no proof: nothing will be left."""
        if case.armed.name == FLATTEN:
            return None
        match intent:
            case OpenHedge():
                return opening_objection(intent, before, case)
            case CloseHedge():
                return closing_objection(intent, before)
            case WithdrawMargin():
                return withdrawal_objection(intent, before, after, case)
            case SetPosture():
                held = case.holder.history.postures.get(case.armed.name, relaxed(intent.id))
                return No(Because.POSTURE, "this is the posture already") if held == intent else None
            case _:
                found = objection(intent, before, after) or self._loosened(intent, before, case)
                return None if found is None else No(*found)

    def _loosened(self, intent: Intent, situation: Situation, case: Case) -> Objection | None:
        """A stop moves only toward the mark: farther away more is lost if it is hit.

        The seatbelt's own is the exception: it follows liquidation, and gives the room that was paid for.
        """
        if not isinstance(intent, MoveStop) or case.armed.name == SEATBELT:
            return None
        sign, placed = situation.id.side.sign, self._ledger.rule_of_stop
        held = [o.trigger for o in situation.stops if o.client_id in placed and o.trigger is not None]
        if all(sign * (intent.trigger - trigger) >= 0 for trigger in held):
            return None
        return Because.NOT_SAFER, f"{intent.trigger} is farther from the mark than the stop that rests"

    # -- standing questions -------------------------------------------------------------------------

    def _state(self, kind: type[Intent], case: Case) -> No | None:
        account, rule = case.account, case.armed.name
        closed = untradable(case.holder.contract, kind, case.now_ms)
        if closed is not None:
            return No(Because.STATE, closed)
        sends = account.may_be_flattened if case.flattens(kind) else allows(account.state, kind)
        if not sends:
            return No(Because.STATE, f"{account.name} is {account.state}: {account.because}")
        if rule not in RESERVED_NAMES:
            if account.flattening is not None:
                return No(Because.STATE, f"{account.flattening} wants {account.name} flat")
            until_ms = max(account.paused_until_ms, self._parked.pause_of(rule, case.holder.id))
            if case.now_ms < until_ms:
                return No(Because.PAUSED, "paused by a person", until_ms)
            posture = case.holder.posture
            if posture is not Posture.NORMAL and not permits(posture, kind):
                return No(Because.POSTURE, f"the posture is {posture}")
        return None

    def _capability(self, kind: type[Intent], case: Case) -> No | None:
        capability = case.account.able.of(kind.__name__, case.holder.position.mode, case.holder.id.symbol)
        if capability.works:
            return None
        instead = f"; use {capability.substitute}" if capability.substitute else ""
        return No(Because.CAPABILITY, capability.because + instead)

    def _budget(self, kind: type[Intent], case: Case) -> No | None:
        if case.follow_up:
            return None
        if kind is OpenHedge:
            left, which, until_ms = hedge_budget_left(case.holder, self._limits)
        elif kind in _EXPOSING:
            left, which, until_ms = budget_left(case.holder, self._ledger, case.now_ms)
        else:
            return None
        if left is not None and left < case.holder.contract.margin_step:
            return No(Because.BUDGET, f"budget per {which} is used up", until_ms)
        return None

    # -- questions that depend on the mark ----------------------------------------------------------

    def _fresh(self, intent: Intent, situation: Situation) -> No | None:
        own, general = self._settings.stale_after_ms, self._limits.stale_after_ms
        known_ms = situation.market.mark_at_ms
        symbols = [holding.position.id.symbol for holding in situation.pool.holdings]
        if situation.pair.excess and isinstance(intent, ReducePosition):
            symbols = [situation.id.symbol]  # What a hedge has too much of need not wait for other marks.
        if isinstance(intent, OpenHedge) and intent.symbol in known_ms:
            symbols.append(intent.symbol)
        for symbol in symbols:
            age_ms = situation.now_ms - known_ms[symbol]
            if age_ms > own.get(symbol, general):
                return No(Because.STALE, f"mark of {symbol} is {age_ms / 1000:.1f} s old")
        return None

    def _sized(self, intent: Intent, situation: Situation, case: Case) -> Intent | No:
        match intent:
            case AddMargin():
                return self._sized_margin(intent, situation, case)
            case ReducePosition():
                return bounded(self._sized_reduction(intent, situation), situation, case, self._limits)
            case PlaceTakeProfit():
                return self._sized_profit(intent, situation)
            case OpenHedge():
                spendable, _, _ = self._spendable(situation, case)
                left, _, _ = hedge_budget_left(case.holder, self._limits)
                spendable = spendable if left is None else min(spendable, left)
                flying = self._ledger.openings(case.account.name)
                return sized_opening(intent, situation, case, self._limits, spendable, flying)
            case CloseHedge():
                return sized_closing(intent, situation)
            case CutLeverage():
                return self._affordable_cut(intent, situation, case)
            case WithdrawMargin():
                return sized_withdrawal(intent, situation, case)
            case PlaceStop() | MoveStop():
                contract = situation.contract
                towards = contract.price_up if situation.id.side.sign > 0 else contract.price_down
                return replace(intent, trigger=towards(intent.trigger))
            case _:
                return intent

    def _affordable_cut(self, intent: CutLeverage, situation: Situation, case: Case) -> Intent | No:
        """A cut draws what the lower leverage asks for: all of it or nothing, for it cannot be shrunk."""
        if intent.leverage <= 0:
            return No(Because.MINIMUM, f"there is no leverage of {intent.leverage}")
        draws = _promised(intent, situation, situation.after(intent))
        spendable, promised, reserve = self._spendable(situation, case)
        if draws > max(spendable, ZERO):
            return No(Because.BALANCE, f"it draws {draws}: {_found(situation.free, promised, reserve)}")
        left, which, until_ms = budget_left(case.holder, self._ledger, case.now_ms)
        if left is not None and draws > left:
            text = f"it draws {draws}, the budget per {which} has {left} left"
            return No(Because.BUDGET, text, until_ms)
        return intent

    def _sized_margin(self, intent: AddMargin, situation: Situation, case: Case) -> Intent | No:
        contract = situation.contract
        spendable, promised, reserve = self._spendable(situation, case)
        if spendable < contract.margin_step:
            return No(Because.BALANCE, _found(situation.free, promised, reserve))
        most = min(intent.amount, spendable)
        if not case.follow_up:
            left, _, _ = budget_left(case.holder, self._ledger, case.now_ms)
            most = most if left is None else min(most, left)
        amount = contract.margin_down(most)
        if amount < contract.margin_step:
            return No(Because.MINIMUM, f"{intent.amount} is below the step {contract.margin_step}")
        return intent if amount == intent.amount else replace(intent, amount=amount)

    def _spendable(self, situation: Situation, case: Case) -> tuple[Decimal, Decimal, Decimal]:
        """What may be spent now; what is promised already, and what is kept in reserve."""
        currency = situation.contract.settlement
        promised = self._ledger.reserved(case.account.name, currency)
        # What a reduction released was no free balance before it: going back, it leaves the reserve alone.
        budgets = self._limits.budgets(case.account.name, currency)
        reserve = ZERO if case.follow_up else budgets.reserve
        return situation.free - reserve - promised, promised, reserve

    def _sized_reduction(self, intent: ReducePosition, situation: Situation) -> Intent | No:
        contract, position = situation.contract, situation.position
        if intent.quantity <= 0:
            return No(Because.MINIMUM, f"{intent.quantity} is nothing to close")
        if intent.quantity >= position.quantity:
            return replace(intent, quantity=position.quantity, then_add=ZERO)
        quantity = contract.quantity_down(intent.quantity)
        # Venues ask no least notional of an order that only reduces, or small positions could not be closed.
        if quantity >= max(contract.lot, contract.min_quantity):
            rest = position.quantity - quantity
            if rest >= contract.min_quantity:
                return replace(intent, quantity=quantity, then_add=_released(intent, quantity, situation))
        if self._limits.close_whole_below_minimum:
            return replace(intent, quantity=position.quantity, then_add=ZERO)
        return No(Because.MINIMUM, f"{intent.quantity} is below what the venue accepts")

    def _sized_profit(self, intent: PlaceTakeProfit, situation: Situation) -> Intent | No:
        contract, held = situation.contract, situation.position.quantity
        quantity = contract.quantity_down(intent.quantity) if intent.quantity < held else held
        towards = contract.price_down if situation.id.side.sign > 0 else contract.price_up
        trigger = towards(intent.trigger)
        if trigger <= 0 or not _enough(quantity, trigger, contract):
            return No(Because.MINIMUM, f"{intent.quantity} at {trigger} is below what the venue accepts")
        return replace(intent, trigger=trigger, quantity=quantity)

    def _refusal(self, proposal: Proposal, situation: Situation, no: No) -> Verdict:
        refusal = Refusal(
            at_ms=situation.now_ms,
            rule=proposal.rule,
            intent=proposal.intent,
            reason=proposal.reason,
            because=no.because,
            text=no.text,
            mark=situation.mark,
            distance=_finite(situation.distance),
            until_ms=no.until_ms if no.until_ms != FOREVER_MS else None,
        )
        return Verdict(refusal)


def replace_intent(proposal: Proposal, intent: Intent) -> Proposal:
    """The proposal with the intent as it was sized."""
    return proposal if intent is proposal.intent else Proposal(proposal.rule, intent, proposal.reason)


def _found(free: Decimal, promised: Decimal, reserve: Decimal) -> str:
    # Normalised, because an empty balance may be spelt 0E-8.
    return f"free {free.normalize():f}, promised {promised.normalize():f}, reserve {reserve.normalize():f}"


def _promised(intent: Intent, before: Situation, after: Situation | None) -> Decimal:
    """What ``intent`` will take from the free balance; the margin a cut draws, up to the margin step."""
    match intent:
        case AddMargin(amount=amount):
            return amount
        case OpenHedge():
            return margin_of(intent, before.market, before.taker_fee)
        case CutLeverage() if after is not None:
            drawn = after.position.margin - before.pool.wallet
            return max(ZERO, before.contract.margin_up(drawn))
        case _:
            return ZERO


def _released(intent: ReducePosition, quantity: Decimal, situation: Situation) -> Decimal:
    """The announced re-add, at most what closing ``quantity`` would release."""
    if not intent.then_add or situation.position.mode is not MarginMode.ISOLATED:
        return ZERO
    position = situation.position
    released = situation.contract.margin_down(position.margin * quantity / position.quantity)
    return max(ZERO, min(intent.then_add, released))


def _finite(distance: Decimal) -> Decimal | None:
    return None if distance == INFINITE else distance


def _in_flight(kind: type[Intent], case: Case) -> No | None:
    entry = case.holder.history.in_flight
    if entry is None:
        return None
    exit_may_go = kind is ReducePosition and not entry.awaited
    if exit_may_go and not isinstance(entry.action.intent, ReducePosition):
        return None
    return No(Because.IN_FLIGHT, f"{entry.action.client_id} of {entry.action.rule} is {entry.life}")


def _declared(kind: type[Intent], case: Case) -> No | None:
    if kind in _INCREASING and not case.armed.entry.rule.may_increase:
        undeclared = f"{case.armed.name} does not declare that it may raise exposure"
        return No(Because.NOT_SAFER, undeclared)
    return None


def _unfit_stop(kind: type[Intent], case: Case) -> No | None:
    if kind not in _STOPS:
        return None
    if case.pair.whole(case.holder.position):
        return No(Because.PAIRED, "it is hedged whole: a stop on one leg would leave the other alone")
    if kind is PlaceStop and case.holder.history.losses.unwanted:
        return No(Because.UNWANTED, "the trader cancelled our stops here: it is his will that none rests")
    return None


def _enough(quantity: Decimal, price: Decimal, contract: Contract) -> bool:
    notional = contract.notional(quantity, price)
    return quantity > 0 and quantity >= contract.min_quantity and notional >= contract.min_notional
