"""One set of rules on path after path, through the same engine, exchange and walker as any replay.

What is the same on all paths is prepared once: contracts, accounts, the parsed rules. Paths begin alike, so
the wires that engine and exchange lie in after the first price are the same on all of them as well: a path
that stays strictly inside of these to its end, with nothing on the agenda, is one on which nobody says
anything, and need not be played. One array search finds them; whoever is not among them is played.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bot.core.engine import Engine
from bot.core.step import Step
from bot.lab.montecarlo.laying import Bundle
from bot.lab.montecarlo.outcomes import Outcomes
from bot.lab.replay.agenda import Rank, key_of
from bot.lab.replay.effects import OpeningError
from bot.lab.replay.quarterlies import Quarterly, find_quarterlies, synthetic_sentences
from bot.lab.replay.result import Run
from bot.lab.replay.run import Plan, assumptions, key_of_position, make_plan, prepare, write_agenda
from bot.lab.replay.stage import Stage
from bot.lab.replay.track import TickBounds
from bot.lab.replay.walk import Jumper, Walker, tick_bounds
from bot.lab.stress.measures import measured
from bot.lab.stress.trial import RuleSet
from bot.lab.tapes import PathOrder, PricePath, tick_price


class Unread:
    """A journal that nobody will read."""

    def append(self, step: Step) -> None:
        """Let it go."""


@dataclass(frozen=True, slots=True)
class Stillness:
    """The first moment of every path, and the ticks inside of which it lasts, symbol by symbol."""

    stage: Stage
    bounds: tuple[TickBounds, ...]

    def lasts(self, bundle: Bundle) -> npt.NDArray[np.bool_]:
        """The paths on which nobody has anything to say."""
        still = np.ones(len(bundle), dtype=np.bool_)
        for columns, bounds in zip(bundle.columns, self.bounds, strict=True):
            low, high = columns.low.min(axis=1), columns.high.max(axis=1)
            # The traded price is the mark: what bounds the one bounds the other.
            for bound in (bounds.mark_low, bounds.last_low):
                if bound is not None:
                    still &= low > bound
            for bound in (bounds.mark_high, bounds.last_high):
                if bound is not None:
                    still &= high < bound
        return still

    def run(self, bundle: Bundle, number: int) -> Run:
        """How one of these ends: as it began, at its last prices."""
        for symbol, exponent, columns in zip(
            bundle.start.symbols, bundle.start.exponents, bundle.columns, strict=True
        ):
            price = tick_price(columns.close.item(number, -1), exponent)
            batches = self.stage.exchange.move(bundle.end_ms - 1, symbol, price, price, gap=False)
            assert not batches, f"path {number} of {symbol} was not still"
        return Run(record=self.stage.record, figures=self.stage.exchange.figures())


class Rehearsal:
    """A set of rules, with everything prepared that all paths have in common."""

    def __init__(self, rules: RuleSet, bundle: Bundle) -> None:
        """Prepare for paths like those of ``bundle``; ConfigError for positions that cannot be."""
        self.rules = rules
        self._quarterlies: tuple[Quarterly, ...] = ()
        self._hedged = _needs_quarterlies(rules)
        """Whether there are contracts whose prices follow those of a path: they are made anew for each."""
        self._template: Plan | None = None
        plan = self.plan(bundle, 0)
        self.equity_before = float(sum(sum(each.balances.values()) for each in plan.accounts))
        if not self._hedged:
            able = {each.name: plan.exchange().capabilities(each.name) for each in plan.accounts}
            known = plan.settings(able)
            self._template = replace(plan, settings=lambda _: known)
        self.assumptions = self._assumptions(plan, bundle)
        self._still = self._stillness(plan, bundle)

    def plan(self, bundle: Bundle, number: int) -> Plan:
        """The plan of one path."""
        paths, tapes = bundle.paths(number), bundle.tapes(number)
        if self._template is not None:
            return replace(self._template, paths=paths, tapes=tapes)
        settings = self.rules.settings
        if self._hedged:
            self._quarterlies = find_quarterlies(settings, tapes, PathOrder.NEAREST)
        return make_plan(
            settings,
            tapes,
            paths,
            None,
            defended=self.rules.defended,
            quarterlies=self._quarterlies,
        )

    def play(self, bundle: Bundle) -> Outcomes:
        """Every path of the bundle."""
        outcomes = Outcomes.of(len(bundle))
        still = self.still(bundle).tolist()
        for number in range(len(bundle)):
            if self._still is not None and still[number]:
                run = self._still.run(bundle, number)
            else:
                run = self.run(bundle, number)
            outcomes.take(number, self.equity_before, run, measured(run.record))
        return outcomes

    def still(self, bundle: Bundle) -> npt.NDArray[np.bool_]:
        """The paths that need not be played."""
        return np.zeros(len(bundle), dtype=np.bool_) if self._still is None else self._still.lasts(bundle)

    def run(
        self,
        bundle: Bundle,
        number: int,
        *,
        walker: type[Walker] = Jumper,
        engine: type[Engine] = Engine,
    ) -> Run:
        """Play one path from its beginning to its end, whether or not anything happens on it."""
        stage = self._played(self.plan(bundle, number), walker=walker, engine=engine)
        return Run(record=stage.record, figures=stage.exchange.figures())

    def _played(self, plan: Plan, *, walker: type[Walker] = Jumper, engine: type[Engine] = Engine) -> Stage:
        performance = prepare(plan, Unread(), walker=walker, engine=engine)
        try:
            for _ in performance.walker.walk():
                pass
        except OpeningError as error:
            settings = self.rules.settings
            key = key_of_position(settings, plan.paths, self._quarterlies, error.id)
            raise settings.refuse(key, str(error)) from error
        return performance.stage

    def _assumptions(self, plan: Plan, bundle: Bundle) -> tuple[str, ...]:
        """What holds on every path; at which price a quarterly is delivered is told of none."""
        settings = self.rules.settings
        modelled = [replace(each, delivery=None) for each in self._quarterlies]
        return (
            *assumptions(settings, bundle.paths(0), plan),
            *synthetic_sentences(settings, modelled),
        )

    def _stillness(self, plan: Plan, bundle: Bundle) -> Stillness | None:
        """What paths are like after their first price; ``None`` where more than prices comes after it."""
        engine = prepare(plan, Unread()).stage.engine
        opened = key_of(bundle.start.at_ms, Rank.OPENING)
        if self._hedged or any(key > opened for key in write_agenda(plan, engine).keys):
            return None
        stage = self._played(replace(plan, paths=tuple(map(_first_moment, bundle.paths(0)))))
        under_way = plan.latency_ms and stage.record.done
        if under_way or stage.engine.next_at_ms < bundle.end_ms or stage.record.liquidations:
            return None
        wires = stage.engine.tripwires
        bounds = (
            tick_bounds(wires.wire(symbol), stage.exchange.wires(symbol), exponent)
            for symbol, exponent in zip(bundle.start.symbols, bundle.start.exponents, strict=True)
        )
        return Stillness(stage, tuple(bounds))


def _needs_quarterlies(rules: RuleSet) -> bool:
    """Whether quarterlies are configured, and somebody holds one or looks at them."""
    paper = rules.settings.config.paper
    held = any("-" in each.symbol for each in paper.positions)
    wanted = rules.defended and any(entry.needs.quarterlies for entry in rules.settings.rules)
    return bool(paper.quarterlies) and (held or wanted)


def _first_moment(path: PricePath) -> PricePath:
    """The first price of a path, for a millisecond, and nothing after it."""
    first = path.open[:1]
    return replace(
        path,
        interval_ms=1,
        times=path.times[:1],
        open=first,
        last_high=first,
        last_low=first,
        close=first,
        mark_high=first,
        mark_low=first,
    )
