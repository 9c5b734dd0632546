"""Reasons of the guard as people read them."""

from bot.core.decisions import Because
from bot.look.refusals import MEANINGS, refusal


def test_every_reason_has_a_meaning_and_no_meaning_is_left_over() -> None:
    assert MEANINGS.keys() == {each.value for each in Because}


def test_a_reason_is_told_with_what_it_means() -> None:
    assert refusal("basis") == "basis: the hedge was priced beyond its limit"
    assert refusal("in_flight") == "in flight: an earlier act was still under way"
