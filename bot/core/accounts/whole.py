"""The account as a whole, as a rule on one of its positions may ask for it; and all accounts together.

What an account is worth, what it would lose, and whose turn it is to be closed. It counts what settles in the
currency of the position that asks: no position draws on a wallet of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.held.equity import Depth, Drawdown, worth
from bot.core.held.exits import exit_order
from bot.core.held.exposure import JointLoss, loss_of
from bot.core.intents import ReducePosition
from bot.core.margin.pool import Holding
from bot.core.rules.delta import Delta, deltas_of
from bot.core.types import ONE, ZERO, PositionId, RuleName, Symbol

if TYPE_CHECKING:
    from bot.core.accounts.book import Account, Holder
    from bot.core.accounts.books import Books
    from bot.core.contracts import Contract


class Whole:
    """The account that a position is in, for one rule. ``everywhere`` means all accounts together."""

    __slots__ = ("_books", "_holder", "_market", "_rule")

    def __init__(self, rule: RuleName, holder: Holder, books: Books) -> None:
        """Look things up there when asked."""
        self._rule = rule
        self._holder = holder
        self._books = books
        self._market = books.market

    @property
    def equity(self) -> Decimal | None:
        """What the account is worth in the settlement currency; ``None`` while a mark is missing."""
        return self._worth(self._holder.account)

    @property
    def equity_everywhere(self) -> Decimal | None:
        """What all accounts are worth in it together; ``None`` while anything of them is not known."""
        found = [self._worth(each) if each.known else None for each in self._books.accounts.values()]
        known = [equity for equity in found if equity is not None]
        return sum(known, ZERO) if len(known) == len(found) else None

    def drawdown(self, spec: Drawdown) -> Depth | None:
        """How far the account is below its best, of a need that was declared; ``None`` before a sample."""
        series = self._holder.wallet.drawdowns.get(spec)
        return None if series is None else series.depth

    def held(self, *, everywhere: bool) -> tuple[Symbol, ...]:
        """What is held that settles in the currency, each once."""
        return tuple(dict.fromkeys(other.id.symbol for other in self._beside(everywhere=everywhere)))

    def exits(
        self, now_ms: int, *, pool: bool, everywhere: bool, taker_fee: Decimal
    ) -> tuple[PositionId, ...]:
        """The positions that this rule may close, most risk relieved per cost first.

        Of the position's pool, or of all that settles in its currency. Those that are being closed, and those
        on which the rule is held up (paused, latched, in its cooldown), keep nobody else waiting.
        """
        here, marks = self._holder, self._market.marks
        held = [
            Holding(other.position, other.contract)
            for other in self._beside(everywhere=everywhere)
            if other.id.symbol in marks
            and (not pool or other is here or not (other.isolated or here.isolated))
            and self._may_close(other, now_ms)
        ]
        return exit_order(held, marks, self._market.books, taker_fee)

    def joint_losses(
        self, move: Callable[[Contract], Decimal | None], *, everywhere: bool
    ) -> tuple[JointLoss, ...]:
        """What each position that settles in the currency loses when its mark moves so far.

        ``move`` gives the fraction; ``None`` leaves the contract out. What is being closed counts as closed.
        """
        marks, found = self._market.marks, []
        for other in self._beside(everywhere=everywhere):
            mark, moved = marks.get(other.id.symbol), move(other.contract)
            if mark is not None and moved is not None:
                lost = loss_of(Holding(other.position, other.contract), mark, moved) * _stays(other)
                watched = any(armed.name == self._rule for armed in other.armed)
                found.append(JointLoss(other.id, lost, watched))
        return tuple(found)

    def deltas(self, *, spot: bool) -> tuple[Delta, ...] | None:
        """What each position that settles in the currency adds to the account's delta."""
        here = self._holder
        return deltas_of(here.account, here.contract.settlement, self._market, spot=spot)

    @property
    def spot(self) -> Mapping[str, Decimal] | None:
        """The coins that the account holds outright, by asset; ``None`` until they were told."""
        return self._holder.account.spot

    def is_taken(self, symbol: Symbol) -> bool:
        """Whether something is held in a contract that is no hedge of this position."""
        pairs, here = self._books.pairs, self._holder
        held = (id_ for id_ in here.account.holders if id_.symbol == symbol)
        hedges = (pairs.hedge(id_) for id_ in held)
        return any(hedge is None or hedge.guarded != here.id for hedge in hedges)

    def _beside(self, *, everywhere: bool) -> Iterator[Holder]:
        """Everything that settles in the position's currency."""
        here = self._holder
        for account in self._books.accounts.values() if everywhere else (here.account,):
            for other in account.holders.values():
                if other.contract.settlement == here.contract.settlement:
                    yield other

    def _worth(self, account: Account) -> Decimal | None:
        currency = self._holder.contract.settlement
        held = [h for h in account.holders.values() if h.contract.settlement == currency]
        holdings = [Holding(each.position, each.contract) for each in held]
        found = worth(account.wallet(currency).amount, holdings, self._market.marks)
        return None if found is None else found.equity

    def _may_close(self, other: Holder, now_ms: int) -> bool:
        if _closes(other):
            return False
        mine = (armed for armed in other.armed if armed.name == self._rule)
        return any(not armed.asleep(other.version, now_ms) for armed in mine)


def _stays(holder: Holder) -> Decimal:
    """The fraction of the position that nothing closes yet."""
    flying, held = holder.history.in_flight, holder.position.quantity
    if flying is None or not isinstance(flying.action.intent, ReducePosition):
        return ONE
    return max(ZERO, ONE - flying.action.intent.quantity / held)


def _closes(holder: Holder) -> bool:
    flying = holder.history.in_flight
    return flying is not None and isinstance(flying.action.intent, ReducePosition)
