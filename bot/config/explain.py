"""Turns what pydantic found wrong into lines that say what was found, what is allowed and what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from bot.config.errors import Key, Problem, listed, shown, suggestion
from bot.config.fields import NoChoiceError, UnrepeatableError
from bot.config.read import Document
from bot.config.table import Table

_BOUNDS = {
    annotated_types.Gt: ("gt", "above"),
    annotated_types.Ge: ("ge", "at least"),
    annotated_types.Lt: ("lt", "below"),
    annotated_types.Le: ("le", "at most"),
}
_EXPECTED = {
    "decimal": 'a number, such as 0.05 or "0.05"',
    "finite": "a finite number",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "string": 'text in quotes, such as "text"',
    "dict": "a table",
    "model": "a table",
    "tuple": "an array",
    "list": "an array",
    "set": "an array",
    "frozen": "an array",
}


def explained(
    error: ValidationError, model: type[BaseModel], at: Key, document: Document
) -> Iterator[Problem]:
    """One problem for each thing wrong with the values of ``model`` that stand under ``at``."""
    details = error.errors(include_url=False)
    locs = [tuple(detail["loc"]) for detail in details]
    for detail, whole in zip(details, locs, strict=True):
        if detail["type"] == "too_short" and any(whole == other[: len(whole)] != other for other in locs):
            continue  # It is too short because what stands in it is wrong, which is said already.
        loc = whole[:-1] if whole and whole[-1] == "[key]" else whole
        owner, fields = _walk(model, loc)
        key = (*at, *loc)
        if detail["type"] == "extra_forbidden":
            yield document.problem(key, _unknown(loc[-1], owner))
        elif detail["type"] == "missing":
            yield document.problem(key, f"missing; {_wanted(fields) or 'it has no default'}")
        else:
            yield document.problem(key, _wrong(dict(detail), fields, named=bool(loc)))


def _walk(model: type[BaseModel], loc: Key) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The table that owns ``loc``, and the field there; None where the model does not say."""
    owner: type[BaseModel] | None = model
    field: FieldInfo | None = None
    kind: Any = model
    for part in loc:
        kind = _table(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            owner = kind
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
        else:
            kind = _element(kind)
            field = None
    return owner, field


def _table(kind: Any) -> Any:  # noqa: ANN401 - annotations are whatever somebody wrote
    """The table that may be left out; anything else as it is."""
    for inner in get_args(kind) if get_origin(kind) in (Union, UnionType) else ():
        plain = get_args(inner)[0] if hasattr(inner, "__metadata__") else inner
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            return plain
    return kind


def _element(kind: Any) -> Any:  # noqa: ANN401 - annotations are whatever somebody wrote
    """The type inside a container, looking through ``| None`` and ``Annotated``."""
    if get_origin(kind) in (Union, UnionType):
        kind = next((k for k in get_args(kind) if k is not type(None)), None)
    arguments = [k for k in get_args(kind) if k is not Ellipsis]
    inner = arguments[-1] if arguments else None
    return get_args(inner)[0] if hasattr(inner, "__metadata__") else inner


def _unknown(name: object, owner: type[BaseModel] | None) -> str:
    if owner is not None and issubclass(owner, Table) and str(name) in owner.former:
        return f"there is no such key any more; write {owner.former[str(name)]}"
    keys = list(owner.model_fields) if owner else []
    if not keys:
        return "unknown key; no keys are allowed here"
    return f"unknown key{suggestion(name, keys)}; allowed: {', '.join(keys)}"


def _wanted(field: FieldInfo | None) -> str:
    """What a field allows, with its description."""
    if field is None:
        return ""
    bounds = allowed(field)
    described = " ".join((field.description or "").split()).rstrip(".")
    if bounds and described:
        return f"allowed: {bounds} ({described})"
    return f"allowed: {bounds}" if bounds else described


def allowed(field: FieldInfo) -> str:
    """The words or the bounds that a field allows; empty where it says nothing of them."""
    options = _options(field.annotation)
    if options:
        return listed(options)
    bounds = [
        f"{word} {getattr(constraint, attribute)}"
        for constraint in constraints(field)
        for kind, (attribute, word) in _BOUNDS.items()
        if isinstance(constraint, kind)
    ]
    return " and ".join(bounds)


def constraints(field: FieldInfo) -> Iterator[object]:
    """What bounds a field, also where it may be left out."""
    yield from field.metadata
    if get_origin(field.annotation) in (Union, UnionType):
        for kind in get_args(field.annotation):
            for extra in getattr(kind, "__metadata__", ()):
                yield from extra.metadata if isinstance(extra, FieldInfo) else (extra,)


def _options(kind: Any) -> list[str]:  # noqa: ANN401 - annotations are whatever somebody wrote
    if get_origin(kind) is Literal:
        return [str(option) for option in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(option.value) for option in kind]
    return []


def _wrong(detail: dict[str, Any], field: FieldInfo | None, *, named: bool) -> str:
    kind: str = detail["type"]
    found = detail["input"]
    prefix = f"found {shown(found)}; " if named else ""
    if kind in {"value_error", "assertion_error"}:
        cause = detail.get("ctx", {}).get("error")
        said = str(cause or "") or detail["msg"]
        if isinstance(cause, NoChoiceError):
            said += suggestion(found, cause.options)
        if isinstance(cause, UnrepeatableError):
            return said
        return (prefix if not isinstance(found, dict) else "") + said
    if kind in {"enum", "literal_error"}:
        options = _options(field.annotation) if field else []
        options = options or re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        return f"{prefix}allowed: {listed(options)}{suggestion(found, options)}"
    if kind == "too_short":
        return f"has {detail['ctx']['actual_length']}; allowed: at least {detail['ctx']['min_length']}"
    if "than" in kind:
        return prefix + (_wanted(field) or f"allowed: {detail['msg'].removeprefix('Input should be ')}")
    expected = _EXPECTED.get(kind.partition("_")[0])
    if expected is None:
        message: str = detail["msg"]
        return prefix + message[:1].lower() + message[1:]
    bounds = allowed(field) if field else ""
    return f"{prefix}allowed: {expected}" + (f", {bounds}" if bounds else "")
