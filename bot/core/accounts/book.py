"""The core's picture of accounts and positions, folded from facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from bot.core.accounts.memory import Memory
from bot.core.capabilities import NOTHING_DECLARED, Capabilities
from bot.core.contracts import Contract
from bot.core.danger.conditions import CHANGED, CLOSED, OPEN, QUIET, Events, Reach
from bot.core.danger.situation import Situation
from bot.core.decisions import Action, Because, Decision, Refusal
from bot.core.deeds.history import History
from bot.core.facts import Link
from bot.core.held.equity import Drawdown, DrawdownSeries
from bot.core.intents import Posture, SetPosture
from bot.core.margin.pool import Pool
from bot.core.margin.room import Rooms
from bot.core.margin.sums import PlainSums
from bot.core.markets.market import undeclared
from bot.core.rule import Rule
from bot.core.settings import RuleEntry
from bot.core.states import BotState
from bot.core.timeframe import format_timeframe
from bot.core.types import (
    ONE,
    ZERO,
    AccountName,
    MarginMode,
    Order,
    Position,
    PositionId,
    RuleName,
    Symbol,
)
from bot.core.wake import Always, Figure, Wake, figures, flaw, timeframes

_STRICTER = tuple(Posture).index
"""Each posture allows less than the one before."""


@dataclass(slots=True, eq=False)
class Armed:
    """One rule on one position: what it waits for, and whether a refusal put it to sleep."""

    entry: RuleEntry
    wake: Wake = field(default_factory=Always)
    awaits_ms: frozenset[int] = frozenset()
    """Timeframes whose closing bars the wake waits for."""
    figures: frozenset[Figure] = frozenset()
    """What the wake waits to be told."""
    reach: Reach = CLOSED
    reach_version: int = -1
    """The version of the state the reach was found in."""
    band: Reach = CLOSED
    band_for: object = None
    band_wake: Wake | None = None
    """What the band was found for (``Situation.ground``) and the wake: for the same two it is the same."""
    pending: Events = CHANGED
    """Events the rule has not had a fair hearing for: a refusal that ends at a known time keeps them."""
    spoke: bool = False
    """Whether its last answer was something to say: what it has said may be what it goes by."""
    asleep_until_ms: int = -1
    asleep_version: int = -1
    refused: dict[tuple[type, Because], tuple[int, Refusal]] = field(default_factory=dict)
    """Each kind and reason of refusal as last recorded, and the last version of the state it was met in."""
    last_refusal: Refusal | None = None

    name: RuleName = field(init=False)
    """The name the configuration gave the rule: asked for at every evaluation."""
    rule: Rule[Any] = field(init=False)
    """Who is asked: the rule as configured, or tightened by the posture that another has set."""
    memory: Memory | None = None
    """What was done and seen that the rule may ask for; every rule of a position has one."""

    def __post_init__(self) -> None:
        """Name the rule."""
        self.name = self.entry.name
        self.rule = self.entry.rule

    def tighten(self, times: Decimal) -> None:
        """Ask the rule as it is configured, or with its distances so many times as large."""
        self.rule = self.entry.rule if times == 1 else self.entry.rule.tightened(times)

    @property
    def asks_for(self) -> Wake:
        """What the rule itself waits for."""
        return self.wake

    def expect(self, wake: Wake, situation: Situation, decisions: list[Decision]) -> None:
        """Wait for ``wake`` from now on, which a rule made up: anything else than a wake raises.

        So does a bar or a figure that nobody was told to bring: it would never come, and nobody would know.
        Where a condition was put on the rule it depends on the ``situation``; what there is to say of it is
        added to ``decisions``.
        """
        if wake is not self.wake and wake != self.wake:
            assert flaw(wake) is None, flaw(wake)
            awaits_ms = timeframes(wake)
            if awaits_ms:
                missing = awaits_ms - self.entry.rule.needs().timeframes_ms
                assert not missing, undeclared(f"bars of {_listed(missing)}")
            told = figures(wake)
            if told:
                untold = told - self.entry.rule.needs().figures
                assert not untold, undeclared(", ".join(sorted(untold)))
            self.wake = wake
            self.awaits_ms, self.figures = awaits_ms, told

    def meanwhile(self, situation: Situation, decisions: list[Decision]) -> Reach:
        """How long it need not be looked at while the position waits for an answer."""
        return OPEN

    def confirmed_in_ms(self, now_ms: int) -> int | None:
        """How long everything still has to hold before it may act; ``None`` where nothing is counted."""
        return None

    def hear(self, events: Events) -> None:
        """Remember what happened, as far as the wake waits for it, until the rule was asked."""
        told = self.figures
        if (
            events.changed
            or not self.awaits_ms.isdisjoint(events.bars_ms)
            or (told and not told.isdisjoint(events.told))
        ):
            pending = self.pending
            self.pending = events if pending is QUIET else pending | events

    def promised(self, version: int, *, asleep: bool) -> bool:
        """Whether its last answer was about this state, and nothing it waits for has happened since."""
        return self.reach_version == version and (asleep or self.pending is QUIET)

    def asleep(self, version: int, now_ms: int) -> bool:
        """Whether asking would bring the same refusal as before."""
        return self.asleep_version == version and now_ms < self.asleep_until_ms


def _listed(timeframes_ms: frozenset[int]) -> str:
    return ", ".join(map(format_timeframe, sorted(timeframes_ms)))


@dataclass(slots=True, eq=False)
class Holder:
    """A position the core guards, with everything that belongs to it."""

    sequence: int
    """Order of first sight, which is the order positions are asked in."""
    account: Account
    position: Position
    contract: Contract
    armed: tuple[Armed, ...]
    history: History
    """What was done for the position, in this lot and before."""
    orders: tuple[Order, ...] = ()
    stops: tuple[Order, ...] = ()
    watches: tuple[Symbol, ...] = ()
    """The symbols whose marks it has to look at: its own, or those of its cross pool."""
    judged_by: tuple[Symbol, ...] = ()
    """Those, and all others whose marks may enter a decision on it, sorted."""
    known_ms: int = 0
    """When the position was first heard of: without a mark, silence is counted from here."""
    version: int = 0
    posture: Posture = Posture.NORMAL
    """The strictest of those that rules have set."""
    reach: Reach = CLOSED
    reach_version: int = -1
    """The version of the state the reach was found in; -1 while it is provisional."""
    tied: Reach | None = None
    """The reach the tripwires were last tied to."""
    protection: Reach = CLOSED
    """How long what protects the position stays as it was seen in ``protection_version``."""
    protection_for: tuple[object, ...] = ()
    """The ground and the stops it was found for: for the same it is the same while it lasts."""
    protection_version: int = -1
    protecting: tuple[Order, ...] | None = None
    """The stops that protect it so long, where they are what matters."""
    shortfall: Decimal = ZERO
    """Margin that is missing where the venue puts liquidation nearer than our formula does (``drift``)."""
    agreement: str = "unseen"
    """How the venue's liquidation price last stood to ours."""
    pool: Pool | None = None
    """The isolated pool, kept while the position stays as it is; cross pools belong to the account."""
    plain: PlainSums | None = None
    """What was last found from nothing but the isolated pool and the marks."""
    stands: bool = False
    """Whether the isolated pool is liquidated at the same price whatever the mark is: at ``liquidation``."""
    liquidation: Decimal | None = None
    protected_by: str | None = None
    naked_since_ms: int | None = None
    last_action: Action | None = None
    hedges: bool = False
    """Whether it is a hedge of ours, there for another position's sake."""
    free: Callable[[], Decimal] = field(default=lambda: ZERO)
    """What may be spent on it now, found when asked for: a sum over all cross positions of its account."""
    confirms: bool = False
    """Whether a condition on one of its rules has to hold for a time."""
    pairs: bool = False
    """Whether a rule of its may hedge it: then it looks at the dated contracts beside its own."""
    weighs: bool = False
    """Whether a rule of its asks what the whole account is worth."""
    everywhere: bool = False
    """Whether a rule of its asks what all accounts together are worth."""
    beside: frozenset[Symbol] = frozenset()
    """Contracts that a rule of its looks at, whatever is held in them."""
    counts_spot: bool = False
    """Whether a rule of its counts the coins that are held outright."""

    id: PositionId = field(init=False)
    wallet: Wallet = field(init=False)
    """What its account holds in the currency it settles in."""
    isolated: bool = field(init=False)
    """Whether the position is a margin pool of its own."""

    def __post_init__(self) -> None:
        """Name the position: what it is and whose never changes, and is asked for at every evaluation."""
        self.id = self.position.id
        self.wallet = self.account.wallet(self.contract.settlement)
        self.isolated = self.position.mode is MarginMode.ISOLATED

    def looks_at(self, contract: Contract) -> bool:
        """Whether a rule of its may look at a contract in which nothing is held."""
        hedges = self.pairs and contract.expiry_ms is not None and contract.index == self.contract.index
        return hedges or self.counts_spot or contract.symbol in self.beside

    def become(self, position: Position) -> None:
        """The position changed: its margin pool is another one."""
        self.position = position
        self.isolated = position.mode is MarginMode.ISOLATED
        self.pool = None

    def lack(self, shortfall: Decimal) -> None:
        """The venue counts this much less margin behind the position than we do."""
        self.shortfall = shortfall
        self.pool = None

    def rest(self, orders: tuple[Order, ...]) -> None:
        """These orders rest for the position, and no others."""
        self.orders = orders
        self.stops = tuple(order for order in orders if order.kind.is_stop and order.reduces)

    def take(self, rule: RuleName, wanted: SetPosture) -> None:
        """Another posture is a change of state, which every rule hears of."""
        postures = self.history.postures
        before = postures.pop(rule, None)
        if wanted.posture is not Posture.NORMAL or wanted.tighten != 1:
            postures[rule] = wanted
        if postures.get(rule) == before:
            return
        self.stand()
        self.version += 1
        for armed in self.armed:
            armed.hear(CHANGED)

    def stand(self) -> None:
        """Let the postures that rules have set hold: the strictest, and the largest factor of others."""
        postures = self.history.postures
        wanted = (each.posture for each in postures.values())
        self.posture = max(wanted, key=_STRICTER, default=Posture.NORMAL)
        for armed in self.armed:
            others = [each.tighten for name, each in postures.items() if name != armed.name]
            armed.tighten(max(others, default=ONE))

    def doubt(self) -> None:
        """Believe no promise that was given."""
        self.reach_version = self.protection_version = -1
        self.protection_for = ()
        for armed in self.armed:
            armed.reach, armed.reach_version, armed.band_for = CLOSED, -1, None

    def keep(self, reach: Reach, *, provisional: bool = False) -> None:
        """Stay quiet for ``reach``; a provisional one is found anew at the next question."""
        self.reach = reach
        self.reach_version = -1 if provisional else self.version


class Unheld(NamedTuple):
    """Orders of a position that is not there, and since when it has not been."""

    orders: tuple[Order, ...]
    since_ms: int


@dataclass(slots=True, eq=False)
class Wallet:
    """What an account holds in one settlement currency. It backs the cross positions that settle in it."""

    amount: Decimal = ZERO
    free: Decimal = ZERO
    cross_pool: Pool | None = None
    """The cross positions that settle in this currency, kept while they stay as they are."""
    marked: Pool | None = None
    """The cross pool of which every mark is known."""
    plain: PlainSums | None = None
    """What was last found from nothing but the cross pool and the marks."""
    has_cross: bool = False
    nets: bool = False
    """Whether requirements of the cross pool offset each other, so that it is no sum over symbols."""
    rooms: Rooms = field(default_factory=Rooms)
    """Where the cross pool is calm."""
    drawdowns: dict[Drawdown, DrawdownSeries] = field(default_factory=dict)
    """How far the account is below its best, where a rule needs it."""
    funding: Decimal = ZERO
    """Funding received in this run, counted where a rule needs a drawdown."""


@dataclass(slots=True, eq=False)
class Account:
    """One account: wallets, state and positions, in the order they were seen."""

    name: AccountName
    able: Capabilities = NOTHING_DECLARED
    """What the venue can do for it."""
    wallets: dict[str, Wallet] = field(default_factory=dict)
    """By settlement currency."""
    state: BotState = BotState.RECOVERING
    because: str = "no snapshot yet"
    told_ms: int = -1
    """When its balance was told last, or all of it: with every reading."""
    known: bool = False
    """Whether a reading has told all of it since the last link was lost."""
    unknown_since_ms: int = 0
    """Readings that began before this tell nothing of what happened meanwhile."""
    halted: bool = False
    reducing: bool = False
    flattening: str | None = None
    """Who ordered all its positions closed, while that is not done; ``None`` if nobody did."""
    paused_until_ms: int = -1
    strangers: set[str] = field(default_factory=set)
    """Orders with our prefix that no journal of ours knows: each has halted the account once."""
    links_down: set[Link] = field(default_factory=set)
    blind_to: set[Symbol] = field(default_factory=set)
    """Symbols whose mark price went stale."""
    holders: dict[PositionId, Holder] = field(default_factory=dict)
    spot: Mapping[str, Decimal] | None = None
    """The coins held outright, by asset; ``None`` until somebody told."""
    has_cross: bool = False
    """Whether any position is cross, whatever it settles in."""

    def wallet(self, currency: str) -> Wallet:
        """The wallet of a settlement currency, empty until its balance is reported."""
        wallet = self.wallets.get(currency)
        if wallet is None:
            wallet = self.wallets[currency] = Wallet()
        return wallet

    @property
    def sees_nothing(self) -> bool:
        """Whether the marks of all its positions are silent."""
        return bool(self.blind_to) and all(id_.symbol in self.blind_to for id_ in self.holders)

    @property
    def may_be_flattened(self) -> bool:
        """Whether the exits of flattening may be sent.

        A halt is no obstacle to what a person ordered, nor are silent marks: a reduce-only order at market
        asks for none. Before the account is known, or without a key, there is nothing to send.
        """
        return self.known and Link.AUTH not in self.links_down

    def forget(self, at_ms: int) -> None:
        """What happened until now is in no stream: only a reading that begins from here on tells."""
        self.known, self.unknown_since_ms = False, at_ms

    def proper_state(self) -> BotState:
        """The state that follows from what is known: what forbids most comes first."""
        if self.halted:
            return BotState.HALTED
        if Link.AUTH in self.links_down:
            return BotState.AUTH_LOST
        if self.links_down or self.sees_nothing:
            return BotState.BLIND
        if not self.known:
            return BotState.RECOVERING
        lowers_only = self.reducing or self.flattening is not None
        return BotState.REDUCING if lowers_only else BotState.ARMED


@dataclass(slots=True)
class Parked:
    """Rules that raised, and what a person paused: rules and positions, by name."""

    broken: dict[RuleName, str] = field(default_factory=dict)
    paused_until_ms: dict[str, int] = field(default_factory=dict)

    def pause_of(self, rule: RuleName, id_: PositionId) -> int:
        """Until when the rule or the position is paused."""
        paused = self.paused_until_ms
        return max(paused.get(rule, -1), paused.get(str(id_), -1)) if paused else -1
