import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bot.cli.failures import ExitCode, Failure, failure
from bot.cli.main import COMMANDS, LazyGroup, cli
from bot.config.errors import ConfigError, Origin, Problem
from bot.runtime.errors import ShellError
from bot.runtime.lock import AlreadyRunning

Run = Callable[..., Result]

HEAVY = ("pydantic", "numpy", "rich", "ccxt", "aiosqlite", "asyncio", "decimal", "loguru")


def test_help_lists_every_command_and_imports_none(holdfast: Run) -> None:
    answer = holdfast("--help")
    assert answer.exit_code == 0
    assert all(f"\n  {name} " in answer.output for name in COMMANDS)
    program = f"import sys, bot.cli.main; print(*(m for m in {HEAVY} if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(holdfast: Run, name: str) -> None:
    answer = holdfast(name, "--help")
    assert answer.exit_code == 0, answer.stderr
    assert answer.output.startswith(f"Usage: holdfast {name} ")


def test_every_command_is_called_what_it_is_listed_as() -> None:
    context = click.Context(cli)
    names = [command.name for name in COMMANDS if (command := cli.get_command(context, name))]
    assert names == list(COMMANDS)


def test_an_unknown_command_is_wrong_usage(holdfast: Run) -> None:
    answer = holdfast("replya")
    assert answer.exit_code == ExitCode.USAGE
    assert "replya" in answer.stderr


def test_the_version_is_printed(holdfast: Run) -> None:
    assert holdfast("--version").output.startswith("holdfast 0.")


def test_the_module_is_the_same_program() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "bot", "--help"], capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith("Usage: holdfast ")


# --- how commands fail ---


def failing(error: Exception) -> Result:
    class Failing(LazyGroup):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            def fail() -> None:
                raise error

            return click.Command("fail", callback=fail)

    group: Any = Failing("holdfast")
    return CliRunner().invoke(group, ["fail"])


@pytest.mark.parametrize(
    ("error", "exit_code", "line"),
    [
        (ConfigError([Problem(Origin("a.toml", 3), "b.c", "found 1")]), 4, "a.toml:3: b.c: found 1"),
        (ShellError("data", "is full", "free some space"), 1, "data: is full; free some space"),
        (AlreadyRunning(Path("data"), 7), 75, "data: process 7 is already running here; stop it, or name"),
        (
            OSError(errno.ENOSPC, "No space left on device", "x.db"),
            1,
            "x.db: No space left on device; make room",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "x.db"),
            1,
            "x.db: Permission denied; use a place",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "x"),
            1,
            "x: No such file or directory;",
        ),
        (OSError(errno.EFBIG, "File too large", "x"), 1, "x: File too large; allow larger files (ulimit -f)"),
        (FileExistsError(errno.EEXIST, "File exists", "x"), 1, "x: File exists; a folder is wanted there"),
        (Failure("refused", ExitCode.REFUSED), 6, "refused"),
    ],
)
def test_what_a_person_can_act_on_is_a_line_and_an_exit_code(
    error: Exception, exit_code: int, line: str
) -> None:
    answer = failing(error)
    assert answer.exit_code == exit_code
    assert answer.stderr.startswith(line)
    assert answer.stderr.count("\n") == 1
    assert answer.output == answer.stderr


def test_a_defect_keeps_its_traceback() -> None:
    answer = failing(KeyError("a defect"))
    assert isinstance(answer.exception, KeyError)
    assert failure(ZeroDivisionError()) is None
    assert failure(ConnectionResetError(errno.ECONNRESET, "reset")) is None


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    program = "from bot.cli.main import main; main()"
    command = f"{sys.executable} -c '{program}' config schema | head -c 10"
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert answer.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("command", ["demo --seconds 0", "rules list"])
def test_what_has_no_room_to_be_printed_ends_in_one_line(command: str, tmp_path: Path) -> None:
    config = tmp_path / "bot.toml"
    paper = (Path(__file__).parents[2] / "config" / "paper.toml").read_text()
    config.write_text(paper.replace("data/holdfast.db", str(tmp_path / "holdfast.db")))
    words = [*command.split(), *(["--config", str(config)] if command.startswith("demo") else [])]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        answer = subprocess.run(
            [sys.executable, "-m", "bot", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    assert line.endswith("No space left on device; make room on the disk and start again")
