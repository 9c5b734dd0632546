"""``holdfast doctor`` without an exchange; with one it is tried in ``tests/live``."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import Result

from bot.cli.doctor import TESTED_CCXT, exit_code_of
from bot.runtime.starting.findings import Finding, Level

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]


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
