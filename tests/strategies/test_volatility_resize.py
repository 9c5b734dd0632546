"""Size by volatility: what a likely move may cost of the account says how large a position may be."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Decision
from bot.core.intents import ReducePosition
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from strategies.volatility_resize import VolatilityResize, VolatilityResizeParams
from tests.building.core import CROSS, ETH, ETH_LONG, D, Desk, a_position, of
from tests.lab.replay.crashes import endured

HOUR = 3_600_000


def resize(**params: Any) -> RuleEntry:
    values: dict[str, Any] = {"length": 2} | params
    return RuleEntry(rule=VolatilityResize(RuleName("resize"), VolatilityResizeParams(**values)))


def bar(desk: Desk, close: str, width: str = "0") -> list[Decision]:
    """An hour later a bar of that width around its close."""
    half = D(width) / 2
    desk.mark(close, after_ms=HOUR)
    return desk.bar(close, str(D(close) + half), str(D(close) - half), close)


def closed(decisions: list[Decision]) -> list[object]:
    return [a.intent.quantity for a in of(Action, decisions) if isinstance(a.intent, ReducePosition)]


def a_desk(free: str = "6.4", **params: Any) -> Desk:
    """An account of 20: a long of 1 at 100 with a margin of 13.6."""
    desk = Desk(resize(**params), free=free)
    desk.holds(a_position())
    return desk


def test_it_closes_what_is_too_much_for_the_range() -> None:
    # Three ranges of 5 are 15 % of 100; a half of 20 is 10, which 66.67 lose in such a move.
    desk = a_desk()
    assert closed(bar(desk, "100", "5")) == []
    (action,) = of(Action, bar(desk, "100", "5"))
    assert closed([action]) == [D("0.333")]
    assert action.reason == "a move of 15.00% may cost 50% of 20.00: 66.67 of 100.00"


def test_a_little_too_much_is_left_alone() -> None:
    # Three ranges of 4 allow 83.33, of which 120 % are 100; of 4.1 they allow 81.3.
    desk = a_desk()
    bar(desk, "100", "4")
    assert closed(bar(desk, "100", "4")) == []
    assert len(closed(bar(desk, "100", "4.2"))) == 1


def test_it_goes_by_the_whole_account() -> None:
    # 40 are there, half of which 133 lose.
    desk = a_desk(free="26.4")
    bar(desk, "100", "5")
    assert closed(bar(desk, "100", "5")) == []
    # ETH has lost 25 of them: of the other 15 a half is 7.5, which 50 lose.
    desk.holds(a_position(ETH_LONG, margin="13.6"), mark=None)
    desk.pays_in("-13.6")
    desk.mark("75", ETH, after_ms=HOUR)
    assert closed(bar(desk, "100", "5")) == [D("0.5")]


@pytest.mark.parametrize(
    ("measure", "closes", "quantity"),
    [
        # Closes of 95 and 105: a deviation of 5 around 100, half the width is 10 %. The account is worth 25:
        # 12.5 / 0.3 = 41.67 of 105 may stay.
        ("width", ("95", "105"), "0.603"),
        # Twice ln(105 / 100) an hour: 0.04879 * sqrt(24) = 0.23902 a day, three of them 0.71706.
        ("volatility", ("100", "105", "110.25"), None),
    ],
)
def test_other_measures(measure: str, closes: tuple[str, ...], quantity: str | None) -> None:
    desk = a_desk(measure=measure)
    found = [bar(desk, close) for close in closes]
    assert [closed(each) for each in found[:-1]] == [[]] * (len(closes) - 1)
    if quantity is not None:
        assert closed(found[-1]) == [D(quantity)]
        return
    # Worth 30.25: 15.125 / 0.71706 = 21.09 of 110.25 may stay, so 0.80868 goes.
    assert closed(found[-1]) == [D("0.808")]


def test_it_never_asks_for_more_than_there_is_and_never_enlarges() -> None:
    desk = a_desk()
    bar(desk, "100", "0.1")
    assert of(Action, bar(desk, "100", "0.1")) == []
    # Worth less than nothing: all of it.
    desk = Desk(resize(), free="-50", known=True)
    desk.holds(a_position())
    bar(desk, "100", "5")
    assert closed(bar(desk, "100", "5")) == [D(1)]


def test_in_cross_the_wallet_is_the_account() -> None:
    desk = Desk(resize(), free="20")
    desk.holds(a_position(mode=CROSS))
    bar(desk, "100", "5")
    assert closed(bar(desk, "100", "5")) == [D("0.333")]


def test_it_stops_after_so_many_times() -> None:
    desk = a_desk(max_times=1)
    bar(desk, "100", "5")
    (action,) = of(Action, bar(desk, "100", "5"))
    desk.works(action)
    assert of(Action, bar(desk, "100", "50")) == []


@pytest.mark.parametrize(
    "params",
    [
        {"risk": "0"},
        {"multiple": "0"},
        {"measure": "range"},
        {"length": 1},
        {"timeframe": "x"},
        {"max_times": 0},
    ],
)
def test_parameters_out_of_range_are_refused_by_name(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(params))):
        VolatilityResizeParams(**params)


# -- recorded crashes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("measure", "length"), [("atr", 14), ("width", 20), ("volatility", 24)])
def test_a_wild_market_has_made_it_small_before_it_falls(
    measure: str, length: int, shared: Path, tmp_path: Path
) -> None:
    rules: dict[str, dict[str, Any]] = {
        "volatility_resize": {"measure": measure, "length": length, "risk": 0.02}
    }
    ended = endured(shared, tmp_path, "2022-11-08_ftx", "SOL_okx_perp_5m", rules=rules)
    assert ended.equity > ended.undefended + 1_000


def test_in_a_calm_market_it_is_silent(shared: Path, tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {"volatility_resize": {}}
    ended = endured(shared, tmp_path, "2023-08-17", "BTC_binance_perp_5m", rules=rules)
    assert ended.acts == {}
