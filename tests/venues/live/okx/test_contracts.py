"""What OKX lists becomes contracts in quantities, or is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.contracts import ContractKind
from bot.venues.live.dialects.okx import DIALECT
from bot.venues.live.dialects.okx.spelling import contracts, quantity
from tests.building.frames import frame
from tests.venues.live.okx.desk import BTC, DATED, ETH, INVERSE, LISTING, MARKETS, D, instrument, tiers


def test_a_linear_contract_has_its_steps_in_base_coin() -> None:
    contract = LISTING.by_symbol[BTC].contract
    # 0.01 contracts of 0.01 BTC.
    assert (contract.tick, contract.lot, contract.min_quantity) == (D("0.1"), D("0.0001"), D("0.0001"))
    assert (contract.contract_size, contract.max_leverage) == (D("0.01"), D(100))
    assert (contract.rules.name, contract.settlement) == ("okx_linear", "USDT")


def test_an_inverse_contract_counts_dollars() -> None:
    found = LISTING.by_symbol[INVERSE]
    assert found.contract.kind is ContractKind.INVERSE
    assert (found.contract.settlement, found.contract.lot) == ("BTC", D(100))
    assert (found.contract.rules.name, found.family) == ("okx_inverse", "BTC-USD")


def test_tiers_stay_in_contracts_and_have_no_gaps() -> None:
    assert [(tier.floor, tier.cap, tier.rate) for tier in LISTING.by_symbol[BTC].contract.tiers] == [
        (D(0), D(1000), D("0.004")),
        (D(1000), D(5000), D("0.005")),
        (D(5000), None, D("0.0075")),
    ]
    # Written from 0 to 2000, then from 2001: one contract further is no gap.
    assert [(tier.floor, tier.cap) for tier in LISTING.by_symbol[ETH].contract.tiers] == [
        (D(0), D(2000)),
        (D(2000), None),
    ]


def test_the_largest_market_order_is_a_quantity() -> None:
    assert LISTING.by_symbol[BTC].max_quantity == D(320)
    assert LISTING.by_symbol[INVERSE].max_quantity == D(3000000)


def test_a_dated_contract_is_told_by_its_type() -> None:
    assert LISTING.by_symbol[DATED].contract.expiry_ms == 1798185600000
    assert LISTING.by_symbol[BTC].contract.expiry_ms is None
    assert LISTING.by_symbol[DATED].contract.index == BTC


def test_quantities_and_contracts_are_exact_both_ways() -> None:
    linear, inverse = instrument().contract, instrument(INVERSE).contract
    assert contracts(D("0.5"), linear) == "50"
    assert contracts(D("0.1234"), linear) == "12.34"
    assert contracts(D(300), inverse) == "3"
    assert quantity(D(50), linear) == D("0.5")
    assert quantity(D(3), inverse) == D(300)


def test_a_quantity_that_is_no_number_of_contracts_is_refused() -> None:
    third = replace(instrument(INVERSE).contract, contract_size=D(3))
    with pytest.raises(ValueError, match="is no number of contracts of 3"):
        contracts(D(100), third)


def test_tiers_are_asked_for_by_family_several_at_once() -> None:
    requests = DIALECT.contracts.tier_requests(MARKETS)
    assert [dict(request.params) for request in requests] == [
        {"instType": "SWAP", "tdMode": "isolated", "instFamily": "BTC-USDT,ETH-USDT,BTC-USD"},
        {"instType": "FUTURES", "tdMode": "isolated", "instFamily": "BTC-USDT"},
    ]
    many = [
        {"info": {"instType": "SWAP", "instFamily": f"COIN{number}-USDT", "instId": f"COIN{number}"}}
        for number in range(12)
    ]
    asked = DIALECT.contracts.tier_requests(many)
    assert [len(str(request.params["instFamily"]).split(",")) for request in asked] == [5, 5, 2]


def test_what_is_no_contract_is_not_asked_for() -> None:
    spot = {"info": {"instType": "SPOT", "instId": "BTC-USDT", "instFamily": ""}}
    assert DIALECT.contracts.tier_requests([spot]) == []


def test_answers_that_do_not_belong_to_the_requests_are_an_error() -> None:
    with pytest.raises(ValueError, match="1 answers with tiers, expected 2"):
        DIALECT.contracts.listing(MARKETS, tiers()[:1])


@pytest.mark.parametrize(
    ("field", "value"), [("mmr", "0"), ("maxSz", "0"), ("minSz", "1200"), ("maxLever", "")]
)
def test_a_contract_with_tiers_that_make_no_sense_is_left_out(field: str, value: str) -> None:
    answers = tiers()
    answers[0]["data"][1][field] = value
    found = DIALECT.contracts.listing(MARKETS, answers).by_symbol
    assert BTC not in found
    assert {ETH, INVERSE, DATED} <= set(found)


@pytest.mark.parametrize(
    ("field", "value"),
    [("ctVal", ""), ("ctType", "quanto"), ("tickSz", "0"), ("lever", None), ("instFamily", "X")],
)
def test_a_contract_that_lacks_a_field_is_left_out(field: str, value: Any) -> None:
    market = {**MARKETS[0], "info": {**frame("okx", "instrument linear"), field: value}}
    asked = [{"code": "0", "data": frame("okx", "tiers swap")["data"]}]
    assert DIALECT.contracts.listing([market], asked).by_symbol == {}


def test_a_future_without_an_end_is_left_out() -> None:
    market = {**MARKETS[3], "info": {**MARKETS[3]["info"], "ruleType": "xperp"}}
    assert DIALECT.contracts.listing([market], [frame("okx", "tiers futures")]).by_symbol == {}
