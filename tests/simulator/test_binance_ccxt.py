"""The real, unmodified client of ccxt.pro trades on the simulator over TLS."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.simulator import World
from bot.simulator.binance.unserved import UNSERVED
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, ALICES_KEY, BOB, BOBS_KEY, a_holding
from tests.simulator.binance_desk import DELIVERY_MS, QUARTERLY, run, served, with_quarterly
from tests.simulator.client import a_client

D = Decimal
Story = Callable[[World, Any], Awaitable[None]]


def machine_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def told(certificates: Path) -> Callable[[Story], None]:
    """Plays a story with Alice's client on a world in real time."""

    def tell(story: Story) -> None:
        async def main() -> None:
            world = with_quarterly(machine_ms)
            async with (
                served(world, certificates) as server,
                a_client("binanceusdm", server.port, server.ca_file, ALICES_KEY) as client,
            ):
                await story(world, client)

        run(main)

    return tell


def test_markets_and_prices_are_read(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        markets = await client.load_markets()
        assert set(markets) == {BTC, "ETH/USDT:USDT", QUARTERLY}
        dated = client.market(QUARTERLY)
        assert (dated["type"], dated["linear"], dated["expiry"]) == ("future", True, DELIVERY_MS)
        assert client.market(BTC)["precision"] == {"amount": 0.01, "price": 0.1, "base": 1e-8, "quote": 1e-8}
        rate = await client.fetch_funding_rate(BTC)
        assert (rate["fundingRate"], rate["markPrice"]) == (0.0001, 100.0)
        assert (await client.fetch_order_book(BTC))["bids"][0][0] == 100.0
        assert (await client.fetch_ticker(BTC))["last"] == 100.0
        assert (await client.fetch_ohlcv(BTC, "1m"))[-1][4] == 100.0
        assert (await client.fetch_open_interest(BTC))["openInterestAmount"] == 1000.0
        tiers = await client.fetch_leverage_tiers([BTC])
        assert tiers[BTC][0]["maintenanceMarginRate"] == 0.01

    told(story)


def test_an_account_trades_and_reads_itself_back(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        await client.set_leverage(10, BTC)
        bought = await client.create_order(BTC, "market", "buy", 2)
        assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 2.0, 100.0)
        (held,) = await client.fetch_positions()
        assert (held["symbol"], held["side"], held["contracts"]) == (BTC, "long", 2.0)
        assert (held["entryPrice"], held["marginMode"], held["collateral"]) == (100.0, "isolated", 20.0)
        # 20 of margin, 1 % of maintenance: (100 - 10) / 0.99 = 90.909...
        assert float(held["info"]["liquidationPrice"]) == pytest.approx(90.90909, abs=1e-4)
        wallet = (await client.fetch_balance())["USDT"]
        # 10,000 less a fee of 0.05 % of 200; 20 of it is margin.
        assert (wallet["total"], wallet["free"]) == (9999.9, 9979.9)
        assert (await client.add_margin(BTC, 5))["status"] == "ok"
        (held,) = await client.fetch_positions()
        assert held["info"]["isolatedWallet"] == "25.00000000"
        history = await client.fetch_margin_adjustment_history(BTC)
        assert [(row["type"], row["amount"]) for row in history] == [("add", 5.0)]
        resting = await client.create_order(BTC, "limit", "buy", 1, 96, {"clientOrderId": "hf-1-7"})
        (row,) = await client.fetch_open_orders(BTC)
        assert (row["id"], row["clientOrderId"], row["price"]) == (resting["id"], "hf-1-7", 96.0)
        assert (await client.cancel_order(resting["id"], BTC))["status"] == "canceled"
        (trade,) = await client.fetch_my_trades(BTC)
        assert (trade["order"], trade["fee"]["cost"], trade["takerOrMaker"]) == (bought["id"], 0.1, "taker")

    told(story)


def test_a_cut_of_leverage_is_refused_while_an_isolated_position_is_open(
    told: Callable[[Story], None],
) -> None:
    async def story(world: World, client: Any) -> None:
        world.open(a_holding(quantity="1"))
        with pytest.raises(import_module("ccxt").ExchangeError, match="-4161"):
            await client.set_leverage(5, BTC)
        await client.set_leverage(12, BTC)
        assert (await client.fetch_leverage(BTC))["longLeverage"] == 12

    told(story)


def test_a_stop_rests_in_the_algo_service_and_its_trigger_is_told_in_order(
    told: Callable[[Story], None],
) -> None:
    async def story(world: World, client: Any) -> None:
        world.open(a_holding(quantity="1"))
        terms = {"stopLossPrice": 95, "workingType": "MARK_PRICE", "reduceOnly": True}
        stop = await client.create_order(BTC, "market", "sell", 1, None, terms)
        assert await client.fetch_open_orders(BTC) == []
        (row,) = await client.fetch_open_orders(BTC, None, None, {"trigger": True})
        assert (row["id"], row["triggerPrice"], row["reduceOnly"]) == (stop["id"], 95.0, True)
        heard: list[tuple[str, str, str]] = []

        def hear(connection: Any, message: Any) -> None:
            order = message.get("o", {}) if isinstance(message, dict) else {}
            if message.get("e") in ("ORDER_TRADE_UPDATE", "ALGO_UPDATE"):
                heard.append((message["e"], order.get("x", ""), order["X"]))

        client.handle_message = hear
        listening = asyncio.create_task(client.watch_orders())
        await until(lambda: world_listens(client))
        world.move(BTC, D("94.9"))
        await until(lambda: ("ALGO_UPDATE", "", "FINISHED") in heard)
        listening.cancel()
        assert heard == [
            ("ALGO_UPDATE", "", "TRIGGERING"),
            ("ALGO_UPDATE", "", "TRIGGERED"),
            ("ORDER_TRADE_UPDATE", "NEW", "NEW"),
            ("ORDER_TRADE_UPDATE", "TRADE", "FILLED"),
            ("ALGO_UPDATE", "", "FINISHED"),
        ]
        assert [p for p in await client.fetch_positions() if p["contracts"]] == []
        met = await client.fetch_order(stop["id"], BTC, {"trigger": True})
        assert met["info"]["actualOrderId"] not in ("", stop["id"])

    told(story)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until it is so; the test's own bound ends what never is."""
    loop = asyncio.get_running_loop()
    while not condition():
        turned = loop.create_future()
        loop.call_later(0.005, turned.set_result, None)
        await turned


def world_listens(client: Any) -> bool:
    """Whether the client's private connection stands."""
    return any(
        "/private/" in url and connection.connection is not None for url, connection in client.clients.items()
    )


def test_streams_bring_prices_positions_and_balance(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        await client.load_markets()

        async def moved(watch: Awaitable[Any]) -> Any:
            """What the stream brings when prices move."""
            waiting = asyncio.ensure_future(watch)
            mark = 100
            while not waiting.done():
                mark = 201 - mark
                world.move(BTC, D(mark))
                world.move(QUARTERLY, D(mark))
                await asyncio.sleep(0.01)
            return waiting.result()

        assert (await moved(client.watch_mark_price(BTC)))["markPrice"] in (100.0, 101.0)
        assert set(await moved(client.watch_mark_prices())) <= {BTC, QUARTERLY}
        assert (await moved(client.watch_ticker(BTC)))["last"] in (100.0, 101.0)
        assert (await moved(client.watch_ohlcv(BTC, "1m")))[-1][4] in (100.0, 101.0)
        assert (await moved(client.watch_order_book(BTC)))["bids"][0][0] in (100.0, 101.0)
        assert (await moved(client.watch_trades(BTC)))[-1]["price"] in (100.0, 101.0)
        world.move(BTC, D(100))
        await client.watch_positions()
        positions = asyncio.create_task(client.watch_positions())
        balance = asyncio.create_task(client.watch_balance())
        await asyncio.sleep(0.05)
        await client.create_order(BTC, "market", "buy", 2)
        (held,) = await positions
        assert (held["symbol"], held["side"], held["contracts"]) == (BTC, "long", 2.0)
        assert (await balance)["USDT"]["total"] == 9999.9

    told(story)


def test_two_clients_trade_side_by_side(certificates: Path) -> None:
    async def main() -> None:
        world = with_quarterly(machine_ms)
        async with (
            served(world, certificates) as server,
            a_client("binanceusdm", server.port, server.ca_file, ALICES_KEY) as alice,
            a_client("binanceusdm", server.port, server.ca_file, BOBS_KEY) as bob,
        ):
            mine = {"clientOrderId": "hf-1-1"}
            await asyncio.gather(
                alice.create_order(BTC, "market", "buy", 1, None, mine),
                bob.create_order(BTC, "market", "sell", 3, None, mine),
            )
            (hers,), (his,) = await asyncio.gather(alice.fetch_positions(), bob.fetch_positions())
            assert (hers["side"], hers["contracts"]) == ("long", 1.0)
            assert (his["side"], his["contracts"]) == ("short", 3.0)
            assert len(world.view(ALICE).orders) == len(world.view(BOB).orders) == 1

    run(main)


def test_orders_are_changed_and_several_are_placed_and_cancelled_at_once(
    told: Callable[[Story], None],
) -> None:
    async def story(world: World, client: Any) -> None:
        await client.load_markets()
        terms = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 1.0}
        placed = await client.create_orders([{**terms, "price": price} for price in (98.0, 97.0, 150.0)])
        # ccxt sorts them, and what was refused has no time.
        refused, one, other = sorted(placed, key=lambda each: -(each["price"] or 1000))
        assert [each["price"] for each in (one, other)] == [98.0, 97.0]
        assert (refused["id"], refused["info"]["code"]) == (None, -4016)
        changed = await client.edit_order(one["id"], BTC, "limit", "buy", 0.5, 98.5)
        assert (changed["id"], changed["amount"], changed["price"]) == (one["id"], 0.5, 98.5)
        resting = {each["id"]: each["price"] for each in await client.fetch_open_orders(BTC)}
        assert resting == {one["id"]: 98.5, other["id"]: 97.0}
        cancelled = await client.cancel_orders([one["id"], other["id"]], BTC)
        assert [each["status"] for each in cancelled] == ["canceled", "canceled"]
        assert world.view(ALICE).open_orders == ()

    told(story)


def test_trades_of_the_market_are_listed(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        world.move(BTC, D("100.5"))
        assert (await client.fetch_trades(BTC))[-1]["price"] == 100.5
        assert (await client.fetch_status())["status"] == "ok"
        assert (await client.fetch_premium_index_ohlcv(BTC, "1m"))[-1][1:5] == [0.0, 0.0, 0.0, 0.0]

    told(story)


def test_orders_can_be_sent_over_a_websocket(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        placed = await client.create_order_ws(BTC, "limit", "buy", 1, 96)
        assert placed["status"] == "open"
        changed = await client.edit_order_ws(placed["id"], BTC, "limit", "buy", 2, 97)
        assert (changed["id"], changed["amount"], changed["price"]) == (placed["id"], 2.0, 97.0)
        assert (await client.fetch_order_ws(placed["id"], BTC))["price"] == 97.0
        assert (await client.cancel_order_ws(placed["id"], BTC))["status"] == "canceled"
        assert (await client.create_order_ws(BTC, "market", "buy", 2))["id"]
        (held,) = await client.fetch_positions_ws()
        assert (held["symbol"], held["contracts"]) == (BTC, 2.0)
        assert (await client.fetch_balance_ws({"method": "v2/account.balance"}))["USDT"]["total"] == 9999.9
        assert (await client.fetch_order_book_ws(BTC))["bids"][0][0] == 100.0
        stop = await client.create_order_ws(BTC, "market", "sell", 2, None, {"stopLossPrice": 95})
        (row,) = await client.fetch_open_orders(BTC, None, None, {"trigger": True})
        assert row["id"] == stop["id"]
        await client.cancel_order_ws(stop["id"], BTC, {"trigger": True})
        assert await client.fetch_open_orders(BTC, None, None, {"trigger": True}) == []
        with pytest.raises(import_module("ccxt").BadRequest, match="-4016"):
            await client.create_order_ws(BTC, "limit", "buy", 1, 150)

    told(story)


def test_a_trailing_stop_follows_the_price(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        world.open(a_holding(quantity="1"))
        terms = {"trailingPercent": 5, "trailingTriggerPrice": 110, "reduceOnly": True}
        stop = await client.create_order(BTC, "market", "sell", 1, None, terms)
        assert (stop["info"]["orderType"], stop["info"]["callbackRate"]) == ("TRAILING_STOP_MARKET", "5")
        world.move(BTC, D(120))
        world.move(BTC, D(115))
        (row,) = await client.fetch_open_orders(BTC, None, None, {"trigger": True})
        assert row["id"] == stop["id"]
        world.move(BTC, D(113))
        (trade,) = await client.fetch_my_trades(BTC)
        assert (trade["side"], trade["price"], trade["info"]["realizedPnl"]) == ("sell", 114.0, "14.00000000")

    told(story)


def test_a_profit_is_taken_at_a_limit_and_a_date_ends_an_order(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        world.open(a_holding(quantity="1"))
        profit = {"takeProfitPrice": 110, "reduceOnly": True}
        await client.create_order(BTC, "limit", "sell", 1, 109, profit)
        (row,) = await client.fetch_open_orders(BTC, None, None, {"trigger": True})
        assert (row["info"]["orderType"], row["price"], row["triggerPrice"]) == ("TAKE_PROFIT", 109.0, 110.0)
        date = machine_ms() + 700_000
        terms = {"timeInForce": "GTD", "goodTillDate": date}
        resting = await client.create_order(BTC, "limit", "buy", 1, 96, terms)
        assert int(resting["info"]["goodTillDate"]) == date - date % 1000

    told(story)


async def tried(client: Any, path: str, api: str, method: str) -> str:
    """What came of an endpoint: nothing, or the code it was refused with."""
    asked = {"symbol": "BTCUSDT", "pair": "BTCUSDT", "contractType": "PERPETUAL", "interval": "1m"}
    try:
        await client.request(path, [api], method.upper(), asked | {"period": "5m"})
    except import_module("ccxt").BaseError as refusal:
        return "".join(re.findall(r'"code":(-[0-9]+)', str(refusal))) or repr(refusal)
    return ""


def test_the_client_reaches_every_endpoint_it_knows(told: Callable[[Story], None]) -> None:
    async def story(world: World, client: Any) -> None:
        known = [
            (path, api, method)
            for api, methods in client.describe()["api"].items()
            if api.startswith("fapi")
            for method, paths in methods.items()
            for path in paths
        ]
        answers = {each: await tried(client, *each) for each in known}
        refused = {path for (path, _, _), code in answers.items() if code == "-4084"}
        assert refused == {path.removeprefix("/futures/data/").removeprefix("v1/") for _, path in UNSERVED}
        answered = {code for code in answers.values() if code not in ("", "-4084")}
        # A parameter is missing, no composite index is listed, or there are no orders in a list.
        assert answered == {"-1102", "-1121", "-1128", "-4082"}

    told(story)
