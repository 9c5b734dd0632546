"""The last stand: past the final line everything in a pool is closed, in order of risk relieved per cost.

At the desk a long of 1 at 100 with a margin of 13.6 is liquidated at 90. Nothing costs a fee there, so that
every close counts as costing 0.01 % of its value.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.contracts import Tier
from bot.core.decisions import Action
from bot.core.facts import Book, CommandKind
from bot.core.intents import ReducePosition
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, RuleName, Symbol
from strategies.last_stand import LastStand, LastStandParams
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ETH_SHORT,
    LONG,
    D,
    Desk,
    a_contract,
    a_position,
    of,
)
from tests.lab.replay.crashes import endured

MINUTE = 60_000


def last_stand(**params: Any) -> RuleEntry:
    return RuleEntry(rule=LastStand(RuleName("last_stand"), LastStandParams(**params)))


def closed(decisions: list[Any]) -> list[tuple[PositionId, object]]:
    intents = [action.intent for action in of(Action, decisions)]
    return [(i.id, i.quantity) for i in intents if isinstance(i, ReducePosition)]


def a_pool(*held: Any, free: str = "20", eth_rate: str = "0.1", **params: Any) -> Desk:
    """Cross positions that share 20; what is kept for ETH is more than for BTC."""
    eth = a_contract(ETH, tiers=(Tier(floor=D(0), cap=None, rate=D(eth_rate)),))
    desk = Desk(last_stand(**params), free=free, contracts=(a_contract(), eth))
    desk.holds(*held)
    return desk


def both() -> tuple[Any, ...]:
    return a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS)


def test_it_closes_an_isolated_position_whose_liquidation_is_nearer_than_the_line() -> None:
    # 1.9 / 91.9 = 2.07 %, 1.8 / 91.8 = 1.96 %.
    desk = Desk(last_stand(below="0.02"))
    desk.holds(a_position())
    assert desk.mark("91.9") == []
    (action,) = of(Action, desk.mark("91.8"))
    assert action.intent == ReducePosition(id=LONG, quantity=D(1))
    assert action.reason == "liquidation 1.96% away"


def test_or_whose_margin_ratio_is_beyond_the_other_line() -> None:
    # 94: 3.76 / (13.6 - 6) = 0.4947; 93.9: 3.756 / 7.5 = 0.5008.
    desk = Desk(last_stand(ratio="0.5"))
    desk.holds(a_position())
    assert desk.mark("94") == []
    (action,) = of(Action, desk.mark("93.9"))
    assert action.reason == "margin ratio 0.501, beyond the last line"


def test_in_a_pool_the_one_goes_first_that_relieves_most_for_its_cost_and_then_the_rest() -> None:
    # BTC at 95: equity 15, kept 3.8 + 10: 0.92. Kept and lost in a further tenth: 0.04 + 0.1 of its value for
    # BTC, 0.1 + 0.1 for ETH. With ETH gone the ratio is 3.8 / 15, and BTC goes all the same.
    desk = a_pool(*both())
    assert closed(desk.mark("96")) == []
    (first,) = of(Action, desk.mark("95"))
    assert (first.id, first.intent) == (ETH_LONG, ReducePosition(id=ETH_LONG, quantity=D(1)))
    (second,) = of(Action, desk.works(first))
    assert (second.id, second.reason) == (LONG, "margin ratio 0.253, all of the pool goes")


def test_a_thin_book_makes_an_exit_dear() -> None:
    # ETH costs 0.5 % more for its book of 100 a side, which is its size: 0.2 / 0.0051 against 0.14 / 0.0001.
    desk = a_pool(*both())
    for symbol, depth in ((BTC, D(10**9)), (ETH, D(100))):
        desk.fold(a_book(symbol, depth))
    assert closed(desk.mark("95")) == [(LONG, D(1)), (ETH_LONG, D(1))]


def a_book(symbol: Symbol, depth: Any) -> Book:
    return Book(at_ms=0, symbol=symbol, bid=D(100), ask=D(100), bid_depth=depth, ask_depth=depth)


def test_a_hedge_goes_last() -> None:
    # Twice as long as short: it is a fall that hurts, and the short earns in it. 11.6 of 12 are kept.
    desk = a_pool(
        a_position(quantity="2", mode=CROSS), a_position(ETH_SHORT, mode=CROSS), free="22", eth_rate="0.04"
    )
    assert closed(desk.mark("95")) == [(LONG, D(2)), (ETH_SHORT, D(1))]


def test_an_exit_that_hangs_keeps_the_others_waiting_only_until_the_next_mark() -> None:
    desk = a_pool(*both())
    assert closed(desk.mark("95")) == [(ETH_LONG, D(1))]
    assert closed(desk.mark("94.9")) == [(LONG, D(1))]


def test_one_that_is_paused_keeps_nobody_waiting() -> None:
    desk = a_pool(*both())
    desk.command(CommandKind.PAUSE, str(ETH_LONG), until_ms=desk.now_ms + 60 * MINUTE)
    assert closed(desk.mark("95")) == []
    assert closed(desk.mark("94.9")) == [(LONG, D(1))]


def test_what_was_opened_after_the_stand_began_is_no_part_of_it() -> None:
    desk = a_pool(*both())
    (first,) = of(Action, desk.mark("95"))
    (second,) = of(Action, desk.works(first))
    desk.works(second)
    desk.now_ms += MINUTE
    assert closed(desk.holds(a_position(mode=CROSS, opened_ms=desk.now_ms), mark="100")) == []


def test_what_could_not_be_closed_for_long_is_judged_anew() -> None:
    desk = a_pool(*both())
    desk.command(CommandKind.PAUSE, str(LONG), until_ms=desk.now_ms + 20 * MINUTE)
    (first,) = of(Action, desk.mark("95"))
    assert closed(desk.works(first)) == []
    assert closed(desk.mark("95", after_ms=21 * MINUTE)) == []


@pytest.mark.parametrize("params", [{"below": "0"}, {"below": "1"}, {"ratio": "1"}, {"rato": "0.5"}])
def test_parameters_out_of_range_are_refused_by_name(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(params))):
        LastStandParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------


def test_in_march_2020_it_saves_a_tenth_of_the_margin_and_the_fee(shared: Path, tmp_path: Path) -> None:
    ended = endured(shared, tmp_path, "2020-03-12_covid", "BTC_binance_perp_1h", rules={"last_stand": {}})
    assert (ended.liquidations, ended.undefended_liquidations) == (0, 1)
    assert ended.equity > ended.undefended + 100


def test_in_november_2022_a_whole_cross_account_is_not_lost(shared: Path, tmp_path: Path) -> None:
    tapes = ("BTC_okx_perp_5m", "ETH_okx_perp_5m", "SOL_okx_perp_5m")
    ended = endured(shared, tmp_path, "2022-11-08_ftx", *tapes, rules={"last_stand": {}}, mode="cross")
    assert (ended.liquidations, ended.undefended_liquidations) == (0, 3)
    assert ended.acts == {"ReducePosition": 3}
    assert ended.equity > ended.undefended == 0


def test_it_is_silent_in_a_fall_that_ends_before_the_line(shared: Path, tmp_path: Path) -> None:
    tapes = ("BTC_binance_perp_5m",)
    ended = endured(shared, tmp_path, "2025-02-03", *tapes, rules={"last_stand": {}}, leverage=5)
    assert ended.acts == {}
    assert ended.equity == ended.undefended
