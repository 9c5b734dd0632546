"""The page about fidelity names the tests that hold what it says, and they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
MODELLED = PAGE.partition("## Modelled\n")[2].partition("\n## ")[0]


def test_every_line_of_what_is_modelled_names_tests_that_exist() -> None:
    rows = [line for line in MODELLED.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`(test_\w+)`", row.split("|")[-2]) for row in rows]
    assert all(named)
    tests = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    known = {name for text in tests for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}
    assert {name for row in named for name in row} - known == set()
