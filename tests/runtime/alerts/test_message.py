"""What a message looks like on a lock screen, and to somebody who has just been woken."""

from datetime import UTC
from decimal import Decimal

from bot.core.asking.explain import PositionStatus
from bot.core.intents import Level
from bot.core.types import AccountName, PositionId, RuleName, Side, Symbol
from bot.runtime.alerts.desk import Telling
from bot.runtime.alerts.message import SUBJECT_MAX, Message, Origin, written
from bot.runtime.alerts.notice import Notice
from bot.runtime.alerts.thread import Thread

SOL = PositionId(AccountName("main"), Symbol("SOL/USDT:USDT"), Side.LONG)
NOON_MS = 12 * 3_600_000


def a_thread(
    text: str, number: int = 1842, level: Level = Level.CRITICAL, about: PositionId | None = SOL
) -> Thread:
    notice = Notice(at_ms=0, key=text, level=level, text=text, about=about)
    return Thread(number=number, notice=notice, since_ms=0, last_ms=0)


def a_status(distance: str | None = "0.049", protected_by: str | None = "hf1-3") -> PositionStatus:
    return PositionStatus(
        id=SOL,
        quantity=Decimal(10),
        mark=Decimal("142.31"),
        liquidation=Decimal("135.20"),
        distance=None if distance is None else Decimal(distance),
        margin_ratio=Decimal("0.71"),
        protected_by=protected_by,
        naked_since_ms=None,
        next_rule=RuleName("cut"),
        next_away="1.1%",
        synthetic=False,
        last_action=None,
        last_refusal=None,
    )


def a_message(*threads: Thread, status: PositionStatus | None = None, is_digest: bool = False) -> Message:
    held = (status or a_status(),)
    origin = Origin(mode="paper", overview=lambda: held, zone=UTC)
    return written(Telling(channel="phone", threads=threads, is_digest=is_digest), origin, NOON_MS)


def test_danger_comes_first_and_then_what_was_done() -> None:
    message = a_message(a_thread("SOL long: closed 3.3 at 143.02 (cut)"))
    assert message.subject == "[CRIT] SOL long - liq 4.9% away (135.2)"
    assert message.body.splitlines() == [
        "SOL long: closed 3.3 at 143.02 (cut)  #1842",
        "SOL long: mark 142.31, liq 135.2, 4.9% away, margin ratio 71.0%, protected, next cut (1.1%)",
        "You can: holdfast ack 1842, holdfast explain, holdfast pause, holdfast flatten",
        "paper - main - 1970-01-01 12:00:00 UTC",
    ]


def test_what_is_no_danger_of_a_position_says_itself_in_the_subject() -> None:
    message = a_message(a_thread("account:main: armed -> blind, no marks", about=None))
    assert message.subject == "[CRIT] account:main: armed -> blind, no marks"


def test_a_subject_fits_a_lock_screen_and_says_how_much_more_there_is() -> None:
    message = a_message(*(a_thread("x" * 100, number, Level.WARNING) for number in range(1, 21)))
    assert len(message.subject) == SUBJECT_MAX
    assert message.subject.endswith("... +19")
    assert "and 8 more" in message.body


def test_what_is_over_says_so() -> None:
    thread = a_thread("SOL long: protected again")
    thread.is_over = True
    message = a_message(thread)
    assert message.subject == "[OVER] SOL long: protected again"
    assert "holdfast ack" not in message.body


def test_a_naked_position_is_called_so() -> None:
    assert "NAKED" in a_message(a_thread("x"), status=a_status(protected_by=None)).body


def test_a_digest_shows_all_positions_even_when_nothing_happened() -> None:
    message = a_message(is_digest=True)
    assert message.subject == "[INFO] nothing happened"
    assert "SOL long: mark 142.31" in message.body


def test_what_happened_often_says_how_often() -> None:
    thread = a_thread("SOL long: BLOCKED")
    thread.times = 60
    assert "SOL long: BLOCKED (60 times)  #1842" in a_message(thread).body


def test_without_a_liquidation_price_nothing_is_said_of_it() -> None:
    message = a_message(a_thread("SOL long: x"), status=a_status(distance=None))
    assert message.subject == "[CRIT] SOL long: x"
    assert "liq " not in message.body
