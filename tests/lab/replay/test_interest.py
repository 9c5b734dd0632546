"""Open interest in a replay: what a tape of it holds is told, where a rule goes by it."""

import asyncio
from pathlib import Path

import pytest

from bot.config.settings import load
from bot.core.intents import Notify
from bot.lab.replay.result import ReplayResult
from bot.lab.replay.run import replay
from bot.lab.tapes import read_tape
from tests.lab.replay.crashes import CONFIG

MINUTE_MS = 60_000
START_MS = 1_700_000_000_000 // MINUTE_MS * MINUTE_MS
RULE = """
[[rules]]
use = "level_alert"
params = { interest_above = 0.1, timeframe = "5m", bars = 2 }
"""


def played(
    folder: Path, interest: list[tuple[int, str]], mode: str = "jump", rule: str = RULE
) -> ReplayResult:
    """Half an hour at 100, and open interest at these minutes."""
    path = folder / "bot.toml"
    quiet = {"balance": 5_000, "spot": "", "side": "long", "leverage": 5, "mode": "isolated", "held": "*"}
    path.write_text(CONFIG.format(**quiet, seatbelt="false") + rule)
    prices = folder / "BTC_binance_perp_1m.csv"
    bars = (f"{START_MS + minute * MINUTE_MS},100,100.1,99.9,100" for minute in range(30))
    prices.write_text("\n".join(["ts_ms,open,high,low,close", *bars]))
    tapes = [read_tape(prices, symbol_map={})]
    if interest:
        told = folder / "BTC_binance_interest_1m.csv"
        rows = (f"{START_MS + minute * MINUTE_MS},{quantity}" for minute, quantity in interest)
        told.write_text("\n".join(["ts_ms,quantity", *rows]))
        tapes.append(read_tape(told, symbol_map={}))
    return asyncio.run(replay(tapes, load(path, {}), mode=mode))


@pytest.mark.parametrize("mode", ["jump", "step"])
def test_a_rise_of_open_interest_is_heard_of_when_it_is_told(tmp_path: Path, mode: str) -> None:
    # It rises by a fifth from the tenth minute to the fifteenth; what is on the tape before and after counts
    # for nothing.
    told = [(-5, "9"), (5, "1000"), (10, "1000"), (15, "1200"), (20, "1200"), (99, "1")]
    result = played(tmp_path, told, mode)
    (done,) = result.defended.record.done
    assert isinstance(done.action.intent, Notify)
    assert done.action.at_ms == START_MS + 15 * MINUTE_MS
    assert "open interest" in done.action.intent.text
    assert not [said for said in result.assumptions if "nobody is told any" in said]


def test_without_a_tape_of_it_that_is_said(tmp_path: Path) -> None:
    result = played(tmp_path, [])
    assert result.defended.record.done == []
    assert "BTC/USDT:USDT has no tape of open interest: nobody is told any" in result.assumptions


def test_where_no_rule_goes_by_it_nothing_is_told(tmp_path: Path) -> None:
    quiet = played(tmp_path, [(5, "1000"), (15, "1200")], rule="")
    assert quiet.defended.record.evaluations == played(tmp_path, [], rule="").defended.record.evaluations
