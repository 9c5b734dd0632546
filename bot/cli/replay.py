"""``holdfast replay``: recorded market data through engine, guard, paper exchange and journal."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.options import config_option, json_option, settings_of

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.lab.replay.result import ReplayResult
    from bot.lab.tapes import PathOrder, Tape
    from bot.runtime.journal.port import Journal

DEFAULT_CONFIG = Path("config", "replay.toml")
LIVE_ON_PAPER = 'mode "live" is played on paper, as every replay is'


def _globs(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``GLOB=SYMBOL`` pairs as a map; the first glob that matches wins."""
    mapped: dict[str, str] = {}
    for value in values:
        glob, equals, symbol = value.partition("=")
        if not (glob and equals and symbol):
            raise click.BadParameter(f'found "{value}"; write it like "my*.csv=BTC/USDT:USDT"', param=option)
        mapped.setdefault(glob, symbol)
    return mapped


map_option = click.option(
    "--map", "globs", multiple=True, metavar="GLOB=SYMBOL", callback=_globs, help="What a file holds."
)
"""``--map``, for every command that reads tapes."""


@click.command()
@click.argument("tapes", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="TAPE...")
@config_option(DEFAULT_CONFIG)
@json_option
@click.option("--step", is_flag=True, help="Play every mark instead of jumping; the same decisions, slower.")
@click.option("--path", type=click.Choice(["nearest", "worst"]), help="Which extreme of a bar comes first.")
@map_option
@click.option("--journal", type=click.Path(path_type=Path), metavar="FILE", help="Keep the journal in FILE.")
@click.option("--latency-ms", type=click.IntRange(0, 600_000), help="From a decision to its effect.")
def replay(
    tapes: tuple[Path, ...],
    config: tuple[Path, ...],
    as_json: bool,  # noqa: FBT001 - click passes flags
    step: bool,  # noqa: FBT001
    path: str | None,
    globs: dict[str, str],
    journal: Path | None,
    latency_ms: int | None,
) -> None:
    """Run recorded market data through the rules, beside the same without any defence.

    TAPE is a CSV, gzipped CSV or parquet file named like BTC_binance_perp_5m.csv.gz (perp, spot, mark,
    funding or interest); --map names others. Several symbols are aligned in time.

    The exit code is 0 when the run worked, also when a position was liquidated in it: whether it survived
    is in the answer.
    """
    from bot.cli.replay_text import report
    from bot.lab.tapes import PathOrder

    _refuse_idle(globs, tapes)
    settings = settings_of(config, DEFAULT_CONFIG)
    if settings.config.mode == "live":
        click.echo(f"{settings.origin(('mode',))}: {LIVE_ON_PAPER}", err=True)
    read, seconds = _read(
        tapes, {**globs, **{g: s for g, s in settings.config.tapes.map.items() if g not in globs}}
    )
    order = PathOrder(path or settings.config.replay.path)
    result = asyncio.run(
        _play(read, settings, order, "step" if step else "jump", latency_ms, journal, seconds)
    )
    answer = result.to_json()
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else report(answer))


def _refuse_idle(globs: Iterable[str], tapes: Sequence[Path]) -> None:
    """A glob on the command line that no tape fits is a slip: the tape it was for goes by its name."""
    for glob in globs:
        if not any(_fits(path, glob) for path in tapes):
            names = ", ".join(path.name for path in tapes)
            raise click.UsageError(f'--map "{glob}" fits none of the tapes, which are named {names}')


def _fits(path: Path, glob: str) -> bool:
    """As reading tapes has it: a glob with a slash is for the end of the path, any other for the name."""
    if "/" in glob:
        return fnmatchcase(path.as_posix(), glob) or fnmatchcase(path.as_posix(), f"*/{glob}")
    return fnmatchcase(path.name, glob)


def _noted(tapes: list[Tape], settings: Settings) -> Mapping[str, str]:
    """What ``holdfast explain`` needs to know of this run."""
    from bot.cli.reconstruct import started
    from bot.core.types import Symbol
    from bot.lab.replay.quarterlies import find_quarterlies
    from bot.lab.tapes import PathOrder, group

    intervals = settings.config.replay.stale_after_intervals
    grouped = group(tapes)
    stale = {Symbol(each.symbol): intervals * each.traded.interval_ms for each in grouped}
    for quarterly in find_quarterlies(settings, grouped, PathOrder.NEAREST):
        stale[quarterly.symbol] = intervals * quarterly.path.interval_ms
    return started("replay", settings, stale, epoch=1)


def _read(paths: tuple[Path, ...], symbol_map: dict[str, str]) -> tuple[list[Tape], float]:
    """The tapes, and how long reading them took."""
    from bot.lab.tapes import read_tape

    began = time.perf_counter()
    return [read_tape(path, symbol_map=symbol_map) for path in paths], time.perf_counter() - began


async def _play(
    tapes: list[Tape],
    settings: Settings,
    order: PathOrder,
    mode: str,
    latency_ms: int | None,
    file: Path | None,
    load_seconds: float,
) -> ReplayResult:
    from bot.lab.replay.run import replay as run

    return await run(
        tapes,
        settings,
        mode=mode,
        path=order,
        latency_ms=latency_ms,
        journal=None if file is None else _kept(file, tapes, settings),
        load_seconds=load_seconds,
    )


@asynccontextmanager
async def _kept(file: Path, tapes: list[Tape], settings: Settings) -> AsyncIterator[Journal]:
    """The journal in ``file``, for this run alone, with what ``holdfast explain`` needs to know of it."""
    from bot.runtime.journal.sqlite import open_journal
    from bot.runtime.lock import hold

    opened_ms = int(tapes[0].times[0])
    with hold(file.parent):
        async with open_journal(file, opened_ms=opened_ms) as journal:
            journal.note("Started", _noted(tapes, settings), opened_ms)
            yield journal
