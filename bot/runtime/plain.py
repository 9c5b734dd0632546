"""Values as JSON knows them, for answers that people and programs read. Not for the journal, which is exact.

A command prints the same whether it asked the running process or looked for itself, because both come here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def plain(value: Any) -> Json:  # noqa: ANN401  # whatever is asked for, down to the leaves
    """``value`` in lists, dicts, strings and numbers; each object says its class under ``"type"``.

    Decimals become strings. ``TypeError`` for what has no such form; a float has none, for it is not exact.
    """
    match value:
        case None | bool():
            return value
        case Enum():
            return plain(value.value)
        case int() | str():
            return value
        case Decimal():
            return str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return {str(key): plain(item) for key, item in value._asdict().items()}
        case list() | tuple() | set() | frozenset():
            items = [plain(item) for item in value]
            return sorted(items, key=str) if isinstance(value, set | frozenset) else items
        case _ if is_dataclass(value) and not isinstance(value, type):
            parts = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
            return {"type": type(value).__name__, **parts}
        case _:
            raise TypeError(f"{type(value).__name__} has no plain form")
