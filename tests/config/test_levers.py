from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import load
from bot.config.levers import Finding, findings

Write = Callable[..., Path]

CROSS = """
[[paper.positions]]
symbol = "ETH/USDT:USDT"
side = "long"
notional = 100
leverage = 5
margin_mode = "cross"
"""
TOP_UP = '[[rules]]\nuse = "top_up"\n'


def cross_and(write: Write, more: str) -> Path:
    text = write().read_text().replace('contracts."BTC/USDT:USDT"', 'contracts."*"')
    return write("", CROSS + more, text=text)


def test_a_rule_that_works_everywhere_is_no_finding(write: Write) -> None:
    assert list(findings(load(write("", TOP_UP), {}))) == []


def test_a_rule_that_cannot_work_on_some_positions_is_noted(write: Write) -> None:
    (finding,) = findings(load(cross_and(write, TOP_UP), {}))
    assert (finding.rule, finding.hopeless) == ("top_up", False)
    assert finding.text == "ETH/USDT:USDT cross: no isolated margin in cross, use ReducePosition there"


def test_a_rule_that_can_work_on_no_position_is_hopeless(write: Write) -> None:
    (finding,) = findings(load(cross_and(write, TOP_UP + 'symbols = ["ETH/USDT:USDT"]\n'), {}))
    assert finding.hopeless


def test_a_rule_that_applies_to_no_position_is_left_in_peace(write: Write) -> None:
    assert list(findings(load(cross_and(write, TOP_UP + 'symbols = ["XRP/USDT:USDT"]\n'), {}))) == []


CUT = '[[rules]]\nuse = "cut_leverage"\n'


def at(write: Write, venue: str, more: str = CUT, mode: str = "isolated") -> list[Finding]:
    text = write().read_text().replace("binance_usdm", venue)
    text = text.replace("leverage = 10\n", f'leverage = 10\nmargin_mode = "{mode}"\n')
    return list(findings(load(write("", more, text=text), {})))


def test_a_declared_substitute_that_works_is_named(write: Write) -> None:
    (finding,) = at(write, "binance_usdm")
    assert (finding.rule, finding.hopeless, finding.replaced) == ("cut_leverage", False, True)
    assert finding.text == (
        "BTC/USDT:USDT isolated: AddMargin instead of CutLeverage,"
        " for binance refuses it on an open isolated position: -4161"
    )
    (finding,) = at(write, "hyperliquid")
    assert "hyperliquid refuses it on an open isolated position" in finding.text


@pytest.mark.parametrize("venue", ["bybit_linear", "xt_linear", "okx_linear"])
def test_where_the_cut_works_there_is_nothing_to_say(write: Write, venue: str) -> None:
    assert at(write, venue) == []


def test_in_cross_neither_the_cut_nor_its_substitute_works(write: Write) -> None:
    (finding,) = at(write, "binance_usdm", mode="cross")
    assert finding.hopeless
    assert finding.text == (
        "BTC/USDT:USDT cross: in cross a lower leverage only locks balance, liquidation stays where it is,"
        " use ReducePosition there"
    )


def test_a_rule_may_be_at_a_loss_here_and_have_a_substitute_there(write: Write) -> None:
    lost, replaced = findings(load(cross_and(write, CUT), {}))
    assert (lost.text.partition(":")[0], lost.hopeless, lost.replaced) == ("ETH/USDT", False, False)
    assert (replaced.text.partition(":")[0], replaced.hopeless, replaced.replaced) == (
        "BTC/USDT",
        False,
        True,
    )


HEDGE = '[[rules]]\nuse = "quarterly_hedge"\n'
LISTED = """
[[paper.quarterlies]]
underlying = "{underlying}"
depth = 1_000_000
"""
NOT_LISTED = "no dated contract is listed to hedge with, use ReducePosition there"


def test_without_a_dated_contract_a_hedge_is_hopeless_and_the_substitute_is_named(write: Write) -> None:
    (finding,) = findings(load(write("", HEDGE), {}))
    assert (finding.rule, finding.hopeless) == ("quarterly_hedge", True)
    assert finding.text == f"BTC/USDT:USDT isolated: {NOT_LISTED}"


@pytest.mark.parametrize("kind", ["linear", "inverse"])
def test_a_hedge_is_made_of_a_dated_contract_of_the_same_kind(write: Write, kind: str) -> None:
    listed = LISTED.format(underlying="BTC/USDT:USDT") + f'kind = "{kind}"\n'
    text = write().read_text().replace('contracts."BTC/USDT:USDT"', 'contracts."*"')
    text = text.replace("balance = 5000", 'balance = 5000\ncurrency = "USDT"')
    found = list(findings(load(write("", listed + HEDGE, text=text), {})))
    assert [finding.hopeless for finding in found] == ([] if kind == "linear" else [True])


def test_what_is_listed_on_another_coin_is_no_hedge(write: Write) -> None:
    (finding,) = findings(load(cross_and(write, LISTED.format(underlying="BTC/USDT:USDT") + HEDGE), {}))
    assert (finding.hopeless, finding.text) == (False, f"ETH/USDT:USDT cross: {NOT_LISTED}")


def test_a_position_in_every_symbol_can_be_hedged_where_something_is_listed(write: Write) -> None:
    text = write().read_text().replace('"BTC/USDT:USDT"', '"*"')
    listed = LISTED.format(underlying="SOL/USDT:USDT")
    assert list(findings(load(write("", listed + HEDGE, text=text), {}))) == []
