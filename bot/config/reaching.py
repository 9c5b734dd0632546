"""How the real accounts of a configuration are reached, once it is to be more than paper.

A file without keys is a good file for a replay. For a real account it is not, and that is to be said with
its line, before anything is connected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.config.accounts import AccountTable
from bot.config.errors import ConfigError, Key, Problem
from bot.config.settings import Settings

UNPROVEN = (
    "this version sends nothing to a real exchange, because acting exactly once is not proven yet; write"
    " loopback = { port = 8443, ca_file = ... } to run against the simulator, or start with --shadow"
)


def unreachable(settings: Settings) -> Iterator[Problem]:
    """Accounts that nobody could be logged in to."""
    for name, account in settings.config.accounts.items():
        for word in ("venue", "keys"):
            if getattr(account, word) is None:
                text = f"missing; a real account needs it ({_REMEDY[word]})"
                yield settings.document.problem(("accounts", name, word), text)
        if account.venue == "okx" and account.keys is not None and account.keys.passphrase is None:
            key: Key = ("accounts", name, "keys", "passphrase")
            yield settings.document.problem(key, 'missing; OKX has one, such as passphrase = "env:NAME"')


_REMEDY = {
    "venue": 'such as venue = "binanceusdm"',
    "keys": 'such as keys = { api_key = "env:HOLDFAST_KEY", secret = "env:HOLDFAST_SECRET" }',
}


def check_reachable(settings: Settings) -> None:
    """ConfigError with every account that nobody could be logged in to."""
    if problems := list(unreachable(settings)):
        raise ConfigError(problems)


def check_sendable(settings: Settings) -> None:
    """ConfigError unless the file wants a live run and every account is on this machine.

    Until it is proven that an action is carried out exactly once whatever fails, nothing is sent to an
    exchange where that could cost money.
    """
    if settings.config.mode != "live":
        text = 'found "paper"; --live needs mode = "live" in the file as well as the flag'
        raise settings.refuse(("mode",), text)
    check_reachable(settings)
    problems = [
        settings.document.problem(("accounts", name, "venue"), UNPROVEN)
        for name, account in settings.config.accounts.items()
        if account.loopback is None
    ]
    if problems:
        raise ConfigError(problems)


def beside_the_file(settings: Settings, key: Key, path: str) -> Path:
    """A path of the configuration: a relative one starts from the folder of its file."""
    return settings.document.folder(key) / Path(path).expanduser()


def loopback_of(settings: Settings, name: str, account: AccountTable) -> tuple[int, Path] | None:
    """The port on this machine and the certificate an account's exchange is known by there."""
    if account.loopback is None:
        return None
    key: Key = ("accounts", name, "loopback", "ca_file")
    path = beside_the_file(settings, key, account.loopback.ca_file)
    if not path.is_file():
        raise settings.refuse(key, f"{path}: no such file; holdfast simulator prints where its own is")
    return account.loopback.port, path
