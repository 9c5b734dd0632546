"""What Bybit lists becomes contracts, or is left out."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.core.contracts import ContractKind
from bot.venues.live.dialects.bybit import DIALECT
from tests.building.frames import frame
from tests.venues.live.bybit.desk import BTC, DATED, INVERSE, LISTING, MARKETS, D, tiers


def test_a_linear_contract_has_its_steps_and_its_two_tiers() -> None:
    contract = LISTING.by_symbol[BTC].contract
    assert (contract.tick, contract.lot, contract.min_quantity) == (D("0.10"), D("0.001"), D("0.001"))
    assert (contract.min_notional, contract.max_leverage) == (D(5), D(100))
    assert contract.margin_step == D("0.0001")
    assert contract.funding_interval_ms == 8 * 3_600_000
    # 4,000,000 at 1 %, of which 2,000,000 * (1 % - 0.5 %) = 10,000 are deducted.
    assert [(tier.floor, tier.cap, tier.rate, tier.deduction) for tier in contract.tiers] == [
        (D(0), D(2000000), D("0.005"), D(0)),
        (D(2000000), None, D("0.01"), D(10000)),
    ]
    assert contract.continuous


def test_an_inverse_contract_settles_in_its_coin_and_counts_dollars() -> None:
    found = LISTING.by_symbol[INVERSE]
    assert found.family == "inverse"
    assert found.contract.kind is ContractKind.INVERSE
    assert (found.contract.settlement, found.contract.lot) == ("BTC", D(1))
    assert found.contract.rules.name == "bybit_inverse"
    # The page of the documents shows percent: an initial margin of 1 beside a leverage of 100.
    assert found.contract.tiers[0].rate == D("0.005")


def test_a_dated_contract_is_told_by_its_type() -> None:
    assert LISTING.by_symbol[DATED].contract.expiry_ms == 1798185600000
    assert LISTING.by_symbol[BTC].contract.expiry_ms is None
    assert LISTING.by_symbol[DATED].contract.index == BTC


def test_the_largest_market_order_is_known() -> None:
    assert LISTING.by_symbol[BTC].max_quantity == D(500)


def test_tiers_are_asked_for_by_symbol() -> None:
    requests = DIALECT.contracts.tier_requests(MARKETS)
    assert [dict(request.params) for request in requests] == [
        {"category": "linear", "symbol": "BTCUSDT"},
        {"category": "linear", "symbol": "ETHUSDT"},
        {"category": "inverse", "symbol": "BTCUSD"},
        {"category": "linear", "symbol": "BTCUSDT-25DEC26"},
    ]


def test_what_is_no_contract_is_not_asked_for() -> None:
    assert DIALECT.contracts.tier_requests([{"info": {"symbol": "BTCUSDT"}}]) == []


def test_a_deduction_that_is_left_empty_makes_maintenance_continuous() -> None:
    answer = frame("bybit", "risk limit linear")
    answer["result"]["list"][0]["mmDeduction"] = ""
    listing = DIALECT.contracts.listing(MARKETS[:1], [answer])
    assert listing.by_symbol[BTC].contract.tiers[1].deduction == Decimal(10000)


@pytest.mark.parametrize(
    ("field", "value"),
    [("maintenanceMargin", "0"), ("initialMargin", "3"), ("riskLimitValue", "2000000"), ("maxLeverage", "")],
)
def test_a_contract_with_tiers_that_make_no_sense_is_left_out(field: str, value: str) -> None:
    answer = frame("bybit", "risk limit linear")
    answer["result"]["list"][0][field] = value
    assert BTC not in DIALECT.contracts.listing(MARKETS, [answer]).by_symbol


def test_a_contract_without_tiers_is_left_out() -> None:
    assert DIALECT.contracts.listing(MARKETS, []).by_symbol == {}


@pytest.mark.parametrize("field", ["priceFilter", "lotSizeFilter", "leverageFilter", "contractType"])
def test_a_contract_that_lacks_a_field_is_left_out(field: str) -> None:
    market = {**MARKETS[0], "info": {**MARKETS[0]["info"], field: None}}
    assert DIALECT.contracts.listing([market], tiers()).by_symbol == {}
