"""A file's place tells what it may import, and the contracts in pyproject.toml notice when it does not."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The rule interface, its types and the indicators: all of the bot that a rule may name.
RULE_INTERFACE = {
    "bot.core.rules.comovement",
    "bot.core.contracts",
    "bot.core.rules.covering",
    "bot.core.rules.delta",
    "bot.core.durations",
    "bot.core.held.equity",
    "bot.core.held.exposure",
    "bot.core.markets.funding",
    "bot.core.markets.indicators",
    "bot.core.intents",
    "bot.core.rules.ladder",
    "bot.core.rules.levels",
    "bot.core.rules.planner",
    "bot.core.rules.pressure",
    "bot.core.markets.returns",
    "bot.core.rules.reconsidering",
    "bot.core.rules.rolling",
    "bot.core.rule",
    "bot.core.rules.settling",
    "bot.core.rules.shocks",
    "bot.core.rules.stopping",
    "bot.core.structure",
    "bot.core.timeframe",
    "bot.core.types",
    "bot.core.units",
    "bot.core.view",
    "bot.core.wake",
    "bot.core.rules.weighing",
}


def lint_imports(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Judge a checkout by its own pyproject.toml; its packages come before the installed ones."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_every_import_stays_within_its_layer() -> None:
    verdict = lint_imports(ROOT)
    assert verdict.returncode == 0, verdict.stdout


@pytest.mark.parametrize(
    ("where", "planted"),
    [
        ("bot/core", "import time"),
        ("bot/core", "from os import path"),
        ("bot/core", "import numpy as np"),
        ("bot/core", "import bot.venues"),
        ("bot/core", "import strategies"),
        ("bot/venues", "import bot.runtime"),
        ("bot/runtime", "import bot.cli"),
        ("strategies", "import bot.venues"),
        ("strategies", "import asyncio"),
    ],
)
def test_an_import_against_the_layers_is_noticed(tmp_path: Path, where: str, planted: str) -> None:
    for package in ("bot", "strategies"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / where / "planted.py").write_text(f'"""Planted."""\n\n{planted}\n', encoding="utf-8")
    verdict = lint_imports(tmp_path)
    assert verdict.returncode == 1, verdict.stdout
    assert "planted" in verdict.stdout


def test_a_rule_names_only_the_rule_interface() -> None:
    named = {
        f"{path.name}: {module}"
        for path in (ROOT / "strategies").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if module.split(".")[0] in {"bot", "strategies"} and module not in RULE_INTERFACE
    }
    assert named == set()
