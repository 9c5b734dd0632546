"""How the bot is watched itself: the bounds of its process, and who is told that it is well."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from bot.config.accounts import PLACE, PLACES
from bot.config.fields import UnrepeatableError
from bot.config.table import Table
from bot.core.durations import Span

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ADDRESS = f"^({PLACE.pattern}|https?://.+)$"


def check_address(url: str) -> str:
    """``url`` where it may be pinged, else UnrepeatableError: whoever knows it can be alive in our place."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    printable = url.isascii() and url.isprintable() and " " not in url
    if not host or not printable or not (parts.scheme == "https" or _is_here(parts.scheme, host)):
        raise UnrepeatableError(
            "allowed: an address that begins with https://, or with http:// on this machine;"
            f" or where it is kept: {PLACES}"
        )
    return url


def _is_here(scheme: str, host: str) -> bool:
    return scheme == "http" and host in _LOOPBACK


def _address(value: object) -> str:
    if isinstance(value, str) and PLACE.fullmatch(value):
        return value
    return check_address(value if isinstance(value, str) else "")


Address = Annotated[str, PlainValidator(_address), WithJsonSchema({"type": "string", "pattern": _ADDRESS})]
"""An address, or where it is kept. It is never shown again."""


class HeartbeatTable(Table):
    """An address that is pinged while all is really well; a service there raises an alarm when it stops."""

    url: Address | None = None
    """An https address such as healthchecks.io gives, or better where it is kept: "env:HEARTBEAT_URL". Left
    out, nobody is pinged."""
    every: Annotated[Span, Field(ge=1_000)] = 60_000
    """Time between two pings."""


class WatchdogsTable(Table):
    """Beyond which bounds the process counts as ill. What ends it leaves the stops where they rest."""

    loop_dump: Span = 5_000
    """The event loop stands still for so long: where every thread is gets written to the log and stderr."""
    loop_abort: Span = 10_000
    """It stands still for so long: the process leaves at once, with exit code 71, to be started anew."""
    memory_growth_warning: Annotated[int, Field(ge=1)] = 256
    """MiB of memory more than in the first minute: people are told."""
    memory_growth_limit: Annotated[int, Field(ge=1)] = 1_024
    """MiB more than in the first minute: the run ends in order, with exit code 72, to be started anew."""
    descriptors_warning: Annotated[int, Field(ge=1)] = 400
    """Open files and sockets: people are told."""
    descriptors_limit: Annotated[int, Field(ge=1)] = 800
    """Open files and sockets: the run ends in order. Most systems allow 1024."""
    tasks_warning: Annotated[int, Field(ge=1)] = 2_000
    """Tasks of the event loop: people are told."""
    tasks_limit: Annotated[int, Field(ge=1)] = 10_000
    """Tasks of the event loop: the run ends in order."""

    deaths_limit: Annotated[int, Field(ge=1)] = 5
    """Runs of the last ten minutes that guarded and did not end in order: from so many on, a live run sends
    exits and stops only, until `holdfast acknowledge`."""

    @model_validator(mode="after")
    def _in_order(self) -> WatchdogsTable:
        """A bound that ends it below the one that warns of it would never warn."""
        pairs = [("loop_dump", "loop_abort")]
        pairs += [(f"{each}_warning", f"{each}_limit") for each in ("memory_growth", "descriptors", "tasks")]
        for first, then in pairs:
            if getattr(self, first) >= getattr(self, then):
                raise ValueError(f"{first} has to be below {then}")
        return self
