"""XT's wire, with the unmodified client of ccxt over TLS, and with our own words beside it."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest

from bot.core.contracts import Contract, Tier
from bot.core.types import ClientId, PositionId, PositionMode, Side
from bot.simulator import World
from bot.simulator.xt import XtWire
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.wire import Request
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


def an_xt() -> World:
    accounts = (PaperAccount(name=ALICE, balance=D(100_000), position_mode=PositionMode.HEDGE),)
    hands = Hands(int(time.time() * 1000))
    return a_world(a_btc(), prices={BTC: "50000"}, hands=hands, accounts=accounts)


async def ask(client: Any, request: Request) -> Any:
    """Send one of our own requests through the client."""
    return await client.request(request.path, list(request.api), request.method, dict(request.params))


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
            listing = DIALECT.contracts.listing(
                [market],
                [await ask(client, r) for r in DIALECT.contracts.tier_requests([market])],
            )
            assert listing.by_symbol[BTC].contract.lot == world.contracts[BTC].lot

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


def test_our_own_words_are_understood_and_read_back_without_a_flaw(certificates: Path) -> None:
    world = an_xt()
    world.open(a_holding(quantity="1"))

    async def scene() -> None:
        async with trading(world, XtWire(world), ALICES_KEY, certificates) as (client, _):
            market = client.markets[BTC]
            brackets = [await ask(client, r) for r in DIALECT.contracts.tier_requests([market])]
            listing = DIALECT.contracts.listing([market], brackets)
            btc, reading = listing.by_symbol[BTC], DIALECT.reading
            acting = DIALECT.acting(PositionMode.HEDGE)
            held = world.view(ALICE).positions[LONG]
            stop = acting.place_stop(held, btc, D(46000), ClientId("hf-1-1"))
            assert DIALECT.answers.proves(stop, await ask(client, stop))
            added = acting.add_margin(held, btc, D("12.5"))
            assert DIALECT.answers.proves(added, await ask(client, added))
            requests = reading.account_requests(listing)
            state = reading.account(ALICE, {n: await ask(client, r) for n, r in requests.items()}, listing)
            assert state.flaws == ()
            (position,) = state.positions
            assert (position.quantity, position.margin) == (D(1), held.margin + D("12.5"))
            assert [(o.client_id, o.trigger, o.reduces) for o in state.orders] == [("hf-1-1", D(46000), True)]
            (balance,) = state.balances
            assert balance.wallet == world.view(ALICE).wallets["USDT"]
            world.move(BTC, D(45900))
            asked = reading.order_requests(btc, ClientId("hf-1-1"), conditional=True)
            outcome = reading.order(btc, ClientId("hf-1-1"), [await ask(client, r) for r in asked])
            assert outcome is not None
            assert (outcome.open, [fill.quantity for fill in outcome.fills]) == (False, [D(1)])
            prices = [await ask(client, r) for r in reading.market_requests([btc])]
            assert [fact.symbol for fact in reading.market(prices, listing)] == [BTC, BTC]

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
