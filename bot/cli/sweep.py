"""``holdfast sweep``: the configured rules with many values of their parameters, through the crashes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from bot.cli.compared import at_option, compared, positions_option
from bot.cli.crashes import faults_option, scenarios_named, scenarios_option
from bot.cli.failures import ExitCode, Failure
from bot.cli.options import config_option, json_option
from bot.cli.replay import map_option
from bot.cli.reporting import progress, report_option, require_place, versions, write_report

if TYPE_CHECKING:
    from decimal import Decimal

    from bot.config import Settings
    from bot.core.types import Symbol
    from bot.lab.sweep.days import Days
    from bot.lab.sweep.results import Results
    from bot.lab.sweep.samples import HoldBack
    from bot.lab.sweep.sweep import Judged, Layout
    from bot.lab.sweep.workers import Workers

FOLDER = Path("data", "sweeps")
"""Where results are kept for which no file is named."""
DRAWN_MAX = 10_000
PATHS_MAX = 10_000
_NAME_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options, as click gives them."""

    config: tuple[Path, ...]
    as_json: bool
    wanted: str
    positions: str | None
    prices: Mapping[Symbol, Decimal]
    faults: bool
    draw: int | None
    seed: int
    paths: int | None
    sources: tuple[str, ...]
    globs: Mapping[str, str]
    hold_back: str | None
    jobs: int
    dask: str | None
    out: Path | None
    report: Path | None


@click.command()
@click.argument("parameters", nargs=-1, required=True, metavar="PARAM=VALUES...")
@config_option()
@json_option
@scenarios_option
@positions_option
@at_option("as it was then")
@faults_option
@click.option(
    "--paths",
    type=click.IntRange(1, PATHS_MAX),
    metavar="N",
    help="Beside the crashes, so many days that did not happen, drawn by --seed.",
)
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="TAPE",
    help="What --paths are drawn from: a tape (CSV, parquet), or a scenario; may be repeated.",
)
@map_option
@click.option(
    "--hold-back",
    metavar="N|NAME,...",
    help="Which crashes the choice is not made by, but judged: so many, drawn by --seed, or these."
    "  [default: a quarter]",
)
@click.option(
    "--random",
    "draw",
    type=click.IntRange(1, DRAWN_MAX),
    metavar="N",
    help="Draw N cells instead of trying all; a range may then be FIRST:LAST.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Of what is drawn: the same again."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    metavar="N",
    help="Processes side by side.  [default: one for each core]",
)
@click.option("--dask", metavar="tcp://HOST:PORT", help="Use the workers of this Dask scheduler instead.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"The results; what is there already is not done again.  [default: one in {FOLDER} for each sweep]",
)
@report_option
def sweep(parameters: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - `Asked` has their types
    """Find the parameters of the rules that survive the most, what that costs, and how firmly it stands.

    PARAM is a rule and its parameter, VALUES are 0.05:0.20:7 (seven, evenly spaced), 0.01:0.16:5:log or
    15m,1h,4h; every combination is put through the crashes:

    holdfast sweep top_up.below=0.03:0.08:6 top_up.restore_to=0.09,0.12,0.15

    Some crashes are held back, paths as well, and judge the choice at the end. Broken off, the same command
    goes on.
    """
    from bot.cli.sweep_text import report
    from bot.lab.sweep.answer import answer

    asked = Asked(**options)
    require_place(asked.report)
    began = perf_counter()
    judged, file = _swept(_layout(parameters, asked), _workers(asked), asked.out)
    told = {**answer(judged), "file": str(file), "seconds": round(perf_counter() - began, 3)}
    click.echo(json.dumps(told, indent=2, ensure_ascii=False) if asked.as_json else report(told))
    if asked.report is not None:
        from bot.lab.report.sweep import report as page

        write_report(asked.report, page(told, versions()))


def _layout(parameters: tuple[str, ...], asked: Asked) -> Layout:
    from bot.lab.sweep.parameters import parse_axes
    from bot.lab.sweep.sweep import lay_out

    (rules,), prices = compared(asked.config, asked.positions, "", asked.prices)
    laid = lay_out(
        rules.settings,
        parse_axes(rules.settings, parameters),
        scenarios_named(asked.wanted),
        hold_back=_hold_back(asked.hold_back),
        draw=asked.draw,
        seed=asked.seed,
        prices=prices,
        faults=asked.faults,
    )
    return replace(laid, days=_days(rules.settings, prices, asked))


def _days(settings: Settings, prices: Mapping[Symbol, Decimal], asked: Asked) -> Days | None:
    """The paths, where some are asked for."""
    if asked.paths is None and not asked.sources:
        return None
    if asked.paths is None or not asked.sources:
        raise click.UsageError("--paths N says how many days are drawn, and --from TAPE from what; give both")
    from bot.cli.drawn import drawn_from
    from bot.lab.montecarlo.errors import SourceError
    from bot.lab.sweep.days import days
    from bot.lab.tapes import TapeError

    try:
        grouped = drawn_from(asked.sources, asked.globs, settings)
        return days(settings, grouped, paths=asked.paths, seed=asked.seed, prices=prices)
    except (SourceError, TapeError) as error:
        raise Failure(str(error), ExitCode.USAGE) from error


def _hold_back(text: str | None) -> HoldBack | None:
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    return [name.strip() for name in text.split(",") if name.strip()]


def _workers(asked: Asked) -> Workers:
    from bot.lab.sweep.workers import cluster, here, processes

    if asked.dask is not None:
        return cluster(asked.dask)
    return here() if asked.jobs == 1 else processes(asked.jobs)


def _swept(layout: Layout, workers: Workers, out: Path | None) -> tuple[Judged, Path]:
    """Run it, and say where its results are; an interrupted one keeps what is done."""
    from bot.lab.sweep.results import results
    from bot.lab.sweep.sweep import sweep as run

    path = out or FOLDER / f"{layout.digest()[:_NAME_DIGITS]}.jsonl"
    with results(path, layout.head()) as kept:
        try:
            with progress("cells", layout.runs - len(kept.outcomes)) as advance:
                return run(layout, workers, kept, lambda _: advance(1)), path
        except KeyboardInterrupt:
            raise Failure(_broken_off(kept, layout), ExitCode.INTERRUPTED) from None


def _broken_off(kept: Results, layout: Layout) -> str:
    done = len(kept.outcomes)
    return f"broken off: {done} of {layout.runs} cells are in {kept.path}; the same command goes on"
