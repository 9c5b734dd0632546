"""The README and the automation say the same, and what the README tells the reader to type works."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(?P<language>[a-z]*)(?P<where>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)

# What sets a checkout up stands before this test can run, and the test command is this run itself.
ALREADY_DONE = ("git clone", "cd ", "make test", "make check", "make slow", ".ci/run")
SECONDS_PER_COMMAND = 300
DANGER = 7


def blocks(*languages: str) -> list[str]:
    """The bodies of the fenced blocks in one of the languages, in order."""
    return [match["body"] for match in FENCE.finditer(README) if match["language"] in languages]


def beside_each_other() -> tuple[list[str], list[str]]:
    """What is typed into one terminal and, while its last command goes on, into another."""
    one, another = (
        [line for line in match["body"].splitlines() if line.strip()]
        for match in FENCE.finditer(README)
        if "terminal" in match["where"]
    )
    return one, another


def commands() -> list[str]:
    """Every line a reader is told to type by itself, without prompt, comment and output."""
    typed: list[str] = []
    together = {match["body"] for match in FENCE.finditer(README) if "terminal" in match["where"]}
    for body in blocks("sh", "bash", "shell", "console"):
        if body in together:
            continue
        lines = body.replace("\\\n", " ").splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        typed += [line.strip() for line in prompted or lines if line.strip() and not line.startswith("#")]
    return typed


def test_the_readme_names_the_two_commands() -> None:
    assert {"make demo", "make test"} <= {command.split("#")[0].strip() for command in commands()}


def test_the_automation_calls_exactly_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make test\b", script, re.MULTILINE)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "run: .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_the_workflow_has_no_rights_and_pins_what_it_uses() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)", workflow)
    assert re.search(r"^permissions: \{\}$", workflow, re.MULTILINE)
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


def test_the_settings_in_the_readme_are_toml() -> None:
    for body in blocks("toml"):
        assert tomllib.loads(body)


def test_the_python_in_the_readme_compiles() -> None:
    for body in blocks("python"):
        compile(body, "README.md", "exec")


@pytest.mark.parametrize("path", re.findall(r"\]\((?!#|[a-z]+:)([^)#\s]+)", README))
def test_a_link_of_the_readme_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.fixture
def _one_reader() -> Iterator[None]:
    """A reader types one command at a time: they write into the same folder, and one serves a fixed port."""
    with (ROOT / "README.md").open("rb") as readme:
        fcntl.flock(readme, fcntl.LOCK_EX)
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("_one_reader")
@pytest.mark.parametrize("command", [c for c in commands() if not c.startswith(ALREADY_DONE)])
def test_a_command_of_the_readme_works(command: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_PER_COMMAND,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def typed(line: str, folder: Path) -> subprocess.Popen[str]:
    """A line typed into a terminal; its output ends up in one text."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    output = subprocess.PIPE, subprocess.STDOUT
    return subprocess.Popen(
        ["bash", "-c", f"exec {line}"],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=output[0],
        stderr=output[1],
        text=True,
    )


def ended(process: subprocess.Popen[str], line: str, *, codes: tuple[int, ...] = (0,)) -> str:
    """What it said, once it has ended with one of the codes."""
    said, _ = process.communicate(timeout=SECONDS_PER_COMMAND)
    assert process.returncode in codes, f"{line}: {process.returncode}\n{said[-4000:]}"
    return said


@pytest.mark.slow
@pytest.mark.usefixtures("_one_reader")
def test_the_two_terminals_of_the_readme_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (demo, simulator), (keys, doctor, run, explain) = beside_each_other()
    for each in keys.removeprefix("export ").split():
        monkeypatch.setenv(*each.split("=", 1))
    ended(typed(demo, tmp_path), demo)
    serving = typed(simulator, tmp_path)
    guarding: subprocess.Popen[str] | None = None
    try:
        assert serving.stdout is not None
        assert any("8443" in line for line in serving.stdout), "it ended before it served"
        ended(typed(doctor, tmp_path), doctor, codes=(0, DANGER))
        guarding = typed(run, tmp_path)
        assert guarding.stdout is not None
        assert any("armed" in line for line in guarding.stdout), "it ended before it guarded"
        assert "BTC" in ended(typed(explain, tmp_path), explain)
    finally:
        for process, line in ((guarding, run), (serving, simulator)):
            if process is not None:
                process.send_signal(signal.SIGINT)
                try:
                    ended(process, line)
                finally:
                    process.kill()
