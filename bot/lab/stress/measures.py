"""What a run cost and what it did, of its record: the same for one scenario and for thousands of paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import OutcomeKind
from bot.core.intents import AddMargin, Notify, SetPosture
from bot.core.types import ZERO
from bot.lab.replay.record import Record
from bot.lab.replay.result import cost_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """``cost`` is fees, slippage and losses that the rules made final; money in one currency.

    ``actions`` counts what was applied by its kind, ``blocked`` refusals by their reason.
    """

    margin_added: Decimal
    cost: Decimal
    actions: Mapping[str, int]
    blocked: Mapping[str, int]


def measured(record: Record) -> Measures:
    """What ``record`` tells of what was done."""
    done = [each for each in record.done if not isinstance(each.action.intent, Notify | SetPosture)]
    applied = [each for each in done if each.outcome and each.outcome.kind is OutcomeKind.VERIFIED]
    fills = [fill for each in applied if each.outcome for fill in each.outcome.fills]
    fills += [fill for each in record.triggered for fill in each.outcome.fills]
    added = (each.action.intent for each in applied)
    return Measures(
        margin_added=sum((each.amount for each in added if isinstance(each, AddMargin)), ZERO),
        cost=cost_of(fills),
        actions=Counter(type(each.action.intent).__name__ for each in applied),
        blocked=Counter(str(each.because) for each in record.refusals),
    )
