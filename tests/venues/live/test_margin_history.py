"""What an exchange remembers of margin that was moved decides what the position cannot."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core.facts import OutcomeKind
from bot.core.intents import AddMargin, WithdrawMargin
from bot.core.types import Position, PositionId, Side
from bot.venues.live.dialects.binanceusdm import DIALECT as BINANCE
from bot.venues.live.dialects.okx import DIALECT as OKX
from bot.venues.live.terms import Instrument, Payload
from bot.venues.live.wire import Request
from tests.building.core import BTC, LONG, MAIN, SHORT, D, a_contract
from tests.venues.live.fake import LOST, Fault, a_position, an_action
from tests.venues.live.test_venue import Seat, held, outcomes
from tests.venues.live.virtual import T0, live

ADD = AddMargin(id=LONG, amount=D(25))
AHEAD_MS = 700
INSTRUMENT = Instrument(id="BTCUSDT", contract=a_contract(BTC))


class Remembered:
    """A history that answers with what it was given."""

    def __init__(self, moves: Sequence[tuple[int, Decimal]], *, names_sides: bool = True) -> None:
        self._moves = moves
        self.names_sides = names_sides

    def request(self, instrument: Instrument) -> Request:
        return Request(api="private", method="GET", path="time")

    def moves(self, id_: PositionId, payload: Payload) -> Sequence[tuple[int, Decimal]]:
        return self._moves


@pytest.mark.parametrize(
    ("moves", "truth"),
    [
        ([(T0 + AHEAD_MS + 40, D(25))], OutcomeKind.VERIFIED),
        ([(T0 + AHEAD_MS - 400, D(25)), (T0 + AHEAD_MS + 40, D(-25))], OutcomeKind.NOT_APPLIED),
        ([(T0 + AHEAD_MS + 40, D("25.01"))], OutcomeKind.NOT_APPLIED),
        ([], OutcomeKind.NOT_APPLIED),
    ],
    ids=["it is there", "before, and out again", "another amount", "nothing"],
)
@pytest.mark.parametrize("left", ["grown", "gone"])
def test_an_addition_to_a_position_that_has_changed_is_found_in_the_history(
    moves: list[tuple[int, Decimal]], truth: OutcomeKind, left: str
) -> None:
    async def work() -> list[OutcomeKind]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        connection = seat.desk.connection
        connection.wires.clock.offset_ms = AHEAD_MS
        seat.venue._lookout._history = Remembered(moves)
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(ADD))
        if left == "grown":
            seat.exchange.positions[LONG] = a_position(quantity=D(20), margin=D(190))
        else:
            del seat.exchange.positions[LONG]
        await seat.waits(7)
        return [outcome.kind for outcome in outcomes(seat.later)]

    assert live(work) == [truth]


MOVED = [(T0 + 40, D(25))]
BY_HAND = [(T0 + 60, D(30))]
"""By the trader, on the exchange's own pages, while nobody knew what had become of ours."""


@pytest.mark.parametrize(
    ("margin", "moves", "truth"),
    [
        (130, BY_HAND, OutcomeKind.NOT_APPLIED),
        (155, [*MOVED, *BY_HAND], OutcomeKind.VERIFIED),
        (100, [*MOVED, (T0 + 60, D(-25))], OutcomeKind.VERIFIED),
        (120, [(T0 + 60, D(20))], OutcomeKind.NOT_APPLIED),
        (125, [], OutcomeKind.VERIFIED),
    ],
    ids=[
        "more by hand alone",
        "both",
        "ours, and out again by hand",
        "nearly as much by hand",
        "ours, untold",
    ],
)
def test_margin_that_was_moved_by_hand_meanwhile_does_not_pass_for_ours(
    margin: int, moves: list[tuple[int, Decimal]], truth: OutcomeKind
) -> None:
    assert came_of_a_lost_addition(margin, Remembered(moves)) == [truth]


@pytest.mark.parametrize(
    ("names_sides", "truth"), [(True, OutcomeKind.VERIFIED), (False, OutcomeKind.NOT_APPLIED)]
)
def test_a_history_without_sides_tells_nothing_where_the_other_side_is_held_too(
    names_sides: bool, truth: OutcomeKind
) -> None:
    history = Remembered(MOVED, names_sides=names_sides)
    assert came_of_a_lost_addition(100, history, beside=a_position(id_=SHORT)) == [truth]


def came_of_a_lost_addition(
    margin: int, history: Remembered, beside: Position | None = None
) -> list[OutcomeKind]:
    """What is said of 25 to a position with 100 that nobody answered, where it has ``margin`` soon after."""

    async def work() -> list[OutcomeKind]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        seat.venue._lookout._history = history
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(ADD))
        seat.exchange.positions[LONG] = a_position(margin=D(margin))
        if beside is not None:
            seat.exchange.positions[beside.id] = beside
        await seat.waits(40)
        return [outcome.kind for outcome in outcomes(seat.later)]

    return live(work)


def binance_row(**changes: Any) -> dict[str, Any]:
    # developers.binance.com, "Get Position Margin Change History", the answer shown there.
    row = {
        "symbol": "BTCUSDT",
        "type": 1,
        "deltaType": "USER_ADJUST",
        "amount": "23.36332311",
        "asset": "USDT",
        "time": 1578047897183,
        "positionSide": "BOTH",
    }
    return row | changes


def test_binance_tells_what_was_put_in_and_taken_out_by_hand() -> None:
    history = BINANCE.margin_history
    assert history is not None
    request = history.request(INSTRUMENT)
    assert (request.path, dict(request.params)) == ("positionMargin/history", {"symbol": "BTCUSDT"})
    rows = [
        binance_row(),
        binance_row(type=2, amount="5"),
        binance_row(deltaType="TRADE"),
        binance_row(positionSide="SHORT"),
        binance_row(positionSide="LONG", amount="7"),
    ]
    long = PositionId(MAIN, BTC, Side.LONG)
    assert [amount for _, amount in history.moves(long, rows)] == [D("23.36332311"), D(-5), D(7)]
    assert history.moves(long, rows)[0][0] == 1578047897183
    nonsense: list[Any] = [{}, [binance_row(amount="x")], [binance_row(type=9)], [{}]]
    for broken in nonsense:
        with pytest.raises(ValueError, match="margin history"):
            history.moves(long, broken)


def test_okx_tells_it_in_its_bills() -> None:
    history = OKX.margin_history
    assert history is not None
    request = history.request(replace(INSTRUMENT, id="BTC-USDT-SWAP"))
    assert dict(request.params) == {"type": "6", "instId": "BTC-USDT-SWAP"}
    bills = [
        {"subType": "160", "balChg": "-25", "ts": "1790000000001"},
        {"subType": "161", "balChg": "4.5", "ts": "1790000000000"},
        {"subType": "162", "balChg": "1", "ts": "1790000000000"},
    ]
    found = history.moves(LONG, {"code": "0", "msg": "", "data": bills})
    assert found == [(1790000000001, D(25)), (1790000000000, D("-4.5"))]
    with pytest.raises(ValueError, match="balChg"):
        history.moves(LONG, {"code": "0", "msg": "", "data": [{"subType": "160", "ts": "1"}]})


def test_a_withdrawal_is_looked_for_with_its_sign() -> None:
    async def work() -> list[OutcomeKind]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        seat.venue._lookout._history = Remembered([(T0 + 40, D(-25))])
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(WithdrawMargin(id=LONG, amount=D(25))))
        del seat.exchange.positions[LONG]
        await asyncio.sleep(0)
        await seat.waits(3)
        return [outcome.kind for outcome in outcomes(seat.later)]

    assert live(work) == [OutcomeKind.VERIFIED]
