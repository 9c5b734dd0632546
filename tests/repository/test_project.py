"""The installed project: its names, its version and its entry points."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_installed_version_is_the_one_of_the_checkout() -> None:
    assert metadata.version("holdfast") == PROJECT["version"]


def test_holdfast_and_python_m_bot_are_one_program() -> None:
    installed = metadata.entry_points(group="console_scripts")["holdfast"]
    answers = [
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
        for command in (
            [str(Path(sys.executable).with_name("holdfast")), "--help"],
            [sys.executable, "-m", "bot", "--help"],
        )
    ]
    assert installed.value == "bot.cli.main:main"
    assert answers[0] == answers[1]


def test_the_commands_start_without_the_slow_libraries() -> None:
    code = (
        "import sys\n"
        "from bot.cli.main import main\n"
        "heavy = {'ccxt', 'numpy', 'pyarrow', 'aiohttp', 'aiosqlite', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_the_changelog_is_kept_for_people() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert lines[0] == "# Changelog"
    assert any(line.startswith("## [") for line in lines)
    assert {line.removeprefix("### ") for line in lines if line.startswith("### ")} <= kinds
