"""Reading a journal from the command line: through the running bot, or else from the file under its lock."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from bot.cli.journal_text import contract_in
from bot.runtime.control import ask
from bot.runtime.journal import Journal, JournalMissing
from bot.runtime.journal.rows import OPENED
from bot.runtime.journal.sqlite import read_journal
from bot.runtime.lock import hold
from bot.runtime.plain import plain
from bot.runtime.queries import journal_query

MODELLED = '"synthetic_prices":true'
"""What a row says of a contract whose prices are modelled."""


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """The lock of the journal's folder, which looking must not create."""
    if not path.is_file():
        raise JournalMissing(path, "there is no journal", "run holdfast demo first, or name another file")
    with hold(path.parent):
        yield


class Reading:
    """A journal that can be asked for pages; ``journal`` is None where the running bot answers."""

    def __init__(self, folder: Path, journal: Journal | None) -> None:
        self._folder = folder
        self._journal = journal

    @classmethod
    @asynccontextmanager
    async def of(cls, path: Path) -> AsyncIterator[Reading]:
        """Read the journal at ``path``; a ``ShellError`` says why that cannot be.

        The bot that runs in its folder is asked if it is its own. It has the lock of the folder: of another
        journal there nobody may begin a run meanwhile, so it is read without.
        """
        async with AsyncExitStack() as stack:
            status = await ask(path.parent, "status")
            if isinstance(status, dict) and status.get("journal") == path.name:
                yield cls(path.parent, None)
                return
            if status is None:
                stack.enter_context(_held(path))
            yield cls(path.parent, await stack.enter_async_context(read_journal(path)))

    @property
    def live(self) -> bool:
        """Whether a running bot answers."""
        return self._journal is None

    async def page(self, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows as dictionaries, by the arguments of ``JournalQuery``."""
        given = {name: value for name, value in args.items() if value is not None}
        if self._journal is None:
            answer = await ask(self._folder, "journal", given)
        else:
            answer = plain(await self._journal.read(journal_query(given)))
        assert isinstance(answer, list), "a page that is no list"
        return [row for row in answer if isinstance(row, dict)]

    async def about(self, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The same, and beside the rows on ``symbol`` those on others that trade in it: of hedges."""
        rows, symbol = await self.page(args), args.get("symbol")
        if symbol is None:
            return rows
        for kind in ("Action", "Refusal"):
            if args.get("kind") in (None, kind):
                spoken_of = {"symbol": None, "kind": kind, "contains": json.dumps(symbol)}
                rows += [row for row in await self.page({**args, **spoken_of}) if contract_in(row) == symbol]
        return list({row["seq"]: row for row in sorted(rows, key=lambda row: row["seq"])}.values())

    async def begin(self) -> int:
        """The first row of the latest run that did anything: of the one that ``explain`` explains."""
        openings = await self.openings()
        if self._journal is not None:
            played = str(self._journal.played)
            openings = [row for row in openings if json.loads(row["body"])["epoch"] == played]
        return int(openings[-1]["seq"]) if openings else 1

    async def openings(self) -> list[dict[str, Any]]:
        """The rows that runs begin with, as many as fit on a page."""
        return await self.page({"kind": OPENED, "latest": True})

    async def symbols(self, after_seq: int) -> set[str]:
        """The symbols whose contracts were told after that row."""
        found: set[str] = set()
        while rows := await self.page({"kind": "InstrumentChanged", "after_seq": after_seq}):
            found.update(str(row["symbol"]) for row in rows)
            after_seq = rows[-1]["seq"]
        return found

    async def flagged(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows, each with its ``run`` and whether the contract it is about has modelled prices.

        ``synthetic_contracts`` are those of them that it speaks of.
        """
        openings = [(row["seq"], int(json.loads(row["body"])["epoch"])) for row in await self.openings()]

        def run(row: Mapping[str, Any]) -> int:
            return max((run for seq, run in openings if seq <= row["seq"]), default=0)

        told = {"kind": "InstrumentChanged", "contains": MODELLED, "latest": True}
        modelled: dict[int, set[str]] = {}
        for row in await self.page(told):
            modelled.setdefault(run(row), set()).add(row["symbol"])

        def flags(row: dict[str, Any]) -> dict[str, Any]:
            theirs = modelled.get(run(row), set())
            return {
                "run": run(row),
                "synthetic": str(contract_in(row)) in theirs,
                "synthetic_contracts": sorted(
                    each for each in theirs if json.dumps(each)[1:-1] in row["body"]
                ),
            }

        return [{**row, **flags(row)} for row in rows]

    async def modelled(self, begin: int) -> list[str]:
        """The contracts whose prices are modelled, in the run that starts with row ``begin``."""
        told = {"kind": "InstrumentChanged", "contains": MODELLED, "after_seq": begin - 1}
        return sorted({str(row["symbol"]) for row in await self.page(told)})

    async def ask(self, query: str, args: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the bot answers
        """Ask the running bot something else."""
        return await ask(self._folder, query, dict(args))

    @property
    def file(self) -> Journal:
        """The journal itself, where no running bot holds it."""
        assert self._journal is not None, "the running bot holds its journal"
        return self._journal
