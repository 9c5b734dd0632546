"""``holdfast montecarlo``: its verdict, its exit code, and what is said to whoever mistypes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from tests.cli.conftest import ROOT, START_MS, Write

Run = Callable[..., Result]
HELD = """
[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
notional = 10_000
leverage = 20
"""
FEW = ("--paths", "20", "--minutes", "30", "--block", "10m", "--workers", "1")


@pytest.fixture
def walk(tape: Write, tmp_path: Path) -> Path:
    """A tape of 200 wild minutes, and a file with one position in it."""
    (tmp_path / "held.toml").write_text(HELD, encoding="utf-8")
    closes = 50_000 * np.exp(np.cumsum(np.random.default_rng(4).standard_normal(200) * 0.01))
    return tape(*closes.round(1).tolist())


def test_survival_is_told_with_its_interval(holdfast: Run, walk: Path) -> None:
    result = holdfast("montecarlo", "--from", walk, "--positions", "held.toml", "--at-least", "0", *FEW)
    assert result.exit_code == 0, result.output
    first, *_ = result.output.splitlines()
    assert "of 20 paths are survived with the configured rules; with no defence at all " in first
    for title in ("survival", "loss of", "defence", "assumptions"):
        assert f"\n{title}" in result.output


def test_a_program_gets_one_object(holdfast: Run, walk: Path) -> None:
    result = holdfast("montecarlo", "--from", walk, "--positions", "held.toml", "--json", "--seed", "3", *FEW)
    answer = json.loads(result.stdout)
    assert (answer["seed"], answer["paths"], answer["method"]) == (3, 20, "bootstrap")
    assert list(answer["rules"]) == ["configured", "none"]
    none = answer["rules"]["none"]
    assert none["survival"]["share"] == 1 - none["liquidated"] / 20
    assert none["actions"] == {}
    assert 0 < none["survival"]["share"] < 1


def test_too_few_survivors_are_an_exit_code(holdfast: Run, walk: Path, tmp_path: Path) -> None:
    (tmp_path / "idle.toml").write_text("rules = []\nseatbelt = { enabled = false }\n", encoding="utf-8")
    asked = ("montecarlo", "-c", ROOT / "config" / "paper.toml", "-c", "idle.toml", "--from", walk)
    rest = ("--positions", "held.toml", *FEW)
    assert holdfast(*asked, *rest).exit_code == 7
    assert holdfast(*asked, "--at-least", "0.01", *rest).exit_code == 0


def test_a_page_is_written_beside_the_answer(holdfast: Run, walk: Path, tmp_path: Path) -> None:
    asked = ("montecarlo", "--from", walk, "--positions", "held.toml", "--at-least", "0", *FEW)
    result = holdfast(*asked, "--report", "out.html")
    assert "the report is in out.html" in result.stderr
    assert "of 20 paths are survived" in (tmp_path / "out.html").read_text(encoding="utf-8")
    refused = holdfast(*asked, "--report", "nowhere/out.html")
    assert refused.exit_code == 2
    assert "nowhere: no such directory" in refused.stderr


def test_paths_are_drawn_from_a_scenario_too(holdfast: Run) -> None:
    result = holdfast("montecarlo", "--from", "2023-08-17", "--json", "--at-least", "0", *FEW)
    answer = json.loads(result.stdout)
    assert set(answer["first"]) == {"BTC/USDT:USDT", "ETH/USDT:USDT"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--paths", "0"), "0 paths; ask for one at least"),
        (("--block", "10h"), "the tapes have 200 bars, and a block 600"),
        (("--method", "parametric"), "the tapes have 200 bars in common, and 500 are needed"),
        (("--jumps", "2"), "the tapes have no jumps to draw --jumps from"),
        (("--from", "whipsow"), "whipsow: no such file or directory"),
        (("--from", "later.csv"), "BTC_test_perp_1m.csv and later.csv have no bar in common"),
        (("--from", "nan.csv"), "nan.csv:3: "),
        (("--block", "4"), "--block"),
        (("--at", "BTC/USDT:USDT"), "write it like BTC/USDT:USDT=84000"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    holdfast: Run, walk: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    head = "ts_ms,open,high,low,close,volume\n"
    later = "".join(f"{START_MS + (900 + n) * 60_000},10,10,10,10,1\n" for n in range(3))
    (tmp_path / "later.csv").write_text(head + later, encoding="utf-8")
    (tmp_path / "nan.csv").write_text(head + f"{START_MS},10,10,10,10,1\n{START_MS + 60_000},nan,1,1,1,1\n")
    maps = ("--map", "later.csv=ETH/USDT:USDT", "--map", "nan.csv=ETH/USDT:USDT")
    result = holdfast("montecarlo", "--from", walk, "--positions", "held.toml", *FEW, *maps, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_paths_need_something_to_be_drawn_from(holdfast: Run) -> None:
    result = holdfast("montecarlo")
    assert result.exit_code == 2
    assert "Missing option '--from'" in result.stderr


@pytest.mark.slow
def test_the_command_on_the_page_says_how_probable_survival_is(holdfast: Run, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "montecarlo.md").read_text(encoding="utf-8")
    command = page.partition("```sh\n")[2].partition("\n```")[0]
    (tmp_path / "config").symlink_to(ROOT / "config")
    result = holdfast(*command.split()[1:], "--json", "--workers", "1")
    answer = json.loads(result.stdout)
    mine, none = answer["rules"].values()
    assert mine["survival"]["low"] > none["survival"]["high"]
    assert result.exit_code == (0 if mine["survival"]["share"] >= 0.99 else 7)
