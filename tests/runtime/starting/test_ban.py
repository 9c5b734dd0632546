"""A ban outlives the process that met it: the next one asks nothing until it is over."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.config import Settings, load
from bot.runtime.starting.ban import FILE, LONGEST_MS, Ban
from bot.runtime.starting.connecting import gate_of
from bot.venues.live.wire import Reply, Request, Urgency
from tests.runtime.builders import T0
from tests.runtime.fakes import FakeClock
from tests.venues.live.virtual import live

CONFIG = """\
[accounts.main]
venue = "{venue}"
keys = {{ api_key = "env:A", secret = "env:B" }}

[journal]
path = "{folder}/journal.db"

[[rules]]
use = "top_up"
"""
READ = Request(api="fapiPrivateV2", method="GET", path="account")
BAN_S = 600


def configured(folder: Path, venue: str = "binanceusdm") -> Settings:
    path = folder / f"{venue}.toml"
    path.write_text(CONFIG.format(folder=folder, venue=venue))
    return load(path, {})


def meets_a_ban(settings: Settings, at_ms: int, wait_s: int = BAN_S) -> None:
    async def process() -> None:
        gate = gate_of(settings, FakeClock(at_ms), lambda _: None)
        gate.learn(READ, Reply(sent=True, status=418, headers={"retry-after": str(wait_s)}))

    live(process)


def starts(settings: Settings, at_ms: int) -> tuple[float, list[str]]:
    """After how many seconds the first emergency of a new process passes, and what people are told."""
    said: list[str] = []

    async def process() -> float:
        gate = gate_of(settings, FakeClock(at_ms), said.append)
        await gate.turn(READ, Urgency.KILL)
        return asyncio.get_running_loop().time()

    return live(process), said


def test_a_process_that_starts_within_a_ban_asks_nothing_until_it_is_over(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    meets_a_ban(settings, T0)
    passes_s, said = starts(settings, T0 + 5_000)
    assert passes_s == pytest.approx(BAN_S - 5)
    assert len(said) == 1
    assert said[0].startswith("binanceusdm has banned this address until ")
    assert said[0].endswith(" UTC: nothing is asked until then")


@pytest.mark.parametrize("after_s", [BAN_S, BAN_S + 1, 10 * BAN_S])
def test_a_ban_that_is_over_holds_nobody_up(tmp_path: Path, after_s: int) -> None:
    settings = configured(tmp_path)
    meets_a_ban(settings, T0)
    assert starts(settings, T0 + after_s * 1_000) == (0.0, [])


def test_a_shorter_ban_does_not_replace_a_longer_one(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    meets_a_ban(settings, T0)
    meets_a_ban(settings, T0 + 1_000, wait_s=2)
    assert starts(settings, T0 + 5_000)[0] == pytest.approx(BAN_S - 5)


def test_the_ban_of_one_exchange_is_not_that_of_another(tmp_path: Path) -> None:
    meets_a_ban(configured(tmp_path), T0)
    assert starts(configured(tmp_path, "bybit"), T0 + 5_000) == (0.0, [])


def test_a_clock_that_was_set_back_makes_a_ban_no_longer_than_it_was(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    meets_a_ban(settings, T0)
    assert starts(settings, T0 - 86_400_000)[0] == pytest.approx(BAN_S)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"exchange": "binanceusdm", "met_ms": "x", "until_ms": Infinity}']
)
def test_a_file_that_makes_no_sense_is_no_ban(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert starts(configured(tmp_path), T0) == (0.0, [])


def test_no_file_shuts_anybody_out_for_longer_than_a_ban_may_last(tmp_path: Path) -> None:
    far = {"exchange": "binanceusdm", "met_ms": 0, "until_ms": 10**18}
    (tmp_path / FILE).write_text(json.dumps(far))
    assert starts(configured(tmp_path), T0)[0] == pytest.approx(LONGEST_MS / 1000)


def test_a_folder_that_cannot_be_written_to_ends_nothing(tmp_path: Path) -> None:
    ban = Ban(tmp_path / "missing" / FILE, "binanceusdm", lambda: T0)
    ban.meet(1_000)
    assert ban.left_ms() == 0
