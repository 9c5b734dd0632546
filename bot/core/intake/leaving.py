"""What is there no longer although we did nothing: stops, parts of hedges, positions the venue closed.

Whoever took them away, people are told; and what the core decides next depends on who it was.
"""

from __future__ import annotations

from bot.core.accounts.book import Holder
from bot.core.accounts.books import Books
from bot.core.decisions import StateChanged
from bot.core.deeds.ledger import Ledger
from bot.core.deeds.stop_news import told, turn
from bot.core.facts import Deleveraged, Delivered, Liquidated, OrderEnded, PositionChanged
from bot.core.held.losses import Ending, Losses
from bot.core.intents import CloseHedge, Level, ReducePosition
from bot.core.types import ZERO, ClientId, PositionId

GONE_MAX = 16
"""Stops that rest no longer are remembered so many to a position."""


def miss_stops(books: Books, ledger: Ledger, holder: Holder, alive: set[ClientId], at_ms: int) -> None:
    """Take note of stops of ours that rest no longer; what we did ourselves needs no explanation."""
    gone = [o.client_id for o in holder.stops if o.client_id not in alive]
    known = [client_id for client_id in gone if client_id in ledger.rule_of_stop]
    if not known:
        return
    history, id_ = holder.history, holder.id
    acts = [history.in_flight, *(entry for entry in books.resolved if entry.action.id == id_)]
    ours = any(entry is not None and entry.takes_stops for entry in acts)
    for client_id in known:
        history.gone.setdefault(client_id, None if ours else at_ms)
    while len(history.gone) > GONE_MAX:
        del history.gone[next(iter(history.gone))]


def stop_ended(books: Books, ledger: Ledger, fact: OrderEnded) -> None:
    """It is known how a stop ended: one that rests here, or that was here when it was seen last."""
    holder = books.holder(fact.id)
    if holder is None:
        return
    history = holder.history
    rests = fact.client_id in ledger.rule_of_stop
    if not rests and fact.client_id not in history.gone:
        return
    known = fact.client_id in history.gone and history.gone[fact.client_id] is None
    if known and fact.how is not Ending.MET:
        return  # Told already, by whoever placed it and by whoever missed it, or taken away by us.
    history.gone[fact.client_id] = None
    before, history.losses = history.losses, history.losses.after(fact.how, fact.at_ms)
    books.notes.append(told(fact))
    turned(books, fact.id, before, history.losses, fact.at_ms)
    books.touch_one(holder)


def turned(books: Books, id_: PositionId, before: Losses, now: Losses, at_ms: int) -> None:
    """Say that the seatbelt stands otherwise than before, if it does."""
    news = turn(id_, before, now, at_ms) if now is not before else None
    if news is not None:
        books.notes.append(news)


def leg_changed(books: Books, ledger: Ledger, holder: Holder, fact: PositionChanged) -> None:
    """Say that there is less of a hedge than there was, where it was not us who closed it.

    A stream may have told why (``closed_by_venue``). Where none did, this is all that anybody hears of it.
    """
    left = fact.position.quantity if fact.position is not None else ZERO
    hedge = books.pairs.hedge(fact.id)
    if hedge is None or left >= holder.position.quantity:
        return
    ids = (hedge.id, hedge.guarded)
    acts = [ledger.history(id_).in_flight for id_ in ids]
    acts += [entry for entry in books.resolved if entry.action.id in ids]
    if any(isinstance(e.action.intent, CloseHedge | ReducePosition) for e in acts if e is not None):
        return
    books.pairs.shrank(fact.id, left)
    books.notes.append(
        StateChanged(
            at_ms=fact.at_ms,
            subject=f"hedge:{hedge.guarded}",
            was=f"{holder.position.quantity} in {fact.id.symbol}",
            now=f"{left} in {fact.id.symbol}",
            because="not by us: what it guards stands with less of a hedge, or with none",
            level=Level.CRITICAL,
        )
    )


def closed_by_venue(books: Books, fact: Liquidated | Deleveraged | Delivered) -> None:
    """Say what the venue did. A delivery is on the calendar, and yet what it hedged stands alone from now."""
    # A part of it may be all that the venue took.
    why = "it expired and was settled" if isinstance(fact, Delivered) else f"the venue closed {fact.quantity}"
    books.notes.append(
        StateChanged(
            at_ms=fact.at_ms,
            subject=f"position:{fact.id}",
            was="open",
            now=type(fact).__name__.lower(),
            because=f"{why} at {fact.price}",
            level=Level.CRITICAL,
        )
    )
