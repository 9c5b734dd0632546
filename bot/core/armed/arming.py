"""Which rules look after a position: all of them after the trader's own, the keeper alone after a hedge."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from bot.core.accounts.book import Armed, Holder
from bot.core.accounts.books import Books, free_balance
from bot.core.accounts.memory import Memory
from bot.core.armed.conditioned import Conditioned
from bot.core.deeds.ledger import Ledger
from bot.core.fixed.keeper import KEEPER_ENTRY
from bot.core.fixed.seatbelt import seatbelt_entry
from bot.core.rule import Params, Rule
from bot.core.settings import SEATBELT, EngineSettings, RuleEntry, needs_of
from bot.core.types import OrderKind, Position, PositionId, RuleName, Symbol


class Arming:
    """Arms positions as they are seen, and hedges again that became the trader's own."""

    def __init__(self, settings: EngineSettings, books: Books, ledger: Ledger) -> None:
        """Arm with the rules of ``settings``; what was done before is in ``ledger``."""
        self._books = books
        self._ledger = ledger
        self._shadow = settings.shadow
        belt = (seatbelt_entry(settings.seatbelt),) if settings.seatbelt.enabled else ()
        self.entries = self._cast(settings.rules + belt)
        """The rules in the order they are asked in, the seatbelt last."""
        self._sequence = 0

    def seen(self, position: Position, at_ms: int) -> Holder:
        """A position that was not there before, with the rules that look after it."""
        id_, market = position.id, self._books.market
        contract = market.contracts.get(id_.symbol)
        assert contract is not None, f"{id_}: its contract has not been told yet"
        hedges = self._books.pairs.hedge(id_) is not None
        armed = self._armed(id_, hedges=hedges)
        history = self._ledger.history(id_)
        history.new_lot(position.opened_ms)
        history.seen_again(position.entry)
        history.lot = history.lot.seen(position, at_ms)
        account = self._books.account(id_.account)
        holder = Holder(self._sequence, account, position, contract, armed, history, known_ms=at_ms)
        holder.free = partial(free_balance, account, contract.settlement, market.marks)
        holder.hedges = hedges
        self._equip(holder)
        unheld = self._books.unheld.pop(id_, None)
        holder.rest(unheld.orders if unheld is not None else ())
        self.note_orders(holder)
        self._sequence += 1
        return holder

    def note_orders(self, holder: Holder) -> None:
        """Its orders are other ones: the first stop that is not the seatbelt's is what the lot began with."""
        history, placed = holder.history, self._ledger.rule_of_stop
        lot = history.lot
        if lot.first_stop is None or lot.first_target is None:
            chosen = [stop for stop in holder.stops if placed.get(stop.client_id) != SEATBELT]
            targets = [o for o in holder.orders if o.reduces and o.kind is OrderKind.TAKE_PROFIT_MARKET]
            history.lot = lot.stopped(holder.position, chosen, placed).aimed(targets)

    def free(self, holder: Holder) -> None:
        """Nothing of a hedge is ours any more: what is left of it is guarded as the trader's own."""
        holder.hedges = False
        holder.armed = self._armed(holder.id, hedges=False)
        self._equip(holder)
        self._books.rewatch(holder.account)
        self._books.touch_one(holder)

    def _armed(self, id_: PositionId, *, hedges: bool) -> tuple[Armed, ...]:
        entries = self._cast((KEEPER_ENTRY,)) if hedges else self.entries
        if self._books.account(id_.account).flattening is not None and not hedges:
            entries = (self._books.flatten_entry, *entries)
        silent = self._books.account(id_.account).blind_to
        return tuple(_arm(e, silent) for e in entries if e.symbols is None or id_.symbol in e.symbols)

    def _equip(self, holder: Holder) -> None:
        """Let the rules of a position ask for what was done and seen before."""
        for armed in holder.armed:
            armed.memory = Memory(armed.name, holder, self._ledger, self._books)
        needs = needs_of(armed.entry for armed in holder.armed)
        holder.pairs = needs.quarterlies
        holder.everywhere = needs.everywhere
        holder.weighs = needs.equity or needs.everywhere or bool(needs.drawdowns)
        holder.beside, holder.counts_spot = needs.beside, needs.spot_balances
        holder.confirms = any(armed.entry.confirm_for_ms for armed in holder.armed)
        if holder.history.postures:
            holder.stand()

    def _cast(self, entries: tuple[RuleEntry, ...]) -> tuple[RuleEntry, ...]:
        """The rules as they will be asked: all of them in shadow where nothing may be sent at all."""
        return tuple(replace(entry, shadow=True) for entry in entries) if self._shadow else entries


def former(name: RuleName) -> Armed:
    """A rule of an earlier run that is configured no more: what it announced is owed all the same."""
    return Armed(RuleEntry(rule=Rule[Params](name, Params())))


def _arm(entry: RuleEntry, silent: Collection[Symbol]) -> Armed:
    if entry.when is None and not entry.confirm_for_ms:
        return Armed(entry)
    return Conditioned(entry, silent=silent)
