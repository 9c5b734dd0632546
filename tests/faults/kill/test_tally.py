"""A start is held to its promise by what it took of its own, on a machine that others use as well."""

import pytest

from tests.faults.kill.tally import ARMED_P99_S, Tally


@pytest.mark.parametrize(("waited_s", "violations"), [(0.5, 1), (1.5, 0)])
def test_what_a_start_waited_for_a_processor_is_not_its_own(waited_s: float, violations: int) -> None:
    tally = Tally(armed_s=[1.0, ARMED_P99_S + 1], waited_s=[0.0, waited_s], worked_s=[1.0, 1.0])
    tally.judge()
    assert len(tally.violations) == violations
    assert "waiting for one p50 0.00 s" in tally.lines()[-2 - violations]
