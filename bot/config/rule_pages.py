"""The rule reference: one page for each rule, made of what the rule says of itself.

Nothing on a page is written by hand, so that it cannot say anything else than the rule does: its sentences
are docstrings of file, class, ``wake`` and ``decide``, its parameters those a configuration is checked by.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from textwrap import fill
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config.explain import allowed, constraints
from bot.config.rule_files import RuleClass
from bot.core.durations import format_duration
from bot.core.rule import Needs, Rule
from bot.core.timeframe import format_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit

_WIDTH = 118
_MARK = "<!-- Made by `holdfast rules reference`: change the rule, not this page. -->"
_NEEDS = {
    "book": "the order book",
    "open_interest": "open interest",
    "funding": "funding of the next settlement",
    "equity": "what the account is worth",
    "drawdowns": "the account's drawdown",
    "quarterlies": "the dated contracts beside the position's own",
    "options": "options",
    "spot_balances": "spot balances",
}


def rule_page(name: str, rule: RuleClass) -> str:
    """The page of the rule that a configuration calls ``name``, in Markdown."""
    built = rule(RuleName(name), rule.params_type().model_validate(dict(rule.example)))
    parts = [
        f"# {name}",
        _MARK,
        _prose(sys.modules[rule.__module__].__doc__),
        _prose(rule.__doc__),
        "## Parameters",
        _prose(rule.params_type().__doc__),
        _parameters(rule.params_type()),
        "## What it proposes",
        _prose(rule.decide.__doc__),
        _proposals(built),
        "## When it is asked, and when it sleeps",
        _prose(rule.wake.__doc__),
        _silences(rule),
        "## Example",
        _example(name, built),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def is_rule_page(text: str) -> bool:
    """Whether a file was made here, and may be taken away with its rule."""
    return _MARK in text


def _prose(doc: str | None) -> str:
    """A docstring as paragraphs, with the code in it as Markdown marks it."""
    paragraphs = inspect.cleandoc(doc or "").replace("``", "`").split("\n\n")
    return "\n\n".join(fill(" ".join(text.split()), _WIDTH, break_on_hyphens=False) for text in paragraphs)


def _first_paragraph(doc: str | None) -> str:
    return _prose(doc).partition("\n\n")[0]


# -- parameters ---------------------------------------------------------------------------------------


def _parameters(params: type[BaseModel]) -> str:
    rows = ["| parameter | unit | allowed | default | meaning |", "|---|---|---|---|---|", *_rows(params)]
    return "\n".join(rows) if len(rows) > 2 else "It has none."  # noqa: PLR2004 - the head of the table


def _rows(params: type[BaseModel], within: str = "") -> Iterator[str]:
    for name, field in params.model_fields.items():
        inner = _table_in(field.annotation)
        unit = next((each.name for each in constraints(field) if isinstance(each, Unit)), "")
        default = "needed" if field.is_required() else _default(params, name, field)
        meaning = " ".join((field.description or "").replace("``", "`").split())
        cells = f"`{within}{name}`", unit, allowed(field), default, meaning
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
        if inner is not None:
            yield from _rows(inner, f"{within}{name}.")


def _default(params: type[BaseModel], name: str, field: FieldInfo) -> str:
    """The default as a configuration would spell it."""
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "left out"
    serialised = params.model_construct(**{name: value}).model_dump(include={name})[name]
    return f"`{toml(serialised)}`"


def _table_in(kind: Any) -> type[BaseModel] | None:  # noqa: ANN401 - annotations are whatever somebody wrote
    """The table that a parameter is, or is a list of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for each in get_args(kind) if (found := _table_in(each)) is not None), None)


# -- proposals and silence ----------------------------------------------------------------------------


def _proposals(rule: Rule[Any]) -> str:
    lines = [f"- `{kind.__name__}`: {_first_paragraph(kind.__doc__)}" for kind in rule.proposes]
    lines += [
        f"- `{other.__name__}` in place of `{kind.__name__}` where a venue cannot do that"
        for kind, other in rule.substitutes.items()
    ]
    lines += [f"- `{kind.__name__}` once stops of ours were lost" for kind in rule.after_losses]
    if rule.may_increase:
        lines.append("- It may raise exposure, and says so: the guard refuses that of any other rule.")
    if rule.cooldown_ms is not None:
        pause = format_duration(rule.cooldown_ms)
        lines.append(f"- Between two actions it waits {pause}, unless its `cooldown` says otherwise.")
    return "\n".join(line.replace("\n", "\n  ") for line in (*lines, f"- It needs {_needed(rule.needs())}."))


def _needed(needs: Needs) -> str:
    bars = ", ".join(format_timeframe(each) for each in sorted(needs.timeframes_ms))
    wanted = [f"closed bars ({bars} in the example)"] if bars else []
    wanted += [text for field, text in _NEEDS.items() if getattr(needs, field)]
    return ", ".join(wanted) + " beside mark price and account" if wanted else "mark price and account alone"


def _silences(rule: RuleClass) -> str:
    """Why it sleeps, as it tells ``holdfast explain``; what differs from case to case is an ellipsis."""
    source = ast.parse(inspect.getsource(sys.modules[rule.__module__]))
    calls = (node for node in ast.walk(source) if isinstance(node, ast.Call) and node.args)
    told = [
        _text(call.args[0]) for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Never"
    ]
    if not told:
        return ""
    return "\n".join(["It sleeps until the position changes because", "", *(f"- {text}" for text in told)])


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            return "…"


# -- the example --------------------------------------------------------------------------------------


def _example(name: str, rule: Rule[Any]) -> str:
    given = {key: value for key, value in rule.params.model_dump().items() if value is not None}
    lines = ["```toml", "[[rules]]", f'use = "{name}"']
    if given:
        lines += ["", "[rules.params]", *(f"{key} = {toml(value)}" for key, value in given.items())]
    return "\n".join([*lines, "```"])


def toml(value: object) -> str:
    """A value as TOML spells it in one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case Mapping():
            pairs = [f"{_key(key)} = {toml(each)}" for key, each in value.items() if each is not None]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case list() | tuple() | frozenset() | set():
            return f"[{', '.join(map(toml, value))}]"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return str(value)


def _key(key: str) -> str:
    """A key as TOML spells it: a symbol needs quotes."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml(key)
