"""The same command twice gives the same digest, whatever the hash seed, jumping or stepping."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.building import MINUTE_MS, START_MS

ROOT = Path(__file__).resolve().parents[3]
BARS = 240
ANSWERS = ("digest", "actions", "refusals", "final", "liquidations", "deleveraged")

CONFIG = """
schema_version = 1
mode = "paper"

[accounts.main]
margin_rules = "binance_usdm"
balance = 700

[accounts.other]
margin_rules = "binance_usdm"
balance = 900
position_mode = "hedge"

[paper]
fees = { maker = 0.0002, taker = 0.0005 }
spread = 0.0002
latency_ms = 20_000

[[paper.positions]]
account = "main"
symbol = "*"
side = "long"
notional = 2_000
leverage = 10
margin_mode = "isolated"

[[paper.positions]]
account = "other"
symbol = "*"
side = "short"
notional = 2_500
leverage = 10
margin_mode = "cross"

[limits]
cooldown = "1m"
margin_per_day = 300

[[rules]]
use = "top_up"
params = { below = 0.07, restore_to = 0.09, max_times = 5 }

[[rules]]
use = "partial_close"
params = { below = 0.06, fraction = 0.2, max_times = 5 }

[[rules]]
use = "atr_stop"
params = { multiple = 6, timeframe = "5m", length = 14 }

[contracts."*"]
tick = "auto"
lot = 0.001
min_notional = 5
synthetic_tiers = true
tiers = [
    { floor = 0, cap = 2_000, rate = 0.005 },
    { floor = 2_000, rate = 0.01 },
]
"""


STAGED = """
[paper.collateral]
USDe = { price = 1, haircut = 0.1 }

[[replay.deleveragings]]
after = "40m"
symbol = "BTC/USDT:USDT"
side = "short"
share = 0.5

[[replay.outages]]
after = "90m"
lasts = "12m"

[[replay.outages]]
after = "2h"
lasts = "5m"
streams = []
answer = "rejected"

[[replay.collateral_prices]]
after = "1h"
asset = "USDe"
price = 0.6567

[[replay.funding]]
after = "30m"
symbol = "ETH/USDT:USDT"
interval = "15m"
rate = 0.002
cap = 0.001
lasts = "2h"
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments of a replay of two symbols with funding that fall together and recover."""
    folder = tmp_path_factory.mktemp("digest")
    random = Random(7)
    files = []
    for name in ("BTC", "ETH"):
        lines, price = ["ts_ms,open,high,low,close"], 10_000
        for bar in range(BARS):
            drift = -0.0006 if bar < BARS // 2 else 0.0006
            close = round(price * (1 + random.gauss(drift, 0.002)))
            high, low = max(price, close) + random.randint(0, 15), min(price, close) - random.randint(0, 15)
            cells = (f"{ticks / 100:.2f}" for ticks in (price, high, low, close))
            lines.append(",".join((str(START_MS + bar * MINUTE_MS), *cells)))
            price = close
        files.append(folder / f"{name}_invented_perp_1m.csv")
        files[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
        files.append(folder / f"{name}_invented_funding.csv")
        files[-1].write_text(f"ts_ms,rate\n{START_MS + 12 * MINUTE_MS},0.0003\n", encoding="utf-8")
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return ["replay", *map(str, files), "--config", str(config), "--json"]


def run(case: list[str], *options: str, hash_seed: str = "0") -> dict[str, object]:
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "bot", *case, *options]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return {name: answer[name] for name in ANSWERS}


@pytest.fixture(scope="module")
def first(case: list[str]) -> dict[str, object]:
    return run(case)


def test_the_digest_is_the_same_twice_under_any_hash_seed_and_both_ways(
    case: list[str], first: dict[str, object]
) -> None:
    assert first["actions"], "nothing happened"
    assert run(case) == first
    assert run(case, hash_seed="4711") == first
    assert run(case, "--step", hash_seed="1") == first


def test_what_is_staged_is_part_of_the_digest_and_the_same_both_ways(
    case: list[str], first: dict[str, object], tmp_path: Path
) -> None:
    at = case.index("--config") + 1
    config = tmp_path / "config.toml"
    held = CONFIG.replace("balance = 900", "balance = 800\ncollateral = { USDe = 200 }")
    config.write_text(held + STAGED, encoding="utf-8")
    staged = [*case[:at], str(config), *case[at + 1 :]]
    found = run(staged)
    assert found["digest"] != first["digest"]
    assert found["deleveraged"]
    assert run(staged, "--step", hash_seed="1") == found


def test_another_latency_is_another_digest(case: list[str], first: dict[str, object], tmp_path: Path) -> None:
    at = case.index("--config") + 1
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.replace("latency_ms = 20_000", "latency_ms = 0"), encoding="utf-8")
    assert run([*case[:at], str(config), *case[at + 1 :]])["digest"] != first["digest"]
