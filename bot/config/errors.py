"""What is wrong with a configuration: every problem at once, each with its file and line.

Somebody who edits a file by hand at four in the morning wants all mistakes in one go, the line to jump to,
what was found there, what is allowed, and the word they probably meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

Key = tuple[str | int, ...]
"""Where a value stands in the configuration: names of tables, and positions in arrays."""

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_SHOWN_MAX = 60


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where a value was written: a file and a line counted from 1, or an environment variable (line 0)."""

    source: str
    line: int = 0

    def __str__(self) -> str:
        """``config/paper.toml:12``, the form that editors and terminals turn into a link."""
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where, under which key, and what to do about it."""

    origin: Origin
    key: str
    text: str

    def __str__(self) -> str:
        """``file:line: key: text`` on one line."""
        return ": ".join(part for part in (str(self.origin), self.key, self.text) if part)


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` says everything that has to change."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:
        """What it is made of again in another process."""
        return type(self), (self.problems,)


def written(key: Key) -> str:
    """A key as TOML spells it, positions in brackets counted from 1: ``rules[2].params.below``."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part + 1}]"
            continue
        name = part if part and set(part) <= _BARE else f'"{part}"'
        text += f".{name}" if text else name
    return text


def shown(value: object) -> str:
    """A found value on one short line, strings in double quotes."""
    match value:
        case bool():
            text = str(value).lower()
        case str():
            text = '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case dict():
            text = "a table"
        case list():
            text = "an array"
        case _:
            text = str(value)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…"


def suggestion(found: object, allowed: Iterable[str]) -> str:
    """`` did you mean …?`` for a misspelt word, else nothing."""
    if not isinstance(found, str):
        return ""
    folded = {word.lower().replace("-", "_"): word for word in allowed}
    close = get_close_matches(found.lower().replace("-", "_"), folded, n=1, cutoff=0.6)
    return f'; did you mean "{folded[close[0]]}"?' if close else ""


def listed(words: Iterable[str]) -> str:
    """Words in double quotes, the last two joined by *or*."""
    quoted = [f'"{word}"' for word in words]
    if len(quoted) > 1:
        return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return "".join(quoted)
