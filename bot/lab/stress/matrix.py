"""All trials: every scenario with every set of rules, and what would have saved those that died."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import perf_counter
from typing import Any

from bot.config.errors import Key
from bot.config.fields import ANY_SYMBOL, FIRST
from bot.config.settings import Settings
from bot.core.types import PositionId, Symbol
from bot.lab.replay.result import text
from bot.lab.scenarios import Scenario, Taken, dropped
from bot.lab.stress.saving import Saving, saving
from bot.lab.stress.trial import Fate, Played, RuleSet, Stage, Trial, stretch
from bot.venues.calendar import undated

SCHEMA_VERSION = 1
FAULTS = (
    "the exchange does everything half a minute late, and is not there for ten minutes before the worst price"
)
DISTANCE_DIGITS = 6
"""A distance is told in so many decimals: rounded again for reading it is what a page says of it."""
YOURS = "configured"
"""The rules of the configuration itself, which the verdict is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StressResult:
    """Every trial, scenario by scenario, each with every set of rules; and the savings of those that died."""

    rules: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    trials: tuple[Trial, ...]
    savings: Mapping[tuple[str, str], Saving]
    assumptions: tuple[str, ...]
    seconds: float
    config: str
    """The digest of the configuration."""

    def survived(self, rules: str) -> int:
        """How many scenarios nobody was liquidated in."""
        return sum(trial.survived for trial in self.trials if trial.rules == rules)

    def to_json(self) -> dict[str, Any]:
        """The object ``holdfast stress --json`` prints."""
        titles = {each.name: each for each in self.scenarios}
        return {
            "schema_version": SCHEMA_VERSION,
            "survived": self.survived(self.rules[0]) == len(self.scenarios),
            "rules": {name: self.survived(name) for name in self.rules},
            "scenarios": [
                {
                    "name": each.name,
                    "title": each.table.title,
                    "pace": each.table.pace,
                    "seed": each.table.seed,
                    "sha256": each.sha256,
                }
                for each in titles.values()
            ],
            "trials": [
                trial_json(each, self.savings.get((each.scenario, each.rules))) for each in self.trials
            ],
            "assumptions": list(self.assumptions),
            "seconds": round(self.seconds, 3),
            "config": self.config,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """A trial with what it leaves to be looked at, before that is forgotten."""

    scenario: Scenario
    trial: Trial
    saving: Saving | None
    played: Played


def _unseen(attempt: Attempt) -> None:
    """Nobody looks."""


def stress(
    rule_sets: Sequence[RuleSet],
    scenarios: Sequence[Scenario],
    *,
    prices: Mapping[Symbol, Decimal],
    faults: bool = False,
    seen: Callable[[Attempt], None] = _unseen,
) -> StressResult:
    """Try everything. ``prices`` are those that coins are at now; one without begins as published.

    ``faults``: the exchange answers late, and for a while not at all. ``seen`` is shown each trial as soon as
    it has ended: whoever draws it, or counts.

    ConfigError for positions that cannot be, or that name no symbol.
    """
    began = perf_counter()
    held = symbols_of(rule_sets[0].settings)
    taken = Taken(first=first_prices(rule_sets[0].settings, prices))
    trials: list[Trial] = []
    savings: dict[tuple[str, str], Saving] = {}
    said: dict[str, None] = {}
    for scenario in scenarios:
        stretched = stretch(scenario, held, taken)
        said.update(dict.fromkeys(dropped(rule_sets[0].settings, scenario)))
        for rules in rule_sets:
            stage = Stage(stretched, rules, faults=faults)
            played = stage.played()
            trial = stage.judged(played)
            trials.append(trial)
            saved = saving(stage, trial.dead) if trial.dead else None
            if saved is not None:
                savings[scenario.name, rules.name] = saved
            seen(Attempt(scenario=scenario, trial=trial, saving=saved, played=played))
    return StressResult(
        rules=tuple(each.name for each in rule_sets),
        scenarios=tuple(scenarios),
        trials=tuple(trials),
        savings=savings,
        assumptions=(*said, *_invented_tiers(rule_sets[0].settings), *((FAULTS,) if faults else ())),
        seconds=perf_counter() - began,
        config=rule_sets[0].settings.digest(),
    )


def symbols_of(settings: Settings) -> tuple[Symbol, ...]:
    """The perpetuals that prices are needed of: those held, and the indices of quarterlies."""
    key: Key = ("paper", "positions")
    positions = settings.config.paper.positions
    if not positions:
        raise settings.refuse(key, "there is nothing to test; write down what you hold")
    held = [each.symbol for each in positions]
    if ANY_SYMBOL in held:
        held += [name for name in settings.config.contracts if name != ANY_SYMBOL]
    held += [each.underlying for each in settings.config.paper.quarterlies]
    named = sorted({undated(symbol) for symbol in held if symbol != ANY_SYMBOL})
    if not named:
        at = held.index(Symbol(ANY_SYMBOL))
        raise settings.refuse((*key, at, "symbol"), 'found "*"; a stress test needs symbols by name')
    return tuple(named)


def first_prices(settings: Settings, prices: Mapping[Symbol, Decimal]) -> dict[Symbol, Decimal]:
    """Where each coin begins: at the price that was given, else at the entry of the position in it."""
    entries = {
        each.symbol: Decimal(each.entry) for each in settings.config.paper.positions if each.entry != FIRST
    }
    return {**entries, **prices}


def trial_json(trial: Trial, saved: Saving | None) -> dict[str, Any]:
    """One trial; money as decimal strings."""
    return {
        "scenario": trial.scenario,
        "rules": trial.rules,
        "survived": trial.survived,
        "positions": [_fate(each) for each in trial.fates],
        "equity_before": text(trial.equity_before),
        "equity": text(trial.equity),
        "margin_added": text(trial.margin_added),
        "cost": text(trial.cost),
        "actions": dict(sorted(trial.actions.items())),
        "blocked": dict(sorted(trial.blocked.items())),
        "saved_by": None if saved is None else _saved(saved),
        "digest": trial.digest,
    }


def _fate(fate: Fate) -> dict[str, Any]:
    return {
        **_identity(fate.id),
        "survived": fate.liquidated_ms is None,
        "liquidated_ms": fate.liquidated_ms,
        "open": fate.open,
        "smallest_distance": None if fate.nearest is None else f"{fate.nearest:.{DISTANCE_DIGITS}f}",
    }


def _saved(saved: Saving) -> dict[str, Any]:
    margin = None
    if saved.margin is not None:
        margin = [{**_identity(id_), "margin": text(amount)} for id_, amount in saved.margin.items()]
    return {"margin": margin, "earlier": text(saved.earlier)}


def _identity(id_: PositionId) -> dict[str, str]:
    return {"account": id_.account, "symbol": id_.symbol, "side": id_.side.value}


def _invented_tiers(settings: Settings) -> Iterator[str]:
    invented = sorted(name for name, table in settings.config.contracts.items() if table.synthetic_tiers)
    if invented:
        yield f"the tiers of {', '.join(invented)} are invented"
