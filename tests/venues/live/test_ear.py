"""What is heard of the streams: let through at once, or dropped for a reason that is counted."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bot.core.facts import BarClosed, Fact, FundingRate, LastPrice, Liquidated, MarkPrice
from bot.venues.live.datagate import Source
from bot.venues.live.ear import Ear
from bot.venues.live.terms import Heard
from bot.venues.port import Batch
from tests.building.core import BTC, ETH, LONG, D
from tests.venues.live.fake import Desk
from tests.venues.live.virtual import T0, live

HOUR_MS = 3_600_000


class Box:
    """An inbox."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def put(self, batch: Batch) -> None:
        self.batches.append(batch)

    def put_now(self, batch: Batch) -> None:
        self.batches.append(batch)

    @property
    def facts(self) -> list[Fact]:
        return [fact for batch in self.batches for fact in batch]


def mark(at_ms: int = T0, price: int = 100, symbol: Any = BTC) -> MarkPrice:
    return MarkPrice(at_ms=at_ms, symbol=symbol, price=D(price))


def believed(ear: Ear, *symbols: Any, price: int = 100) -> None:
    """Stream and REST have agreed on a mark of these two seconds ago."""
    for symbol in symbols:
        before = mark(T0 - 2_000, price, symbol)
        assert ear.corroboration.admit(before, None, Source.STREAM) is None
        assert ear.corroboration.admit(before, None, Source.REST) == before


def funding(rate: str, at_ms: int = T0) -> FundingRate:
    return FundingRate(at_ms=at_ms, symbol=BTC, rate=D(rate), next_ms=T0 + HOUR_MS)


def heard(*messages: Any, hear: Callable[[Any], Heard] | None = None) -> tuple[list[Fact], list[str], Ear]:
    """What comes of messages; each is a tuple of facts unless ``hear`` says what it means."""

    async def work() -> tuple[list[Fact], list[str], Ear]:
        desk, box = Desk(), Box()
        desk.dialect.heard = hear or (lambda message: Heard(facts=message))
        ear = Ear(desk.connection)
        ear.symbols = {BTC}
        ear.open(box)
        believed(ear, BTC)
        for message in messages:
            ear.hears(message)
        return box.facts, desk.said, ear

    return live(work)


def test_marks_are_let_through_at_once_and_alone() -> None:
    facts, _, ear = heard((funding("0.0001"), mark()))
    assert facts == [funding("0.0001"), mark()]
    assert ear.marks_ms == {BTC: T0}


def test_what_is_not_watched_is_not_let_through() -> None:
    assert heard((mark(symbol=ETH), mark()))[0] == [mark()]


def test_what_happened_to_the_account_is_let_through_whatever_is_watched() -> None:
    gone = Liquidated(at_ms=T0, id=LONG._replace(symbol=ETH), quantity=D(1), price=D(90), fee=D(1))
    assert heard((gone,))[0] == [gone]


@pytest.mark.parametrize("kind", [MarkPrice, LastPrice])
def test_a_price_twice_or_overtaken_is_dropped(kind: Any) -> None:
    def price(at_ms: int) -> Any:
        return kind(at_ms=at_ms, symbol=BTC, price=D(100))

    facts, _, _ = heard((price(T0),), (price(T0),), (price(T0 - 1_000),), (price(T0 + 1),))
    assert facts == [price(T0), price(T0 + 1)]


def test_a_price_of_the_future_is_dropped_said_and_blinds_nobody() -> None:
    facts, said, _ = heard((mark(T0 + HOUR_MS),), (mark(T0),))
    assert facts == [mark(T0)]
    assert said == [f"a stream: {BTC}: a price of {T0 + HOUR_MS}, which is still to come"]


def test_funding_is_told_when_it_changes() -> None:
    facts, _, _ = heard((funding("0.01"),), (funding("0.01", T0 + 1),), (funding("0.02", T0 + 2),))
    assert facts == [funding("0.01"), funding("0.02", T0 + 2)]


@pytest.mark.parametrize(
    ("rate", "believed_rate"),
    [("0.04", "0.04"), ("-0.04", "-0.04"), ("0.041", "0.04"), ("-7", "-0.04"), ("1e9", "0.04")],
)
def test_a_funding_rate_that_nobody_may_charge_is_taken_for_the_largest(
    rate: str, believed_rate: str
) -> None:
    facts, said, _ = heard((funding(rate),))
    assert facts == [funding(believed_rate)]
    assert said == (
        []
        if rate == believed_rate
        else [f"a stream: {BTC}: a funding rate of {D(rate)}, taken for {D(believed_rate)}"]
    )


def test_a_rate_that_stays_absurd_is_told_once() -> None:
    facts, _, _ = heard((funding("7"),), (funding("8", T0 + 1),))
    assert facts == [funding("0.04")]


def test_bars_are_let_through() -> None:
    bar = BarClosed(at_ms=T0, symbol=BTC, timeframe_ms=60_000, open=D(1), high=D(1), low=D(1), close=D(1))
    assert heard((bar,))[0] == [bar]


RAISED: Sequence[Exception] = [ValueError("no price"), KeyError("p"), TypeError("x"), AttributeError("y")]


@pytest.mark.parametrize("error", RAISED, ids=lambda e: type(e).__name__)
def test_what_makes_no_sense_is_dropped_and_said(error: Exception) -> None:
    def hear(_: Any) -> Heard:
        raise error

    facts, said, _ = heard("nonsense", hear=hear)
    assert not facts
    assert said == [f"a stream: {type(error).__name__}: {error}"]


def test_flaws_are_said_at_first_and_then_every_hundred() -> None:
    _, said, ear = heard(*range(250), hear=lambda n: Heard(flaw=f"number {n}"))
    assert said == [
        "a stream: number 0",
        "a stream: number 99 (100 dropped so far)",
        "a stream: number 199 (200 dropped so far)",
    ]
    assert ear.flaws.counts == {"a stream": 250}


def test_hints_log_ins_and_dead_links_are_told() -> None:
    async def work() -> tuple[list[str], list[bool]]:
        desk = Desk()
        desk.dialect.heard = lambda message: message
        ear, told = Ear(desk.connection), list[str]()
        ear.hint = lambda: told.append("hint")
        ear.passed_on = lambda: told.append("passed on")
        ear.link_down = told.append
        messages = Heard(account=True), Heard(pass_on=True), Heard(link_down="the listen key expired")
        return told, [ear.hears(message) for message in messages]

    told, on = live(work)
    assert told == ["hint", "passed on", "the listen key expired"]
    assert on == [False, True, False]
