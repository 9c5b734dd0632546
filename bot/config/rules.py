"""Builds the configured rules: finds each one's class and checks its parameters, with line-exact errors.

This works on the document rather than on the checked configuration, so that a mistake elsewhere in the file
does not hide one in a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.config.errors import Key, Problem, shown, suggestion
from bot.config.explain import explained
from bot.config.fields import check_label
from bot.config.read import Document
from bot.config.rule_files import BrokenRuleError, Catalogue, DuplicateRuleError, is_path
from bot.core.rule import Params, Rule
from bot.core.types import RuleName


@dataclass(slots=True)
class RulesFound:
    """Rules by their position in the file, and warnings about those that had to be left out."""

    rules: dict[int, Rule[Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def find_rules(document: Document, problems: list[Problem]) -> RulesFound:
    """Every usable rule of the document; what is wrong with the others goes to ``problems``."""
    found = RulesFound()
    tables = document.values.get("rules")
    if not isinstance(tables, list):
        return found
    catalogue = _catalogue(document, problems)
    for index, table in enumerate(tables):
        if not isinstance(table, dict) or not isinstance(table.get("use"), str):
            continue
        try:
            rule = _rule(index, table, catalogue, document, problems)
        except BrokenRuleError as error:
            _leave_out(index, error, document, found, problems)
            continue
        if rule is not None:
            found.rules[index] = rule
    problems.extend(_same_names(tables, document))
    return found


def rule_folders(document: Document) -> Iterator[tuple[Key, Path]]:
    """The folders of ``rules_path``, each with its key."""
    listed = document.values.get("rules_path")
    for index, name in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(name, str):
            key = ("rules_path", index)
            yield key, document.folder(key) / name


def _catalogue(document: Document, problems: list[Problem]) -> Catalogue:
    folders = []
    for key, folder in rule_folders(document):
        if folder.is_dir():
            folders.append(folder)
        else:
            problems.append(document.problem(key, f"found {shown(str(folder))}, which is no folder"))
    try:
        return Catalogue.of(folders)
    except DuplicateRuleError as error:
        problems.append(document.problem(("rules_path",), f"rule {error}"))
        return Catalogue.of()


def _rule(
    index: int, table: dict[str, Any], catalogue: Catalogue, document: Document, problems: list[Problem]
) -> Rule[Any] | None:
    use = table["use"]
    source = catalogue.find(use, document.folder(("rules", index, "use")))
    if source is None:
        problems.append(document.problem(("rules", index, "use"), _unknown(use, catalogue)))
        return None
    problems.extend(_unfit_name(index, table, document))
    rule_class = source.load()
    params_type = rule_class.params_type()
    given = table.get("params", {})
    if not isinstance(given, dict):
        return None
    params = _params(params_type, given, ("rules", index, "params"), document, problems)
    if params is None:
        return None
    return source.build(rule_class, RuleName(rule_name(table) or source.name), params)


def _unknown(use: str, catalogue: Catalogue) -> str:
    if is_path(use):
        return f"found {shown(use)}; there is no such file, looked for beside the configuration file"
    names = catalogue.names()
    allowed = f"{', '.join(names)}, or a path to a .py file"
    return f"unknown rule {shown(use)}{suggestion(use, names)}; allowed: {allowed}"


def _params(
    params_type: type[Params], given: dict[str, Any], key: Key, document: Document, problems: list[Problem]
) -> Params | None:
    try:
        return params_type.model_validate(given)
    except ValidationError as error:
        problems.extend(explained(error, params_type, key, document))
        return None


def _leave_out(
    index: int, error: BrokenRuleError, document: Document, found: RulesFound, problems: list[Problem]
) -> None:
    """A rule whose file is broken stops a live start; on paper the others go on, and it is said."""
    key = ("rules", index, "use")
    text = f"rule cannot be used: {error}"
    if document.values.get("mode") == "live":
        problems.append(document.problem(key, text))
        return
    found.warnings += (f"{document.problem(key, text)}; it is LEFT OUT, the other rules go on",)


def rule_name(table: dict[str, Any]) -> str | None:
    """What a rule is called: its name, or what it uses."""
    name = table.get("name", table.get("use"))
    if not isinstance(name, str):
        return None
    is_given = "name" in table or not is_path(name)
    return name if is_given else Path(name).stem


def _unfit_name(index: int, table: dict[str, Any], document: Document) -> Iterator[Problem]:
    """A name that comes from a file or an entry point has to pass for one that was written down."""
    name = rule_name(table)
    if "name" in table or name is None:
        return
    try:
        check_label(name)
    except ValueError as error:
        yield document.problem(
            ("rules", index, "use"), f'the rule would be called {shown(name)}; {error}; or give it a "name"'
        )


def _same_names(tables: list[Any], document: Document) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, table in enumerate(tables):
        name = rule_name(table) if isinstance(table, dict) else None
        if name is None:
            continue
        if name in first:
            other = document.origin(("rules", first[name]))
            yield document.problem(
                ("rules", index),
                f"two rules are called {shown(name)}: this one and the one at {other};"
                " give one of them another name",
            )
        first.setdefault(name, index)
