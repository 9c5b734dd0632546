"""Parameters that belong in an order say so, and are refused out of it."""

import pytest
from pydantic import ValidationError

from bot.core.rule import Params, Proportion, Ratio
from tests.building.core import D


class Band(Params):
    """Three that rise, the middle one left out if one likes; and two that may be alike."""

    rising = (("low", "middle", "high"),)
    not_falling = (("warn", "reduce"),)

    low: Ratio = D("0.1")
    middle: Ratio | None = None
    high: Ratio = D("0.3")
    warn: Proportion = D(1)
    reduce: Proportion | None = None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"low": "0.3"}, "high 0.3 must be above low 0.3"),
        ({"middle": "0.1"}, "middle 0.1 must be above low 0.1"),
        ({"middle": "0.4"}, "high 0.3 must be above middle 0.4"),
        ({"reduce": "0.9"}, "reduce 0.9 must not be below warn 1"),
    ],
)
def test_parameters_out_of_their_order_are_refused_by_name(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Band.model_validate(given)


@pytest.mark.parametrize("given", [{}, {"middle": "0.2"}, {"reduce": "1"}])
def test_parameters_in_their_order_are_taken(given: dict[str, str]) -> None:
    assert Band.model_validate(given).low == D("0.1")
