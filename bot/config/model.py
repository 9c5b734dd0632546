"""The shape of the configuration file: every table, every key, its default and what it means.

The doc strings under the keys are what ``holdfast config schema`` and the error messages print. Nothing here
is used further in: ``bot.config.settings`` turns a valid file into the types of the core.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from bot.config.accounts import AccountTable
from bot.config.alerts import AlertsTable
from bot.config.fields import (
    Account,
    Entry,
    Exact,
    FeeRate,
    Fraction,
    FundingCapChoice,
    Instant,
    Moment,
    NotNegative,
    PerpetualName,
    Positive,
    Rate,
    RuleLabel,
    Slippage,
    SymbolName,
    SymbolOrAny,
    TickSize,
)
from bot.config.limits import LimitsTable
from bot.config.table import Table
from bot.config.watching import HeartbeatTable, WatchdogsTable
from bot.config.when import WhenText
from bot.core.contracts import ContractKind
from bot.core.durations import Duration, Span
from bot.core.facts import Link, OutcomeKind
from bot.core.settings import DAY_MS, MINUTE_MS, LastResort
from bot.core.types import MarginMode, Side
from bot.venues.calendar import LISTED

SCHEMA_VERSION = 1
_ZERO = Decimal(0)


class FeesTable(Table):
    """Trading fees as fractions of the traded value."""

    maker: FeeRate = Decimal("0.0002")
    taker: FeeRate = Decimal("0.0005")


class PositionTable(Table):
    """A position held at the start of a paper run or replay."""

    account: Account | None = None
    """Needed only where there are several accounts."""
    symbol: SymbolOrAny
    """A symbol, or "*" for every traded symbol of the tapes."""
    side: Side
    notional: Positive | None = None
    """Value at the entry price in the settlement currency, of inverse ones in coins; or give quantity."""
    quantity: Positive | None = None
    """Size in base currency, of inverse contracts face value in quote currency; or give notional."""
    leverage: Positive
    margin_mode: MarginMode = MarginMode.ISOLATED
    entry: Entry = "first"
    """The entry price, or "first": the first traded price."""
    margin: Positive | None = None
    """Isolated margin without unrealised profit; left out, it is the initial margin at this leverage."""


class CollateralTable(Table):
    """What an asset is worth that stands for the settlement currency."""

    price: Positive
    """In the settlement currency, at the start; replay.collateral_prices moves it."""
    haircut: Fraction | None = None
    """The fraction of its price that does not count; left out, that of the venue, if it is known."""


class BasisTable(Table):
    """How far from its index a quarterly trades: the defaults are BTC's in March 2020 and November 2022."""

    calm: Annotated[Exact, Field(gt=-1, lt=10)] = Decimal("0.07")
    """Carry in calm, a fraction of the index per year."""
    discount: Fraction = Decimal("0.15")
    """How far below the index a contract without end would go under full stress, as a fraction of it."""
    tenor: Span = 21 * DAY_MS
    """A contract with this long to go reaches half of the discount."""
    window: Span = 4 * 60 * MINUTE_MS
    """A fall is measured from the highest price of this time."""
    onset: Fraction = Decimal("0.05")
    """The fall from which on there is stress, as a fraction."""
    span: Annotated[Exact, Field(gt=0, lt=1)] = Decimal("0.18")
    """How much farther the index has to fall until stress is full, as a fraction."""
    ordinary: NotNegative = Decimal(3)
    """A fall of this many mean hourly ranges is ordinary for the coin and brings no stress."""
    volatility_window: Span = DAY_MS
    """Over which time the mean hourly range is taken."""
    half_life: Span = 10 * 60 * MINUTE_MS
    """In this time stress halves."""


class QuarterliesTable(Table):
    """Quarterly futures on one index, in replays and the demo.

    Nobody recorded them: their prices are those of the index and a modelled basis, and every output says
    synthetic.
    """

    underlying: PerpetualName
    """Whose tape is the index."""
    kind: ContractKind = ContractKind.LINEAR
    """linear: settled in the quote currency, as BTC/USDT:USDT-261225; inverse: in the coin, as
    BTC/USD:BTC-261225."""
    listed: Annotated[int, Field(ge=1, le=8)] = LISTED
    """How many of them trade at any time, this quarter's included."""
    depth: Positive | None = None
    """Money within one percent of the middle on each side of each contract; left out, paper.depth holds."""
    settlement_window: Span | None = None
    """Over how long before expiry the index is averaged into the delivery price; left out, it is Binance's:
    1h, from 2024-11-11 on 30m."""
    basis: BasisTable = BasisTable()


class PaperTable(Table):
    """How the paper exchange fills, charges and begins."""

    fees: FeesTable = FeesTable()
    spread: Fraction = _ZERO
    """Distance between best bid and best ask, as a fraction of the price."""
    latency_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    """Time between a decision and its effect at the exchange."""
    insurance_fund: NotNegative = Decimal("1e12")
    """What the exchange has to pay for positions closed below bankruptcy, in each currency. It never goes
    below zero: what it cannot pay for is matched with the other side by auto-deleveraging."""
    collateral: dict[str, CollateralTable] = Field(default_factory=dict)
    """Terms of the assets that accounts hold as collateral."""
    funding_cap: FundingCapChoice = "none"
    """The largest rate per settlement. Recorded rates were capped on their day, so "none" leaves them alone;
    "venue" caps by the venue's rule, a number by itself."""
    depth: dict[SymbolOrAny, Positive] = Field(default_factory=dict)
    """Quote currency within one percent of the middle on each side, per symbol or "*", for inverse contracts
    too; left out, it is unlimited."""
    max_impact: Annotated[Exact, Field(gt=0, lt=1)] = Decimal("0.05")
    """How far from the best price the book ends, as a fraction of the price."""
    positions: tuple[PositionTable, ...] = ()
    quarterlies: tuple[QuarterliesTable, ...] = ()


class TierTable(Table):
    """One bracket of maintenance margin."""

    floor: NotNegative
    cap: Positive | None = None
    """Left out in the last tier, which has no end."""
    rate: Annotated[Exact, Field(gt=0, lt=1)]
    """Maintenance rate, a fraction of notional."""
    deduction: NotNegative | None = None
    """Maintenance amount taken off; left out in every tier, it is what makes maintenance continuous where
    the venue's tiers are progressive, and 0 where they are flat."""
    max_leverage: Positive | None = None


class ContractTable(Table):
    """What is traded, in which steps, and its tiers: either here or in a file."""

    kind: ContractKind | None = None
    """What the symbol says, for those who like it written: a contract that settles in its base is inverse."""
    expiry: Moment | None = None
    """When a dated contract is delivered; left out, it is 08:00 UTC of the date in its symbol."""
    tick: TickSize = "auto"
    lot: Positive
    """Quantity step in base currency; of inverse contracts in quote currency."""
    min_quantity: NotNegative = _ZERO
    min_notional: NotNegative = _ZERO
    """Least value of an order in the settlement currency."""
    max_leverage: Positive = Decimal(125)
    contract_size: Positive = Decimal(1)
    """Base per contract (linear) or quote per contract (inverse); matters where tiers count contracts."""
    margin_step: Positive = Decimal("0.01")
    """Step in which isolated margin can be added, in the settlement currency; of inverse contracts 0.00000001
    unless it is written."""
    funding_interval: Duration = 8 * 60 * MINUTE_MS
    tiers: tuple[TierTable, ...] = ()
    tiers_file: str | None = None
    """A file of tiers, looked for beside the configuration file."""
    synthetic_tiers: bool = False
    """True where the tiers are invented; every output then says so."""


class SeatbeltTable(Table):
    """The fixed last rule: every position has a resting stop between mark and liquidation."""

    enabled: bool = True
    clear_of_liquidation: Annotated[Exact, Field(gt=0, lt=1)] = Decimal("0.01")
    """How far before liquidation the stop rests, as a fraction of its price; at most half way to the mark."""
    tolerance: Annotated[Exact, Field(gt=0, lt=1)] = Decimal("0.002")
    """How far, as a fraction of the mark, the right place may drift before the stop is moved."""
    last_resort: LastResort = LastResort.TELL
    """What happens once the exchange has ended or refused its stops three times: "tell" says so and goes on
    trying, "close" closes the position at market."""


class RuleTable(Table):
    """A rule at work. Rules are asked in the order of the file."""

    name: RuleLabel | None = None
    """What the journal calls it; left out, it is the rule's own name."""
    use: Annotated[str, Field(min_length=1)]
    """A rule of strategies/, of a folder in rules_path, of an installed package, or a path to a .py file."""
    symbols: Annotated[tuple[SymbolName, ...], Field(min_length=1)] | None = None
    """Where it applies; left out, everywhere."""
    cooldown: Duration | None = None
    """Instead of limits.cooldown."""
    max_slippage: Slippage | None = None
    """Instead of limits.max_slippage, for the reductions of this rule."""
    shadow: bool = False
    """It decides and is recorded, and nothing is sent."""
    when: WhenText | None = None
    """What has to hold beside what the rule itself waits for: "distance < 0.08 and close_1h < entry"."""
    confirm_for: Span | None = None
    """How long all of that has to hold without interruption before it acts; left out, it acts at once."""
    params: dict[str, Any] = Field(default_factory=dict)


class TapesTable(Table):
    """How recorded data is named."""

    map: dict[str, str] = Field(default_factory=dict)
    """From a glob on file names to a symbol, for names that do not tell: "my*.csv" = "BTC/USDT:USDT"."""


class JournalTable(Table):
    """Where everything is written down."""

    path: Annotated[str, Field(min_length=1)] = "data/holdfast.db"
    """Relative to the folder the command is started in."""


class MomentTable(Table):
    """Something that happens at a time of the replay; give after or at."""

    after: Duration | None = None
    """Time since the first price of the tapes."""
    at: Instant | None = None
    """The time itself, with its zone: 2025-10-10T21:16:00Z."""


class DeleveragingTable(MomentTable):
    """The rest of the market closes positions by auto-deleveraging."""

    symbol: SymbolName
    side: Side
    """Whose positions are closed: those of this side, the highest in the venue's queue first."""
    share: Annotated[Exact, Field(gt=0, le=1)] | None = None
    """How much of all that is open on that side; give this or quantity."""
    quantity: Positive | None = None
    """How much in base currency; give this or share."""
    price: Positive | None = None
    """At which price; left out, at the mark."""


class OutageTable(MomentTable):
    """The venue does not answer, while its market goes on."""

    lasts: Duration
    streams: tuple[Literal[Link.MARKET, Link.ACCOUNT], ...] = (Link.MARKET, Link.ACCOUNT)
    """Which streams are silent meanwhile: "market", "account", both or none."""
    answer: Literal[OutcomeKind.UNKNOWN, OutcomeKind.REJECTED] = OutcomeKind.UNKNOWN
    """What requests get: no answer that can be trusted, or a refusal."""


class CollateralPriceTable(MomentTable):
    """A new price of a collateral asset, such as a lost peg."""

    asset: str
    price: NotNegative


class FundingTable(MomentTable):
    """The venue changes funding: how often, how much at most, or what is paid."""

    symbol: SymbolName
    interval: Duration | None = None
    """Time between two settlements, told to the rules; it changes nothing recorded unless there is a rate."""
    cap: Annotated[Exact, Field(ge=0, lt=1)] | None = None
    """The largest rate per settlement from now on."""
    rate: Rate | None = None
    """What is paid at each settlement instead of the recorded rates; positive is paid by longs."""
    lasts: Duration | None = None
    """How long the rate holds; left out, to the end."""


class LiquidityTable(MomentTable):
    """How order books are from here on, in every contract."""

    spread: Annotated[Exact, Field(ge=0, le=10_000)] = Decimal(1)
    """The distance between best bid and best ask, in multiples of paper.spread."""
    depth: Annotated[Exact, Field(gt=0, le=10_000)] = Decimal(1)
    """What rests near the middle, in multiples of paper.depth; what is unlimited stays so."""


class ReplayTable(Table):
    """What holds in replays only."""

    stale_after_intervals: Annotated[int, Field(ge=1, le=1_000_000)] = 3
    """Intervals of the tape without a bar after which the mark is stale."""
    path: Literal["nearest", "worst"] = "nearest"
    """Which extreme of a bar comes first: the one nearer the open, or the other one."""
    deleveragings: tuple[DeleveragingTable, ...] = ()
    outages: tuple[OutageTable, ...] = ()
    collateral_prices: tuple[CollateralPriceTable, ...] = ()
    funding: tuple[FundingTable, ...] = ()
    liquidity: tuple[LiquidityTable, ...] = ()


class Config(Table):
    """The whole file."""

    schema_version: Literal[1] = 1
    mode: Literal["paper", "live"] = "paper"
    rules_path: tuple[str, ...] = ()
    """Folders of rules of your own, looked for beside the configuration file."""
    accounts: Annotated[dict[Account, AccountTable], Field(min_length=1)]
    paper: PaperTable = PaperTable()
    contracts: dict[SymbolOrAny, ContractTable] = Field(default_factory=dict)
    """Per symbol; "*" stands for every symbol that is not named."""
    limits: LimitsTable = LimitsTable()
    seatbelt: SeatbeltTable = SeatbeltTable()
    rules: tuple[RuleTable, ...] = ()
    tapes: TapesTable = TapesTable()
    journal: JournalTable = JournalTable()
    watchdogs: WatchdogsTable = WatchdogsTable()
    heartbeat: HeartbeatTable = HeartbeatTable()
    alerts: AlertsTable = AlertsTable()
    replay: ReplayTable = ReplayTable()
