"""Connects to an account at its exchange, and reads what is to be known before anything is done there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from bot.config import Settings
from bot.config.reaching import loopback_of
from bot.core.types import AccountName, Symbol
from bot.runtime.clock import Clock
from bot.runtime.errors import ShellError
from bot.runtime.redaction import redact
from bot.runtime.secrets import Keys
from bot.runtime.starting.errors import KeyRefused
from bot.runtime.starting.findings import Market, Read
from bot.venues.live.capabilities import capabilities
from bot.venues.live.client import Credentials
from bot.venues.live.clients import Access, Clients
from bot.venues.live.connection import Connection
from bot.venues.live.dialect import Dialect
from bot.venues.live.gate import Gate
from bot.venues.live.line import Unreadable
from bot.venues.live.registry import dialect as dialect_named
from bot.venues.live.session import Loopback
from bot.venues.live.starting import read_listing, read_rights, read_setup
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


def gate_of(settings: Settings) -> Gate:
    """The one gate of all accounts: the exchange counts by our address, whoever a request is for."""
    venue = next(iter(settings.config.accounts.values())).venue
    assert venue is not None, "an account without a venue"
    return Gate(dialect_named(venue).traits.windows)


@asynccontextmanager
async def connected(
    settings: Settings, account: AccountName, keys: Keys, *, gate: Gate, clock: Clock, say: Say
) -> AsyncIterator[Connected]:
    """The account, connected while the block runs. A ``ShellError`` says in one line why it is not."""
    table = settings.config.accounts[account]
    assert table.venue is not None, f"{account}: an account without a venue"
    dialect = dialect_named(table.venue)
    place = str(settings.origin(("accounts", account, "keys")))
    credentials = Credentials(key=keys.api_key, secret=keys.secret, password=keys.passphrase)
    access = Access(credentials=credentials, loopback=_loopback(settings, account))
    with _explained(dialect, place):
        clients = await Clients.open(dialect, access, gate=gate, now_ms=clock.now_ms, say=say)
    try:
        with _explained(dialect, place):
            found = await _read(account, dialect, clients, clock, say)
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
    with _explained(dialect, ""):
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
        return await read_listing(dialect, clients, among=is_among)
    except Unreadable:
        return Listing([])  # Binance tells its tiers only to those who log in.


async def _read(
    account: AccountName, dialect: Dialect, clients: Clients, clock: Clock, say: Say
) -> Connected:
    # The setup is the cheapest private reading: a key that is no good is found out by it.
    setup = await read_setup(dialect, clients)
    rights = await read_rights(dialect, clients)
    listing = await read_listing(dialect, clients)
    connection = Connection(
        account=account, dialect=dialect, listing=listing, wires=clients, now_ms=clock.now_ms, say=say
    )
    venue = LiveVenue(connection, setup.position_mode)
    # Only looked at: what the engine is told begins with the snapshot of the run.
    found = await venue.reader.read(Urgency.ACCOUNT)
    contracts = [instrument.contract for instrument in listing.by_symbol.values()]
    able = capabilities(dialect, contracts, setup.position_mode)
    read = Read(
        account=account,
        traits=dialect.traits,
        setup=setup,
        rights=rights,
        state=found.state,
        listing=listing,
        markets=markets_of(clients),
        able=able,
        skew_ms=clients.clock.offset_ms,
    )
    return Connected(connection=connection, venue=venue, read=read)


def markets_of(clients: Clients) -> Mapping[str, Market]:
    """All markets of the exchange by their symbols, spot included."""
    return {str(market["symbol"]): market for market in clients.markets}


def _loopback(settings: Settings, account: AccountName) -> Loopback | None:
    found = loopback_of(settings, account, settings.config.accounts[account])
    return None if found is None else Loopback(port=found[0], ca_file=found[1])


@contextmanager
def _explained(dialect: Dialect, place: str) -> Iterator[None]:
    """Turn what could not be read into the one line people get."""
    try:
        yield
    except Unreadable as error:
        text = redact(str(error))
        if error.code and error.code in dialect.traits.codes.auth:
            found = f"{dialect.traits.name} does not accept this key ({text})"
            raise KeyRefused(
                place, found, "look at the key, its rights and the addresses it is bound to"
            ) from None
        raise ShellError(dialect.traits.name, text, "look at the network and try again") from None
