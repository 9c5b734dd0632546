"""The files in config/ work as shipped, and say what they mean."""

from pathlib import Path

import pytest

from bot.config import load
from bot.core.types import MarginMode

CONFIG = Path(__file__).parents[2] / "config"
FILES = sorted(CONFIG.glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_shipped_file_is_valid_without_warnings(path: Path) -> None:
    settings = load(path, {})
    assert settings.warnings == ()
    assert settings.rules


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_invented_tiers_are_marked(path: Path) -> None:
    assert all(contract.synthetic_tiers for contract in load(path, {}).config.contracts.values())


def test_the_paper_file_guards_an_isolated_and_a_cross_position() -> None:
    settings = load(CONFIG / "paper.toml", {})
    assert {p.margin_mode for p in settings.config.paper.positions} == set(MarginMode)
    assert [entry.name for entry in settings.rules] == ["cut_leverage", "top_up", "partial_close", "atr_stop"]
    assert settings.config.seatbelt.enabled


def test_the_replay_file_fits_any_symbol() -> None:
    settings = load(CONFIG / "replay.toml", {})
    assert [p.symbol for p in settings.config.paper.positions] == ["*"]
    assert list(settings.config.contracts) == ["*"]
