"""The exchange's own ledger: every request as it fared, every change of the books with its cause.

It hears the world's events while they happen. Whoever lets something happen says first whose doing it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count

from bot.core.facts import (
    BalanceChanged,
    Deleveraged,
    Delivered,
    FundingPaid,
    Liquidated,
    PositionChanged,
)
from bot.core.types import AccountName, PositionId, Symbol
from bot.simulator import World
from bot.simulator.records import OrderRecord
from bot.simulator.world import Event
from bot.venues.port import Batch
from tests.faults.evidence import (
    Asked,
    Cause,
    Effect,
    Held,
    Injected,
    MarginEffect,
    Marked,
    OrderEffect,
    PositionEffect,
    SettingEffect,
    WalletEffect,
    Who,
)
from tests.faults.passing import US, Time

THE_MARKET = Cause(who=Who.VENUE, what="market")
_WORDS: tuple[tuple[type, str], ...] = (
    (Liquidated, "liquidation"),
    (Deleveraged, "deleveraging"),
    (Delivered, "delivery"),
    (FundingPaid, "funding"),
)


@dataclass(slots=True)
class Ledger:
    """Written while the run lasts."""

    time: Time
    world: World
    requests: dict[int, Asked] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    faults: list[Injected] = field(default_factory=list)
    marks: list[Marked] = field(default_factory=list)
    _cause: Cause = THE_MARKET
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _positions: dict[PositionId, object] = field(default_factory=dict)
    _wallets: dict[tuple[AccountName, str], Decimal] = field(default_factory=dict)
    _orders: dict[int, OrderRecord] = field(default_factory=dict)

    def open(self) -> tuple[Held, ...]:
        """Begin to write, with the books as they are."""
        held = self.held()
        for each in held:
            self._positions |= each.positions
            self._wallets |= {(each.account, name): amount for name, amount in each.wallets.items()}
            self._orders |= {order.order_id: order for order in each.orders}
        self.world.listen(events=self._happened)
        return held

    def held(self) -> tuple[Held, ...]:
        """The books as they are."""
        views = [self.world.view(account) for account in self.world.accounts]
        return tuple(
            Held(
                account=view.account,
                positions=dict(view.positions),
                wallets=dict(view.wallets),
                orders=view.open_orders,
            )
            for view in views
        )

    def because(self, cause: Cause) -> AbstractContextManager[None]:
        """Whatever happens in the block is so caused."""
        return _Because(self, cause)

    def blame(self, cause: Cause) -> Cause:
        """From now on that is the cause; returns what was."""
        before, self._cause = self._cause, cause
        return before

    # -- requests -----------------------------------------------------------------------------------

    def sent(self, asked: Asked) -> int:
        """A request left the bot; its number."""
        asked.number = number = next(self._numbers)
        asked.sent_ms = self.time.now_ms
        self.requests[number] = asked
        return number

    def arrived(self, number: int) -> None:
        """It reached the exchange."""
        self.requests[number].arrived_ms = self.time.now_ms

    def carried_out(self, number: int, *, executed: bool, code: str) -> None:
        """The exchange did what it asked for, or refused with ``code``."""
        asked = self.requests[number]
        asked.executed, asked.code = executed, code

    def answered(
        self,
        number: int,
        status: int | None,
        how: str,
        *,
        retry_ms: int = 0,
        banned: bool = False,
        heard: bool = True,
    ) -> None:
        """What the bot got, and when; not ``heard`` where nobody waited for it any more."""
        asked = self.requests[number]
        asked.answered_ms = self.time.now_ms
        asked.status, asked.answered = status, how
        asked.retry_after_ms, asked.banned, asked.heard = retry_ms, banned, heard

    # -- effects ------------------------------------------------------------------------------------

    def margin_moved(self, id_: PositionId, amount: Decimal) -> None:
        """Somebody put margin in or took it out."""
        self.effects.append(
            MarginEffect(
                number=next(self._numbers), at_ms=self.time.now_ms, id=id_, amount=amount, cause=self._cause
            )
        )

    def was_set(self, account: AccountName, symbol: str, what: str, value: str) -> None:
        """Somebody set something."""
        self.effects.append(
            SettingEffect(
                number=next(self._numbers),
                at_ms=self.time.now_ms,
                account=account,
                symbol=symbol,
                what=what,
                value=value,
                cause=self._cause,
            )
        )

    def marked(self, symbol: Symbol, mark: Decimal) -> None:
        """The true mark."""
        self.marks.append(Marked(self.time.now_us // US, symbol, mark))

    def injected(
        self, kind: str, what: str = "", *, until_ms: int | None = None, request: int | None = None
    ) -> None:
        """A fault came to pass."""
        now_ms = self.time.now_ms
        end_ms = now_ms if until_ms is None else until_ms
        self.faults.append(Injected(at_ms=now_ms, until_ms=end_ms, kind=kind, what=what, request=request))

    def _happened(self, event: Event) -> None:
        cause = self._cause_of(event.facts)
        for update in event.updates:
            order = update.order
            before = self._orders.get(order.order_id)
            if before == order:
                continue
            self._orders[order.order_id] = order
            self.effects.append(
                OrderEffect(
                    number=next(self._numbers),
                    at_ms=self.time.now_ms,
                    before=before,
                    after=order,
                    cause=cause,
                )
            )
        for fact in event.facts:
            match fact:
                case PositionChanged():
                    self._position(fact, cause)
                case BalanceChanged():
                    self._wallet(fact, cause)
                case _:
                    pass

    def _position(self, fact: PositionChanged, cause: Cause) -> None:
        before = self._positions.get(fact.id)
        if before == fact.position:
            return
        self._positions[fact.id] = fact.position
        self.effects.append(
            PositionEffect(
                number=next(self._numbers),
                at_ms=self.time.now_ms,
                id=fact.id,
                before=before,  # type: ignore[arg-type]  # what was put there was a position
                after=fact.position,
                mark=self.world.market[fact.id.symbol].mark,
                cause=cause,
            )
        )

    def _wallet(self, fact: BalanceChanged, cause: Cause) -> None:
        key = (fact.account, fact.currency)
        before = self._wallets.get(key, Decimal(0))
        if before == fact.wallet:
            return
        self._wallets[key] = fact.wallet
        self.effects.append(
            WalletEffect(
                number=next(self._numbers),
                at_ms=self.time.now_ms,
                account=fact.account,
                currency=fact.currency,
                before=before,
                after=fact.wallet,
                cause=cause,
            )
        )

    def _cause_of(self, facts: Batch) -> Cause:
        """What the venue does is told apart, whoever gave the occasion."""
        for kind, word in _WORDS:
            if any(isinstance(fact, kind) for fact in facts):
                return Cause(who=Who.VENUE, what=word, request=self._cause.request)
        return self._cause


class _Because(AbstractContextManager[None]):
    """The block of ``because``: every price and every request is in one."""

    __slots__ = ("_cause", "_ledger")

    def __init__(self, ledger: Ledger, cause: Cause) -> None:
        self._ledger = ledger
        self._cause = cause

    def __enter__(self) -> None:
        self._cause = self._ledger.blame(self._cause)

    def __exit__(self, *_: object) -> None:
        self._ledger.blame(self._cause)


def writes(method: str, path: str, params: Mapping[str, str]) -> bool:
    """Whether a request asks to change something that matters."""
    return method != "GET" and not path.endswith("listenKey")
