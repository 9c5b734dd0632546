"""Asking the rules: in configured order, until one of them acts.

If the first is refused the next one gets its chance in the same turn. If it acts the others are asked when
it is known what became of that, and stay quiet if it was enough. That is the whole escalation ladder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from bot.core.accounts.book import Armed, Holder, Parked
from bot.core.accounts.books import Books
from bot.core.accounts.pools import cross_pool, isolated_pool, plain_sums
from bot.core.accounts.promises import promise_lasts, stays_false
from bot.core.accounts.protection import watch_protection
from bot.core.armed.arming import former
from bot.core.armed.conditioned import meanwhile
from bot.core.asking.lasting import asleep_until, lifted_by_marks, may_pass, penniless
from bot.core.danger.conditions import (
    CLOSED,
    OPEN,
    QUIET,
    Events,
    Reach,
    holds,
    reach,
    tightest,
)
from bot.core.danger.drift import AGREED, UNSEEN, announcement, compare
from bot.core.danger.situation import Situation
from bot.core.decisions import Action, Because, Decision, Refusal, StateChanged
from bot.core.deeds.history import Entry
from bot.core.deeds.ledger import Ledger
from bot.core.guarding.case import Case, Verdict
from bot.core.guarding.guard import Guard
from bot.core.held.carried import Life
from bot.core.intents import AddMargin, Level, OpenHedge, Proposal, ReducePosition, SetPosture, flaw
from bot.core.settings import EngineSettings
from bot.core.types import ZERO
from bot.core.view import View

PROPOSALS_MAX = 16
"""More intents than this from one question is a runaway rule."""


_NEVER_REFUSED: tuple[int, Refusal | None] = (-1, None)


class Arbiter:
    """Evaluates positions: rules, guard, ledger, protection."""

    def __init__(self, settings: EngineSettings, books: Books, ledger: Ledger, parked: Parked) -> None:
        """Judge what is in ``books``."""
        self._settings = settings
        self._books = books
        self._ledger = ledger
        self._parked = parked
        self._guard = Guard(settings, ledger, parked)

    def situation(self, holder: Holder, now_ms: int) -> Situation | None:
        """The position in its pool at the present marks; ``None`` while a mark of its pool is missing."""
        market = self._books.market
        marks, rooms = market.marks, None
        if holder.isolated:
            if holder.id.symbol not in marks:
                return None
            pool = holder.pool or isolated_pool(holder)
        else:
            wallet = holder.wallet
            pool = wallet.cross_pool or cross_pool(holder.account, holder.contract.settlement)
            if wallet.marked is not pool:
                if any(h.position.id.symbol not in marks for h in pool.holdings):
                    return None
                wallet.marked = pool
            rooms = None if wallet.nets else wallet.rooms
        situation = Situation(
            pool,
            holder.position,
            holder.contract,
            market,
            now_ms,
            holder.free,
            holder.stops,
            self._settings.taker_fee,
        )
        situation.rooms = rooms
        if self._books.pairs.hedges:
            situation.pair = self._books.pairing(holder)
        if holder.isolated and holder.stands:
            situation.stand_at(holder.liquidation)
        return situation

    def between(self, holder: Holder) -> Situation | None:
        """The same between two batches, at marks that may have been swallowed since the last."""
        market = self._books.market
        market.turn += 1
        return self.situation(holder, max(market.mark_at_ms.values(), default=0))

    def evaluate_all(self, holder: Holder, events: Events, now_ms: int) -> Sequence[Decision]:
        """Ask every rule, whatever it promised, on figures found anew."""
        holder.doubt()
        situation = self.situation(holder, now_ms)
        if situation is not None:
            situation.doubt(plain_sums(holder, situation.pool, situation.marks))
        return self._evaluate(holder, events, situation)

    def evaluate(self, holder: Holder, events: Events, now_ms: int) -> Sequence[Decision]:
        """Ask the rules whose promise of silence does not cover this moment; the others would say nothing."""
        return self._evaluate(holder, events, self.situation(holder, now_ms))

    def _evaluate(self, holder: Holder, events: Events, situation: Situation | None) -> Sequence[Decision]:
        if situation is None:
            holder.keep(CLOSED, provisional=True)
            return ()
        decisions: list[Decision] = []
        version = holder.version
        within = holder.reach_version == version and promise_lasts(holder, situation)
        watched = watch_protection(holder, situation, decisions, within=within)
        if events is not QUIET:
            for armed in holder.armed:
                if events.changed or armed.awaits_ms or armed.figures:
                    armed.hear(events)
        waits = _awaits_answer(holder)
        unchanged = not waits and self._ask_all(holder, situation, decisions, within=within)
        if waits or (decisions and _awaits_answer(holder)):
            # Its outcome is a change of state, after which everybody is asked: until then nobody needs to be.
            quiet = holder.protection
            if holder.confirms:
                quiet = tightest([quiet, *meanwhile(holder, situation, decisions, self._parked)])
            holder.keep(quiet, provisional=True)
        elif holder.version != version:
            holder.keep(CLOSED, provisional=True)  # A new posture: those asked before it may speak again.
        elif unchanged and watched:
            holder.reach_version = version
        else:
            reaches = [a.reach for a in holder.armed if a.name not in self._parked.broken]
            found = tightest([*reaches, holder.protection])
            # Wires that are tied to the same need not be tied anew; rooms of cross pools follow their marks.
            holder.keep(holder.reach if holder.isolated and found == holder.reach else found)
        return decisions

    def _ask_all(
        self, holder: Holder, situation: Situation, decisions: list[Decision], *, within: bool
    ) -> bool:
        """Ask the rules in their order; whether the position's reach is as it was found in this state."""
        broken, now_ms = self._parked.broken, situation.now_ms
        unchanged = holder.reach_version >= 0
        for armed in holder.armed:
            if within and armed.pending is QUIET and armed.reach_version == holder.version:
                continue  # Nearly all of them, nearly always: it needs no further questions.
            if broken and armed.name in broken:
                continue
            asleep = armed.asleep(holder.version, now_ms)
            if armed.promised(holder.version, asleep=asleep) and (within or armed.reach.lasts(situation)):
                continue
            armed.reach_version = holder.version
            left = self._ask(holder, armed, situation, decisions, asleep=asleep)
            if decisions and _awaits_answer(holder):
                return False
            reached = armed.band if left else self._reach(holder, armed, situation)
            if reached is not armed.reach:
                unchanged = False
                armed.reach = reached
        return unchanged

    def follow_up(self, entry: Entry, now_ms: int) -> Iterator[Decision]:
        """Re-add the margin that a verified reduction released, as its rule announced."""
        intent = entry.action.intent
        if not isinstance(intent, ReducePosition) or not intent.then_add or entry.life is not Life.VERIFIED:
            return
        holder = self._books.holder(intent.id)
        before = entry.before
        if holder is None or before is None or holder.position.opened_ms != before.opened_ms:
            return
        situation = self.situation(holder, now_ms)
        released = before.margin - holder.position.margin
        if situation is None or released <= 0:
            return
        amount = holder.contract.margin_down(min(intent.then_add, released))
        name = entry.action.rule
        armed = next((a for a in holder.armed if a.name == name), None) or former(name)
        why = f"re-adding {amount} of {released} released"
        proposal = Proposal(name, AddMargin(id=intent.id, amount=amount), why)
        case = Case(holder.account, holder, armed, now_ms, situation.pair, follow_up=True)
        verdict = self._guard.review(proposal, situation, case)
        yield from self._decided(verdict, holder, armed, case)

    def compare(self, holder: Holder, quoted: Decimal | None, now_ms: int) -> Iterator[Decision]:
        """Hold the venue's liquidation price against ours; where it is the nearer one, go by it."""
        known = holder.shortfall
        self._lack(holder, ZERO)
        situation = self.situation(holder, now_ms)
        if situation is None:
            self._lack(holder, known)
            return
        found = compare(situation, quoted)
        if found.verdict != holder.agreement:
            if found.verdict != AGREED or holder.agreement != UNSEEN:
                yield announcement(situation, holder.agreement, found)
            holder.agreement = found.verdict
        self._lack(holder, found.shortfall)
        if found.shortfall != known:
            self._books.touch_shared(holder)

    def _lack(self, holder: Holder, shortfall: Decimal) -> None:
        holder.lack(shortfall)
        if not holder.isolated:
            holder.wallet.cross_pool = None

    def rejected(self, entry: Entry, now_ms: int) -> Refusal:
        """What the venue refused, as a decision like any other."""
        action = entry.action
        refusal = Refusal(
            at_ms=now_ms,
            rule=action.rule,
            intent=action.intent,
            reason=action.reason,
            because=Because.VENUE,
            text=f"{entry.code} {entry.proof}".strip(),
            mark=action.mark,
            distance=action.distance_before,
        )
        holder = self._books.holder(action.id)
        for armed in holder.armed if holder is not None else ():
            if armed.name == action.rule:
                armed.last_refusal = refusal
        return refusal

    # -- one rule -----------------------------------------------------------------------------------

    def _ask(
        self, holder: Holder, armed: Armed, situation: Situation, decisions: list[Decision], *, asleep: bool
    ) -> bool:
        """Ask one rule, and add what comes of it to ``decisions``; whether it was left at its band.

        A sleeper is asked by those only who doubt its sleep. Nothing but an action of its is news.
        """
        armed.spoke = False
        pending, armed.pending = armed.pending, QUIET
        history, ours = holder.history, self._ledger.rule_of_stop
        times_acted = history.times_acted.get(armed.name, 0)
        view = View(situation, times_acted, ours, holder.account.able, history.losses, armed.memory)
        try:
            proposals = self._proposals(armed, view, situation, pending, decisions)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: whatever it raises parks it alone
            if asleep:
                armed.pending = pending
                return False
            decisions.append(self._park(armed, f"{type(error).__name__}: {error}", situation.now_ms))
            return False
        if not proposals:
            if asleep:
                armed.pending = pending
                return False
            return proposals is None
        case = Case(holder.account, holder, armed, situation.now_ms, situation.pair)
        acted = False
        refusals: list[Refusal] = []
        for proposal in proposals:
            verdict = self._guard.review(proposal, situation, case)
            decision = verdict.decision
            if isinstance(decision, Action):
                acted = True
            else:
                refusals.append(decision)
                if may_pass(decision):
                    armed.pending = pending
                if asleep:
                    continue
            decisions.extend(self._decided(verdict, holder, armed, case))
        if asleep and not acted:
            armed.pending = pending
        elif not acted:
            decisions.extend(self._sleep(case, view, situation, refusals))
        armed.spoke = acted and not _awaits_answer(holder)
        return False

    def _proposals(
        self, armed: Armed, view: View, situation: Situation, pending: Events, decisions: list[Decision]
    ) -> Sequence[Proposal] | None:
        """What the rule wants; ``None`` where its band says that it wants nothing."""
        rule = armed.rule
        armed.expect(rule.wake(view), situation, decisions)
        if stays_false(armed, situation):
            return None
        if not holds(armed.wake, situation, pending):
            return ()
        proposals: list[Proposal] = []
        for intent, reason in rule.decide(view):
            assert len(proposals) < PROPOSALS_MAX, f"more than {PROPOSALS_MAX} intents at once"
            assert intent.id == view.id, f"asked about {view.id}, not {intent.id}"
            assert reason, "a reason is compulsory"
            assert flaw(intent) is None, flaw(intent)
            proposals.append(Proposal(armed.name, intent, reason))
        return proposals

    def _decided(self, verdict: Verdict, holder: Holder, armed: Armed, case: Case) -> Iterator[Decision]:
        decision = verdict.decision
        if isinstance(decision, Action):
            currency = holder.contract.settlement
            promised = verdict.promised
            self._ledger.prepare(decision, holder.position, currency, promised, follow_up=case.follow_up)
            holder.last_action = decision
            if isinstance(decision.intent, OpenHedge):
                self._books.announce(decision, holder.position)
            if isinstance(decision.intent, SetPosture):
                holder.take(armed.name, decision.intent)
            yield decision
        else:
            armed.last_refusal = decision
            key = (type(decision.intent), decision.because)
            version, said = armed.refused.get(key, _NEVER_REFUSED)
            if version != holder.version:
                # An exchange may tell one thing in several parts, each of them a change of state.
                armed.refused[key] = holder.version, decision
                if decision != said:
                    yield decision

    def _sleep(
        self, case: Case, view: View, situation: Situation, refusals: Sequence[Refusal]
    ) -> Sequence[Decision]:
        """Let the rule sleep if everything it may propose would be refused whatever the mark."""
        armed, holder = case.armed, case.holder
        rule = armed.rule
        grave = rule.after_losses and holder.history.losses.grave
        try:
            until_ms = asleep_until(
                (*rule.proposes, *rule.after_losses) if grave else rule.proposes,
                lambda kind: (
                    self._guard.standing(kind, case)
                    or penniless(kind, case, self._ledger, self._settings.limits)
                ),
                lambda: rule.settled(view),
                refusals,
                lambda refusal: lifted_by_marks(refusal, situation, case),
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: what it says of itself
            return [self._park(armed, f"{type(error).__name__}: {error}", case.now_ms)]
        if until_ms is not None:
            armed.asleep_until_ms = until_ms
            armed.asleep_version = holder.version
        return ()

    def _park(self, armed: Armed, why: str, now_ms: int) -> StateChanged:
        name = armed.name
        self._parked.broken[name] = why
        return StateChanged(
            at_ms=now_ms,
            subject=f"rule:{name}",
            was="running",
            now="parked",
            because=why,
            level=Level.CRITICAL,
        )

    def _reach(self, holder: Holder, armed: Armed, situation: Situation) -> Reach:
        """How far the rule's silence reaches; for isolated positions it changes only with the state."""
        if armed.asleep(holder.version, situation.now_ms):
            return Reach({}, armed.asleep_until_ms)
        if armed.pending is not QUIET or armed.spoke:
            return CLOSED
        if armed.band is OPEN and armed.band_wake is armed.wake:
            return OPEN  # It waits for events alone, whatever the state is.
        ground = situation.ground
        same = armed.band_for is ground and (armed.band_wake is armed.wake or armed.band_wake == armed.wake)
        if same and not situation.stands and armed.band.lasts(situation):
            return armed.band  # It does not hold either, as it did not when this was found.
        if same and situation.stands:
            return CLOSED if holds(armed.wake, situation, QUIET) else armed.band
        band = reach(armed.wake, situation)
        if band.bands is None and holds(armed.wake, situation, QUIET):
            return CLOSED
        armed.band, armed.band_for, armed.band_wake = band, ground, armed.wake
        return band


def _awaits_answer(holder: Holder) -> bool:
    """Whether something was sent for the position of which nothing is known yet."""
    flying = holder.history.in_flight
    return flying is not None and flying.awaited
