"""The exchanges that are spoken, by the names they have in a configuration; imported when asked for."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec

from bot.venues.live.dialect import Dialect

NAMES = ("binanceusdm", "binancecoinm", "bybit", "okx", "xt")
"""In the order in which they are shown."""

_PACKAGE = "bot.venues.live.dialects"


class UnknownVenueError(ValueError):
    """No exchange of that name is spoken; the message is one line that says which are."""

    def __init__(self, name: str) -> None:
        close = get_close_matches(name.lower(), spoken(), n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        super().__init__(f'no exchange "{name}"{hint}; there are {", ".join(spoken())}')


def spoken() -> tuple[str, ...]:
    """The exchanges whose dialect is part of this installation."""
    return tuple(name for name in NAMES if find_spec(f"{_PACKAGE}.{name}") is not None)


def dialect(name: str) -> Dialect:
    """The dialect of an exchange; ``UnknownVenueError`` where there is none of that name."""
    if name not in spoken():
        raise UnknownVenueError(name)
    found = import_module(f"{_PACKAGE}.{name}").DIALECT
    assert isinstance(found, Dialect), f"{name}: no dialect"
    return found
