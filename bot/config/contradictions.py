"""Parameters that are right one by one and cannot be meant together: limits, rules and positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from bot.config.errors import Key, Problem
from bot.config.fields import ANY_SYMBOL, format_exact
from bot.config.limits import AccountBudgetsTable, LimitsTable
from bot.config.model import Config, PositionTable
from bot.config.read import Document
from bot.core.intents import OpenHedge
from bot.core.rule import Rule
from bot.core.types import ONE, MarginMode


def contradictions(config: Config, rules: Mapping[int, Rule[Any]], document: Document) -> Iterator[Problem]:
    """Every mistake between usable rules and the rest of the file; ``rules`` by their place in it."""
    if len(rules) == len(config.rules):  # One that was left out may be the one that opens them.
        yield from _caps_without_hedges(config, rules, document)
    for index, rule in rules.items():
        yield from _stops_beyond_liquidation(config, index, rule, document)


def _caps_without_hedges(
    config: Config, rules: Mapping[int, Rule[Any]], document: Document
) -> Iterator[Problem]:
    """A cap on hedges that nobody opens: whoever wrote it believes that he is hedged.

    Rules of another file take the place of those that the cap was written for, and leave limits as they are.
    """
    if any(OpenHedge in rule.proposes or not rule.proposes for rule in rules.values()):
        return
    tables: list[tuple[Key, LimitsTable | AccountBudgetsTable]] = [(("limits",), config.limits)]
    tables += [(("limits", "accounts", name), own) for name, own in config.limits.accounts.items()]
    capped: list[Key] = []
    for at, table in tables:
        named = [((*at, "currencies", currency), each) for currency, each in table.currencies.items()]
        every = [(at, table), *named]
        capped += [(*key, "hedge_notional") for key, each in every if each.hedge_notional is not None]
    rules_from = document.origin(("rules", 0)).source
    for key in (key for key in capped if document.origin(key).source == rules_from):
        text = "caps hedges, and no rule opens any; add quarterly_hedge or delta_hedge, or leave it out"
        yield document.problem(key, text)


def _stops_beyond_liquidation(
    config: Config, index: int, rule: Rule[Any], document: Document
) -> Iterator[Problem]:
    """A stop so far from the entry that a position of the file is liquidated before it is met."""
    name = type(rule.params).stops_at
    if not name:
        return
    stop: Decimal = getattr(rule.params, name)
    symbols = config.rules[index].symbols
    for position in config.paper.positions:
        among = symbols is None or ANY_SYMBOL in (position.symbol, *symbols) or position.symbol in symbols
        if among and _liquidated_within(position, stop):
            leverage, away = format_exact(position.leverage), format_exact(ONE / position.leverage)
            text = f"{name} {stop} is beyond liquidation: {position.symbol} at {leverage}x is liquidated"
            yield document.problem(("rules", index, "params"), f"{text} less than {away} away")


def _liquidated_within(position: PositionTable, distance: Decimal) -> bool:
    """Whether an isolated position with nothing but its initial margin is liquidated nearer than that."""
    given = position.margin is not None or position.margin_mode is not MarginMode.ISOLATED
    return not given and distance * position.leverage >= ONE
