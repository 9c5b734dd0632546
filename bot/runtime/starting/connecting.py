"""Connects to an account at its exchange, and reads what is to be known before anything is done there."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.config import Settings
from bot.config.errors import Key
from bot.config.reaching import loopback_of
from bot.core.types import AccountName, Symbol
from bot.runtime.clock import Clock
from bot.runtime.errors import ShellError
from bot.runtime.redaction import redact
from bot.runtime.secrets import Keys
from bot.runtime.starting.ban import FILE, Ban
from bot.runtime.starting.errors import KeyRefused
from bot.runtime.starting.findings import Market, Read
from bot.venues.live.capabilities import capabilities
from bot.venues.live.client import Credentials
from bot.venues.live.clients import Access, Clients
from bot.venues.live.connection import Connection, Wires
from bot.venues.live.dialect import Dialect
from bot.venues.live.gate import Gate
from bot.venues.live.line import Line, Unreadable
from bot.venues.live.patience import patiently
from bot.venues.live.registry import dialect as dialect_named
from bot.venues.live.session import Loopback
from bot.venues.live.starting import Talking, read_listing, read_rights, read_setup
from bot.venues.live.terms import Listing
from bot.venues.live.venue import LiveVenue
from bot.venues.live.wire import Urgency

Say = Callable[[str], None]
"""Tells people one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """An account that is connected and has been read once."""

    connection: Connection
    venue: LiveVenue
    read: Read


class Opened(Wires, Talking, Protocol):
    """Open wires of which the markets are known."""

    @property
    def reads(self) -> Line:
        """The line that reads."""
        ...


def gate_of(settings: Settings, clock: Clock, say: Say) -> Gate:
    """The one gate of all accounts: the exchange counts by our address, whoever a request is for.

    It begins shut during a ban that an earlier process met, and what it meets is remembered.
    """
    venue = next(iter(settings.config.accounts.values())).venue
    assert venue is not None, "an account without a venue"
    return gate_behind(ban_of(settings, clock), dialect_named(venue), say)


def gate_behind(ban: Ban, dialect: Dialect, say: Say) -> Gate:
    """A gate that is shut while ``ban`` lasts, and that tells it of every other."""
    gate = Gate(dialect.traits.windows)
    if sentence := ban.sentence():
        say(f"{sentence}: nothing is asked until then")
        gate.close(ban.left_ms(), emergencies=True)
    gate.banned_for = ban.meet
    return gate


def ban_of(settings: Settings, clock: Clock) -> Ban:
    """What is remembered of bans by the exchange of these accounts."""
    account = next(iter(settings.config.accounts.values()))
    where = "" if account.loopback is None else f" on port {account.loopback.port}"
    folder = Path(settings.config.journal.path).parent
    return Ban(folder / FILE, f"{account.venue}{where}", clock.now_ms)


@asynccontextmanager
async def connected(
    settings: Settings, account: AccountName, keys: Keys, *, gate: Gate, clock: Clock, say: Say
) -> AsyncIterator[Connected]:
    """The account, connected while the block runs. A ``ShellError`` says in one line why it is not."""
    table = settings.config.accounts[account]
    assert table.venue is not None, f"{account}: an account without a venue"
    dialect = dialect_named(table.venue)
    credentials = Credentials(key=keys.api_key, secret=keys.secret, password=keys.passphrase)
    access = Access(credentials=credentials, loopback=_loopback(settings, account))
    with _explained(settings, account, dialect):
        clients = await Clients.open(dialect, access, gate=gate, now_ms=clock.now_ms, say=say)
    try:
        with _explained(settings, account, dialect):
            found = await read_account(account, dialect, clients, now_ms=clock.now_ms, say=say)
        yield found
    finally:
        await clients.close()


@asynccontextmanager
async def listening(
    settings: Settings, account: AccountName, *, gate: Gate, clock: Clock, say: Say
) -> AsyncIterator[tuple[Dialect, Clients]]:
    """The public part of the exchange that ``account`` is at, without any key."""
    table = settings.config.accounts[account]
    assert table.venue is not None, f"{account}: an account without a venue"
    dialect = dialect_named(table.venue)
    with _explained(settings, account, dialect):
        access = Access(loopback=_loopback(settings, account))
        clients = await Clients.open(dialect, access, gate=gate, now_ms=clock.now_ms, say=say)
    try:
        yield dialect, clients
    finally:
        await clients.close()


async def public_listing(dialect: Dialect, clients: Clients, symbols: Collection[Symbol]) -> Listing:
    """The contracts of these symbols as far as the exchange tells their tiers to everybody."""

    def is_among(market: Market) -> bool:
        return market.get("symbol") in symbols

    try:
        return await patiently(lambda: read_listing(dialect, clients, among=is_among))
    except Unreadable:
        return Listing([])  # Binance tells its tiers only to those who log in.


async def read_account(
    account: AccountName, dialect: Dialect, opened: Opened, *, now_ms: Callable[[], int], say: Say
) -> Connected:
    """The account behind wires that are open, once it was read; ``Unreadable`` where it cannot be.

    ``now_ms`` is our clock.
    """
    # The setup is the cheapest private reading: a key that is no good is found out by it.
    setup = await patiently(lambda: read_setup(dialect, opened))
    rights = await patiently(lambda: read_rights(dialect, opened))
    listing = await patiently(lambda: read_listing(dialect, opened))
    connection = Connection(
        account=account, dialect=dialect, listing=listing, wires=opened, now_ms=now_ms, say=say
    )
    venue = LiveVenue(connection, setup.position_mode)
    # Only looked at: what the engine is told begins with the snapshot of the run.
    found = await patiently(lambda: venue.reader.read(Urgency.ACCOUNT))
    contracts = [instrument.contract for instrument in listing.by_symbol.values()]
    able = capabilities(dialect, contracts, setup.position_mode)
    read = Read(
        account=account,
        traits=dialect.traits,
        setup=setup,
        rights=rights,
        state=found.state,
        listing=listing,
        markets=markets_of(opened),
        able=able,
        skew_ms=opened.clock.offset_ms,
    )
    return Connected(connection=connection, venue=venue, read=read)


def markets_of(clients: Talking) -> Mapping[str, Market]:
    """All markets of the exchange by their symbols, spot included."""
    return {str(market["symbol"]): market for market in clients.markets}


def _loopback(settings: Settings, account: AccountName) -> Loopback | None:
    found = loopback_of(settings, account, settings.config.accounts[account])
    if found is None:
        return None
    port, ca_file = found
    try:
        ssl.create_default_context(cafile=str(ca_file))
    except OSError:  # ssl.SSLError is one, and so is a file that may not be read
        text = f"{ca_file}: no certificate to be read there; {_WHERE_IT_IS}"
        raise settings.refuse(_ca_file(account), text) from None
    return Loopback(port=port, ca_file=ca_file)


def _ca_file(account: AccountName) -> Key:
    return ("accounts", account, "loopback", "ca_file")


_WHERE_IT_IS = "holdfast simulator prints where its own is"
_DISTRUSTED = "CertificateError"
_NOBODY = "ConnectorError"
"""Parts of the names of aiohttp's errors, by which the text of what broke begins."""


@contextmanager
def _explained(settings: Settings, account: AccountName, dialect: Dialect) -> Iterator[None]:
    """Turn what could not be read into the one line people get."""
    try:
        yield
    except Unreadable as error:
        text = redact(str(error))
        name, loopback = dialect.traits.name, settings.config.accounts[account].loopback
        codes = dialect.traits.codes
        if error.code and error.code in codes.auth:
            place = str(settings.origin(("accounts", account, "keys")))
            found = f"{name} does not accept this key ({text})"
            remedy = "look at the key, its rights and the addresses it is bound to"
            raise KeyRefused(place, found, remedy) from None
        if error.code and error.code not in codes.limited:
            remedy = "it may be down, or the account in a mode that is not guarded, such as portfolio margin"
            raise ShellError(name, text, remedy) from None
        if loopback is not None and _DISTRUSTED in text:
            found = f"what listens on port {loopback.port} has another certificate than this; {_WHERE_IT_IS}"
            raise settings.refuse(_ca_file(account), found) from None
        if loopback is not None and _NOBODY in text:
            found = f"nothing answers on port {loopback.port} of this machine"
            raise ShellError(name, found, "start holdfast simulator there, or correct the port") from None
        if _DISTRUSTED in text:
            remedy = "somebody may stand between; look at the clock of this machine and at its network"
            raise ShellError(name, f"its certificate cannot be trusted ({text})", remedy) from None
        raise ShellError(name, text, "look at the network and try again") from None
