"""``holdfast data``: a store of recorded market data that ``holdfast replay`` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.data_fetch import fetch
from bot.cli.data_place import store_option
from bot.cli.data_record import record
from bot.cli.failures import ExitCode
from bot.cli.options import json_option
from bot.cli.text import columns, moment, percent

if TYPE_CHECKING:
    from bot.lab.store.keeping import Store
    from bot.lab.store.verifying import Finding
    from bot.lab.store.worst import Window
    from bot.lab.tapes import Tape

SHOWN = 20
"""Findings of one kind in one file that are shown; --json has them all."""


@click.group()
def data() -> None:
    """Fetch, record, list and check market data that a replay reads."""


data.add_command(fetch)
data.add_command(record)


@data.command("list")
@store_option
@json_option
def list_(folder: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """List what the store holds, and how far."""
    found = _opened(folder).catalogue
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False))
        return
    rows = [
        (
            str(folder / file),
            str(entry.rows),
            "-" if entry.first_ms is None else moment(entry.first_ms),
            "-" if entry.last_ms is None else moment(entry.last_ms),
            entry.source,
        )
        for file, entry in sorted(found.files.items())
    ]
    rows += [
        (str(folder / file), str(entry.tiers), moment(entry.updated_ms), "-", "tiers")
        for file, entry in sorted(found.tiers.items())
    ]
    if not rows:
        click.echo(f"{folder}: nothing is kept here yet; holdfast data fetch --help")
        return
    click.echo(columns([("file", "rows", "first", "last", "from"), *rows], indent="", right=frozenset({1})))


@data.command()
@store_option
@click.option("--known-gaps", is_flag=True, help="Gaps that the exchange itself has are no failure.")
@json_option
@click.pass_context
def verify(ctx: click.Context, folder: Path, known_gaps: bool, as_json: bool) -> None:  # noqa: FBT001
    """Check the store: hashes, order, duplicates, gaps, rows that make no sense.

    Exit code 1 where anything is found.
    """
    from bot.lab.store.verifying import verify as check

    store = _opened(folder)
    found = list(check(store))
    counting = [each for each in found if not (known_gaps and each.known)]
    if as_json:
        answer = {
            "schema_version": 1,
            "store": str(folder),
            "files": len(store.catalogue.files),
            "sound": not counting,
            "findings": [_plain_finding(each) for each in found],
        }
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        for line in _shown_findings(found):
            click.echo(line)
        verdict = f"{len(counting)} findings" if counting else "sound"
        click.echo(f"{folder}: {len(store.catalogue.files)} tapes, {verdict}")
    ctx.exit(ExitCode.FAILED if counting else ExitCode.OK)


@data.command("find-crashes")
@click.argument("tapes", nargs=-1, type=click.Path(path_type=Path), metavar="[TAPE]...")
@store_option
@click.option("--top", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many a length.")
@json_option
def find_crashes(tapes: tuple[Path, ...], folder: Path, top: int, as_json: bool) -> None:  # noqa: FBT001
    """Find the worst falls within 5, 15 and 60 minutes in the store, or in TAPE...

    A fall goes from the open of the first bar to the lowest low; those of one length do not overlap.
    """
    from bot.lab.tapes import TapeKind, read_tape

    paths = tapes or tuple(_traded(_opened(folder)))
    if not paths:
        raise click.UsageError(f"{folder} holds no bars; fetch some, or name tapes")
    read = [read_tape(path, symbol_map={}) for path in paths]
    said: list[str] = []
    found = list(_worst([tape for tape in read if tape.kind is not TapeKind.FUNDING], top, said))
    if as_json:
        answer = {"schema_version": 1, "crashes": [_plain_window(path, each) for path, each in found]}
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for sentence in said:
        click.echo(sentence, err=True)
    headings = ("within", "fall", "from", "low at", "price", "low", "tape")
    rows = [_row(path, each) for path, each in found]
    click.echo(columns([headings, *rows], indent="", right=frozenset({0, 1, 4, 5})))


def _opened(folder: Path) -> Store:
    from bot.lab.store.errors import StoreError
    from bot.lab.store.keeping import Store
    from bot.runtime.clock import SystemClock

    if not folder.is_dir():
        raise StoreError(folder, "there is no store here", "fetch or record something, or name another")
    return Store(folder, SystemClock().now_ms)


def _traded(store: Store) -> Iterator[Path]:
    from bot.venues.live.history import Series

    for file, entry in sorted(store.catalogue.files.items()):
        if entry.series is Series.BARS and entry.rows:
            yield store.folder / file


def _worst(tapes: Sequence[Tape], top: int, said: list[str]) -> Iterator[tuple[Path, Window]]:
    """By length, deepest first over all tapes."""
    from bot.core.timeframe import format_timeframe
    from bot.lab.store.worst import WINDOWS_MS, can_tell, worst_windows

    for length_ms in WINDOWS_MS:
        found: list[tuple[Path, Window]] = []
        for tape in tapes:
            if can_tell(tape, length_ms):
                found += ((tape.path, each) for each in worst_windows(tape, length_ms, top))
            else:
                coarse = format_timeframe(tape.interval_ms)
                said.append(
                    f"{tape.path.name}: bars of {coarse} tell nothing of {format_timeframe(length_ms)}"
                )
        yield from sorted(found, key=lambda pair: -pair[1].drop)[:top]


def _plain_window(path: Path, window: Window) -> dict[str, Any]:
    return {
        "tape": str(path),
        "symbol": window.symbol,
        "within_ms": window.length_ms,
        "drop": round(window.drop, 6),
        "start_ms": window.start_ms,
        "low_ms": window.low_ms,
        "price": window.start_price,
        "low": window.low_price,
    }


def _row(path: Path, window: Window) -> Sequence[str]:
    from bot.core.timeframe import format_timeframe

    return (
        format_timeframe(window.length_ms),
        percent(str(-window.drop)),
        moment(window.start_ms),
        moment(window.low_ms),
        f"{window.start_price:.10g}",
        f"{window.low_price:.10g}",
        str(path),
    )


def _plain_finding(each: Finding) -> dict[str, Any]:
    return {
        "file": each.file,
        "flaw": str(each.flaw),
        "text": each.text,
        "line": each.line,
        "from_ms": None if each.span is None else each.span.start_ms,
        "to_ms": None if each.span is None else each.span.end_ms,
        "known": each.known,
    }


def _shown_findings(found: Iterable[Finding]) -> Iterator[str]:
    counted: dict[tuple[str, str], int] = {}
    for each in found:
        key = (each.file, str(each.flaw))
        counted[key] = counted.get(key, 0) + 1
        if counted[key] <= SHOWN:
            place = each.file if each.line is None else f"{each.file}:{each.line}"
            time = "" if each.span is None else f" {moment(each.span.start_ms)} to {moment(each.span.end_ms)}"
            yield f"{place}: {each.flaw}{time}: {each.text}"
    for (file, flaw), count in counted.items():
        if count > SHOWN:
            yield f"{file}: {flaw}: {count - SHOWN} more; --json shows them all"
