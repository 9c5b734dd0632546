"""What is right one by one and cannot be meant together is refused when the file is read, with the reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import ConfigError, Settings, load

BASE = """\
[accounts.main]
balance = 5000

[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
notional = 10_000
leverage = 10

[contracts."*"]
tick = 0.1
lot = 0.001
tiers = [{ floor = 0, rate = 0.01 }]
"""
Read = Callable[..., Settings]
BRACKET = '[[rules]]\nuse = "bracket"\nparams = {{ stop = {} }}\n'


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def from_text(more: str, base: str = BASE) -> Settings:
        path = tmp_path / "bot.toml"
        path.write_text(base + more)
        return load(path, {})

    return from_text


def refused(read: Read, more: str, base: str = BASE) -> str:
    with pytest.raises(ConfigError) as error:
        read(more, base)
    return str(error.value).partition("bot.toml:")[2]


def test_a_cap_on_hedges_that_nobody_opens(read: Read) -> None:
    caps = "[limits]\nhedge_notional = 5000\n"
    said = "caps hedges, and no rule opens any; add quarterly_hedge or delta_hedge, or leave it out"
    assert refused(read, caps) == f"15: limits.hedge_notional: {said}"
    assert refused(read, caps + '[[rules]]\nuse = "top_up"\n') == f"15: limits.hedge_notional: {said}"
    read(caps + '[[rules]]\nuse = "quarterly_hedge"\n')
    read(caps + '[[rules]]\nuse = "delta_hedge"\n')


def test_a_cap_of_one_account_too(read: Read) -> None:
    at = "limits.accounts.main"
    assert refused(read, f"[{at}]\nhedge_notional = 1\n").startswith(f"15: {at}.hedge_notional: caps hedges")
    coins = f"{at}.currencies.BTC"
    assert refused(read, f"[{coins}]\nhedge_notional = 1\n").startswith(f"15: {coins}.hedge_notional: caps")


def test_a_cap_in_one_currency_too(read: Read) -> None:
    assert refused(read, "[limits.currencies.BTC]\nhedge_notional = 1\n").startswith(
        "15: limits.currencies.BTC.hedge_notional: caps hedges"
    )


def test_a_rule_that_is_left_out_may_have_been_the_one_that_hedges(read: Read, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise ValueError\n")
    read('[limits]\nhedge_notional = 5000\n[[rules]]\nuse = "./mine.py"\n')


@pytest.mark.parametrize("stop", ["0.1", "0.12"])
def test_a_stop_that_liquidation_comes_before(read: Read, stop: str) -> None:
    assert refused(read, BRACKET.format(stop)) == (
        f"16: rules[1].params: stop {stop} is beyond liquidation:"
        " BTC/USDT:USDT at 10x is liquidated less than 0.1 away"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("leverage = 10", "leverage = 5"),
        ("leverage = 10", "leverage = 10\nmargin = 3000"),
        ("leverage = 10", 'leverage = 10\nmargin_mode = "cross"'),
    ],
)
def test_a_stop_where_liquidation_is_farther_away_or_not_known(read: Read, old: str, new: str) -> None:
    read(BRACKET.format("0.12"), BASE.replace(old, new))


def test_a_stop_of_a_rule_for_another_symbol(read: Read) -> None:
    read(BRACKET.format("0.12") + 'symbols = ["ETH/USDT:USDT"]\n')
    assert "beyond liquidation" in refused(read, BRACKET.format("0.12") + 'symbols = ["BTC/USDT:USDT"]\n')
