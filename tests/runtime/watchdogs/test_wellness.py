"""What counts as really well: one table."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.core.states import AccountStatus, BotState
from bot.runtime.watchdogs.wellness import Signs, ills
from tests.building.core import BTC, MAIN, OTHER

WELL = AccountStatus(name=MAIN, state=BotState.ARMED, because="known", silent=(), flattening=None)


def signs(account: Mapping[str, Any] | None = None, **changes: Any) -> Signs:
    fields: dict[str, Any] = {
        "accounts": (replace(WELL, **(account or {})),),
        "turned_ms": 1_000,
        "late_ms": 3,
        "clock": "",
        "banned": False,
    }
    return Signs(**(fields | changes))


def test_armed_seeing_in_time_and_at_work_is_well() -> None:
    assert ills(signs()) == ()


def test_to_be_flattened_by_a_person_is_well() -> None:
    assert ills(signs({"state": BotState.REDUCING, "flattening": "eve"})) == ()


@pytest.mark.parametrize(
    ("given", "says", "starting_helps"),
    [
        (signs({"state": BotState.REDUCING}), "main is reducing: known", False),
        (signs({"state": BotState.HALTED, "because": "halted by eve"}), "halted by eve", False),
        (signs({"state": BotState.AUTH_LOST}), "main is auth_lost", False),
        (signs({"state": BotState.BLIND}), "main is blind", True),
        (signs({"state": BotState.RECOVERING}), "main is recovering", True),
        (signs({"state": BotState.BLIND}, banned=True), "main is blind", False),
        (signs({"state": BotState.RECOVERING}, banned=True), "main is recovering", False),
        (signs({"silent": (BTC,)}), f"no fresh mark of {BTC}", True),
        (signs({"silent": (BTC,)}, banned=True), f"no fresh mark of {BTC}", False),
        (signs({"silent": (BTC,), "state": BotState.REDUCING, "flattening": "eve"}), "no fresh mark", True),
        (signs(clock="the clock is 6 s ahead"), "the clock is 6 s ahead", True),
        (signs(turned_ms=5_001), "5001 ms", True),
        (signs(late_ms=2_001), "2001 ms late", True),
        (signs(accounts=()), "no account", True),
    ],
)
def test_what_is_ill(given: Signs, says: str, *, starting_helps: bool) -> None:
    (ill,) = ills(given)
    assert says in ill.text
    assert ill.starting_helps is starting_helps


@pytest.mark.parametrize("given", [signs(turned_ms=5_000), signs(late_ms=2_000)])
def test_a_bound_itself_is_still_well(given: Signs) -> None:
    assert ills(given) == ()


def test_one_ill_account_is_enough_and_every_ill_is_named() -> None:
    other = replace(WELL, name=OTHER, state=BotState.HALTED)
    found = ills(signs(accounts=(WELL, other), clock="the clock is wrong", turned_ms=9_000))
    assert [ill.text.split(" ")[0] for ill in found] == ["other", "the", "nothing"]
