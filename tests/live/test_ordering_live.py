"""Orders of a person to the real process, on real sockets, and what the exchange has in its books then."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bot.simulator.faults import Fault, FaultKind
from tests.building.exchange import Exchange
from tests.live.conftest import Run
from tests.live.running_bot import Bot, guarded
from tests.live.test_run_live import stops

ROOT = Path(__file__).parents[2]
REFUSING = Fault(
    kind=FaultKind.ERROR_BEFORE,
    method="POST",
    path=r"/fapi/v1/order\b",
    status=400,
    body='{"code":-4131,"msg":"The best price does not meet the PERCENT_PRICE filter limit."}',
    count=None,
)


def ordered(name: str, config: Path, *more: str) -> str:
    """An order from another process, as a person gives it, and the answer."""
    command = [sys.executable, "-m", "bot", name, "-c", str(config), *more]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_flat(books: Any) -> bool:
    return not books["positions"] and not books["orders"]


def test_everything_is_closed_although_the_bot_was_halted(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    said: dict[str, str] = {}

    def flatten(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        said["halt"] = ordered("halt", config)
        exchange.mark("97")
        bot.until(lambda: [r for r in bot.rows("Refusal") if r["rule"] == "top_up"])
        assert len(stops(exchange.books())) == 1
        said["flatten"] = ordered("flatten", config, "--yes", "main")
        exchange.until(is_flat)
        bot.until(lambda: bot.rows("StateChanged", contains='"now":"flat"'))

    answer = guarded(holdfast, config, "--live", flatten)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "halted: main halted" in said["halt"]
    assert "flattening main: closing main/BTC/USDT:USDT/long at market" in said["flatten"]
    assert "ordered: flatten main" in answer.output
    assert "flatten:main: flattening -> flat" in answer.output
    rows = json.loads(holdfast("journal", "-c", config, "--json", "--kind", "action").stdout)["rows"]
    assert [row["rule"] for row in rows] == ["seatbelt", "flatten"]


def test_what_the_exchange_refused_to_close_is_closed_by_the_next_run(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    def flatten(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.world.faults.order(REFUSING)
        ordered("flatten", config, "--yes", "main")
        bot.until(lambda: bot.rows("Refusal", contains="-4131"))

    first = guarded(holdfast, config, "--live", flatten)
    assert first.exit_code == 0, first.output + first.stderr
    assert "refused (venue): -4131" in first.output
    left = exchange.books()
    assert left["positions"]
    assert len(stops(left)) == 1
    exchange.control("DELETE", "/faults")
    answer = holdfast("run", config, "--live", "--for", "5s")
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert is_flat(exchange.books()), answer.output
    assert "flatten:main: flattening -> flat" in answer.output
    # What is done is not done again.
    quiet = holdfast("run", config, "--live", "--for", "2s")
    assert "flatten" not in quiet.output
