"""Reads TOML files and the environment into one document that remembers where each value came from.

Later files override earlier ones and ``HOLDFAST__LIMITS__RESERVE=250`` overrides them all: tables are merged
key by key, anything else, arrays of rules included, is replaced whole.
"""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.config.errors import ConfigError, Key, Origin, Problem, shown, written
from bot.config.locate import locate

ENV_PREFIX = "HOLDFAST__"

_AT_LINE = re.compile(r"(?P<text>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")

_NO_FILE = frozenset({errno.ENOENT, errno.EISDIR, errno.ENOTDIR})


@dataclass(slots=True)
class Document:
    """Values as nested dictionaries and lists, and the origin of each by its key."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Key, Origin] = field(default_factory=dict)

    def origin(self, key: Key) -> Origin:
        """Where ``key`` was written, or the nearest table around it that was."""
        while key and key not in self.origins:
            key = key[:-1]
        return self.origins.get(key, Origin("configuration"))

    def folder(self, key: Key) -> Path:
        """The folder that a relative path under ``key`` starts from: that of its file."""
        origin = self.origin(key)
        return Path(origin.source).parent if origin.line else Path()

    def problem(self, key: Key, text: str) -> Problem:
        """A mistake at ``key``."""
        return Problem(self.origin(key), written(key), text)


def read(paths: Sequence[Path], environ: Mapping[str, str]) -> Document:
    """The merged document of ``paths`` and ``environ``; ConfigError if one cannot be read at all."""
    document = Document()
    for path in paths:
        values, lines = _parsed(path)
        origins = {key: Origin(str(path), line) for key, line in lines.items()}
        _merge(document, (), document.values, values, origins)
        document.origins.setdefault((), Origin(str(path), 1))
    for name, text in sorted(environ.items()):
        if name.startswith(ENV_PREFIX):
            _override(document, name, text)
    return document


def _parsed(path: Path) -> tuple[dict[str, Any], dict[Key, int]]:
    try:
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
        values = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        remedy = "check the name of the file" if error.errno in _NO_FILE else "let this user read it"
        raise _failed(path, 0, f"cannot be read: {error.strerror}; {remedy}") from None
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        raise _failed(path, line, "is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        match = _AT_LINE.fullmatch(str(error))
        said = match["text"] if match else str(error)
        line = int(match["line"]) if match and match["line"] else text.count("\n") + 1
        twice = said.startswith("Cannot")
        remedy = "a key or a table is there twice: keep one" if twice else "correct the line"
        raise _failed(path, line, f"not TOML: {said[:1].lower()}{said[1:]}; {remedy}") from None
    except RecursionError:
        raise _failed(path, 0, "is nested too deeply to be read") from None
    return values, locate(text)


def _failed(path: Path, line: int, text: str) -> ConfigError:
    return ConfigError([Problem(Origin(str(path), line), "", text)])


def _merge(
    document: Document, at: Key, old: dict[str, Any], new: Mapping[str, Any], origins: Mapping[Key, Origin]
) -> None:
    for name, value in new.items():
        key = (*at, name)
        if isinstance(value, dict) and isinstance(old.get(name), dict):
            _merge(document, key, old[name], value, origins)
            continue
        old[name] = value
        _forget(document, key)
        document.origins.update((k, origin) for k, origin in origins.items() if k[: len(key)] == key)


def _forget(document: Document, key: Key) -> None:
    for known in [k for k in document.origins if k[: len(key)] == key]:
        del document.origins[known]


def _override(document: Document, variable: str, text: str) -> None:
    """Put the value of one environment variable where its name says."""
    parts = variable.removeprefix(ENV_PREFIX).split("__")
    origin = Origin(f"environment variable {variable}")
    key: Key = ()
    place: Any = document.values
    for index, part in enumerate(parts):
        name = _matching(place, part)
        if name is None:
            allowed = (
                f"allowed: a position from 0 to {len(place) - 1}" if isinstance(place, list) else "no table"
            )
            raise ConfigError([Problem(origin, written(key), f"found {shown(part)} after it; {allowed}")])
        key = (*key, name)
        if index == len(parts) - 1:
            place[name] = _value(text)
            _forget(document, key)
            document.origins[key] = origin
        else:
            if isinstance(place, dict) and name not in place:
                place[name] = {}
                document.origins[key] = origin
            place = place[name]


def _matching(place: object, part: str) -> str | int | None:
    """The name in ``place`` that a variable's part means: letter case is lost in the environment."""
    if isinstance(place, list):
        return int(part) if part.isdecimal() and int(part) < len(place) else None
    if not isinstance(place, dict) or not part:
        return None
    return next((name for name in place if name.lower() == part.lower()), part.lower())


def _value(text: str) -> object:
    """What a variable holds: a TOML value if it reads as one, else the text itself."""
    try:
        return tomllib.loads(f"x = {text}", parse_float=Decimal)["x"] if "\n" not in text else text
    except tomllib.TOMLDecodeError:
        return text
