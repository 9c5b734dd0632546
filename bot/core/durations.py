"""Durations as text ("10m") and as milliseconds.

They carry their unit, because a bare 600 has been read as seconds, minutes and milliseconds by different
people before. Configuration and parameters of rules spell them alike; inside, only milliseconds exist.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from bot.core.units import Unit

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)")


def parse_duration(value: object) -> int:
    """Milliseconds of a text such as ``"250ms"``, ``"5s"``, ``"10m"``, ``"8h"`` or ``"1d"``."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        message = 'allowed: a duration with its unit (ms, s, m, h, d), such as "250ms", "5s" or "10m"'
        raise ValueError(message)
    return int(match[1]) * _UNIT_MS[match[2]]


def format_duration(duration_ms: int) -> str:
    """The shortest text that `parse_duration` reads back."""
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(duration_ms, _UNIT_MS[unit])
        if count and not rest:
            return f"{count}{unit}"
    return f"{duration_ms}ms"


_AS_TEXT = PlainSerializer(format_duration)
_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"})
_UNIT = Unit("duration")

Duration = Annotated[int, BeforeValidator(parse_duration), _AS_TEXT, _SCHEMA, _UNIT]
"""A duration with its unit, in milliseconds once read."""
Span = Annotated[int, BeforeValidator(parse_duration), Field(gt=0), _AS_TEXT, _SCHEMA, _UNIT]
"""A duration longer than nothing, in milliseconds once read."""
