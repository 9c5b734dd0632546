"""The correlation guard: what falls together is one position, and what a joint shock costs has a limit.

At the desk two longs of 1, BTC and ETH at 100, share a wallet of 100 in cross: a joint fall of a fifth costs
40 of the 100 that the account is worth. Bars of five minutes close there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Decision
from bot.core.facts import CommandKind, OutcomeKind
from bot.core.intents import Notify, ReducePosition
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, RuleName, Side, Symbol
from strategies.correlation_guard import CorrelationGuard, CorrelationGuardParams
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ETH_SHORT,
    LONG,
    MAIN,
    OTHER,
    D,
    Desk,
    a_contract,
    a_position,
    of,
)
from tests.lab.replay.crashes import endured

FIVE, HOUR = 300_000, 3_600_000
SOL = Symbol("SOL/USDT:USDT")
QUARTERLY = Symbol(f"{BTC}-Q1")


def guard(**params: Any) -> RuleEntry:
    return RuleEntry(rule=CorrelationGuard(RuleName("joint"), CorrelationGuardParams(**params)))


class Seen(Desk):
    """A desk that keeps what was decided when the positions were first seen."""

    at_first: list[Decision]


def a_desk(*held: Any, mark: str = "100", **params: Any) -> Seen:
    """Two longs, or whatever else is held."""
    contracts = (a_contract(), a_contract(ETH), a_contract(SOL), a_contract(QUARTERLY, expiry_ms=1 << 50))
    desk = Seen(guard(**params), free="100", contracts=contracts)
    desk.at_first = desk.holds(
        *(held or (a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS))), mark=mark
    )
    return desk


def bars(desk: Desk, price: str, after_ms: int = FIVE, symbols: Any = (BTC, ETH)) -> list[Decision]:
    """Later everything stands there, and a bar of each symbol closes."""
    desk.now_ms += after_ms
    decisions = [each for symbol in symbols for each in desk.mark(price, symbol)]
    for symbol in symbols:
        decisions += desk.bar(*(price,) * 4, timeframe_ms=FIVE, symbol=symbol)
    return decisions


def said(decisions: list[Decision]) -> list[tuple[PositionId, str]]:
    intents = [action.intent for action in of(Action, decisions)]
    return [(i.id, i.text) for i in intents if isinstance(i, Notify)]


def closed(decisions: list[Decision]) -> list[tuple[PositionId, object]]:
    intents = [action.intent for action in of(Action, decisions)]
    return [(i.id, i.quantity) for i in intents if isinstance(i, ReducePosition)]


def costs(*held: Any, **params: Any) -> str:
    """What the warning says a joint shock costs, with a limit that nothing is below."""
    ((_, text),) = said(a_desk(*held, warn="0.001", **params).at_first)
    return text


# -- saying -------------------------------------------------------------------------------------------


def test_one_position_says_for_all_of_them_what_a_joint_fall_would_cost() -> None:
    # At 95 the account is worth 90, and a fifth of 95 twice is 38: 42.2 %.
    desk = a_desk(warn="0.41")
    assert bars(desk, "100") == []
    decisions = bars(desk, "95")
    assert said(decisions) == [(LONG, "a joint fall of 20% costs 38.00 of 90.00 in 2 positions")]
    assert [action.reason for action in of(Action, decisions)] == ["more than 41% of the account"]


def test_each_alone_would_pass_unnoticed() -> None:
    desk = a_desk(a_position(mode=CROSS), warn="0.41")
    assert bars(desk, "80", symbols=(BTC,)) == []


def test_it_is_said_again_after_a_while_and_no_sooner() -> None:
    desk = a_desk(warn="0.3", again="15m")
    assert [len(said(bars(desk, "100"))) for _ in range(4)] == [0, 0, 1, 0]


def test_where_a_mark_is_missing_nobody_knows_what_the_account_is_worth() -> None:
    desk = Desk(guard(warn="0.001"))
    desk.holds(a_position(), mark=None)
    desk.holds(a_position(ETH_LONG), mark=None)
    assert said(bars(desk, "100", symbols=(BTC,))) == []
    assert len(said(bars(desk, "100"))) == 1


# -- counting -----------------------------------------------------------------------------------------


def test_a_short_counts_against_a_long_of_the_group_and_shorts_fear_a_rise() -> None:
    long, short = a_position(quantity="3", mode=CROSS), a_position(ETH_SHORT, mode=CROSS)
    assert costs(long, short) == "a joint fall of 20% costs 40.00 of 100.00 in 2 positions"
    assert costs(short) == "a joint rise of 20% costs 20.00 of 100.00 in 1 positions"


def test_a_coin_goes_so_many_times_as_far_as_its_beta_says() -> None:
    held = a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS)
    found = costs(*held, betas={ETH: "1.5"}, shock="0.1")
    assert found == "a joint fall of 10% costs 25.00 of 100.00 in 2 positions"


def test_a_dated_contract_goes_with_the_perpetual_of_its_coin() -> None:
    dated = a_position(PositionId(MAIN, QUARTERLY, Side.SHORT), "0.5", mode=CROSS)
    found = costs(a_position(mode=CROSS), dated, groups=[[BTC, ETH]], betas={BTC: "2"})
    assert found == "a joint fall of 20% costs 20.00 of 100.00 in 2 positions"


def test_an_isolated_position_loses_what_is_left_of_it_and_no_more() -> None:
    # Liquidated at 90: all of its 13.6, where the one in cross loses 20. Worth 100 + 13.6.
    found = costs(a_position(), a_position(ETH_LONG, mode=CROSS))
    assert found == "a joint fall of 20% costs 33.60 of 113.60 in 2 positions"
    # 5 % down it still lives.
    assert costs(a_position(), shock="0.05") == "a joint fall of 5% costs 5.00 of 113.60 in 1 positions"


def test_groups_are_counted_apart_and_what_is_in_none_sleeps() -> None:
    held = a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS)
    desk = a_desk(*held, warn="0.19", groups=[[BTC], [SOL]])
    assert said(desk.at_first) == [(LONG, "a joint fall of 20% costs 20.00 of 100.00 in 1 positions")]
    (btc, eth) = desk.engine.explain()
    assert "its coin is in no group" not in str(btc)
    assert "its coin is in no group" in str(eth)


# -- reducing -----------------------------------------------------------------------------------------


def test_beyond_the_second_limit_the_first_gets_so_much_smaller_that_the_limit_is_met_with_room() -> None:
    # At 90: 36 of 80, 45 %. Nine tenths of 44 % are 31.68: 4.32 too much, of 18 that BTC loses: 0.24 of it.
    desk = a_desk(warn="0.41", reduce="0.44")
    assert closed(bars(desk, "95")) == []
    (action,) = of(Action, bars(desk, "90"))
    assert action.intent == ReducePosition(id=LONG, quantity=D("0.24"))
    assert action.reason == "a joint fall of 20% costs 36.00 of 80.00 in 2 positions: more than 44%"
    assert closed(desk.works(action)) == []
    assert bars(desk, "90") == []


def test_what_is_being_closed_counts_as_closed() -> None:
    desk = a_desk(warn="0.41", reduce="0.44")
    (_, action) = of(Action, bars(desk, "90"))
    assert closed(bars(desk, "90", after_ms=1_000)) == []
    # It proves not to have been done: while BTC waits its cooldown the next one is asked for as much.
    assert closed(desk.answer(action, OutcomeKind.NOT_APPLIED)) == [(ETH_LONG, D("0.24"))]


def test_where_one_is_not_enough_the_next_follows() -> None:
    # At 60 they are worth 20 and lose 24; 1.8 may be lost: 22.2 too much, of 12 each.
    (first, second) = closed(a_desk(mark="60", warn="0.1", reduce="0.1").at_first)
    assert first == (LONG, D(1))
    assert second == (ETH_LONG, D("0.85"))


def test_one_that_is_paused_keeps_nobody_waiting() -> None:
    desk = a_desk(warn="0.41", reduce="0.44")
    desk.command(CommandKind.PAUSE, str(LONG), until_ms=desk.now_ms + HOUR)
    assert closed([*bars(desk, "90"), *bars(desk, "90")])[:1] == [(ETH_LONG, D("0.24"))]


def test_what_gains_in_the_shock_is_never_closed() -> None:
    long, short = a_position(quantity="3", mode=CROSS), a_position(ETH_SHORT, mode=CROSS)
    desk = a_desk(long, short, warn="0.3", reduce="0.3")
    assert {id_ for id_, _ in closed([*desk.at_first, *bars(desk, "95")])} == {LONG}


# -- estimated from returns ---------------------------------------------------------------------------

UP_AND_DOWN = ("101", "100") * 10
TWICE_AS_FAR = ("102.01", "100") * 10
BY_TURNS = ("101", "101", "100", "100") * 5
"""It moves every other hour, up and down where BTC goes up: together that comes to nothing."""


def moved(desk: Desk, closes: Mapping[str, tuple[str, ...]]) -> None:
    """Hours go by, in which the coins close there, from 100 on; nothing is held meanwhile."""
    for hour in range(21):
        desk.now_ms += HOUR
        for coin, prices in closes.items():
            price = ("100", *prices)[hour]
            desk.bar(*(price,) * 4, timeframe_ms=HOUR, symbol=Symbol(f"{coin}/USDT:USDT"))


def told(*ids: PositionId, closes: Mapping[str, tuple[str, ...]], **params: Any) -> list[str]:
    """What is said of positions of one each after those hours, with a limit that nothing is below."""
    desk = Desk(
        guard(warn="0.001", returns=20, **params),
        free="100",
        contracts=[a_contract(s) for s in (BTC, ETH, SOL)],
    )
    moved(desk, closes)
    return [text for _, text in said(desk.holds(*(a_position(id_, mode=CROSS) for id_ in ids)))]


SOL_LONG = PositionId(MAIN, SOL, Side.LONG)


def test_coins_whose_returns_correlate_are_one_group_and_others_are_not() -> None:
    alike = {"BTC": UP_AND_DOWN, "ETH": TWICE_AS_FAR}
    assert told(LONG, ETH_LONG, closes=alike, correlation="0.9") == [
        "a joint fall of 20% costs 40.00 of 100.00 in 2 positions"
    ]
    apart = {"BTC": UP_AND_DOWN, "ETH": BY_TURNS}
    one = "a joint fall of 20% costs 20.00 of 100.00 in 1 positions"
    assert told(LONG, ETH_LONG, closes=apart, correlation="0.9") == [one, one]


def test_what_the_bars_do_not_tell_yet_counts_as_moving_along() -> None:
    assert told(LONG, ETH_LONG, closes={"BTC": UP_AND_DOWN}, correlation="0.9") == [
        "a joint fall of 20% costs 40.00 of 100.00 in 2 positions"
    ]


def test_two_coins_that_both_move_with_a_third_are_one_group_with_it() -> None:
    # Of 20 hours ETH moves in all, BTC and SOL in 14 of them, and both in 8: 14 / sqrt(280) is 0.84 with
    # ETH, and 8 / 14 is 0.57 with each other.
    btc = ("101", "100", "101", "100", "100", "100") * 4
    sol = ("101", "100", "100", "100", "101", "100") * 4
    eth = ("101", "100") * 10
    closes = {"BTC": btc, "ETH": eth, "SOL": sol}
    ids = (LONG, ETH_LONG, SOL_LONG)
    assert {text[-11:] for text in told(*ids, closes=closes, correlation="0.6")} == {"3 positions"}
    assert {text[-11:] for text in told(LONG, SOL_LONG, closes=closes, correlation="0.6")} == {"1 positions"}


def test_a_group_that_is_named_stays_as_it_is_named() -> None:
    alike = {"BTC": UP_AND_DOWN, "ETH": TWICE_AS_FAR, "SOL": UP_AND_DOWN}
    found = told(LONG, ETH_LONG, SOL_LONG, closes=alike, correlation="0.9", groups=[[BTC]])
    assert sorted(text[-11:] for text in found) == ["1 positions", "2 positions"]


def test_how_far_a_coin_goes_with_the_reference_its_returns_say() -> None:
    alike = {"BTC": UP_AND_DOWN, "ETH": TWICE_AS_FAR}
    # A fifth of 100, and twice of it.
    assert told(LONG, ETH_LONG, closes=alike, reference=BTC) == [
        "a joint fall of 20% costs 60.00 of 100.00 in 2 positions"
    ]
    assert told(LONG, ETH_LONG, closes=alike, reference=BTC, betas={ETH: "1.5"}) == [
        "a joint fall of 20% costs 50.00 of 100.00 in 2 positions"
    ]
    # Never so far that nothing is left of the price: 60 % and 95 %.
    assert told(LONG, ETH_LONG, closes=alike, reference=BTC, shock="0.6") == [
        "a joint fall of 60% costs 155.00 of 100.00 in 2 positions"
    ]


# -- several accounts ---------------------------------------------------------------------------------

THEIRS = PositionId(OTHER, ETH, Side.LONG)


def two_accounts(**params: Any) -> Desk:
    """Each is worth 100 and holds a long of 1, the one of BTC and the other of ETH."""
    desk = Desk(guard(**params), free="100", accounts=(MAIN, OTHER))
    desk.holds(a_position(mode=CROSS), a_position(THEIRS, mode=CROSS), mark=None)
    desk.mark("100", BTC)
    desk.mark("100", ETH)
    return desk


def decided(desk: Desk) -> list[Decision]:
    """Everything until now, the next bars included."""
    bars(desk, "100")
    return [decision for step in desk.steps for decision in step.decisions]


def test_the_positions_of_all_accounts_are_one_position_where_that_is_asked_for() -> None:
    both = "a joint fall of 20% costs 40.00 of 200.00 in 2 positions"
    assert said(decided(two_accounts(everywhere=True, warn="0.19"))) == [(LONG, both)]
    assert said(decided(two_accounts(everywhere=True, warn="0.2"))) == []
    each = "a joint fall of 20% costs 20.00 of 100.00 in 1 positions"
    assert said(decided(two_accounts(warn="0.19"))) == [(LONG, each), (THEIRS, each)]


def test_of_all_accounts_the_position_is_closed_that_relieves_most_and_no_other() -> None:
    # 40 of 200 is to be a tenth less than 18 %: 40 - 32.4 = 7.6 of the 20 that one of them loses.
    ((id_, quantity),) = closed(decided(two_accounts(everywhere=True, warn="0.18", reduce="0.18")))
    assert id_ in (LONG, THEIRS)
    assert quantity == D("0.38")


def test_while_one_account_is_not_known_nothing_is_said_of_all() -> None:
    desk = Desk(guard(everywhere=True, warn="0.001"), free="100", accounts=(MAIN, OTHER), known=False)
    desk.fold(desk.balance(), desk.balance(OTHER))
    desk.is_read()
    desk.holds(a_position(mode=CROSS))
    assert said(bars(desk, "100", symbols=(BTC,))) == []
    desk.is_read(OTHER)
    assert said(bars(desk, "100", symbols=(BTC,))) != []


def test_what_another_account_holds_is_judged_by_its_own_mark() -> None:
    desk = two_accounts(everywhere=True, warn="0.001", timeframe="1h")
    desk.mark("50", ETH)  # It is worth 50 less, and a fifth of it is 10.
    desk.now_ms += HOUR
    desk.mark("100", BTC)
    desk.mark("50", ETH)
    ((_, text),) = said(desk.bar(*("100",) * 4, timeframe_ms=HOUR))
    assert text == "a joint fall of 20% costs 30.00 of 150.00 in 2 positions"


# -- parameters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"groups": [[BTC, ETH], [ETH]]}, "ETH/USDT:USDT is named more than once"),
        ({"groups": [[BTC, QUARTERLY]]}, "BTC/USDT:USDT is named more than once"),
        ({"groups": [[]]}, "groups"),
        ({"groups": [[BTC]], "betas": {ETH: 2}}, "betas of ETH/USDT:USDT, which no group names"),
        ({"shock": "0.4", "betas": {ETH: 3}}, "a beta of 3 leaves no price"),
        ({"betas": {ETH: 0}}, "betas"),
        ({"reference": BTC, "betas": {BTC: 2}}, "is the reference: its beta is 1, found 2"),
        ({"reference": QUARTERLY}, "reference"),
        ({"correlation": 1}, "correlation"),
        ({"returns": 10}, "returns"),
        ({"reduce": "0.4"}, "reduce 0.4 must not be below warn 0.5"),
        ({"shok": "0.4"}, "shok"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_with_the_reason(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CorrelationGuardParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------

LONGS = tuple(f"{coin}_binance_perp_1h" for coin in ("BTC", "ETH", "ADA"))


@pytest.mark.parametrize(("crash", "left"), [("2020-03-12_covid", 1_500), ("2021-05-19", 2_500)])
def test_three_longs_that_share_a_wallet_survive_the_day_that_ends_them(
    shared: Path, tmp_path: Path, crash: str, left: int
) -> None:
    # 30,000 on 12,000: a joint fall of a fifth takes half of it. Beyond six tenths it gets less.
    rules: dict[str, dict[str, Any]] = {"correlation_guard": {"timeframe": "1h", "reduce": "0.6"}}
    ended = endured(shared, tmp_path, crash, *LONGS, rules=rules, mode="cross", balance=12_000)
    assert (ended.liquidations, ended.undefended_liquidations) == (0, 3)
    assert ended.undefended == 0
    assert ended.equity > left


def test_by_returns_they_survive_it_too(shared: Path, tmp_path: Path) -> None:
    by_returns = {"correlation": "0.5", "reference": BTC, "returns": 24}
    rules = {"correlation_guard": {"timeframe": "1h", "reduce": "0.6"} | by_returns}
    ended = endured(shared, tmp_path, "2021-05-19", *LONGS, rules=rules, mode="cross", balance=12_000)
    assert (ended.liquidations, ended.undefended_liquidations) == (0, 3)
    assert ended.equity > 2_500


def test_of_an_account_that_can_bear_the_fall_it_says_nothing(shared: Path, tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {"correlation_guard": {"reduce": "0.6"}}
    tapes = ("BTC_binance_perp_5m", "ETH_binance_perp_5m")
    ended = endured(shared, tmp_path, "2023-08-17", *tapes, rules=rules, mode="cross", balance=20_000)
    assert ended.acts == {}
    assert ended.equity == ended.undefended
