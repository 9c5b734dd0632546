"""``holdfast montecarlo``: what is held, through thousands of days that did not happen."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.compared import at_option, compared, positions_option, vs_option
from bot.cli.drawn import drawn_from
from bot.cli.failures import ExitCode, Failure
from bot.cli.options import F, config_option, duration, json_option
from bot.cli.replay import map_option
from bot.cli.reporting import progress, report_option, require_place, versions, write_report

if TYPE_CHECKING:
    from bot.core.types import Symbol

DEFAULT_PATHS = 1_000
DEFAULT_MINUTES = 1_440
DEFAULT_SHARE = 0.99


def drawing_options(function: F) -> F:
    """How many paths, how long, and how they are drawn: the fields of ``Wanted``."""
    for option in reversed(
        (
            click.option(
                "--method",
                type=click.Choice(["bootstrap", "parametric"]),
                default="bootstrap",
                show_default=True,
                help="Blocks of the tapes, or a model fitted to them.",
            ),
            click.option("--paths", default=1_000, show_default=True, help="How many."),
            click.option("--minutes", default=1_440, show_default=True, help="How long each is."),
            click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True),
            click.option(
                "--block",
                "block_ms",
                callback=duration,
                default="4h",
                show_default=True,
                metavar="DURATION",
                help="Mean length of a block.",
            ),
            click.option(
                "--jumps",
                type=click.FloatRange(min=0.0, max=1_440.0),
                default=0.0,
                show_default=True,
                help="Further jumps a day, on average, each as large as one of the tapes.",
            ),
            click.option(
                "--workers",
                type=click.IntRange(min=1),
                help="Processes to play with.  [default: one per core]",
            ),
        )
    ):
        function = option(function)
    return function


@click.command()
@config_option()
@json_option
@click.option(
    "--from",
    "sources",
    multiple=True,
    required=True,
    metavar="TAPE",
    help="What paths are drawn from: a tape (CSV, parquet), or a scenario; may be repeated.",
)
@map_option
@drawing_options
@positions_option
@vs_option
@at_option("at the end of its tape")
@click.option(
    "--at-least",
    type=click.FloatRange(min=0.0, max=1.0),
    default=0.99,
    show_default=True,
    metavar="SHARE",
    help="Exit code 7 where your rules survive fewer of the paths.",
)
@report_option
@click.pass_context
def montecarlo(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    /,
    *,
    config: tuple[Path, ...],
    as_json: bool,
    sources: tuple[str, ...],
    globs: dict[str, str],
    positions: str | None,
    vs: str,
    prices: Mapping[Symbol, Decimal],
    at_least: float,
    workers: int | None,
    report: Path | None,
    **drawing: Any,  # noqa: ANN401 - click's options
) -> None:
    """How probable is survival? Thousands of days drawn from a tape, with your rules and without.

    The positions are those of the configuration ([[paper.positions]]), or of the bot that runs with it, all
    held together in their accounts; several tapes are drawn from jointly.

    The exit code is 7 where your rules survive fewer than --at-least of the paths, else 0.
    """
    from bot.cli.montecarlo_text import report as text
    from bot.lab.montecarlo.errors import SourceError
    from bot.lab.montecarlo.run import Wanted
    from bot.lab.montecarlo.run import montecarlo as run
    from bot.lab.tapes import TapeError

    require_place(report)
    sets, prices = compared(config, positions, vs, prices)
    wanted = Wanted(**drawing, workers=workers or _cores())
    try:
        with progress("paths", wanted.paths) as advance:
            grouped = drawn_from(sources, globs, sets[0].settings)
            result = run(sets, grouped, wanted, prices=prices, seen=advance)
    except (SourceError, TapeError) as error:
        raise Failure(str(error), ExitCode.USAGE) from error
    answer = result.to_json()
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else text(answer))
    if report is not None:
        from bot.lab.report.montecarlo import report as page

        write_report(report, page(result, versions(), at_least=at_least))
    if result.survival < at_least:
        ctx.exit(ExitCode.DANGER)


def _cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
