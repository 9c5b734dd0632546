"""Tripwires: per symbol the tightest band of all wakes, so that most marks cost two comparisons.

A wire is never the judge. It is a superset filter: outside it somebody is asked, inside it nobody would
have spoken. In a cross pool it is a side of the room (``margin.room``) that the positions share: a mark that
leaves the room concerns those alone whose own band or sum is left, and for the others it is laid anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from bot.core.accounts.book import Account, Holder
from bot.core.danger.conditions import FOREVER_MS
from bot.core.danger.situation import INFINITE
from bot.core.facts import MarkPrice
from bot.core.margin.bounds import Band
from bot.core.margin.room import Need, Rooms
from bot.core.markets.market import Market
from bot.core.types import AccountName, PositionId, Symbol

_NOWHERE = -INFINITE


class Wire:
    """The band of one symbol, and the last mark that stayed inside it since somebody looked."""

    __slots__ = ("at_ms", "high", "low", "swallowed")

    def __init__(self) -> None:
        """Nobody watches: every mark is inside."""
        self.low: Decimal = _NOWHERE
        self.high: Decimal = INFINITE
        self.at_ms = -1
        self.swallowed: MarkPrice | None = None

    def close(self) -> None:
        """Let no mark pass unseen."""
        self.low, self.high = INFINITE, _NOWHERE


class Tripwires:
    """The wires of all symbols and the times at which rules asked to be woken."""

    def __init__(
        self,
        watchers: Mapping[Symbol, Sequence[Holder]],
        accounts: Mapping[AccountName, Account],
        market: Market,
    ) -> None:
        """Watch for the positions in ``watchers``; the books keep them and the rest current."""
        self._watchers = watchers
        self._accounts = accounts
        self._market = market
        self._marks = market.marks
        self._timed: dict[PositionId, Holder] = {}
        self._left = False
        """Whether a mark has left a room since the rooms were laid, or a pool has outgrown its own."""
        self._blind: set[Symbol] = set()
        """Silent symbols: the mark that ends a silence has to be seen."""
        self.wires: dict[Symbol, Wire] = {}
        self.next_at_ms = FOREVER_MS
        """The earliest time at which some rule wants to be asked whatever the marks do."""
        self.ties = 0
        """How often any wire has been tied: while it stays the same, so do they all."""

    def wire(self, symbol: Symbol) -> Wire:
        """The wire of a symbol, which comes to be when first heard of."""
        wire = self.wires.get(symbol)
        if wire is None:
            wire = self.wires[symbol] = Wire()
        return wire

    def broken(self, symbol: Symbol, price: Decimal) -> list[Holder]:
        """The positions whose own band this mark is not strictly inside of, or whose sum it moved too far."""
        left = self._leaves_a_room(symbol, price)
        found = []
        for holder in self._watchers.get(symbol, ()):
            reach = holder.reach
            if reach.bands is None:
                found.append(holder)
                continue
            band = reach.bands.get(symbol) if holder.id.symbol == symbol else None
            moved = band is not None and not band.holds(price)
            if moved or (left and reach.sums and not self._sums_hold(holder)):
                found.append(holder)
        return found

    def _sums_hold(self, holder: Holder) -> bool:
        """Whether the sums of its pool are still where the position needs them."""
        rooms = holder.wallet.rooms
        market = self._market
        for (weight, without), band in holder.reach.sums.items():
            if not band.holds(rooms.by_weight[weight].surplus(market.marks, without, market.turn)):
                return False
        return True

    def overdue(self, at_ms: int) -> list[Holder]:
        """The positions on which a rule asked to be woken at or before ``at_ms``."""
        return [holder for holder in self._timed.values() if holder.reach.at_ms <= at_ms]

    def retie(
        self, holders: Iterable[Holder], gone: Collection[PositionId], symbols: Collection[Symbol]
    ) -> None:
        """Tie the wires anew: ``holders`` were asked, ``gone`` closed, ``symbols`` changed their watchers."""
        loose = [holder for holder in holders if holder.tied is not holder.reach]
        blind = bool(self._blind)
        for account in self._accounts.values():
            blind = blind or bool(account.blind_to)
            if account.has_cross and _outgrown(account):
                self._left = True
        if loose or gone or symbols or self._left:
            self._tie_all(loose, gone, symbols)
        if blind:
            self._tie_blind()

    def _tie_blind(self) -> None:
        blind = {symbol for account in self._accounts.values() for symbol in account.blind_to}
        for symbol in self._blind - blind:
            self._tie(symbol)
        for symbol in blind:
            self.wire(symbol).close()
        self._blind = blind
        self.ties += 1

    def _tie_all(
        self, loose: Sequence[Holder], gone: Collection[PositionId], symbols: Collection[Symbol]
    ) -> None:
        affected = set(symbols)
        for id_ in gone:
            self._timed.pop(id_, None)
        pooled = self._left or bool(gone or symbols)
        for holder in loose:
            was, reach = holder.tied, holder.reach
            holder.tied = reach
            if reach.at_ms < FOREVER_MS:
                self._timed[holder.id] = holder
            else:
                self._timed.pop(holder.id, None)
            if reach.bands is None or was is None or was.bands is None:
                affected.update(holder.watches)
            else:
                affected.add(holder.id.symbol)
            pooled = pooled or not holder.isolated
        timed = self._timed
        self.next_at_ms = min(h.reach.at_ms for h in timed.values()) if timed else FOREVER_MS
        if pooled:
            self._lay(affected)
        for symbol in affected:
            self._tie(symbol)

    def _lay(self, affected: set[Symbol]) -> None:
        """Lay the rooms of all cross pools; the symbols whose bounds moved become ``affected``."""
        self._left = False
        for account in self._accounts.values():
            for currency, wallet in account.wallets.items():
                pool = wallet.cross_pool
                if pool is None or not wallet.has_cross:
                    wallet.rooms = Rooms()
                elif all(holding.position.id.symbol in self._marks for holding in pool.holdings):
                    affected |= wallet.rooms.lay(pool, self._marks, _needs(account, currency))

    def _leaves_a_room(self, symbol: Symbol, price: Decimal) -> bool:
        left = False
        for account in self._accounts.values():
            if account.has_cross:
                for wallet in account.wallets.values():
                    left = left or not wallet.rooms.holds(symbol, price)
        self._left = self._left or left
        return left

    def _tie(self, symbol: Symbol) -> None:
        self.ties += 1
        wire = self.wire(symbol)
        low, high = _NOWHERE, INFINITE
        for holder in self._watchers.get(symbol, ()):
            bands = holder.reach.bands
            if bands is None:
                wire.close()
                return
            band = bands.get(symbol)
            if band is not None:
                low, high = _narrowed(low, high, band)
        for account in self._accounts.values():
            if account.has_cross:
                for wallet in account.wallets.values():
                    for band in wallet.rooms.bands(symbol):
                        low, high = _narrowed(low, high, band)
        wire.low, wire.high = low, high


def _outgrown(account: Account) -> bool:
    """Whether a room was laid for another pool than there is now: its wallet may be a smaller one."""
    for wallet in account.wallets.values():  # noqa: SIM110 - asked at every turn
        if wallet.rooms.laid_for is not wallet.cross_pool:
            return True
    return False


def _needs(account: Account, currency: str) -> dict[Decimal, list[Need]]:
    """What the positions of one cross pool need to stay as it is."""
    needs: dict[Decimal, list[Need]] = {}
    for holder in account.holders.values():
        if not holder.isolated and holder.contract.settlement == currency:
            for (weight, without), band in holder.reach.sums.items():
                needs.setdefault(weight, []).append((without, band))
    return needs


def _narrowed(low: Decimal, high: Decimal, band: Band) -> tuple[Decimal, Decimal]:
    if band.low is not None and band.low > low:
        low = band.low
    if band.high is not None and band.high < high:
        high = band.high
    return low, high
