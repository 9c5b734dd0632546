"""The unit file for systemd says what the program does."""

from configparser import ConfigParser
from pathlib import Path

import pytest

from bot.config.watching import WatchdogsTable
from bot.runtime.errors import BUSY, CONFIG, CRASHED, HUNG, REFUSED, SPENT, USAGE

UNIT = Path(__file__).resolve().parents[2] / "docker" / "holdfast.service"


@pytest.fixture(scope="module")
def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the names have capitals
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def test_it_is_told_of_readiness_and_waits_longer_than_the_bot_itself(unit: ConfigParser) -> None:
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["NotifyAccess"] == "main"
    assert int(service["WatchdogSec"]) * 1_000 > 2 * WatchdogsTable().loop_abort


def test_what_starting_again_may_cure_is_started_again_for_ever(unit: ConfigParser) -> None:
    service = unit["Service"]
    final = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert final == {USAGE, CONFIG, REFUSED}
    assert final.isdisjoint({CRASHED, HUNG, SPENT, BUSY})
    assert (service["Restart"], unit["Unit"]["StartLimitIntervalSec"]) == ("on-failure", "0")
