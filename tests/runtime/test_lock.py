"""One instance per data directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.runtime.errors import ShellError
from bot.runtime.lock import LOCK_FILE, AlreadyRunning, hold

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
import sys
from pathlib import Path
from bot.runtime.lock import AlreadyRunning, hold
try:
    with hold(Path(sys.argv[1])):
        print("holding", flush=True)
        sys.stdin.read()
except AlreadyRunning as error:
    print(error, flush=True)
    sys.exit(error.exit_code)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_second_instance_is_told_who_runs_and_leaves_with_75(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with hold(folder), start(folder) as second:
        assert second.stdout is not None
        assert second.stdout.read() == (
            f"{folder}: process {os.getpid()} is already running here; "
            "stop it, or name a file in another folder as journal.path\n"
        )
    assert second.returncode == 75


def test_the_lock_ends_with_the_process_however_it_ends(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "holding\n"
        with pytest.raises(AlreadyRunning) as refused, hold(tmp_path):
            pass
        assert refused.value.pid == first.pid
        first.kill()
    with hold(tmp_path):
        assert (tmp_path / LOCK_FILE).read_text() == str(os.getpid())


def test_it_can_be_taken_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(tmp_path):
        raise ZeroDivisionError
    with hold(tmp_path):
        pass


def test_a_holder_that_has_not_written_its_number_yet_is_another_process(tmp_path: Path) -> None:
    with hold(tmp_path):
        (tmp_path / LOCK_FILE).write_text("")
        with pytest.raises(AlreadyRunning, match="another process is already running here"), hold(tmp_path):
            pass


def test_the_directory_and_the_file_are_ours_alone(tmp_path: Path) -> None:
    with hold(tmp_path / "a" / "data"):
        pass
    assert (tmp_path / "a" / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "data" / LOCK_FILE).stat().st_mode & 0o777 == 0o600


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    message = r"data: File exists; name a folder this user may write to"
    with pytest.raises(ShellError, match=message), hold(tmp_path / "data"):
        pass
