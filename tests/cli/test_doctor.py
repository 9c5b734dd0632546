"""``holdfast doctor`` without an exchange; with one it is tried in ``tests/live``."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import Result

from bot.cli.doctor import TESTED_CCXT, exit_code_of
from bot.runtime.clock import SystemClock
from bot.runtime.starting.findings import Finding, Level

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]
ON_THIS_MACHINE = """\
[accounts.main]
venue = "binanceusdm"
keys = { api_key = "env:HOLDFAST_KEY", secret = "env:HOLDFAST_SECRET" }
loopback = { port = 1, ca_file = "ca.pem" }

[[rules]]
use = "top_up"
"""


def test_an_account_without_a_key_is_a_mistake_with_its_line(holdfast: Run) -> None:
    answer = holdfast("doctor", ROOT / "config" / "paper.toml")
    assert answer.exit_code == 4
    assert "accounts.main.keys: missing; a real account needs it" in answer.stderr


def test_a_key_that_is_not_there_is_a_mistake_with_its_line(
    holdfast: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOLDFAST_KEY", raising=False)
    answer = holdfast("doctor", ROOT / "config" / "live.example.toml")
    assert answer.exit_code == 4
    assert "environment variable HOLDFAST_KEY is not set" in answer.stderr


def test_the_tested_client_is_the_locked_one() -> None:
    assert f"ccxt=={TESTED_CCXT} " in (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize(
    ("found", "exit_code"),
    [
        ([Level.NOTE, Level.WARN], 0),
        ([Level.DANGER, Level.WARN], 7),
        ([Level.REFUSE, Level.DANGER], 6),
    ],
)
def test_the_gravest_finding_is_the_exit_code(found: Sequence[Level], exit_code: int) -> None:
    assert exit_code_of([Finding(level=level, text="") for level in found]) == exit_code


def test_a_file_that_is_wrong_is_told_from_an_account_that_is_not_fit() -> None:
    wrong = Finding(level=Level.REFUSE, text="", mistaken=True)
    unfit = Finding(level=Level.REFUSE, text="")
    assert (exit_code_of([wrong]), exit_code_of([wrong, unfit])) == (4, 6)


def test_nothing_is_looked_at_during_a_ban(holdfast: Run, tmp_path: Path) -> None:
    now_ms = SystemClock().now_ms()
    words = {"exchange": "binanceusdm on port 1", "met_ms": now_ms, "until_ms": now_ms + 600_000}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ban.json").write_text(json.dumps(words))
    (tmp_path / "ca.pem").touch()
    (tmp_path / "live.toml").write_text(ON_THIS_MACHINE)
    answer = holdfast("doctor", "live.toml")
    assert answer.exit_code == 6, answer.output + answer.stderr
    assert "binanceusdm on port 1 has banned this address until" in answer.stderr
