"""The engine: facts in, decisions out.

One synchronous function folds a batch of facts and asks the rules once at its end. It has no clock, no
randomness and no I/O: the same facts give the same decisions, byte for byte. Most marks end at the
tripwire, which costs a few comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from bot.core.accounts.book import Holder, Parked
from bot.core.accounts.books import Books, events_for
from bot.core.asking.arbiter import Arbiter
from bot.core.asking.carrying import take_over, write_down
from bot.core.asking.explain import PositionExplanation, PositionStatus, explain_holder, nearest_of, status_of
from bot.core.asking.lasting import wanted_to_act
from bot.core.asking.orphans import Orphans
from bot.core.asking.tripwire import Tripwires, Wire
from bot.core.asking.watch import Watch
from bot.core.danger.conditions import FOREVER_MS, QUIET, Events
from bot.core.decisions import Decision, StateChanged
from bot.core.deeds.ledger import Ledger
from bot.core.facts import CarriedOver, Command, Fact, MarkPrice, Tick
from bot.core.held.carried import Carried, Life
from bot.core.held.holdings import Held, Holdings
from bot.core.intake.commands import end_flattening, obey
from bot.core.intake.folding import Folding
from bot.core.intents import Level
from bot.core.markets.market import Market
from bot.core.settings import EngineSettings, needs_of
from bot.core.states import AccountStatus, BotState
from bot.core.step import Step
from bot.core.types import AccountName, PositionId, Symbol

_SEQUENCE = attrgetter("sequence")
_NEVER_MS = -1
"""Before every time that anybody waits for."""


class Engine:
    """Holds what is known and decides what to do. Not to be shared between threads."""

    def __init__(self, settings: EngineSettings) -> None:
        """Start knowing nothing: accounts, contracts and positions arrive as facts."""
        self._parked = Parked()
        self._ledger = Ledger(settings.limits, settings.epoch)
        self.needs = needs = needs_of(settings.rules)
        """The market data that the configured rules want."""
        self._market = Market(
            needs.indicators, needs.timeframes_ms, needs.interest_window_ms, needs.structures
        )
        self._books = Books(settings, self._market)
        self._folding = Folding(settings, self._books, self._ledger)
        self._arbiter = Arbiter(settings, self._books, self._ledger, self._parked)
        self._watch = Watch(settings, self._books, self._ledger)
        self._orphans = Orphans(settings, self._books, self._ledger)
        self._tripwires = Tripwires(self._books.watchers, self._books.accounts, self._market)
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            **self._folding.handlers,
            MarkPrice: self._take,
            Command: lambda fact: obey(fact, self._books, self._ledger, self._parked),
            CarriedOver: lambda fact: take_over(
                fact.carried, self._books, self._ledger, self._parked, fact.at_ms
            ),
        }
        """What each kind of fact does. A kind that no part of the core reads yet does nothing."""
        self._wires = self._tripwires.wires
        self._marks = self._market.marks
        self._mark_at_ms = self._market.mark_at_ms

    # -- facts in -----------------------------------------------------------------------------------

    def step(self, fact: Fact) -> Step | None:
        """Fold one fact; ``None`` if it ended inside the tripwire."""
        if type(fact) is not MarkPrice:
            return self.fold((fact,))
        at_ms, symbol, price = fact
        wire = self._wires.get(symbol)
        if wire is None:
            wire = self._tripwires.wire(symbol)
        if at_ms < wire.at_ms:
            return None  # A late frame: what it says has been overtaken.
        wire.at_ms = at_ms
        self._marks[symbol] = price
        self._mark_at_ms[symbol] = at_ms
        if wire.low < price < wire.high and at_ms < self._tripwires.next_at_ms:
            wire.swallowed = fact
            return None
        return self._crossed(fact, wire)

    def recall(self, fact: Fact) -> Step | None:
        """Fold a fact that was swallowed, as a journal tells it; ``None`` if it wakes nobody now either.

        It is told with the step that looked at it, and may be older than others told before it: bars of the
        past come late. So a mark is no occasion here for a time that came or a silence that ended, but only
        for the positions whose band it leaves.
        """
        if type(fact) is Tick:
            self._watch.looked(fact)
            return None
        assert type(fact) is MarkPrice, f"{type(fact).__name__}: nobody swallows it"
        wire = self._tripwires.wire(fact.symbol)
        if fact.at_ms < wire.at_ms:
            return None
        wire.at_ms = self._mark_at_ms[fact.symbol] = fact.at_ms
        self._marks[fact.symbol] = fact.price
        if wire.low < fact.price < wire.high:
            wire.swallowed = fact
            return None
        return self._crossed(fact, wire, told=True)

    def fold(self, batch: Sequence[Fact]) -> Step | None:
        """Fold the facts of one exchange event; rules are asked once, at its end."""
        if len(batch) == 1 and type(batch[0]) is MarkPrice:
            return self.step(batch[0])
        books, at_ms, last = self._books, batch[-1].at_ms, type(batch[-1])
        books.begin()
        traced = at_ms >= self._tripwires.next_at_ms
        for fact in batch:
            handler = self._handlers.get(type(fact))
            if handler is not None:
                handler(fact)
                traced = True
        ticked = last is Tick
        if not (traced or ticked):
            return None  # Nobody reads what it tells, and no time has come.
        if ticked:
            self._watch.tick(batch[-1])
            books.notes.extend(self._orphans.removed(at_ms))
            books.notes.extend(self._folding.attribution.judge(at_ms))
        if ticked or last is Command:
            end_flattening(books, self._ledger, at_ms)
        decisions = (
            list(_aftermath(books, self._arbiter, self._folding, at_ms)) if books.has_aftermath else []
        )
        asked = self._concerned(batch, at_ms)
        if books.quoted:
            # The marks they were judged at must be kept.
            asked.extend(holder for holder in books.quoted if holder not in asked)
        if ticked:
            known = set(asked)
            asked.extend(h for h in all_holders(self._books) if h.reach.bands is None and h not in known)
        return self._decide(batch, asked, decisions, at_ms, patrol=ticked, traced=traced)

    # -- questions ----------------------------------------------------------------------------------

    @property
    def tripwires(self) -> Tripwires:
        """The wires of all symbols: what lets a replay jump over the marks inside them. To be read only."""
        return self._tripwires

    @property
    def next_at_ms(self) -> int:
        """The earliest time at which some rule wants to be asked whatever the marks do."""
        return self._tripwires.next_at_ms

    def carried(self) -> Carried:
        """What the next run has to know and no reading of the exchange brings back."""
        return write_down(self._books, self._ledger, self._parked)

    def states(self) -> Mapping[AccountName, BotState]:
        """The state of each account."""
        return {account.name: account.state for account in self._books.accounts.values()}

    def accounts(self) -> tuple[AccountStatus, ...]:
        """How each account stands, and why."""
        return tuple(
            AccountStatus(
                name=account.name,
                state=account.state,
                because=account.because,
                silent=tuple(sorted(account.blind_to)),
                flattening=account.flattening,
            )
            for account in self._books.accounts.values()
        )

    def distance(self, id_: PositionId) -> Decimal | None:
        """Signed distance to liquidation at the present mark; ``None`` if closed or without liquidation."""
        holder = self._books.holder(id_)
        situation = self._arbiter.between(holder) if holder is not None else None
        if situation is None or situation.liquidation is None:
            return None
        return situation.distance

    def distances(self, account: AccountName) -> Iterator[tuple[Decimal | None, Decimal | None]]:
        """Of each position how far liquidation is, and the nearest condition of a rule on the distance.

        ``overview`` tells both, and more.
        """
        known = self._books.accounts.get(account)
        for holder in known.holders.values() if known is not None else ():
            situation = self._arbiter.between(holder)
            if situation is not None:
                nearest = nearest_of(holder, situation, self._parked)
                yield situation.distance, None if nearest is None else nearest[0]

    def explain(self, symbol: Symbol | None = None) -> tuple[PositionExplanation, ...]:
        """Each rule's conditions with their values and how far away they are, per position."""
        return tuple(
            explain_holder(
                holder.account,
                holder,
                self._arbiter.between(holder),
                self._parked,
                self._ledger.rule_of_stop,
            )
            for holder in all_holders(self._books)
            if symbol is None or holder.id.symbol == symbol
        )

    def overview(self) -> tuple[PositionStatus, ...]:
        """One line per position, for tables."""
        return tuple(
            status_of(holder, self._arbiter.between(holder), self._parked)
            for holder in all_holders(self._books)
        )

    def holdings(self) -> Holdings:
        """Every position with its contract and mark, and the wallets behind them."""
        seen = ((each, self._arbiter.between(each)) for each in all_holders(self._books))
        return Holdings(
            positions=tuple(
                Held(
                    position=each.position,
                    contract=each.contract,
                    mark=None if situation is None else situation.mark,
                )
                for each, situation in seen
            ),
            wallets={
                name: {currency: wallet.amount for currency, wallet in account.wallets.items()}
                for name, account in self._books.accounts.items()
            },
        )

    # -- inside -------------------------------------------------------------------------------------

    def _take(self, fact: MarkPrice) -> None:
        """Let a mark in a batch be seen, unless it has been overtaken by one outside."""
        wire = self._tripwires.wire(fact.symbol)
        if fact.at_ms >= wire.at_ms:
            wire.at_ms, wire.swallowed = fact.at_ms, None
            self._watch.see(fact)
            self._market.mark(fact)

    def _crossed(self, fact: MarkPrice, wire: Wire, *, told: bool = False) -> Step | None:
        """A mark outside the tripwire, or a time that came: ask those whose own band it left."""
        self._books.begin()
        seen_again = not told and self._watch.see(fact)
        asked = self._concerned((fact,), _NEVER_MS if told else fact.at_ms)
        if not asked and not seen_again:
            self._tripwires.retie((), (), ())
            wire.swallowed = fact
            return None
        step = self._decide((fact,), asked, [], fact.at_ms, patrol=False, traced=True)
        wire.swallowed = None  # Where only others were asked it is still there, and overtaken.
        return step

    def _decide(
        self,
        batch: Sequence[Fact],
        asked: list[Holder],
        decisions: list[Decision],
        at_ms: int,
        *,
        patrol: bool,
        traced: bool,
    ) -> Step | None:
        """Ask the rules on the positions concerned, and tie the wires anew.

        A batch that left the books as they were, and met no time that somebody waited for, is not ``traced``
        and need not be kept, unless something came of it.
        """
        books = self._books
        decisions.extend(books.notes)
        if len(asked) > 1:
            asked.sort(key=_SEQUENCE)
        restless = [holder for holder in asked if holder.reach.bands is None] if patrol else ()
        for holder in asked:
            decisions.extend(self._ask(holder, events_for(books, holder), at_ms))
        if patrol:
            decisions.extend(self._patrol(asked, at_ms))
        # Freshness is judged by the marks of every position, so a patrol has looked at all of them.
        looked_at = list(all_holders(self._books)) if patrol else asked
        self._tripwires.retie(looked_at, books.gone, books.rewatched)
        if not decisions and not traced and not _timed(restless):
            return None
        swallowed = _swallowed(self._tripwires, looked_at)
        if self._watch.untold is not None:
            swallowed = (*self._watch.tell(batch[-1]), *swallowed)
        return Step(at_ms, swallowed, tuple(batch), tuple(decisions))

    def _ask(self, holder: Holder, events: Events, at_ms: int) -> Sequence[Decision]:
        return self._arbiter.evaluate(holder, events, at_ms)

    def _concerned(self, batch: Sequence[Fact], at_ms: int) -> list[Holder]:
        """The positions whose promise of silence does not reach past this batch.

        A position hears of marks of its pool's symbols, of closed bars of its own, of changes of its state,
        of silence, and at any fact of the time it asked for. What else another symbol does is no occasion.
        """
        books = self._books
        found = dict(books.changed)
        for symbol in books.bars:
            for holder in books.held.get(symbol, ()):
                found[holder] = None
        for fact in batch:
            if type(fact) is MarkPrice:
                found.update(dict.fromkeys(self._tripwires.broken(fact.symbol, fact.price)))
        if at_ms >= self._tripwires.next_at_ms:
            # The wires are tied anew at the end: until then they know positions that this batch closed.
            due = self._tripwires.overdue(at_ms)
            found.update(dict.fromkeys(h for h in due if books.holder(h.id) is h))
        return list(found)

    def _patrol(self, asked: Sequence[Holder], at_ms: int) -> Iterator[Decision]:
        """Ask everybody else too: what is found only here slipped through a tripwire and is reported."""
        known = set(asked)
        for holder in list(all_holders(self._books)):
            if holder in known:
                continue
            found = list(self._arbiter.evaluate_all(holder, QUIET, at_ms))
            for decision in found:
                if wanted_to_act(decision):
                    yield StateChanged(
                        at_ms=at_ms,
                        subject=f"rule:{decision.rule}",
                        was="asleep",
                        now="unsound_wake",
                        because=f"it wanted to act on {holder.id} inside its tripwire",
                        level=Level.WARNING,
                    )
            yield from found


def all_holders(books: Books) -> Iterator[Holder]:
    """Every position of every account."""
    for account in books.accounts.values():
        yield from account.holders.values()


def _aftermath(books: Books, arbiter: Arbiter, folding: Folding, at_ms: int) -> Iterator[Decision]:
    """What comes of intents that were proven, of hedges given up, of prices that the venue quoted."""
    for entry in books.resolved:
        books.resolve(entry)
        if entry.life is Life.REJECTED:
            yield arbiter.rejected(entry, at_ms)
        yield from arbiter.follow_up(entry, at_ms)
    for holder in books.freed:
        folding.arming.free(holder)
    for holder, price in books.quoted.items():
        yield from arbiter.compare(holder, price, at_ms)


def _timed(restless: Sequence[Holder]) -> bool:
    """Whether some of those who were asked at every mark wait for a time now: who was not there misses it."""
    return any(holder.reach.at_ms < FOREVER_MS for holder in restless)


def _swallowed(tripwires: Tripwires, asked: Sequence[Holder]) -> tuple[Fact, ...]:
    """The last swallowed mark of every symbol that this turn looked at."""
    taken = []
    for symbol in _looked_at(asked):
        wire = tripwires.wires.get(symbol)
        if wire is not None and wire.swallowed is not None:
            taken.append(wire.swallowed)
            wire.swallowed = None
    return tuple(taken)


def _looked_at(asked: Sequence[Holder]) -> Sequence[Symbol]:
    """The symbols that the positions are judged by, sorted: of one pool's they are the very same."""
    symbols = asked[0].judged_by if asked else ()
    for holder in asked:
        if holder.judged_by is not symbols:
            return sorted({symbol for each in asked for symbol in each.judged_by})
    return symbols
