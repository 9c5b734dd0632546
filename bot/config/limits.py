"""The walls of a configuration: the `[limits]` table, and the budgets of each currency."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from bot.config.fields import Account, Currency, NotNegative, Positive, Slippage
from bot.config.table import Table
from bot.core.durations import Duration
from bot.core.settings import DAY_MS, MINUTE_MS
from bot.core.types import ZERO


class BudgetsTable(Table):
    """Budgets in one settlement currency. A budget that is left out does not exist."""

    margin_per_position: Positive | None = None
    margin_per_campaign: Positive | None = None
    margin_per_streak: Positive | None = None
    margin_per_day: Positive | None = None
    margin_per_account: Positive | None = None
    hedge_notional: Positive | None = None
    reserve: NotNegative = ZERO


class AccountBudgetsTable(BudgetsTable):
    """Budgets of one account: it has these and no others."""

    currencies: dict[Currency, BudgetsTable] = Field(default_factory=dict)


class LimitsTable(Table):
    """Walls that no rule can pass. A budget that is left out does not exist."""

    former = MappingProxyType(
        {"campaign_gap": "streak_gap, and margin_per_streak for its budget; a campaign lasts until it closes"}
    )

    stale_after: Duration = 5_000
    """Age of a mark price beyond which nothing is decided. A replay counts in intervals of its tape."""
    cooldown: Duration = MINUTE_MS
    """Least time between two actions of one rule on one position; a rule may set its own."""
    margin_per_position: Positive | None = None
    """Added to one position until it closes."""
    margin_per_campaign: Positive | None = None
    """A campaign is all acts on one position until it closes: margin added, and what its hedges lock."""
    margin_per_streak: Positive | None = None
    """Added to one side of one symbol, over several positions, less than streak_gap apart."""
    margin_per_day: Positive | None = None
    """Over all positions that settle in one currency, per UTC day."""
    margin_per_account: Positive | None = None
    hedge_notional: Positive | None = None
    """What all hedges of an account together may be worth."""
    reserve: NotNegative = ZERO
    """Free balance that is never spent on margin."""
    currencies: dict[Currency, BudgetsTable] = Field(default_factory=dict)
    """Budgets in other currencies: [limits.currencies.BTC]. Those above hold in the one that is not named."""
    accounts: dict[Account, AccountBudgetsTable] = Field(default_factory=dict)
    """Budgets of other accounts: [limits.accounts.sub]. Those above hold in each that is not named."""
    actions_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 60
    """Per account; exits do not count."""
    actions_per_position: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """In the life of one position; exits do not count, and the fixed rules are not held up."""
    actions_per_day: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Per account and UTC day; counted alike."""
    equal_actions: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Equal actions without effect after which a rule is latched until a person resets it."""
    hedge_depth: NotNegative = Decimal(2)
    """How many times a hedge's value must rest near the best price for it to be opened."""
    streak_gap: Duration = DAY_MS
    """So long without an addition ends a streak."""
    deadline: Duration = 5_000
    """After this long an unanswered send is past the venue's receive window."""
    close_whole_below_minimum: bool = True
    """Whether a reduction too small for the venue becomes a close of the whole position."""
    max_slippage: Slippage | None = None
    """How far from the mark a reduction may fill, as a fraction of it; a rule may set its own. What it leaves
    unfilled is decided anew after a second, the fourth time at market. Left out, reductions go at market."""
