"""``margin_withdraw``: of a margin of 33.6 an earlier run added 20, seven hours ago; the mark is far above.

Liquidated at (100 - 33.6) / 0.96 = 69.17, on the tick 69.2: at 100 it is 30.8 % away.
"""

from decimal import Decimal
from random import Random
from typing import Any

from bot.core.facts import CarriedOver
from bot.core.held.carried import Carried, PositionRecord
from bot.core.held.losses import NO_LOSSES
from tests.building.core import LONG, T0, D, Desk, a_position
from tests.strategies.contract.example import HOUR, MINUTE, Example, mark


def draw(random: Random) -> dict[str, Any]:
    above = D(random.choice((5, 7, 9))) / 100
    return {
        "above": above,
        "keep": above - D("0.02"),
        "share": D(random.choice((20, 50, 100))) / 100,
        "quiet": random.choice(("1m", "90s")),
        "every": random.choice(("1m", "4m")),
    }


def fed(desk: Desk) -> None:
    """What an earlier run did."""
    record = PositionRecord(
        id=LONG,
        lot_ms=T0,
        actions_in_lot=1,
        margin_in_lot=Decimal(20),
        hedge_margin_in_lot=Decimal(0),
        margin_in_streak=Decimal(20),
        margin_added_ms=T0 - 7 * HOUR,
        last_action=None,
        losses=NO_LOSSES,
        withdrawn_in_lot=Decimal(0),
        funding_in_lot=Decimal(0),
        rules=(),
    )
    desk.fold(CarriedOver(at_ms=T0, epoch=0, carried=Carried(positions=(record,))))


EXAMPLE = Example(
    params={"above": "0.3", "keep": "0.2"},
    before=[fed],
    held=[a_position(margin="33.6")],
    beats=[mark("101"), mark("102", after_ms=30 * MINUTE), mark("102", after_ms=40 * MINUTE), mark("101")],
    draw=draw,
)
