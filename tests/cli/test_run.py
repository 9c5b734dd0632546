"""``holdfast run``: what it refuses before it begins, and how it lives and ends whatever it is made of."""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result

from bot.cli.failures import Failure
from bot.cli.run import execute
from bot.cli.running import Running
from bot.config import Settings, load
from bot.core.engine import Engine
from bot.core.facts import AccountRead, BalanceChanged, InstrumentChanged, MarkPrice, PositionChanged
from bot.core.settings import EngineSettings, RuleEntry
from bot.core.types import AccountName
from bot.runtime.clock import Clock, SystemClock
from bot.runtime.compositions.parts import Composition
from bot.runtime.errors import CRASHED
from bot.runtime.inbox import Inbox
from bot.runtime.journal import Journal
from bot.runtime.lock import hold
from bot.runtime.secrets import keys_of
from bot.runtime.starting.connecting import Say
from bot.runtime.starting.errors import StartRefused
from bot.runtime.starting.findings import Finding, Level
from bot.venues.live.line import Unreadable
from bot.venues.live.wire import Request
from bot.venues.port import Batch
from tests.building.core import ABLE, BTC, LONG, MAIN, a_contract, a_position
from tests.runtime.fakes import FakeVenue

Run = Callable[..., Result]
LIVE = """\
mode = "live"

[accounts.main]
venue = "binanceusdm"
keys = { api_key = "env:KEY", secret = "env:SECRET" }
loopback = { port = 1, ca_file = "bot.toml" }
"""
CANARY = "cAnary5b8Kq0zz"


# -- refused before anything begins ---------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(old: str = "", new: str = "") -> Path:
        path = tmp_path / "bot.toml"
        path.write_text(LIVE.replace(old, new, 1) if old else LIVE)
        return path

    return write


def test_a_run_says_which_it_is(holdfast: Run, file: Callable[..., Path]) -> None:
    answer = holdfast("run", file())
    assert answer.exit_code == 2
    assert "say which: --paper, --shadow, --live" in answer.stderr


@pytest.mark.parametrize("flags", [("--live", "--paper"), ("--paper", "--live"), ("--live", "--shadow")])
def test_of_two_ways_to_run_none_is_taken(
    flags: tuple[str, str], holdfast: Run, file: Callable[..., Path]
) -> None:
    answer = holdfast("run", file(), *flags)
    assert answer.exit_code == 2
    assert "say one of them only: --paper, --shadow, --live" in answer.stderr


@pytest.mark.parametrize(
    ("flag", "old", "new", "said"),
    [
        ("--live", 'mode = "live"', "", 'needs mode = "live" in the file as well as the flag'),
        ("--live", "loopback", "# loopback", "sends nothing to a real exchange"),
        ("--live", "keys", "# keys", "a real account has keys, a simulated one"),
        ("--shadow", "keys", "# keys", "a real account has keys, a simulated one"),
        ("--live", "bot.toml", "gone.pem", "gone.pem: no such file"),
        ("--live", '"env:SECRET"', '"file:none"', "accounts.main.keys.secret: "),
        ("--live", "binanceusdm", "binance", 'did you mean "binanceusdm"'),
    ],
)
def test_what_the_file_does_not_allow_is_one_line_and_nothing_is_connected(
    holdfast: Run,
    file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    flag: str,
    old: str,
    new: str,
    said: str,
) -> None:
    monkeypatch.setenv("KEY", CANARY)
    monkeypatch.setenv("SECRET", CANARY)
    path = file(old, new)
    answer = holdfast("run", path, flag)
    assert answer.exit_code == 4, answer.output
    assert said in answer.stderr
    assert answer.stderr.splitlines()[0].startswith(f"{path}:")
    assert CANARY not in answer.output + answer.stderr


def test_a_paper_run_needs_to_know_whose_prices(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text("[accounts.main]\nbalance = 5000\n")
    answer = holdfast("run", path, "--paper")
    assert answer.exit_code == 4
    assert "accounts.main.venue: missing; a paper run needs the prices of an exchange" in answer.stderr


def test_a_time_needs_its_unit(holdfast: Run, file: Callable[..., Path]) -> None:
    assert holdfast("run", file(), "--live", "--for", "90").exit_code == 2


# -- the life of a run ----------------------------------------------------------------------------


@dataclass
class Stage:
    """A composition without an exchange: a venue that holds one position, and a feed of the test's own."""

    feed: Callable[[Inbox], object]
    findings: Sequence[Finding] = ()
    rules: tuple[RuleEntry, ...] = ()
    venue: FakeVenue = field(default_factory=lambda: FakeVenue(account=[_account()]))
    closed: bool = False

    @asynccontextmanager
    async def __call__(
        self, settings: Settings, *, journal: Journal, clock: Clock, say: Say
    ) -> AsyncIterator[Composition]:
        keys_of(settings, "main")
        say(f"connected with {os.environ['SECRET']}")
        refusing = [finding for finding in self.findings if finding.level is Level.REFUSE]
        if refusing:
            raise StartRefused([finding.text for finding in refusing], refusing)
        core = EngineSettings(rules=self.rules, capabilities={MAIN: ABLE}, epoch=journal.epoch)

        async def feed(inbox: Inbox) -> None:
            self.feed(inbox)
            await asyncio.sleep(60)

        try:
            yield Composition(
                engine=Engine(core),
                settings=core,
                venue=self.venue,
                journal=journal,
                inherited=(),
                feeds={"market": feed},
                symbols=(BTC,),
                findings={AccountName("main"): self.findings},
                clocks=(),
                gate=None,
            )
        finally:
            self.closed = True


def _account() -> Batch:
    now_ms = SystemClock().now_ms()
    return (
        InstrumentChanged(at_ms=now_ms, contract=a_contract()),
        BalanceChanged(at_ms=now_ms, account=MAIN, wallet=Decimal(1000), free=Decimal(1000)),
        PositionChanged(at_ms=now_ms, id=LONG, position=a_position()),
        AccountRead(at_ms=now_ms, account=MAIN),
    )


def signals(_: Inbox) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def perform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Callable[..., Path]) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "the-public-part")
    monkeypatch.setenv("SECRET", CANARY)

    def execute_it(stage: Stage, for_ms: int | None = None) -> int:
        running = Running(
            settings=load(file(), {}),
            compose=stage,
            command="run --live",
            title="A STAGE",
            mode="live",
            for_ms=for_ms,
        )
        return execute(running, SystemClock())

    return execute_it


def rows(folder: Path) -> list[tuple[str, dict[str, str]]]:
    with closing(sqlite3.connect(folder / "data" / "holdfast.db")) as database:
        found = database.execute("SELECT kind, body FROM row ORDER BY seq").fetchall()
    return [(kind, json.loads(body)) for kind, body in found]


def test_a_run_ends_in_order_at_a_signal(
    perform: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(signals)
    assert perform(stage) == 0
    assert stage.closed
    assert rows(tmp_path)[-1] == ("Stopped", {"because": "SIGTERM"})
    out = capfd.readouterr().out
    assert out.startswith("A STAGE\n")
    assert "main armed" in out
    assert "BTC long 1" in out
    assert "ended in order; everything is in data/holdfast.db" in out


def test_a_run_ends_when_its_time_is_over(perform: Callable[..., int], tmp_path: Path) -> None:
    assert perform(Stage(lambda _: None), for_ms=1) == 0
    assert rows(tmp_path)[-1] == ("Stopped", {"because": "its time is over"})


def test_the_journal_says_what_an_engine_of_this_run_is_built_from(
    perform: Callable[..., int], tmp_path: Path
) -> None:
    perform(Stage(signals))
    found = rows(tmp_path)
    body = next(body for kind, body in found if kind == "Started")
    epoch = next(body["epoch"] for kind, body in found if kind == "Opened")
    assert (body["command"], body["shadow"], body["engine_epoch"]) == ("run --live", "", epoch)
    assert json.loads(body["stale_after_ms"]) == {"BTC/USDT:USDT": 5000}
    assert json.loads(body["capabilities"])["main"]["venue"] == "somewhere"


def test_a_second_instance_is_turned_away(
    perform: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with hold(tmp_path / "data"):
        assert perform(Stage(signals)) == 75
    captured = capfd.readouterr()
    (line,) = captured.err.splitlines()
    assert "is already running here; stop it, or name a file in another folder as journal.path" in line
    assert captured.out == ""


def test_a_start_that_is_refused_says_why_in_lines_and_connects_no_rule(
    perform: Callable[..., int], tmp_path: Path
) -> None:
    stage = Stage(
        signals,
        findings=[
            Finding(level=Level.REFUSE, text="the key may withdraw money"),
            Finding(level=Level.NOTE, text="the clock is right"),
        ],
    )
    with pytest.raises(Failure) as caught:
        perform(stage)
    assert (caught.value.exit_code, str(caught.value)) == (6, "the key may withdraw money")
    assert "Started" not in [kind for kind, _ in rows(tmp_path)]
    assert stage.venue.sent == []


def test_what_only_the_file_is_wrong_about_is_a_mistake_of_configuration(perform: Callable[..., int]) -> None:
    stage = Stage(signals, findings=[Finding(level=Level.REFUSE, text="hedge mode", mistaken=True)])
    with pytest.raises(Failure) as caught:
        perform(stage)
    assert caught.value.exit_code == 4


def test_what_was_found_is_told_before_it_begins(
    perform: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    perform(Stage(signals, findings=[Finding(level=Level.WARN, text="no stop rests")]))
    assert "main: no stop rests" in capfd.readouterr().out


def test_an_exchange_that_cannot_be_read_at_the_start_is_no_defect(
    perform: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    class Deaf(FakeVenue):
        async def snapshot(self) -> Sequence[Batch]:
            raise Unreadable(Request(api="x", method="GET", path="balance"), "no complete answer")

    assert perform(Stage(signals, venue=Deaf())) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert (
        line == "holdfast: the exchange: GET balance: no complete answer; look at the network and start again"
    )


def test_a_key_that_is_revoked_while_it_starts_is_for_a_person_to_look_at(
    perform: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    class Refusing(FakeVenue):
        async def snapshot(self) -> Sequence[Batch]:
            raise Unreadable(Request(api="x", method="GET", path="balance"), "HTTP 401", code="-2015")

    assert perform(Stage(signals, venue=Refusing())) == 4
    (line,) = capfd.readouterr().err.splitlines()
    assert line == (
        "holdfast: the exchange: our key is not accepted (GET balance: HTTP 401); "
        "look at the key, its rights and the addresses it is bound to"
    )


def test_a_secret_is_in_nothing_that_a_failing_run_leaves(
    perform: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def breaks(_: Inbox) -> None:
        key = os.environ["SECRET"]
        raise RuntimeError(f"signed with {key}: {{'apiKey': '{key}'}} and %s" % key)

    assert perform(Stage(breaks)) == CRASHED
    captured = capfd.readouterr()
    assert "signed with ***" in captured.err
    log = (tmp_path / "data" / "holdfast.log").read_text()
    assert "Traceback" in log
    assert "connected with ***" in log
    kind, body = rows(tmp_path)[-1]
    assert kind == "Crashed"
    assert "signed with ***" in body["because"]
    left = captured.out + captured.err + log
    assert CANARY not in left
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


def test_marks_reach_the_screen(perform: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    def marks(inbox: Inbox) -> None:
        now_ms = SystemClock().now_ms()
        inbox.put_now((MarkPrice(at_ms=now_ms, symbol=BTC, price=a_position().entry),))

    perform(Stage(marks), for_ms=50)
    assert "10.00%" in capfd.readouterr().out  # Bought at 100, liquidated at 90.
