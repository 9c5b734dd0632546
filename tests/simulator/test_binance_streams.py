"""What goes down the streams of the Binance wire, frame by frame, and how they break on order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.core.types import Side
from bot.simulator import Fault, FaultKind, World
from bot.simulator.binance.listen_keys import LISTEN_KEY_MS
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, BOB, START_MS, Hands, a_holding, a_world
from tests.simulator.binance_desk import ALGO_STOP, Client, run, served, with_quarterly
from tests.simulator.client import a_session

D = Decimal
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "quantity": "1",
    "price": "99",
    "timeInForce": "GTC",
}
PUBLIC = "wss://fstream.binance.com/market/ws/0"


class Desk:
    """A world that is served, and a plain session to it."""

    def __init__(self, world: World, server: Any, session: aiohttp.ClientSession) -> None:
        self.world, self.session = world, session
        self.client = Client(server.wires[0])

    async def listen(self) -> Any:
        """The private stream of Alice."""
        listen_key = self.client.ask("POST", "/fapi/v1/listenKey")["listenKey"]
        return await self.session.ws_connect(f"wss://fstream.binance.com/private/ws?listenKey={listen_key}")

    async def subscribe(self, *names: str) -> Any:
        socket = await self.session.ws_connect(PUBLIC)
        await socket.send_str(json.dumps({"method": "SUBSCRIBE", "params": list(names), "id": 1}))
        assert await heard(socket) == {"result": None, "id": 1}
        return socket


@asynccontextmanager
async def a_desk(folder: Path, world: World | None = None) -> AsyncIterator[Desk]:
    world = world or a_world()
    async with served(world, folder) as server, a_session(server.port, server.ca_file) as session:
        yield Desk(world, server, session)


async def heard(socket: Any, within_s: float = 5) -> Any:
    return json.loads(await socket.receive_str(timeout=within_s))


async def silent(socket: Any) -> bool:
    try:
        await socket.receive_str(timeout=0.1)
    except TimeoutError:
        return True
    return False


def test_a_mark_frame_has_funding_and_a_quarterlys_has_none(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates, with_quarterly(Hands())) as desk:
            socket = await desk.subscribe("!markPrice@arr@1s")
            desk.world.move(BTC, D(101))
            desk.world.move(next(s for s in desk.world.contracts if "-" in s), D(102))
            frames = {row["s"]: row for row in await heard(socket)}
            assert frames["BTCUSDT"]["p"] == "101"
            assert (frames["BTCUSDT"]["r"], frames["BTCUSDT"]["T"] > START_MS) == ("0.0001", True)
            assert (frames["BTCUSDT_261225"]["r"], frames["BTCUSDT_261225"]["T"]) == ("", 0)

    run(main)


def test_combined_streams_name_themselves(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            url = "wss://fstream.binance.com/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice"
            socket = await desk.session.ws_connect(url)
            desk.world.move(BTC, D(101))
            frame = await heard(socket)
            assert (frame["stream"], frame["data"]["p"]) == ("btcusdt@markPrice@1s", "101")
            await socket.send_str('{"method":"LIST_SUBSCRIPTIONS","id":3}')
            assert await heard(socket) == {"result": ["btcusdt@markPrice@1s", "ethusdt@markPrice"], "id": 3}
            await socket.send_str('{"method":"UNSUBSCRIBE","params":["btcusdt@markPrice@1s"],"id":4}')
            await heard(socket)
            desk.world.move(BTC, D(102))
            assert await silent(socket)

    run(main)


def test_a_bar_is_told_as_closed_once(certificates: Path) -> None:
    async def main() -> None:
        hands = Hands(START_MS - START_MS % 60_000)
        async with a_desk(certificates, a_world(hands=hands)) as desk:
            socket = await desk.subscribe("btcusdt@kline_1m")
            desk.world.move(BTC, D(101))
            assert (await heard(socket))["k"]["x"] is False
            hands.now_ms += 60_000
            desk.world.move(BTC, D(103))
            closed, opened = await heard(socket), await heard(socket)
            assert (closed["k"]["x"], closed["k"]["h"], closed["k"]["t"]) == (
                True,
                "101",
                hands.now_ms - 60_000,
            )
            assert (opened["k"]["x"], opened["k"]["c"]) == (False, "103")
            desk.world.move(BTC, D(104))
            assert (await heard(socket))["k"]["x"] is False

    run(main)


def test_margin_leverage_and_danger_are_told(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.world.open(a_holding())
            socket = await desk.listen()
            desk.client.ask("POST", "/fapi/v1/positionMargin", symbol="BTCUSDT", amount="5", type=1)
            update = await heard(socket)
            assert (update["e"], update["a"]["m"]) == ("ACCOUNT_UPDATE", "MARGIN_TRANSFER")
            (row,), (wallet,) = update["a"]["P"], update["a"]["B"]
            assert (row["iw"], row["mt"], row["pa"]) == ("105.00000000", "isolated", "10")
            # What is in the position is in the wallet balance and not in the cross wallet balance.
            assert (wallet["wb"], wallet["cw"]) == ("10000.00000000", "9895.00000000")
            desk.client.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=20)
            assert (await heard(socket))["ac"] == {"s": "BTCUSDT", "l": 20}
            # Equity 15 at 91, maintenance 9.1; 11 at 90.6 and 9.06: beyond 80 %.
            desk.world.move(BTC, D("90.6"))
            call = await heard(socket)
            assert (call["e"], call["p"][0]["mm"]) == ("MARGIN_CALL", "9.06000000")
            desk.world.move(BTC, D("90.5"))
            assert await silent(socket)

    run(main)


@pytest.mark.parametrize(("path", "order"), [("order", LIMIT), ("algoOrder", ALGO_STOP)])
def test_a_cancelled_order_is_not_told_as_new_once_more(
    certificates: Path, path: str, order: dict[str, str]
) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.world.open(a_holding())
            ids = desk.client.ask("POST", f"/fapi/v1/{path}", **order)
            socket = await desk.listen()
            name = "orderId" if path == "order" else "algoId"
            desk.client.ask("DELETE", f"/fapi/v1/{path}", **{"symbol": "BTCUSDT", name: ids[name]})
            assert (await heard(socket))["o"]["X"] == "CANCELED"
            assert await silent(socket)

    run(main)


def test_a_liquidation_is_an_order_of_the_exchange(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.world.open(a_holding())
            desk.client.ask("POST", "/fapi/v1/algoOrder", **(ALGO_STOP | {"workingType": "CONTRACT_PRICE"}))
            socket = await desk.listen()
            desk.world.move(BTC, D(80), D(100))
            frames = [await heard(socket) for _ in range(5)]
            told = [(f["e"], f.get("o", {}).get("x"), f.get("o", {}).get("X")) for f in frames]
            assert sorted(told, key=str) == sorted(
                [
                    ("ALGO_UPDATE", None, "EXPIRED"),
                    ("ORDER_TRADE_UPDATE", "NEW", "NEW"),
                    ("ORDER_TRADE_UPDATE", "CALCULATED", "FILLED"),
                    ("ACCOUNT_UPDATE", None, None),
                    ("TRADE_LITE", None, None),
                ],
                key=str,
            )
            (order,) = [f["o"] for f in frames if f.get("o", {}).get("x") == "CALCULATED"]
            assert order["c"].startswith("autoclose-")
            assert (order["o"], order["f"], order["S"], D(order["L"])) == ("LIMIT", "IOC", "SELL", D(90))

    run(main)


def test_deleveraging_is_an_order_of_the_exchange(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.world.open(a_holding())
            socket = await desk.listen()
            desk.world.deleverage(BTC, Side.LONG, D(4))
            new, _, lite, done = [await heard(socket) for _ in range(4)]
            assert (new["o"]["c"], new["o"]["X"]) == ("adl_autoclose", "NEW")
            told = (lite["e"], lite["c"], lite["S"], lite["l"], lite["L"], lite["i"], lite["t"])
            done_too = (new["o"]["i"], done["o"]["t"])
            assert told == ("TRADE_LITE", "adl_autoclose", "SELL", "4", "100", *done_too)
            assert (done["o"]["x"], done["o"]["z"]) == ("TRADE", "4")

    run(main)


def test_an_expired_listen_key_is_told_and_then_there_is_silence(certificates: Path) -> None:
    async def main() -> None:
        hands = Hands()
        async with a_desk(certificates, a_world(hands=hands)) as desk:
            socket = await desk.listen()
            hands.now_ms += LISTEN_KEY_MS - 1
            assert "listenKey" in desk.client.ask("PUT", "/fapi/v1/listenKey")
            hands.now_ms += LISTEN_KEY_MS
            desk.client.wire.tick()
            assert (await heard(socket))["e"] == "listenKeyExpired"
            desk.world.open(a_holding())
            assert await silent(socket)
            assert desk.client.ask("PUT", "/fapi/v1/listenKey")["code"] == -1125
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await desk.session.ws_connect("wss://fstream.binance.com/private/ws?listenKey=nobodys")
            again = await desk.listen()
            desk.client.ask("POST", "/fapi/v1/positionMargin", symbol="BTCUSDT", amount="5", type=1)
            assert (await heard(again))["e"] == "ACCOUNT_UPDATE"

    run(main)


def test_an_account_hears_nothing_of_another(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            socket = await desk.listen()
            desk.world.open(a_holding(BOB))
            assert await silent(socket)
            desk.world.open(a_holding(ALICE))
            assert (await heard(socket))["e"] == "ACCOUNT_UPDATE"

    run(main)


# --- broken on order ---------------------------------------------------------------------------------


async def two_frames(desk: Desk, socket: Any) -> list[str]:
    """What is received of three prices, at most two messages."""
    for price in (101, 102, 103):
        desk.world.move(BTC, D(price))
        await asyncio.sleep(0.02)
    return [await socket.receive_str(timeout=2) for _ in range(2)]


def test_frames_are_cut_dropped_duplicated_and_reordered(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            socket = await desk.subscribe("btcusdt@markPrice@1s")
            faults = desk.world.faults

            async def prices(kind: FaultKind, count: int) -> list[str]:
                faults.order(Fault(kind=kind, path="markPrice"))
                for price in (101, 102, 103):
                    desk.world.move(BTC, D(price))
                    await asyncio.sleep(0.02)
                frames = [await socket.receive_str(timeout=2) for _ in range(count)]
                return [json.loads(f)["p"] if f.endswith("}") else "cut" for f in frames]

            assert await prices(FaultKind.CUT_FRAME, 3) == ["cut", "102", "103"]
            assert await prices(FaultKind.DROP, 2) == ["102", "103"]
            assert await prices(FaultKind.DUPLICATE, 4) == ["101", "101", "102", "103"]
            assert await prices(FaultKind.REORDER, 3) == ["102", "101", "103"]
            faults.order(Fault(kind=FaultKind.REPLACE_FRAME, path="markPrice", body='{"e":"odd"}'))
            desk.world.move(BTC, D(101))
            assert await heard(socket) == {"e": "odd"}
            faults.order(Fault(kind=FaultKind.CLOSE, path="markPrice"))
            desk.world.move(BTC, D(102))
            assert (await socket.receive(timeout=2)).type is aiohttp.WSMsgType.CLOSE

    run(main)


@pytest.mark.parametrize(("kind", "answers"), [(FaultKind.MUTE, True), (FaultKind.HALF_OPEN, False)])
def test_a_silent_stream_may_answer_pings_or_not(
    certificates: Path, kind: FaultKind, *, answers: bool
) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            socket = await desk.session.ws_connect(PUBLIC.replace("/0", "/btcusdt@markPrice"), autoping=False)
            desk.world.move(BTC, D(101))
            assert (await heard(socket))["p"] == "101"
            desk.world.faults.order(Fault(kind=kind, path="/market/ws"))
            desk.world.move(BTC, D(102))
            await socket.ping(b"there?")
            try:
                message = await socket.receive(timeout=0.2)
                assert (message.type, answers) == (aiohttp.WSMsgType.PONG, True)
            except TimeoutError:
                assert not answers

    run(main)


def test_a_connection_may_be_refused(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.world.faults.order(Fault(kind=FaultKind.REFUSE, status=503))
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await desk.session.ws_connect(PUBLIC)
            await desk.session.ws_connect(PUBLIC)

    run(main)
