"""Figures that are told beside prices, and what is counted of them: funding, open interest, drawdowns."""

from dataclasses import dataclass
from decimal import Decimal
from math import log, sqrt

import pytest

from bot.core.contracts import ContractKind
from bot.core.danger.conditions import QUIET, Events
from bot.core.decisions import Action, StateChanged
from bot.core.facts import BarClosed, FundingRate, OpenInterest
from bot.core.held.equity import Drawdown, DrawdownSeries, Held, Worth
from bot.core.intents import Level, Notify
from bot.core.markets.funding import Funding, mark_where_it_costs
from bot.core.markets.indicators import BandWidth, Indicator, Move, Volatility, series_of
from bot.core.markets.interest import InterestHistory
from bot.core.rule import Needs
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, Side
from bot.core.view import View
from bot.core.wake import BarClose, Figure, Told, Wake, any_of, figures, flaw
from tests.building.core import BTC, ETH, ETH_LONG, LONG, T0, D, Desk, Says, a_contract, a_position, of

MINUTE, HOUR = 60_000, 3_600_000


# -- waiting to be told -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wants:
    funding: bool = False
    open_interest: bool = False


def tells(wants: _Wants, *when: Wake) -> RuleEntry:
    """Says that it was asked."""

    class Here(Says):
        def needs(self) -> Needs:
            bars_ms = frozenset({MINUTE})
            return Needs(funding=wants.funding, open_interest=wants.open_interest, bars_ms=bars_ms)

    def decide(view: View) -> list[Notify]:
        return [Notify(id=view.id, level=Level.INFO, text="asked")]

    seen = any_of(*when)
    return RuleEntry(rule=Here("tells", decide, lambda _: seen), cooldown_ms=0)


def asked(desk: Desk, fact: FundingRate | OpenInterest) -> list[PositionId]:
    return [action.id for action in of(Action, desk.fold(fact))]


def rate(desk: Desk, rate: str, in_ms: int = 8 * HOUR) -> FundingRate:
    return FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D(rate), next_ms=desk.now_ms + in_ms)


def test_a_rule_that_waits_for_funding_is_asked_when_something_new_is_told_of_its_symbol() -> None:
    desk = Desk(tells(_Wants(funding=True), Told(Figure.FUNDING)))
    desk.holds(a_position(), a_position(ETH_LONG))
    assert asked(desk, rate(desk, "0.001")) == [LONG]
    assert asked(desk, rate(desk, "0.001")) == []
    assert asked(desk, rate(desk, "0.002")) == [LONG]
    assert asked(desk, OpenInterest(at_ms=T0, symbol=BTC, quantity=D(5))) == []


def test_a_rule_that_waits_for_open_interest_is_asked_whenever_it_is_told() -> None:
    desk = Desk(tells(_Wants(open_interest=True), Told(Figure.OPEN_INTEREST), BarClose(MINUTE)))
    desk.holds(a_position())
    for _ in range(2):
        assert asked(desk, OpenInterest(at_ms=T0, symbol=BTC, quantity=D(5))) == [LONG]
    assert asked(desk, OpenInterest(at_ms=T0, symbol=ETH, quantity=D(5))) == []


def test_where_no_rule_needs_funding_nothing_of_it_is_kept() -> None:
    desk = Desk(tells(_Wants(), BarClose(MINUTE)))
    desk.holds(a_position())
    steps = len(desk.steps)
    assert asked(desk, rate(desk, "0.001")) == []
    assert len(desk.steps) == steps


def test_a_rule_that_waits_for_what_nobody_was_told_to_bring_is_parked() -> None:
    desk = Desk(tells(_Wants(open_interest=True), Told(Figure.FUNDING)))
    (parked,) = (c for c in of(StateChanged, desk.holds(a_position())) if c.now == "parked")
    assert parked.because == "AssertionError: funding: name that in needs(), or it never comes"


def test_events_add_up_and_a_wake_knows_what_it_waits_for() -> None:
    one = Events(changed=False, bars_ms=frozenset(), told=frozenset({Figure.FUNDING}))
    other = Events(changed=False, bars_ms=frozenset({MINUTE}), told=frozenset({Figure.OPEN_INTEREST}))
    assert (one | other).told == {Figure.FUNDING, Figure.OPEN_INTEREST}
    assert (QUIET | one).bars_ms == frozenset()
    assert figures(any_of(BarClose(MINUTE), Told(Figure.FUNDING))) == {Figure.FUNDING}
    assert "Told of 1, expected one of" in str(flaw(Told(1)))  # type: ignore[arg-type]
    assert flaw(Told(Figure.FUNDING)) is None


def test_explain_says_what_it_waits_for() -> None:
    desk = Desk(tells(_Wants(funding=True), Told(Figure.FUNDING)))
    desk.holds(a_position())
    (rule,) = desk.engine.explain()[0].rules
    assert [condition.text for condition in rule.conditions] == ["funding is told anew"]


# -- funding ------------------------------------------------------------------------------------------


def told(at_h: int, next_h: int, known: Funding | None) -> Funding:
    fact = FundingRate(at_ms=at_h * HOUR, symbol=BTC, rate=D("0.001"), next_ms=next_h * HOUR)
    return Funding.told(fact, known, 8 * HOUR)


def test_the_interval_is_counted_from_the_last_settlement_that_was_seen() -> None:
    first = told(1, 8, None)
    assert first.interval_ms == 8 * HOUR
    assert told(2, 8, first) == first
    second = told(8, 12, first)
    assert (second.interval_ms, second.per_day) == (4 * HOUR, D(6))
    assert told(9, 10, second).interval_ms == 2 * HOUR
    # A time that was only corrected is no settlement.
    assert told(2, 9, first).interval_ms == 8 * HOUR


@pytest.mark.parametrize(
    ("side", "rate", "owed"), [(Side.LONG, "0.01", "0.01"), (Side.SHORT, "0.01", "-0.01")]
)
def test_longs_pay_a_positive_rate(side: Side, rate: str, owed: str) -> None:
    assert Funding(D(rate), 0, HOUR).owed_by(side) == D(owed)


def test_the_mark_at_which_a_settlement_costs_so_much() -> None:
    # 2 at 50 are 100, of which 1 % are 1. Of an inverse one 100 at 50 are 2 coins, of which 1 % are 0.02.
    linear, inverse = a_contract(), a_contract(kind=ContractKind.INVERSE, settlement="BTC")
    assert mark_where_it_costs(a_position(quantity="2"), linear, D("0.01"), D(1)) == 50
    assert mark_where_it_costs(a_position(quantity="100"), inverse, D("0.01"), D("0.02")) == 50
    assert mark_where_it_costs(a_position(quantity="100"), inverse, D("0.01"), D(0)) > 10**9


# -- open interest ------------------------------------------------------------------------------------


def test_a_change_is_that_against_the_last_thing_told_before_the_window() -> None:
    history = InterestHistory(10 * MINUTE)
    seen: list[Decimal | None] = []
    for minute, quantity in ((0, 1000), (4, 1100), (9, 900), (10, 950), (15, 880)):
        history.add(OpenInterest(at_ms=minute * MINUTE, symbol=BTC, quantity=D(quantity)))
        seen.append(history.change(BTC, 10 * MINUTE))
    # At 10: against 1000 of 0; at 15: against 1100 of 4.
    assert seen == [None, None, None, D("-0.05"), D("-0.2")]
    assert history.change(BTC, 5 * MINUTE) == (D(880) / D(950) - 1).quantize(D("1E-8"))
    assert history.change(ETH, MINUTE) is None


def test_what_was_overtaken_or_is_nothing_says_nothing() -> None:
    history = InterestHistory(MINUTE)
    for at_ms, quantity in ((0, 0), (MINUTE, 100), (MINUTE, 50), (5, 70)):
        history.add(OpenInterest(at_ms=at_ms, symbol=BTC, quantity=D(quantity)))
    assert history.change(BTC, MINUTE) is None


# -- indicators ---------------------------------------------------------------------------------------


def after(spec: Indicator, *closes: str) -> Decimal | None:
    series = series_of(spec)
    for close in closes:
        price = D(close)
        series.update(
            BarClosed(at_ms=1, symbol=BTC, timeframe_ms=HOUR, open=price, high=price, low=price, close=price)
        )
    return series.value


def test_band_width_is_four_deviations_over_the_mean() -> None:
    # Around a mean of 5: 3, 1, 1, 1, 0, 0, 2, 4: squares 32, a deviation of 2; 8 / 5.
    closes = ("2", "4", "4", "4", "5", "5", "7", "9")
    assert after(BandWidth(HOUR, 8), *closes) == D("1.6")
    assert after(BandWidth(HOUR, 8), "77", *closes) == D("1.6")
    assert after(BandWidth(HOUR, 8), *closes[1:]) is None
    assert after(BandWidth(HOUR, 2), "5", "5") == 0


def test_volatility_is_that_of_a_day_around_nothing() -> None:
    # Of two returns of ln 1.1 and ln 0.9 an hour, the root of the mean square, times the root of 24.
    expected = sqrt((log(1.1) ** 2 + log(0.9) ** 2) / 2 * 24)
    found = after(Volatility(HOUR, 2), "100", "110", "99")
    assert found == D(f"{expected:.8g}")
    assert after(Volatility(HOUR, 2), "100", "110") is None


def test_a_move_is_exact() -> None:
    assert after(Move(HOUR, 2), "100", "50", "97") == D("-0.03")
    assert after(Move(HOUR, 2), "1", "100", "50", "103") == D("0.03")
    assert after(Move(HOUR, 2), "100", "50") is None


# -- drawdown -----------------------------------------------------------------------------------------

NONE: tuple[Held, ...] = ()


def depths(*equities: str, length: int = 1, deep: str = "0.2") -> list[tuple[Decimal, int | None]]:
    series = DrawdownSeries(Drawdown(MINUTE, length, D(deep)))
    found = []
    for at_ms, equity in enumerate(equities):
        series.sample(at_ms, Worth(D(100), D(equity) - 100), NONE, D(0))
        depth = series.depth
        assert depth is not None
        found.append((depth.drawdown, depth.deep_since_ms))
    return found


def test_a_drawdown_is_that_from_the_best_of_two_samples_in_a_row() -> None:
    # 200 was there once only; 110 twice.
    assert [d for d, _ in depths("100", "90", "110", "110", "99", "200", "104.5")] == [
        D(0), D("0.1"), D(0), D(0), D("0.1"), D(0), D("0.05"),
    ]  # fmt: skip


def test_the_smaller_of_raw_and_smoothed_counts() -> None:
    # Over three samples half of what is new is taken: 0, 10, 15, then 0 raw against 7.5.
    found = depths("100", "80", "80", "100", length=3)
    assert [d for d, _ in found] == [D(0), D("0.1"), D("0.15"), D(0)]


def test_it_remembers_since_when_it_has_been_deep() -> None:
    assert [since for _, since in depths("100", "81", "80", "70", "81", "79")] == [None, None, 2, 2, None, 5]


def test_cash_that_changes_without_a_trade_was_paid_in_or_taken_out() -> None:
    series = DrawdownSeries(Drawdown(MINUTE, 1, D("0.5")))
    held = (Held(id=LONG, quantity=D(1)),)
    samples = (
        (D(100), D(0), D(0)),
        (D(100), D(-10), D(0)),  # 10 % lost
        (D(50), D(-10), D(0)),  # 50 taken out: the best of 100 was 100 / 90 of what there was, 40 are there
        (D(45), D(-10), D(-5)),  # 5 of funding paid: 35 against 44.44
    )
    found = []
    for at_ms, (cash, profit, funding) in enumerate(samples):
        series.sample(at_ms, Worth(cash, profit), held, funding)
        found.append(round(series.drawdown, 4))
    assert found == [D(0), D("0.1"), D("0.1"), D("0.2125")]


def test_where_something_was_traded_cash_is_not_judged() -> None:
    series = DrawdownSeries(Drawdown(MINUTE, 1, D("0.5")))
    series.sample(0, Worth(D(100), D(0)), (Held(id=LONG, quantity=D(1)),), D(0))
    series.sample(1, Worth(D(80), D(0)), NONE, D(0))
    assert series.drawdown == D("0.2")


def test_nothing_is_wrong_where_an_account_has_nothing() -> None:
    assert [d for d, _ in depths("0", "0", "-5")] == [D(0), D(0), D(0)]
