"""What ``top_up.below`` means: a rule's parameter, and its place in the configuration.

A rule goes by its name, or by the rule it uses; ``top_up#2`` is the second that uses ``top_up``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, get_args

from bot.config.errors import Key, Origin, listed, shown, suggestion
from bot.config.read import Document
from bot.config.rules import rule_name
from bot.config.settings import Settings, resolve
from bot.core.settings import RuleEntry
from bot.lab.sweep.axes import FORMS, Axis, Value, parse_span, value_text
from bot.lab.sweep.errors import ParameterError

_NUMBERED = re.compile(r"(?P<use>.+)#(?P<number>[1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtWork:
    """A rule of the configuration: its position there, what it uses, and what it was built into."""

    index: int
    use: str
    entry: RuleEntry


def parse_axis(settings: Settings, text: str) -> Axis:
    """The axis that ``RULE.PARAM=VALUES`` says; ``ParameterError`` where it says none."""
    name, equals, values = text.partition("=")
    rule, dot, param = name.rpartition(".")
    if not (equals and dot and rule and param and values):
        raise ParameterError(f"found {shown(text)}; write it like top_up.below=0.05:0.20:7")
    at_work = _rule(settings, rule)
    known = type(at_work.entry.rule.params).model_fields
    if param not in known:
        raise ParameterError(
            f"{rule} has no parameter {shown(param)}{suggestion(param, known)}; it has {', '.join(known)}"
        )
    try:
        span = parse_span(values, whole=_takes_whole_numbers_only(known[param].annotation))
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None
    return Axis(name=name, key=("rules", at_work.index, "params", param), span=span)


def parse_axes(settings: Settings, texts: tuple[str, ...]) -> tuple[Axis, ...]:
    """All of them; ``ParameterError`` also where there is none, or one parameter twice."""
    if not texts:
        raise ParameterError(f"no parameter is named: {FORMS.replace('it like ', 'PARAM=VALUES such as ')}")
    axes = tuple(parse_axis(settings, text) for text in texts)
    first: dict[Key, str] = {}
    for axis in axes:
        if axis.key in first:
            raise ParameterError(f"{axis.name} and {first[axis.key]} are one parameter; name it once")
        first[axis.key] = axis.name
    return axes


def changed(settings: Settings, axes: Sequence[Axis], values: Sequence[Value]) -> Settings:
    """The settings with these values of the axes; ConfigError where they cannot be."""
    return resolve(document_with(settings.document, axes, values))


def document_with(document: Document, axes: Sequence[Axis], values: Sequence[Value]) -> Document:
    """The document with these values of the axes in it."""
    tables = deepcopy(document.values)
    origins = dict(document.origins)
    for axis, value in zip(axes, values, strict=True):
        _, index, _, param = axis.key
        tables["rules"][index].setdefault("params", {})[param] = value
        origins[axis.key] = origin_of(axis, value)
    return Document(values=tables, origins=origins)


def origin_of(axis: Axis, value: Value) -> Origin:
    """Where a value comes from, for messages."""
    return Origin(f"{axis.name}={value_text(value)}")


def configured(settings: Settings, axis: Axis) -> Any:  # noqa: ANN401 - whatever type the parameter has
    """The value that the configuration has itself."""
    _, index, _, param = axis.key
    rule = next(each for each in _at_work(settings) if each.index == index)
    return getattr(rule.entry.rule.params, str(param))


def _rule(settings: Settings, word: str) -> _AtWork:
    known = list(_at_work(settings))
    named = [each for each in known if each.entry.name == word]
    numbered = _NUMBERED.fullmatch(word)
    using = [each for each in known if each.use == (numbered["use"] if numbered else word)]
    if numbered:
        named = using[int(numbered["number"]) - 1 :][:1]
    elif not named:
        named = using
    if len(named) == 1:
        return named[0]
    names = [str(each.entry.name) for each in known]
    if named:
        raise ParameterError(
            f"{len(named)} rules use {word}: write {word}#1 and so on, or the name of one of them,"
            f" {listed(each.entry.name for each in named)}"
        )
    raise ParameterError(
        f"there is no rule {shown(word)} in the configuration{suggestion(word, names)};"
        f" there are {', '.join(names) or 'none'}"
    )


def _at_work(settings: Settings) -> Iterator[_AtWork]:
    """The rules in order; those whose file is broken are not among them."""
    entries = {str(entry.name): entry for entry in settings.rules}
    for index, table in enumerate(settings.document.values.get("rules", [])):
        name = rule_name(table)
        if name in entries:
            yield _AtWork(index=index, use=table["use"], entry=entries[name])


def _takes_whole_numbers_only(annotation: object) -> bool:
    """Whether a parameter's type is ``int``, be it optional or bounded."""
    found = {annotation, *get_args(annotation)} - {type(None)}
    return bool(found & {int}) and not any(isinstance(each, type) and each is not int for each in found)
