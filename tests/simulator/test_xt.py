"""XT's wire, with the unmodified client of ccxt over TLS."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest

from bot.core.contracts import Contract, Tier
from bot.core.types import PositionId, PositionMode, Side
from bot.simulator import World
from bot.simulator.xt import XtWire
from bot.venues.paper import PaperAccount
from tests.building.contracts import BTC, a_contract
from tests.building.simulator import ALICE, ALICES_KEY, Hands, a_holding, a_world
from tests.simulator.loopback import caught, play, trading

D = Decimal
TIERS = (
    Tier(floor=D(0), cap=D(500_000), rate=D("0.004"), max_leverage=D(125)),
    Tier(floor=D(500_000), cap=D(1_000_000), rate=D("0.005"), max_leverage=D(100)),
)
LONG = PositionId(ALICE, BTC, Side.LONG)
STOP = {
    "triggerPrice": 46000,
    "triggerPriceType": "MARK_PRICE",
    "triggerDirection": "descending",
    "positionSide": "LONG",
    "reduceOnly": True,
}


def a_btc() -> Contract:
    return a_contract(
        venue="xt_linear",
        tiers=TIERS,
        lot=D("0.0001"),
        contract_size=D("0.0001"),
        max_leverage=D(125),
        margin_step=D("0.0001"),
    )


def an_xt(**changes: Any) -> World:
    accounts = (PaperAccount(name=ALICE, balance=D(100_000), position_mode=PositionMode.HEDGE),)
    hands = Hands(int(time.time() * 1000))
    how: dict[str, Any] = {"accounts": accounts} | changes
    return a_world(a_btc(), prices={BTC: "50000"}, hands=hands, **how)


def test_the_client_loads_the_contract_with_its_size(certificates: Path) -> None:
    world = an_xt()

    async def scene() -> None:
        async with trading(world, XtWire(world), ALICES_KEY, certificates) as (client, _):
            market = client.markets[BTC]
            assert [market[n] for n in ("id", "contractSize", "linear", "active")] == [
                "btc_usdt",
                0.0001,
                True,
                True,
            ]
            assert abs(await client.fetch_time() - world.clock.now_ms()) < 1000
            tiers = await client.fetch_market_leverage_tiers(BTC)
            assert [t["maintenanceMarginRate"] for t in tiers] == [0.004, 0.005]
            ticker = await client.fetch_ticker(BTC)
            assert (ticker["last"], ticker["info"]["m"]) == (50000, "50000")
            assert (await client.fetch_funding_rate(BTC))["fundingRate"] == 0.0001

    play(scene)


def test_a_position_is_opened_protected_backed_and_closed(certificates: Path) -> None:
    world = an_xt()

    async def scene() -> None:
        async with trading(world, XtWire(world), ALICES_KEY, certificates) as (client, _):
            await client.set_leverage(20, BTC, {"positionSide": "LONG"})
            await client.set_margin_mode("isolated", BTC, {"leverage": 20, "positionSide": "LONG"})
            await client.create_order(BTC, "market", "buy", 10_000, None, {"clientOrderId": "mine_1"})
            held = [p for p in await client.fetch_positions([BTC]) if p["contracts"]]
            assert [(p["side"], p["contracts"], p["entryPrice"], p["leverage"]) for p in held] == [
                ("long", 10_000, 50000, 20)
            ]
            assert world.view(ALICE).positions[LONG].quantity == 1
            stop = await client.create_order(BTC, "market", "sell", 10_000, None, STOP)
            (resting,) = await client.fetch_open_orders(BTC, params={"trigger": True})
            assert (resting["id"], resting["info"]["stopPrice"]) == (stop["id"], "46000")
            assert await client.fetch_open_orders(BTC) == []
            before = world.view(ALICE).positions[LONG].margin
            await client.add_margin(BTC, 250.5, {"positionSide": "LONG"})
            assert world.view(ALICE).positions[LONG].margin == before + D("250.5")
            balance = await client.fetch_balance({"type": "swap"})
            assert balance["USDT"]["total"] == 100_000 - 25
            await client.cancel_order(stop["id"], BTC, {"trigger": True})
            assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []
            await client.create_order(BTC, "market", "sell", 10_000, None, {"reduceOnly": True})
            assert world.view(ALICE).positions == {}

    play(scene)


def test_what_the_client_calls_a_stop_loss_sells_at_once(certificates: Path) -> None:
    world = an_xt()
    world.open(a_holding(quantity="1"))

    async def scene() -> None:
        async with trading(world, XtWire(world), ALICES_KEY, certificates) as (client, _):
            trap = {"stopLossPrice": 46000, "triggerPriceType": "MARK_PRICE", "reduceOnly": True}
            await client.create_order(BTC, "market", "sell", 10_000, None, trap)
            assert world.view(ALICE).positions == {}

    play(scene)


def test_refusals_speak_the_exchange_s_codes(certificates: Path) -> None:
    world = an_xt()

    async def scene() -> None:
        async with trading(world, XtWire(world), ALICES_KEY, certificates) as (client, _):
            nothing = await caught(client.create_order(BTC, "market", "sell", 1, None, {"reduceOnly": True}))
            assert "insufficient_position" in str(nothing)
            broke = await caught(client.create_order(BTC, "market", "buy", 900_000))
            assert isinstance(broke, ccxt.InsufficientFunds)
            world.keys.revoke(ALICES_KEY.key)
            assert "AUTH_102" in str(await caught(client.fetch_balance({"type": "swap"})))
            world.keys.revoke(ALICES_KEY.key, revoked=False)
            client.secret = "wrong"
            assert "invalid signature" in str(await caught(client.fetch_balance({"type": "swap"})))
            world.clock.skew_ms = 20_000
            assert "AUTH_105" in str(await caught(client.fetch_balance({"type": "swap"})))

    play(scene)


def test_the_streams_tell_prices_and_what_happened(certificates: Path) -> None:
    world = an_xt()

    async def scene() -> None:
        async with trading(world, XtWire(world), ALICES_KEY, certificates) as (client, ears):
            # As a parameter of the call its name would take the place of the frame's own method.
            client.options["watchTicker"] = {"method": "agg_ticker"}
            assert (await client.watch_ticker(BTC))["info"]["m"] == "50000"
            told = asyncio.create_task(client.watch_ticker(BTC))
            await asyncio.sleep(0)
            world.move(BTC, D(50100))
            assert (await told)["info"]["m"] == "50100"
            assert (await client.watch_funding_rate(BTC))["fundingRate"] == 0.0001
            assert (await client.watch_ohlcv(BTC, "1m"))[-1][4] == 50100
            # Its watch_positions is left alone: on a flat account it never lets go of the loop.
            orders = asyncio.create_task(client.watch_orders(BTC))
            balance = asyncio.create_task(client.watch_balance({"type": "swap"}))
            await ears.catch('"order@', '"balance@')
            await client.create_order(BTC, "market", "buy", 10_000)
            assert (await orders)[-1]["amount"] == 10_000
            assert (await balance)["USDT"]["total"] == pytest.approx(100_000 - 25.05)

    play(scene)
