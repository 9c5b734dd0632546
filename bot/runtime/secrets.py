"""Fetches keys from where the configuration says they are, and hides them before anything is done with them.

From here a key goes to the exchange's client and nowhere else. It has no representation as text, and whatever
is written down goes through ``bot.runtime.redaction``, which knows it from the moment it was read.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import quote, urlsplit

from bot.config import Settings
from bot.config.accounts import PLACE
from bot.config.errors import Key
from bot.config.fields import UnrepeatableError
from bot.config.reaching import beside_the_file
from bot.config.watching import check_address
from bot.runtime.redaction import hide

FILE_MAX = 16_384
"""Bytes; the longest key of any exchange, a private RSA key, has a quarter of that."""
TOKEN_MIN = 12
"""Shorter parts of an address are words, and no tokens."""
SHORTEST = 4
"""What is shorter than this is no key, and is not hidden: it would make every text unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """An API key with its secret; it never prints itself."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(default="", repr=False)


class Keyring(Protocol):
    """What the keyring library offers us."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """The password of that name; ``None`` where there is none."""
        ...


def import_keyring() -> Keyring:
    """The library, which is an extra; ``ImportError`` where it is not installed."""
    return cast("Keyring", import_module("keyring"))


class SecretError(Exception):
    """A secret is not where the configuration says, or is not kept well enough."""


def keys_of(
    settings: Settings,
    account: str,
    *,
    environ: Mapping[str, str] | None = None,
    keyring: Callable[[], Keyring] = import_keyring,
) -> Keys:
    """The keys of an account, hidden from now on; ConfigError with file and line where one is not to be had.

    The account has been checked to name them (``bot.config.reaching``).
    """
    places = settings.config.accounts[account].keys
    assert places is not None, f"{account}: keys of an account that names none"

    def fetched(part: str) -> str:
        place = getattr(places, part)
        if place is None:
            return ""
        key: Key = ("accounts", account, "keys", part)
        try:
            return _fetched(settings, key, place, os.environ if environ is None else environ, keyring)
        except SecretError as error:
            raise settings.refuse(key, str(error)) from None

    return Keys(api_key=fetched("api_key"), secret=fetched("secret"), passphrase=fetched("passphrase"))


def heartbeat_url(
    settings: Settings,
    *,
    environ: Mapping[str, str] | None = None,
    keyring: Callable[[], Keyring] = import_keyring,
) -> str | None:
    """The address to be pinged, hidden from now on; ``None`` where none is wanted.

    ConfigError with file and line where it is not to be had, or is none.
    """
    place = settings.config.heartbeat.url
    if place is None:
        return None
    key: Key = ("heartbeat", "url")
    try:
        url = place
        if PLACE.fullmatch(place):
            url = _fetched(settings, key, place, os.environ if environ is None else environ, keyring)
        check_address(url)
    except (SecretError, UnrepeatableError) as error:
        raise settings.refuse(key, str(error)) from None
    # Errors of the network repeat parts of an address, and its token may be any of them.
    parts = urlsplit(url)
    long = (part for part in (*parts.path.split("/"), parts.query) if len(part) >= TOKEN_MIN)
    hide(url, *long)
    return url


def channel_urls(
    settings: Settings,
    *,
    environ: Mapping[str, str] | None = None,
    keyring: Callable[[], Keyring] = import_keyring,
) -> dict[str, str]:
    """The address of each channel for alerts, by its name, hidden from now on.

    ConfigError with file and line where one is not to be had.
    """
    urls = {}
    for number, channel in enumerate(settings.config.alerts.channels):
        key: Key = ("alerts", "channels", number, "url")
        try:
            urls[channel.name] = _fetched(
                settings, key, channel.url, os.environ if environ is None else environ, keyring
            )
        except SecretError as error:
            raise settings.refuse(key, str(error)) from None
    return urls


def _fetched(
    settings: Settings, key: Key, place: str, environ: Mapping[str, str], keyring: Callable[[], Keyring]
) -> str:
    kind, _, name = place.partition(":")
    match kind:
        case "env":
            text = environ.get(name, "")
            if not text.strip():
                raise SecretError(f"environment variable {name} is not set; set it, or name another place")
        case "file":
            text = _from_file(beside_the_file(settings, key, name))
        case _:
            service, _, entry = name.partition("/")
            text = _from_keyring(service, entry, keyring)
    return _hidden(text.strip(), place)


def _hidden(secret: str, place: str) -> str:
    """Hide the secret in every spelling in which it may turn up."""
    hide(secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], *secret.splitlines())
    if len(secret) < SHORTEST:
        raise SecretError(f"{place} holds {len(secret)} characters, which is no key")
    return secret


def _from_file(path: Path) -> str:
    """The text of a file that nobody but us may read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SecretError(f"{path} cannot be read: {error.strerror}") from None
    # Of the open file, not of its name: nobody can change it in between.
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)  # Python would not make a file of a folder.
        raise SecretError(f"{path} is no ordinary file")
    with os.fdopen(descriptor, "rb") as file:
        if found.st_uid != os.geteuid():
            whose = f"{path} belongs to user {found.st_uid}, and Holdfast runs as {os.geteuid()}"
            raise SecretError(f"{whose}; change its owner")
        if found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            raise SecretError(f"{path} may be read by others (mode {mode:04o}); do: chmod 600 {path}")
        data = file.read(FILE_MAX + 1)
    if len(data) > FILE_MAX:
        raise SecretError(f"{path} has more than {FILE_MAX} bytes, which is no key")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretError(f"{path} is not UTF-8 text") from None


def _from_keyring(service: str, name: str, keyring: Callable[[], Keyring]) -> str:
    try:
        ring = keyring()
    except ImportError:
        raise SecretError(
            'the library for keyrings is not installed; do: pip install "holdfast[keyring]"'
        ) from None
    try:
        found = ring.get_password(service, name)
    except Exception as error:  # noqa: BLE001  # each system's keyring fails in its own ways, none of them ours
        raise SecretError(f"the keyring did not open ({type(error).__name__}); unlock it") from None
    if not found:
        raise SecretError(f"the keyring has no {name} of {service}; do: keyring set {service} {name}")
    return found
