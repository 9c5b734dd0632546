"""What a person set: the limits the guard holds everybody to, and the rules in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bot.core.capabilities import Capabilities
from bot.core.rule import Needs, Rule
from bot.core.types import ZERO, AccountName, RuleName, Symbol
from bot.core.when.condition import When

SEATBELT = RuleName("seatbelt")
"""The name of the fixed last rule of every position."""
KEEPER = RuleName("keeper")
"""The name of the one fixed rule of every hedge."""
FLATTEN = RuleName("flatten")
"""The name of the fixed rule that closes everything while a person wants an account flat."""
RESERVED_NAMES = frozenset({SEATBELT, KEEPER, FLATTEN})
"""The names of the fixed rules, which no other may have: no pause stops them and no latch holds them."""
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What may be spent on margin in one settlement currency, counted apart from every other currency.

    Budgets count margin added, in money, that of a campaign also what hedges lock. What is proven not applied
    is given back, what was taken out again is not, and re-adding the margin that a reduction released is
    free. ``None`` means no limit of that kind.
    """

    margin_per_position: Decimal | None = None
    """Added to one position until it closes."""
    margin_per_campaign: Decimal | None = None
    """Put up by all acts on one position until it closes, which are a *campaign*: margin that is added to it,
    and what the hedges opened for it lock."""
    margin_per_streak: Decimal | None = None
    """Added to one side of one symbol in a streak of additions, whatever was closed and opened meanwhile."""
    margin_per_day: Decimal | None = None
    """Added on an account and UTC day."""
    margin_per_account: Decimal | None = None
    """Added on an account, for ever."""
    hedge_notional: Decimal | None = None
    """What all hedges of an account together may be worth."""
    reserve: Decimal = ZERO
    """Free balance that is never spent on margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetsByCurrency(Budgets):
    """Budgets that hold in every settlement currency that ``currencies`` does not name.

    One that it names has the budgets it gives there and no others, because a number of dollars means nothing
    in a coin.
    """

    currencies: Mapping[str, Budgets] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(BudgetsByCurrency):
    """Walls that no rule can pass.

    Budgets are counted for each account by itself. One that ``accounts`` names has those it gives there and
    no others, because what is little for one is all of another.
    """

    accounts: Mapping[AccountName, BudgetsByCurrency] = field(default_factory=dict)

    stale_after_ms: int = 5_000
    """Age of a mark price beyond which nothing is decided."""
    cooldown_ms: int = MINUTE_MS
    """Least time between two actions of one rule on one position; a rule may set its own."""
    actions_per_hour: int = 60
    """Per account; stops moved by the seatbelt and by rules count too, exits do not."""
    actions_per_position: int | None = None
    """In the life of one position; counted alike."""
    actions_per_day: int | None = None
    """Per account and UTC day; counted alike."""
    equal_actions: int = 20
    """Equal actions without effect after which a rule is latched on a position until a person resets it; the
    fixed rules only wait longer."""
    hedge_depth: Decimal = Decimal(2)
    """How many times a hedge's value must rest near the best price for it to be opened."""
    streak_gap_ms: int = DAY_MS
    """So long without an addition ends a streak."""
    deadline_ms: int = 5_000
    """After this long an unanswered send is past the venue's receive window."""
    close_whole_below_minimum: bool = True
    """Whether a reduction too small for the venue becomes a close of the whole position."""
    max_slippage: Decimal | None = None
    """How far from the mark, as a fraction of it, a reduction may fill; a rule may set its own. ``None``: it
    goes at market."""

    def budgets(self, account: AccountName, currency: str) -> Budgets:
        """The budgets that hold for an account's money in ``currency``."""
        own = self.accounts.get(account, self)
        return own.currencies.get(currency, own)


class LastResort(StrEnum):
    """What the seatbelt does about a position that no stop can be kept for."""

    TELL = "tell"
    """Say so, and go on trying, ever more rarely."""
    CLOSE = "close"
    """Close it, at market."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatbeltSettings:
    """The fixed last rule: every position has a resting stop between mark and liquidation.

    ``clear_of_liquidation`` is how far before liquidation the stop rests, as a fraction of the liquidation
    price, and never more than half of the way to the mark. ``tolerance`` is how far, as a fraction of the
    mark, the right place may drift before the stop is moved. ``last_resort`` is what happens once the venue
    has ended or refused its stops three times: nothing is ever closed for that alone unless it says so.
    """

    enabled: bool = True
    clear_of_liquidation: Decimal = Decimal("0.01")
    tolerance: Decimal = Decimal("0.002")
    last_resort: LastResort = LastResort.TELL


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """A configured rule: where it applies, how often, and whether only in shadow."""

    rule: Rule[Any]
    symbols: frozenset[Symbol] | None = None
    cooldown_ms: int | None = None
    max_slippage: Decimal | None = None
    """Instead of ``limits.max_slippage``."""
    shadow: bool = False
    when: When | None = None
    """What has to hold before it may act, beside what the rule itself waits for."""
    confirm_for_ms: int = 0
    """How long all of that has to hold without interruption."""

    @property
    def needs(self) -> Needs:
        """The market data that rule and condition want."""
        needs: Needs = self.rule.needs()
        return needs if self.when is None else needs | self.when.needs

    @property
    def name(self) -> RuleName:
        """The name the configuration gave the rule."""
        return self.rule.name


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Everything the engine is built from. ``epoch`` is the journal's, and travels in every client id."""

    rules: tuple[RuleEntry, ...]
    limits: Limits = field(default_factory=Limits)
    seatbelt: SeatbeltSettings = field(default_factory=SeatbeltSettings)
    capabilities: Mapping[AccountName, Capabilities]
    taker_fee: Decimal = Decimal("0.0005")
    stale_after_ms: Mapping[Symbol, int] = field(default_factory=dict)
    """Per symbol instead of ``limits.stale_after_ms``; a replay counts in intervals of the tape."""
    reducing: bool = False
    """Start with exits and stops only until a person acknowledges: the journal could not be trusted."""
    shadow: bool = False
    """Every rule decides in shadow, the fixed ones included: nothing is ever let through."""
    epoch: int = 1

    def __post_init__(self) -> None:
        """Refuse two rules of one name, and one that would pass for the seatbelt."""
        names = [entry.name for entry in self.rules]
        assert len(set(names)) == len(names), f"two rules of one name among {names}"
        taken = RESERVED_NAMES.intersection(names)
        assert not taken, f"{taken} are reserved names"


def needs_of(entries: Iterable[RuleEntry]) -> Needs:
    """The market data that rules want together."""
    needs = Needs()
    for entry in entries:
        needs |= entry.needs
    return needs
