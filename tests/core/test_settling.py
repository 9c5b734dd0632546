"""The next funding settlement of a position: what it costs, and the marks at which it costs more."""

from typing import Any

import pytest

from bot.core.contracts import ContractKind
from bot.core.facts import FundingRate
from bot.core.intents import Intent
from bot.core.markets.funding import Funding
from bot.core.rule import Needs
from bot.core.rules.settling import Settlement, settlement_of
from bot.core.settings import RuleEntry
from bot.core.types import PositionId
from bot.core.view import View
from bot.core.wake import Always, Metric
from tests.building.core import BTC, LONG, SHORT, T0, D, Desk, Says, a_contract, a_position

HOUR = 3_600_000
NEXT = T0 + 3 * HOUR


def due(
    rate: str = "0.01", id_: PositionId = LONG, quantity: str = "2", *, capped: bool = False, **contract: Any
) -> Settlement:
    """In three hours, one of three a day, on a margin of 30."""
    return Settlement(
        position=a_position(id_, quantity, margin="30"),
        contract=a_contract(**contract),
        funding=Funding(D(rate), NEXT, 8 * HOUR),
        margin=D(30),
        capped=capped,
    )


def test_it_is_paid_by_the_side_that_the_rate_is_against() -> None:
    # One per cent of 2 at 110.
    assert (due().rate, due().cost(D(110))) == (D("0.01"), D("2.2"))
    assert (due(id_=SHORT).rate, due(id_=SHORT).cost(D(110))) == (D("-0.01"), D("-2.2"))


def test_a_period_is_from_one_settlement_to_the_next() -> None:
    assert (due().began_ms, due().at_ms) == (NEXT - 8 * HOUR, NEXT)


@pytest.mark.parametrize(("capped", "money"), [(False, "0.2"), (True, "0.1")])
def test_a_rate_at_its_cap_is_expected_twice_as_often(capped: bool, money: str) -> None:
    # Two per cent of 30 are 0.6 a day, in three settlements or in six.
    assert due(capped=capped).at_most(D("0.02")) == D(money)


def test_it_costs_more_where_the_value_is_larger() -> None:
    # 2.2 are one per cent of 2 at 110; of 200 dollars of an inverse contract 0.02 are at 100.
    assert due().dearer(D("2.2")) == Metric.MARK.above(D(110))
    inverse = due(quantity="200", kind=ContractKind.INVERSE)
    assert inverse.dearer(D("0.02")) == Metric.MARK.below(D(100))


@pytest.mark.parametrize(
    ("rate", "cap", "capped"),
    [("0.01", None, False), ("0.0099", "0.01", False), ("0.01", "0.01", True), ("-0.01", "0.01", True)],
)
def test_it_is_known_once_it_was_told(rate: str, cap: str | None, capped: bool) -> None:
    found: list[Settlement | None] = []

    class Looks(Says):
        def needs(self) -> Needs:
            return Needs(funding=True)

    def looks(view: View) -> list[Intent]:
        found.append(settlement_of(view, None if cap is None else D(cap)))
        return []

    desk = Desk(RuleEntry(rule=Looks("looks", looks, lambda _: Always())))
    desk.holds(a_position(quantity="2", margin="30"))
    assert set(found) == {None}
    desk.fold(FundingRate(at_ms=T0, symbol=BTC, rate=D(rate), next_ms=NEXT))
    assert found[-1] == due(rate, capped=capped)
