"""A desk to test the core at: an engine, and an account of which every change is told to it as facts.

Numbers are round. The contract asks 4 % maintenance in one tier, so an isolated long of 1 bought at 100 is
liquidated at (100 - margin) / 0.96 and a short at (100 + margin) / 1.04: a margin of 13.6 means 90 for the
long, 14.4 means 110 for the short. Nothing happens at the desk unless a test says so, and time stands still.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar, get_args

from bot.core.capabilities import YES, Capabilities, Capability
from bot.core.contracts import Contract, Tier
from bot.core.decisions import Action, Because, Decision, Refusal, StateChanged
from bot.core.engine import Engine
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    BarClosed,
    Command,
    CommandKind,
    Fact,
    Fill,
    InstrumentChanged,
    Link,
    LinkChanged,
    MarkPrice,
    OrdersChanged,
    Outcome,
    OutcomeKind,
    PositionChanged,
    Tick,
)
from bot.core.held.pairs import hedge_id
from bot.core.intents import (
    AddMargin,
    CancelStop,
    CloseHedge,
    CutLeverage,
    Intent,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    SetPosture,
    WithdrawMargin,
)
from bot.core.margin.rules import LeverageCut, MarginRules
from bot.core.rule import Decisions, Needs, Params, Rule
from bot.core.settings import EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.step import Step
from bot.core.types import (
    AccountName,
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionId,
    RuleName,
    Side,
    Symbol,
)
from bot.core.view import View
from bot.core.wake import Metric, Wake, timeframes

D = Decimal
I = TypeVar("I")  # noqa: E741
BTC, ETH = Symbol("BTC/USDT:USDT"), Symbol("ETH/USDT:USDT")
MAIN, OTHER = AccountName("main"), AccountName("other")
LONG = PositionId(MAIN, BTC, Side.LONG)
SHORT = PositionId(MAIN, BTC, Side.SHORT)
ETH_LONG = PositionId(MAIN, ETH, Side.LONG)
ETH_SHORT = PositionId(MAIN, ETH, Side.SHORT)
T0 = 20_000 * 86_400_000
"""When the desk opens: the first millisecond of a UTC day."""
NEAR = Metric.DISTANCE.below(D("0.08"))
ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS

_NOT_IN_CROSS = Capability(works=False, because="no isolated margin in cross", substitute="ReducePosition")
_EVERYTHING = {(kind.__name__, mode): YES for kind in get_args(Intent) for mode in MarginMode}
ABLE = Capabilities(venue="somewhere", levers=_EVERYTHING | {("AddMargin", CROSS): _NOT_IN_CROSS})


def a_contract(symbol: Symbol = BTC, **changes: Any) -> Contract:
    """Tick 0.1, lot 0.001, 4 % maintenance whatever the size."""
    defaults: dict[str, Any] = {
        "tick": D("0.1"),
        "lot": D("0.001"),
        "tiers": (Tier(floor=D(0), cap=None, rate=D("0.04")),),
        "rules": MarginRules(name="somewhere", version="1", leverage_cut=LeverageCut.TOPS_UP),
    }
    return Contract(symbol=symbol, **(defaults | changes))


def a_position(
    id_: PositionId = LONG,
    quantity: str = "1",
    *,
    margin: str | None = None,
    mode: MarginMode = ISOLATED,
    **changes: Any,
) -> Position:
    """Bought or sold at 100, liquidated 10 away from it."""
    own = D(margin or ("13.6" if id_.side is Side.LONG else "14.4")) if mode is ISOLATED else D(0)
    defaults: dict[str, Any] = {"entry": D(100), "leverage": D(5), "margin": own, "opened_ms": T0}
    return Position(id=id_, quantity=D(quantity), mode=mode, **(defaults | changes))


def a_stop(trigger: str, id_: PositionId = LONG, quantity: str = "1", **changes: Any) -> Order:
    """A resting stop by mark for a position of 1, placed by nobody we know."""
    defaults: dict[str, Any] = {
        "client_id": ClientId(f"theirs-{trigger}"),
        "kind": OrderKind.STOP_MARKET,
        "reduces": True,
    }
    return Order(id=id_, quantity=D(quantity), trigger=D(trigger), **(defaults | changes))


class Says(Rule[Params]):
    """A rule made of two functions."""

    def __init__(
        self, name: str, decide: Callable[[View], Iterable[Any]], wake: Callable[[View], Wake]
    ) -> None:
        super().__init__(RuleName(name), Params())
        self._wake, self._decide = wake, decide

    def wake(self, view: View) -> Wake:
        return self._wake(view)

    def decide(self, view: View) -> Decisions:
        for said in self._decide(view):
            yield said if isinstance(said, tuple) else (said, "because")


def says(
    name: str,
    *said: Intent | Callable[[View], Iterable[Any]],
    when: Wake | Callable[[View], Wake] = NEAR,
    proposes: Sequence[type[Intent]] = (),
    **entry: Any,
) -> RuleEntry:
    """A rule that says the intents given, or what the function given makes of the view."""

    class Here(Says):
        def needs(self) -> Needs:
            return Needs(bars_ms=frozenset() if callable(when) else timeframes(when))

    Here.proposes = tuple(proposes)

    def decide(view: View) -> Iterable[Any]:
        for each in said:
            yield from each(view) if callable(each) else (each,)

    wake = when if callable(when) else lambda view: when
    return RuleEntry(rule=Here(name, decide, wake), **entry)


def adds(amount: str = "10", name: str = "adds", *, id_: PositionId | None = None, **entry: Any) -> RuleEntry:
    """A rule that adds margin when liquidation is nearer than 8 %."""
    return says(
        name,
        lambda view: [AddMargin(id=id_ or view.id, amount=D(amount))],
        **({"proposes": (AddMargin,)} | entry),
    )


def closes(quantity: str = "0.5", name: str = "closes", then_add: str = "0", **entry: Any) -> RuleEntry:
    """A rule that closes a part when liquidation is nearer than 8 %."""
    return says(
        name,
        lambda view: [ReducePosition(id=view.id, quantity=D(quantity), then_add=D(then_add))],
        **({"proposes": (ReducePosition,)} | entry),
    )


def stops(trigger: str, name: str = "stops", **entry: Any) -> RuleEntry:
    """A rule that places a stop when liquidation is nearer than 8 %."""
    return says(
        name,
        lambda view: [PlaceStop(id=view.id, trigger=D(trigger))],
        **({"proposes": (PlaceStop, MoveStop)} | entry),
    )


def of(kind: type[I], decisions: Iterable[object]) -> list[I]:
    """Those decisions that are of a kind."""
    return [d for d in decisions if isinstance(d, kind)]


def reasons(decisions: Iterable[Decision]) -> list[tuple[str, Because]]:
    """Which rule was refused, and why."""
    return [(r.rule, r.because) for r in of(Refusal, decisions)]


def changes(decisions: Iterable[Decision]) -> list[tuple[str, str, str]]:
    """What changed: subject, was, now."""
    return [(c.subject, c.was, c.now) for c in of(StateChanged, decisions)]


class Desk:
    """An engine and the account it guards."""

    def __init__(
        self,
        *rules: RuleEntry,
        limits: Limits | None = None,
        seatbelt: SeatbeltSettings | bool = False,
        free: str = "1000",
        able: Capabilities = ABLE,
        contracts: Sequence[Contract] = (a_contract(), a_contract(ETH)),
        accounts: Sequence[AccountName] = (MAIN,),
        known: bool = True,
        engine: type[Engine] = Engine,
        **settings: Any,
    ) -> None:
        belt = SeatbeltSettings(enabled=seatbelt) if isinstance(seatbelt, bool) else seatbelt
        self.settings = EngineSettings(
            rules=rules,
            limits=limits or Limits(),
            seatbelt=belt,
            capabilities=dict.fromkeys(accounts, able),
            taker_fee=settings.pop("taker_fee", D(0)),
            **settings,
        )
        self.engine = engine(self.settings)
        self.now_ms = T0
        self.steps: list[Step] = []
        self.positions: dict[PositionId, Position] = {}
        self.orders: dict[PositionId, tuple[Order, ...]] = {}
        self.free = dict.fromkeys(accounts, D(free))
        if contracts:
            self.fold(*(InstrumentChanged(at_ms=T0, contract=c) for c in contracts))
        for account in accounts if known else ():
            self.fold(self.balance(account), AccountRead(at_ms=T0, account=account))

    # -- what happens -------------------------------------------------------------------------------

    def fold(self, *facts: Fact) -> list[Decision]:
        """One batch."""
        step = self.engine.fold(facts)
        if step is None:
            return []
        self.steps.append(step)
        return list(step.decisions)

    def mark(self, price: str, symbol: Symbol = BTC, *, after_ms: int = 0) -> list[Decision]:
        """A mark price, so much later."""
        self.now_ms += after_ms
        return self.fold(MarkPrice(at_ms=self.now_ms, symbol=symbol, price=D(price)))

    def tick(self, after_ms: int = 0) -> list[Decision]:
        """Time passes."""
        self.now_ms += after_ms
        return self.fold(Tick(at_ms=self.now_ms))

    def holds(self, *positions: Position, mark: str | None = "100") -> list[Decision]:
        """Positions are there, and if said so their symbols have a mark price."""
        facts: list[Fact] = []
        for position in positions:
            self.positions[position.id] = position
            facts.append(PositionChanged(at_ms=self.now_ms, id=position.id, position=position))
        if mark is not None:
            prices = dict.fromkeys((p.id.symbol for p in positions), D(mark))
            facts += [MarkPrice(at_ms=self.now_ms, symbol=s, price=p) for s, p in prices.items()]
        return self.fold(*facts)

    def closed(self, id_: PositionId = LONG) -> list[Decision]:
        """A position is gone."""
        self.positions.pop(id_, None)
        return self.fold(PositionChanged(at_ms=self.now_ms, id=id_, position=None))

    def rests(self, *orders: Order, id_: PositionId = LONG) -> list[Decision]:
        """These orders rest, and no others."""
        self.orders[id_] = orders
        return self.fold(OrdersChanged(at_ms=self.now_ms, id=id_, orders=orders))

    def pays_in(self, amount: str, account: AccountName = MAIN) -> list[Decision]:
        """The free balance grows (or shrinks)."""
        self.free[account] += D(amount)
        return self.fold(self.balance(account))

    def is_read(self, account: AccountName = MAIN, *, began_ms: int | None = None) -> list[Decision]:
        """All of the account has been told by a reading that began now, or then."""
        at_ms = self.now_ms if began_ms is None else began_ms
        return self.fold(AccountRead(at_ms=at_ms, account=account))

    def command(self, kind: CommandKind, subject: str = "", until_ms: int | None = None) -> list[Decision]:
        """A person orders something."""
        return self.fold(
            Command(at_ms=self.now_ms, kind=kind, subject=subject, until_ms=until_ms, by="somebody")
        )

    def link(self, link: Link, *, up: bool, account: AccountName = MAIN) -> list[Decision]:
        """A stream goes up or down."""
        return self.fold(LinkChanged(at_ms=self.now_ms, account=account, link=link, up=up, because="seen"))

    def bar(self, *ohlc: str, timeframe_ms: int = 3_600_000, symbol: Symbol = BTC) -> list[Decision]:
        """A bar closes now: open, high, low, close."""
        prices = dict(zip(("open", "high", "low", "close"), map(D, ohlc), strict=True))
        return self.fold(BarClosed(at_ms=self.now_ms, symbol=symbol, timeframe_ms=timeframe_ms, **prices))

    # -- what the venue answers ---------------------------------------------------------------------

    def balance(self, account: AccountName = MAIN) -> BalanceChanged:
        """The balance as it is."""
        free = self.free[account]
        return BalanceChanged(at_ms=self.now_ms, account=account, wallet=free, free=free)

    def answer(self, action: Action, kind: OutcomeKind, **more: Any) -> list[Decision]:
        """Nothing but an outcome."""
        return self.fold(self.outcome(action, kind, **more))

    def outcome(self, action: Action, kind: OutcomeKind, **more: Any) -> Outcome:
        """An outcome of an action."""
        return Outcome(at_ms=self.now_ms, id=action.id, client_id=action.client_id, kind=kind, **more)

    def works(self, action: Action) -> list[Decision]:
        """The action is carried out at the last mark and read back; what tells people asks for nothing."""
        intent = action.intent
        if isinstance(intent, Notify | SetPosture):
            return []
        if isinstance(intent, OpenHedge | CloseHedge):
            return self._trades_hedge(action, intent)
        effects = self._effects(action)
        return self.fold(self.outcome(action, OutcomeKind.VERIFIED), *effects)

    def _trades_hedge(self, action: Action, intent: OpenHedge | CloseHedge) -> list[Decision]:
        """The hedge is another one, at 100."""
        id_ = hedge_id(intent.id, intent.symbol)
        held = self.positions.get(id_)
        before = held.quantity if held is not None else D(0)
        quantity = before + (intent.quantity if isinstance(intent, OpenHedge) else -intent.quantity)
        if quantity > 0:
            leverage = intent.leverage if isinstance(intent, OpenHedge) else D(5)
            margin = str(100 * quantity / leverage)
            self._becomes(a_position(id_, str(quantity), leverage=leverage, margin=margin))
        else:
            del self.positions[id_]
        fill = Fill(quantity=intent.quantity, price=D(100), fee=D(0), pnl=D(0), slippage=D(0))
        done = self.outcome(action, OutcomeKind.VERIFIED, fills=(fill,))
        told = PositionChanged(at_ms=self.now_ms, id=id_, position=self.positions.get(id_))
        return self.fold(done, told, self.balance(id_.account))

    def _effects(self, action: Action) -> list[Fact]:
        id_, now_ms = action.id, self.now_ms
        position = self.positions.get(id_)
        match action.intent:
            case AddMargin(amount=amount) if position:
                self._becomes(replace(position, margin=position.margin + amount))
                self.free[id_.account] -= amount
            case WithdrawMargin(amount=amount) if position:
                self._becomes(replace(position, margin=position.margin - amount))
                self.free[id_.account] += amount
            case CutLeverage(leverage=leverage) if position:
                self._becomes(replace(position, leverage=leverage))
            case ReducePosition(quantity=quantity) if position:
                left = position.quantity - quantity
                released = position.margin * quantity / position.quantity
                self.free[id_.account] += released
                if left:
                    self._becomes(replace(position, quantity=left, margin=position.margin - released))
                else:
                    del self.positions[id_]
            case PlaceStop(trigger=trigger) | MoveStop(trigger=trigger):
                others = tuple(
                    o
                    for o in self.orders.get(id_, ())
                    if not (o.client_id.startswith("hf-") and o.kind.is_stop)
                )
                placed = a_stop(str(trigger), id_, client_id=action.client_id, closes_position=True)
                self.orders[id_] = (*others, placed)
            case PlaceTakeProfit(trigger=trigger, quantity=quantity):
                placed = a_stop(
                    str(trigger),
                    id_,
                    str(quantity),
                    client_id=action.client_id,
                    kind=OrderKind.TAKE_PROFIT_MARKET,
                )
                self.orders[id_] = (*self.orders.get(id_, ()), placed)
            case CancelStop(client_id=client_id):
                rest = (o for o in self.orders.get(id_, ()) if o.client_id != client_id)
                self.orders[id_] = tuple(rest)
            case _:
                raise AssertionError(f"the desk does not know how to {action.intent}")
        return [
            PositionChanged(at_ms=now_ms, id=id_, position=self.positions.get(id_)),
            OrdersChanged(at_ms=now_ms, id=id_, orders=self.orders.get(id_, ())),
            self.balance(id_.account),
        ]

    def _becomes(self, position: Position) -> None:
        self.positions[position.id] = position
