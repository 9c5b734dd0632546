"""A world in which anything may happen, told to an engine as facts and judged by books of its own.

Positions come and go, marks leap, links fail, people order, the venue answers late or not at all. What the
engine may not do, whatever happens, is asserted at each of its actions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.decisions import Action, Decision, StateChanged
from bot.core.engine import Engine
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    BarClosed,
    CarriedOver,
    Command,
    CommandKind,
    Fact,
    InstrumentChanged,
    Link,
    LinkChanged,
    LiquidationQuoted,
    MarkPrice,
    OrderEnded,
    OrdersChanged,
    Outcome,
    OutcomeKind,
    PositionChanged,
    Tick,
)
from bot.core.held.losses import Ending
from bot.core.intents import AddMargin, CancelStop, Intent, MoveStop, Notify, PlaceStop, ReducePosition
from bot.core.settings import DAY_MS, FLATTEN, KEEPER, EngineSettings, Limits, RuleEntry
from bot.core.states import BotState
from bot.core.step import Step
from bot.core.types import ZERO, AccountName, ClientId, OrderKind, Position, PositionId, RuleName
from bot.core.view import View
from bot.core.wake import Always
from strategies.atr_stop import AtrStop, AtrStopParams
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import (
    ABLE,
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ISOLATED,
    LONG,
    MAIN,
    OTHER,
    SHORT,
    T0,
    D,
    a_contract,
    a_position,
    a_stop,
    says,
)

THEIRS = PositionId(OTHER, BTC, LONG.side)
IDS = (LONG, SHORT, ETH_LONG, THEIRS)
LIMITS = Limits(
    cooldown_ms=20_000,
    margin_per_position=D(30),
    margin_per_day=D(45),
    margin_per_account=D(60),
    reserve=D(5),
    actions_per_hour=12,
    equal_actions=4,
    stale_after_ms=25_000,
)
MINUTE = 60_000


def moody(view: View) -> list[Intent]:
    """Wants something of everything, as much as it can get."""
    digit = int(view.mark * 10) % 10
    if digit < 4:
        return []
    if digit < 6:
        return [AddMargin(id=view.id, amount=view.mark)]
    if digit < 8:
        return [ReducePosition(id=view.id, quantity=view.mark / 300, then_add=D(2))]
    return [PlaceStop(id=view.id, trigger=view.mark - view.id.side.sign * 2)]


def engine_settings() -> EngineSettings:
    return EngineSettings(
        rules=(
            RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams())),
            RuleEntry(rule=PartialClose(RuleName("close"), PartialCloseParams(restore_to=D("0.09")))),
            RuleEntry(rule=AtrStop(RuleName("atr_stop"), AtrStopParams(length=2, timeframe="1m"))),
            says("moody", moody, when=Always(), symbols=frozenset({BTC})),
        ),
        limits=LIMITS,
        capabilities={MAIN: ABLE, OTHER: ABLE},
        taker_fee=D("0.0005"),
    )


@dataclass
class Pending:
    action: Action
    unknown: bool = False
    gone: bool = False


class World:
    """Tells an engine what happens, and keeps its own books of what may not happen."""

    def __init__(self) -> None:
        self.settings = engine_settings()
        self.engine = Engine(self.settings)
        self.now_ms = T0 + DAY_MS - 10 * MINUTE
        self.told: list[tuple[Fact, ...]] = []
        self.answers: list[tuple[Decision, ...]] = []
        self.decided: list[Decision] = []
        """By every run so far."""
        self.steps: list[Step] = []
        self.held: dict[PositionId, Position] = {}
        self.free: dict[AccountName, Decimal] = {MAIN: D(80), OTHER: D(40)}
        self.marks: dict[str, Decimal] = {}
        self.seen_ms: dict[str, int] = {}
        self.pending: dict[ClientId, Pending] = {}
        self.spent: dict[tuple[str, object], Decimal] = {}
        self.lots: dict[ClientId, int] = {}
        self.ids: set[ClientId] = set()
        self.resting: dict[PositionId, ClientId] = {}
        """The stop of ours that was placed last on each position."""
        self.flattening: set[AccountName] = set()
        self.tell(*self.contracts())
        self.tell(*self.reading())

    # -- telling ------------------------------------------------------------------------------------

    def tell(self, *facts: Fact) -> None:
        """One batch, and what came of it judged."""
        for fact in facts:
            if isinstance(fact, Command):
                self.order(fact)
            if isinstance(fact, MarkPrice) and fact.at_ms >= self.seen_ms.get(fact.symbol, 0):
                self.marks[fact.symbol], self.seen_ms[fact.symbol] = fact.price, fact.at_ms
            elif isinstance(fact, Tick):
                for pending in self.pending.values():
                    pending.unknown |= fact.at_ms > pending.action.deadline_ms
        step = self.engine.step(facts[0]) if len(facts) == 1 else self.engine.fold(facts)
        decisions = step.decisions if step is not None else ()
        if step is not None:
            self.steps.append(step)
        self.told.append(facts)
        self.answers.append(decisions)
        self.decided.extend(decisions)
        for decision in decisions:
            if isinstance(decision, Action):
                self.judge(decision)
            elif isinstance(decision, StateChanged) and decision.now == "flat":
                name = AccountName(decision.subject.removeprefix("flatten:"))
                assert not any(id_.account == name for id_ in self.held)
                self.flattening.discard(name)

    def order(self, command: Command) -> None:
        """What stands of the orders to flatten."""
        if command.kind is CommandKind.FLATTEN:
            self.flattening |= {name for name in self.free if command.subject in ("", name)}
        elif command.kind is CommandKind.RESUME and not command.subject:
            self.flattening.clear()

    def contracts(self) -> list[Fact]:
        return [InstrumentChanged(at_ms=self.now_ms, contract=a_contract(s)) for s in (BTC, ETH)]

    def restart(self) -> None:
        """The bot ends, and another run begins with what it wrote down and what the exchange shows."""
        carried = self.engine.carried()
        self.settings = replace(self.settings, epoch=self.settings.epoch + 1)
        self.engine = Engine(self.settings)
        for record in (self.told, self.answers, self.steps):
            record.clear()
        self.seen_ms.clear()  # The new run has seen no mark yet: however late one is, it is the newest.
        for pending in self.pending.values():
            pending.unknown = True
        before = CarriedOver(at_ms=self.now_ms, epoch=self.settings.epoch - 1, carried=carried)
        self.tell(before, *self.contracts())
        self.tell(
            *(self.holding(id_, position) for id_, position in self.held.copy().items()), *self.reading()
        )

    def reading(self) -> list[Fact]:
        """The end of a reading of all accounts."""
        balances = [self.balance(account) for account in self.free]
        return [*balances, *(AccountRead(at_ms=self.now_ms, account=account) for account in self.free)]

    def balance(self, account: AccountName) -> BalanceChanged:
        free = self.free[account]
        return BalanceChanged(at_ms=self.now_ms, account=account, wallet=free, free=free)

    def holding(self, id_: PositionId, position: Position | None) -> PositionChanged:
        if position is None:
            self.held.pop(id_, None)
            for pending in self.pending.values():
                pending.gone |= pending.action.id == id_
        else:
            self.held[id_] = position
        return PositionChanged(at_ms=self.now_ms, id=id_, position=position)

    def answer(self, pending: Pending, how: int) -> None:
        """A legal next outcome of a pending action, with its effect."""
        action = pending.action
        said = Outcome(at_ms=self.now_ms, id=action.id, client_id=action.client_id, kind=OutcomeKind.VERIFIED)
        facts: list[Fact] = []
        if how == 0 and not pending.unknown:
            pending.unknown = True
            self.tell(replace(said, kind=OutcomeKind.UNKNOWN))
            return
        del self.pending[action.client_id]
        if how == 1:
            kind = OutcomeKind.NOT_APPLIED if pending.unknown else OutcomeKind.REJECTED
            said = replace(said, kind=kind)
            self.count(action, -1)
        elif isinstance(action.intent, CancelStop):
            facts = [OrdersChanged(at_ms=self.now_ms, id=action.id, orders=())]
        elif not pending.gone and action.id in self.held:
            facts = self.effect(action)
        self.tell(said, *facts)

    def effect(self, action: Action) -> list[Fact]:
        id_, position, account = action.id, self.held[action.id], action.id.account
        match action.intent:
            case AddMargin(amount=amount):
                self.free[account] -= amount
                changed = replace(position, margin=position.margin + amount)
                return [self.holding(id_, changed), self.balance(account)]
            case ReducePosition(quantity=quantity):
                if quantity >= position.quantity:
                    return [self.holding(id_, None)]
                left = position.quantity - quantity
                margin = position.margin * left / position.quantity
                self.free[account] += position.margin - margin
                changed = replace(position, quantity=left, margin=margin)
                return [self.holding(id_, changed), self.balance(account)]
            case PlaceStop(trigger=trigger) | MoveStop(trigger=trigger):
                placed = a_stop(str(trigger), id_, client_id=action.client_id, closes_position=True)
                self.resting[id_] = action.client_id
                return [OrdersChanged(at_ms=self.now_ms, id=id_, orders=(placed,))]
            case _:
                return []

    # -- judging ------------------------------------------------------------------------------------

    def judge(self, action: Action) -> None:
        intent, id_ = action.intent, action.id
        assert action.client_id not in self.ids
        self.ids.add(action.client_id)
        state, flattening = self.engine.states()[id_.account], id_.account in self.flattening
        if isinstance(intent, CancelStop):
            self.judge_removal(action, state)
            return
        if flattening:
            closing = (FLATTEN, KEEPER, "seatbelt")  # The seatbelt closes what a stop was met for in vain.
            fixed = closing if isinstance(intent, ReducePosition) else ("seatbelt",)
            assert action.rule in fixed
            assert isinstance(intent, ReducePosition | PlaceStop | MoveStop)
        heedless = flattening and action.rule == FLATTEN and state in (BotState.HALTED, BotState.BLIND)
        assert state in (BotState.ARMED, BotState.REDUCING) or isinstance(intent, Notify) or heedless
        assert action.reason
        position = self.held[id_]
        blocking = [p for p in self.pending.values() if p.action.id == id_ and not p.gone]
        for pending in blocking:
            assert pending.unknown
            assert isinstance(intent, ReducePosition)
            assert not isinstance(pending.action.intent, ReducePosition)
        match intent:
            case AddMargin(amount=amount):
                promised = sum(
                    (
                        p.action.intent.amount
                        for p in self.pending.values()
                        if isinstance(p.action.intent, AddMargin) and p.action.id.account == id_.account
                    ),
                    ZERO,
                )
                reserve = ZERO if action.reason.startswith("re-adding") else LIMITS.reserve
                assert 0 < amount <= self.free[id_.account] - reserve - promised
                assert amount % D("0.01") == 0
                assert position.mode is ISOLATED
            case ReducePosition(quantity=quantity):
                assert 0 < quantity <= position.quantity
            case PlaceStop(trigger=trigger) | MoveStop(trigger=trigger):
                self.judge_stop(position, trigger)
            case _:
                raise AssertionError(f"nobody asked for {intent}")
        self.pending[action.client_id] = Pending(action)
        self.count(action, 1)
        assert self.spent.get(("account", id_.account), ZERO) <= 60
        assert self.spent.get(("day", (id_.account, action.at_ms // DAY_MS)), ZERO) <= 45
        assert self.spent.get(("lot", (id_, position.opened_ms)), ZERO) <= 30

    def judge_removal(self, action: Action, state: BotState) -> None:
        """A stop goes by itself only where there is no position and nothing else is on its way."""
        assert action.rule == "seatbelt"
        assert action.id not in self.held
        assert state in (BotState.ARMED, BotState.REDUCING)
        assert not [p for p in self.pending.values() if p.action.id == action.id and not p.gone]
        self.pending[action.client_id] = Pending(action)

    def judge_stop(self, position: Position, trigger: Decimal) -> None:
        sign = position.id.side.sign
        assert trigger % D("0.1") == 0
        assert sign * (self.marks[position.id.symbol] - trigger) > 0
        if position.mode is ISOLATED:
            entry, per_unit = position.entry, position.margin / position.quantity
            assert sign * (trigger - (entry - sign * per_unit) / (1 - sign * D("0.04"))) > 0

    def count(self, action: Action, way: int) -> None:
        if isinstance(action.intent, AddMargin) and not action.reason.startswith("re-add"):
            id_, at_ms = action.id, action.at_ms
            if way > 0:
                self.lots[action.client_id] = self.held[id_].opened_ms
            lot = self.lots[action.client_id]
            for key in (
                ("account", id_.account),
                ("day", (id_.account, at_ms // DAY_MS)),
                ("lot", (id_, lot)),
            ):
                self.spent[key] = self.spent.get(key, ZERO) + way * action.intent.amount


# -- what may happen ----------------------------------------------------------------------------------

Happening = tuple[str, int, int, int, int]
"""A kind, how much later, and three numbers for the details."""


def market(world: World, kind: str, a: int, b: int, c: int) -> Fact | None:
    now_ms, symbol = world.now_ms, (BTC, ETH)[a % 2]
    last = world.marks.get(symbol, D(100))
    match kind:
        case "walk":
            return MarkPrice(at_ms=now_ms, symbol=symbol, price=max(last + D(b % 41 - 20) / 10, D(80)))
        case "leap":
            return MarkPrice(at_ms=now_ms, symbol=symbol, price=D(850 + b % 300) / 10)
        case "late":
            return MarkPrice(at_ms=now_ms - 7_000, symbol=symbol, price=D(850 + b % 300) / 10)
        case "bar":
            close, half = D(900 + b % 200) / 10, D(c % 30 + 1) / 10
            high, low = close + half, close - half
            return BarClosed(
                at_ms=now_ms, symbol=BTC, timeframe_ms=MINUTE, open=close, high=high, low=low, close=close
            )
        case "tick":
            return Tick(at_ms=now_ms)
        case "command":
            command = (CommandKind.RESUME, *CommandKind)[c % (len(CommandKind) + 1)]
            subject = ("", "", "top_up", str(IDS[a % len(IDS)]))[b % 4]
            if command is CommandKind.FLATTEN:
                subject = IDS[a % len(IDS)].account
            return Command(at_ms=now_ms, kind=command, subject=subject, by="somebody")
        case "link":
            account, link = (MAIN, OTHER)[a % 2], list(Link)[b % len(Link)]
            return LinkChanged(at_ms=now_ms, account=account, link=link, up=c % 4 > 0, because="seen")
    return None


def account(world: World, kind: str, a: int, b: int, c: int) -> Fact:
    now_ms, id_ = world.now_ms, IDS[a % len(IDS)]
    match kind:
        case "position":
            mode, margin = CROSS if c % 4 == 0 else ISOLATED, str(D(100 + b % 150) / 10)
            same_lot = id_ in world.held and c % 3
            opened_ms = world.held[id_].opened_ms if same_lot else now_ms
            position = a_position(
                id_, ("1", "0.7", "2")[b % 3], margin=margin, mode=mode, opened_ms=opened_ms
            )
            return world.holding(id_, position)
        case "closed":
            return world.holding(id_, None)
        case "balance":
            world.free[id_.account] = D(b % 1000) / 10
            return world.balance(id_.account)
        case "orders":
            kinds = (OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_MARKET)
            orders = (a_stop(str(D(880 + (b + n) % 240) / 10), id_, kind=kinds[c % 3]) for n in range(c % 3))
            return OrdersChanged(at_ms=now_ms, id=id_, orders=tuple(orders))
        case "quoted":
            told = None if c % 5 == 0 else D(850 + b % 300) / 10
            return LiquidationQuoted(at_ms=now_ms, id=id_, price=told)
        case _:
            kind_of_outcome = list(OutcomeKind)[c % len(OutcomeKind)]
            return Outcome(at_ms=now_ms, id=id_, client_id=ClientId(f"hf-9-{b}"), kind=kind_of_outcome)


def happen(world: World, happening: Happening) -> None:
    kind, later_ms, a, b, c = happening
    world.now_ms += later_ms
    if kind == "restart":
        world.restart()
    elif kind == "answer":
        if world.pending:
            world.answer(list(world.pending.values())[a % len(world.pending)], b % 5)
    elif kind == "ended":
        if world.resting:
            id_, client_id = list(world.resting.items())[a % len(world.resting)]
            gone = OrdersChanged(at_ms=world.now_ms, id=id_, orders=())
            how = list(Ending)[c % len(Ending)]
            ended = OrderEnded(at_ms=world.now_ms, id=id_, client_id=client_id, how=how)
            world.tell(*((gone, ended) if b % 3 else (gone,)))
    elif kind == "batch":
        price = D(880 + (b + c) % 240) / 10
        both = [MarkPrice(at_ms=world.now_ms, symbol=s, price=price) for s in (BTC, ETH)]
        world.tell(*both, world.balance(MAIN))
    else:
        facts = [market(world, kind, a, b, c) or account(world, kind, a, b, c)]
        facts += [
            AccountRead(at_ms=f.at_ms, account=f.account) for f in facts if isinstance(f, BalanceChanged)
        ]
        world.tell(*facts)


KINDS = ["walk"] * 9 + ["answer"] * 7 + ["position"] * 3 + ["leap", "late", "tick", "tick", "bar", "bar"]
KINDS += ["batch", "closed", "balance", "orders", "rubbish", "command", "link", "quoted", "restart"]
KINDS += ["ended"]


def lived_through(happenings: Sequence[Happening]) -> World:
    world = World()
    marks = [MarkPrice(at_ms=world.now_ms, symbol=s, price=D(100)) for s in (BTC, ETH)]
    world.tell(*marks, world.balance(MAIN))
    for id_ in IDS:
        world.tell(world.holding(id_, a_position(id_, opened_ms=world.now_ms)))
    for happening in happenings:
        happen(world, happening)
    return world
