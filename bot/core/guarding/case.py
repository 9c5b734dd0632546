"""What the guard is asked about, and how it answers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.accounts.book import Account, Armed, Holder
from bot.core.danger.conditions import FOREVER_MS
from bot.core.decisions import Action, Because, Refusal
from bot.core.held.pairs import Pairing
from bot.core.intents import Intent, ReducePosition
from bot.core.settings import FLATTEN, KEEPER
from bot.core.types import ZERO


@dataclass(frozen=True, slots=True)
class No:
    """An answer: why not, and until when if that is known."""

    because: Because
    text: str
    until_ms: int = FOREVER_MS


class Case(NamedTuple):
    """What the guard is asked about: a rule on a position at a moment."""

    account: Account
    holder: Holder
    armed: Armed
    now_ms: int
    pair: Pairing
    follow_up: bool = False

    def flattens(self, kind: type[Intent]) -> bool:
        """Whether it would be an exit of flattening: of a position, or of the hedge that is left of one."""
        ordered = self.account.flattening is not None
        return ordered and kind is ReducePosition and self.armed.name in (FLATTEN, KEEPER)


class Verdict(NamedTuple):
    """The decision on a proposal."""

    decision: Action | Refusal
    promised: Decimal = ZERO
    """What an action will take from the free balance."""
