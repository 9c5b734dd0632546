"""Orders to a running bot: what reaches it, what it answers, and what is refused in one line."""

import asyncio
import getpass
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.core.decisions import Action
from bot.core.facts import Command, CommandKind, OrderEnded, OrdersChanged, OutcomeKind
from bot.core.held.losses import Ending
from bot.core.settings import Limits
from bot.core.states import BotState
from bot.core.step import Step
from bot.runtime.commanding import Commanding
from bot.runtime.control import ControlServer
from bot.runtime.inbox import Inbox
from bot.runtime.journal.memory import MemoryJournal
from bot.runtime.queries import standard_queries
from tests.building.core import ETH_LONG, LONG, MAIN, OTHER, Desk, a_position, adds, closes, of

ROOT = Path(__file__).parents[2]


class Bot:
    """A desk behind a control socket: what is ordered is folded, and noted as committed."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self.folder, self.desk = folder, desk
        self.ready, self.loop = threading.Event(), asyncio.new_event_loop()
        self.steps: list[Step] = []

    def commands(self) -> list[Command]:
        return [fact for step in self.steps for fact in of(Command, step.facts)]

    def actions(self) -> list[Action]:
        return [action for step in self.steps for action in step.actions]

    async def live(self, stop: asyncio.Event) -> None:
        engine, inbox = self.desk.engine, Inbox()
        commanding = Commanding(engine, self.desk.settings, lambda: self.desk.now_ms)
        queries = standard_queries(engine, MemoryJournal(), Path("holdfast.db")) | commanding.queries()

        async def fold() -> None:
            while True:
                for batch in await inbox.take():
                    step = engine.fold(batch)
                    if step is not None:
                        self.steps.append(step)
                inbox.done()

        async with ControlServer(self.folder, queries).listening():
            tasks = [asyncio.ensure_future(work) for work in (commanding.feed(inbox), fold())]
            self.ready.set()
            await stop.wait()
            for task in tasks:
                task.cancel()


@contextmanager
def a_running_bot(folder: Path, desk: Desk) -> Iterator[Bot]:
    bot = Bot(folder, desk)
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: bot.loop.run_until_complete(bot.live(stop)), daemon=True)
    thread.start()
    assert bot.ready.wait(10), "the bot did not start"
    try:
        yield bot
    finally:
        bot.loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        bot.loop.close()


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    desk = Desk(adds(), closes(), limits=Limits(equal_actions=1, cooldown_ms=0, stale_after_ms=10**9))
    desk.holds(a_position(), a_position(ETH_LONG))
    with a_running_bot(tmp_path, desk) as found:
        yield found


def order(bot: Bot, *args: str, confirm: str | None = None) -> Result:
    return CliRunner().invoke(cli, [*args, "--data", str(bot.folder)], input=confirm, prog_name="holdfast")


def said(answer: Result) -> str:
    assert answer.exit_code == 0, answer.output + answer.stderr
    return answer.stdout


def refused(answer: Result) -> str:
    """The one line, of an order that names what is not there."""
    assert answer.exit_code == 2, answer.output + answer.stderr
    (line,) = answer.stderr.splitlines()
    return line


def test_everything_is_paused_for_half_an_hour_by_whoever_is_logged_in(bot: Bot) -> None:
    text = said(order(bot, "pause"))
    assert "paused every rule until 2024-10-04 00:30:00, for 30m" in text
    assert "It ends by itself" in text
    (command,) = bot.commands()
    assert (command.kind, command.subject, command.by) == (CommandKind.PAUSE, "", getpass.getuser())
    assert command.until_ms == bot.desk.now_ms + 30 * 60_000


def test_one_rule_is_paused_for_as_long_as_is_said(bot: Bot) -> None:
    assert "paused adds until 2024-10-04 00:05:00, for 5m" in said(order(bot, "pause", "adds", "--for", "5m"))
    assert [pause.subject for pause in bot.desk.engine.carried().pauses] == ["adds"]
    assert "resumed adds" in said(order(bot, "resume", "adds"))
    assert bot.desk.engine.carried().pauses == ()


@pytest.mark.parametrize("name", ["eth", "ETH/USDT:USDT", str(ETH_LONG)])
def test_a_position_may_be_named_by_its_coin(bot: Bot, name: str) -> None:
    assert f"paused {ETH_LONG}" in said(order(bot, "pause", name))


def test_a_name_that_is_not_there_is_one_line_with_a_suggestion(bot: Bot) -> None:
    line = refused(order(bot, "pause", "ads"))
    assert line == (
        f'no rule or open position "ads"; did you mean "adds"?; there are adds, closes, {LONG}, {ETH_LONG}'
    )
    assert refused(order(bot, "release", "close")).startswith('no rule "close"; did you mean "closes"?')
    assert bot.commands() == []


def test_the_seatbelt_cannot_be_paused(bot: Bot) -> None:
    assert refused(order(bot, "pause", "seatbelt")) == '"seatbelt" is a fixed rule: no pause stops it'


def test_a_halt_says_that_stops_stay_and_how_to_go_on(bot: Bot) -> None:
    text = said(order(bot, "halt"))
    assert "halted: main halted" in text
    assert "Stops that rest at the exchange stay" in text
    assert bot.desk.engine.states()[MAIN] is BotState.HALTED
    assert "resumed: main armed" in said(order(bot, "resume"))
    assert bot.desk.engine.states()[MAIN] is BotState.ARMED


def test_the_seatbelt_is_released_where_its_stops_were_cancelled(tmp_path: Path) -> None:
    desk = Desk(seatbelt=True)
    desk.holds(a_position())
    for _ in range(2):
        (placed,) = of(Action, desk.steps[-1].decisions)
        desk.works(placed)
        gone = OrdersChanged(at_ms=desk.now_ms, id=LONG, orders=())
        how = Ending.CANCELLED
        desk.fold(OrderEnded(at_ms=desk.now_ms, id=LONG, client_id=placed.client_id, how=how), gone)
    with a_running_bot(tmp_path, desk) as bot:
        assert f"released seatbelt on {LONG}" in said(order(bot, "release", "seatbelt"))
        assert "seatbelt was not latched anywhere" in said(order(bot, "release", "seatbelt"))


def test_what_is_latched_is_released_by_name(bot: Bot) -> None:
    assert "no rule was latched anywhere" in said(order(bot, "release"))
    assert "closes was not latched anywhere" in said(order(bot, "release", "closes"))
    (action,) = of(Action, bot.desk.mark("95"))
    bot.desk.answer(action, OutcomeKind.REJECTED)
    assert f"released adds on {LONG}" in said(order(bot, "release", "adds"))
    latched = [each for each in bot.desk.engine.carried().positions if each.id == LONG]
    assert {rule.rule for each in latched for rule in each.rules if rule.latched} == {"closes"}


def test_an_acknowledgement_arms_a_bot_that_only_reduced(tmp_path: Path) -> None:
    with a_running_bot(tmp_path, Desk(reducing=True)) as bot:
        assert "acknowledged: main reducing -> armed" in said(order(bot, "acknowledge"))
        assert "nothing waited to be acknowledged: main armed" in said(order(bot, "acknowledge"))


def test_flattening_is_confirmed_by_the_name_of_the_account(bot: Bot) -> None:
    text = said(order(bot, "flatten", "--yes", "main"))
    assert f"flattening main: closing {LONG}, {ETH_LONG} at market" in text
    assert [(action.rule, action.id) for action in bot.actions()] == [
        ("flatten", LONG),
        ("flatten", ETH_LONG),
    ]
    assert "Except that main goes on being flattened" in said(order(bot, "halt"))
    assert f"Flattening main was left off; it still holds {LONG}, {ETH_LONG}" in said(order(bot, "resume"))


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("flatten",), "nobody is there to confirm it; say --yes main"),
        (("flatten", "main", "--yes", "mian"), '"mian" is not "main": nothing was done'),
        (("flatten", "mian", "--yes", "mian"), 'no account "mian"; did you mean "main"?; there are main'),
    ],
)
def test_without_its_confirmation_nothing_is_flattened(bot: Bot, args: tuple[str, ...], line: str) -> None:
    assert refused(order(bot, *args, confirm="main\n")) == line
    assert bot.commands() == []


def test_of_several_accounts_the_one_to_flatten_is_named(tmp_path: Path) -> None:
    with a_running_bot(tmp_path, Desk(accounts=(MAIN, OTHER))) as bot:
        expected = "which account is to be flattened? there are main, other"
        assert refused(order(bot, "flatten", "--yes", "main")) == expected
        assert "main is flat: it holds nothing" in said(order(bot, "flatten", "main", "--yes", "main"))


@pytest.mark.parametrize(("typed", "exit_code", "orders"), [("main", 0, 1), ("yes", 2, 0)])
def test_on_a_terminal_the_name_is_asked_for(bot: Bot, typed: str, exit_code: int, orders: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "flatten", "--data", str(bot.folder)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    os.write(ours, f"{typed}\n".encode())
    output, _ = process.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == exit_code, output
    assert "Everything that main holds will be closed at market:" in output
    assert "  BTC/USDT:USDT long" in output
    assert len(bot.commands()) == orders


@pytest.mark.parametrize("name", ["pause", "resume", "halt", "release", "acknowledge", "flatten"])
def test_where_no_bot_runs_it_is_one_line_and_exit_code_three(tmp_path: Path, name: str) -> None:
    answer = CliRunner().invoke(cli, [name, "--data", str(tmp_path)], prog_name="holdfast")
    assert answer.exit_code == 3, answer.output
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"{tmp_path}: no bot runs here")


def test_the_answer_is_one_object_for_scripts(bot: Bot) -> None:
    answer = json.loads(said(order(bot, "halt", "--json")))
    assert (answer["command"], answer["was"], answer["states"]) == (
        "halt",
        {"main": "armed"},
        {"main": "halted"},
    )


def test_an_answer_comes_after_what_it_tells_is_committed() -> None:
    async def work() -> list[str]:
        inbox, seen = Inbox(), []
        await inbox.settled()  # Nothing waits: there is nothing to wait for.
        command = Command(at_ms=1, kind=CommandKind.HALT, by="somebody")
        await inbox.put((command,))
        settled = asyncio.ensure_future(inbox.settled())
        await asyncio.sleep(0)
        await inbox.take()
        await inbox.put((command,))
        later = asyncio.ensure_future(inbox.settled())
        await asyncio.sleep(0)
        seen.append(f"taken {settled.done()}")
        inbox.done()
        await asyncio.sleep(0)
        seen.append(f"first {settled.done()} second {later.done()}")
        await inbox.take()
        inbox.done()
        await later
        return seen

    assert asyncio.run(work()) == ["taken False", "first True second False"]
