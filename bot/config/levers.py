"""Whether the venue can do what the configured rules would ask of it, before any of it is asked.

A top-up on a cross position is refused by every exchange. Found out when the crash comes, that costs the
position; found out by ``holdfast check``, it costs a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bot.config.compose import contract
from bot.config.coverage import account_of, contract_name, quarterly_symbol
from bot.config.fields import ANY_SYMBOL
from bot.config.model import PositionTable
from bot.config.settings import Settings
from bot.core.capabilities import Capability
from bot.core.intents import Intent
from bot.core.settings import RuleEntry
from bot.core.types import Symbol
from bot.venues.capabilities import HEDGES, NOT_LISTED, beside_dated
from bot.venues.paper.capabilities import capabilities_of

_SOME_SYMBOL = Symbol("BTC/USDT:USDT")
_SOME_EXPIRY_MS = 2_082_355_200_000
"""2035-12-28 08:00 UTC: whatever the date, a contract that is listed is one."""
_SOME_TICK = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that cannot work on some of the positions it applies to, or (``hopeless``) on none of them.

    ``replaced``: it works, but by what it declared as the substitute of a lever the venue does not have.
    """

    rule: str
    text: str
    hopeless: bool = False
    replaced: bool = False


class Levers(Protocol):
    """What can be done to some positions, and what they are called."""

    @property
    def name(self) -> str:
        """Which positions these are."""
        ...

    def of(self, kind: type[Intent]) -> Capability:
        """Whether this can be done to them."""
        ...


class _Levers:
    """What a rule can have done to one configured position."""

    def __init__(self, settings: Settings, position: PositionTable, entry: RuleEntry) -> None:
        account = account_of(settings.config, position)
        assert account is not None, f"{position.symbol}: an account that was not checked"
        symbol = _some_symbol(settings) if position.symbol == ANY_SYMBOL else position.symbol
        beside = sorted(entry.needs.beside - {symbol})
        known = (each for each in beside if contract_name(settings.config, each) is not None)
        names = (symbol, *_dated(settings, symbol), *known)
        traded = [contract(settings, each, tick=_SOME_TICK) for each in names]
        # What a rule does not look at it cannot hedge with, whatever is listed.
        self._hedges = entry.needs.beside or symbol in {each.symbol for each in beside_dated(traded)}
        self._able = capabilities_of(traded, settings.config.accounts[account].position_mode)
        self._mode, self._symbol = position.margin_mode, symbol
        self.name = f"{position.symbol} {position.margin_mode}"

    def of(self, kind: type[Intent]) -> Capability:
        if kind.__name__ in HEDGES and not self._hedges:
            return NOT_LISTED
        return self._able.of(kind.__name__, self._mode, self._symbol)


def _some_symbol(settings: Settings) -> Symbol:
    """A symbol that ``*`` may stand for: one with dated contracts, if there are any."""
    quarterlies = settings.config.paper.quarterlies
    return quarterly_symbol(quarterlies[0], None) if quarterlies else _SOME_SYMBOL


def _dated(settings: Settings, symbol: Symbol) -> Iterator[Symbol]:
    """The dated contracts that are listed beside ``symbol``: those written down, and one of each model."""
    config = settings.config
    yield from (each for each in config.contracts if "-" in each and each != symbol)
    for table in config.paper.quarterlies:
        yield quarterly_symbol(table, _SOME_EXPIRY_MS)


def findings(settings: Settings) -> Iterator[Finding]:
    """What the rules would ask and the venue cannot do, in the order of the rules."""
    positions = settings.config.paper.positions
    for entry in settings.rules:
        reached = [_Levers(settings, p, entry) for p in positions if _applies(entry, p.symbol)]
        yield from judged(entry, reached)


def judged(entry: RuleEntry, reached: Sequence[Levers]) -> Iterator[Finding]:
    """What a rule would ask and cannot be done to what it reaches."""
    proposes = entry.rule.proposes
    if not proposes or not reached:
        return
    refused: dict[str, None] = {}
    replaced: dict[str, None] = {}
    for levers in reached:
        if any(levers.of(kind).works for kind in proposes):
            replaced |= dict.fromkeys(f"{levers.name}: {how}" for how in _replaced(entry, levers))
        else:
            refused[f"{levers.name}: {_why(levers.of(proposes[0]))}"] = None
    if refused:
        hopeless = len(refused) == len({levers.name for levers in reached})
        yield Finding(entry.name, "; ".join(refused), hopeless)
    if replaced:
        yield Finding(entry.name, "; ".join(replaced), replaced=True)


def _applies(entry: RuleEntry, symbol: Symbol) -> bool:
    return entry.symbols is None or symbol == ANY_SYMBOL or symbol in entry.symbols


def _replaced(entry: RuleEntry, levers: Levers) -> Iterator[str]:
    """The kinds the venue cannot do, and what the rule has declared that it does in their place."""
    for kind, substitute in entry.rule.substitutes.items():
        answer = levers.of(kind)
        if not answer.works and levers.of(substitute).works:
            yield f"{substitute.__name__} instead of {kind.__name__}, for {answer.because}"


def _why(answer: Capability) -> str:
    instead = f", use {answer.substitute} there" if answer.substitute else ""
    return f"{answer.because}{instead}"
