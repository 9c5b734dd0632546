"""History over the real client: fetched over TLS from the simulator, checked, and replayed as it lies."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.types import Symbol
from bot.lab.tapes import read_tape, to_price
from bot.runtime.errors import BUSY
from bot.simulator import Bar, World
from bot.venues.live.registry import dialect
from bot.venues.paper import PaperAccount
from tests.building.contracts import BTC, TIERS, a_contract
from tests.building.exchange import Exchange, running
from tests.building.simulator import ALICE, BOB, Hands, a_world
from tests.live.conftest import Run, configured
from tests.simulator.test_binance_coinm import PERP, inverse
from tests.simulator.test_bybit import a_bybit
from tests.simulator.test_okx import an_okx
from tests.simulator.test_xt import an_xt

pytestmark = pytest.mark.slow
D = Decimal
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
MINUTES = 2_500
FALL = 1_000
"""At this minute the price falls by a fifth; at no other it moves by more than one."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def a_bar(open_ms: int, minute: int) -> Bar:
    base = D(100) if minute < FALL else D(80)
    return Bar(
        open_ms=open_ms,
        open=D(101) if minute == FALL else base,
        high=D(101) if minute == FALL else base + 1,
        low=base - 1,
        close=base,
        volume=D(minute + 1),
    )


def a_world_with_a_past() -> tuple[World, int]:
    """2,500 minutes up to the last whole one, and funding every eight hours in them."""
    accounts = tuple(PaperAccount(name=each, balance=D(10_000)) for each in (ALICE, BOB))
    world = a_world(a_contract(tiers=TIERS), hands=now_ms, accounts=accounts)
    last_ms = now_ms() // MINUTE_MS * MINUTE_MS
    first_ms = last_ms - MINUTES * MINUTE_MS
    symbol = Symbol(BTC)
    world.market.seed(symbol, [a_bar(first_ms + at * MINUTE_MS, at) for at in range(MINUTES)])
    settled = range(-(-first_ms // (8 * HOUR_MS)) * 8 * HOUR_MS, last_ms, 8 * HOUR_MS)
    world.market[symbol].settled.extend((at_ms, D("0.0001"), D(100)) for at_ms in settled)
    return world, first_ms


@pytest.fixture
def past(certificates: Path) -> Iterator[tuple[Exchange, int]]:
    world, first_ms = a_world_with_a_past()
    with running(world, certificates) as exchange:
        yield exchange, first_ms


def test_history_is_fetched_once_checked_and_replayed(
    past: tuple[Exchange, int], holdfast: Run, tmp_path: Path
) -> None:
    exchange, first_ms = past
    fetch = (
        "data",
        "fetch",
        "BTC",
        "--account",
        "main",
        "-c",
        configured(exchange, tmp_path),
        "--store",
        "s",
    )
    answer = holdfast(*fetch, "--since", "3d", "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    rows = {each["series"]: each["rows_kept"] for each in told["fetched"]}
    # Bars from the first minute to the last that is over; interest at each five minutes up to ten ago.
    assert MINUTES - 1 <= rows["bars"] <= MINUTES + 1
    assert MINUTES - 1 <= rows["mark"] <= MINUTES + 1
    assert rows["funding"] in (4, 5, 6)
    assert 496 <= rows["interest"] <= 501
    assert [(each["symbol"], each["tiers"]) for each in told["tiers"]] == [(BTC, len(TIERS))]
    assert told["lacking"] == []

    again = json.loads(holdfast(*fetch, "--since", "3d", "--what", "bars,mark", "--json").stdout)
    assert sum(each["rows"] for each in again["fetched"]) <= 4  # only what has closed since
    checked = holdfast("data", "verify", "--store", "s")
    assert checked.exit_code == 0, checked.output

    worst = json.loads(holdfast("data", "find-crashes", "--store", "s", "--top", "1", "--json").stdout)
    # From 101 to 79, in the minute of the fall and so within every length.
    fell = (0.217822, first_ms + FALL * MINUTE_MS)
    assert [(each["drop"], each["start_ms"]) for each in worst["crashes"]] == [fell] * 3
    tapes = sorted(Path("s", "binanceusdm").glob("BTC_*.csv.gz"))
    assert [path.name for path in tapes] == [
        "BTC_binanceusdm_funding.csv.gz",
        "BTC_binanceusdm_mark_1m.csv.gz",
        "BTC_binanceusdm_perp_1m.csv.gz",
    ]
    assert holdfast("replay", *tapes, "--json").exit_code == 0


def test_a_fetch_that_is_killed_goes_on_where_it_was(
    past: tuple[Exchange, int], holdfast: Run, tmp_path: Path
) -> None:
    exchange, first_ms = past
    config = configured(exchange, tmp_path)
    fetch = ("data", "fetch", "BTC", "--account", "main", "-c", str(config), "--store", "s", "--what", "bars")
    since = ("--since", str(datetime.fromtimestamp(first_ms / 1000, UTC).replace(tzinfo=None).isoformat()))
    # The second page is never answered.
    exchange.order(kind="hang_before", about=f"startTime={first_ms + 1000 * MINUTE_MS}", count=1)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, "-m", "bot", *fetch, *since], cwd=tmp_path, env=environment)
    pages, end = tmp_path / "s" / ".pages", time.monotonic() + 20
    while not list(pages.rglob("*.csv")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    second = holdfast(*fetch, *since)
    assert second.exit_code == BUSY
    assert f"process {process.pid} is already running here" in second.stderr
    process.kill()
    process.wait()
    assert not (tmp_path / "s" / "binanceusdm").exists()
    asked = len(exchange.wire.statuses)
    answer = holdfast(*fetch, *since, "--json")
    assert answer.exit_code == 0, answer.output
    (told,) = json.loads(answer.stdout)["fetched"]
    assert told["rows_kept"] - told["rows"] == 1000
    # Two pages that were missing, and what a client asks first of all: the clock and the list of markets.
    assert len(exchange.wire.statuses) - asked <= 5
    assert holdfast("data", "verify", "--store", "s").exit_code == 0


def test_live_streams_are_kept_as_tapes(past: tuple[Exchange, int], holdfast: Run, tmp_path: Path) -> None:
    exchange, _ = past
    record = ("data", "record", "BTC", "--account", "main", "-c", configured(exchange, tmp_path))
    answer = holdfast(*record, "--timeframe", "1s", "--for", "5s", "--store", "r")
    assert answer.exit_code == 0, answer.output
    assert f"recording {BTC} at binanceusdm into r" in answer.stderr
    marks = read_tape(Path("r", "binanceusdm", "BTC_binanceusdm_mark_1s.csv.gz"), symbol_map={})
    trades = read_tape(Path("r", "binanceusdm", "BTC_binanceusdm_perp_1s.csv.gz"), symbol_map={})
    for tape in (marks, trades):
        assert (tape.symbol, tape.interval_ms, len(tape) >= 2) == (BTC, 1000, True)
        assert {to_price(int(close), tape.exponent) for close in tape.close} == {100}


def a_coin_section() -> World:
    """Binance COIN-M as it is now."""
    account = PaperAccount(name=ALICE, balance=D(2), currency="BTC")
    return a_world(inverse(PERP), hands=Hands(now_ms()), prices={PERP: "50000"}, accounts=(account,))


OTHERS = {
    "binancecoinm": (a_coin_section, PERP, "bars,mark,interest"),
    "bybit": (a_bybit, BTC, "bars,mark"),
    "okx": (an_okx, BTC, "bars"),
    "xt": (an_xt, BTC, "bars,mark,interest"),
}


@pytest.mark.parametrize("venue", OTHERS)
def test_other_exchanges_tell_their_bars(
    venue: str, certificates: Path, holdfast: Run, tmp_path: Path
) -> None:
    make, symbol, what = OTHERS[venue]
    world, minutes = make(), 350
    last_ms = (world.clock.now_ms() - 10_000) // MINUTE_MS * MINUTE_MS
    first_ms = last_ms - minutes * MINUTE_MS
    world.market.seed(symbol, [a_bar(first_ms + at * MINUTE_MS, at) for at in range(minutes)])
    config = tmp_path / "bot.toml"
    with running(world, certificates, venue) as exchange:
        loopback = f'loopback = {{ port = {exchange.port}, ca_file = "{exchange.ca_file}" }}'
        config.write_text(f'[accounts.main]\nvenue = "{venue}"\nbalance = 1000\n{loopback}\n')
        fetch = ("data", "fetch", "BTC", "--account", "main", "-c", config, "--store", "s", "--what", what)
        answer = holdfast(*fetch, "--since", "1d", "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    wanted, lacking = set(what.split(",")), dialect(venue).history.lacks
    rows = {each["series"]: each["rows"] for each in told["fetched"]}
    # Every five minutes of 350, but for the last ten.
    assert rows.pop("interest", 68) in range(66, 71)
    assert rows == dict.fromkeys(wanted - {*lacking, "interest"}, minutes)
    assert {each["series"]: each["because"] for each in told["lacking"]} == {
        series: because for series, because in lacking.items() if series in wanted
    }
    (bars,) = Path("s", venue).glob("*_perp_1m.csv.gz")
    tape = read_tape(bars, symbol_map={})
    assert (tape.symbol, int(tape.times[0]), len(tape)) == (symbol, first_ms, minutes)
