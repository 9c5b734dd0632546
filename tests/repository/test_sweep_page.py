"""The page about sweeps: what it tells to type can be typed, and its figures are those of the program."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.cli.sweep import DRAWN_MAX, FOLDER
from bot.lab.sweep.grid import CELLS_MAX
from bot.lab.sweep.judging import MUCH_DEARER, MUCH_FEWER
from bot.lab.sweep.running import BARREN_MAX
from bot.lab.sweep.samples import QUARTER
from bot.lab.sweep.stability import SHAKEN

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sweep.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def sweep() -> click.Command:
    found = cli.get_command(click.Context(cli), "sweep")
    assert found is not None
    return found


@pytest.mark.parametrize("line", COMMANDS)
def test_what_the_page_tells_to_type_can_be_typed(line: str) -> None:
    program, name, *words = shlex.split(line)
    assert (program, name) == ("holdfast", "sweep")
    # Reads every option and argument, and runs nothing.
    sweep().make_context(name, words)


def test_every_option_is_on_the_page() -> None:
    shared = {"config", "as_json"}
    options = {
        option.opts[-1]
        for option in sweep().params
        if isinstance(option, click.Option) and option.name not in shared
    }
    assert {option for option in options if f"`{option}" not in PAGE} == set()


def test_the_figures_of_the_page_are_those_of_the_program() -> None:
    page = " ".join(PAGE.split())
    assert (QUARTER, MUCH_DEARER, BARREN_MAX) == (4, 2, 3)
    assert f"more than {MUCH_FEWER * 100:.0f} percentage points" in page
    assert SHAKEN * 10 == 1
    assert f"`{FOLDER}`" in page
    assert f"{CELLS_MAX:,} cells" in page
    assert DRAWN_MAX == CELLS_MAX


@pytest.mark.slow
def test_the_command_on_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").symlink_to(ROOT / "config")
    monkeypatch.chdir(tmp_path)
    _program, *words = shlex.split(COMMANDS[0])
    # Two of the crashes, so that it does not take minutes.
    few = ("--scenarios", "whipsaw,2025-10-10", "--hold-back", "1", "--jobs", "1")
    result = CliRunner().invoke(cli, [*words, *few])
    assert result.exit_code == 0, result.output
    assert "12 cells in" in result.output
