"""The watch over silence: data that went stale, sight that came back, intents nobody answered.

Silence is a fact like any other, delivered as ``Tick``. What it means is decided here, once for all rules.
"""

from __future__ import annotations

from bot.core.accounts.book import Account
from bot.core.accounts.books import Books
from bot.core.decisions import StateChanged
from bot.core.deeds.ledger import Ledger
from bot.core.facts import Fact, MarkPrice
from bot.core.intents import Level
from bot.core.settings import EngineSettings
from bot.core.types import Symbol

SURELY = 5
"""A mark ends a silence where it is younger than the allowed age by one part in so many: by a second of the
five that are usual, which is how far apart looks are. One that is old by the next look ends it in vain."""


class Watch:
    """Turns the passing of time into changes of state."""

    def __init__(self, settings: EngineSettings, books: Books, ledger: Ledger) -> None:
        """Watch over the accounts in ``books`` and the intents in ``ledger``."""
        self._settings = settings
        self._books = books
        self._ledger = ledger
        self._looked_ms = 0
        self.untold: Fact | None = None
        """The last tick while a symbol is silent, until a step tells of it: marks are judged by it."""

    def tick(self, fact: Fact) -> None:
        """Judge how old everything is by now."""
        at_ms = self._looked_ms = fact.at_ms
        self._judge_freshness(at_ms)
        self._judge_deadlines(at_ms)
        silent = any(account.blind_to for account in self._books.accounts.values())
        self.untold = fact if silent else None

    def looked(self, fact: Fact) -> None:
        """There was such a tick, and nothing came of it."""
        self._looked_ms = fact.at_ms

    def tell(self, last: Fact) -> tuple[Fact, ...]:
        """The tick that has not been told yet, unless the step that ends with ``last`` tells it itself."""
        untold, self.untold = self.untold, None
        return () if untold is None or untold is last else (untold,)

    def see(self, fact: MarkPrice) -> bool:
        """A mark of a symbol that had gone silent ends the blindness once it was the last one missing.

        Not where it is nearly too old as it comes: marks that are dated too early would else be announced as
        silent and fresh by turns. Whether the symbol is silent for nobody any more, and had been: then the
        mark has changed something.
        """
        silent = [a for a in self._books.accounts.values() if fact.symbol in a.blind_to]
        if silent and self._looked_ms - fact.at_ms > self._allowed_ms(fact.symbol) * (SURELY - 1) // SURELY:
            return False
        for account in silent:
            account.blind_to.discard(fact.symbol)
            self._say(account, fact.symbol, "fresh", fact.at_ms)
            self._books.settle(account, "marks are fresh again", fact.at_ms)
        return bool(silent)

    def _judge_freshness(self, at_ms: int) -> None:
        """Silence becomes blindness when a held symbol's mark is older than allowed."""
        mark_at_ms = self._books.market.mark_at_ms
        for account in self._books.accounts.values():
            for holder in account.holders.values():
                symbol = holder.id.symbol
                silent_ms = at_ms - mark_at_ms.get(symbol, holder.known_ms)
                if silent_ms > self._allowed_ms(symbol) and symbol not in account.blind_to:
                    account.blind_to.add(symbol)
                    self._say(account, symbol, "silent", at_ms)
            silent = ", ".join(sorted(account.blind_to))
            self._books.settle(account, f"no fresh mark price of {silent}", at_ms)

    def _allowed_ms(self, symbol: Symbol) -> int:
        """How old its mark may be."""
        return self._settings.stale_after_ms.get(symbol, self._settings.limits.stale_after_ms)

    def _say(self, account: Account, symbol: Symbol, now: str, at_ms: int) -> None:
        """One silent symbol stops what depends on it, and nothing else; all of them blind the account."""
        silent = now == "silent"
        stands = "nothing is decided on its positions while it is silent"
        self._books.notes.append(
            StateChanged(
                at_ms=at_ms,
                subject=f"mark:{account.name}/{symbol}",
                was="fresh" if silent else "silent",
                now=now,
                because=stands if silent else "its mark is told again",
                level=Level.CRITICAL if silent else Level.INFO,
            )
        )
        for holder in account.holders.values():
            if holder.id.symbol == symbol or not holder.isolated:
                self._books.touch_one(holder)

    def _judge_deadlines(self, at_ms: int) -> None:
        """An intent nobody answered in time is unknown, which is neither done nor undone."""
        for entry in self._ledger.overdue(at_ms):
            action = entry.action
            kind = type(action.intent).__name__
            self._books.notes.append(
                StateChanged(
                    at_ms=at_ms,
                    subject=f"intent:{action.client_id}",
                    was="in flight",
                    now=entry.life,
                    because=f"no answer to {kind} of {action.rule} by {action.deadline_ms}",
                    level=Level.CRITICAL,
                )
            )
            self._books.touch(self._books.accounts[action.id.account])
