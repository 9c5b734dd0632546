"""The delta hedge: what an account stands to lose with the market is kept within a band by quarterlies.

At the desk a long of 1 at 100 is backed by a wallet of 50 in cross: a delta of 100, twice of what the account
is worth. The band is from half to one and a half of it, and a hedge brings it to 1: half of the long is
hedged. Bars of five minutes close there.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Because, Decision
from bot.core.facts import Book, Fill, InstrumentChanged, OutcomeKind, PositionChanged
from bot.core.held.pairs import hedge_id
from bot.core.held.spot import SpotBalancesChanged, SpotHolding
from bot.core.intents import CloseHedge, OpenHedge, ReducePosition
from bot.core.settings import DAY_MS, RuleEntry
from bot.core.types import Position, PositionId, RuleName, Side, Symbol
from strategies.delta_hedge import DeltaHedge, DeltaHedgeParams
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ETH_SHORT,
    MAIN,
    SHORT,
    T0,
    D,
    Desk,
    a_contract,
    a_position,
    of,
    reasons,
)
from tests.lab.replay.crashes import endured

FIVE = 300_000
Q, ETH_Q, SOON = Symbol(f"{BTC}-Q2"), Symbol(f"{ETH}-Q2"), Symbol(f"{BTC}-Q1")


def a_desk(
    *held: Position,
    free: str = "50",
    dated: Any = (Q, ETH_Q),
    spot: Any = (),
    count: bool = True,
    **params: Any,
) -> Desk:
    """Everything has a price of 100; the dated contracts have deep books."""
    values: dict[str, Any] = {
        "above": "1.5",
        "to": "1",
        "below": "0.5",
        "leverage": 5,
        "spot": count,
    } | params
    rule = DeltaHedge(RuleName("delta"), DeltaHedgeParams(**values))
    listed = [a_contract(symbol, expiry_ms=T0 + (7 if symbol == SOON else 90) * DAY_MS) for symbol in dated]
    desk = Desk(RuleEntry(rule=rule), free=free, contracts=(a_contract(), a_contract(ETH), *listed))
    if spot is not None:
        owns(desk, spot)
    for symbol in dated:
        deep = {"bid": D(100), "ask": D(100), "bid_depth": D(10**6), "ask_depth": D(10**6)}
        desk.fold(Book(at_ms=T0, symbol=symbol, **deep))
        desk.mark("100", symbol)
    desk.holds(*(held or (a_position(mode=CROSS),)))
    return desk


def owns(desk: Desk, coins: Any) -> list[Decision]:
    """The account holds these coins outright, and no others."""
    held = tuple(SpotHolding(asset=asset, quantity=D(quantity)) for asset, quantity in coins)
    return desk.fold(SpotBalancesChanged(at_ms=desk.now_ms, account=MAIN, holdings=held))


def bars(desk: Desk, price: str) -> list[Decision]:
    """Five minutes later everything stands there, and a bar of each coin closes."""
    desk.now_ms += FIVE
    for symbol in (Q, ETH_Q):
        desk.mark(price, symbol)
    decisions = [each for symbol in (BTC, ETH) for each in desk.mark(price, symbol)]
    for symbol in (BTC, ETH):
        decisions += desk.bar(*(price,) * 4, timeframe_ms=FIVE, symbol=symbol)
    return decisions


def wanted(desk: Desk, kind: type[OpenHedge | CloseHedge] = OpenHedge) -> list[tuple[Symbol, Symbol, Any]]:
    """The hedges that were asked for until now: of which coin, in what, how much."""
    found = [action.intent for step in desk.steps for action in step.actions]
    return [(i.id.symbol, i.symbol, i.quantity) for i in found if isinstance(i, kind)]


def trades(desk: Desk, left: str | None = None) -> list[Decision]:
    """The last hedge that was asked for is traded at 100; what is held of it then is ``left``, or all."""
    action = [a for step in desk.steps for a in step.actions if isinstance(a.intent, OpenHedge | CloseHedge)][
        -1
    ]
    intent = action.intent
    assert isinstance(intent, OpenHedge | CloseHedge)
    id_ = hedge_id(intent.id, intent.symbol)
    fill = Fill(quantity=intent.quantity, price=D(100), fee=D(0), pnl=D(0), slippage=D(0))
    held = a_position(id_, left or str(intent.quantity), mode=CROSS, leverage=D(50))
    done = desk.outcome(action, OutcomeKind.VERIFIED, fills=(fill,))
    return desk.fold(done, PositionChanged(at_ms=desk.now_ms, id=id_, position=held))


# -- opening ------------------------------------------------------------------------------------------


def test_above_the_band_a_quarterly_of_its_coin_brings_it_back() -> None:
    desk = a_desk(free="80")
    assert wanted(desk) == []  # 100 / 80 = 1.25
    # 70 / 50 = 1.4; 60 / 40 = 1.5, which is the edge; 59 / 39 = 1.513: (59 - 39) / 59 = 0.339 is too much.
    assert [len(of(Action, bars(desk, price))) for price in ("70", "60", "59")] == [0, 0, 1]
    assert wanted(desk) == [(BTC, Q, D("0.338"))]
    (action,) = of(Action, desk.steps[-2].decisions) or of(Action, desk.steps[-1].decisions)
    assert action.reason.startswith("a delta of 59.00 is 1.51 times 39.00, hedging 0.338 in")
    trades(desk)
    assert of(Action, bars(desk, "59")) == []


def test_a_short_is_hedged_by_a_long() -> None:
    desk = a_desk(a_position(SHORT, mode=CROSS))
    assert wanted(desk) == [(BTC, Q, D("0.5"))]


def test_a_long_of_one_coin_and_a_short_of_another_leave_little_to_hedge() -> None:
    assert wanted(a_desk(a_position(mode=CROSS), a_position(ETH_SHORT, "0.5", mode=CROSS))) == []


def test_a_coin_counts_by_its_beta() -> None:
    # 100 + 2 * 100 = 300 against 150: 150 too much, of which a whole ETH hedge takes 200.
    held = a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS)
    desk = a_desk(*held, free="150", dated=(ETH_Q,), betas={ETH: "2"})
    assert wanted(desk) == [(ETH, ETH_Q, D("0.75"))]


def test_where_one_coin_is_not_enough_the_next_one_follows() -> None:
    # 200 against 60, and 140 too much: the whole BTC, and when that is done 40 of ETH.
    held = a_position(mode=CROSS, leverage=D(20)), a_position(ETH_LONG, mode=CROSS, leverage=D(20))
    desk = a_desk(*held, free="60", leverage=50)
    assert wanted(desk) == [(BTC, Q, D(1))]
    assert of(Action, bars(desk, "100")) == []  # What becomes of the first is not known yet.
    trades(desk)
    bars(desk, "100")
    assert wanted(desk) == [(BTC, Q, D(1)), (ETH, ETH_Q, D("0.4"))]


def test_what_has_no_quarterly_is_counted_and_not_hedged() -> None:
    desk = a_desk(a_position(ETH_LONG, mode=CROSS), dated=(Q,))
    assert wanted(desk) == []
    assert "there is nothing to hedge it with" in str(desk.engine.explain())


def test_a_contract_that_is_delivered_too_soon_is_passed_over() -> None:
    assert wanted(a_desk(dated=(SOON, Q))) == [(BTC, Q, D("0.5"))]
    assert wanted(a_desk(dated=(SOON,))) == []


def test_one_whose_mark_nobody_knows_is_waited_for() -> None:
    desk = a_desk(dated=())
    desk.fold(InstrumentChanged(at_ms=desk.now_ms, contract=a_contract(Q, expiry_ms=T0 + 90 * DAY_MS)))
    assert of(Action, desk.mark("100")) == []


def test_more_goes_into_the_contract_that_is_held() -> None:
    desk = a_desk()
    trades(desk)
    desk.holds(a_position(quantity="2", mode=CROSS, leverage=D(20)), mark=None)
    bars(desk, "100")
    # 200 - 50 is three times 50: 100 more are too much.
    assert wanted(desk) == [(BTC, Q, D("0.5")), (BTC, Q, D(1))]


def test_a_quarterly_that_stands_too_low_is_refused_by_the_guard() -> None:
    desk = a_desk(free="80")
    desk.mark("50", Q, after_ms=FIVE)
    desk.mark("55")
    decisions = desk.bar(*("55",) * 4, timeframe_ms=FIVE)
    assert reasons(decisions) == [("delta", Because.BASIS)]


# -- giving up ----------------------------------------------------------------------------------------


def test_below_the_band_a_part_is_given_up() -> None:
    # Hedged to 50, which is half of 100 and no less; of 101 it is less: 51 may be had back, and 50 are there.
    desk = a_desk()
    trades(desk)
    desk.pays_in("50")
    bars(desk, "100")
    assert wanted(desk, CloseHedge) == []
    desk.pays_in("1")
    assert wanted(desk, CloseHedge) == [(BTC, Q, D("0.5"))]


def test_no_more_of_it_than_brings_the_delta_back() -> None:
    # 1.5 of 2 are hedged; then the trader sells 0.4 of another coin.
    desk = a_desk(a_position(quantity="2", mode=CROSS, leverage=D(20)))
    trades(desk)
    desk.holds(a_position(ETH_SHORT, "0.4", mode=CROSS), mark=None)
    # The guard gives up no hedge while liquidation is as near as when it was opened.
    assert ("delta", Because.NOT_SAFER) in reasons(bars(desk, "100"))
    desk.pays_in("50")
    # 200 - 150 - 40 = 10: up to 100 it takes 0.9.
    assert wanted(desk, CloseHedge) == [(BTC, Q, D("0.9"))]


def test_without_a_hedge_there_is_nothing_to_give_up() -> None:
    assert of(Action, bars(a_desk(free="1000"), "100")) == []


def test_an_account_that_is_worth_nothing_hedges_nothing() -> None:
    desk = a_desk(free="80")
    assert bars(desk, "20") == []
    # At 30 it is worth 10, which is 20 less than its delta.
    bars(desk, "30")
    assert wanted(desk) == [(BTC, Q, D("0.666"))]


# -- coins held outright ------------------------------------------------------------------------------


def test_coins_held_outright_count_with_their_price_and_belong_to_what_the_account_is_worth() -> None:
    # 100 + 3 * 100 of delta against 50 + 300: 400 / 350 is within the band; the coins alone are 6 to 1.
    desk = a_desk(spot=(("BTC", "3"),))
    assert wanted(desk) == []
    # Of coins that go nowhere the account is richer, and no riskier: 100 against 50 + 3.
    assert wanted(a_desk(spot=(("USDC", "3"),))) == [(BTC, Q, D("0.5"))]


def test_a_short_against_coins_held_outright_is_no_bet_on_a_fall() -> None:
    # Without the coins: -100 against 50, of which half would be bought back.
    desk = a_desk(a_position(SHORT, mode=CROSS), spot=(("BTC", "1"),))
    assert wanted(desk) == []
    assert wanted(a_desk(a_position(SHORT, mode=CROSS), spot=(("BTC", "1"),), count=False)) != []


def test_nothing_is_decided_before_the_coins_were_read_unless_they_do_not_count() -> None:
    desk = a_desk(spot=None)
    assert wanted(desk) == []
    owns(desk, ())
    assert wanted(desk) == [(BTC, Q, D("0.5"))]


def test_coins_that_are_sold_are_counted_no_more() -> None:
    desk = a_desk(spot=(("BTC", "3"),))
    owns(desk, ())
    assert wanted(desk) == [(BTC, Q, D("0.5"))]


def test_a_coin_without_a_perpetual_is_left_out_and_one_without_a_mark_is_waited_for() -> None:
    assert wanted(a_desk(spot=(("XYZ", "3"),))) == [(BTC, Q, D("0.5"))]
    desk = a_desk(spot=(("ETH", "0.1"),), dated=(Q,))
    assert wanted(desk) == []
    bars(desk, "100")  # (100 + 10) / (50 + 10) = 1.83
    assert wanted(desk) == [(BTC, Q, D("0.5"))]


# -- perpetuals ---------------------------------------------------------------------------------------


def deep(desk: Desk, symbol: Symbol, depth: str) -> None:
    """So much money rests there on either side."""
    rests = {"bid": D(100), "ask": D(100), "bid_depth": D(depth), "ask_depth": D(depth)}
    desk.fold(Book(at_ms=desk.now_ms, symbol=symbol, **rests))


def against_the_reference(*held: Position, **more: Any) -> Desk:
    """ETH is held, and everything may be hedged in the perpetual of BTC, which is deep."""
    desk = a_desk(*held, **({"dated": (), "reference": BTC} | more))
    deep(desk, BTC, "1E7")
    desk.mark("100", BTC)
    bars(desk, "100")
    return desk


def test_a_coin_without_a_quarterly_is_hedged_in_the_perpetual_of_the_reference() -> None:
    desk = against_the_reference(a_position(ETH_LONG, mode=CROSS))
    assert wanted(desk) == [(ETH, BTC, D("0.5"))]
    # Of one that goes twice as far: 200 against 50, and 150 too much; it is worth no more than 100 itself.
    desk = against_the_reference(a_position(ETH_LONG, mode=CROSS), betas={ETH: "2"}, leverage=50)
    assert wanted(desk) == [(ETH, BTC, D(1))]


def test_of_several_markets_the_deepest_is_taken() -> None:
    eth = a_position(ETH_LONG, mode=CROSS)
    assert wanted(against_the_reference(eth, dated=(ETH_Q,), spot=None)) == []
    for depth, chosen in (("1E5", ETH_Q), ("1E8", BTC)):
        desk = a_desk(eth, dated=(ETH_Q,), reference=BTC, spot=None)
        deep(desk, BTC, depth)
        desk.mark("100", BTC)
        owns(desk, ())
        assert wanted(desk) == [(ETH, chosen, D("0.5"))]


def test_a_hedge_in_another_coin_shrinks_with_what_it_stands_against_and_is_given_up_in_its_own() -> None:
    desk = against_the_reference(
        a_position(ETH_LONG, "4", mode=CROSS, leverage=D(50)), leverage=50, free="200"
    )
    assert wanted(desk) == [(ETH, BTC, D(2))]
    trades(desk)
    desk.holds(a_position(ETH_LONG, "1", mode=CROSS, leverage=D(50)), mark=None)
    hedge = PositionId(MAIN, BTC, Side.SHORT)
    (closing,) = of(Action, desk.steps[-1].decisions)
    assert (closing.rule, closing.intent) == ("keeper", ReducePosition(id=hedge, quantity=D("1.5")))


def test_a_perpetual_that_the_trader_holds_himself_is_left_to_him() -> None:
    desk = against_the_reference(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS), leverage=50)
    assert wanted(desk) == []


def test_a_long_quarterly_is_hedged_in_the_perpetual_of_its_coin() -> None:
    dated = a_position(PositionId(MAIN, Q, Side.LONG), mode=CROSS)
    desk = a_desk(dated, dated=(Q,), spot=None)
    deep(desk, BTC, "1E7")
    desk.mark("100", BTC)
    owns(desk, ())
    assert wanted(desk) == [(Q, BTC, D("0.5"))]


# -- estimated betas ----------------------------------------------------------------------------------


def moved(desk: Desk, *steps: tuple[str, str]) -> None:
    """Hours go by, in which BTC and ETH close there, from 100 on."""
    for btc, eth in (("100", "100"), *steps):
        desk.now_ms += 12 * FIVE
        for symbol, price in ((BTC, btc), (ETH, eth)):
            desk.bar(*(price,) * 4, timeframe_ms=12 * FIVE, symbol=symbol)


def test_a_beta_that_is_not_given_is_that_of_the_returns() -> None:
    # Each hour BTC goes 1 % up or down, and ETH the same way as if it had gone twice: its beta is 2.
    hours = [("101", "102.01"), ("100", "100")] * 10
    eth = a_position(ETH_LONG, mode=CROSS)
    for betas, counts in (({}, D("0.75")), ({ETH: "1"}, D("0.5"))):
        desk = a_desk(eth, dated=(ETH_Q,), reference=BTC, returns=20, free="100", spot=None, betas=betas)
        moved(desk, *hours)
        desk.pays_in("-50")
        owns(desk, ())
        bars(desk, "100")
        # 200 against 50: 150 too much, of which one unit takes 200; of 100 it is 50.
        assert wanted(desk) == [(ETH, ETH_Q, counts)]


def test_what_the_bars_do_not_tell_yet_counts_once() -> None:
    desk = a_desk(a_position(ETH_LONG, mode=CROSS), dated=(ETH_Q,), reference=BTC, returns=20)
    assert wanted(desk) == [(ETH, ETH_Q, D("0.5"))]


# -- parameters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"below": 2}, "to 2 must be above below 2"),
        ({"to": 3}, "above 3 must be above to 3"),
        ({"betas": {ETH: -1}}, "betas"),
        ({"returns": 100}, "returns without a reference"),
        ({"reference": BTC, "betas": {BTC: 2}}, "is the reference: its beta is 1, found 2"),
        ({"reference": Q}, "reference"),
        ({"leverage": 0}, "leverage"),
        ({"abov": 3}, "abov"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_with_the_reason(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        DeltaHedgeParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------

BAND: dict[str, dict[str, Any]] = {
    "delta_hedge": {"timeframe": "1h", "above": "1.5", "to": "1", "below": "0.5"}
}
LONGS = ("BTC_binance_perp_1h", "ETH_binance_perp_1h")


@pytest.mark.parametrize(
    ("crash", "hedged_in"), [("2020-03-12_covid", ("BTC",)), ("2021-05-19", ("BTC", "ETH"))]
)
def test_two_longs_survive_the_day_that_ends_them(
    shared: Path, tmp_path: Path, crash: str, hedged_in: tuple[str, ...]
) -> None:
    # 20,000 on 8,000: two and a half times, of which one and a half are hedged at once.
    ended = endured(
        shared, tmp_path, crash, *LONGS, rules=BAND, mode="cross", balance=8_000, quarterlies=hedged_in
    )
    assert (ended.liquidations, ended.undefended_liquidations) == (0, 2)
    assert ended.undefended == 0
    assert ended.equity > 3_500
    assert set(ended.acts) == {"OpenHedge"}


@pytest.mark.parametrize(("crash", "balance"), [("2020-03-12_covid", 4_000), ("2021-05-19", 5_000)])
def test_a_coin_without_quarterlies_survives_by_the_perpetual_of_the_reference(
    shared: Path, tmp_path: Path, crash: str, balance: int
) -> None:
    # 10,000 of ETH, hedged in BTC by what its returns say. On 2021-05-19 it fell to 1,392 while BTC kept two
    # thirds: on 4,000 it would have been liquidated with its hedge.
    by_reference = {"delta_hedge": BAND["delta_hedge"] | {"reference": BTC, "returns": 48, "leverage": 10}}
    ended = endured(
        shared, tmp_path, crash, *LONGS, rules=by_reference, mode="cross", balance=balance, held=ETH
    )
    assert (ended.liquidations, ended.undefended_liquidations) == (0, 1)
    assert ended.undefended == 0
    assert ended.equity > 2_500
    assert ended.acts["OpenHedge"] >= 1


def test_a_short_against_coins_held_outright_stays_as_it_is(shared: Path, tmp_path: Path) -> None:
    # 10,000 of a short against about as much in coins: nothing is at stake, and nothing is bought.
    how: dict[str, Any] = {"side": "short", "mode": "cross", "balance": 4_000, "quarterlies": ("BTC",)}
    crash = "2021-05-19", "BTC_binance_perp_1h"
    assert endured(shared, tmp_path, *crash, rules=BAND, spot="BTC = 0.23", **how).acts == {}
    assert endured(shared, tmp_path, *crash, rules=BAND, **how).acts["OpenHedge"] >= 1


def test_within_the_band_it_does_nothing(shared: Path, tmp_path: Path) -> None:
    ended = endured(
        shared, tmp_path, "2021-05-19", *LONGS, rules=BAND, mode="cross", balance=16_000, quarterlies=("BTC",)
    )
    assert ended.acts == {}
    assert ended.equity == ended.undefended
