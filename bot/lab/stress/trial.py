"""One trial: what is held, through one scenario, with one set of rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from bot.config.settings import Settings
from bot.core.engine import Engine
from bot.core.types import ZERO, PositionId, Symbol
from bot.lab.replay.effects import OpeningError
from bot.lab.replay.quarterlies import Quarterly, find_quarterlies
from bot.lab.replay.result import Run, digest_of
from bot.lab.replay.run import Plan, key_of_position, make_plan, perform, prepare
from bot.lab.scenarios import Scenario, Taken, misbehaving, staged, tapes
from bot.lab.stress.measures import measured
from bot.lab.stress.watched import Kept, Marks, WatchedEngine, smallest
from bot.lab.tapes import PathOrder, PricePath, SymbolTapes, Tape, group, price_path
from bot.runtime.journal.memory import MemoryJournal

E = TypeVar("E", bound=Engine)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Settings whose rules are tried; ``defended`` false leaves out all of them, and the seatbelt."""

    name: str
    settings: Settings
    defended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """The prices of one scenario, for all that is held."""

    scenario: Scenario
    tapes: tuple[Tape, ...]
    grouped: tuple[SymbolTapes, ...]
    paths: tuple[PricePath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one position that was held at the start. ``nearest`` is a fraction of the mark."""

    id: PositionId
    liquidated_ms: int | None
    open: bool
    nearest: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How it ended. ``cost`` is fees, slippage and losses that the rules made final; money in one currency.

    ``blocked`` counts refusals by their reason.
    """

    scenario: str
    rules: str
    fates: tuple[Fate, ...]
    equity_before: Decimal
    equity: Decimal
    margin_added: Decimal
    cost: Decimal
    actions: Mapping[str, int]
    blocked: Mapping[str, int]
    digest: str

    @property
    def survived(self) -> bool:
        """No position was liquidated; stopped out counts as survived."""
        return not self.dead

    @property
    def dead(self) -> tuple[PositionId, ...]:
        """The positions that were liquidated."""
        return tuple(fate.id for fate in self.fates if fate.liquidated_ms is not None)


def stretch(scenario: Scenario, symbols: Sequence[Symbol], taken: Taken) -> Stretch:
    """Make the prices of a scenario."""
    made = tapes(scenario, symbols, taken)
    grouped = group(made)
    paths = tuple(price_path(each, order=PathOrder.NEAREST) for each in grouped)
    return Stretch(scenario=scenario, tapes=made, grouped=grouped, paths=paths)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """What a trial leaves to be looked at: the plan, what came of it, and every pool it went through."""

    plan: Plan
    run: Run
    pools: Mapping[PositionId, Kept]
    marks: Marks


class Stage:
    """A scenario and a set of rules, ready to be tried as often as is asked for."""

    def __init__(self, stretch: Stretch, rules: RuleSet, *, faults: bool = False) -> None:
        """Lay out the plan, at an exchange that misbehaves if ``faults``; ConfigError if it cannot be."""
        self.stretch = stretch
        self.rules = rules
        self.faults = faults
        symbols = [Symbol(each.symbol) for each in stretch.paths]
        settings = staged(rules.settings, stretch.scenario, symbols)
        self.settings = misbehaving(settings, stretch.scenario) if faults else settings
        self._quarterlies: tuple[Quarterly, ...] = find_quarterlies(
            self.settings, stretch.grouped, PathOrder.NEAREST
        )
        self.plan = make_plan(
            self.settings,
            stretch.grouped,
            stretch.paths,
            None,
            defended=rules.defended,
            quarterlies=self._quarterlies,
        )

    def survives(self, plan: Plan) -> bool:
        """Whether nothing is liquidated with another plan of the same prices."""
        return not self._play(plan, Engine)[0].record.liquidations

    def played(self) -> Played:
        """Play it."""
        run, engine = self._play(self.plan, WatchedEngine)
        return Played(plan=self.plan, run=run, pools=engine.pools, marks=Marks(self.plan.paths))

    def judged(self, played: Played) -> Trial:
        """What it comes to."""
        run, measures = played.run, measured(played.run.record)
        return Trial(
            scenario=self.stretch.scenario.name,
            rules=self.rules.name,
            fates=_fates(played),
            equity_before=sum((sum(each.balances.values(), ZERO) for each in self.plan.accounts), ZERO),
            equity=sum((pool.equity for pool in run.figures.pools), ZERO),
            margin_added=measures.margin_added,
            cost=measures.cost,
            actions=measures.actions,
            blocked=measures.blocked,
            digest=digest_of((tape.sha256 for tape in self.stretch.tapes), self.settings.canonical(), run),
        )

    def _play(self, plan: Plan, engine: type[E]) -> tuple[Run, E]:
        journal = MemoryJournal()
        try:
            performance = prepare(plan, journal, engine=engine)
            run = asyncio.run(perform(performance, journal))
        except OpeningError as error:
            key = key_of_position(self.settings, self.stretch.paths, self._quarterlies, error.id)
            raise self.settings.refuse(key, str(error)) from error
        played = performance.stage.engine
        assert isinstance(played, engine), "another engine than was asked for"
        return run, played


def _fates(played: Played) -> tuple[Fate, ...]:
    run = played.run
    died = {fact.id: fact.at_ms for fact in reversed(run.record.liquidations)}
    still = {figures.id for figures in run.figures.positions if figures.open}
    return tuple(
        Fate(
            id=id_,
            liquidated_ms=died.get(id_),
            open=id_ in still,
            nearest=ZERO if id_ in died else smallest(id_, played.pools.get(id_, []), played.marks),
        )
        for id_ in (each.opening.id for each in played.plan.openings)
    )


def with_more_margin(plan: Plan, more: Mapping[PositionId, Decimal]) -> Plan:
    """The same, had the trader put so much more behind these positions before it began."""
    openings = []
    for each in plan.openings:
        extra, opening = more.get(each.opening.id), each.opening
        if extra is not None and opening.margin is not None:
            opening = replace(opening, margin=opening.margin + extra)
        openings.append(replace(each, opening=opening))
    accounts = []
    for account in plan.accounts:
        mine = {id_: extra for id_, extra in more.items() if id_.account == account.name}
        own = sum((e for id_, e in mine.items() if _currency(plan, id_) == account.currency), ZERO)
        others = dict(account.others)
        for id_, extra in mine.items():
            if _currency(plan, id_) != account.currency:
                others[_currency(plan, id_)] = others.get(_currency(plan, id_), ZERO) + extra
        accounts.append(replace(account, balance=account.balance + own, others=others))
    return replace(plan, openings=tuple(openings), accounts=tuple(accounts))


def _currency(plan: Plan, id_: PositionId) -> str:
    return plan.contracts[id_.symbol].settlement
