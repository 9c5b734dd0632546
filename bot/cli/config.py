"""``holdfast config``: the configuration that holds, and the schema editors complete from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bot.cli.options import config_option, settings_of


@click.group()
def config() -> None:
    """Show the configuration that holds, or its JSON schema."""


@config.command()
@config_option()
def show(config: tuple[Path, ...]) -> None:
    """Print the resolved configuration as JSON: every default, override and tier written out."""
    settings = settings_of(config)
    click.echo(json.dumps(settings.resolved(), indent=2, ensure_ascii=False))


@config.command()
def schema() -> None:
    """Print the JSON schema of the configuration, the parameters of the shipped rules included."""
    from bot.config.rule_files import BrokenRuleError, Catalogue
    from bot.config.schema import json_schema

    rules = {}
    for name, source in Catalogue.of().sources.items():
        try:
            rules[name] = source.load()
        except BrokenRuleError as error:
            click.echo(f"left out: {error}", err=True)
    click.echo(json.dumps(json_schema(rules), indent=2, ensure_ascii=False))
