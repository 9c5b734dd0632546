"""Which crashes are held back."""

import pytest

from bot.lab.scenarios import Scenario, library
from bot.lab.sweep.errors import ParameterError
from bot.lab.sweep.samples import held_back_paths, split


@pytest.fixture(scope="module")
def crashes() -> tuple[Scenario, ...]:
    return library(
        [
            "gap",
            "whipsaw",
            "2023-08-17",
            "dead_market",
            "flash_crash",
            "squeeze_up",
            "2025-10-10",
            "slow_grind",
        ]
    )


def names(scenarios: tuple[Scenario, ...]) -> list[str]:
    return [each.name for each in scenarios]


def test_a_quarter_is_held_back_unless_said_otherwise(crashes: tuple[Scenario, ...]) -> None:
    chosen_by, held_back = split(crashes, None, seed=1)
    assert (len(chosen_by), len(held_back)) == (6, 2)
    assert sorted(names(chosen_by + held_back)) == sorted(names(crashes))


def test_a_seed_holds_back_the_same_and_another_seed_others(crashes: tuple[Scenario, ...]) -> None:
    # In whichever order they come.
    turned = split(crashes[::-1], 3, seed=1)
    assert tuple(part[::-1] for part in turned) == split(crashes, 3, seed=1)
    drawn = {tuple(names(split(crashes, 3, seed)[1])) for seed in range(20)}
    assert len(drawn) > 10


def test_more_that_are_held_back_include_the_fewer(crashes: tuple[Scenario, ...]) -> None:
    few, more = (set(names(split(crashes, count, seed=7)[1])) for count in (2, 4))
    assert few < more


def test_those_that_are_named_are_held_back_and_the_order_stays(crashes: tuple[Scenario, ...]) -> None:
    chosen_by, held_back = split(crashes, ["squeeze_up", "gap"], seed=1)
    assert names(held_back) == ["gap", "squeeze_up"]
    assert names(chosen_by) == [
        "whipsaw",
        "2023-08-17",
        "dead_market",
        "flash_crash",
        "2025-10-10",
        "slow_grind",
    ]


def test_nothing_may_be_held_back(crashes: tuple[Scenario, ...]) -> None:
    assert split(crashes, 0, seed=1) == (crashes, ())
    assert split(crashes[:3], None, seed=1) == (crashes[:3], ())


@pytest.mark.parametrize(
    ("hold_back", "said"),
    [(8, "leave some to choose by"), (9, "leave some to choose by"), (["gpa"], 'no scenario "gpa".*"gap"')],
)
def test_what_leaves_nothing_or_is_not_there_is_refused(
    crashes: tuple[Scenario, ...], hold_back: int | list[str], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        split(crashes, hold_back, seed=1)


def test_as_large_a_part_of_the_paths_is_held_back_as_of_the_crashes() -> None:
    assert held_back_paths(100, chosen_by=18, held_back=6) == 34  # 33.3, and never none.
    assert held_back_paths(1, chosen_by=18, held_back=1) == 1
    assert held_back_paths(100, chosen_by=24, held_back=0) == 0
