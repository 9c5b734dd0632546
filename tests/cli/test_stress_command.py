"""``holdfast stress``: its verdict, its exit code, and what is said to whoever mistypes."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bot.core.facts import BalanceChanged
from tests.building.core import MAIN, T0, D, Desk, a_position, adds
from tests.cli.conftest import ROOT
from tests.cli.test_ordering import a_running_bot

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
    # Rounded for reading only once: 0.146 % is 0.1 % there, which 0.15 % would not be.
    distances = [p["smallest_distance"] for p in answer["trials"][0]["positions"]]
    assert all(len(each.partition(".")[2]) == 6 for each in distances)
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


RUNNING = """
schema_version = 1
mode = "live"

[accounts.main]
venue = "binanceusdm"
keys = { api_key = "env:HOLDFAST_KEY", secret = "env:HOLDFAST_SECRET" }

[journal]
path = "run/holdfast.db"

[[rules]]
use = "partial_close"
params = { below = 0.05, restore_to = 0.1 }
"""


def test_what_a_running_bot_holds_is_asked_of_it(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(RUNNING.lstrip(), encoding="utf-8")
    (tmp_path / "run").mkdir(mode=0o700)
    desk = Desk(adds())
    desk.holds(a_position())
    desk.fold(BalanceChanged(at_ms=T0, account=MAIN, wallet=D(500), free=D(500)))
    desk.mark("97")
    asked = ("stress", "-c", "live.toml", "--positions", "live", "--scenarios", "2023-08-17", "--json")
    nobody = holdfast(*asked)
    assert nobody.exit_code == 3
    assert "no bot runs here" in nobody.stderr
    assert "--positions FILE" in nobody.stderr
    with a_running_bot(tmp_path / "run", desk):
        answer = json.loads(holdfast(*asked).stdout)
    with_rules, without = answer["trials"]
    assert [each["symbol"] for each in without["positions"]] == ["BTC/USDT:USDT"]
    assert without["equity_before"] == str(D(500) + a_position().margin)
    # 3 of its 10 of margin are gone already, and the crash takes another 12 %.
    assert not without["survived"]
    assert with_rules["actions"]["ReducePosition"] >= 1


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


@pytest.mark.slow
def test_the_command_on_the_page_puts_the_shipped_positions_through_everything(
    holdfast: Run, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "stress.md").read_text(encoding="utf-8")
    command = page.partition("```sh\n")[2].partition("\n```")[0]
    (tmp_path / "config").symlink_to(ROOT / "config")
    result = holdfast(*command.split()[1:], "--json")
    answer = json.loads(result.stdout)
    assert len(answer["scenarios"]) == 24
    assert len(answer["trials"]) == 72
    # No stop fills inside of a gap.
    assert result.exit_code == 7
    assert [
        each["scenario"]
        for each in answer["trials"]
        if each["rules"] == "configured" and not each["survived"]
    ] == ["gap"]
    assert answer["rules"]["none"] < 5
    saved = [
        each["saved_by"] for each in answer["trials"] if each["rules"] == "none" and not each["survived"]
    ]
    assert all(each["margin"] for each in saved)


def test_a_report_is_one_page_beside_the_answer(holdfast: Run, tmp_path: Path) -> None:
    result = holdfast("stress", "--scenarios", "dead_market", "--report", "out.html", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["survived"] is True
    assert result.stderr == "the report is in out.html\n"
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "With the configured rules 1 of 1 scenarios are survived, with no defence 1." in html
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".db"] == ["out.html"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nowhere/out.html", "nowhere: no such directory; --report writes a file into one"),
        ("there", "there: a directory; --report writes a file"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    holdfast: Run, tmp_path: Path, where: str, said: str
) -> None:
    (tmp_path / "there").mkdir()
    result = holdfast("stress", "--report", where)
    assert result.exit_code == 2
    assert (result.stdout, result.stderr) == ("", f"{said}\n")


@pytest.mark.slow
def test_a_person_at_a_terminal_sees_how_far_it_is_and_a_pipe_does_not(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", "stress", "--scenarios", "dead_market", "--vs", "none"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        answer, _ = process.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "0/2" in shown
    assert "2/2" in shown
    assert answer.decode().startswith("SURVIVED: ")
