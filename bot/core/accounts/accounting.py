"""What an account made and lost, where a rule asks: funding of each lot, and drawdowns at closing bars."""

from __future__ import annotations

from bot.core.accounts.book import Account
from bot.core.accounts.books import Books
from bot.core.deeds.ledger import Ledger
from bot.core.facts import BarClosed, FundingPaid
from bot.core.held.equity import Drawdown, DrawdownSeries, Held, worth
from bot.core.held.spot import SpotBalancesChanged
from bot.core.margin.pool import Holding
from bot.core.rule import Needs
from bot.core.states import BotState

_SURE = (BotState.ARMED, BotState.REDUCING)
"""States in which what is known of an account is all of it."""


class Accounting:
    """Keeps the counts; nothing is counted that no rule needs."""

    def __init__(self, books: Books, ledger: Ledger, needs: Needs) -> None:
        """Count in ``books`` and ``ledger`` what ``needs`` ask for."""
        self._books = books
        self._ledger = ledger
        self._specs: dict[int, list[Drawdown]] = {}
        for spec in sorted(needs.drawdowns, key=lambda s: (s.timeframe_ms, s.length, s.deep)):
            self._specs.setdefault(spec.timeframe_ms, []).append(spec)
        self.samples = bool(self._specs)
        """Whether any bar is an occasion to look."""

    def paid(self, fact: FundingPaid) -> None:
        """Funding was settled on a position."""
        holder = self._books.holder(fact.id)
        if holder is None:
            return
        history = holder.history
        history.funding_in_lot += fact.amount
        history.lot = history.lot.paid(fact.amount, holder.position.quantity)
        if self.samples:
            account = self._books.accounts[fact.id.account]
            account.wallet(holder.contract.settlement).funding += fact.amount

    def spot(self, fact: SpotBalancesChanged) -> None:
        """The coins that an account holds outright were told; nothing of it where nothing has changed."""
        account = self._books.account(fact.account)
        told = {each.asset: each.quantity for each in fact.holdings}
        if told == account.spot:
            return
        account.spot = told
        self._books.rewatch(account)
        for holder in account.holders.values():
            if holder.counts_spot:
                self._books.touch_one(holder)

    def sample(self, bar: BarClosed) -> None:
        """Look at what the accounts are worth that hold the symbol whose bar closed.

        One bar of several that close together is enough, and one that closed long ago is none.
        """
        specs = self._specs.get(bar.timeframe_ms)
        mark_ms = self._books.market.mark_at_ms.get(bar.symbol)
        if specs is None or mark_ms is None or bar.at_ms + bar.timeframe_ms <= mark_ms:
            return
        for holder in self._books.held.get(bar.symbol, ()):
            account = self._books.accounts[holder.id.account]
            if holder.weighs and account.state in _SURE:
                self._sample(account, holder.contract.settlement, specs, bar.at_ms)

    def _sample(self, account: Account, currency: str, specs: list[Drawdown], at_ms: int) -> None:
        wallet = account.wallet(currency)
        due = []
        for spec in specs:
            series = wallet.drawdowns.get(spec)
            if series is None:
                series = wallet.drawdowns[spec] = DrawdownSeries(spec)
            if series.at_ms < at_ms:
                due.append(series)
        if not due or self._ledger.under_way(account.name):
            return
        held = [h for h in account.holders.values() if h.contract.settlement == currency]
        holdings = [Holding(h.position, h.contract) for h in held]
        found = worth(wallet.amount, holdings, self._books.market.marks)
        if found is not None:
            sizes = tuple(
                Held(id=h.id, quantity=h.position.quantity) for h in sorted(held, key=lambda h: h.id)
            )
            for series in due:
                series.sample(at_ms, found, sizes, wallet.funding)
