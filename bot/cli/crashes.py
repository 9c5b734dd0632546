"""Which crashes, and how the exchange behaves in them: for the commands that play scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.compared import shipped
from bot.cli.options import F

if TYPE_CHECKING:
    from bot.lab.scenarios import Scenario

ALL = "all"


def scenarios_option(function: F) -> F:
    """``--scenarios``, for `scenarios_named`."""
    return click.option(
        "--scenarios",
        "wanted",
        default=ALL,
        show_default=True,
        metavar="all|NAME,...",
        help="Which: names of config/scenarios, or files of your own.",
    )(function)


def faults_option(function: F) -> F:
    """``--faults``: the exchange misbehaves."""
    return click.option(
        "--faults", is_flag=True, help="The exchange answers late, and for ten bad minutes not at all."
    )(function)


def scenarios_named(wanted: str) -> Sequence[Scenario]:
    """The named ones in that order, or all of the shipped ones."""
    from bot.lab.scenarios import FOLDER, UnknownScenarioError, library, read_scenario

    folder = shipped(FOLDER)
    chosen = [] if wanted == ALL else [name.strip() for name in wanted.split(",") if name.strip()]
    try:
        if not chosen:
            return library(folder=folder)
        return [
            read_scenario(Path(name)) if name.endswith(".toml") else library([name], folder)[0]
            for name in chosen
        ]
    except UnknownScenarioError as error:
        raise click.UsageError(str(error)) from None
