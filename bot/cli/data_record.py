"""``holdfast data record``: live streams, kept as tapes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.data_place import ANOTHER_STORE, Place, opened, place_options, timeframe_option
from bot.cli.options import duration

if TYPE_CHECKING:
    from bot.lab.store.naming import Kept
    from bot.runtime.clock import Clock
    from bot.venues.live.clients import Clients
    from bot.venues.live.dialect import Dialect
    from bot.venues.live.terms import Instrument, Listing

RECORDED = Path("data", "recorded")
FLUSH_S = 60.0


@click.command()
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@place_options
@timeframe_option
@click.option("--for", "for_ms", callback=duration, metavar="TIME", help="Stop after this time, such as 8h.")
@click.option(
    "--store",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=RECORDED,
    show_default=True,
    help="The folder to record into; not one that history is fetched into.",
)
def record(
    symbols: tuple[str, ...],
    place: Place,
    timeframe_ms: int,
    for_ms: int | None,
    folder: Path,
) -> None:
    """Keep the live streams of SYMBOL... as tapes: trades, marks and funding. Ctrl-C ends it.

    A bar is kept where it was heard from its beginning to its end; what was not heard is a gap. Bars that the
    exchange does not have, such as those of 1s, are made of the last prices that it tells.
    """
    from bot.runtime.clock import SystemClock
    from bot.runtime.lock import hold

    with hold(folder, ANOTHER_STORE), suppress(KeyboardInterrupt):
        asyncio.run(_record(place, symbols, timeframe_ms, for_ms, folder, SystemClock()))


async def _record(
    place: Place, symbols: Sequence[str], timeframe_ms: int, for_ms: int | None, folder: Path, clock: Clock
) -> None:
    from bot.core.types import AccountName, Symbol
    from bot.lab.store.keeping import BY_STREAM, Store
    from bot.lab.store.recording import Recorder
    from bot.venues.live.connection import Connection
    from bot.venues.live.feed import Feed, Wants
    from bot.venues.live.history import Series

    store = Store(folder, clock.now_ms, source=BY_STREAM)
    async with opened(place, folder, clock, _say) as (dialect, clients):
        listing = await _listing(dialect, clients, symbols)
        connection = Connection(
            account=AccountName("record"),
            dialect=dialect,
            listing=listing,
            wires=clients,
            now_ms=clock.now_ms,
            say=_say,
        )
        watched = tuple(Symbol(each) for each in listing.by_symbol)
        closed = timeframe_ms in dialect.history.tells[Series.BARS].timeframes_ms
        recorder = Recorder(store, place.venue, timeframe_ms, clients.clock.now_ms(), closed=closed)
        wants = Wants(timeframes_ms=(timeframe_ms,) if closed else ())
        feed = Feed(connection, None, wants=wants, also=watched)
        _say(f"recording {', '.join(watched)} at {place.venue} into {folder}; Ctrl-C ends it")
        try:
            async with (
                asyncio.timeout(None if for_ms is None else for_ms / 1000),
                asyncio.TaskGroup() as group,
            ):
                group.create_task(_flush_for_ever(recorder.flush), name="flush")
                group.create_task(feed.run(recorder), name="feed")
        except TimeoutError:
            pass
        finally:
            for kept in recorder.close():
                _say(_line(store.catalogue.files, kept, folder))


async def _flush_for_ever(flush: Any) -> None:  # noqa: ANN401 - a method without arguments
    while True:
        await asyncio.sleep(FLUSH_S)
        flush()


async def _listing(dialect: Dialect, clients: Clients, symbols: Sequence[str]) -> Listing:
    """What is recorded. Its tiers do not matter, so that no key is needed where only keys are told them."""
    from bot.cli.data_fetch import market_named
    from bot.core.types import Symbol
    from bot.runtime.starting.connecting import markets_of, public_listing
    from bot.venues.live.terms import Listing

    markets = markets_of(clients)
    named = [Symbol(market_named(each, clients).symbol) for each in symbols]
    told = await public_listing(dialect, clients, named) if dialect.traits.tiers_public else Listing([])
    return Listing([told.by_symbol.get(each) or _named(dialect, markets[each]) for each in named])


def _named(dialect: Dialect, market: Mapping[str, Any]) -> Instrument:
    """A contract that streams are understood by: its names and its kind."""
    from bot.core.contracts import Contract, ContractKind, Tier
    from bot.core.margin.venues import rules_for
    from bot.core.types import ONE, ZERO, Symbol
    from bot.venues.live.terms import Instrument

    kind = ContractKind.INVERSE if market.get("inverse") else ContractKind.LINEAR
    expiry = market.get("expiry")
    contract = Contract(
        symbol=Symbol(str(market["symbol"])),
        kind=kind,
        settlement=str(market["settle"]),
        tick=ONE,
        lot=ONE,
        expiry_ms=int(expiry) if expiry else None,
        tiers=(Tier(floor=ZERO, cap=None, rate=ONE),),
        synthetic_tiers=True,
        rules=rules_for(dialect.traits.name, kind),
    )
    return Instrument(id=str(market["id"]), contract=contract)


def _line(files: Mapping[str, Any], kept: Kept, folder: Path) -> str:
    entry = files.get(kept.path)
    rows = 0 if entry is None else entry.rows
    return f"{kept.what}: {rows} kept -> {folder / kept.path}"


def _say(text: str) -> None:
    click.echo(text, err=True)
