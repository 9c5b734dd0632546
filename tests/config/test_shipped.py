"""The files in config/ work as shipped, and say what they mean."""

from pathlib import Path

import pytest

from bot.config import load
from bot.config.levers import findings
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
    assert [entry.name for entry in settings.rules] == [
        "cut_leverage",
        "top_up",
        "quarterly_hedge",
        "partial_close",
        "atr_stop",
    ]
    assert settings.config.seatbelt.enabled


def test_the_presets_take_the_place_of_rules_that_hedge() -> None:
    settings = load((CONFIG / "paper.toml", CONFIG / "presets" / "conservative.toml"), {})
    assert settings.config.limits.hedge_notional is not None
    assert "quarterly_hedge" not in {entry.name for entry in settings.rules}


def test_the_paper_file_lists_what_its_hedges_are_made_of() -> None:
    config = load(CONFIG / "paper.toml", {}).config
    assert [table.underlying for table in config.paper.quarterlies] == ["BTC/USDT:USDT"]
    assert config.limits.hedge_notional is not None


def test_the_hedge_that_the_replay_file_offers_is_valid_once_uncommented(tmp_path: Path) -> None:
    text = (CONFIG / "replay.toml").read_text()
    offered = text.partition("config/paper.toml explains the keys.\n#\n")[2].partition("\n\n")[0]
    assert "[[paper.quarterlies]]" in offered
    taken = "\n".join(line.removeprefix("#   ").removeprefix("#") for line in offered.splitlines())
    (tmp_path / "replay.toml").write_text(text.replace(offered, taken))
    settings = load(tmp_path / "replay.toml", {})
    assert [entry.name for entry in settings.rules] == [
        "top_up",
        "quarterly_hedge",
        "partial_close",
        "atr_stop",
    ]
    assert not list(findings(settings))


def test_the_replay_file_fits_any_symbol() -> None:
    settings = load(CONFIG / "replay.toml", {})
    assert [p.symbol for p in settings.config.paper.positions] == ["*"]
    assert list(settings.config.contracts) == ["*"]
