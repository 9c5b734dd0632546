"""Whether the venue can do what the configured rules would ask of it, before any of it is asked.

A top-up on a cross position is refused by every exchange. Found out when the crash comes, that costs the
position; found out by ``holdfast check``, it costs a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.config.compose import contract
from bot.config.coverage import account_of
from bot.config.fields import ANY_SYMBOL
from bot.config.settings import Settings
from bot.core.capabilities import Capabilities, Capability
from bot.core.settings import RuleEntry
from bot.core.types import Symbol
from bot.venues.paper.capabilities import capabilities_of

_SOME_SYMBOL = Symbol("BTC/USDT:USDT")
_SOME_TICK = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that cannot work on some of the positions it applies to, or (``hopeless``) on none of them."""

    rule: str
    text: str
    hopeless: bool


def findings(settings: Settings) -> Iterator[Finding]:
    """What the rules would ask and the venue cannot do, in the order of the rules."""
    positions = settings.config.paper.positions
    for entry in settings.rules:
        proposes = [intent.__name__ for intent in entry.rule.proposes]
        reached = [position for position in positions if _applies(entry, position.symbol)]
        if not proposes or not reached:
            continue
        refused: dict[str, None] = {}
        for position in reached:
            capabilities = _capabilities(settings, position.symbol, account_of(settings.config, position))
            answers = [capabilities.of(intent, position.margin_mode) for intent in proposes]
            if not any(answer.works for answer in answers):
                refused[f"{position.symbol} {position.margin_mode}: {_why(answers[0])}"] = None
        if refused:
            hopeless = len(refused) == len({(p.symbol, p.margin_mode) for p in reached})
            yield Finding(entry.name, "; ".join(refused), hopeless)


def _applies(entry: RuleEntry, symbol: Symbol) -> bool:
    return entry.symbols is None or symbol == ANY_SYMBOL or symbol in entry.symbols


def _capabilities(settings: Settings, symbol: Symbol, account: str | None) -> Capabilities:
    assert account is not None, f"{symbol}: an account that was not checked"
    traded = contract(settings, _SOME_SYMBOL if symbol == ANY_SYMBOL else symbol, tick=_SOME_TICK)
    return capabilities_of((traded,), settings.config.accounts[account].position_mode)


def _why(answer: Capability) -> str:
    instead = f", use {answer.substitute} there" if answer.substitute else ""
    return f"{answer.because}{instead}"
