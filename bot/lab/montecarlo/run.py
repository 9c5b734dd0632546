"""A Monte Carlo run: draw paths, play each with every set of rules, tell how probable survival is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.metadata import version
from time import perf_counter
from typing import Any

from bot.config.settings import Settings
from bot.core.types import Symbol
from bot.lab.montecarlo.bootstrap import bootstrap
from bot.lab.montecarlo.crew import Crew, played
from bot.lab.montecarlo.drawing import Drawing
from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.history import History, join
from bot.lab.montecarlo.jumps import with_jumps
from bot.lab.montecarlo.laying import Start
from bot.lab.montecarlo.parametric import FITTED_MAX, Parametric, parametric
from bot.lab.montecarlo.source import Source
from bot.lab.montecarlo.tally import STEPS, Tally
from bot.lab.montecarlo.telling import tally_json
from bot.lab.replay.result import text
from bot.lab.stress.matrix import first_prices, symbols_of
from bot.lab.stress.trial import RuleSet
from bot.lab.tapes import SymbolTapes

SCHEMA_VERSION = 1
BOOTSTRAP, PARAMETRIC = "bootstrap", "parametric"
UNDEFENDED = "none"
MINUTE_MS = 60_000
DAY_MS = 86_400_000
ASSUMED = (
    "the traded price is the mark price, and no funding is paid on paths but what the configuration stages",
    "paths begin cold: a rule that needs so many closed bars has nothing to go by before they have closed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. ``block`` is the mean length of a block, ``jumps`` are further ones a day."""

    paths: int
    minutes: int
    seed: int
    method: str = BOOTSTRAP
    block_ms: int = 240 * MINUTE_MS
    jumps: float = 0.0
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarloResult:
    """A tally for each set of rules, the configured one first.

    ``undefended`` is the name of that without any rules. ``seconds`` are of the clock, the others of
    processors.
    """

    wanted: Wanted
    drawing: Drawing
    history: History
    settings: Settings
    equity_before: float
    tallies: Mapping[str, Tally]
    undefended: str
    drawing_s: float
    playing_s: float
    seconds: float
    assumptions: tuple[str, ...]

    @property
    def survival(self) -> float:
        """How large a share of the paths is survived with the configured rules."""
        return next(iter(self.tallies.values())).survival.share

    def to_json(self) -> dict[str, Any]:
        """The object ``holdfast montecarlo --json`` prints; prices are decimal strings, statistics floats."""
        start = self.drawing.start
        limits = self.settings.config.limits
        return {
            "schema_version": SCHEMA_VERSION,
            "method": self.wanted.method,
            "seed": self.wanted.seed,
            "paths": self.wanted.paths,
            "minutes": self.wanted.minutes,
            "interval_ms": start.interval_ms,
            "first": {symbol: text(price) for symbol, price in zip(start.symbols, start.first, strict=True)},
            "model": _model_json(self.drawing.source),
            "equity_before": round(self.equity_before, 8),
            "budgets": {
                "margin_per_position": text(limits.margin_per_position),
                "margin_per_day": text(limits.margin_per_day),
            },
            "rules": {name: tally_json(tally) for name, tally in self.tallies.items()},
            "assumptions": list(self.assumptions),
            "seconds": {
                "drawing": round(self.drawing_s, 3),
                "playing": round(self.playing_s, 3),
                "wall": round(self.seconds, 3),
            },
            "tapes": sorted(self.history.tapes),
            "config": self.settings.digest(),
            "versions": {"holdfast": version("holdfast"), "numpy": version("numpy")},
        }


def montecarlo(
    rule_sets: Sequence[RuleSet],
    grouped: Sequence[SymbolTapes],
    wanted: Wanted,
    *,
    prices: Mapping[Symbol, Decimal],
    seen: Callable[[int], None] = lambda _: None,
) -> MonteCarloResult:
    """Play ``wanted.paths`` paths with every set of rules, and with none.

    ``prices`` are those that coins are at now; one without begins at the entry of the position in it, or at
    its last price on the tape. ``seen`` is called with how many more paths have been played. SourceError for
    what cannot be drawn, ConfigError for positions that cannot be.
    """
    began = perf_counter()
    settings = rule_sets[0].settings
    history, drawing = draw_from(settings, grouped, wanted, prices)
    sets = (*rule_sets, *_undefended(rule_sets))
    none = next(number for number, each in enumerate(sets) if not each.defended)
    crew = Crew(drawing, sets)
    equity_before = crew.rehearsals[0].equity_before
    tallies = {each.name: Tally(step=(equity_before or 1.0) / STEPS) for each in sets}
    drawing_s = playing_s = 0.0
    for bundle in played(crew, drawing, sets, wanted.workers):
        drawing_s, playing_s = drawing_s + bundle.drawing_s, playing_s + bundle.playing_s
        for tally, outcomes in zip(tallies.values(), bundle.outcomes, strict=True):
            tally.add(outcomes, bundle.outcomes[none])
        seen(len(bundle.outcomes[none].died))
    return MonteCarloResult(
        wanted=wanted,
        drawing=drawing,
        history=history,
        settings=settings,
        equity_before=equity_before,
        tallies=tallies,
        undefended=sets[none].name,
        drawing_s=drawing_s,
        playing_s=playing_s,
        seconds=perf_counter() - began,
        assumptions=(
            *_drawn(history, wanted),
            *crew.rehearsals[0].assumptions,
            *(each for name, tally in tallies.items() for each in _parked(name, tally)),
        ),
    )


def draw_from(
    settings: Settings,
    grouped: Sequence[SymbolTapes],
    wanted: Wanted,
    prices: Mapping[Symbol, Decimal],
) -> tuple[History, Drawing]:
    """The bars that are drawn from, and how."""
    if wanted.paths < 1:
        raise SourceError(f"{wanted.paths} paths; ask for one at least")
    _require(symbols_of(settings), grouped)
    interval_ms = grouped[0].traded.interval_ms
    block = max(1, wanted.block_ms // interval_ms)
    history = join(grouped)
    bars = wanted.minutes * MINUTE_MS // history.interval_ms
    if bars < 1:
        raise SourceError(f"{wanted.minutes} minutes are no bar of the tapes; ask for more --minutes")
    source: Source = bootstrap(history, block) if wanted.method == BOOTSTRAP else parametric(history)
    known = first_prices(settings, prices)
    start = Start(
        symbols=history.symbols,
        first=tuple(known.get(s, last) for s, last in zip(history.symbols, history.last, strict=True)),
        at_ms=(history.end_ms // DAY_MS + 1) * DAY_MS,
        interval_ms=history.interval_ms,
    )
    drawing = Drawing(
        source=with_jumps(source, history, wanted.jumps),
        start=start,
        seed=wanted.seed,
        paths=wanted.paths,
        bars=bars,
    )
    return history, drawing


def _require(held: Sequence[Symbol], grouped: Sequence[SymbolTapes]) -> None:
    there = [each.symbol for each in grouped]
    missing = [symbol for symbol in held if symbol not in there]
    if missing:
        raise SourceError(
            f"no tape of {', '.join(missing)}, which the configuration holds; there are tapes of"
            f" {', '.join(there)}: add one with --from, or take the position out"
        )


def _undefended(rule_sets: Sequence[RuleSet]) -> tuple[RuleSet, ...]:
    """What everything is compared with, path by path, whether or not it was asked for."""
    if any(not each.defended for each in rule_sets):
        return ()
    return (replace(rule_sets[0], name=UNDEFENDED, defended=False),)


def _model_json(source: Source) -> dict[str, Any]:
    """What was fitted; nothing where blocks are drawn."""
    inner = getattr(source, "source", source)
    if not isinstance(inner, Parametric):
        return {}
    return {
        "garch": [
            {"variance": each.variance, "alpha": round(each.alpha, 6), "beta": round(each.beta, 6)}
            for each in inner.garch
        ],
        "degrees_of_freedom": [str(each.df) for each in inner.students],
        "copula": {
            "correlation": inner.copula.correlation.round(6).tolist(),
            "degrees_of_freedom": str(inner.copula.df),
        },
    }


def _drawn(history: History, wanted: Wanted) -> list[str]:
    """How paths came to be."""
    said = [*history.assumptions]
    if wanted.method == PARAMETRIC:
        fitted = min(FITTED_MAX, len(history))
        said.append(
            f"a GARCH(1,1) model with t innovations and a t copula is fitted to the last {fitted} bars"
        )
    if wanted.jumps:
        said.append(f"{wanted.jumps:g} jumps a day are added, each as large as one of the tapes")
    return [*said, *ASSUMED]


def _parked(name: str, tally: Tally) -> Iterator[str]:
    """Rules that raised: what the paths show is what the others did."""
    for subject, count in sorted(tally.parked.items()):
        yield f"WARNING: {subject} of the {name} rules raised on {count} paths and did nothing more on them"
