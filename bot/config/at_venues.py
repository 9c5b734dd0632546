"""Whether the rules of a configuration can be carried out at the exchanges its accounts are at.

Which positions a real account holds, no file says: a rule is judged by both margin modes, and is hopeless
only where it can do nothing in either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.config.coverage import contract_name
from bot.config.errors import ConfigError, Key, shown
from bot.config.levers import Finding, judged
from bot.config.settings import Settings
from bot.core.capabilities import Capability
from bot.core.intents import Intent
from bot.core.rule import Needs
from bot.core.settings import RuleEntry
from bot.core.timeframe import format_timeframe
from bot.core.types import MarginMode, PositionMode
from bot.venues.live.terms import Traits


@dataclass(frozen=True, slots=True)
class AtVenue:
    """What can be done to positions of one margin mode, in an account of one position mode at an exchange."""

    traits: Traits
    mode: MarginMode
    position_mode: PositionMode

    @property
    def name(self) -> str:
        """Which positions these are."""
        return f"{self.mode} positions at {self.traits.name}"

    def of(self, kind: type[Intent]) -> Capability:
        """Whether this can be done to them."""
        found = self.traits.levers_in(self.position_mode).get((kind.__name__, self.mode))
        none = f"{self.traits.name} has no {kind.__name__} in {self.mode} mode"
        return found or Capability(works=False, because=none)


def check_told(settings: Settings, venues: Iterable[Traits]) -> None:
    """ConfigError for positions on paper whose tiers neither the file has nor the exchange without a key."""
    silent = [traits.name for traits in venues if not traits.tiers_public]
    untold = [
        (("paper", "positions", at, "symbol"), position.symbol)
        for at, position in enumerate(settings.config.paper.positions)
        if contract_name(settings.config, position.symbol) is None
    ]
    if silent and untold:
        raise ConfigError(
            settings.document.problem(
                key,
                f"no contract for {shown(symbol)}, whose tiers {silent[0]} tells only to who holds a key;"
                f" add [contracts.{shown(symbol)}] with lot and tiers",
            )
            for key, symbol in untold
        )


def lacking(rules: Iterable[RuleEntry], traits: Traits) -> Iterator[tuple[Key, str]]:
    """Rules, by their key, that wait for bars the exchange does not have: they would never come."""
    for index, entry in enumerate(rules):
        wanted = {"params": entry.rule.needs(), "when": Needs() if entry.when is None else entry.when.needs}
        for where, needs in wanted.items():
            missing = sorted(needs.timeframes_ms - traits.timeframes_ms)
            if missing:
                found = ", ".join(map(format_timeframe, missing))
                known = ", ".join(map(format_timeframe, sorted(traits.timeframes_ms)))
                yield ("rules", index, where), f"{traits.name} has no bars of {found}; it has {known}"


def check_timeframes(settings: Settings, venues: Iterable[Traits]) -> None:
    """ConfigError for rules that wait for bars which an exchange does not have."""
    named = {traits.name: traits for traits in venues}
    problems = [
        settings.document.problem(key, text)
        for traits in named.values()
        for key, text in lacking(settings.rules, traits)
    ]
    if problems:
        raise ConfigError(problems)


def findings_at(settings: Settings, venues: Mapping[str, Traits]) -> Iterator[Finding]:
    """What the rules would ask and the exchanges cannot do; ``venues`` are those of the accounts, by name.

    ConfigError, with its file and line, for a position mode or for bars that an exchange does not have.
    """
    check_timeframes(settings, venues.values())
    for account, traits in venues.items():
        mode = settings.config.accounts[account].position_mode
        if mode not in traits.position_modes:
            allowed = " or ".join(f'"{each}"' for each in sorted(traits.position_modes))
            text = f'found "{mode}"; {traits.name} has only {allowed}'
            raise settings.refuse(("accounts", account, "position_mode"), text)
    alike = {
        (traits.name, settings.config.accounts[account].position_mode): traits
        for account, traits in venues.items()
    }
    found = (
        finding
        for (_, position_mode), traits in alike.items()
        for entry in settings.rules
        for finding in judged(entry, [AtVenue(traits, mode, position_mode) for mode in MarginMode])
    )
    yield from dict.fromkeys(found)
