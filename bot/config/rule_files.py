"""Finds rules: by name in ``strategies/``, in folders of the user's own, in installed packages, or by path.

One file holds one rule and its name is the file's. Only what a configuration uses is imported, because a
half-written rule beside it must not stop the others.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from bot.core.intents import Intent
from bot.core.rule import Needs, Params, Rule
from bot.core.types import RuleName

ENTRY_POINTS = "holdfast.rules"
SHIPPED = "strategies"
_KINDS = frozenset(get_args(Intent))

RuleClass = type[Rule[Any]]


class BrokenRuleError(Exception):
    """A rule's file does not import, or holds no rule; the text starts with ``file:line``."""


class DuplicateRuleError(Exception):
    """Two files claim one rule name; the text names both."""


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Where a rule comes from: a file, or an entry point of an installed package."""

    name: str
    path: Path | None = None
    module: str | None = None
    entry_point: EntryPoint | None = None

    def __str__(self) -> str:
        """The file, or the package's entry point."""
        return str(self.path) if self.path else f"entry point {self.entry_point and self.entry_point.value}"

    def load(self) -> RuleClass:
        """The rule's class; BrokenRuleError if there is none to be had."""
        try:
            if self.entry_point is not None:
                return _checked(self.entry_point.load(), str(self))
            module = importlib.import_module(self.module) if self.module else _imported(self._file())
        except BrokenRuleError:
            raise
        # A rule's file is somebody's program: whatever it raises must become one line that names it.
        except (Exception, SystemExit) as error:
            raise BrokenRuleError(_failure(error, self.path)) from error
        return _rule_in(module, str(self.path))

    def build(self, rule_class: RuleClass, name: RuleName, params: Params) -> Rule[Any]:
        """The rule with its parameters, and asked once what it is; BrokenRuleError if that is nothing."""
        try:
            rule = rule_class(name, params)
            flaw = _flaw(rule)
        except (Exception, SystemExit) as error:
            raise BrokenRuleError(_failure(error, self.path)) from error
        if flaw is not None:
            raise BrokenRuleError(f"{self}: {flaw}")
        return rule

    def _file(self) -> Path:
        assert self.path is not None, f"{self.name}: a rule from nowhere"
        return self.path


@dataclass(slots=True)
class Catalogue:
    """Every rule that can be named in ``use``."""

    sources: dict[str, RuleSource] = field(default_factory=dict)

    @classmethod
    def of(cls, folders: Sequence[Path] = ()) -> Catalogue:
        """The shipped rules and those in ``folders``; DuplicateRuleError if a name is claimed twice."""
        catalogue = cls()
        spec = importlib.util.find_spec(SHIPPED)
        for place in (spec.submodule_search_locations or []) if spec else []:
            for path in _files(Path(place)):
                catalogue.sources[path.stem] = RuleSource(path.stem, path, f"{SHIPPED}.{path.stem}")
        for folder in folders:
            for path in _files(folder):
                known = catalogue.sources.get(path.stem)
                if known is not None and known.path is not None and known.path.resolve() != path.resolve():
                    raise DuplicateRuleError(
                        f'"{path.stem}" is claimed by {known.path} and {path}; rename one of them'
                    )
                catalogue.sources.setdefault(path.stem, RuleSource(path.stem, path))
        return catalogue

    def find(self, use: str, folder: Path) -> RuleSource | None:
        """The rule that ``use`` means; a path starts from ``folder``. None if there is no such rule."""
        if is_path(use):
            path = folder / use
            return RuleSource(path.stem, path) if path.is_file() else None
        return self.sources.get(use) or installed().get(use)

    def names(self) -> list[str]:
        """Every name, in alphabetical order."""
        return sorted({*self.sources, *installed()})


def is_path(use: str) -> bool:
    """Whether ``use`` is a path rather than a name."""
    return "/" in use or use.endswith(".py")


def installed() -> dict[str, RuleSource]:
    """Rules that installed packages offer; looked up only when asked, because it reads the environment."""
    return {
        point.name: RuleSource(point.name, entry_point=point) for point in entry_points(group=ENTRY_POINTS)
    }


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.py")) if not path.name.startswith("_")]


def _imported(path: Path) -> ModuleType:
    """The module in a file, under a name of its own so that it cannot hide another module."""
    name = f"holdfast_rules.{path.resolve().as_posix().replace('.', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BrokenRuleError(f"{path}: is no Python file; a rule is a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _rule_in(module: ModuleType, where: str) -> RuleClass:
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(rule.__name__ for rule in found) or "none"
        raise BrokenRuleError(
            f"{where}: a rule's file defines exactly one subclass of bot.core.rule.Rule, found {names}"
        )
    return found[0]


def _flaw(rule: Rule[Any]) -> str | None:
    """What a rule says of itself that cannot be meant; later there is no file to name with it."""
    needs: object = rule.needs()
    if not isinstance(needs, Needs):
        return f"needs() answers {needs!r}, expected Needs"
    if type(rule).decide is Rule.decide:
        return "it has no decide(), so it would never do anything"
    named: Iterable[object] = (*rule.proposes, *rule.substitutes, *rule.substitutes.values())
    wrong = [kind for kind in named if kind not in _KINDS]
    return f"it proposes {wrong[0]!r}, which is no kind of intent" if wrong else None


def _checked(value: object, where: str) -> RuleClass:
    if isinstance(value, type) and issubclass(value, Rule):
        return value
    raise BrokenRuleError(f"{where}: is no subclass of bot.core.rule.Rule")


def _failure(error: BaseException, path: Path | None) -> str:
    """``file:line: what happened``, with the line in the rule's own file where there is one."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SyntaxError) and error.filename:
        named = path if _same(error.filename, path) else error.filename
        return f"{named}:{error.lineno or 1}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if _same(frame.filename, path)]
    return f"{path}:{lines[-1]}: {said}" if lines else f"{path}: {said}"


def _same(filename: str, path: Path | None) -> bool:
    """Whether Python's name for a file, which is absolute, means ``path``."""
    return path is not None and Path(filename).resolve() == path.resolve()
