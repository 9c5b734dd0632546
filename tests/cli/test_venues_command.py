"""``holdfast venues``: the capability matrix, for people, for pipes and for programs."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from click.testing import Result

from bot.cli.venues import table
from bot.simulator.venues import ASSUMED
from bot.venues.live.registry import dialect, spoken
from tests.cli.conftest import ROOT

Run = Callable[..., Result]


def test_each_exchange_is_one_line_that_says_what_is_missing(holdfast: Run) -> None:
    answer = holdfast("venues")
    assert answer.exit_code == 0
    heading, *rows, hint = answer.output.splitlines()
    assert heading.split() == ["venue", "positions", "isolated", "cross", "quarterlies", "test", "network"]
    assert [row.split()[0] for row in rows] == list(spoken())
    xt = next(row for row in rows if row.startswith("xt "))
    assert "no CloseHedge, OpenHedge (ReducePosition instead)" in xt
    assert "--assumed" in hint


def test_one_exchange_is_shown_whole(holdfast: Run) -> None:
    answer = holdfast("venues", "xt")
    assert answer.exit_code == 0
    lines = answer.output.splitlines()
    assert lines[0] == "xt: margin rules xt_linear; position modes hedge"
    levers = {line.split()[0]: line for line in lines if line}
    assert "no isolated margin in cross; ReducePosition instead" in levers["AddMargin"]
    assert "after a top-up, nothing" in levers["CutLeverage"]
    for wanted in ("mark price", "funding", "client ids", "resting stops", "moving a stop", "test network"):
        assert any(line.strip().startswith(wanted) for line in lines), wanted


@pytest.mark.parametrize("name", spoken())
def test_what_no_source_confirms_is_listed_with_how_to_settle_it(holdfast: Run, name: str) -> None:
    answer = holdfast("venues", name, "--assumed")
    assert answer.exit_code == 0
    for each in (*dialect(name).traits.assumed, *ASSUMED[name]):
        assert each.what in answer.output
        assert f"settle: {each.settle}" in answer.output


def test_everything_comes_as_json(holdfast: Run) -> None:
    answer = holdfast("venues", "xt", "--json")
    (shown,) = json.loads(answer.output)["venues"]
    assert shown["venue"] == "xt"
    assert shown["position_modes"] == ["hedge"]
    assert shown["levers"]["cross"]["AddMargin"] == {
        "works": False,
        "because": "no isolated margin in cross",
        "substitute": "ReducePosition",
    }
    assert shown["levers"]["isolated"]["AddMargin"]["works"] is True
    assert shown["client_id"]["max"] == 32
    assert len(shown["assumed"]) == len(dialect("xt").traits.assumed)
    assert [each["venue"] for each in json.loads(holdfast("venues", "--json").output)["venues"]] == list(
        spoken()
    )


def test_an_exchange_that_does_not_exist_is_one_line_and_wrong_usage(holdfast: Run) -> None:
    answer = holdfast("venues", "xtt")
    assert answer.exit_code == 2
    assert answer.stderr.startswith('no exchange "xtt"; did you mean "xt"?; there are ')
    assert len(answer.stderr.splitlines()) == 1


def test_nothing_heavy_is_imported_to_say_what_an_exchange_can_do() -> None:
    script = (
        "import sys; from bot.cli.main import cli; cli(['venues'], standalone_mode=False);"
        "print(sorted({'ccxt', 'aiohttp', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_table_that_fits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    terminal, pipe = Terminal(), io.StringIO()
    rows = [("CutLeverage", "does nothing while the margin is above the new initial margin " * 2)]
    for out in (terminal, pipe):
        table(("lever", "isolated"), rows, out)
    drawn = click.unstyle(terminal.getvalue())
    assert max(len(line) for line in drawn.splitlines()) <= 60
    assert "CutLeverage" in drawn
    assert len(pipe.getvalue().splitlines()) == 2


def test_what_differs_in_hedge_mode_has_a_line_of_its_own(holdfast: Run) -> None:
    said = [line for line in holdfast("venues", "bybit").output.splitlines() if "in hedge mode" in line]
    assert len(said) == 1
    assert "CutLeverage isolated: no: " in said[0]
    shown = json.loads(holdfast("venues", "bybit", "--json").output)["venues"][0]
    assert shown["in_hedge"]["isolated"]["CutLeverage"]["substitute"] == "AddMargin"
