"""The real process, and what a service manager and whoever is pinged see of it when it is ill."""

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import Result

from tests.building.exchange import Exchange
from tests.live.test_run_live import PAPER
from tests.live.watched_bot import TOKEN, watched

pytestmark = pytest.mark.slow
Run = Callable[..., Result]
SLEEPS_BELOW = "97.5"
SLEEPER = f'''
"""Holds up the loop, as a rule with a defect may."""

import time
from decimal import Decimal

from bot.core.rule import Params, Rule


class Sleeper(Rule[Params]):
    """Sleeps where the mark is low."""

    def decide(self, view):
        if view.mark < Decimal("{SLEEPS_BELOW}"):
            time.sleep(600)
        return ()
'''
WATCHED = """
[heartbeat]
url = "env:HEARTBEAT_URL"
every = "1s"

[watchdogs]
loop_dump = "2s"
loop_abort = "5s"
"""
ASLEEP = """
[[rules]]
use = "./sleeper.py"
"""


@pytest.fixture
def bot(config: Path, holdfast: Run) -> Path:
    """A configuration that is watched; ``holdfast`` puts the keys into the environment."""
    config.write_text(config.read_text() + WATCHED)
    return config


def test_a_loop_that_is_held_up_is_told_and_left_and_the_next_run_goes_on(
    bot: Path, exchange: Exchange
) -> None:
    plain = bot.read_text()
    (bot.parent / "sleeper.py").write_text(SLEEPER)
    bot.write_text(plain + ASLEEP)
    with watched(bot) as process:
        process.until(process.is_ready, "READY")
        process.until(lambda: len(process.listener.pings) >= 2, "two pings")
        assert "WATCHDOG=1" in process.told()
        exchange.mark("97")
        fell = time.monotonic()
        assert process.ends() == 71
        stood_s = time.monotonic() - fell
        assert 5 <= stood_s <= 15
        # Nobody was told that it is well meanwhile, neither by a sign of life nor by a ping.
        alive = [at for at, message in process.manager.heard() if message == "WATCHDOG=1"]
        assert max(alive) < fell + 2
        assert max(process.listener.pings) < fell + 2
        assert "STOPPING=1" not in process.told()
        said = process.said()
        # On stderr and in the log: where it hung.
        assert said.count("the loop has stood still for") >= 2
        assert said.count("sleeper.py:") >= 2
        assert "leaving, to be started anew" in said
        assert TOKEN not in said
    bot.write_text(plain)
    with watched(bot) as process:
        process.until(process.is_ready, "READY again")
        process.until(lambda: process.listener.pings, "a ping again")
        assert process.stop() == 0
        assert process.told()[-1] == "STOPPING=1"
        assert TOKEN not in process.said()


def test_a_process_that_was_stopped_reads_everything_anew_and_lives(bot: Path) -> None:
    with watched(bot) as process:
        process.until(process.is_ready, "READY")
        process.until(lambda: process.listener.pings, "a ping")
        process.child.send_signal(signal.SIGSTOP)
        time.sleep(8)  # Longer than the loop may stand.
        pings = len(process.listener.pings)
        process.child.send_signal(signal.SIGCONT)
        process.until(lambda: process.changes("process:loop"), "the standstill in the journal")
        # By way of BLIND, where the look at the marks comes before the reading has told of them.
        process.until(lambda: _armed_again(process.changes("account:main")), "ARMED")
        assert process.changes("process:loop") == [("turning", "stood still")]
        process.until(lambda: len(process.listener.pings) > pings, "a ping after it")
        process.until(lambda: process.told()[-1] == "WATCHDOG=1", "a sign of life")
        assert process.stop() == 0
        said = process.said()
        assert "armed -> recovering" in said
        assert "leaving, to be started anew" not in said


def _armed_again(states: Sequence[tuple[str, str]]) -> bool:
    return ("armed", "recovering") in states and states[-1][1] == "armed"


def test_a_paper_account_is_known_again_after_a_standstill_too(
    exchange: Exchange, holdfast: Run, tmp_path: Path
) -> None:
    config = tmp_path / "paper.toml"
    config.write_text(PAPER.format(port=exchange.port, ca_file=exchange.ca_file) + WATCHED)
    with watched(config, "--paper") as process:
        process.until(process.is_ready, "READY")
        process.until(lambda: (process.ask("status") or {}).get("positions"), "the position")
        process.child.send_signal(signal.SIGSTOP)
        time.sleep(4)
        process.child.send_signal(signal.SIGCONT)
        process.until(lambda: process.changes("process:loop"), "the standstill in the journal")
        process.until(lambda: process.ask("status")["states"] == {"main": "armed"}, "ARMED")
        assert ("armed", "recovering") in process.changes("account:main")
        assert process.stop() == 0


def test_a_market_that_goes_silent_ends_the_pings_and_the_signs_of_life_until_it_is_back(
    bot: Path, exchange: Exchange
) -> None:
    with watched(bot) as process:
        process.until(process.is_ready, "READY")
        process.until(lambda: process.listener.pings, "a ping")
        exchange.order(kind="half_open", method="WS", count=None)
        exchange.order(kind="lost_before", path="premiumIndex", count=None)
        process.until(lambda: process.ask("status")["states"] == {"main": "blind"}, "BLIND")
        process.until(lambda: any("blind" in message for message in process.told()), "the status")
        blind = time.monotonic()
        time.sleep(3)
        alive = [at for at, message in process.manager.heard() if message == "WATCHDOG=1"]
        assert max(alive) < blind + 1
        assert max(process.listener.pings) < blind + 1
        exchange.control("DELETE", "/faults")
        process.until(lambda: process.ask("status")["states"] == {"main": "armed"}, "ARMED again")
        process.until(lambda: max(process.listener.pings) > blind + 1, "a ping again")
        health = process.ask("health")
        assert (health["well"], health["ills"]) == (True, [])
        assert process.stop() == 0


def test_too_many_descriptors_end_the_run_in_order(bot: Path, exchange: Exchange) -> None:
    bot.write_text(bot.read_text() + "descriptors_warning = 1\ndescriptors_limit = 2\n")
    with watched(bot) as process:
        assert process.ends() == 72
        said = process.said()
        assert "process:descriptors: well -> spent" in said
        assert "ended in order" in said
        assert process.told()[-1] == "STOPPING=1"
