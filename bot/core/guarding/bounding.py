"""The worst price a reduction may fill at, and how it goes on where the market does not give that price.

A bound keeps an exit from emptying a thin book in ordinary times. In a crash it may not be met at all, and
an exit that does not happen is worth less than a bad price, because what is left is liquidated at a worse
one. So what a bound left unfilled is decided anew on the position as it is then, a second later, with a bound
around the mark of then; after ``TRIES`` of these in a row it goes at market.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.danger.situation import Situation
from bot.core.guarding.case import Case, No
from bot.core.intents import Intent, ReducePosition
from bot.core.settings import RESERVED_NAMES, Limits
from bot.core.types import ONE

TRIES = 3
"""Reductions in a row that left something unfilled at their bound; the next one has none."""
AGAIN_MS = 1_000
"""How soon a rule may act again after one of these, whatever its cooldown."""


def bounded(sized: Intent | No, situation: Situation, case: Case, limits: Limits) -> Intent | No:
    """A reduction as it was sized, with the bound that is configured for its rule.

    The fixed rules have none: what a person wants flat, and a hedge that nobody needs any more, must go. The
    bound is moved away from the mark to the next step of the price, so that one finer than a step can be met.
    """
    if not isinstance(sized, ReducePosition):
        return sized
    limit = _bound(situation, case, limits) if sized.limit is None else sized.limit
    if limit is None:
        return sized
    contract = situation.contract
    outwards = contract.price_down if situation.id.side.sign > 0 else contract.price_up
    limit = outwards(limit)
    return replace(sized, limit=limit if limit > 0 else None)


def _bound(situation: Situation, case: Case, limits: Limits) -> Decimal | None:
    rule, entry = case.armed.name, case.armed.entry
    slippage = limits.max_slippage if entry.max_slippage is None else entry.max_slippage
    if slippage is None or rule in RESERVED_NAMES or case.holder.history.unfilled.get(rule, 0) >= TRIES:
        return None
    return situation.mark * (ONE - situation.id.side.sign * slippage)
