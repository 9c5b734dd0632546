"""An account whose positions are kept in another mode than when the bot started is not acted on."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.types import PositionMode
from bot.venues.live.line import Unreadable
from bot.venues.live.terms import AccountState
from tests.building.frames import frame
from tests.venues.live.binance.recorded import ME, USDM, listing
from tests.venues.live.binance.recorded import frame as recorded
from tests.venues.live.bybit import desk as bybit
from tests.venues.live.fake import FakeExchange
from tests.venues.live.okx import desk as okx
from tests.venues.live.test_venue import Seat, held
from tests.venues.live.virtual import live

ONE_WAY, HEDGE = frozenset({PositionMode.ONE_WAY}), frozenset({PositionMode.HEDGE})


def test_an_account_in_another_mode_is_not_known_until_it_is_as_it_was() -> None:
    def kept(seat: Seat, modes: frozenset[PositionMode]) -> AccountState:
        return replace(FakeExchange.state(seat.exchange), modes=modes)

    async def work() -> str:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.state = lambda: kept(seat, HEDGE)  # type: ignore[method-assign]
        with pytest.raises(Unreadable) as raised:
            await seat.venue.reread()
        seat.exchange.state = lambda: kept(seat, ONE_WAY)  # type: ignore[method-assign]
        assert await seat.venue.reread()
        return str(raised.value)

    assert "kept in hedge mode by now, and were in one_way mode when the bot started" in live(work)


def binance(**changes: Any) -> AccountState:
    row = recorded("position isolated")[0] | changes
    told = {"positions": [row], "balances": [], "orders": [], "algo orders": []}
    return USDM.reading.account(ME, told, listing())


@pytest.mark.parametrize(
    ("changes", "modes"),
    [
        ({"positionSide": "LONG"}, HEDGE),
        ({"positionSide": "BOTH"}, ONE_WAY),
        ({"positionSide": "BOTH", "positionAmt": "0"}, frozenset()),
    ],
)
def test_binance_tells_the_mode_by_the_side_that_a_position_names(
    changes: dict[str, str], modes: frozenset[PositionMode]
) -> None:
    assert binance(**changes).modes == modes


@pytest.mark.parametrize(("side", "modes"), [("net", ONE_WAY), ("long", HEDGE)])
def test_okx_tells_the_mode_by_the_side_that_a_position_names(
    side: str, modes: frozenset[PositionMode]
) -> None:
    row = frame("okx", "positions")["data"][0] | {"posSide": side}
    names = ("orders SWAP", "orders FUTURES", "conditional conditional,oco", "conditional trigger")
    nothing = dict.fromkeys((*names, "conditional move_order_stop"), okx.of())
    told = {"balance": frame("okx", "balances"), "positions": okx.of(row), **nothing}
    assert okx.DIALECT.reading.account(okx.ACCOUNT, told, okx.LISTING).modes == modes


@pytest.mark.parametrize(
    ("linear", "inverse", "modes"),
    [(0, None, ONE_WAY), (1, None, HEDGE), (1, 0, HEDGE), (None, 0, frozenset())],
    ids=["one-way", "hedge", "an inverse contract has no other index", "nor says it anything alone"],
)
def test_bybit_tells_the_mode_by_the_index_of_what_can_be_held_on_both_sides(
    linear: int | None, inverse: int | None, modes: frozenset[PositionMode]
) -> None:
    def rows(name: str, index: int | None) -> Any:
        found = frame("bybit", f"positions {name}")["result"]["list"]
        return bybit.of(*([found[0] | {"positionIdx": index}] if index is not None else []))

    told = {
        "info": frame("bybit", "account info isolated"),
        "wallet": frame("bybit", "wallet"),
        "positions linear USDT": rows("linear", linear),
        "positions inverse": rows("inverse", inverse),
        "orders linear USDT": bybit.of(),
        "orders inverse": bybit.of(),
    }
    assert bybit.DIALECT.reading.account(bybit.ACCOUNT, told, bybit.LISTING).modes == modes
