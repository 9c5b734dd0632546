"""The shipped scenarios, and settings to play them with."""

from pathlib import Path

import pytest

from bot.config.settings import Settings, load
from bot.lab.scenarios import Scenario, library

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "config" / "scenarios"


@pytest.fixture(scope="session")
def shipped() -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in library(folder=FOLDER)}


@pytest.fixture(scope="session")
def any_tape() -> Settings:
    """The settings that fit any tape: an isolated long of 10,000 in every symbol, at ten times."""
    return load(ROOT / "config" / "replay.toml", {})
