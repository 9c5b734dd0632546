"""``holdfast simulator``: an exchange to connect to, and all that is needed to do so."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cli.simulating import compose
from bot.config import load
from bot.core.types import AccountName, MarginMode, PositionId, Side
from bot.simulator.playing import let_happen
from bot.simulator.records import IncomeKind
from tests.building.contracts import BTC
from tests.cli.conftest import CALM, MINUTE_MS, ROOT, START_MS, Run, Write

D = Decimal
HELD = PositionId(AccountName("main"), BTC, Side.LONG)
AT_ONCE = ("--speed", "100000", "--port", "0", "--warm-up", "0", "--stop-at-end")


def test_it_says_how_to_connect(holdfast: Run, tape: Write) -> None:
    result = holdfast("simulator", "--tape", tape(*CALM), *AT_ONCE)
    assert result.exit_code == 0, result.stderr
    assert "binanceusdm simulated at https://localhost:" in result.output
    assert "fapi.binance.com, fstream.binance.com" in result.output
    assert "/faults -d" in result.output
    assert "the tapes are over after 16 prices" in result.output
    snippet = result.output.partition("[accounts.main]")[2].partition("the tapes")[0]
    account = tomllib.loads(f"[accounts.main]{snippet}")["accounts"]["main"]
    assert (account["venue"], account["position_mode"]) == ("binanceusdm", "one_way")
    ca_file = Path(account["loopback"]["ca_file"])
    assert ca_file.is_absolute()
    ssl.create_default_context(cafile=str(ca_file))
    key = next(ca_file.parent.glob("*.key.pem"))
    assert key.stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_even_where_a_shell_has_it_ignored(
    tape: Write, tmp_path: Path, number: signal.Signals
) -> None:
    simulator = f"exec {sys.executable} -m bot simulator --tape {tape(*CALM)} --speed 100000 --port 0"
    process = subprocess.Popen(
        ["bash", "-c", f"trap '' INT; {simulator} --warm-up 0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("stands still" in line for line in process.stdout), "it ended by itself"
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, said) == (0, "stopped\n")


def test_a_tape_that_is_not_there_is_one_line(holdfast: Run) -> None:
    result = holdfast("simulator", "--tape", "BTC_test_perp_1m.csv", *AT_ONCE)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "BTC_test_perp_1m.csv" in result.stderr


def test_a_port_that_is_taken_is_one_line(holdfast: Run, tape: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = holdfast("simulator", "--tape", tape(*CALM), "--port", port, "--stop-at-end")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.output
    assert f"port {port} of this machine: something listens there already" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.parametrize("second", ["binanceusdm", "xt"])
def test_whoever_trusts_a_simulator_trusts_the_next_one_of_the_folder(
    holdfast: Run, tape: Write, second: str
) -> None:
    holdfast("simulator", "--tape", tape(*CALM), *AT_ONCE)
    (ca_file,) = Path("data", "simulator").glob("*.crt")
    before = ca_file.read_bytes()
    holdfast("simulator", "--venue", second, "--tape", tape(*CALM), *AT_ONCE)
    assert ca_file.read_bytes() == before


def test_a_certificate_that_is_no_good_any_more_is_made_anew(holdfast: Run, tape: Write) -> None:
    holdfast("simulator", "--tape", tape(*CALM), *AT_ONCE)
    (ca_file,) = Path("data", "simulator").glob("*.crt")
    for spoilt in (ca_file, next(ca_file.parent.glob("*.key.pem"))):
        spoilt.write_text("spoilt")
        assert holdfast("simulator", "--tape", tape(*CALM), *AT_ONCE).exit_code == 0
        ssl.create_default_context(cafile=str(ca_file))


def test_an_exchange_that_is_not_simulated_is_a_usage_error(holdfast: Run, tape: Write) -> None:
    result = holdfast("simulator", "--venue", "nowhere", "--tape", tape(*CALM))
    assert result.exit_code == 2
    assert "binanceusdm" in result.stderr


def test_the_beginning_of_a_tape_is_history_and_positions_are_there_with_the_first_price(
    tape: Write,
) -> None:
    settings = load([ROOT / "config" / "replay.toml"])
    made = compose(settings, "binanceusdm", [tape(*CALM)], {}, 2 * MINUTE_MS)
    assert made.history == 2
    first, *_ = moments = list(made.moments)
    assert [m.at_ms for m in moments[::4]] == [START_MS + 2 * MINUTE_MS, START_MS + 3 * MINUTE_MS]
    assert [m.gap for m in moments] == [True] + [False] * 7
    bars = made.world.market.bars(BTC, MINUTE_MS)
    assert [bar.close for bar in bars] == [D(100_000), D(100_010)]
    assert all(bar.open_ms % MINUTE_MS == 0 for bar in bars)
    assert 0 <= made.world.clock.now_ms() - (bars[-1].open_ms + MINUTE_MS) < 2 * MINUTE_MS
    let_happen(made.world, first)
    held = made.world.view(HELD.account).positions[HELD]
    # 10,000 of notional at the third bar's open, which is the second one's close.
    assert (held.quantity, held.leverage, held.entry) == (D("0.099"), D(10), D(100_010))


def test_funding_of_a_tape_is_settled_at_the_prices_before_it(tape: Write, tmp_path: Path) -> None:
    funding = tmp_path / "BTC_test_funding.csv"
    rows = [(START_MS - MINUTE_MS, "0.0001"), (START_MS + MINUTE_MS, "0.001")]
    funding.write_text("ts_ms,rate\n" + "".join(f"{at_ms},{rate}\n" for at_ms, rate in rows))
    settings = load([ROOT / "config" / "replay.toml"])
    made = compose(settings, "binanceusdm", [tape(*CALM), funding], {}, 0)
    for moment in made.moments:
        let_happen(made.world, moment)
    (paid,) = made.world.view(HELD.account).income
    # 0.1 coins at 100,000, the close of the first bar, pay a thousandth.
    assert (paid.kind, paid.amount) == (IncomeKind.FUNDING, D(-10))


def test_funding_from_before_the_start_is_history_at_the_close_of_its_bar(
    tape: Write, tmp_path: Path
) -> None:
    funding = tmp_path / "BTC_test_funding.csv"
    times = (START_MS - 1, START_MS + MINUTE_MS, START_MS + 3 * MINUTE_MS)
    funding.write_text("ts_ms,rate\n" + "".join(f"{at_ms},0.001\n" for at_ms in times))
    settings = load([ROOT / "config" / "replay.toml"])
    made = compose(settings, "binanceusdm", [tape(*CALM), funding], {}, 2 * MINUTE_MS)
    # Neither what was before the tape nor what is still to be played.
    ((at_ms, rate, mark),) = made.world.market[BTC].settled
    bars = made.world.market.bars(BTC, MINUTE_MS)
    assert (at_ms, rate, mark) == (bars[1].open_ms, D("0.001"), bars[1].close)


@pytest.mark.parametrize("venue", ["bybit", "okx", "xt"])
def test_every_exchange_is_served(holdfast: Run, tape: Write, venue: str) -> None:
    result = holdfast("simulator", "--venue", venue, "--tape", tape(*CALM), *AT_ONCE)
    assert result.exit_code == 0, result.stderr
    assert f"{venue} simulated at https://localhost:" in result.output
    snippet = result.output.partition("[accounts.main]")[2].partition("the tapes")[0]
    keys = tomllib.loads(f"[accounts.main]{snippet}")["accounts"]["main"]["keys"]
    for place in keys.values():
        assert f"{place.removeprefix('env:')}=" in result.output
    assert ("passphrase" in keys) == (venue == "okx")


@pytest.mark.parametrize(
    ("venue", "ether"), [("bybit", MarginMode.ISOLATED), ("binanceusdm", MarginMode.CROSS)]
)
def test_an_account_with_one_margin_mode_for_all_has_the_one_of_its_first_position(
    tape: Write, venue: str, ether: MarginMode
) -> None:
    files = [tape(*CALM), tape(*CALM, name="ETH_test_perp_1m.csv")]
    made = compose(load([ROOT / "config" / "paper.toml"]), venue, files, {}, 0)
    for moment in made.moments:
        let_happen(made.world, moment)
    held = made.world.view(HELD.account).positions
    assert {id_.symbol: position.mode for id_, position in held.items()} == {
        "BTC/USDT:USDT": MarginMode.ISOLATED,
        "ETH/USDT:USDT": ether,
    }
