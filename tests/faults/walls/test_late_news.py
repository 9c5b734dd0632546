"""What comes late or twice changes nothing (I17): the same is believed with it and without it.

Each of these walls stands behind another one, so that no run shows when it alone is gone.
"""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from bot.core.facts import BalanceChanged, MarkPrice, PositionChanged
from bot.core.types import PositionMode
from bot.venues.live.account import AccountReader, Snapshot
from bot.venues.live.datagate import DataGate, Source
from bot.venues.live.terms import AccountState
from tests.building.core import BTC, LONG, MAIN, T0, Desk, a_position
from tests.venues.live.fake import Desk as VenueDesk
from tests.venues.live.fake import FakeExchange
from tests.venues.live.virtual import live

D = Decimal


def marks(count: int) -> list[MarkPrice]:
    random = Random("marks")
    return [
        MarkPrice(at_ms=T0 + 1_000 * number, symbol=BTC, price=D(10_000 + random.randint(-9, 9)) / 100)
        for number in range(count)
    ]


def believed(frames: list[MarkPrice]) -> list[MarkPrice]:
    """What passes, once a second source has agreed with the first frame."""
    gate = DataGate()
    gate.judge(frames[0], None, Source.STREAM)
    gate.judge(frames[0]._replace(at_ms=frames[0].at_ms + 1), None, Source.REST)
    found = []
    for frame in frames[1:]:
        judged = gate.judge(frame, None, Source.STREAM)
        mark = frame if judged is None else judged.mark
        if mark is not None:
            found.append(mark)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_frames_that_come_twice_or_late_are_never_believed(seed: int) -> None:
    frames, random = marks(60), Random(seed)
    disturbed = list(frames)
    for number in sorted(random.sample(range(5, 60), 15), reverse=True):
        disturbed.insert(number, frames[number - random.randint(1, 4)])
    assert believed(disturbed) == believed(frames) == frames[1:]


def test_a_reading_that_began_earlier_tells_nothing() -> None:
    async def work() -> None:
        reader = AccountReader(VenueDesk(FakeExchange()).connection, PositionMode.ONE_WAY)
        position = a_position(LONG)
        now = AccountState(positions=(position,), balances=(), orders=())
        before = AccountState(positions=(replace(position, quantity=D(2)),), balances=(), orders=())
        assert reader.facts(Snapshot(began_ms=T0 + 1_000, state=now))
        assert reader.facts(Snapshot(began_ms=T0, state=before)) == ()
        assert reader.state == now

    live(work)


def test_older_news_of_position_and_balance_changes_nothing() -> None:
    desk = Desk()
    desk.holds(a_position(LONG))
    desk.now_ms += 1_000
    desk.fold(PositionChanged(at_ms=desk.now_ms, id=LONG, position=a_position(LONG, "0.5", margin="6.8")))
    desk.fold(BalanceChanged(at_ms=desk.now_ms, account=MAIN, wallet=D(10), free=D(10)))
    desk.fold(PositionChanged(at_ms=desk.now_ms - 500, id=LONG, position=a_position(LONG)))
    desk.fold(BalanceChanged(at_ms=desk.now_ms - 500, account=MAIN, wallet=D(1_000), free=D(1_000)))
    (status,) = desk.engine.overview()
    assert status.quantity == D("0.5")
