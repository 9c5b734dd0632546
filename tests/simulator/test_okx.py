"""OKX's wire, with the unmodified client of ccxt over TLS."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.types import PositionId, PositionMode, Side, Symbol
from bot.simulator import World
from bot.simulator.okx import OkxWire
from bot.venues.paper import PaperAccount
from tests.building.contracts import BTC, a_contract
from tests.building.simulator import ALICE, ALICES_KEY, Hands, a_holding, a_world
from tests.simulator.loopback import caught, play, trading

D = Decimal
COIN = Symbol("BTC/USD:BTC")
DATED = Symbol("BTC/USDT:USDT-261225")
TIERS = (
    Tier(floor=D(0), cap=D(5_000), rate=D("0.004"), max_leverage=D(100)),
    Tier(floor=D(5_000), cap=D(10_000), rate=D("0.01"), max_leverage=D(50)),
)
LONG = PositionId(ALICE, BTC, Side.LONG)
ISOLATED = {"marginMode": "isolated"}
STOP = ISOLATED | {"stopLossPrice": 46000, "slTriggerPxType": "mark"}


def contracts() -> tuple[Contract, ...]:
    linear: dict[str, Any] = {
        "venue": "okx_linear",
        "tiers": TIERS,
        "tick": D("0.1"),
        "lot": D("0.0001"),
        "contract_size": D("0.01"),
        "max_leverage": D(100),
        "min_notional": D(0),
    }
    return (
        a_contract(**linear),
        a_contract(DATED, expiry_ms=1_798_185_600_000, **linear),
        a_contract(
            COIN,
            venue="okx_inverse",
            kind=ContractKind.INVERSE,
            settlement="BTC",
            contract_size=D(100),
            lot=D(100),
            tiers=TIERS,
            max_leverage=D(100),
            min_notional=D(0),
        ),
    )


def an_okx(**changes: Any) -> World:
    prices = {BTC: "50000", DATED: "50500", COIN: "50000"}
    hands = Hands(int(time.time() * 1000))
    return a_world(*contracts(), prices=prices, balance="100000", hands=hands, **changes)


def test_the_client_loads_every_contract_with_its_size(certificates: Path) -> None:
    world = an_okx()

    async def scene() -> None:
        async with trading(world, OkxWire(world), ALICES_KEY, certificates) as (client, _):
            names = {s: (m["id"], m["contractSize"], m["linear"]) for s, m in client.markets.items()}
            assert names == {
                BTC: ("BTC-USDT-SWAP", 0.01, True),
                DATED: ("BTC-USDT-261225", 0.01, True),
                COIN: ("BTC-USD-SWAP", 100, False),
            }
            tiers = await client.fetch_market_leverage_tiers(BTC, ISOLATED)
            assert [(t["maxNotional"], t["maintenanceMarginRate"]) for t in tiers] == [
                (5000, 0.004),
                (10000, 0.01),
            ]
            funding = await client.fetch_funding_rate(BTC)
            assert (funding["fundingRate"], funding["interval"]) == (0.0001, "8h")
            (mark,) = (
                await client.publicGetPublicMarkPrice({"instType": "SWAP", "instId": "BTC-USDT-SWAP"})
            )["data"]
            assert mark["markPx"] == "50000"
            assert (await client.privateGetAccountConfig())["data"][0]["perm"] == "read_only,trade"

    play(scene)


def test_a_position_is_opened_protected_backed_and_closed(certificates: Path) -> None:
    world = an_okx()

    async def scene() -> None:
        async with trading(world, OkxWire(world), ALICES_KEY, certificates) as (client, _):
            await client.set_leverage(20, BTC, ISOLATED)
            await client.create_order(BTC, "market", "buy", 100, None, ISOLATED | {"clOrdId": "mine1"})
            (held,) = await client.fetch_positions([BTC])
            assert [held[n] for n in ("side", "contracts", "contractSize", "entryPrice", "leverage")] == [
                "long",
                100,
                0.01,
                50000,
                20,
            ]
            assert world.view(ALICE).positions[LONG].quantity == 1
            stop = await client.create_order(BTC, "market", "sell", 100, None, STOP | {"reduceOnly": True})
            asked = {"trigger": True, "ordType": "conditional"}
            (resting,) = await client.fetch_open_orders(BTC, params=asked)
            assert (resting["id"], resting["info"]["slTriggerPx"], resting["info"]["state"]) == (
                stop["id"],
                "46000",
                "live",
            )
            assert await client.fetch_open_orders(BTC) == []
            before = world.view(ALICE).positions[LONG].margin
            added = {"instId": "BTC-USDT-SWAP", "posSide": "net", "type": "add", "amt": "250.5"}
            await client.privatePostAccountPositionMarginBalance(added)
            assert world.view(ALICE).positions[LONG].margin == before + D("250.5")
            (bill,) = (await client.privateGetAccountBills({"type": "6"}))["data"]
            assert (bill["subType"], bill["balChg"], bill["posBalChg"]) == ("160", "-250.5", "250.5")
            balance = await client.fetch_balance()
            assert balance["USDT"]["total"] == 100000 - 25
            await client.cancel_order(stop["id"], BTC, {"trigger": True})
            assert await client.fetch_open_orders(BTC, params=asked) == []
            await client.create_order(BTC, "market", "sell", 500, None, ISOLATED | {"reduceOnly": True})
            assert world.view(ALICE).positions == {}

    play(scene)


def test_a_triggered_stop_has_a_child_that_trades(certificates: Path) -> None:
    world = an_okx()
    world.open(a_holding(quantity="1"))

    async def scene() -> None:
        async with trading(world, OkxWire(world), ALICES_KEY, certificates) as (client, _):
            protect = STOP | {"reduceOnly": True, "algoClOrdId": "hf11"}
            stop = await client.create_order(BTC, "market", "sell", 100, None, protect)
            world.move(BTC, D(45900))
            assert world.view(ALICE).positions == {}
            (algo,) = (await client.privateGetTradeOrderAlgo({"algoClOrdId": "hf11"}))["data"]
            assert (algo["algoId"], algo["state"], algo["actualSide"]) == (stop["id"], "effective", "sl")
            child = await client.fetch_order(algo["ordId"], BTC)
            assert (child["status"], child["filled"], child["info"]["algoClOrdId"]) == ("closed", 100, "hf11")
            (trade,) = await client.fetch_my_trades(BTC, params={"ordId": algo["ordId"]})
            assert (trade["price"], trade["amount"]) == (float(child["average"]), 100)

    play(scene)


def test_refusals_speak_the_exchange_s_codes(certificates: Path) -> None:
    world = an_okx()
    world.open(a_holding(quantity="1"))

    async def scene() -> None:
        async with trading(world, OkxWire(world), ALICES_KEY, certificates) as (client, _):

            async def refused(side: str, amount: float, params: dict[str, Any]) -> str:
                return str(await caught(client.create_order(BTC, "market", side, amount, None, params)))

            # The client leaves the margin mode at cross: there is nothing to reduce there.
            assert "51169" in await refused("sell", 100, {"reduceOnly": True})
            assert "51000" in await refused("buy", 1, ISOLATED | {"clOrdId": "with-hyphen"})
            assert "51008" in await refused("buy", 100_000, ISOLATED)
            passed = ISOLATED | {"stopLossPrice": 51000, "slTriggerPxType": "mark", "reduceOnly": True}
            assert "51280" in await refused("sell", 100, passed)
            await client.create_order(BTC, "market", "buy", 1, None, ISOLATED | {"clOrdId": "once"})
            assert "51016" in await refused("buy", 1, ISOLATED | {"clOrdId": "once"})
            assert isinstance(await caught(client.cancel_order("1", BTC)), ccxt.OrderNotFound)
            unknown = {"instId": "BTC-USDT-SWAP", "posSide": "long", "type": "add", "amt": "1"}
            assert '"code":"51000"' in str(
                await caught(client.privatePostAccountPositionMarginBalance(unknown))
            )

    play(scene)


def test_a_key_must_be_known_timely_and_signed(certificates: Path) -> None:
    world = an_okx()

    async def scene() -> None:
        async with trading(world, OkxWire(world), ALICES_KEY, certificates) as (client, _):
            for name, value, code in (
                ("secret", "wrong", "50113"),
                ("password", "wrong", "50105"),
                ("apiKey", "unknown", "50111"),
            ):
                right = getattr(client, name)
                setattr(client, name, value)
                error = await caught(client.fetch_balance())
                assert isinstance(error, ccxt.AuthenticationError)
                assert code in str(error)
                setattr(client, name, right)
            for _ in range(5):
                await client.privateGetAccountConfig()
            assert isinstance(await caught(client.privateGetAccountConfig()), ccxt.RateLimitExceeded)
            world.clock.skew_ms = 40_000
            assert isinstance(await caught(client.fetch_balance()), ccxt.InvalidNonce)

    play(scene)


def test_a_hedged_account_keeps_both_sides_apart(certificates: Path) -> None:
    accounts = (PaperAccount(name=ALICE, balance=D(100_000), position_mode=PositionMode.HEDGE),)
    world = an_okx(accounts=accounts)

    async def scene() -> None:
        async with trading(world, OkxWire(world), ALICES_KEY, certificates) as (client, _):
            assert "51000" in str(await caught(client.create_order(BTC, "market", "buy", 1, None, ISOLATED)))
            hedged = ISOLATED | {"hedged": True}
            await client.create_order(BTC, "market", "buy", 100, None, hedged)
            await client.create_order(BTC, "market", "sell", 200, None, hedged)
            await client.create_order(BTC, "market", "buy", 100, None, hedged | {"reduceOnly": True})
            held = {p["side"]: p["contracts"] for p in await client.fetch_positions([BTC])}
            assert held == {"long": 100, "short": 100}

    play(scene)


def test_the_streams_tell_prices_and_what_happened(certificates: Path) -> None:
    world = an_okx()

    async def scene() -> None:
        async with trading(world, OkxWire(world), ALICES_KEY, certificates) as (client, ears):
            assert (await client.watch_mark_price(BTC))["markPrice"] == 50000
            told = asyncio.create_task(client.watch_mark_price(BTC))
            await asyncio.sleep(0)
            world.move(BTC, D(50100))
            assert (await told)["markPrice"] == 50100
            assert (await client.watch_ticker(BTC))["last"] == 50100
            assert (await client.watch_funding_rate(BTC))["fundingRate"] == 0.0001
            assert (await client.watch_ohlcv(BTC, "1m"))[-1][4] == 50100
            assert await client.watch_positions() == []
            assert (await client.watch_balance())["USDT"]["total"] == 100_000
            positions = asyncio.create_task(client.watch_positions())
            orders = asyncio.create_task(client.watch_orders())
            algos = asyncio.create_task(client.watch_orders(params={"trigger": True}))
            await ears.catch('"orders"', '"orders-algo"')
            await client.create_order(BTC, "market", "buy", 100, None, ISOLATED)
            assert [(p["symbol"], p["side"], p["contracts"]) for p in await positions] == [(BTC, "long", 100)]
            assert (await orders)[-1]["amount"] == 100
            stop = await client.create_order(BTC, "market", "sell", 100, None, STOP | {"reduceOnly": True})
            assert (await algos)[-1]["id"] == stop["id"]

    play(scene)
