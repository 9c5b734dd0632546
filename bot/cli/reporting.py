"""What commands that take long show beside their answer: how far they are, and a report to look at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from platform import python_version

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import F


def report_option(function: F) -> F:
    """``--report FILE``."""
    return click.option(
        "--report",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write a page to look at: one HTML file that needs no network.",
    )(function)


@contextmanager
def progress(what: str, runs: int) -> Iterator[Callable[[int], None]]:
    """A bar with the time left, for as long as it lasts; nothing where nobody looks at stderr.

    What it gives is called with how many more of the ``runs`` have ended.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=runs)
        yield lambda count: bar.advance(task, count)


def require_place(path: Path | None) -> None:
    """Failure where no report can be written, to be said before the work."""
    if path is not None and not path.parent.is_dir():
        raise Failure(f"{path.parent}: no such directory; --report writes a file into one", ExitCode.USAGE)
    if path is not None and path.is_dir():
        raise Failure(f"{path}: a directory; --report writes a file", ExitCode.USAGE)


def write_report(path: Path, html: str) -> None:
    """Write it, whole or not at all; Failure where that fails."""
    from bot.config.whole import write_whole

    try:
        write_whole(path, html)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", ExitCode.FAILED) from error
    click.echo(f"the report is in {path}", err=True)


def versions() -> list[tuple[str, str]]:
    """Of what a report was made with."""
    return [*((name, version(name.lower())) for name in ("Holdfast", "NumPy")), ("Python", python_version())]
