"""The journal of a whole crash, in a file, leads an engine to where the run ended; and answers questions."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.config import load
from bot.core.decisions import Action
from bot.core.engine import Engine
from bot.core.settings import EngineSettings
from bot.lab.replay.run import Plan, make_plan, perform, prepare
from bot.lab.scenario import START_MS, flash_crash
from bot.lab.tapes import PathOrder, group, price_path
from bot.runtime.control import BadQuery, ControlServer, ask
from bot.runtime.journal import JournalQuery, MemoryJournal
from bot.runtime.journal.sqlite import SqliteJournal, open_journal, read_journal
from bot.runtime.plain import plain
from bot.runtime.queries import journal_query, standard_queries
from bot.runtime.rebuild import RebuildDiffers, rebuild

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Crash:
    """A run that is over: its journal, the settings of its engine, and the engine as it was."""

    path: Path
    settings: EngineSettings
    engine: Engine

    def journal(self) -> AbstractAsyncContextManager[SqliteJournal]:
        return read_journal(self.path)


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Crash:
    path = tmp_path_factory.mktemp("crash") / "journal.db"
    plan = a_plan()

    async def main() -> Engine:
        async with open_journal(path, opened_ms=START_MS) as journal:
            performance = prepare(plan, journal)
            await perform(performance, journal)
            return performance.stage.engine

    engine = asyncio.run(main())
    return Crash(path, settings_of(plan), engine)


def a_plan() -> Plan:
    grouped = group(flash_crash(1))
    paths = tuple(price_path(each, order=PathOrder.NEAREST) for each in grouped)
    return make_plan(load((ROOT / "config" / "paper.toml",)), grouped, paths, 0, defended=True)


def settings_of(plan: Plan) -> EngineSettings:
    exchange = plan.exchange()
    return plan.settings({account.name: exchange.capabilities(account.name) for account in plan.accounts})


def test_an_engine_fed_the_journal_decides_the_same_and_knows_the_same(crash: Crash) -> None:
    async def main() -> None:
        async with crash.journal() as journal:
            decided = await journal.read(JournalQuery(kind="Action"))
            assert len(decided) > 10
            again = await rebuild(journal, lambda _: Engine(crash.settings))
        assert again.states() == crash.engine.states()
        # Marks that were swallowed after the last evaluation leave no trace: the rest must be the same.
        assert [status.id for status in again.overview()] == [s.id for s in crash.engine.overview()]
        assert [s.protected_by for s in again.overview()] == [s.protected_by for s in crash.engine.overview()]
        assert [s.last_action for s in again.overview()] == [s.last_action for s in crash.engine.overview()]

    asyncio.run(main())


def test_another_configuration_is_found_out(crash: Crash) -> None:
    other = replace(crash.settings, rules=crash.settings.rules[1:])

    async def main() -> None:
        async with crash.journal() as journal:
            await rebuild(journal, lambda _: Engine(other))

    with pytest.raises(RebuildDiffers, match=r"journal, epoch 1, step \d+ at \d+: the engine decides"):
        asyncio.run(main())


def test_the_file_and_the_memory_hold_the_same_history(crash: Crash) -> None:
    async def main() -> None:
        memory = MemoryJournal(opened_ms=START_MS)
        await perform(prepare(a_plan(), memory), memory)
        async with crash.journal() as journal:
            query = JournalQuery(latest=True)
            assert await memory.read(query) == await journal.read(query)
            assert [s async for s in memory.steps()] == [s async for s in journal.steps()]

    asyncio.run(main())


def test_the_running_process_answers_as_the_file_would(crash: Crash, tmp_path: Path) -> None:
    async def main() -> None:
        async with crash.journal() as journal:
            queries = standard_queries(crash.engine, journal, tmp_path / "j.db")
            async with ControlServer(tmp_path, queries).listening():
                status = await ask(tmp_path, "status")
                assert status == plain(
                    {
                        "epoch": 1,
                        "journal": "j.db",
                        "states": crash.engine.states(),
                        "positions": crash.engine.overview(),
                    }
                )
                assert json.dumps(status)
                symbol = "BTC/USDT:USDT"
                assert await ask(tmp_path, "explain", {"symbol": symbol}) == plain(
                    crash.engine.explain(next(a.id.symbol for a in await actions(journal)))
                )
                assert await ask(tmp_path, "explain", {"symbol": "XRP/USDT:USDT"}) == []
                asked = {"symbol": symbol, "kind": "Action", "since_ms": START_MS, "limit": 3, "latest": True}
                assert await ask(tmp_path, "journal", asked) == plain(
                    await journal.read(
                        JournalQuery(symbol=symbol, kind="Action", since_ms=START_MS, limit=3, latest=True)
                    )
                )

    async def actions(journal: SqliteJournal) -> list[Action]:
        return [
            decision
            async for step in journal.steps()
            for decision in step.decisions
            if isinstance(decision, Action) and decision.id.symbol == "BTC/USDT:USDT"
        ]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({"limit": 0}, "limit 0, expected 1 to 200"),
        ({"limit": 201}, "limit 201, expected 1 to 200"),
        ({"limit": True}, "limit True, expected a whole number from 0"),
        ({"after_seq": -1}, "after_seq -1, expected a whole number from 0"),
        ({"since_ms": 2**63}, "since_ms 9223372036854775808, expected a whole number"),
        ({"since_ms": "yesterday"}, "since_ms 'yesterday', expected a whole number"),
        ({"symbol": 7}, "symbol 7, expected a string"),
        ({"latest": 1}, "latest 1, expected true or false"),
        ({"colour": "red"}, "no argument colour; there are since_ms, symbol, rule"),
    ],
)
def test_a_question_about_the_journal_must_make_sense(args: Mapping[str, object], complaint: str) -> None:
    with pytest.raises(BadQuery, match=complaint):
        journal_query(args)


def test_a_question_without_arguments_asks_for_the_first_page() -> None:
    assert journal_query({}) == JournalQuery()
    assert journal_query({"symbol": None, "since_ms": None}) == JournalQuery()
