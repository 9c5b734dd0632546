"""Small tapes, a configuration that any tape fits, and a way to run commands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli

ROOT = Path(__file__).parents[2]
MINUTE_MS = 60_000
START_MS = 1_760_000_040_000

Run = Callable[..., Result]
Write = Callable[..., Path]


@pytest.fixture
def holdfast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line in an empty folder; ``.output`` is stdout, ``.stderr`` the rest."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="holdfast")

    return run


@pytest.fixture
def tape(tmp_path: Path) -> Write:
    """Writes closing prices as one-minute bars, each opening where the one before closed."""

    def write(*closes: float, name: str = "BTC_test_perp_1m.csv") -> Path:
        lines = ["ts_ms,open,high,low,close,volume"]
        for index, close in enumerate(closes):
            opened = closes[max(0, index - 1)]
            at_ms = START_MS + index * MINUTE_MS
            lines.append(f"{at_ms},{opened},{max(opened, close)},{min(opened, close)},{close},1")
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


CRASH = (100_000, 99_000, 97_000, 95_000, 93_000, 91_000, 89_000, 87_000, 88_000)
CALM = (100_000, 100_010, 99_990, 100_000)
