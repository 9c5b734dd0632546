import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from bot.cli.journal_file import Reading
from bot.runtime.control import Args, ControlServer
from bot.runtime.lock import hold
from tests.cli.conftest import CRASH, START_MS

Run = Callable[..., Result]
Write = Callable[..., Path]
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def rows(holdfast: Run, tape: Write) -> Ask:
    """Asks the journal of a replayed crash for rows."""
    assert holdfast("replay", tape(*CRASH), "--journal", "run.db").exit_code == 0

    def ask(*options: str) -> list[dict[str, Any]]:
        answer = holdfast("journal", "--journal", "run.db", "--json", *options)
        assert answer.exit_code == 0, answer.stderr
        found: list[dict[str, Any]] = json.loads(answer.output)["rows"]
        return found

    return ask


def test_decisions_are_shown_oldest_first(rows: Ask) -> None:
    found = rows()
    assert {row["kind"] for row in found} <= {"Action", "Refusal", "StateChanged", "Liquidated", "Outcome"}
    assert [row["seq"] for row in found] == sorted(row["seq"] for row in found)
    assert all(row["body"]["type"] == row["kind"] for row in found)


def test_rows_are_chosen_by_rule_symbol_and_kind(rows: Ask) -> None:
    assert {row["rule"] for row in rows("--rule", "seatbelt")} == {"seatbelt"}
    assert rows("--symbol", "BTC/USDT:USDT") == rows("--symbol", "btc") != []
    assert {row["kind"] for row in rows("--kind", "outcome", "--kind", "action")} == {"Outcome", "Action"}
    assert {row["kind"] for row in rows("--kind", "run")} >= {"Opened", "Started"}
    assert {row["part"] for row in rows("--kind", "all", "--limit", "200")} >= {"fact", "decision", "note"}


def test_a_symbol_that_the_run_did_not_have_is_refused_with_those_it_had(holdfast: Run, rows: Ask) -> None:
    answer = holdfast("journal", "--journal", "run.db", "--symbol", "ETH/USDT:USDT")
    assert answer.exit_code == 2
    assert 'unknown symbol "ETH/USDT:USDT"' in answer.stderr
    assert "there are BTC/USDT:USDT" in answer.stderr


def test_the_limit_keeps_the_last_rows(rows: Ask) -> None:
    assert rows("--limit", "2") == rows()[-2:]


def test_since_is_a_time_or_counts_back_from_the_last_row(rows: Ask) -> None:
    everything = rows()
    assert rows("--since", "1d") == everything
    last_ms = max(row["at_ms"] for row in rows("--kind", "all"))
    recent = rows("--since", "1m")
    assert recent == [row for row in everything if row["at_ms"] >= last_ms - 60_000]
    assert rows("--since", "2100-01-01") == []
    assert rows("--since", "2025-10-09T08:54:00") == [r for r in everything if r["at_ms"] >= START_MS]


def test_a_time_that_cannot_be_read_is_wrong_usage(holdfast: Run) -> None:
    answer = holdfast("journal", "--since", "yesterday")
    assert answer.exit_code == 2
    assert 'found "yesterday"; write 30m, 2h' in answer.stderr


def test_only_the_latest_run_is_shown_unless_all_are_asked_for(holdfast: Run, tape: Write, rows: Ask) -> None:
    first = rows("--rule", "top_up")
    assert holdfast("replay", tape(*CRASH), "--journal", "run.db").exit_code == 0
    second = rows("--rule", "top_up")
    assert first
    assert [row["body"] for row in second] == [row["body"] for row in first]
    assert {row["run"] for row in first} == {1}
    assert {row["run"] for row in second} == {2}
    assert rows("--rule", "top_up", "--all-runs") == first + second
    lines = holdfast("journal", "--journal", "run.db", "--rule", "top_up", "--all-runs").output.splitlines()
    assert [n for n, line in enumerate(lines) if line.startswith("---")] == [0, 1 + len(first)]
    assert lines[0] == "--- run 1 ---"
    assert len(holdfast("journal", "--journal", "run.db", "--rule", "top_up").output.splitlines()) == len(
        second
    )


def test_the_last_decisions_are_those_of_the_run_that_is_explained(
    holdfast: Run, tape: Write, rows: Ask
) -> None:
    config = Path(__file__).parents[2] / "config" / "replay.toml"
    calm = tape(100_000, 100_010, 100_020, name="BTC_calm_perp_1m.csv")
    assert holdfast("replay", calm, "--journal", "run.db").exit_code == 0
    answer = json.loads(
        holdfast("explain", "BTC", "--journal", "run.db", "--config", config, "--json").output
    )
    begin = rows("--kind", "run")[0]["seq"]
    assert answer["last"]
    assert all(row["seq"] > begin for row in answer["last"])


def test_people_get_one_line_a_row(holdfast: Run, rows: Ask) -> None:
    text = holdfast("journal", "--journal", "run.db").output
    assert len(text.splitlines()) == len(rows())
    assert "top_up" in text
    assert "AddMargin" in text


def test_nothing_found_is_said_on_stderr(holdfast: Run, rows: Ask) -> None:
    answer = holdfast("journal", "--journal", "run.db", "--rule", "keeper")
    assert answer.exit_code == 0
    told = "run.db: no such rows in the latest run; --all-runs looks at the others, too\n"
    assert answer.output == answer.stderr == told


def test_a_rule_that_nobody_knows_is_refused_with_those_there_are(holdfast: Run, rows: Ask) -> None:
    answer = holdfast("journal", "--journal", "run.db", "--rule", "topup", "--json")
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith('unknown rule "topup"; did you mean "top_up"?; there are ')
    assert "seatbelt" in answer.stderr


def test_a_configured_rule_that_has_had_nothing_to_say_is_known(
    holdfast: Run, rows: Ask, tmp_path: Path
) -> None:
    shipped = (Path(__file__).parents[2] / "config" / "replay.toml").read_text()
    (tmp_path / "bot.toml").write_text(
        shipped.replace('use = "partial_close"', 'use = "partial_close"\nname = "quiet"')
    )
    answer = holdfast("journal", "--journal", "run.db", "--rule", "quiet", "--config", "bot.toml")
    assert answer.exit_code == 0
    assert "no such rows" in answer.stderr
    assert holdfast("journal", "--journal", "run.db", "--rule", "quiet").exit_code == 2


def test_a_replay_is_explained_from_its_journal(holdfast: Run, tape: Write, rows: Ask) -> None:
    config = Path(__file__).parents[2] / "config" / "replay.toml"
    answer = holdfast("explain", "BTC", "--journal", "run.db", "--config", config, "--json")
    assert answer.exit_code == 0, answer.stderr
    explained = json.loads(answer.output)
    assert explained["symbol"] == "BTC/USDT:USDT"
    assert explained["source"] == "the last run in run.db"
    text = holdfast("explain", "BTC", "--journal", "run.db", "--config", config).output
    assert "last decisions" in text


def test_a_second_replay_into_one_journal_is_explained_as_well(holdfast: Run, tape: Write, rows: Ask) -> None:
    config = Path(__file__).parents[2] / "config" / "replay.toml"
    calm = tape(100_000, 100_010, 100_020, name="ETH_test_perp_1m.csv")
    assert holdfast("replay", calm, "--journal", "run.db").exit_code == 0
    answer = holdfast("explain", "ETH", "--journal", "run.db", "--config", config)
    assert answer.exit_code == 0, answer.stderr
    assert "main/ETH/USDT:USDT/long" in answer.output
    assert "distance below 0.06" in answer.output
    assert "as seen by the last run in run.db, at the mark of " in answer.output
    assert holdfast("explain", "BTC", "--journal", "run.db", "--config", config).exit_code == 2


@pytest.mark.parametrize(("running", "live"), [("run.db", True), ("another.db", False)])
def test_of_a_journal_beside_that_of_the_running_bot_the_file_is_read(
    rows: Ask, running: str, live: bool
) -> None:
    rows()

    folder = Path("run.db").resolve().parent

    async def status(_: Args) -> object:
        return {"journal": running}

    async def page(_: Args) -> object:
        return [{"from": "the running bot"}]

    async def read() -> tuple[bool, list[dict[str, Any]]]:
        queries = {"status": status, "journal": page}
        async with ControlServer(folder, queries).listening():
            with hold(folder):
                async with Reading.of(folder / "run.db") as reading:
                    return reading.live, await reading.page({"kind": "Action", "limit": 1})

    found, (row,) = asyncio.run(read())
    assert found is live
    assert row.get("kind", row.get("from")) == ("the running bot" if live else "Action")
