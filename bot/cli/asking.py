"""Asks the bot that runs on a folder, for the commands that are nothing without it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import config_option, json_option, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def which_bot(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which running bot is meant, and how its answer is shown."""
    folder = click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="FOLDER",
        help="The folder of the bot's journal, instead of the config's.",
    )
    return config_option()(folder(json_option(function)))


def folder_of(config: tuple[Path, ...], data: Path | None) -> Path:
    """Where the bot runs. Named outright, it needs no configuration that can be read."""
    return data or Path(settings_of(config).config.journal.path).parent


ELSEWHERE = "name its configuration with --config, or its folder with --data"


def answer_of(
    folder: Path, query: str, args: Mapping[str, object], *, timeout_s: float, remedy: str = ELSEWHERE
) -> dict[str, Any]:
    """What the bot that runs there answers; ``Failure`` with the ``remedy`` where none does."""
    from bot.runtime.control import ask

    answer = asyncio.run(ask(folder, query, args, timeout_s=timeout_s))
    if answer is None:
        raise Failure(f"{folder}: no bot runs here; {remedy}", ExitCode.NOT_RUNNING)
    return cast("dict[str, Any]", answer)
