"""How coins move together: figures worked out by hand."""

from collections.abc import Sequence
from math import exp

import pytest

from bot.core.facts import BarClosed
from bot.core.markets.market import Market
from bot.core.markets.returns import Returns, Together
from bot.core.types import Symbol
from tests.building.core import BTC, ETH, T0, D

HOUR = 3_600_000
OVER = Returns(HOUR, 4)
DATED = Symbol(f"{ETH}-Q1")


def closes(market: Market, symbol: Symbol, returns: Sequence[float], *, missing: int = -1) -> None:
    """A bar an hour from 100 on, each so far from the last; one of them may be missing."""
    price = 100.0
    for hour, went in enumerate((0.0, *returns)):
        price *= exp(went)
        close = D(repr(price))
        if hour != missing:
            at_ms = T0 + hour * HOUR
            market.bar(BarClosed(at_ms, symbol, HOUR, close, close, close, close))


def test_beta_and_correlation_are_those_of_the_returns_around_nothing() -> None:
    market = Market([OVER])
    closes(market, BTC, [0.01, -0.02, 0.01, 0.02])
    closes(market, ETH, [0.02, -0.03, 0.00, 0.05])
    # Products 2 + 6 + 0 + 10 = 18, squares of BTC 1 + 4 + 1 + 4 = 10, of ETH 4 + 9 + 0 + 25 = 38 (in 1e-4):
    # 18 / 10, and 18 / sqrt(380).
    assert market.together(ETH, BTC, OVER) == Together(D("1.8"), D("0.92338052"))
    # The other way round the correlation is the same, and the beta 18 / 38.
    assert market.together(BTC, ETH, OVER) == Together(D("0.47368421"), D("0.92338052"))


def test_only_the_last_bars_count() -> None:
    market = Market([OVER])
    closes(market, BTC, [0.5, 0.4, 0.01, -0.02, 0.01, 0.02])
    closes(market, ETH, [-0.5, -0.4, 0.02, -0.03, 0.00, 0.05])
    assert market.together(ETH, BTC, OVER) == Together(D("1.8"), D("0.92338052"))


def test_too_little_history_says_nothing() -> None:
    market = Market([OVER])
    assert market.together(ETH, BTC, OVER) is None
    closes(market, BTC, [0.01, -0.02, 0.01, 0.02])
    assert market.together(ETH, BTC, OVER) is None
    closes(market, ETH, [0.01])
    assert market.together(ETH, BTC, OVER) is None


def test_half_of_the_bars_are_enough_and_what_spans_a_gap_is_none_of_them() -> None:
    market = Market([OVER])
    closes(market, BTC, [0.01, -0.02, 0.01, 0.02])
    # Without the third bar two returns are left: 2 * 1 + 5 * 2 = 12 against 1 + 4 = 5.
    closes(market, ETH, [0.02, -0.03, 0.00, 0.05], missing=2)
    found = market.together(ETH, BTC, OVER)
    assert found is not None
    assert found.beta == D("2.4")


def test_nothing_moves_with_what_stands_still_and_what_stands_still_moves_with_nothing() -> None:
    market = Market([OVER])
    closes(market, BTC, [0.01, -0.02, 0.01, 0.02])
    closes(market, ETH, [0, 0, 0, 0])
    assert market.together(BTC, ETH, OVER) is None
    assert market.together(ETH, BTC, OVER) == Together(D(0), D(0))


def test_a_dated_contract_moves_as_its_coin_and_by_itself_where_nobody_watches_that() -> None:
    market = Market([OVER])
    closes(market, BTC, [0.01, -0.02, 0.01, 0.02])
    closes(market, DATED, [0.01, -0.02, 0.01, 0.02])
    assert market.together(DATED, BTC, OVER) == Together(D(1), D(1))
    closes(market, ETH, [0.02, -0.03, 0.00, 0.05])
    assert market.together(DATED, BTC, OVER) == Together(D("1.8"), D("0.92338052"))


def test_a_later_bar_is_taken_into_account() -> None:
    market = Market([OVER])
    closes(market, BTC, [0.01, -0.02, 0.01, 0.02])
    closes(market, ETH, [0.01, -0.02, 0.01, 0.02])
    assert market.together(ETH, BTC, OVER) == Together(D(1), D(1))
    closes(market, ETH, [0.01, -0.02, 0.01, 0.02, 0.03])  # Those that came before are known.
    before = market.together(ETH, BTC, OVER)
    assert before is not None
    assert before.beta == D(1)


def test_what_nobody_declared_is_refused() -> None:
    with pytest.raises(AssertionError, match="name that in needs"):
        Market([]).together(ETH, BTC, OVER)
