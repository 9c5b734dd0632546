"""``holdfast stress``: its verdict, its exit code, and what is said to whoever mistypes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import ROOT

Run = Callable[..., Result]
PAPER = ROOT / "config" / "paper.toml"


def test_the_shipped_rules_survive_five_minutes_of_august_2023(holdfast: Run) -> None:
    result = holdfast("stress", "--scenarios", "2023-08-17,dead_market")
    assert result.exit_code == 0, result.output
    first, *_ = result.output.splitlines()
    assert first.startswith("SURVIVED: with the configured rules 2 of 2 scenarios are survived;")
    assert "with no defence at all 1" in first


def test_somebody_who_dies_is_an_exit_code_and_is_told_what_would_have_helped(holdfast: Run) -> None:
    result = holdfast("stress", "--scenarios", "gap")
    assert result.exit_code == 7
    assert "LIQUIDATED in gap with the configured rules" in result.output
    assert "BTC/USDT:USDT long at 2026-01-06 02:20:00" in result.output
    assert "more behind BTC/USDT:USDT long" in result.output


def test_a_program_gets_one_object(holdfast: Run) -> None:
    result = holdfast("stress", "--scenarios", "2023-08-17", "--vs", "none,conservative", "--json")
    answer = json.loads(result.output)
    assert list(answer["rules"]) == ["configured", "none", "conservative"]
    assert [each["name"] for each in answer["scenarios"]] == ["2023-08-17"]
    assert len(answer["scenarios"][0]["sha256"]) == 64
    assert [(each["rules"], each["survived"]) for each in answer["trials"]] == [
        ("configured", True),
        ("none", False),
        ("conservative", True),
    ]
    without = answer["trials"][1]
    assert {each["symbol"]: each["survived"] for each in without["positions"]} == {
        "BTC/USDT:USDT": False,
        "ETH/USDT:USDT": True,
    }
    assert without["actions"] == {}
    assert without["saved_by"]["margin"][0]["symbol"] == "BTC/USDT:USDT"
    assert answer["trials"][0]["saved_by"] is None


def test_positions_and_rules_come_from_files_on_top(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "held.toml").write_text(
        '[[paper.positions]]\nsymbol = "BTC/USDT:USDT"\nside = "short"\nnotional = 10_000\nleverage = 20\n'
    )
    (tmp_path / "idle.toml").write_text("rules = []\nseatbelt = { enabled = false }\n")
    result = holdfast(
        "stress", "--positions", "held.toml", "--vs", "none,idle.toml", "--scenarios", "squeeze_up", "--json"
    )
    trials = {each["rules"]: each for each in json.loads(result.output)["trials"]}
    assert set(trials) == {"configured", "none", "idle"}
    assert [each["side"] for each in trials["none"]["positions"]] == ["short"]
    assert not trials["none"]["survived"]
    # No rules are no defence, whichever way that is said.
    assert trials["idle"]["equity"] == trials["none"]["equity"]


def test_a_scenario_of_ones_own_is_played_from_its_file(holdfast: Run, tmp_path: Path) -> None:
    text = (ROOT / "config" / "scenarios" / "dead_market.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    result = holdfast("stress", "--scenarios", "mine.toml")
    assert result.exit_code == 0, result.output
    assert "  mine " in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--scenarios", "whipsow"), 2, 'there is no scenario "whipsow"'),
        (("--at", "BTC/USDT:USDT"), 2, "write it like BTC/USDT:USDT=84000"),
        (("--at", "BTC/USDT:USDT=-1"), 2, "write it like BTC/USDT:USDT=84000"),
        (("--vs", "no_such.toml"), 4, "no_such.toml: cannot be read"),
        (("--positions", "no_such.toml"), 4, "no_such.toml: cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    holdfast: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = holdfast("stress", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
