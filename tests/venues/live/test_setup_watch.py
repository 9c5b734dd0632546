"""An account that is set up otherwise while the bot runs counts as unread until it is as it was."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.core.types import PositionMode
from bot.venues.live.line import Unreadable
from bot.venues.live.setup_watch import SetupWatch
from bot.venues.live.terms import Payload, Setup
from tests.venues.live.fake import FakeDialect
from tests.venues.live.test_feed import Timed
from tests.venues.live.test_venue import Seat, held
from tests.venues.live.virtual import live

HOUR_S, MINUTE_S = 3_600, 60
GOOD = Setup(position_mode=PositionMode.ONE_WAY)
HEDGED = Setup(position_mode=PositionMode.HEDGE)
MULTI = Setup(position_mode=PositionMode.ONE_WAY, refuse=("multi-assets mode is on", "it is no good"))
GARBLED = "dualSidePosition is 'perhaps'"


def readings(setups: Sequence[Setup | ValueError], seconds: Sequence[int]) -> list[str]:
    """Why the account cannot be read after each of these times, beside one setup after the other."""
    coming = iter(setups)

    def told(payloads: Sequence[Payload]) -> Setup:
        setup = next(coming)
        if isinstance(setup, ValueError):
            raise setup
        return setup

    def special(dialect: FakeDialect) -> None:
        dialect.setup = told  # type: ignore[method-assign]

    async def work() -> list[str]:
        seat = Seat(held(), special=special)
        await seat.venue.snapshot()
        watching = asyncio.ensure_future(SetupWatch(seat.desk.connection, seat.venue).run(Timed()))
        found = []
        for wait_s in seconds:
            await asyncio.sleep(wait_s)
            try:
                await seat.venue.reread()
                found.append("")
            except Unreadable as error:
                found.append(str(error).partition(": ")[2])
        watching.cancel()
        return found

    return live(work)


@pytest.mark.parametrize(
    ("other", "why"),
    [(HEDGED, "positions are kept in hedge mode by now"), (MULTI, "multi-assets mode is on; it is no good")],
)
def test_an_account_that_is_set_up_otherwise_is_unread_within_the_hour_and_until_it_is_mended(
    other: Setup, why: str
) -> None:
    before, then, still, after = readings([other, other, GOOD], [HOUR_S - 1, 2, MINUTE_S, MINUTE_S])
    assert (before, after) == ("", "")
    assert then == still
    assert why in then


def test_a_setup_that_cannot_be_read_says_nothing_and_is_read_again_in_a_minute() -> None:
    assert readings([ValueError(GARBLED), GOOD], [HOUR_S + 1, MINUTE_S]) == ["", ""]
    (first, second) = readings([ValueError(GARBLED), MULTI], [HOUR_S + 1, MINUTE_S])
    assert (first, bool(second)) == ("", True)
