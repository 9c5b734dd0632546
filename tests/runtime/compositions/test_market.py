"""The live market moves the paper exchange, and the engine hears of both in one."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from bot.config import Settings, load
from bot.config.compose import planned_positions
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    BarClosed,
    Delivered,
    FundingPaid,
    FundingRate,
    LastPrice,
    Link,
    LinkChanged,
    Liquidated,
    MarkPrice,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.types import Symbol
from bot.runtime.compositions.market import DistantVenue, MarketEar, PaperMarket, keep_calendar
from bot.runtime.compositions.paper import paper_exchange
from bot.runtime.errors import ShellError
from bot.runtime.inbox import Inbox
from bot.venues.port import Batch
from bot.venues.silent import SilentVenue
from tests.building.core import BTC, ETH, MAIN, a_contract
from tests.runtime.builders import an_action
from tests.runtime.fakes import FakeClock, FakeVenue

D = Decimal
F = TypeVar("F")
HOUR = 3_600_000
CONFIG = """\
[accounts.main]
venue = "binanceusdm"
balance = 1000

[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
quantity = 1
leverage = 5
margin = {margin}
"""
QUARTERLY = Symbol("BTC/USDT:USDT-261225")


class Desk:
    """A paper market, and the time."""

    def __init__(self, settings: Settings, *symbols: Symbol, expiry_ms: int | None = None) -> None:
        self.now_ms = 1_000_000
        contracts = {symbol: a_contract(symbol) for symbol in symbols or (BTC, ETH)}
        if expiry_ms is not None:
            contracts[QUARTERLY] = a_contract(QUARTERLY, expiry_ms=expiry_ms)
        self.exchange = paper_exchange(settings, contracts)
        planned = planned_positions(settings, contracts)
        self.market = PaperMarket(self.exchange, contracts, planned, settings, lambda: self.now_ms)

    def mark(self, price: str, symbol: Symbol = BTC, after_ms: int = 1_000) -> list[Batch]:
        self.now_ms += after_ms
        return self.market.heard((MarkPrice(at_ms=self.now_ms - 5, symbol=symbol, price=D(price)),))

    def last(self, price: str, symbol: Symbol = BTC) -> list[Batch]:
        return self.market.heard((LastPrice(at_ms=self.now_ms, symbol=symbol, price=D(price)),))

    def funding(self, rate: str, next_ms: int, symbol: Symbol = BTC) -> list[Batch]:
        fact = FundingRate(at_ms=self.now_ms, symbol=symbol, rate=D(rate), next_ms=next_ms)
        return self.market.heard((fact,))


def of(kind: type[F], batches: Sequence[Batch]) -> list[F]:
    return [fact for batch in batches for fact in batch if isinstance(fact, kind)]


@pytest.fixture
def open_desk(tmp_path: Path) -> Callable[..., Desk]:
    def opened(*symbols: Symbol, margin: str = "13.6", expiry_ms: int | None = None) -> Desk:
        path = tmp_path / "bot.toml"
        path.write_text(CONFIG.format(margin=margin))
        return Desk(load(path, {}), *symbols, expiry_ms=expiry_ms)

    return opened


def test_a_position_is_opened_at_the_first_prices_of_its_symbol(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    assert of(PositionChanged, desk.mark("50", ETH)) == []
    (opened,) = of(PositionChanged, desk.mark("100"))
    assert opened.position is not None
    assert (opened.position.entry, opened.position.quantity) == (D(100), D(1))
    assert of(PositionChanged, desk.mark("99")) == []


def test_a_mark_that_changes_nothing_passes_as_it_came(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.mark("100")
    batches = desk.mark("99.9")
    assert [[type(fact) for fact in batch] for batch in batches] == [[MarkPrice]]


def test_after_a_link_is_back_the_account_is_told_again(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.mark("100")
    batches = [
        desk.market.heard(
            (LinkChanged(at_ms=desk.now_ms, account=MAIN, link=Link.MARKET, up=up, because="it is a test"),)
        )
        for up in (False, True)
    ]
    assert [[type(fact) for fact in batch] for batch in batches[0]] == [[LinkChanged]]
    ((link, *account),) = batches[1]
    assert isinstance(link, LinkChanged)
    assert len(of(BalanceChanged, [tuple(account)])) == 1
    assert len(of(PositionChanged, [tuple(account)])) == 1


def test_a_liquidation_travels_with_the_mark_that_caused_it(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.mark("100")
    # 13.6 of margin under 4 % maintenance: liquidated at (100 - 13.6) / 0.96 = 90.
    assert of(Liquidated, desk.mark("90.1")) == []
    first, *_ = desk.mark("89.9")
    assert isinstance(first[0], MarkPrice)
    assert len(of(Liquidated, [first])) == 1


def test_nothing_is_judged_before_the_first_mark(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    assert desk.last("100") == [(LastPrice(at_ms=desk.now_ms, symbol=BTC, price=D(100)),)]
    (opened,) = of(PositionChanged, desk.mark("101"))
    assert opened.position is not None
    assert opened.position.entry == D(100)  # The last traded price, as the file says.


def test_funding_is_settled_at_the_rate_that_held_when_its_time_came(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk()
    desk.mark("100")
    due_ms = desk.now_ms + HOUR
    assert of(FundingPaid, desk.funding("0.001", due_ms)) == []
    assert of(FundingPaid, desk.funding("0.002", due_ms)) == []
    desk.mark("100", after_ms=HOUR)
    (paid,) = of(FundingPaid, desk.funding("0.0005", due_ms + 8 * HOUR))
    assert (paid.rate, paid.amount) == (D("0.002"), D("-0.200"))


def test_a_rate_that_is_announced_early_settles_nothing(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.mark("100")
    desk.funding("0.001", desk.now_ms + HOUR)
    assert of(FundingPaid, desk.funding("0.001", desk.now_ms + 2 * HOUR)) == []


def test_other_facts_and_other_symbols_pass_untouched(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(BTC)
    bar = BarClosed(at_ms=1, symbol=BTC, timeframe_ms=60_000, open=D(1), high=D(2), low=D(1), close=D(2))
    foreign = MarkPrice(at_ms=1, symbol=ETH, price=D(5))
    assert desk.market.heard((bar, foreign)) == [(bar,), (foreign,)]


def test_a_position_that_cannot_be_opened_names_its_line(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(margin="5000")
    with pytest.raises(ShellError, match=r"bot.toml:5: .*change the position or the balance"):
        desk.mark("100")


def test_a_dated_contract_is_delivered_when_its_day_has_come(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(expiry_ms=1_500_000)
    desk.mark("100", QUARTERLY)
    assert desk.market.expire() == []
    desk.now_ms = 1_500_000
    desk.market.expire()
    assert desk.market.expire() == []


def test_everything_goes_on_to_the_inbox_and_delivery_with_it(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()

    class Box:
        def __init__(self) -> None:
            self.got: list[Batch] = []

        async def put(self, batch: Batch) -> None:
            self.got.append(batch)

        def put_now(self, batch: Batch) -> None:
            self.got.append(batch)

    async def scenario() -> list[Batch]:
        box, clock = Box(), FakeClock()
        ear = MarketEar(desk.market, box)
        await ear.put((MarkPrice(at_ms=1, symbol=BTC, price=D(100)),))
        ear.put_now((MarkPrice(at_ms=2, symbol=BTC, price=D(101)),))
        calendar = asyncio.create_task(keep_calendar(desk.market, clock, lambda: False, box))
        await clock.advance(2_000)
        calendar.cancel()
        return box.got

    got = asyncio.run(scenario())
    assert [type(batch[0]) for batch in got] == [MarkPrice, MarkPrice]
    assert of(BalanceChanged, got)
    assert of(Delivered, got) == []


def test_an_account_that_is_recovering_is_told_again_until_it_is_not(open_desk: Callable[..., Desk]) -> None:
    told: list[Batch] = []
    desk = open_desk()

    class Box(Inbox):
        async def put(self, batch: Batch) -> None:
            told.append(batch)

    async def scenario() -> None:
        clock = FakeClock()
        calendar = asyncio.create_task(keep_calendar(desk.market, clock, lambda: len(told) < 2, Box()))
        await clock.advance(5_000)
        calendar.cancel()

    asyncio.run(scenario())
    assert len(told) == 2
    assert {type(batch[-1]) for batch in told} == {AccountRead}


def test_an_action_takes_its_time_to_the_paper_exchange() -> None:
    async def scenario() -> None:
        clock, venue = FakeClock(), FakeVenue()
        executing = asyncio.create_task(DistantVenue(venue, clock.sleep, 250).execute(an_action()))
        await clock.advance(249)
        assert venue.sent == []
        await clock.advance(1)
        await executing
        assert len(venue.sent) == 1
        assert await DistantVenue(venue, clock.sleep, 0).snapshot() == ()

    asyncio.run(scenario())


def test_a_silent_venue_is_read_and_never_told_anything() -> None:
    async def scenario() -> None:
        real = FakeVenue(account=[(MarkPrice(at_ms=1, symbol=BTC, price=D(1)),)])
        silent = SilentVenue(real, lambda: 7)
        ((outcome,),) = await silent.execute(an_action())
        assert isinstance(outcome, Outcome)
        assert outcome.kind is OutcomeKind.NOT_APPLIED
        assert outcome.proof == "not sent: the bot runs in shadow"
        assert await silent.snapshot() == real.account
        assert real.sent == []

    asyncio.run(scenario())
