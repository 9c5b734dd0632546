"""Reads a condition such as ``distance < 0.08 and close_1h < entry`` out of the configuration.

The text is parsed as a Python expression, of which a small closed part is allowed: names of measures,
numbers, ``+ - * /``, ``abs``, ``min`` and ``max``, comparisons (chained ones too), ``and``, ``or``, ``not``.
Nothing is ever evaluated as Python. Whatever the text is, it is taken, or refused in one line that names the
part of it.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from bot.config.errors import listed, shown, suggestion
from bot.config.fields import parse_exact
from bot.core.when.clauses import Clause, Comparison, Every, Relation, Some, opposite
from bot.core.when.condition import When
from bot.core.when.measures import examples, find
from bot.core.when.terms import Arithmetic, Call, Function, Number, Operator, Reading, Term, measures

LENGTH_MAX = 500
"""Characters: a longer condition is a rule, and better written as one."""
DEPTH_MAX = 16
"""Levels of brackets, functions and signs within each other."""

_ALLOWED = "names, numbers, + - * /, abs, min, max, < <= > >= == !=, and, or, not"
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?|[0-9]+\.")
_RELATIONS: dict[type[ast.cmpop], Relation] = {
    ast.Lt: Relation.BELOW,
    ast.LtE: Relation.AT_MOST,
    ast.Gt: Relation.ABOVE,
    ast.GtE: Relation.AT_LEAST,
    ast.Eq: Relation.EQUAL,
    ast.NotEq: Relation.UNEQUAL,
}
_OPERATORS: dict[type[ast.operator], Operator] = {
    ast.Add: Operator.PLUS,
    ast.Sub: Operator.MINUS,
    ast.Mult: Operator.TIMES,
    ast.Div: Operator.OVER,
}
_SPELT_OTHERWISE = {
    "%": "0.08 for 8 %",
    "&": "and",
    "|": "or",
    "!": "not, or != for unequal",
    "=": "== for equal",
    "^": "only + - * /",
}
"""What people write who know it from elsewhere, and how it is written here."""


class WhenError(ValueError):
    """The text is no condition; the message says which part of it, and what is allowed."""


def parse_when(found: object) -> When:
    """The condition that a text spells; WhenError says what is wrong with it."""
    if not isinstance(found, str):
        raise WhenError('allowed: a condition in quotes, such as "distance < 0.08 and margin_ratio > 0.5"')
    text = " ".join(found.split())
    if not text:
        raise WhenError("it is empty; leave the key out")
    if len(text) > LENGTH_MAX:
        longest = f"allowed: at most {LENGTH_MAX}, or write a rule of your own"
        raise WhenError(f"it has {len(text)} characters; {longest}")
    strange = next((sign for sign in text if not " " <= sign <= "~" or sign in "#\\"), None)
    if strange is not None:
        raise WhenError(f"{strange!a} is no character of a condition; allowed: {_ALLOWED}")
    clause = _Reader(text).clause(_parsed(text), 0)
    return When(text, clause)


def _parsed(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What Python thinks odd is refused or meant.
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise WhenError(f"{_place(text, error)}{_hint(text)}; allowed: {_ALLOWED}") from None
    except (ValueError, RecursionError, MemoryError):
        raise WhenError(f"it is nested too deeply; allowed: at most {DEPTH_MAX} levels") from None


def _place(text: str, error: SyntaxError) -> str:
    at = error.offset or 0
    rest = text[at - 1 : at + 19].strip() if 0 < at <= len(text) else ""
    return f"it cannot be read at {shown(rest)}" if rest else "it ends too early"


def _hint(text: str) -> str:
    plain = re.sub("[<>=!]=", "", text)
    return next((f"; write {instead}" for sign, instead in _SPELT_OTHERWISE.items() if sign in plain), "")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the parts of one parsed text into ours."""

    text: str

    def clause(self, node: ast.expr, depth: int) -> Clause:
        """Something that holds or does not."""
        self._not_too_deep(depth)
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return Every(tuple(self.clause(each, depth + 1) for each in values))
            case ast.BoolOp(values=values):
                return Some(tuple(self.clause(each, depth + 1) for each in values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return opposite(self.clause(operand, depth + 1))
            case ast.Compare():
                return self._comparison(node, depth)
            case _:
                raise self._refused(node, "it compares nothing; write it like distance < 0.08")

    def term(self, node: ast.expr, depth: int) -> Term:
        """Something that has a number."""
        self._not_too_deep(depth)
        match node:
            case ast.Constant():
                return self._number(node)
            case ast.Name(id=name):
                return self._measure(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _negative(self.term(operand, depth + 1))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.term(operand, depth + 1)
            case ast.BinOp(left=left, op=sign, right=right):
                operator = _OPERATORS.get(type(sign))
                if operator is None:
                    raise self._refused(node, f"only + - * / can be worked out{_hint(self.text)}")
                return Arithmetic(self.term(left, depth + 1), operator, self.term(right, depth + 1))
            case ast.Call():
                return self._call(node, depth)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp():
                raise self._refused(node, "that holds or does not and has no number; mind the brackets")
            case _:
                raise self._refused(node, f"allowed: {_ALLOWED}")

    # -- inside -------------------------------------------------------------------------------------

    def _comparison(self, node: ast.Compare, depth: int) -> Clause:
        terms = [self.term(each, depth + 1) for each in (node.left, *node.comparators)]
        found = []
        for (left, right), sign in zip(pairwise(terms), node.ops, strict=True):
            relation = _RELATIONS.get(type(sign))
            if relation is None:
                raise self._refused(node, "things compare by < <= > >= == !=")
            if not any(True for term in (left, right) for _ in measures(term)):
                raise self._refused(node, "it compares two numbers, and says nothing about the position")
            found.append(Comparison(left, relation, right))
        return found[0] if len(found) == 1 else Every(tuple(found))

    def _number(self, node: ast.Constant) -> Number:
        written = (ast.get_source_segment(self.text, node) or "").replace("_", "")
        if not _NUMBER.fullmatch(written):
            raise self._refused(node, "allowed: a number such as 0.05 or 5e-4")
        try:
            return Number(parse_exact(written))
        except ValueError as error:
            raise self._refused(node, str(error)) from None

    def _measure(self, name: str) -> Reading:
        measure = find(name)
        if measure is None:
            names = [each for each, _ in examples()]
            raise WhenError(
                f"unknown name {shown(name)}{suggestion(name, names)}; allowed: {', '.join(names)}"
            )
        return Reading(measure)

    def _call(self, node: ast.Call, depth: int) -> Call:
        names = [function.value for function in Function]
        if not isinstance(node.func, ast.Name) or node.func.id not in names:
            word = node.func.id if isinstance(node.func, ast.Name) else None
            raise self._refused(node, f"nothing but {listed(names)} can be called{suggestion(word, names)}")
        function = Function(node.func.id)
        if node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise self._refused(node, f"{function} takes terms, one after the other")
        if function is Function.ABS and len(node.args) != 1:
            raise self._refused(node, f"abs takes one term, found {len(node.args)}")
        if function is not Function.ABS and len(node.args) < 2:  # noqa: PLR2004 - of fewer there is none
            raise self._refused(node, f"{function} takes two terms or more, found {len(node.args)}")
        return Call(function, tuple(self.term(each, depth + 1) for each in node.args))

    def _not_too_deep(self, depth: int) -> None:
        if depth > DEPTH_MAX:
            raise WhenError(f"it is nested too deeply; allowed: at most {DEPTH_MAX} levels")

    def _refused(self, node: ast.expr, why: str) -> WhenError:
        return WhenError(f"{shown(ast.get_source_segment(self.text, node) or self.text)}: {why}")


def _negative(term: Term) -> Term:
    if isinstance(term, Number):
        return Number(-term.value)
    return Arithmetic(Number(Decimal(0)), Operator.MINUS, term)


def _text(when: When) -> str:
    return when.text


WhenText = Annotated[
    When,
    PlainValidator(parse_when),
    PlainSerializer(_text),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LENGTH_MAX}),
]
"""A condition, as text in the file."""
