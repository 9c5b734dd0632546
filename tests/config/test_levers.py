from collections.abc import Callable
from pathlib import Path

from bot.config import load
from bot.config.levers import findings

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
