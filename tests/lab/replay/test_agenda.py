"""What is written down beside the prices."""

from decimal import Decimal

from bot.lab.replay.agenda import Funding, Schedule, agenda
from tests.building import BTC, MINUTE_MS, START_MS, a_funding_tape, a_tape

PRICES = a_tape([(1_000, 1_000, 1_000, 1_000)] * 5)


def settled(*minutes: int) -> list[Funding]:
    rates = [(START_MS + minute * MINUTE_MS, Decimal("0.001")) for minute in minutes]
    written = agenda([(PRICES, a_funding_tape(rates))], (), Schedule(), announced=True)
    return [part for event in written.events for part in event if isinstance(part, Funding)]


def test_each_settlement_tells_when_the_next_one_is() -> None:
    first, second = settled(1, 3)
    assert (first.symbol, first.next_ms) == (BTC, START_MS + 3 * MINUTE_MS)
    assert second.next_ms is None


def test_a_tape_of_funding_may_settle_nothing_while_prices_are_played() -> None:
    assert settled(100) == []
