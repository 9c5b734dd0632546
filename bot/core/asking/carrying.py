"""Writing down what the next run has to know, and taking it over. The two are each other's mirror."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.core.accounts.book import Parked
from bot.core.accounts.books import Books
from bot.core.decisions import StateChanged
from bot.core.deeds.acted import Acted
from bot.core.deeds.history import Entry, History
from bot.core.deeds.ledger import Ledger
from bot.core.held.carried import (
    AccountRecord,
    Carried,
    HedgeOnItsWay,
    Life,
    OpenIntent,
    Pause,
    PlacedStop,
    PoolExit,
    PositionRecord,
    Repeated,
    RuleRecord,
    SpendingRecord,
)
from bot.core.held.equity import DrawdownRecord, DrawdownSeries
from bot.core.intents import Level
from bot.core.types import ClientId, PositionId, RuleName

_ANSWERED = frozenset({Life.APPLIED})


def write_down(books: Books, ledger: Ledger, parked: Parked) -> Carried:
    """Everything that no reading of the exchange brings back."""
    return Carried(
        positions=tuple(_position(id_, history) for id_, history in sorted(ledger.histories.items())),
        open_intents=tuple(_open_intent(entry) for entry in ledger.entries.values()),
        spending=tuple(
            SpendingRecord(
                account=account,
                currency=currency,
                margin=spending.margin,
                day=spending.day,
                margin_in_day=spending.margin_in_day,
            )
            for (account, currency), spending in sorted(ledger.spendings.items())
        ),
        accounts=tuple(
            AccountRecord(
                account=name,
                halted=account.halted,
                reducing=account.reducing,
                flattening=account.flattening,
                paused_until_ms=account.paused_until_ms,
                strangers=tuple(sorted(account.strangers)),
                acted_ms=tuple(ledger.acted(name).at_ms),
                day=ledger.acted(name).day,
                acted_in_day=ledger.acted(name).on_day,
            )
            for name, account in sorted(books.accounts.items())
        ),
        stops=tuple(
            PlacedStop(client_id=ClientId(client_id), rule=rule)
            for client_id, rule in sorted(ledger.rule_of_stop.items())
        ),
        hedges=tuple(books.pairs.hedges.values()),
        openings=tuple(
            HedgeOnItsWay(client_id=client_id, id=id_)
            for client_id, id_ in sorted(books.pairs.openings.items())
        ),
        pauses=tuple(
            Pause(subject=subject, until_ms=until_ms)
            for subject, until_ms in sorted(parked.paused_until_ms.items())
        ),
        exits=tuple(
            PoolExit(account=account, currency=currency, rule=rule, at_ms=at_ms)
            for (account, currency, rule), at_ms in sorted(ledger.exits.items())
        ),
        drawdowns=tuple(_drawdowns(books)),
    )


def take_over(carried: Carried, books: Books, ledger: Ledger, parked: Parked, at_ms: int) -> None:
    """Begin where an earlier run ended. To be done before anything else is known.

    What was on its way is unknown: it may have been done after the last thing that was written down. A memory
    that has not counted it (of a journal that was restored in part) is completed, and people are told.
    """
    assert not ledger.histories, "there is a memory already"
    for record in carried.positions:
        ledger.histories[record.id] = _history(record)
    for intent in carried.open_intents:
        entry = _entry(intent)
        ledger.entries[entry.action.client_id] = entry
        if not entry.gone:
            ledger.history(entry.action.id).in_flight = entry
    for spent in carried.spending:
        spending = ledger.spending(spent.account, spent.currency)
        spending.margin, spending.day, spending.margin_in_day = spent.margin, spent.day, spent.margin_in_day
    for known in carried.accounts:
        account = books.account(known.account)
        account.halted, account.paused_until_ms = known.halted, known.paused_until_ms
        account.reducing |= known.reducing
        account.flattening = known.flattening
        account.strangers.update(known.strangers)
        ledger.acts[known.account] = Acted.again(known.acted_ms, known.day, known.acted_in_day)
    ledger.rule_of_stop.update({stop.client_id: stop.rule for stop in carried.stops})
    books.pairs.take_over(carried.hedges, {each.client_id: each.id for each in carried.openings})
    parked.paused_until_ms.update({pause.subject: pause.until_ms for pause in carried.pauses})
    ledger.exits.update({(each.account, each.currency, each.rule): each.at_ms for each in carried.exits})
    for seen in carried.drawdowns:
        wallet = books.account(seen.account).wallet(seen.currency)
        wallet.drawdowns[seen.spec] = DrawdownSeries.again(seen)
    books.notes.extend(_incomplete(entry, at_ms) for entry in _complete(ledger))


# -- inside -----------------------------------------------------------------------------------------


def _drawdowns(books: Books) -> Iterator[DrawdownRecord]:
    """Those that have been sampled."""
    for name, account in sorted(books.accounts.items()):
        for currency, wallet in sorted(account.wallets.items()):
            order = sorted(wallet.drawdowns, key=lambda s: (s.timeframe_ms, s.length, s.deep))
            for series in (wallet.drawdowns[spec] for spec in order):
                if series.depth is not None:
                    yield series.record(name, currency)


def _position(id_: PositionId, history: History) -> PositionRecord:
    names = sorted(
        {
            *history.times_acted,
            *history.last_acted_ms,
            *history.last_failed_ms,
            *history.equal,
            *history.latched,
            *history.unfilled,
            *history.said,
            *history.postures,
        }
    )
    return PositionRecord(
        id=id_,
        lot_ms=history.lot_ms,
        actions_in_lot=history.actions_in_lot,
        margin_in_lot=history.margin_in_lot,
        hedge_margin_in_lot=history.hedge_margin_in_lot,
        margin_in_streak=history.margin_in_streak,
        margin_added_ms=history.margin_added_ms,
        last_action=history.last_action,
        losses=history.losses,
        withdrawn_in_lot=history.withdrawn_in_lot,
        funding_in_lot=history.funding_in_lot,
        lot=history.lot,
        rules=tuple(_rule(name, history) for name in names),
    )


def _rule(name: RuleName, history: History) -> RuleRecord:
    repeated = None
    if name in history.equal:
        intent, position, count = history.equal[name]
        repeated = Repeated(intent=intent, position=position, count=count)
    return RuleRecord(
        rule=name,
        times_acted=history.times_acted.get(name, 0),
        last_acted_ms=history.last_acted_ms.get(name),
        last_failed_ms=history.last_failed_ms.get(name),
        latched=name in history.latched,
        unfilled=history.unfilled.get(name, 0),
        repeated=repeated,
        said=history.said.get(name),
        posture=history.postures.get(name),
    )


def _history(record: PositionRecord) -> History:
    history = History(
        lot_ms=record.lot_ms,
        actions_in_lot=record.actions_in_lot,
        margin_in_lot=record.margin_in_lot,
        hedge_margin_in_lot=record.hedge_margin_in_lot,
        margin_in_streak=record.margin_in_streak,
        margin_added_ms=record.margin_added_ms,
        last_action=record.last_action,
        losses=record.losses,
        withdrawn_in_lot=record.withdrawn_in_lot,
        funding_in_lot=record.funding_in_lot,
        lot=record.lot,
    )
    for rule in record.rules:
        name = rule.rule
        if rule.times_acted:
            history.times_acted[name] = rule.times_acted
        if rule.last_acted_ms is not None:
            history.last_acted_ms[name] = rule.last_acted_ms
        if rule.last_failed_ms is not None:
            history.last_failed_ms[name] = rule.last_failed_ms
        if rule.latched:
            history.latched.add(name)
        if rule.unfilled:
            history.unfilled[name] = rule.unfilled
        if rule.said is not None:
            history.said[name] = rule.said
        if rule.posture is not None:
            history.postures[name] = rule.posture
        if rule.repeated is not None:
            repeated = rule.repeated
            history.equal[name] = repeated.intent, repeated.position, repeated.count
    return history


def _open_intent(entry: Entry) -> OpenIntent:
    return OpenIntent(
        action=entry.action,
        before=entry.before,
        follow_up=entry.follow_up,
        currency=entry.currency,
        promised=entry.promised,
        life=entry.life,
        code=entry.code,
        proof=entry.proof,
        filled=entry.filled,
        gone=entry.gone,
    )


def _entry(intent: OpenIntent) -> Entry:
    return Entry(
        action=intent.action,
        before=intent.before,
        follow_up=intent.follow_up,
        currency=intent.currency,
        promised=intent.promised,
        life=intent.life if intent.life in _ANSWERED else Life.UNKNOWN,
        code=intent.code,
        proof=intent.proof,
        filled=intent.filled,
        gone=intent.gone,
    )


def _complete(ledger: Ledger) -> Iterator[Entry]:
    """Count what is on its way and was not counted: if it fails, it is taken back from these counts."""
    on_its_way: Counter[tuple[PositionId, RuleName]] = Counter()
    for entry in ledger.entries.values():
        id_, rule, before = entry.action.id, entry.action.rule, entry.before
        if entry.follow_up or before is None:
            continue
        history = ledger.history(id_)
        history.lot_ms = history.lot_ms or before.opened_ms
        if history.lot_ms == before.opened_ms:
            on_its_way[id_, rule] += 1
            if history.times_acted.get(rule, 0) < on_its_way[id_, rule]:
                ledger.count(entry, history)
                yield entry


def _incomplete(entry: Entry, at_ms: int) -> StateChanged:
    action = entry.action
    return StateChanged(
        at_ms=at_ms,
        subject=f"memory:{action.id}",
        was="whole",
        now="incomplete",
        because=f"{action.client_id} of {action.rule} is on its way and was not counted: it is counted now",
        level=Level.WARNING,
    )
