"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

import bot
from bot.cli.failures import ExitCode, Failure

if TYPE_CHECKING:
    from bot.config import Settings

DEFAULT_CONFIG = Path("config", "paper.toml")

F = TypeVar("F", bound=Callable[..., Any])


def config_option(default: Path = DEFAULT_CONFIG) -> Callable[[F], F]:
    """``-c/--config FILE``, which may be given several times: later files override earlier ones."""
    return click.option(
        "-c",
        "--config",
        "config",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help=f"Configuration file; may be repeated, later ones override.  [default: {default}]",
    )


def json_option(function: F) -> F:
    """``--json``: one object on stdout instead of text for people."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)


def config_files(config: tuple[Path, ...], default: Path = DEFAULT_CONFIG) -> tuple[Path, ...]:
    """The named files, else ``default`` here, else the one this program came with."""
    if config:
        return config
    for path in (default, Path(bot.__file__).parents[1] / default):
        if path.is_file():
            return (path,)
    raise Failure(f"{default}: no such file; name one with --config", ExitCode.CONFIG)


def settings_of(config: tuple[Path, ...], default: Path = DEFAULT_CONFIG) -> Settings:
    """The settings of the named files, or of the default one; warnings go to stderr, loudly."""
    from bot.config import load

    settings = load(config_files(config, default))
    for warning in settings.warnings:
        click.secho(f"WARNING: {warning}", err=True, fg="yellow", bold=True)
    return settings


def duration(_: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """The milliseconds of a duration with its unit, as the configuration spells it."""
    from bot.core.durations import parse_duration

    if value is None:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f'found "{value}"; {error}', param=option) from None
