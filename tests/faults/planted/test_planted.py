"""Every mistake can still be made, and every one of them is caught."""

import ast
from pathlib import Path

import pytest

from tests.faults.planted import SUBSTITUTIONS, Substitution

ROOT = Path(__file__).resolve().parents[3]
ENOUGH = 40


def test_there_are_enough_of_them_to_mean_something() -> None:
    assert len({each.name for each in SUBSTITUTIONS}) == len(SUBSTITUTIONS) >= ENOUGH


@pytest.mark.parametrize("each", SUBSTITUTIONS, ids=lambda each: str(each.name))
def test_a_mistake_can_still_be_made(each: Substitution) -> None:
    text = each.applied((ROOT / each.path).read_text(encoding="utf-8"))
    ast.parse(text)
    assert each.breaks
