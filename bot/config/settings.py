"""A configuration that has been read, checked and resolved: what every command starts from.

``load`` reads once, at the door, and finds every mistake in one go. Afterwards nothing is looked up in a file
again, and nothing further in has to ask whether a value makes sense.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.config.contradictions import contradictions
from bot.config.coverage import cross_checks
from bot.config.errors import ConfigError, Key, Origin, Problem
from bot.config.explain import explained
from bot.config.fields import format_exact
from bot.config.model import Config
from bot.config.read import Document, read
from bot.config.rules import RulesFound, find_rules
from bot.config.tiers import TiersFound, find_tiers
from bot.core.settings import RuleEntry

_NO_SETTING: Any = {
    "rules": True,
    "journal": True,
    "rules_path": True,
    "accounts": {"__all__": {"keys", "loopback"}},
    "watchdogs": True,
    "heartbeat": True,
    "alerts": True,
}
"""What is resolved in another way, or says where something is, or decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A usable configuration.

    ``rules`` are in the order of the file. ``warnings`` are lines that must be said loudly: a rule that was
    left out because its file does not import. ``tiers`` holds those per key of ``config.contracts``.
    """

    config: Config
    rules: tuple[RuleEntry, ...]
    tiers: TiersFound
    warnings: tuple[str, ...]
    document: Document

    def origin(self, key: Key) -> Origin:
        """Where a key was written, for messages of those who find out later that it cannot be."""
        return self.document.origin(key)

    def refuse(self, key: Key, text: str) -> ConfigError:
        """An error about a key, with its file and line, to be raised."""
        return ConfigError([self.document.problem(key, text)])

    def resolved(self) -> dict[str, Any]:
        """Everything that holds, defaults and tiers included, as JSON values; the same for equal settings.

        Numbers are decimal strings without trailing zeros. Paths and comments leave no trace, so that the
        same settings are the same in another folder; of a file of tiers its SHA-256 is left. Neither does
        the way to an account: where its key is kept, and on which port of this machine it may be.
        """
        plain = self.config.model_dump(mode="python", exclude=_NO_SETTING)
        for symbol, contract in plain["contracts"].items():
            contract["tiers_file"] = self.tiers.files.get(symbol)
            contract["tiers"] = [asdict(tier) for tier in self.tiers.tables.get(symbol, ())]
        plain["rules"] = [_rule(entry) for entry in self.rules]
        resolved = _plain(plain)
        assert isinstance(resolved, dict)
        return resolved

    def played(self, path: str, latency_ms: int | None) -> Settings:
        """The settings of a replay whose command line had a word of its own on these two."""
        config = self.config
        replay = config.replay.model_copy(update={"path": path})
        paper = config.paper
        if latency_ms is not None:
            paper = paper.model_copy(update={"latency_ms": latency_ms})
        return replace(self, config=config.model_copy(update={"replay": replay, "paper": paper}))

    def canonical(self) -> str:
        """``resolved`` as JSON with sorted keys and no spaces: what a digest is made of."""
        return json.dumps(self.resolved(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def digest(self) -> str:
        """SHA-256 of ``canonical`` in hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def load(paths: Path | str | Sequence[Path | str], environ: Mapping[str, str] | None = None) -> Settings:
    """Read, merge and check configuration files; ConfigError lists every mistake at once.

    ``environ`` is the process's environment unless given: ``HOLDFAST__LIMITS__RESERVE=250`` overrides a key.
    """
    files = [paths] if isinstance(paths, Path | str) else list(paths)
    return resolve(read([Path(file) for file in files], os.environ if environ is None else environ))


def resolve(document: Document) -> Settings:
    """Check a document and resolve what it names: rules, tiers, contracts."""
    problems: list[Problem] = []
    config = _config(document, problems)
    found = find_rules(document, problems)
    tiers = TiersFound()
    if config is not None:
        tiers = find_tiers(config, document, problems)
        problems.extend(cross_checks(config, document))
        problems.extend(contradictions(config, found.rules, document))
    if problems or config is None:
        raise ConfigError(problems)
    return Settings(
        config=config,
        rules=_entries(config, found),
        tiers=tiers,
        warnings=found.warnings,
        document=document,
    )


def _config(document: Document, problems: list[Problem]) -> Config | None:
    try:
        return Config.model_validate(document.values)
    except ValidationError as error:
        problems.extend(explained(error, Config, (), document))
        return None


def _entries(config: Config, found: RulesFound) -> tuple[RuleEntry, ...]:
    return tuple(
        RuleEntry(
            rule=found.rules[index],
            symbols=None if table.symbols is None else frozenset(table.symbols),
            cooldown_ms=table.cooldown,
            max_slippage=table.max_slippage,
            shadow=table.shadow,
            when=table.when,
            confirm_for_ms=table.confirm_for or 0,
        )
        for index, table in enumerate(config.rules)
        if index in found.rules
    )


def _rule(entry: RuleEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "use": type(entry.rule).__name__,
        "symbols": None if entry.symbols is None else sorted(entry.symbols),
        "cooldown_ms": entry.cooldown_ms,
        "max_slippage": entry.max_slippage,
        "shadow": entry.shadow,
        "when": None if entry.when is None else entry.when.text,
        "confirm_for_ms": entry.confirm_for_ms,
        "params": entry.rule.params.model_dump(mode="python"),
    }


def _plain(value: object) -> object:
    """``value`` in what JSON has, numbers other than whole ones as decimal strings."""
    match value:
        case BaseModel():
            return _plain(value.model_dump(mode="python"))
        case Enum():
            return _plain(value.value)
        case Decimal():
            return format_exact(value)
        case float():
            return repr(value)
        case Mapping():
            return dict(_sorted_items(value))
        case set() | frozenset():
            return sorted((_plain(item) for item in value), key=str)
        case tuple() | list():
            return [_plain(item) for item in value]
        case _:
            return value


def _sorted_items(value: Mapping[Any, Any]) -> Iterator[tuple[str, object]]:
    names: Iterable[Any] = sorted(value, key=str)
    return ((str(_plain(name)), _plain(value[name])) for name in names)
