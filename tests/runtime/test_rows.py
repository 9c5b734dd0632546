"""What a row can be found by."""

import pytest

from bot.core.decisions import Decision
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    Command,
    CommandKind,
    Fact,
    Link,
    LinkChanged,
    PositionChanged,
    StoodStill,
    Tick,
)
from bot.core.held.spot import SpotBalancesChanged
from bot.core.types import ZERO, AccountName
from bot.runtime.journal.rows import Labels, labels_of
from tests.runtime.builders import BTC, ETH, T0, a_change, a_mark, a_refusal, an_action, an_id

MAIN = AccountName("main")


def a_command(subject: str) -> Command:
    return Command(at_ms=T0, kind=CommandKind.PAUSE, subject=subject)


@pytest.mark.parametrize(
    ("noun", "labels"),
    [
        (a_mark(), (None, BTC, None)),
        (PositionChanged(at_ms=T0, id=an_id(ETH), position=None), ("main", ETH, None)),
        (BalanceChanged(at_ms=T0, account=MAIN, wallet=ZERO, free=ZERO), ("main", None, None)),
        (LinkChanged(at_ms=T0, account=MAIN, link=Link.AUTH, up=False, because=""), ("main", None, None)),
        (AccountRead(at_ms=T0, account=MAIN), ("main", None, None)),
        (SpotBalancesChanged(at_ms=T0, account=MAIN, holdings=()), ("main", None, None)),
        (StoodStill(at_ms=T0, for_ms=9_000), (None, None, None)),
        (a_change(subject="process:memory"), (None, None, None)),
        (Tick(at_ms=T0), (None, None, None)),
        (a_command(""), (None, None, None)),
        (a_command("top_up"), (None, None, "top_up")),
        (a_command(str(an_id())), ("main", BTC, None)),
        (an_action(), ("main", BTC, "top_up")),
        (a_refusal(), ("main", BTC, "partial_close")),
        (a_change(subject="rule:top_up"), (None, None, "top_up")),
        (a_change(subject="account:main"), ("main", None, None)),
        (a_change(subject="flatten:main"), ("main", None, None)),
        (Command(at_ms=T0, kind=CommandKind.FLATTEN, subject="main"), ("main", None, None)),
        (a_change(subject=f"protection:{an_id()}"), ("main", BTC, None)),
        (a_change(subject=f"position:{an_id(ETH)}"), ("main", ETH, None)),
        (a_change(subject="weather"), (None, None, None)),
    ],
)
def test_a_row_is_found_by_account_symbol_and_rule(noun: Fact | Decision, labels: Labels) -> None:
    assert labels_of(noun) == labels


def test_a_name_with_control_characters_cannot_blur_the_chain() -> None:
    with pytest.raises(AssertionError, match="expected a printable name"):
        labels_of(an_action(rule="top\x1fup"))
