import asyncio
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.demonstration import share_of_time
from bot.cli.main import cli
from bot.cli.playing import TapeClock
from bot.cli.table import board, cells
from bot.core.asking.explain import PositionStatus
from bot.core.types import AccountName, PositionId, RuleName, Side, Symbol
from bot.lab.scenario import CALM_MINUTES, MINUTE_MS, MINUTES, START_MS
from bot.runtime.lock import hold

PROGRAM = (sys.executable, "-m", "bot")


@dataclass(frozen=True)
class Seen:
    """A demonstration that was run once, as fast as it goes, in an empty folder."""

    folder: Path
    output: str
    errors: str
    exit_code: int


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("demo")
    done = run(folder, *PROGRAM, "demo", "--seconds", "0")
    return Seen(folder, done.stdout, done.stderr, done.returncode)


def ask(folder: Path, *command: str) -> Result:
    """A command in that folder, without a process of its own: what was played there is what is looked at."""
    with chdir(folder):
        return CliRunner().invoke(cli, command, prog_name="holdfast")


def journal(folder: Path, *options: str) -> list[dict[str, object]]:
    answer = ask(folder, "journal", "--json", "--limit", "200", *options)
    assert answer.exit_code == 0, answer.stderr
    rows: list[dict[str, object]] = json.loads(answer.stdout)["rows"]
    return rows


def test_the_demonstration_ends_well(seen: Seen) -> None:
    assert seen.exit_code == 0, seen.errors
    assert seen.errors == ""


def test_a_reader_that_leaves_does_not_end_the_guard_of_positions(tmp_path: Path) -> None:
    command = (*PROGRAM, "demo", "--seconds", "0")
    demo = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    assert demo.stderr is not None
    demo.stdout.readline()
    demo.stdout.close()
    errors = demo.stderr.read()
    demo.stderr.close()
    assert (demo.wait(timeout=120), errors) == (0, "")
    assert [row["kind"] for row in journal(tmp_path, "--kind", "run")][-1] == "Stopped"


def test_both_positions_are_shown_with_what_protects_them(seen: Seen) -> None:
    assert re.search(r"BTC long \S+ +\S+ +\S+ +\d+\.\d\d% .* (seatbelt|atr_stop) at ", seen.output)


def test_the_orderly_end_is_among_the_rows_of_the_run(seen: Seen) -> None:
    assert [row["kind"] for row in journal(seen.folder, "--kind", "run")] == ["Opened", "Started", "Stopped"]


def test_every_configured_rule_acts_or_shows_its_refusal(seen: Seen) -> None:
    heard = {row["rule"] for row in journal(seen.folder, "--kind", "action", "--kind", "refusal")}
    levers = {"cut_leverage", "top_up", "quarterly_hedge", "partial_close", "atr_stop"}
    assert levers | {"keeper", "seatbelt"} <= heard
    assert "refused (budget)" in seen.output
    summary = seen.output.partition("what each rule did\n")[2]
    for lever in levers:
        assert re.search(rf"^  {lever} +\S.*\d", summary, re.MULTILINE)


def test_the_leverage_that_binance_will_not_cut_is_replaced_by_margin(seen: Seen) -> None:
    refused = "instead of cutting to 10x (binance refuses it on an open isolated position: -4161): adding "
    assert re.search(rf"BTC long  cut_leverage: AddMargin \S+ .*{re.escape(refused)}", seen.output)
    assert re.search(r"\n  cut_leverage +1 AddMargin \(249.08\) instead of CutLeverage\n", seen.output)


def told(seen: Seen) -> list[str]:
    """What was said during the crash, each line with its time."""
    return [line for line in seen.output.splitlines() if re.match(r"  \d\d:\d\d:\d\d  ", line)]


def test_the_hedge_is_opened_follows_and_is_closed_when_it_is_calm(seen: Seen) -> None:
    lines = told(seen)
    steps = [
        "BTC long  quarterly_hedge: OpenHedge 0.123 in BTC/USDT:USDT-251226 (synthetic)",
        "BTC-251226 short (synthetic)  keeper: ReducePosition ",
        "BTC long  quarterly_hedge: CloseHedge ",
        "BTC-251226 short (synthetic)  is closed",
    ]
    found = [next(n for n, line in enumerate(lines) if step in line) for step in steps]
    assert found == sorted(found)
    assert " calm: liquidation " in lines[found[2]]
    assert re.search(r"-251226 \(synthetic\)/short +closed, realised [\d.,]+ +-\n", seen.output)


def test_nothing_is_said_twice(seen: Seen) -> None:
    assert len(told(seen)) == len(set(told(seen)))


def test_the_hedge_is_a_row_of_its_own_that_says_what_it_guards(tmp_path: Path) -> None:
    paper = (Path(__file__).parents[2] / "config" / "paper.toml").read_text()
    (tmp_path / "bot.toml").write_text(paper.replace("calm = 0.13", "calm = 0.9"))
    done = run(tmp_path, *PROGRAM, "demo", "--seconds", "0", "-c", "bot.toml")
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"  BTC-251226 short \S+ +\S+ \(synthetic\) .*", done.stdout)
    assert "the pair with main/BTC/USDT:USDT/long" in rows[-1]
    explained = ask(tmp_path, "explain", "BTC", "-c", "bot.toml").stdout
    assert re.search(r"hedged with 0\.\d+ BTC/USDT:USDT-251226 \(synthetic\)", explained)
    assert "2025-12-23 08:00:00 comes" in explained  # three days before the last Friday of December
    hedge = ask(tmp_path, "explain", "BTC/USDT:USDT-251226", "-c", "bot.toml").stdout
    assert hedge.startswith("main/BTC/USDT:USDT-251226 (synthetic)/short\n")
    assert "protected by the pair with main/BTC/USDT:USDT/long" in hedge


def test_the_journal_flags_what_is_synthetic(seen: Seen) -> None:
    hedging = journal(seen.folder, "--rule", "quarterly_hedge", "--kind", "action")
    assert {row["synthetic"] for row in hedging} == {True}
    assert {row["synthetic"] for row in journal(seen.folder, "--rule", "top_up")} == {False}
    shown = ask(seen.folder, "journal", "--symbol", "BTC/USDT:USDT-251226").stdout
    assert shown
    assert all("BTC/USDT:USDT-251226 (synthetic)" in line for line in shown.splitlines())
    perpetual = ask(seen.folder, "journal", "--rule", "quarterly_hedge", "--kind", "action").stdout
    assert all(" in BTC/USDT:USDT-251226 (synthetic) (mark " in line for line in perpetual.splitlines())


def test_what_would_have_happened_without_defence_is_beside_what_happened(seen: Seen) -> None:
    assert "SURVIVED with the rules; liquidated 2 times without any defence." in seen.output
    assert re.search(r"survived +yes +NO\n", seen.output)
    assert re.search(r"main/BTC/USDT:USDT/long +\S.* liquidated\n", seen.output)


def test_the_three_commands_it_ends_with_work_when_pasted(seen: Seen) -> None:
    commands = [line.strip() for line in seen.output.splitlines() if line.startswith("  " + PROGRAM[0])]
    assert len(commands) == 3
    for command in commands:
        done = run(seen.folder, *shlex.split(command))
        assert done.returncode == 0, done.stderr
        assert done.stdout
    assert "journal: data/holdfast.db" in seen.output


def test_the_demonstration_comes_to_the_decisions_of_a_replay(seen: Seen) -> None:
    tapes = sorted(str(path) for path in (seen.folder / "data" / "demo").glob("*.csv"))
    paper = str(Path(__file__).parents[2] / "config" / "paper.toml")
    replayed = ask(seen.folder, "replay", *tapes, "--config", paper, "--json")
    answer = json.loads(replayed.stdout)
    played = journal(seen.folder, "--kind", "action")
    assert [(row["at_ms"], row["rule"]) for row in played] == [
        (action["at_ms"], action["rule"]) for action in answer["actions"]
    ]


def test_explain_tells_why_from_the_journal(seen: Seen) -> None:
    done = ask(seen.folder, "explain", "btc")
    assert done.exit_code == 0, done.stderr
    assert "top_up: " in done.stdout
    assert "distance below 0.045" in done.stdout
    closed = ask(seen.folder, "explain", "ETH/USDT:USDT", "--json")
    answer = json.loads(closed.stdout)
    assert answer["symbol"] == "ETH/USDT:USDT"
    assert answer["last"]


def test_a_position_that_a_stop_closed_is_said_to_be(seen: Seen) -> None:
    shown = ask(seen.folder, "journal", "--symbol", "ETH/USDT:USDT").stdout
    (line,) = [line for line in shown.splitlines() if " was met: " in line]
    found = re.search(r"^(\S+ \S+) .* (\w+)'s stop was met: [\d.]+ at ([\d.]+)$", line)
    assert found is not None, line
    at, rule, price = found.groups()
    explained = ask(seen.folder, "explain", "ETH").stdout
    assert f"no open position\n\nclosed by {rule}'s stop at {price}, {at}\n" in explained
    met = journal(seen.folder, "--rule", rule, "--symbol", "ETH/USDT:USDT")[-1]
    assert (met["kind"], met["rule"]) == ("Outcome", rule)
    assert "closed by" not in ask(seen.folder, "explain", "BTC").stdout


def test_explain_says_of_a_hedge_that_is_closed_that_its_prices_are_modelled(seen: Seen) -> None:
    hedge = "BTC/USDT:USDT-251226"
    explained = ask(seen.folder, "explain", hedge).stdout
    assert explained.startswith(f"{hedge} (synthetic): no open position")
    assert "quarterly_hedge  OpenHedge 0.123 in " in explained
    assert "quarterly_hedge  CloseHedge 0.029 in " in explained
    assert hedge not in explained.replace(f"{hedge} (synthetic)", "")
    shown = ask(seen.folder, "journal", "--symbol", hedge).stdout
    assert "OpenHedge 0.123 in" in shown
    assert "keeper" in shown
    assert hedge not in shown.replace(f"{hedge} (synthetic)", "")


def test_explain_refuses_what_it_does_not_know(
    seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = ask(seen.folder, "explain", "ETC/USDT:USDT")
    assert unknown.exit_code == 2
    assert unknown.stderr.startswith('unknown symbol "ETC/USDT:USDT"; did you mean "ETH/USDT:USDT"?')
    monkeypatch.setenv("HOLDFAST__LIMITS__RESERVE", "1")
    changed = ask(seen.folder, "explain", "BTC")
    monkeypatch.undo()
    assert changed.exit_code == 4
    assert "another configuration" in changed.stderr
    nothing = ask(tmp_path, "explain", "BTC")
    assert nothing.exit_code == 1
    assert "there is no journal" in nothing.stderr


def test_a_second_bot_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with hold(tmp_path / "data"):
        done = ask(tmp_path, "demo", "--seconds", "0")
    assert done.exit_code == 75
    assert "already running" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_position_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    paper = (Path(__file__).parents[2] / "config" / "paper.toml").read_text()
    (tmp_path / "bot.toml").write_text(paper.replace("balance = 6500", "balance = 1300"))
    done = ask(tmp_path, "demo", "--seconds", "0", "-c", "bot.toml")
    assert done.exit_code == 1
    assert done.stderr.startswith("holdfast: bot.toml:")
    assert done.stderr.endswith("; use a smaller quantity, a higher leverage or more balance\n")
    assert done.stderr.count("\n") == 1


def test_the_running_demonstration_answers_and_can_be_interrupted(tmp_path: Path) -> None:
    command = [*PROGRAM, "demo", "--seconds", "60"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stdout is not None
        next(line for line in running.stdout if "BTC long" in line)
        answer = run(tmp_path, *PROGRAM, "explain", "BTC")
        assert "as seen by the running bot" in answer.stdout, answer.stderr
        shown = run(tmp_path, *PROGRAM, "journal")
        assert "seatbelt" in shown.stdout, shown.stderr
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors


# --- the parts ---


def test_time_on_the_screen_is_spent_on_the_crash() -> None:
    moments = [share_of_time(START_MS + minute * MINUTE_MS) for minute in range(MINUTES + 1)]
    assert moments == sorted(moments)
    assert moments[0] == 0
    assert moments[-1] == pytest.approx(1)
    assert moments[CALM_MINUTES] < 0.25
    assert moments[CALM_MINUTES + 45] - moments[CALM_MINUTES] > 0.5


def test_the_clock_of_a_tape_wakes_sleepers_when_their_time_comes() -> None:
    async def main() -> list[str]:
        clock = TapeClock(1_000)
        heard: list[str] = []

        async def sleep(name: str, ms: int) -> None:
            await clock.sleep(ms)
            heard.append(f"{name} at {clock.now_ms()}")

        sleepers = [asyncio.ensure_future(sleep(name, ms)) for name, ms in (("b", 20), ("a", 10), ("c", 900))]
        await asyncio.sleep(0)
        sleepers[2].cancel()
        for at_ms in (1_009, 1_010, 1_005, 1_500, 2_000):
            clock.advance(at_ms)
            await asyncio.sleep(0)
        await asyncio.gather(*sleepers, return_exceptions=True)
        return heard

    assert asyncio.run(main()) == ["a at 1010", "b at 1500"]


STATUS = PositionStatus(
    id=PositionId(AccountName("main"), Symbol("BTC/USDT:USDT"), Side.LONG),
    quantity=Decimal("0.120"),
    mark=Decimal("100000.50"),
    liquidation=Decimal(91000),
    distance=Decimal("0.0900045"),
    margin_ratio=Decimal("0.0444"),
    protected_by="hf-1-1",
    naked_since_ms=None,
    next_rule=None,
    next_away=None,
    synthetic=False,
    last_action=None,
    last_refusal=None,
)


HEDGE = replace(
    STATUS,
    id=PositionId(AccountName("main"), Symbol("BTC/USDT:USDT-251226"), Side.SHORT),
    quantity=Decimal("0.060"),
    protected_by="the pair with main/BTC/USDT:USDT/long",
    synthetic=True,
)


def shown(rows: Sequence[PositionStatus], *, terminal: bool) -> str:
    class Out(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    out = Out()
    with board("the title", out) as found:
        found.show(START_MS, rows, {"hf-1-1": "seatbelt at 92000"})
        found.say("[something] happened", "warning")
    return out.getvalue()


def test_a_position_is_shown_in_figures_people_read() -> None:
    assert cells(STATUS, {"hf-1-1": "seatbelt at 92000"}) == (
        "BTC long 0.12",
        "100000.5",
        "91000",
        "9.00%",
        "4.4%",
        "seatbelt at 92000",
        "-",
        "-",
    )


def test_a_position_without_protection_is_naked_since_a_time() -> None:
    assert cells(replace(STATUS, protected_by=None, naked_since_ms=START_MS), {})[5] == "NAKED since 21:20:00"


def test_a_position_without_liquidation_price_has_dashes() -> None:
    assert cells(replace(STATUS, liquidation=None, distance=None), {})[2:4] == ("-", "-")


def test_the_next_rule_says_how_far_it_is() -> None:
    assert cells(replace(STATUS, next_rule="top_up", next_away="0.0123"), {})[6] == "top_up in 1.23%"  # type: ignore[arg-type]


def test_a_hedge_looks_like_no_other_position() -> None:
    shown_as = cells(HEDGE, {})
    assert shown_as[:2] == ("BTC-251226 short 0.06", "100000.5 (synthetic)")
    assert shown_as[5] == "the pair with main/BTC/USDT:USDT/long"


def test_the_table_is_drawn_on_a_terminal() -> None:
    text = shown([STATUS], terminal=True)
    assert "the title" in text
    assert "91000" in text
    assert "[something] happened" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 160])
def test_every_figure_stays_whole_on_a_narrow_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    busy = replace(STATUS, next_rule=RuleName("partial_close"), next_away="0.0123")
    naked = replace(STATUS, protected_by=None, naked_since_ms=START_MS)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown([busy, naked, HEDGE], terminal=True))
    assert all(len(line) <= columns for line in text.splitlines())
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    for whole in ("100000.5", "91000", "9.00%", "4.4%", "seatbelt at 92000", "NAKED since 21:20:00", "1.23%"):
        assert whole in " ".join(text.split())


def test_on_a_narrow_terminal_the_least_important_comes_beneath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    busy = replace(STATUS, next_rule=RuleName("partial_close"), next_away="0.0123")
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown([busy], terminal=True))
    assert " BTC long 0.12, next rule: partial_close in 1.23%" in text
    assert re.search(r"position +mark +liquidation +distance +ratio +protected by", text)


def test_plain_lines_are_written_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown([STATUS], terminal=False) == ""
    shown([], terminal=False)
    written = capsys.readouterr().out
    assert "\x1b" not in written
    assert "BTC long 0.12" in written
    assert "no open position" in written


def test_a_latency_is_played_as_in_a_replay(tmp_path: Path) -> None:
    paper = Path(__file__).parents[2] / "config" / "paper.toml"
    (tmp_path / "bot.toml").write_text(paper.read_text().replace("latency_ms = 0", "latency_ms = 3000"))
    done = run(tmp_path, *PROGRAM, "demo", "--seconds", "0", "-c", "bot.toml")
    assert (done.returncode, done.stderr) == (0, "")
    tapes = sorted(str(path) for path in (tmp_path / "data" / "demo").glob("*.csv"))
    replayed = ask(tmp_path, "replay", *tapes, "--config", "bot.toml", "--json")
    answer = json.loads(replayed.stdout)
    played = journal(tmp_path, "-c", "bot.toml", "--kind", "action")
    assert [(row["at_ms"], row["rule"]) for row in played] == [
        (action["at_ms"], action["rule"]) for action in answer["actions"]
    ]


def test_a_latency_beyond_the_deadline_is_refused(tmp_path: Path) -> None:
    paper = (Path(__file__).parents[2] / "config" / "paper.toml").read_text()
    (tmp_path / "bot.toml").write_text(paper.replace("latency_ms = 0", "latency_ms = 5000"))
    done = ask(tmp_path, "demo", "--seconds", "0", "-c", "bot.toml")
    assert done.exit_code == 4
    assert "paper.latency_ms: found 5000, and limits.deadline is 5000 ms" in done.stderr
    assert not (tmp_path / "data").exists()


CRASHING = """
import sys
from bot.cli import demonstration
from bot.cli.main import main
from bot.runtime.redaction import hide

hide("c4n4ry-01")

async def crash(self, life, board, **rest):
    local = "a local c4n4ry-02"
    raise KeyError("c4n4ry-01")

demonstration.Demonstration.perform = crash
sys.argv = ["holdfast", "demo", "--seconds", "0"]
main()
"""


def test_a_defect_is_reported_with_its_place_and_without_secrets(tmp_path: Path) -> None:
    done = run(tmp_path, sys.executable, "-c", CRASHING)
    assert done.returncode == 70
    assert "in crash" in done.stderr
    assert "KeyError: '***'" in done.stderr
    assert "c4n4ry-01" not in done.stderr
    assert "c4n4ry-02" not in done.stderr
