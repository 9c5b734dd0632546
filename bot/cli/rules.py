"""``holdfast rules``: which rules there are, and what each one's parameters mean."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import json_option
from bot.cli.text import columns

if TYPE_CHECKING:
    from bot.config.rule_files import Catalogue, RuleClass

PathsOption = click.option(
    "--path",
    "folders",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="A folder with rules of your own; may be repeated.",
)


@click.group()
def rules() -> None:
    """List the rules, show one with its parameters, or write the reference of all."""


@rules.command("list")
@PathsOption
@json_option
def list_rules(folders: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """List every rule that a configuration can use."""
    from bot.config.rule_files import BrokenRuleError, installed

    sources = {**installed(), **_catalogue(folders).sources}
    listed = []
    for name, source in sorted(sources.items()):
        try:
            summary = _summary(source.load())
        except BrokenRuleError as error:
            summary = f"BROKEN: {error}"
        listed.append({"use": name, "does": summary, "from": str(source)})
    if as_json:
        click.echo(json.dumps({"rules": listed}, indent=2, ensure_ascii=False))
    else:
        click.echo(columns(((rule["use"], rule["does"]) for rule in listed), indent=""))


@rules.command()
@click.argument("name")
@PathsOption
@json_option
def show(name: str, folders: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Show the rule NAME, or the one in the file NAME: what it does and its parameters."""
    from bot.config.errors import suggestion
    from bot.config.rule_files import BrokenRuleError

    catalogue = _catalogue(folders)
    source = catalogue.find(name, Path())
    if source is None:
        names = catalogue.names()
        raise Failure(f'no rule "{name}"{suggestion(name, names)}; there are {", ".join(names)}')
    try:
        rule = source.load()
    except BrokenRuleError as error:
        raise Failure(str(error)) from None
    schema = rule.params_type().model_json_schema(mode="validation")
    if as_json:
        shown = {"use": source.name, "does": _summary(rule), "from": str(source), "params": schema}
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    click.echo(f"{source.name}: {_summary(rule)}\n{source}\n")
    click.echo(columns(_parameters(schema)) or "  no parameters")


@rules.command()
@click.argument("into", type=click.Path(path_type=Path, file_okay=False))
@PathsOption
def reference(into: Path, folders: tuple[Path, ...]) -> None:
    """Write a page for each rule into the folder INTO, and take away those of rules that are gone."""
    from bot.config.rule_files import BrokenRuleError
    from bot.config.rule_pages import is_rule_page, rule_page
    from bot.config.whole import write_whole

    pages = {}
    for name, source in _catalogue(folders).sources.items():
        try:
            pages[name] = rule_page(name, source.load())
        except BrokenRuleError as error:
            raise Failure(str(error)) from None
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("*.md"):
        if old.stem not in pages and is_rule_page(old.read_text(encoding="utf-8")):
            old.unlink()
    for name, page in pages.items():
        write_whole(into / f"{name}.md", page)
    click.echo(f"{len(pages)} pages in {into}")


@rules.command()
@json_option
def names(as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """List the names that a condition (the key "when" of a rule) may speak of."""
    from bot.core.when.measures import examples

    if as_json:
        listed = [{"name": name, "means": means} for name, means in examples()]
        click.echo(json.dumps({"names": listed}, indent=2, ensure_ascii=False))
        return
    click.echo(columns(examples(), indent=""))


def _catalogue(folders: tuple[Path, ...]) -> Catalogue:
    from bot.config.rule_files import Catalogue, DuplicateRuleError

    try:
        return Catalogue.of(folders)
    except DuplicateRuleError as error:
        raise Failure(f"rule {error}", ExitCode.CONFIG) from None


def _summary(rule: RuleClass) -> str:
    """The first sentence or two of its file, which say what it is for, else of the class."""
    said = sys.modules[rule.__module__].__doc__ or rule.__doc__ or ""
    return " ".join(said.strip().partition("\n\n")[0].split())


def _parameters(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, default and meaning of each parameter."""
    required = set(schema.get("required", ()))
    return [
        (
            name,
            "needed" if name in required else f"= {json.dumps(field.get('default'), ensure_ascii=False)}",
            " ".join(field.get("description", "").split()),
        )
        for name, field in schema.get("properties", {}).items()
    ]
