"""The README and the automation say the same, and what the README tells the reader to type works."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(?P<language>[a-z]*)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)

# What sets a checkout up stands before this test can run, and the test command is this run itself.
ALREADY_DONE = ("git clone", "cd ", "make test", "make check", "make slow", ".ci/run")
SECONDS_PER_COMMAND = 300


def blocks(*languages: str) -> list[str]:
    """The bodies of the fenced blocks in one of the languages, in order."""
    return [match["body"] for match in FENCE.finditer(README) if match["language"] in languages]


def commands() -> list[str]:
    """Every line a reader is told to type, without prompt, comment and output."""
    typed: list[str] = []
    for body in blocks("sh", "bash", "shell", "console"):
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


@pytest.mark.slow
@pytest.mark.xdist_group("readme")
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
