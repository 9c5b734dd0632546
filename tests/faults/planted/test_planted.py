"""Every mistake can still be made, and every one of them is caught where it is said to be.

Where the words of a mistake are no longer there once, the code has changed: find out how the same mistake
would be made today. Where a run tells of it no more, ``python -m tests.faults.planted NAME --seek 1:30``.
"""

import ast
from pathlib import Path

import pytest

from tests.faults.planted import SUBSTITUTIONS, Misfit, Substitution
from tests.faults.planted.noticing import complaint
from tests.faults.planted.planting import caught, complaint_in
from tests.faults.planted.seeking import seeds
from tests.faults.planted.special import SPECIAL

ROOT = Path(__file__).resolve().parents[3]
ENOUGH = 40
SIMULATED = [each for each in SUBSTITUTIONS if not each.noticed_by]


def named(each: Substitution) -> str:
    return each.name


def test_there_are_enough_of_them_to_mean_something() -> None:
    assert len({each.name for each in SUBSTITUTIONS}) == len(SUBSTITUTIONS) >= ENOUGH


@pytest.mark.parametrize("each", SUBSTITUTIONS, ids=named)
def test_a_mistake_can_still_be_made(each: Substitution) -> None:
    text = each.applied((ROOT / each.path).read_text(encoding="utf-8"))
    ast.parse(text)
    assert each.breaks
    assert set(each.weather) <= SPECIAL.keys()


@pytest.mark.parametrize("times", [0, 2])
def test_a_mistake_that_cannot_be_made_once_is_said(times: int) -> None:
    with pytest.raises(Misfit, match=f"its words occur {times} times in bot/somewhere.py, expected once"):
        Substitution(name="any", path="bot/somewhere.py", old="x", new="y", breaks="").applied("x" * times)


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("seed 6: I05 at 43198: hf-1-6 was decided while hf-1-5 was open\n", True),
        ("seed 6: defect at 15535: defect ValueError: no such fill\n", True),
        ("seed 6: defect at 15535: defect NameError: name 'Life' is not defined\n", False),
        ("Traceback (most recent call last):\n", False),
    ],
)
def test_code_that_does_not_run_is_no_mistake_that_was_noticed(line: str, counts: bool) -> None:
    assert bool(complaint_in(line)) is counts


def test_it_is_known_where_each_is_noticed() -> None:
    known = seeds()
    assert {each.name for each in SIMULATED} == known.keys()
    for each in SUBSTITUTIONS:
        assert not each.noticed_by or (ROOT / each.noticed_by).is_file(), each.name


@pytest.mark.slow
@pytest.mark.parametrize("each", SUBSTITUTIONS, ids=named)
def test_a_mistake_is_caught(each: Substitution) -> None:
    found = caught(each, seeds().get(each.name), ROOT)
    assert found.by, f"{each.name} was planted and nobody noticed: {each.breaks}"


@pytest.mark.slow
@pytest.mark.parametrize("each", SIMULATED, ids=named)
def test_without_the_mistake_nothing_is_said(each: Substitution) -> None:
    assert complaint(each, seeds()[each.name]) == ""
