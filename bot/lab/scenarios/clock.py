"""Times of a scenario: ``hours:minutes`` since its start, which is a midnight in UTC.

So 21:20 is that time of the first day and 45:20 the same of the second: what a chronicle of a crash says can
be written down as it stands.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

MINUTES_MAX = 31 * 24 * 60
"""No scenario lasts longer than a month."""

_CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9])")


def parse_clock(value: object) -> int:
    """Minutes since the start, of ``hours:minutes``."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('allowed: hours and minutes since the start, such as "45:20"')
    return int(found[1]) * 60 + int(found[2])


def format_clock(minute: int) -> str:
    """The text that `parse_clock` reads back."""
    return f"{minute // 60:02}:{minute % 60:02}"


Clock = Annotated[
    int,
    BeforeValidator(parse_clock, json_schema_input_type=str),
    Field(le=MINUTES_MAX),
    PlainSerializer(format_clock),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK.pattern}$"}),
]
"""A time of the scenario, in minutes since its start once read."""
