"""Where ``holdfast data`` gets market data: an exchange by its name, or the one that an account is at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import config_files, settings_of

if TYPE_CHECKING:
    from bot.runtime.clock import Clock
    from bot.venues.live.client import Credentials
    from bot.venues.live.clients import Clients
    from bot.venues.live.dialect import Dialect
    from bot.venues.live.session import Loopback

STORE = Path("data", "store")
ANOTHER_STORE = "name another folder with --store"
"""What to do where somebody writes to a store already."""
F = TypeVar("F", bound=Callable[..., Any])


def store_option(function: F) -> F:
    """``--store FOLDER``."""
    return click.option(
        "--store",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=STORE,
        show_default=True,
        help="The folder of the store.",
    )(function)


def place_options(function: F) -> F:
    """``--venue``, or ``--account`` of a configuration: the command gets them as ``place``."""

    @wraps(function)
    def placed(
        *args: Any,  # noqa: ANN401 - whatever the command takes besides
        venue: str | None,
        account: str | None,
        config: tuple[Path, ...],
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        return function(*args, place=place_of(venue, account, config), **kwargs)

    account = click.option(
        "--account", metavar="NAME", help="Use the exchange, keys and loopback of this account of the file."
    )
    config = click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="Configuration file of --account.",
    )
    venue = click.option("--venue", metavar="NAME", help="The exchange, such as binanceusdm.")
    return cast("F", venue(account(config(placed))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An exchange and how it is reached; without ``credentials`` only what is public is told."""

    venue: str
    credentials: Credentials | None = None
    loopback: Loopback | None = None


def place_of(venue: str | None, account: str | None, config: tuple[Path, ...]) -> Place:
    """The place that the options name; wrong usage where they name none or two."""
    if (venue is None) is (account is None):
        raise click.UsageError("name the exchange with --venue, or an account of a file with --account")
    if venue is not None:
        from bot.venues.live.registry import dialect

        dialect(venue)
        return Place(venue=venue)
    assert account is not None, "neither a venue nor an account"
    return _of_account(account, config)


def _of_account(account: str, config: tuple[Path, ...]) -> Place:
    from bot.cli.symbols import unknown
    from bot.config.reaching import loopback_of
    from bot.core.types import AccountName
    from bot.runtime.secrets import keys_of
    from bot.venues.live.client import Credentials
    from bot.venues.live.session import Loopback

    settings = settings_of(config_files(config))
    table = settings.config.accounts.get(account)
    if table is None:
        raise unknown("account", account, settings.config.accounts)
    if table.venue is None:
        raise settings.refuse(("accounts", account, "venue"), 'missing; such as venue = "binanceusdm"')
    credentials = None
    if table.keys is not None:
        keys = keys_of(settings, account)
        credentials = Credentials(key=keys.api_key, secret=keys.secret, password=keys.passphrase)
    found = loopback_of(settings, AccountName(account), table)
    loopback = None if found is None else Loopback(port=found[0], ca_file=found[1])
    return Place(venue=table.venue, credentials=credentials, loopback=loopback)


@asynccontextmanager
async def opened(
    place: Place, folder: Path, clock: Clock, say: Callable[[str], None]
) -> AsyncIterator[tuple[Dialect, Clients]]:
    """The exchange while the block runs, through a gate that leaves half of its limits to others.

    A bot that guards positions may run behind the same address, and the exchange counts both together. A ban
    is remembered in ``folder``: nothing is asked before it is over.
    """
    from bot.runtime.redaction import redact
    from bot.runtime.starting.ban import FILE, Ban
    from bot.venues.live.clients import Access, Clients
    from bot.venues.live.gate import Gate
    from bot.venues.live.history_source import halved
    from bot.venues.live.line import Unreadable
    from bot.venues.live.registry import dialect as dialect_of

    dialect = dialect_of(place.venue)
    where = "" if place.loopback is None else f" on port {place.loopback.port}"
    ban = Ban(folder / FILE, f"{place.venue}{where}", clock.now_ms)
    if sentence := ban.sentence():
        raise Failure(f"{sentence}: each request makes it longer; come back then", ExitCode.REFUSED)
    gate = Gate(halved(dialect.traits.windows))
    gate.banned_for = ban.meet
    access = Access(credentials=place.credentials, loopback=place.loopback)
    try:
        clients = await Clients.open(dialect, access, gate=gate, now_ms=clock.now_ms, say=say)
    except Unreadable as error:
        text = redact(str(error))
        raise Failure(f"{place.venue}: {text}; look at the network and try again") from None
    except OSError as error:  # a certificate that cannot be read
        raise Failure(f"{place.venue}: {error}; look at loopback.ca_file") from None
    try:
        yield dialect, clients
    finally:
        await clients.close()


def _timeframe(_: click.Context, option: click.Parameter, value: str) -> int:
    from bot.core.timeframe import parse_timeframe

    try:
        return parse_timeframe(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param=option) from None


def timeframe_option(function: F) -> F:
    """``--timeframe``, as milliseconds."""
    return click.option(
        "--timeframe",
        "timeframe_ms",
        default="1m",
        show_default=True,
        callback=_timeframe,
        help="Length of the bars.",
    )(function)


def moment(_: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """A time in UTC as milliseconds: 2025-10-10, 2025-10-10T21:00, or 30d for so long ago."""
    import time

    from bot.core.durations import parse_duration

    if value is None:
        return None
    try:
        return time.time_ns() // 1_000_000 - parse_duration(value)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        allowed = "a day such as 2025-10-10, a time such as 2025-10-10T21:00, or 30d for so long ago"
        raise click.BadParameter(f'found "{value}"; {allowed}', param=option) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
