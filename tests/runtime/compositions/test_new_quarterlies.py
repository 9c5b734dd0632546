"""A quarterly that is listed while a paper run goes on can be hedged with."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.config import ConfigError, load
from bot.config.errors import Origin, Problem
from bot.core.facts import Book, InstrumentChanged, MarkPrice
from bot.core.types import Symbol
from bot.runtime.compositions.market import PaperMarket
from bot.runtime.compositions.new_quarterlies import EVERY_MS, NewQuarterlies
from bot.runtime.compositions.paper import paper_exchange
from bot.runtime.starting.findings import Market
from bot.venues.live.connection import Connection
from bot.venues.live.line import Unreadable
from bot.venues.live.terms import Listing
from bot.venues.live.wire import Request
from bot.venues.paper.model import PaperError
from bot.venues.port import Batch
from tests.building.core import BTC, MAIN, D, a_contract
from tests.building.live import a_listing, a_market
from tests.runtime.fakes import FakeClock, settled

NEXT, ETHERS = Symbol("BTC/USDT:USDT-270326"), Symbol("ETH/USDT:USDT-270326")
CONFIG = """\
[accounts.main]
venue = "binanceusdm"
balance = 1000

[paper]
depth = { "*" = 1_000_000 }

[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
quantity = 1
leverage = 5
"""


class Exchange:
    """Lists what a test wants, and knows the contracts of all of it but the ``unknown``."""

    def __init__(self) -> None:
        self.listed: Sequence[Symbol] | None = None
        self.unknown: set[Symbol] = set()

    async def markets(self) -> Mapping[str, Market]:
        if self.listed is None:
            raise Unreadable(Request(api="", method="GET", path="markets"), "it is down")
        return {s: a_market(s, type="future" if "-" in s else "swap") for s in self.listed}

    async def instruments(self, symbols: Sequence[Symbol], markets: Mapping[str, Market]) -> Listing:
        if self.unknown & set(symbols):
            raise ConfigError([Problem(Origin("bot.toml"), "contracts", "no tiers")])
        return a_listing(*symbols, expiry_ms=2_000_000_000_000)


class Run:
    """A paper market, somebody who looks at listings beside it, and what came of it."""

    def __init__(self, folder: Path) -> None:
        path = folder / "bot.toml"
        path.write_text(CONFIG)
        settings = load(path, {})
        self.clock, self.exchange, self.listing = FakeClock(), Exchange(), a_listing(BTC)
        contracts = {symbol: each.contract for symbol, each in self.listing.by_symbol.items()}
        exchange = paper_exchange(settings, contracts)
        self.market = PaperMarket(exchange, contracts, (), settings, self.clock.now_ms)
        self.said: list[str] = []
        self.came: list[Batch] = []
        self.watched = 0
        nobody: Any = None
        connection = Connection(
            account=MAIN,
            dialect=nobody,
            listing=self.listing,
            wires=nobody,
            now_ms=self.clock.now_ms,
            say=self.said.append,
        )
        self.new = NewQuarterlies(self.market, connection, self.exchange, self._watch)

    def _watch(self) -> None:
        self.watched += 1

    async def put(self, batch: Batch) -> None:
        self.came.append(batch)

    def put_now(self, batch: Batch) -> None:
        self.came.append(batch)

    def hours(self, *listings: Sequence[Symbol] | None) -> None:
        """What is listed in one hour after the other."""

        async def pass_by() -> None:
            looking = asyncio.create_task(self.new.run(self.clock, self))
            await settled()
            for self.exchange.listed in listings:
                await self.clock.advance(EVERY_MS)
            looking.cancel()
            await settled()

        asyncio.run(pass_by())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_what_is_new_is_told_watched_and_traded_from_then_on(run: Run) -> None:
    run.hours([BTC], [BTC, NEXT], [BTC, NEXT])
    ((told,),) = run.came
    assert isinstance(told, InstrumentChanged)
    assert told.contract.symbol == NEXT
    assert run.listing.by_symbol.keys() == {BTC, NEXT}
    assert run.watched == 1
    mark = MarkPrice(at_ms=run.clock.now_ms(), symbol=NEXT, price=D(101))
    (book,) = [f for batch in run.market.heard((mark,)) for f in batch if isinstance(f, Book)]
    assert book.symbol == NEXT
    assert book.bid_depth is not None  # It has the depth of the file.


def test_what_is_no_quarterly_beside_ours_is_passed_over(run: Run) -> None:
    run.hours([BTC, ETHERS, Symbol("ETH/USDT:USDT")])
    assert run.came == []
    assert run.said == []


def test_one_of_which_nobody_knows_the_tiers_is_said_once(run: Run) -> None:
    run.exchange.unknown = {NEXT}
    run.hours([BTC, NEXT], [BTC, NEXT])
    assert run.came == []
    assert run.said == [f"{NEXT} is listed and cannot be hedged with: bot.toml: contracts: no tiers"]


def test_a_listing_that_cannot_be_read_is_read_again(run: Run) -> None:
    run.hours(None, [BTC, NEXT])
    assert run.said == ["the list of contracts: GET markets: it is down"]
    assert len(run.came) == 1


def test_what_is_traded_already_or_settles_in_unknown_money_is_not_enlisted(run: Run) -> None:
    with pytest.raises(PaperError, match="traded here already"):
        run.market.enlist(a_contract(BTC))
    with pytest.raises(PaperError, match="nothing settles in BTC here"):
        run.market.enlist(a_contract(NEXT, settlement="BTC"))
