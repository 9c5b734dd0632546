"""A run written by hand: what a test says happened, as evidence. Everything else is calm and as it should be.

The account holds one long of 1 bought at 100 with a margin of 13.6, which is liquidated at 90, and a stop at
95 of the trader's own. Both clocks begin at ``T0`` and agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.core.decisions import Action, Decision, StateChanged
from bot.core.facts import Fact, MarkPrice, Outcome, OutcomeKind, PositionChanged
from bot.core.intents import AddMargin, Intent
from bot.core.settings import Limits, RuleEntry, SeatbeltSettings
from bot.core.step import Step
from bot.core.types import ClientId, OrderKind, Position, PositionId, PositionMode, RuleName, Symbol
from bot.runtime.journal.rows import OPENED, Entry, Head, Note, rows_after
from bot.simulator.records import OrderRecord, OrderStatus
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import BTC, ETH, LONG, MAIN, T0, a_contract, a_position
from tests.faults.checking.checks import check
from tests.faults.checking.story import WITHOUT_ID
from tests.faults.evidence import (
    Asked,
    Cause,
    Configured,
    Effect,
    Ending,
    Evidence,
    Held,
    Injected,
    MarginEffect,
    Marked,
    OrderEffect,
    PositionEffect,
    Run,
    Who,
)

D = Decimal
TOP_UP = RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams()))
VENUE, USER = Cause(who=Who.VENUE, what="liquidation"), Cause(who=Who.USER, what="meddles")
LENGTH_MS = 600_000


def by(asked: Asked) -> Cause:
    """Because of a request of the bot."""
    return Cause(who=Who.BOT, what=asked.path, request=asked.number)


def a_stop(client_id: str = "theirs", order_id: int = 1, **changes: Any) -> OrderRecord:
    """A stop at 95 for all of the long."""
    defaults: dict[str, Any] = {
        "kind": OrderKind.STOP_MARKET,
        "buy": False,
        "reduces": True,
        "reduce_only": True,
        "quantity": D(1),
        "trigger": D(95),
    }
    return OrderRecord(order_id=order_id, client_id=client_id, id=LONG, **(defaults | changes))


class Scene:
    """What happened, in the order in which it is told."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        rules: Sequence[RuleEntry] = (TOP_UP,),
        seatbelt: bool = True,
        mode: PositionMode = PositionMode.ONE_WAY,
        positions: Sequence[Position] = (a_position(LONG),),
        orders: Sequence[OrderRecord] = (a_stop(),),
        armed: bool = True,
    ) -> None:
        contracts = {BTC: a_contract(BTC), ETH: a_contract(ETH)}
        self.configured = Configured(
            rules=tuple(rules),
            limits=limits or Limits(),
            seatbelt=SeatbeltSettings(enabled=seatbelt),
            modes={MAIN: mode},
            contracts=contracts,
            retry_ms=3_000,
        )
        self.now_ms = T0
        self.length_ms = LENGTH_MS
        self.epoch = 0
        self.entries: list[Entry] = []
        self.committed: list[int] = []
        self.requests: list[Asked] = []
        self.effects: list[Effect] = []
        self.faults: list[Injected] = []
        self.runs: list[Run] = []
        self.marks: list[Marked] = [Marked(at_ms=T0 - 60_000, symbol=BTC, mark=D(100))]
        self.pings: tuple[int, ...] | None = None
        self.first = self._held(positions, orders)
        self.last = self.first
        self._numbers = 0
        self._actions = 0
        self.starts()
        if armed:
            self.becomes("recovering", "armed")
        self.folds(*(PositionChanged(at_ms=T0, id=p.id, position=p) for p in positions))
        self.marked("100")

    # -- the journal --------------------------------------------------------------------------------

    def starts(self, epoch: int | None = None) -> None:
        """A run begins."""
        self.epoch = self.epoch + 1 if epoch is None else epoch
        self.entries.append(Note(OPENED, {"epoch": str(self.epoch)}, self.now_ms))
        self.runs.append(
            Run(
                epoch=self.epoch,
                offset_ms=0,
                started_ms=self.now_ms,
                guarding_ms=self.now_ms,
                ended_ms=T0 + self.length_ms,
                ending=Ending.STOPPED,
                because="",
            )
        )

    def ends(self, ending: Ending, because: str = "", *, guarded: bool = True) -> None:
        """The present run ends now."""
        run = replace(self.runs[-1], ended_ms=self.now_ms, ending=ending, because=because)
        self.runs[-1] = run if guarded else replace(run, guarding_ms=None)

    def folds(self, *facts: Fact, decisions: Sequence[Decision] = ()) -> None:
        """A step of the journal, committed."""
        self.entries.append(Step(self.now_ms, (), tuple(facts), tuple(decisions)))

    def marked(self, price: str, symbol: Symbol = BTC, *, true: bool = True, ago_ms: int = 0) -> None:
        """A mark comes, true or not."""
        if true:
            self.marks.append(Marked(at_ms=self.now_ms, symbol=symbol, mark=D(price)))
        self.folds(MarkPrice(at_ms=self.now_ms - ago_ms, symbol=symbol, price=D(price)))

    def becomes(self, was: str, now: str, because: str = "seen", subject: str = f"account:{MAIN}") -> None:
        """A state changes."""
        changed = StateChanged(at_ms=self.now_ms, subject=subject, was=was, now=now, because=because)
        self.folds(decisions=(changed,))

    def decides(self, intent: Intent | None = None, rule: str = "top_up", **changes: Any) -> Action:
        """An action is decided; by default 10 of margin are to be added."""
        self._actions += 1
        defaults: dict[str, Any] = {
            "at_ms": self.now_ms,
            "client_id": ClientId(f"hf-{self.epoch}-{self._actions}"),
            "rule": RuleName(rule),
            "intent": intent or AddMargin(id=LONG, amount=D(10)),
            "reason": "because",
            "mark": D(100),
            "distance_before": None,
            "distance_after": None,
            "deadline_ms": self.now_ms + 5_000,
        }
        action = Action(**(defaults | changes))
        self.folds(decisions=(action,))
        return action

    def hears(self, action: Action, kind: OutcomeKind, proof: str = "read") -> None:
        """What is said to have become of an action."""
        self.folds(
            Outcome(at_ms=self.now_ms, id=action.id, client_id=action.client_id, kind=kind, proof=proof)
        )

    # -- the exchange -------------------------------------------------------------------------------

    def asks(self, action: Action | None = None, **changes: Any) -> Asked:
        """A request leaves, arrives and is answered at once; for margin, unless something else is said."""
        amount = action.intent.amount if action and isinstance(action.intent, AddMargin) else D(0)
        plain = action is None or isinstance(action.intent, AddMargin)
        defaults: dict[str, Any] = {
            "number": self._number(),
            "epoch": self.epoch,
            "account": MAIN,
            "sent_ms": self.now_ms,
            "arrived_ms": self.now_ms,
            "answered_ms": self.now_ms,
            "method": "POST",
            "path": "positionMargin" if plain else "order",
            "params": self._params(action, amount),
            "client_id": "" if action is None or isinstance(action.intent, WITHOUT_ID) else action.client_id,
            "committed": len(self._rows()),
            "writes": True,
            "executed": True,
            "code": "",
            "status": 200,
            "answered": "truth",
        }
        asked = Asked(**(defaults | changes))
        self.requests.append(asked)
        return asked

    def reads(self, **changes: Any) -> Asked:
        """The account is read."""
        return self.asks(method="GET", path="account", params={}, writes=False, **changes)

    def moves(self, cause: Cause, amount: str = "10", id_: PositionId = LONG) -> None:
        """Margin is put into a position."""
        self.effects.append(
            MarginEffect(number=self._number(), at_ms=self.now_ms, id=id_, amount=D(amount), cause=cause)
        )

    def orders(self, after: OrderRecord, cause: Cause = USER, before: OrderRecord | None = None) -> None:
        """An order is now so."""
        self.effects.append(
            OrderEffect(number=self._number(), at_ms=self.now_ms, before=before, after=after, cause=cause)
        )

    def holds(
        self, before: Position | None, after: Position | None, cause: Cause = USER, mark: str = "100"
    ) -> None:
        """A position is now so."""
        held = after or before
        assert held is not None
        self.effects.append(
            PositionEffect(
                number=self._number(),
                at_ms=self.now_ms,
                id=held.id,
                before=before,
                after=after,
                mark=D(mark),
                cause=cause,
            )
        )

    def goes_wrong(self, kind: str, for_ms: int = 0, request: int | None = None) -> None:
        """A fault is at work from now on, or befalls a request."""
        until_ms = self.now_ms + for_ms
        self.faults.append(Injected(at_ms=self.now_ms, until_ms=until_ms, kind=kind, request=request))

    # -- what comes of it ---------------------------------------------------------------------------

    def passes(self, ms: int) -> None:
        """Time passes."""
        self.now_ms += ms

    def evidence(self, **changes: Any) -> Evidence:
        """All of it."""
        rows = self._rows()
        evidence = Evidence(
            seed=0,
            began_ms=T0,
            ended_ms=T0 + self.length_ms,
            configured=self.configured,
            requests=tuple(self.requests),
            effects=tuple(self.effects),
            rows=tuple(rows),
            committed=((rows[-1].seq, rows[-1].hash),),
            committed_ms=(),
            runs=tuple(self.runs),
            faults=tuple(self.faults),
            marks=tuple(self.marks),
            said=(),
            pings=self.pings,
            first=(self.first,),
            last=(self.last,),
        )
        return replace(evidence, **changes)

    def found(self, **changes: Any) -> list[str]:
        """The invariants that are violated."""
        return [violation.invariant for violation in check(self.evidence(**changes))]

    def _rows(self) -> list[Any]:
        return rows_after(Head(), self.entries)[0]

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _held(self, positions: Sequence[Position], orders: Sequence[OrderRecord]) -> Held:
        return Held(
            account=MAIN,
            positions={each.id: each for each in positions},
            wallets={"USDT": D(1000)},
            orders=tuple(orders),
        )

    def _params(self, action: Action | None, amount: Decimal) -> Mapping[str, str]:
        if action is None:
            return {}
        if isinstance(action.intent, AddMargin):
            return {"symbol": "BTCUSDT", "amount": str(amount), "type": "1"}
        return {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "reduceOnly": "true"}


def cancelled(order: OrderRecord) -> OrderRecord:
    """The order as it is once it was cancelled."""
    return replace(order, status=OrderStatus.CANCELLED)
