"""Planted defects: these tests are worth what they catch, so here they have to catch something.

The only place where parts of the machinery are replaced: a mistake has to be made to see that it is found.
"""

import pytest

from tests.lab.replay.corpus import LAID, tape, tapes
from tests.lab.replay.defects import DEFECTS, Defect
from tests.lab.replay.harness import findings


def test_there_are_enough_of_them_to_mean_something() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 20


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_a_planted_defect_is_found(defect: Defect, monkeypatch: pytest.MonkeyPatch) -> None:
    for plan in tapes(defect.telling):
        with monkeypatch.context() as patch:
            defect.plant(patch)
            if next(findings(plan), None) is not None:
                return
    pytest.fail(f"{defect.name} was planted and nobody noticed")


@pytest.mark.parametrize("name", [*LAID, *sorted({d.telling for d in DEFECTS if isinstance(d.telling, int)})])
def test_without_a_defect_nothing_is_found(name: int | str) -> None:
    assert list(findings(tape(name))) == []
