"""What is known of one run in the fault lab once it is over: all that a verdict may be based on.

Times are the lab's own clock unless a field says otherwise. The bot's clock is ``Run.offset_ms`` ahead of it,
so a row of the journal at ``t`` was written at ``t - offset_ms``. Everything is in the order it happened in;
``number`` counts requests, effects and acts of the user together, so that what happened at one
instant is still in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from bot.core.codec import encode
from bot.core.contracts import Contract
from bot.core.engine import Engine
from bot.core.facts import CarriedOver
from bot.core.settings import EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.types import AccountName, Position, PositionId, PositionMode, Symbol
from bot.runtime.journal import JournalRow
from bot.simulator.records import OrderRecord

PATIENCE_MS = 60_000
"""Within this long after its last fault a bot is armed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What the bot was told, and the exchange it met."""

    rules: tuple[RuleEntry, ...]
    limits: Limits
    seatbelt: SeatbeltSettings
    modes: Mapping[AccountName, PositionMode]
    contracts: Mapping[Symbol, Contract]
    """As they were at the beginning."""
    retry_ms: int
    """The receive window: no request is carried out later than this after it was signed."""
    secrets: tuple[str, ...] = ()
    """What nobody may ever read."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request that left the bot. The ledger goes on writing in it until it is answered.

    ``arrived_ms`` is ``None`` where it never reached the exchange. ``executed`` says whether its handler ran
    and did not refuse; ``code`` is the exchange's own of a refusal. ``answered`` is what the bot got:
    ``"truth"`` for the exchange's own answer, else the name of the fault that took its place.
    """

    number: int
    epoch: int
    account: AccountName
    sent_ms: int
    arrived_ms: int | None
    answered_ms: int | None
    method: str
    path: str
    params: Mapping[str, str]
    client_id: str
    """The client id it names, of an order; empty for anything else."""
    committed: int
    """Sequence number of the last row of the journal that was committed when it left."""
    writes: bool
    """Whether it asks to change positions, orders, margin or settings; a listen key is none of these."""
    executed: bool
    code: str
    status: int | None
    answered: str
    retry_after_ms: int = 0
    """For how long from ``answered_ms`` on it told the bot to wait."""
    banned: bool = False
    heard: bool = True
    """Whether anybody still waited for the answer as it came."""


class Who(StrEnum):
    """Whose doing an effect is."""

    BOT = "bot"
    USER = "user"
    VENUE = "venue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """``request`` is the number of the bot's request; ``what`` is a word for anything else (``funding``)."""

    who: Who
    what: str
    request: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionEffect:
    """A position on the exchange's books changed; ``None`` is none. ``mark`` is the mark at that moment."""

    number: int
    at_ms: int
    id: PositionId
    before: Position | None
    after: Position | None
    mark: Decimal
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEffect:
    """An order appeared, traded, was met, cancelled or expired; ``after`` says which."""

    number: int
    at_ms: int
    before: OrderRecord | None
    after: OrderRecord
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletEffect:
    """The wallet of a settlement currency changed: without isolated margin and unrealised profit."""

    number: int
    at_ms: int
    account: AccountName
    currency: str
    before: Decimal
    after: Decimal
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginEffect:
    """Isolated margin was put in (positive) or taken out by somebody's request."""

    number: int
    at_ms: int
    id: PositionId
    amount: Decimal
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingEffect:
    """``leverage``, ``margin mode`` or ``position mode`` of a symbol (empty: of the account) was set."""

    number: int
    at_ms: int
    account: AccountName
    symbol: str
    what: str
    value: str
    cause: Cause


Effect = PositionEffect | OrderEffect | WalletEffect | MarginEffect | SettingEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """A fault that came to pass. ``until_ms`` is its end, or ``at_ms`` where it was over at once.

    ``request`` is the number of the request that it befell.
    """

    at_ms: int
    until_ms: int
    kind: str
    what: str = ""
    request: int | None = None


class Ending(StrEnum):
    """How a run ended."""

    STOPPED = "stopped"
    KILLED = "killed"
    DIED = "died"
    """Of an error of its own: a full disk, a broken journal, a defect."""
    REFUSED = "refused"
    """It could not even start: the exchange was out, the key revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One life of the process, from its start. ``epoch`` is 0 where the journal was never opened."""

    epoch: int
    offset_ms: int
    """What its clock was ahead of the lab's."""
    started_ms: int
    guarding_ms: int | None
    """When start-up was over and the shell ran."""
    ended_ms: int
    ending: Ending
    because: str
    state: str = ""
    """A digest of what the engine remembered at its end, if it lived to tell."""
    settings: EngineSettings | None = field(default=None, repr=False)
    """What its engine was made with, once it had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line that people were told."""

    at_ms: int
    text: str


class Marked(NamedTuple):
    """The true mark of a symbol from ``at_ms`` on, whatever the streams say."""

    at_ms: int
    symbol: Symbol
    mark: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The books of an account at the beginning or at the end."""

    account: AccountName
    positions: Mapping[PositionId, Position]
    wallets: Mapping[str, Decimal]
    orders: tuple[OrderRecord, ...]
    """What rests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything about the run of one seed."""

    seed: int
    began_ms: int
    ended_ms: int
    configured: Configured
    requests: tuple[Asked, ...]
    effects: tuple[Effect, ...]
    rows: tuple[JournalRow, ...]
    """The whole journal as it is on the disk at the end, all runs in one chain. Kept even where it is not
    sound: the chain is for a verdict to follow."""
    committed: tuple[tuple[int, str], ...]
    """Sequence number and hash of the last row, each time a commit returned: none of them may be lost."""
    committed_ms: tuple[int, ...]
    """When each of these commits returned."""
    runs: tuple[Run, ...]
    faults: tuple[Injected, ...]
    marks: tuple[Marked, ...]
    said: tuple[Said, ...]
    pings: tuple[int, ...] | None
    """When whoever listens outside heard that the bot is well; ``None`` where nobody listens."""
    first: tuple[Held, ...]
    last: tuple[Held, ...]

    def epoch_of(self, row: JournalRow) -> int:
        """The run that wrote a row: how many openings there are up to it."""
        return sum(1 for each in self.rows if each.seq <= row.seq and each.kind == "Opened")


def memory_of(engine: Engine, epoch: int) -> str:
    """A digest of what an engine remembers."""
    carried = CarriedOver(at_ms=0, epoch=epoch, carried=engine.carried())
    return blake2b(encode(carried).encode(), digest_size=16).hexdigest()
