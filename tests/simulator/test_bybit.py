"""Bybit's wire, with the unmodified client of ccxt over TLS."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.types import PositionId, PositionMode, Side, Symbol
from bot.simulator import World
from bot.simulator.bybit import BybitWire
from bot.venues.paper import PaperAccount
from tests.building.contracts import BTC, a_contract
from tests.building.simulator import ALICE, ALICES_KEY, Hands, a_holding, a_world
from tests.simulator.loopback import caught, play, trading

D = Decimal
COIN = Symbol("BTC/USD:BTC")
DATED = Symbol("BTC/USDT:USDT-261225")
TIERS = (
    Tier(floor=D(0), cap=D(2_000_000), rate=D("0.005"), max_leverage=D(100)),
    Tier(floor=D(2_000_000), cap=D(4_000_000), rate=D("0.01"), deduction=D(10_000), max_leverage=D(50)),
)
LONG = PositionId(ALICE, BTC, Side.LONG)


def contracts() -> tuple[Contract, ...]:
    linear: dict[str, Any] = {
        "venue": "bybit_linear",
        "tiers": TIERS,
        "tick": D("0.1"),
        "lot": D("0.001"),
        "max_leverage": D(100),
    }
    return (
        a_contract(**linear),
        a_contract(DATED, expiry_ms=1_798_185_600_000, **linear),
        a_contract(
            COIN,
            venue="bybit_inverse",
            kind=ContractKind.INVERSE,
            settlement="BTC",
            lot=D(1),
            tiers=TIERS,
            margin_step=D("0.0001"),
        ),
    )


def a_bybit(**changes: Any) -> World:
    prices = {BTC: "50000", DATED: "50500", COIN: "50000"}
    return a_world(*contracts(), prices=prices, balance="100000", hands=Hands(_now()), **changes)


def _now() -> int:
    return int(time.time() * 1000)


def test_the_client_loads_every_contract_under_its_unified_name(certificates: Path) -> None:
    world = a_bybit()

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, _):
            names = {s: (m["id"], m["type"], m["linear"]) for s, m in client.markets.items()}
            assert names == {
                BTC: ("BTCUSDT", "swap", True),
                DATED: ("BTCUSDT-25DEC26", "future", True),
                COIN: ("BTCUSD", "swap", False),
            }
            tiers = await client.fetch_market_leverage_tiers(BTC)
            assert [(t["maxNotional"], t["maintenanceMarginRate"]) for t in tiers] == [
                (2_000_000, 0.005),
                (4_000_000, 0.01),
            ]
            ticker = await client.fetch_ticker(BTC)
            assert (ticker["markPrice"], ticker["info"]["fundingRate"]) == (50000, "0.0001")

    play(scene)


def test_a_position_is_opened_protected_backed_and_closed(certificates: Path) -> None:
    world = a_bybit()

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, _):
            await client.set_leverage(10, BTC)
            await client.create_order(BTC, "market", "buy", 1, None, {"clientOrderId": "mine-1"})
            (held,) = await client.fetch_positions([BTC])
            assert (held["side"], held["contracts"], held["entryPrice"], held["leverage"]) == (
                "long",
                1,
                50000,
                10,
            )
            before = world.view(ALICE).positions[LONG].margin
            assert D(held["info"]["positionBalance"]) == before
            protect = {"stopLossPrice": 46000, "triggerBy": "MarkPrice", "reduceOnly": True}
            stop = await client.create_order(BTC, "market", "sell", 1, None, protect)
            (resting,) = await client.fetch_open_orders(BTC, params={"trigger": True})
            assert (resting["id"], resting["triggerPrice"], resting["info"]["orderStatus"]) == (
                stop["id"],
                46000,
                "Untriggered",
            )
            assert await client.fetch_open_orders(BTC, params={"orderFilter": "Order"}) == []
            await client.privatePostV5PositionAddMargin(
                {"category": "linear", "symbol": "BTCUSDT", "margin": "250.5", "positionIdx": 0}
            )
            assert world.view(ALICE).positions[LONG].margin == before + D("250.5")
            await client.cancel_order(stop["id"], BTC)
            assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []
            await client.create_order(BTC, "market", "sell", 5, None, {"reduceOnly": True})
            assert world.view(ALICE).positions == {}

    play(scene)


def test_a_triggered_stop_keeps_its_id_and_is_found_with_its_trade(certificates: Path) -> None:
    world = a_bybit()
    world.open(a_holding(quantity="1"))

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, _):
            protect = {"stopLossPrice": 46000, "triggerBy": "MarkPrice", "clientOrderId": "hf-1-1"}
            stop = await client.create_order(BTC, "market", "sell", 1, None, protect)
            world.move(BTC, D(45900))
            assert world.view(ALICE).positions == {}
            by_link = {"category": "linear", "orderLinkId": "hf-1-1"}
            (order,) = (await client.privateGetV5OrderHistory(by_link))["result"]["list"]
            assert (order["orderId"], order["orderStatus"], order["cumExecQty"]) == (
                stop["id"],
                "Filled",
                "1",
            )
            (trade,) = (await client.privateGetV5ExecutionList(by_link))["result"]["list"]
            assert (trade["orderId"], trade["execPrice"], trade["stopOrderType"]) == (
                stop["id"],
                "46000",
                "Stop",
            )

    play(scene)


def test_refusals_speak_the_exchange_s_codes(certificates: Path) -> None:
    world = a_bybit()

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, _):
            no_position = await caught(
                client.create_order(BTC, "market", "sell", 1, None, {"reduceOnly": True})
            )
            assert isinstance(no_position, ccxt.InvalidOrder)
            assert '"retCode":110017' in str(no_position)
            broke = await caught(client.create_order(BTC, "market", "buy", 500))
            assert isinstance(broke, ccxt.InsufficientFunds)
            await client.set_leverage(10, BTC)
            assert '"retCode":110043' in str(await caught(client.set_leverage(10, BTC)))
            passed = {"stopLossPrice": 51000, "triggerBy": "MarkPrice"}
            world.open(a_holding(quantity="1"))
            assert '"retCode":110093' in str(
                await caught(client.create_order(BTC, "market", "sell", 1, None, passed))
            )
            world.keys.revoke(ALICES_KEY.key)
            assert isinstance(await caught(client.fetch_balance()), ccxt.AuthenticationError)
            world.keys.revoke(ALICES_KEY.key, revoked=False)
            client.secret = "wrong"
            assert '"retCode":10004' in str(await caught(client.fetch_balance()))
            world.clock.skew_ms = 20_000
            assert isinstance(await caught(client.fetch_balance()), ccxt.InvalidNonce)

    play(scene)


def test_lists_come_in_pages_and_positions_even_when_flat(certificates: Path) -> None:
    world = a_bybit()
    world.open(a_holding(quantity="1"))

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, _):
            for number in range(5):
                terms = {"stopLossPrice": 40000 + number, "triggerBy": "MarkPrice"}
                await client.create_order(BTC, "market", "sell", 0.1, None, terms)
            asked = {"category": "linear", "settleCoin": "USDT", "limit": 3}
            first = (await client.privateGetV5OrderRealtime(asked))["result"]
            rest = (await client.privateGetV5OrderRealtime(asked | {"cursor": first["nextPageCursor"]}))[
                "result"
            ]
            assert [len(first["list"]), len(rest["list"]), rest["nextPageCursor"]] == [3, 2, ""]
            flat = await client.privateGetV5PositionList({"category": "linear", "symbol": "BTCUSDT-25DEC26"})
            (row,) = flat["result"]["list"]
            assert (row["side"], row["size"], row["positionIdx"]) == ("", "0", 0)
            open_ = await client.privateGetV5PositionList({"category": "linear", "settleCoin": "USDT"})
            assert [r["symbol"] for r in open_["result"]["list"]] == ["BTCUSDT"]

    play(scene)


def test_too_many_requests_in_a_second_are_refused_and_counted_down(certificates: Path) -> None:
    world = a_bybit()

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, _):
            for _ in range(10):
                await client.privateGetV5UserQueryApi()
            assert client.last_response_headers["X-Bapi-Limit-Status"] == "0"
            assert isinstance(await caught(client.privateGetV5UserQueryApi()), ccxt.RateLimitExceeded)

    play(scene)


def test_a_hedged_account_keeps_both_sides_apart(certificates: Path) -> None:
    accounts = (PaperAccount(name=ALICE, balance=D(100_000), position_mode=PositionMode.HEDGE),)
    world = a_bybit(accounts=accounts)

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, _):
            wrong = await caught(client.create_order(BTC, "market", "buy", 1))
            assert "position idx not match position mode" in str(wrong)
            await client.create_order(BTC, "market", "buy", 1, None, {"hedged": True})
            await client.create_order(BTC, "market", "sell", 2, None, {"hedged": True})
            await client.create_order(BTC, "market", "buy", 1, None, {"hedged": True, "reduceOnly": True})
            held = {p["side"]: p["contracts"] for p in await client.fetch_positions([BTC])}
            assert held == {"long": 1, "short": 1}

    play(scene)


def test_the_streams_tell_the_market_by_what_changed_and_the_account_by_what_happened(
    certificates: Path,
) -> None:
    world = a_bybit()

    async def scene() -> None:
        async with trading(world, BybitWire(world), ALICES_KEY, certificates) as (client, ears):
            first = await client.watch_ticker(BTC)
            assert (first["markPrice"], first["info"]["fundingRate"]) == (50000, "0.0001")
            told = asyncio.create_task(client.watch_ticker(BTC))
            await asyncio.sleep(0)
            world.move(BTC, D(50100), D(50200))
            second = await told
            assert (second["markPrice"], second["last"], second["info"]["fundingRate"]) == (
                50100,
                50200,
                "0.0001",
            )
            client.options["watchPositions"]["fetchPositionsSnapshot"] = False
            positions = asyncio.create_task(client.watch_positions())
            orders = asyncio.create_task(client.watch_orders())
            balance = asyncio.create_task(client.watch_balance({"type": "unified"}))
            await ears.catch('"position"', '"order"', '"wallet"')
            await client.create_order(BTC, "market", "buy", 1)
            assert [(p["symbol"], p["side"], p["contracts"]) for p in await positions] == [(BTC, "long", 1)]
            assert (await orders)[-1]["status"] in ("open", "closed")
            # Bought at 50200 with the mark at 50100: the fee of 0.05 % and 100 are gone from the equity.
            assert (await balance)["USDT"]["total"] == pytest.approx(100000 - 25.1 - 100)

    play(scene)
