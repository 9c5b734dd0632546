"""``holdfast stress``: what is held, through every crash of the library, with these rules and with others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.compared import at_option, compared, positions_option, vs_option
from bot.cli.crashes import faults_option, scenarios_named, scenarios_option
from bot.cli.failures import ExitCode
from bot.cli.options import config_option, json_option
from bot.cli.reporting import progress, report_option
from bot.cli.stress_report import Reporter

if TYPE_CHECKING:
    from bot.core.types import Symbol
    from bot.lab.stress.matrix import Attempt


@click.command()
@config_option()
@json_option
@scenarios_option
@positions_option
@vs_option
@at_option("as it was then")
@faults_option
@report_option
@click.pass_context
def stress(  # noqa: PLR0913, PLR0917 - click passes every option
    ctx: click.Context,
    config: tuple[Path, ...],
    as_json: bool,  # noqa: FBT001 - click passes flags
    wanted: str,
    positions: str | None,
    vs: str,
    prices: Mapping[Symbol, Decimal],
    faults: bool,  # noqa: FBT001
    report: Path | None,
) -> None:
    """Would your rules have survived? Seventeen crashes and seven inventions, with your rules and without.

    The positions are those of the configuration ([[paper.positions]]), or of the bot that runs with it, all
    held together in their accounts.

    The exit code is 7 where a position is liquidated with your rules, else 0.
    """
    from bot.cli.stress_text import report as text
    from bot.lab.stress.matrix import stress as run

    reporter = Reporter(report)
    sets, prices = compared(config, positions, vs, prices)
    scenarios = scenarios_named(wanted)
    with progress("stress", len(scenarios) * len(sets)) as advance:

        def seen(attempt: Attempt) -> None:
            reporter.seen(attempt)
            advance(1)

        result = run(sets, scenarios, prices=prices, faults=faults, seen=seen)
    answer = result.to_json()
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else text(answer))
    reporter.write(result)
    if not answer["survived"]:
        ctx.exit(ExitCode.DANGER)
