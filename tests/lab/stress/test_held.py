"""What a running bot holds becomes settings that hold the same on paper."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config.settings import load
from bot.core.facts import BalanceChanged
from bot.core.types import MarginMode
from bot.lab.scenarios import library
from bot.lab.stress.held import AsHeld, as_held
from bot.lab.stress.matrix import stress
from bot.lab.stress.trial import RuleSet
from bot.runtime.plain import plain
from tests.building.core import BTC, ETH, ETH_LONG, MAIN, T0, Desk, a_contract, a_position, adds

D = Decimal
ROOT = Path(__file__).resolve().parents[3]
LIVE = """
schema_version = 1
mode = "live"

[accounts.main]
venue = "binanceusdm"
keys = { api_key = "env:HOLDFAST_KEY", secret = "env:HOLDFAST_SECRET" }

[[rules]]
use = "top_up"
params = { below = 0.06, restore_to = 0.09 }
"""


def a_desk() -> Desk:
    """A long at 100 with 10 of margin, a cross long in ether, and 500 in the wallet."""
    desk = Desk(adds())
    desk.holds(a_position(), a_position(ETH_LONG, mode=MarginMode.CROSS, margin="0"))
    desk.fold(BalanceChanged(at_ms=T0, account=MAIN, wallet=D(500), free=D(400)))
    desk.mark("97")
    desk.mark("103", ETH)
    return desk


def held(folder: Path, desk: Desk) -> AsHeld:
    path = folder / "live.toml"
    path.write_text(LIVE.lstrip(), encoding="utf-8")
    return as_held(load(path, {}), json.loads(json.dumps(plain(desk.engine.holdings()))))


def test_positions_balances_and_contracts_are_those_of_the_bot(tmp_path: Path) -> None:
    found = held(tmp_path, a_desk())
    config = found.settings.config
    assert config.mode == "paper"
    isolated, cross = config.paper.positions
    assert (isolated.symbol, isolated.margin_mode, isolated.entry) == (BTC, MarginMode.ISOLATED, D(100))
    assert isolated.margin == a_position().margin
    assert (cross.symbol, cross.margin_mode, cross.margin) == (ETH, MarginMode.CROSS, None)
    account = config.accounts["main"]
    # What lies in the isolated position is taken from the wallet when it is opened.
    assert account.balance == D(500) + a_position().margin
    assert (account.venue, account.keys, account.margin_rules) == (None, None, "binance_usdm")
    assert set(config.contracts) == {BTC, ETH}
    assert config.contracts[BTC].tick == a_contract().tick
    assert found.settings.tiers.tables[BTC] == a_contract().tiers
    assert [entry.name for entry in found.settings.rules] == ["top_up"]


def test_prices_begin_where_they_are(tmp_path: Path) -> None:
    assert held(tmp_path, a_desk()).prices == {BTC: D(97), ETH: D(103)}


def test_a_dated_contract_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    desk = a_desk()
    holdings = json.loads(json.dumps(plain(desk.engine.holdings())))
    holdings["positions"][0]["contract"]["expiry_ms"] = 1_800_000_000_000
    path = tmp_path / "live.toml"
    path.write_text(LIVE.lstrip(), encoding="utf-8")
    found = as_held(load(path, {}), holdings)
    assert [each.symbol for each in found.settings.config.paper.positions] == [ETH]
    assert found.left_out == (
        "BTC/USDT:USDT long is left out: a dated contract is not listed in other years",
    )


@pytest.mark.parametrize("name", ["2025-10-10", "dead_market"])
def test_what_is_held_can_be_put_through_a_scenario(tmp_path: Path, name: str) -> None:
    found = held(tmp_path, a_desk())
    sets = [RuleSet(name="none", settings=found.settings, defended=False)]
    result = stress(sets, library([name], ROOT / "config" / "scenarios"), prices=found.prices)
    (trial,) = result.trials
    assert {fate.id.symbol for fate in trial.fates} == {BTC, ETH}
    assert trial.equity_before == D(500) + a_position().margin
    assert trial.survived is (name == "dead_market")
