"""The report of ``holdfast stress``: of each run it keeps what the page shows, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.reporting import require_place, versions, write_report

if TYPE_CHECKING:
    from bot.lab.report.stress.story import Story
    from bot.lab.stress.matrix import Attempt, StressResult


class Reporter:
    """Keeps what a report needs of each run, if one is wanted."""

    def __init__(self, path: Path | None) -> None:
        """``None`` for no report; Failure where none can be written, said before the work."""
        require_place(path)
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
            from bot.lab.report.stress.report import report

            write_report(self.path, report(result, self._stories, versions()))
