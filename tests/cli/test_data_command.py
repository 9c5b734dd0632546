"""What a person types at ``holdfast data``, without any network."""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import Result

from bot.cli.data_fetch import Asked, series_of
from bot.cli.failures import ExitCode
from bot.lab.store.fetching import fetch
from bot.runtime.errors import BUSY
from bot.runtime.lock import hold
from bot.venues.live.registry import dialect
from tests.building.contracts import BTC, TIERS
from tests.building.store import LONG_AFTER_MS, T0, FakePast, a_bar_row, a_market, a_store, bars_wanted

Run = Callable[..., Result]
TAPE = "binanceusdm/BTC_binanceusdm_perp_1m.csv.gz"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Thirty minutes of which the exchange has no row for three."""
    folder = tmp_path / "store"
    past = FakePast([a_bar_row(at) for at in range(30) if at not in range(12, 15)])
    asyncio.run(fetch(a_store(folder), past, bars_wanted(30), LONG_AFTER_MS, lambda _: None))
    a_store(folder).keep_tiers("binanceusdm", BTC, TIERS)
    return folder


def test_the_store_is_listed(holdfast: Run, store: Path) -> None:
    answer = holdfast("data", "list", "--store", store)
    assert answer.exit_code == 0
    rows = [line.split() for line in answer.stdout.splitlines()]
    assert rows[1] == [
        f"{store}/{TAPE}",
        "27",
        "2025-10-09",
        "08:00:00",
        "2025-10-09",
        "08:29:00",
        "requests",
    ]
    assert rows[2][0] == f"{store}/binanceusdm/tiers/BTC_binanceusdm_tiers.json"
    told = json.loads(holdfast("data", "list", "--store", store, "--json").stdout)
    assert (told["files"][TAPE]["rows"], told["files"][TAPE]["first_ms"]) == (27, T0)


def test_an_empty_store_says_what_to_do(holdfast: Run, tmp_path: Path) -> None:
    assert "holdfast data fetch" in holdfast("data", "list", "--store", tmp_path).stdout
    assert holdfast("data", "verify", "--store", tmp_path).exit_code == 0


@pytest.mark.parametrize("command", ["list", "verify", "find-crashes"])
def test_a_store_that_is_not_there_is_no_sound_one(holdfast: Run, tmp_path: Path, command: str) -> None:
    answer = holdfast("data", command, "--store", tmp_path / "none")
    assert answer.exit_code == ExitCode.FAILED
    assert "there is no store here" in answer.stderr


def test_a_gap_is_a_failure_unless_it_is_known_and_accepted(holdfast: Run, store: Path) -> None:
    answer = holdfast("data", "verify", "--store", store)
    assert answer.exit_code == ExitCode.FAILED
    assert answer.stdout.splitlines() == [
        f"{TAPE}: gap 2025-10-09 08:12:00 to 2025-10-09 08:15:00: the exchange was asked and has no row here",
        f"{store}: 1 tapes, 1 findings",
    ]
    assert holdfast("data", "verify", "--store", store, "--known-gaps").exit_code == 0
    told = json.loads(holdfast("data", "verify", "--store", store, "--json").stdout)
    assert (told["sound"], [each["flaw"] for each in told["findings"]]) == (False, ["gap"])


def test_a_changed_tape_is_a_failure_whatever_is_accepted(holdfast: Run, store: Path) -> None:
    path = store / TAPE
    path.write_bytes(path.read_bytes()[:-9])
    answer = holdfast("data", "verify", "--store", store, "--known-gaps")
    assert answer.exit_code == ExitCode.FAILED
    assert f"{TAPE}: senseless: it cannot be read" in answer.stdout


def test_a_damaged_catalogue_is_one_line(holdfast: Run, store: Path) -> None:
    (store / "manifest.json").write_text("{")
    answer = holdfast("data", "verify", "--store", store)
    assert answer.exit_code == ExitCode.FAILED
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"{store}/manifest.json: this is no catalogue of a store")


def test_the_worst_falls_of_a_store_are_found(holdfast: Run, store: Path) -> None:
    answer = holdfast("data", "find-crashes", "--store", store, "--top", "1")
    assert answer.exit_code == 0
    heads, five, *_ = answer.stdout.splitlines()
    assert heads.split() == ["within", "fall", "from", "low", "at", "price", "low", "tape"]
    assert five.split() == [
        *("5m", "-1.00%", "2025-10-09", "08:00:00", "2025-10-09", "08:00:00"),
        *("100", "99", f"{store}/{TAPE}"),
    ]


def test_a_store_without_bars_has_no_crashes(holdfast: Run, tmp_path: Path) -> None:
    answer = holdfast("data", "find-crashes", "--store", tmp_path)
    assert answer.exit_code == ExitCode.USAGE
    assert "holds no bars" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["BTC", "--since", "1d"], "name the exchange with --venue"),
        (["BTC", "--since", "1d", "--venue", "binanse"], 'no exchange "binanse"'),
        (["BTC", "--since", "yesterday", "--venue", "okx"], "a day such as 2025-10-10"),
        (["BTC", "--since", "1d", "--venue", "okx", "--what", "candles"], 'found "candles"; there are bars'),
        (["BTC", "--since", "1d", "--venue", "okx", "--timeframe", "1y"], "is no timeframe"),
        (["--since", "1d", "--venue", "okx"], "Missing argument"),
        (["BTC", "--venue", "okx"], "Missing option '--since'"),
    ],
)
def test_a_slip_on_the_command_line_is_said_before_anything_is_asked(
    holdfast: Run, arguments: list[str], said: str
) -> None:
    answer = holdfast("data", "fetch", *arguments)
    assert answer.exit_code == ExitCode.USAGE
    assert said in answer.stderr


@pytest.mark.parametrize("command", [("fetch", "--since", "1d"), ("record",)])
def test_a_store_that_somebody_writes_to_is_left_alone(
    holdfast: Run, store: Path, command: tuple[str, ...]
) -> None:
    name, *since = command
    with hold(store):
        answer = holdfast("data", name, "BTC", "--venue", "okx", *since, "--store", store)
    assert answer.exit_code == BUSY
    (line,) = answer.stderr.splitlines()
    said = f"process {os.getpid()} is already running here; stop it, or name another folder with --store"
    assert line == f"{store}: {said}"


def test_two_places_at_once_are_none(holdfast: Run) -> None:
    answer = holdfast("data", "record", "BTC", "--venue", "okx", "--account", "main")
    assert answer.exit_code == ExitCode.USAGE
    assert "name the exchange with --venue, or an account" in answer.stderr


MINUTE_MS = 60_000


def what_of(
    venue: str, what: str, timeframe_ms: int, *, dated: bool = False
) -> tuple[list[object], list[object]]:
    """What a fetch asks for, with its steps in minutes, and what it says it does not."""
    lacking: list[Mapping[str, str]] = []
    asked = Asked(["BTC"], T0, T0 + MINUTE_MS, timeframe_ms, what.split(","))
    wanted = series_of(dialect(venue), [a_market(dated=dated)], asked, lacking)
    found: list[object] = [(str(each.series), each.timeframe_ms // MINUTE_MS) for each in wanted]
    return found, [(each["series"], each["because"]) for each in lacking]


def test_interest_has_the_next_longer_step_that_an_exchange_has() -> None:
    assert what_of("okx", "bars,interest,tiers", MINUTE_MS) == ([("bars", 1), ("interest", 5)], [])
    assert what_of("okx", "interest", 30 * MINUTE_MS) == ([("interest", 60)], [])
    assert what_of("bybit", "mark,interest", 15 * MINUTE_MS) == ([("mark", 15), ("interest", 15)], [])


def test_what_an_exchange_lacks_is_said_with_the_reason_and_not_asked_for() -> None:
    wanted, lacking = what_of("xt", "bars,mark,funding", 3 * MINUTE_MS)
    assert wanted == [("funding", 0)]
    assert lacking == [
        ("bars", "there are 1m, 5m, 15m, 30m, 1h, 4h, 1d"),
        ("mark", "XT tells the present mark price only (q/symbol-mark-price)"),
    ]
    assert what_of("bybit", "funding", MINUTE_MS, dated=True) == (
        [],
        [("funding", "a dated contract has no funding")],
    )
