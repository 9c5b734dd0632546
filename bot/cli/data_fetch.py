"""``holdfast data fetch``: history of an exchange into a store, only what it lacks."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bot.cli.data_place import (
    ANOTHER_STORE,
    Place,
    moment,
    opened,
    place_options,
    store_option,
    timeframe_option,
)
from bot.cli.failures import ExitCode, Failure
from bot.cli.options import json_option
from bot.cli.text import moment as shown

if TYPE_CHECKING:
    from bot.lab.store.fetching import Fetched, Progress, Wanted
    from bot.lab.store.keeping import Store
    from bot.runtime.clock import Clock
    from bot.venues.live.clients import Clients
    from bot.venues.live.dialect import Dialect
    from bot.venues.live.history import Market

TIERS = "tiers"
WHAT = ("bars", "mark", "funding", "interest", TIERS)
FOREVER_MS = 2**53


@click.command()
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@place_options
@click.option(
    "--since", callback=moment, required=True, metavar="TIME", help="2025-10-01, or 30d for 30 days."
)
@click.option("--until", callback=moment, metavar="TIME", help="Up to this time.  [default: now]")
@timeframe_option
@click.option(
    "--what", default=",".join(WHAT), show_default=True, metavar="LIST", help="Which series, with commas."
)
@store_option
@json_option
def fetch(
    symbols: tuple[str, ...],
    place: Place,
    since: int,
    until: int | None,
    timeframe_ms: int,
    what: str,
    folder: Path,
    as_json: bool,  # noqa: FBT001 - click passes flags
) -> None:
    """Fetch history of SYMBOL... into the store: only what it lacks, and never the same twice.

    Public data needs no key; Binance tells its tiers only to one (--account). Broken off, it goes on where it
    was.
    """
    from bot.runtime.clock import SystemClock
    from bot.runtime.lock import hold

    asked = Asked(symbols, since, FOREVER_MS if until is None else until, timeframe_ms, _what(what))
    with hold(folder, ANOTHER_STORE):
        try:
            done = asyncio.run(_fetch(place, asked, folder, SystemClock()))
        except KeyboardInterrupt:
            raise Failure(
                "broken off; what has come is kept, run it again to go on", ExitCode.INTERRUPTED
            ) from None
    if as_json:
        click.echo(json.dumps({"schema_version": 1, **done}, indent=2, ensure_ascii=False))


class Asked(NamedTuple):
    """What was asked for on the command line."""

    symbols: Sequence[str]
    since_ms: int
    until_ms: int
    timeframe_ms: int
    what: Sequence[str]


def _what(text: str) -> list[str]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    for word in found:
        if word not in WHAT:
            raise click.BadParameter(f'found "{word}"; there are {", ".join(WHAT)}', param_hint="--what")
    return found


async def _fetch(place: Place, asked: Asked, folder: Path, clock: Clock) -> dict[str, Any]:
    from bot.lab.store.fetching import fetch as bring
    from bot.lab.store.keeping import BY_REQUEST, Store
    from bot.runtime.redaction import redact
    from bot.venues.live.history_source import HistorySource
    from bot.venues.live.line import Unreadable

    done: dict[str, Any] = {
        "venue": place.venue,
        "store": str(folder),
        "fetched": [],
        "lacking": [],
        "tiers": [],
    }
    store = Store(folder, clock.now_ms, source=BY_REQUEST)
    async with opened(place, folder, clock, _say) as (dialect, clients):
        source = HistorySource(dialect.history, clients.reads)
        markets = [market_named(each, clients) for each in asked.symbols]
        tell = _progress()
        try:
            for wanted in series_of(dialect, markets, asked, done["lacking"]):
                fetched = await bring(store, source, wanted, clients.clock.now_ms(), tell)
                done["fetched"].append(_plain(fetched, folder))
                _say(_line(fetched, folder))
            if TIERS in asked.what:
                await _tiers(dialect, clients, store, markets, place, done)
        except Unreadable as error:
            remedy = "what has come is kept, run it again to go on"
            raise Failure(f"{place.venue}: {redact(str(error))}; {remedy}") from None
        done["requests"] = source.requests
    for each in done["lacking"]:
        _say(f"{each['symbol']} {each['series']}: not fetched: {each['because']}")
    return done


def market_named(asked: str, clients: Clients) -> Market:
    """The contract that was meant: its symbol, or its coin for the linear perpetual."""
    from bot.cli.symbols import meant
    from bot.lab.tapes.names import written
    from bot.venues.live.history import market_of

    listed = {str(each["symbol"]): each for each in clients.markets if each.get("contract")}
    linear = {symbol for symbol, each in listed.items() if each.get("linear")}
    usual = f"{asked.upper()}/USDT:USDT"
    found = listed[
        usual if usual in listed else meant(asked, listed if asked in listed else linear or listed)
    ]
    try:
        written(str(found["symbol"]))
    except ValueError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    return market_of(found)


def series_of(
    dialect: Dialect, markets: Sequence[Market], asked: Asked, lacking: list[Mapping[str, str]]
) -> Iterator[Wanted]:
    """What can be asked for, series by series; what cannot goes to ``lacking`` with the reason."""
    from bot.lab.store.fetching import Wanted
    from bot.venues.live.history import Series

    for market in markets:
        for series in (Series(word) for word in asked.what if word != TIERS):
            because = dialect.history.lacks.get(series, "")
            if series is Series.FUNDING and market.dated:
                because = "a dated contract has no funding"
            told = dialect.history.tells.get(series)
            timeframe_ms = 0
            if told is not None and told.timeframes_ms and not because:
                longer = [each for each in told.timeframes_ms if each >= asked.timeframe_ms]
                exact = asked.timeframe_ms in told.timeframes_ms
                if exact or (series is Series.INTEREST and longer):
                    timeframe_ms = asked.timeframe_ms if exact else min(longer)
                else:
                    because = f"there are {_timeframes(told.timeframes_ms)}"
            if told is None or because:
                lacking.append({"symbol": market.symbol, "series": str(series), "because": because})
                continue
            yield Wanted(
                venue=dialect.traits.name,
                market=market,
                series=series,
                told=told,
                timeframe_ms=timeframe_ms,
                since_ms=asked.since_ms,
                until_ms=asked.until_ms,
            )


def _timeframes(lengths_ms: Sequence[int]) -> str:
    from bot.core.timeframe import format_timeframe

    return ", ".join(map(format_timeframe, lengths_ms))


async def _tiers(
    dialect: Dialect,
    clients: Clients,
    store: Store,
    markets: Sequence[Market],
    place: Place,
    done: dict[str, Any],
) -> None:
    from bot.venues.live.starting import read_listing
    from bot.venues.live.wire import Urgency

    if not dialect.traits.tiers_public and place.credentials is None:
        because = f"{dialect.traits.name} tells its tiers only to a key; name an account with --account"
        done["lacking"] += [{"symbol": m.symbol, "series": TIERS, "because": because} for m in markets]
        return
    symbols = {market.symbol for market in markets}
    listing = await read_listing(
        dialect, clients, among=lambda each: each.get("symbol") in symbols, urgency=Urgency.BACKFILL
    )
    for symbol, instrument in sorted(listing.by_symbol.items()):
        if symbol in symbols:
            path = store.keep_tiers(dialect.traits.name, symbol, instrument.contract.tiers)
            done["tiers"].append(
                {"symbol": symbol, "file": str(path), "tiers": len(instrument.contract.tiers)}
            )
            _say(f"{symbol} tiers: {len(instrument.contract.tiers)} -> {path}")


def _plain(fetched: Fetched, folder: Path) -> dict[str, Any]:
    entry = fetched.entry
    return {
        "symbol": fetched.kept.symbol,
        "series": str(fetched.kept.series),
        "timeframe": "" if entry is None else entry.timeframe,
        "file": str(folder / fetched.kept.path),
        "asked": list(fetched.span),
        "rows": fetched.rows,
        "rows_kept": 0 if entry is None else entry.rows,
        "missing": [list(span) for span in fetched.missing],
    }


def _line(fetched: Fetched, folder: Path) -> str:
    entry, start_ms, end_ms = fetched.entry, *fetched.span
    if start_ms >= end_ms:
        return f"{fetched.kept.what}: nothing to be had in this time"
    held = 0 if entry is None else entry.rows
    gone = ""
    if fetched.missing:
        step_ms = fetched.kept.timeframe_ms
        rows = sum((span.end_ms - span.start_ms) // step_ms for span in fetched.missing)
        gone = f"; the exchange has no row for {rows} of these times"
    until = f"{shown(start_ms)} to {shown(end_ms)}"
    return (
        f"{fetched.kept.what}: {fetched.rows} new, {held} kept, {until}{gone} -> {folder / fetched.kept.path}"
    )


def _say(text: str) -> None:
    click.echo(text, err=True)


def _progress() -> Callable[[Progress], None]:
    """A line that is written over, on a terminal; nothing anywhere else."""
    if not sys.stderr.isatty():
        return lambda _: None

    def tell(progress: Progress) -> None:
        share = progress.done_ms / max(progress.whole_ms, 1)
        click.echo(f"\r{progress.kept.what}: {share:.0%}, {progress.rows} rows\x1b[K", err=True, nl=False)
        if progress.done_ms >= progress.whole_ms:
            click.echo("\r\x1b[K", err=True, nl=False)

    return tell
