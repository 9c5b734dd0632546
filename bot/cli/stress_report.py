"""What ``holdfast stress`` shows and writes beside its answer: how far it is, and the report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

import click

from bot.cli.failures import ExitCode, Failure

if TYPE_CHECKING:
    from bot.lab.report.stress.story import Story
    from bot.lab.stress.matrix import Attempt, StressResult


@contextmanager
def progress(runs: int) -> Iterator[Callable[[], None]]:
    """A bar with the time left, for as long as it lasts; nothing where nobody looks at stderr.

    What it gives is called when another of the ``runs`` has ended.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("stress"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("stress", total=runs)
        yield lambda: bar.advance(task)


class Reporter:
    """Keeps what a report needs of each run, if one is wanted."""

    def __init__(self, path: Path | None) -> None:
        """``None`` for no report; Failure where none can be written, said before the work."""
        if path is not None and not path.parent.is_dir():
            raise Failure(
                f"{path.parent}: no such directory; --report writes a file into one", ExitCode.USAGE
            )
        if path is not None and path.is_dir():
            raise Failure(f"{path}: a directory; --report writes a file", ExitCode.USAGE)
        self.path = path
        self._stories: list[Story] = []

    def seen(self, attempt: Attempt) -> None:
        """A run has ended."""
        if self.path is not None:
            from bot.lab.report.stress.story import story

            self._stories.append(story(attempt))

    def write(self, result: StressResult) -> None:
        """Write the report, whole or not at all; Failure where that fails."""
        if self.path is not None:
            from bot.config.whole import write_whole
            from bot.lab.report.stress.report import report

            versions = [(name, version(name.lower())) for name in ("Holdfast", "NumPy")]
            html = report(result, self._stories, [*versions, ("Python", python_version())])
            try:
                write_whole(self.path, html)
            except OSError as error:
                raise Failure(f"{self.path}: {error.strerror}", ExitCode.FAILED) from error
            click.echo(f"the report is in {self.path}", err=True)
