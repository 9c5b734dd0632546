"""Who is told what, and when: the alerts of the configuration file.

An address of a channel is as good as a key: whoever has it can write to these people, and often read as well.
It is kept elsewhere, and the file says where.
"""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from bot.config.accounts import PLACE, PLACES
from bot.config.errors import suggestion
from bot.config.fields import RuleLabel, UnrepeatableError
from bot.config.table import Table
from bot.core.durations import Span
from bot.core.intents import Level

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"


def _time(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(_CLOCK, value):
        raise ValueError('allowed: a time of the day, such as "07:00" or "23:30"')
    return time.fromisoformat(value)


def _place(value: object) -> str:
    """The place of an address. What else stands here may be the address itself: it is not repeated."""
    if not isinstance(value, str) or not PLACE.fullmatch(value):
        raise UnrepeatableError(
            "an address is not written into the file, for whoever has it can write to you;"
            f" write where it is kept: {PLACES}"
        )
    return value


def _zone(value: object) -> str:
    if not isinstance(value, str) or value not in available_timezones():
        near = suggestion(value, sorted(available_timezones())) if isinstance(value, str) else ""
        raise ValueError(f'allowed: the name of a time zone, such as "UTC" or "Europe/Berlin"{near}')
    return value


Clock = Annotated[time, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$"})]
"""A time of the day."""
AddressPlace = Annotated[
    str, PlainValidator(_place), WithJsonSchema({"type": "string", "pattern": f"^({PLACE.pattern})$"})
]
"""Where an address is kept."""
ZoneName = Annotated[str, BeforeValidator(_zone), WithJsonSchema({"type": "string"})]
"""A time zone by its name in the database everybody uses."""


class QuietHoursTable(Table):
    """When only the loudest may make a noise. The rest is told in the morning, in one message."""

    begin: Clock
    end: Clock
    always: tuple[Level, ...] = (Level.CRITICAL,)
    """Levels that are told at any hour."""


class ChannelTable(Table):
    """One way to reach people."""

    name: RuleLabel
    url: AddressPlace
    """Where its address is kept, in the form of apprise: mailtos://, tgram://, ntfys:// and so on."""
    levels: Annotated[tuple[Level, ...], Field(min_length=1)] = (Level.WARNING, Level.CRITICAL)
    """What it is told of."""
    unacknowledged_after: Span | None = None
    """It is told only of what is critical and nobody has acknowledged for so long; left out, at once."""
    digest: Clock | None = None
    """It is told once a day, at this time, of everything since; left out, as things happen."""
    per_minute: Annotated[int, Field(ge=1, le=60)] = 10
    """Messages in a minute at most; what is over waits, and goes out in one message."""
    per_day: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Messages in 24 hours at most, for what costs money."""

    @model_validator(mode="after")
    def _one_manner(self) -> ChannelTable:
        if self.digest is not None and self.unacknowledged_after is not None:
            raise ValueError("a channel has either a digest or unacknowledged_after")
        return self


class AlertsTable(Table):
    """How people are told of what happens."""

    channels: tuple[ChannelTable, ...] = ()
    group_within: Annotated[Span, Field(le=600_000)] = 10_000
    """What comes within this time goes out in one message."""
    repeat_every: Annotated[Span, Field(ge=10_000)] = 300_000
    """What is critical is told again after this long, until somebody acknowledges it: `holdfast ack`."""
    timezone: ZoneName = "UTC"
    """Whose clocks quiet hours, digests and messages go by."""
    quiet_hours: QuietHoursTable | None = None

    @model_validator(mode="after")
    def _no_name_twice(self) -> AlertsTable:
        names = [channel.name for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError("two channels have one name")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)
