"""Every invariant is held somewhere, and where it is said to be held."""

from pathlib import Path

from tests.faults.checking.checks import CHECKS
from tests.faults.checking.coverage import COVERAGE, HERE

ROOT = Path(__file__).resolve().parents[3]
ALL = {f"I{number:02d}" for number in range(1, 34)}


def promised(text: str | None) -> str:
    return (text or "").partition(".")[0]


def test_every_invariant_is_held_somewhere() -> None:
    assert set(COVERAGE) == ALL
    assert all(COVERAGE.values())


def test_every_check_names_the_invariant_it_is_about() -> None:
    held = {promised(check.__doc__) for check in CHECKS}
    assert held <= ALL
    assert held == {invariant for invariant, places in COVERAGE.items() if HERE in places}


def test_every_other_place_exists() -> None:
    for place in {place for places in COVERAGE.values() for place in places if place != HERE}:
        path, _, name = place.partition("::")
        assert (ROOT / path).is_file(), place
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), place
