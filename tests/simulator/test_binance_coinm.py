"""COIN-M: the same wire in contracts and coins."""

from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract, ContractKind
from bot.core.types import Symbol
from bot.simulator import World
from bot.simulator.binance import COINM
from bot.venues.paper import PaperAccount
from tests.building.contracts import ONE_TIER, a_contract
from tests.building.simulator import ALICE, a_world
from tests.simulator.binance_desk import DELIVERY_MS, Client, binance

D = Decimal
PERP, DATED = Symbol("BTC/USD:BTC"), Symbol("BTC/USD:BTC-261225")


def inverse(symbol: Symbol, **changes: Any) -> Contract:
    """A hundred dollars each."""
    fixed: dict[str, Any] = {
        "kind": ContractKind.INVERSE,
        "settlement": "BTC",
        "contract_size": D(100),
        "lot": D(100),
        "min_notional": D(0),
        "margin_step": D("0.00000001"),
        "tiers": ONE_TIER,
    }
    return a_contract(symbol, venue="binance_coinm", **(fixed | changes))


def a_coin_world() -> World:
    account = PaperAccount(name=ALICE, balance=D(2), currency="BTC")
    contracts = (inverse(PERP), inverse(DATED, expiry_ms=DELIVERY_MS))
    return a_world(*contracts, prices={PERP: "50000", DATED: "50000"}, accounts=(account,))


def test_contracts_have_a_face_value_and_quarterlies_a_date() -> None:
    client = Client(binance(a_coin_world(), COINM))
    rows = {s["symbol"]: s for s in client.raw("GET", "/dapi/v1/exchangeInfo")["symbols"]}
    assert list(rows) == ["BTCUSD_PERP", "BTCUSD_261225"]
    assert (rows["BTCUSD_PERP"]["contractSize"], rows["BTCUSD_PERP"]["marginAsset"]) == (100, "BTC")
    assert rows["BTCUSD_261225"]["contractType"] == "CURRENT_QUARTER"
    assert rows["BTCUSD_PERP"]["filters"][1]["stepSize"] == "1"


def test_quantities_are_contracts_and_money_is_coins() -> None:
    client = Client(binance(a_coin_world(), COINM))
    order = {"symbol": "BTCUSD_PERP", "side": "BUY", "type": "MARKET", "quantity": "50"}
    client.ask("POST", "/dapi/v1/leverage", symbol="BTCUSD_PERP", leverage=10)
    filled = client.ask("POST", "/dapi/v1/order", **order, newOrderRespType="RESULT")
    # 50 contracts of 100 dollars at 50,000 are a tenth of a coin.
    assert (filled["executedQty"], filled["cumBase"]) == ("50", "0.10000000")
    (row,) = [r for r in client.ask("GET", "/dapi/v1/positionRisk") if r["positionAmt"] != "0"]
    assert (row["positionAmt"], row["isolatedWallet"], row["leverage"]) == ("50", "0.01000000", "10")
    added = client.ask("POST", "/dapi/v1/positionMargin", symbol="BTCUSD_PERP", amount="0.0123", type=1)
    assert added["code"] == 200
    (row,) = [r for r in client.ask("GET", "/dapi/v1/positionRisk") if r["positionAmt"] != "0"]
    assert row["isolatedWallet"] == "0.02230000"


def test_the_other_section_is_not_there() -> None:
    client = Client(binance(a_coin_world(), COINM))
    assert client.raw("GET", "/fapi/v1/time")["code"] == -5000
    assert client.raw("GET", "/dapi/v1/premiumIndex")[0]["symbol"] == "BTCUSD_PERP"
