"""Contracts of XT: exact from its own rows, with tiers that begin at nought."""

from decimal import Decimal

import pytest

from bot.core.contracts import ContractKind
from bot.venues.live.dialects.xt import DIALECT
from tests.venues.live.xt.recorded import BTC, a_market, btc, frame

D = Decimal
CONTRACTS = DIALECT.contracts


def test_one_request_brings_the_brackets_of_all_contracts() -> None:
    (request,) = CONTRACTS.tier_requests([a_market(), a_market()])
    assert (request.api, request.method) == (("public", "linear"), "GET")
    assert request.path == "future/market/v1/public/leverage/bracket/list"


def test_a_contract_counts_coins_although_xt_counts_contracts() -> None:
    contract = btc().contract
    assert contract.contract_size == D("0.0001")
    assert contract.lot == D("0.0001")
    assert contract.min_quantity == D("0.0001")
    assert contract.min_notional == D(5)
    assert contract.tick == D("0.1")
    assert contract.margin_step == D("0.0001")
    assert (contract.kind, contract.settlement) == (ContractKind.LINEAR, "USDT")
    assert contract.rules.name == "xt_linear"


def test_a_perpetual_has_no_expiry_although_its_row_has_a_delivery_date() -> None:
    assert frame("contract")["deliveryDate"] == 1669879634000
    assert btc().contract.expiry_ms is None


def test_a_dated_contract_expires_at_its_delivery_date() -> None:
    market = a_market(productType="delivery", deliveryDate=1798185600000)
    market["symbol"] = "BTC/USDT:USDT-261225"
    (found,) = CONTRACTS.listing([market], [frame("brackets")]).by_id.values()
    assert found.contract.expiry_ms == 1798185600000


def test_each_bracket_begins_where_the_one_before_ends() -> None:
    tiers = btc().contract.tiers
    assert [(t.floor, t.cap, t.rate, t.max_leverage, t.deduction) for t in tiers] == [
        (D(0), D(500000), D("0.004"), D(125), D(0)),
        (D(500000), D(1000000), D("0.005"), D(100), D(0)),
        (D(1000000), D(5000000), D("0.01"), D(50), D(0)),
    ]
    assert btc().contract.max_leverage == 125


@pytest.mark.parametrize("field", ["contractSize", "quantityPrecision", "pricePrecision", "minQty"])
@pytest.mark.parametrize("value", [None, "nan", "-1", "", True])
def test_a_contract_that_makes_no_sense_is_left_out(field: str, value: object) -> None:
    assert not CONTRACTS.listing([a_market(**{field: value})], [frame("brackets")]).by_id


@pytest.mark.parametrize(
    "market",
    [
        a_market() | {"linear": False},
        a_market() | {"active": False},
        a_market() | {"contract": False},
        a_market() | {"id": "without_brackets"},
    ],
)
def test_what_is_not_traded_in_quote_currency_or_has_no_brackets_is_left_out(
    market: dict[str, object],
) -> None:
    assert not CONTRACTS.listing([market], [frame("brackets")]).by_symbol


@pytest.mark.parametrize(
    ("field", "value"), [("maxNominalValue", None), ("maintMarginRate", "0"), ("maxLeverage", "nan")]
)
def test_a_contract_with_a_broken_bracket_is_left_out(field: str, value: object) -> None:
    brackets = frame("brackets")
    brackets["result"][0]["leverageBrackets"][1][field] = value
    assert BTC not in CONTRACTS.listing([a_market()], [brackets]).by_symbol


def test_brackets_out_of_order_make_no_contract() -> None:
    brackets = frame("brackets")
    brackets["result"][0]["leverageBrackets"].reverse()
    assert not CONTRACTS.listing([a_market()], [brackets]).by_symbol


def test_the_most_an_order_may_be_worth_is_known() -> None:
    assert btc().max_notional == D(20_000_000)
