"""What a run says on the screen, and what it leaves to the journal."""

from collections.abc import Mapping, Sequence

import pytest

from bot.cli.telling import Teller
from bot.core.asking.explain import PositionStatus
from bot.core.decisions import StateChanged
from bot.core.intents import Level
from bot.core.states import BotState
from bot.core.step import Step


class Lines:
    """A board that keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str, level: str = Level.INFO) -> None:
        self.said.append(text)

    def show(
        self, at_ms: int, rows: Sequence[PositionStatus], stops: Mapping[str, str], state: str = ""
    ) -> None:
        raise AssertionError("nothing is drawn here")


def told(was: str, now: str, level: Level, subject: str = "account:main") -> list[str]:
    lines = Lines()
    change = StateChanged(at_ms=0, subject=subject, was=was, now=now, because="why", level=level)
    Teller(lines).observe(Step(at_ms=0, swallowed=(), facts=(), decisions=(change,)))
    return lines.said


@pytest.mark.parametrize(
    ("was", "now"),
    [("auth_lost", "armed"), ("blind", "recovering"), ("NAKED", "hf-1-1"), ("silent", "fresh")],
)
def test_the_end_of_a_trouble_is_told_like_its_beginning(was: str, now: str) -> None:
    line = f"00:00:00  account:main: {was} -> {now}, why"
    assert told(was, now, Level.INFO) == [line]
    assert told("armed", was, Level.CRITICAL) == [f"00:00:00  account:main: armed -> {was}, why"]


def test_a_stop_that_follows_is_left_to_the_journal() -> None:
    assert told("hf-1-1", "hf-1-2", Level.INFO, "protection:main") == []


@pytest.mark.parametrize(("was", "now"), [(was, now) for was in BotState for now in BotState if was != now])
def test_every_move_of_an_account_is_told(was: str, now: str) -> None:
    level = Level.INFO if now in ("armed", "recovering") else Level.CRITICAL
    assert told(was, now, level) == [f"00:00:00  account:main: {was} -> {now}, why"]


@pytest.mark.parametrize(("was", "now"), [("strained", "well"), ("unheard", "heard")])
def test_the_end_of_a_trouble_of_the_process_is_told(was: str, now: str) -> None:
    assert told(was, now, Level.INFO, "process:memory") != []
