"""What befalls the venue in a scenario, in the words of the configuration; and whole scenarios played."""

import asyncio
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config.errors import ConfigError
from bot.config.model import CollateralTable, QuarterliesTable
from bot.config.settings import Settings
from bot.core.types import Side, Symbol
from bot.lab.replay.result import ReplayResult
from bot.lab.replay.run import replay
from bot.lab.scenarios import Scenario, Taken, dropped, misbehaving, read_scenario, staged, tapes

D = Decimal
ROOT = Path(__file__).resolve().parents[3]
BTC, ETH, SOL = (Symbol(f"{coin}/USDT:USDT") for coin in ("BTC", "ETH", "SOL"))
MINUTE_MS = 60_000


def with_paper(settings: Settings, **changes: object) -> Settings:
    paper = settings.config.paper.model_copy(update=changes)
    return replace(settings, config=settings.config.model_copy(update={"paper": paper}))


def played(scenario: Scenario, settings: Settings, *symbols: Symbol, mode: str = "jump") -> ReplayResult:
    return asyncio.run(replay(tapes(scenario, symbols), staged(settings, scenario, symbols), mode=mode))


def test_the_exchange_does_not_answer_for_24_minutes_of_march_2020(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    (outage,) = staged(any_tape, shipped["2020-03-12_covid"], [BTC]).config.replay.outages
    # It began at 02:16 of the third day.
    assert (outage.after, outage.lasts) == ((50 * 60 + 16) * MINUTE_MS, 24 * MINUTE_MS)


def test_shorts_are_deleveraged_in_every_symbol_that_is_held(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    forced = staged(any_tape, shipped["2025-10-10"], [BTC, ETH]).config.replay.deleveragings
    assert [each.symbol for each in forced] == [BTC, ETH] * 3
    assert {each.side for each in forced} == {Side.SHORT}
    assert forced[0].after == (21 * 60 + 16) * MINUTE_MS


def test_collateral_loses_its_peg_from_the_price_it_has_here(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    scenario = shipped["2025-10-10"]
    assert list(dropped(any_tape, scenario)) == [
        "no collateral here, and so without effect in 2025-10-10: USDe, WBETH, BNSOL"
    ]
    backed = with_paper(any_tape, collateral={"USDe": CollateralTable(price=D(2), haircut=D(0))})
    found = staged(backed, scenario, [BTC]).config.replay.collateral_prices
    assert (found[0].asset, found[0].price) == ("USDe", D("1.3134"))
    assert not any("USDe" in said for said in dropped(backed, scenario))


def test_funding_is_settled_more_often_and_the_contract_says_so(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    terms = staged(any_tape, shipped["2022-11-08_ftx"], [SOL]).config.replay.funding
    assert [each.interval for each in terms if each.interval] == [8 * 3_600_000, 4 * 3_600_000, 2 * 3_600_000]
    assert all(each.rate is None for each in terms)


def test_the_basis_of_quarterlies_is_that_of_the_day_where_it_is_known(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    hedged = with_paper(any_tape, quarterlies=(QuarterliesTable(underlying=BTC),))
    (table,) = staged(hedged, shipped["2021-04-18"], [BTC]).config.paper.quarterlies
    assert table.basis.calm == D("0.37")
    assert table.basis.tenor == hedged.config.paper.quarterlies[0].basis.tenor


def test_what_is_staged_by_the_configuration_gives_way_and_is_missed(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    first = staged(any_tape, shipped["2020-03-12_covid"], [BTC])
    assert list(dropped(any_tape, shipped["whipsaw"])) == []
    assert "what the configuration stages is left out" in " ".join(dropped(first, shipped["whipsaw"]))
    assert staged(first, shipped["dead_market"], [BTC]).config.replay.outages == ()


def test_an_exchange_that_misbehaves_is_late_and_away_before_the_worst_price(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    scenario = shipped["2020-03-12_covid"]
    config = misbehaving(staged(any_tape, scenario, [BTC]), scenario).config
    assert config.paper.latency_ms == 30_000
    published, away = config.replay.outages
    # The low was at 02:15, a minute before the exchange stopped answering of its own accord.
    assert (away.after, away.lasts) == ((50 * 60 + 5) * MINUTE_MS, 10 * MINUTE_MS)
    assert published.after == (50 * 60 + 16) * MINUTE_MS
    late = shipped["2021-05-19"]
    # Here it was away at that time anyway.
    assert len(misbehaving(staged(any_tape, late, [BTC]), late).config.replay.outages) == 1


def test_a_scenario_goes_through_the_replay_like_any_recording(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    result = played(shipped["2025-10-10"], any_tape, BTC, SOL)
    assert not result.undefended.survived
    assert {fact.id.symbol for fact in result.undefended.record.liquidations} == {BTC, SOL}
    assert result.defended.survived
    assert any("spreads 30 times and depths 0.05 times" in said for said in result.assumptions)
    assert any("auto-deleveraging of SOL/USDT:USDT short" in said for said in result.assumptions)


def test_nothing_is_lost_where_nothing_happens(shipped: dict[str, Scenario], any_tape: Settings) -> None:
    result = played(shipped["dead_market"], any_tape, BTC)
    assert result.undefended.survived
    assert result.defended.survived


@pytest.mark.slow
@pytest.mark.parametrize("name", ["2025-10-10", "2020-03-12_covid", "gap", "squeeze_up"])
def test_jumping_decides_as_stepping_does(
    shipped: dict[str, Scenario], any_tape: Settings, name: str
) -> None:
    jumped, stepped = (played(shipped[name], any_tape, BTC, ETH, mode=mode) for mode in ("jump", "step"))
    assert jumped.digest == stepped.digest


HASHED = """
import hashlib
from pathlib import Path
from bot.lab.scenarios import library, tapes
held = ["BTC/USDT:USDT", "X/USDT:USDT"]
shipped = library(folder=Path("config/scenarios"))
made = [tape.sha256 for scenario in shipped for tape in tapes(scenario, held)]
print(hashlib.sha256("".join(made).encode()).hexdigest())
"""


@pytest.mark.slow
def test_a_seed_gives_the_same_ticks_whatever_order_python_hashes_in() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", HASHED],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(told) == 1
    assert len(told.pop().strip()) == hashlib.sha256().digest_size * 2


def test_another_seed_is_another_run_of_the_same_crash(
    shipped: dict[str, Scenario], any_tape: Settings
) -> None:
    scenario = shipped["2023-08-17"]
    settings = staged(any_tape, scenario, [BTC])
    one, two = (asyncio.run(replay(tapes(scenario, [BTC], Taken(seed=seed)), settings)) for seed in (1, 2))
    assert one.digest != two.digest


THINNING = """
title = "Thinner"
about = "Invented."
pace = "flash"
starts = 2026-01-05T00:00:00Z
sources = ["invented"]

[coins."*"]
path = [
  ["00:00", 100, 0.0005],
  ["10:00", 100, 0.0012],
  ["20:00", 100, 0],
  ["21:40", 110, 0.0012],
  ["30:00", 110, 0.03],
  ["31:00", 110, 0],
  ["31:00", 99, 0],
  ["31:10", 99, 0.0001],
  ["40:00", 99, 0],
]

[thinning]
calm = 0.0006
least = 0.1
widest = 8
"""


def test_books_are_the_thinner_the_more_prices_vary(tmp_path: Path, any_tape: Settings) -> None:
    (tmp_path / "thinner.toml").write_text(THINNING, encoding="utf-8")
    scenario = read_scenario(tmp_path / "thinner.toml")
    found = staged(any_tape, scenario, [BTC]).config.replay.liquidity
    hours = [(each.after or 0) / 3_600_000 for each in found]
    assert [(hour, each.depth, each.spread) for hour, each in zip(hours, found, strict=True)] == [
        (0, 1, 1),  # Calmer than calm.
        (10, D("0.5"), 2),  # Twice as much.
        (20, D("0.6"), D("1.7")),  # A tenth in a hundred minutes: 0.001 each.
        (21 + 2 / 3, D("0.5"), 2),
        (30, D("0.1"), 8),  # Fifty times as much, but there are limits.
        (31 + 1 / 6, 1, 1),  # Ten minutes after the jump, which was as wild.
    ]


def test_books_are_said_step_by_step_or_by_how_prices_vary_and_not_both(tmp_path: Path) -> None:
    steps = '\n[[liquidity]]\nafter = "01:00"\nspread = 2\ndepth = 0.5\n'
    (tmp_path / "both.toml").write_text(THINNING + steps, encoding="utf-8")
    with pytest.raises(ConfigError, match="give one of them"):
        read_scenario(tmp_path / "both.toml")
