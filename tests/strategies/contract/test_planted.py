"""The contract suite notices a rule that breaks a promise, and has nothing to say of one that breaks none."""

from collections.abc import Callable

import pytest

from tests.strategies.contract import test_contract as contract

Promise = Callable[[str], None]
PROMISES: list[Promise] = [
    contract.test_the_example_makes_it_act_and_nothing_raises,
    contract.test_its_parameters_say_what_they_mean_and_cannot_be_changed,
    contract.test_it_is_deterministic,
    contract.test_it_keeps_its_promise_of_silence,
    contract.test_it_proposes_only_what_it_declares,
    contract.test_it_raises_no_exposure_unless_it_says_so,
    contract.test_it_is_silent_on_stale_data,
    contract.test_a_fact_told_twice_moves_it_once,
    contract.test_a_restart_in_mid_cooldown_changes_nothing,
]


@pytest.mark.parametrize("promise", PROMISES)
def test_a_rule_that_breaks_no_promise_passes(promise: Promise) -> None:
    promise("plain")


@pytest.mark.parametrize(
    ("planted", "promise"),
    [
        ("clumsy", contract.test_the_example_makes_it_act_and_nothing_raises),
        ("idle", contract.test_the_example_makes_it_act_and_nothing_raises),
        ("undocumented", contract.test_its_parameters_say_what_they_mean_and_cannot_be_changed),
        ("counting", contract.test_it_is_deterministic),
        ("oversleeping", contract.test_it_keeps_its_promise_of_silence),
        ("undeclared", contract.test_it_proposes_only_what_it_declares),
        ("daring", contract.test_it_raises_no_exposure_unless_it_says_so),
        ("idle", contract.test_it_is_silent_on_stale_data),
        ("impatient", contract.test_a_fact_told_twice_moves_it_once),
        ("remembering", contract.test_a_restart_in_mid_cooldown_changes_nothing),
    ],
)
def test_one_that_breaks_it_is_noticed(planted: str, promise: Promise) -> None:
    with pytest.raises((AssertionError, IndexError)):
        promise(planted)
