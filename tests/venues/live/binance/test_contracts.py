"""Contracts from exchangeInfo and leverageBracket."""

from typing import Any

import pytest

from bot.core.contracts import ContractKind, Tier
from bot.core.margin.venues import RULES
from tests.venues.live.binance.recorded import (
    BRACKETS,
    BTC,
    COIN,
    COIN_BRACKETS,
    COINM,
    QUARTERLY,
    USDM,
    D,
    a_market,
    btc,
    coin,
    coin_listing,
    frame,
    listing,
)


def tiered(id_: str, brackets: Any = BRACKETS) -> list[Any]:
    return [[{"symbol": id_, "brackets": brackets}]]


def test_the_documents_own_row_becomes_a_contract() -> None:
    row = frame("symbol")
    market = {"id": "BLZUSDT", "symbol": "BLZ/USDT:USDT", "info": row}
    instrument = USDM.contracts.listing([market], tiered("BLZUSDT")).by_id["BLZUSDT"]
    contract = instrument.contract
    assert (contract.tick, contract.lot, contract.min_quantity) == (D("0.0001"), D(1), D(1))
    assert (contract.min_notional, contract.settlement, contract.expiry_ms) == (D(5), "USDT", None)
    assert (contract.kind, contract.max_leverage) == (ContractKind.LINEAR, D(125))
    assert instrument.max_quantity == D(590119)
    # exchangeInfo tells each contract's fee of liquidation, here 1 %.
    assert contract.rules.liquidation_fee == D("0.01")
    assert contract.rules.name == "binance_usdm"


def test_tiers_are_those_of_the_account() -> None:
    assert btc().contract.tiers == (
        Tier(floor=D(0), cap=D(300000), rate=D("0.004"), deduction=D(0), max_leverage=D(125)),
        Tier(floor=D(300000), cap=D(800000), rate=D("0.005"), deduction=D(300), max_leverage=D(100)),
    )
    assert btc().contract.continuous


def test_a_quarterly_has_its_day_of_delivery() -> None:
    contract = listing().by_symbol[QUARTERLY].contract
    assert contract.expiry_ms == 1798185600000
    assert contract.index == BTC


def test_a_perpetual_of_something_else_than_a_coin_is_no_quarterly() -> None:
    market = a_market(contractType="TRADIFI_PERPETUAL")
    assert USDM.contracts.listing([market], tiered("BTCUSDT")).by_symbol[BTC].contract.expiry_ms is None


def test_fees_of_liquidation_that_are_not_told_are_the_usual_ones() -> None:
    found = USDM.contracts.listing([a_market(liquidationFee=None)], tiered("BTCUSDT"))
    assert found.by_symbol[BTC].contract.rules is RULES["binance_usdm"]


def test_coin_m_counts_face_value_in_dollars() -> None:
    contract = coin().contract
    assert (contract.kind, contract.settlement) == (ContractKind.INVERSE, "BTC")
    assert (contract.contract_size, contract.lot, contract.min_quantity) == (D(100), D(100), D(100))
    assert coin().max_quantity == D(10_000_000)
    assert [tier.cap for tier in contract.tiers] == [D(5), D(10)]
    assert contract.rules.name == RULES["binance_coinm"].name
    assert coin_listing().by_id["BTCUSD_200925"].contract.expiry_ms == 1601020800000


def test_margin_is_added_in_cents_or_in_the_smallest_part_of_a_coin() -> None:
    assert btc().contract.margin_step == D("0.01")
    assert coin().contract.margin_step == D("0.00000001")


def test_one_request_brings_the_brackets_of_all() -> None:
    (usdm,) = USDM.contracts.tier_requests([a_market()] * 300)
    (coinm,) = COINM.contracts.tier_requests([a_market()] * 300)
    assert (usdm.path, usdm.params, coinm.api) == ("leverageBracket", {}, ("dapiPrivateV2",))


def test_the_documents_brackets_are_read() -> None:
    market = a_market("ETH/USDT:USDT", "ETHUSDT")
    found = USDM.contracts.listing([market], [frame("brackets")])
    assert found.by_id["ETHUSDT"].contract.tiers == (
        Tier(floor=D(0), cap=D(10000), rate=D("0.0065"), deduction=D("0.0"), max_leverage=D(75)),
    )
    dated = a_market("XRP/USD:BTC-210326", "XRPUSD_210326", contractSize=10)
    found = COINM.contracts.listing([dated], [frame("brackets", "binancecoinm")])
    assert found.by_id["XRPUSD_210326"].contract.tiers[0].cap == D(500000)


def test_brackets_in_any_order_are_put_in_order() -> None:
    found = USDM.contracts.listing([a_market()], tiered("BTCUSDT", BRACKETS[::-1]))
    assert found.by_symbol[BTC].contract.tiers == btc().contract.tiers


@pytest.mark.parametrize(
    "brackets",
    [
        [],
        BRACKETS[1:],
        [BRACKETS[0], {**BRACKETS[1], "notionalFloor": 400000}],
        [{**BRACKETS[0], "maintMarginRatio": 1.5}],
        [{**BRACKETS[0], "maintMarginRatio": None}],
        [{**BRACKETS[0], "notionalCap": "nan"}],
        [{**BRACKETS[0], "cum": "x"}],
        [{name: value for name, value in BRACKETS[0].items() if name != "cum"}],
        ["tier"],
        None,
    ],
)
def test_a_contract_with_senseless_brackets_is_left_out(brackets: Any) -> None:
    other = a_market("ETH/USDT:USDT", "ETHUSDT")
    tiers = [[{"symbol": "BTCUSDT", "brackets": brackets}, {"symbol": "ETHUSDT", "brackets": BRACKETS}]]
    assert list(USDM.contracts.listing([a_market(), other], tiers).by_id) == ["ETHUSDT"]


@pytest.mark.parametrize(
    "changes",
    [
        {"filters": []},
        {"filters": None},
        {"contractType": None},
        {"contractType": "", "status": "PENDING_TRADING"},
        {"liquidationFee": "nan"},
        {"marginAsset": None, "liquidationFee": "x"},
        {"contractType": "CURRENT_QUARTER", "deliveryDate": None},
    ],
)
def test_a_senseless_row_is_left_out(changes: dict[str, Any]) -> None:
    assert not USDM.contracts.listing([a_market(**changes)], tiered("BTCUSDT")).by_id


def test_a_contract_without_brackets_is_left_out() -> None:
    assert not USDM.contracts.listing([a_market()], [[]]).by_id


def test_an_error_in_place_of_brackets_is_an_error() -> None:
    with pytest.raises(ValueError, match="-1121"):
        USDM.contracts.listing([a_market()], [frame("error")])


def test_contract_size_has_to_be_known_on_coin_m() -> None:
    market = a_market(COIN, "BTCUSD_PERP", contractSize=None)
    assert not COINM.contracts.listing([market], tiered("BTCUSD_PERP", COIN_BRACKETS)).by_id
