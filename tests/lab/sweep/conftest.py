"""A sweep that is small and real: nine cells and what is configured, through two short crashes."""

from pathlib import Path

import pytest

from bot.lab.sweep.results import results
from bot.lab.sweep.sweep import Layout, sweep
from bot.lab.sweep.workers import here
from tests.lab.sweep.small import a_layout


@pytest.fixture(scope="session")
def layout() -> Layout:
    return a_layout()


@pytest.fixture(scope="session")
def by_one(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file that one process leaves which nothing disturbs."""
    path: Path = tmp_path_factory.mktemp("by_one") / "sweep.jsonl"
    with results(path, layout.head()) as kept:
        sweep(layout, here(), kept)
    return path.read_bytes()
