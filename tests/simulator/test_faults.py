"""Whether a request was executed and what its sender got to see, for every fault of a request."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.simulator import Fault, FaultKind
from tests.building.simulator import ALICE, ALICES_KEY, START_MS, Hands, a_holding, a_world
from tests.simulator.binance_desk import Client, run, served, signed
from tests.simulator.client import a_session

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
URL = "https://fapi.binance.com/fapi/v1/order"
CUT = "cut"
NEVER = "never"
SPOILT = [
    (FaultKind.LOST_AFTER, CUT, ""),
    (FaultKind.CUT_BODY, CUT, ""),
    (FaultKind.HANG_AFTER, NEVER, ""),
    (FaultKind.ERROR_AFTER, 503, "<html>"),
    (FaultKind.HTML_AFTER, 200, "<html>"),
    (FaultKind.EMPTY_AFTER, 200, ""),
    (FaultKind.BODY_AFTER, 200, "null"),
    (FaultKind.CUT_JSON, 200, '{"code"'),
]


async def post(session: aiohttp.ClientSession) -> Any:
    """Status and body of an order, or how it broke."""
    query = signed(ALICES_KEY, START_MS, ORDER)
    headers = {"X-MBX-APIKEY": ALICES_KEY.key}
    try:
        async with session.post(
            f"{URL}?{query}", headers=headers, timeout=aiohttp.ClientTimeout(total=0.4)
        ) as response:
            return response.status, await response.text()
    except TimeoutError:
        return NEVER
    except aiohttp.ClientError:
        return CUT


@pytest.mark.parametrize(
    ("kind", "executed", "status", "body"),
    [
        (FaultKind.LOST_BEFORE, False, CUT, ""),
        (FaultKind.LOST_AFTER, True, CUT, ""),
        (FaultKind.CUT_BODY, True, CUT, ""),
        (FaultKind.HANG_BEFORE, False, NEVER, ""),
        (FaultKind.HANG_AFTER, True, NEVER, ""),
        (FaultKind.DELAY_BEFORE, True, 200, "orderId"),
        (FaultKind.DELAY_AFTER, True, 200, "orderId"),
        (FaultKind.ERROR_BEFORE, False, 503, "<html>"),
        (FaultKind.ERROR_AFTER, True, 503, "<html>"),
        (FaultKind.HTML_AFTER, True, 200, "<html>"),
        (FaultKind.EMPTY_AFTER, True, 200, ""),
        (FaultKind.BODY_AFTER, True, 200, "null"),
        (FaultKind.CUT_JSON, True, 200, '{"orderId"'),
        (FaultKind.LIMITED, False, 429, ""),
        (FaultKind.BANNED, False, 418, ""),
    ],
)
def test_a_fault_executes_or_not_and_hides_it(
    certificates: Path, kind: FaultKind, *, executed: bool, status: Any, body: str
) -> None:
    async def main() -> None:
        world = a_world()
        fault = Fault(kind=kind, method="POST", path="/order", ms=20, body="null" if body == "null" else "")
        world.faults.order(fault)
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:
            got = await post(session)
            assert bool(world.view(ALICE).orders) is executed
            if isinstance(status, str):
                assert got == status
            else:
                assert got[0] == status
                assert body in got[1]
            # It acted once: the next order goes through.
            code, text = await post(session)
            assert (code, json.loads(text)["status"]) == (200, "NEW")

    run(main)


def test_a_fault_may_concern_one_client_skip_some_and_last(certificates: Path) -> None:
    async def main() -> None:
        world = a_world()
        hers = Fault(kind=FaultKind.ERROR_BEFORE, key="alice-key", skip=1, count=None, status=502)
        fault_id = world.faults.order(hers)
        world.faults.order(Fault(kind=FaultKind.ERROR_BEFORE, key="bob-key"))
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:
            assert [(await post(session))[0] for _ in range(3)] == [200, 502, 502]
            world.faults.clear(fault_id)
            assert (await post(session))[0] == 200
            assert len(world.faults.waiting()) == 1

    run(main)


def test_queries_may_lag_behind_what_was_done() -> None:
    hands = Hands()
    world = a_world(hands=hands)
    from tests.simulator.binance_desk import binance

    client = Client(binance(world))
    hands.now_ms += 10_000
    client.ask("POST", "/fapi/v1/order", **(ORDER | {"newClientOrderId": "hf-1-1"}))
    world.faults.order(Fault(kind=FaultKind.LAG, ms=500, count=2))
    named = {"symbol": "BTCUSDT", "origClientOrderId": "hf-1-1"}
    assert client.ask("GET", "/fapi/v1/order", **named)["code"] == -2013
    assert client.ask("GET", "/fapi/v3/positionRisk") == []
    assert client.ask("GET", "/fapi/v1/order", **named)["status"] == "FILLED"


def test_a_time_window_is_judged_when_a_late_request_arrives(certificates: Path) -> None:
    async def main() -> None:
        hands = Hands()
        world = a_world(hands=hands)
        world.faults.order(Fault(kind=FaultKind.DELAY_BEFORE, ms=50))
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:
            waiting = asyncio.create_task(post(session))
            await asyncio.sleep(0.02)
            hands.now_ms += 5001
            status, body = await waiting
            assert (status, json.loads(body)["code"]) == (400, -1021)
            assert world.view(ALICE).orders == {}

    run(main)


# --- the control endpoint ----------------------------------------------------------------------------


def test_everything_can_be_ordered_over_the_control_endpoint(certificates: Path) -> None:
    async def main() -> None:
        world = a_world()
        world.open(a_holding())
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:

            async def control(method: str, what: str, /, **given: Any) -> Any:
                url = f"https://localhost:{server.port}/{what}"
                async with session.request(method, url, json=given or None) as response:
                    return await response.json()

            assert await control("POST", "faults", kind="error_before", path="/order") == {"id": 1}
            assert (await post(session))[0] == 503
            assert await control("POST", "faults", kind="mute", count=None) == {"id": 2}
            (waiting,) = await control("GET", "faults")
            assert (waiting["kind"], waiting["count"]) == ("mute", None)
            assert await control("DELETE", "faults") == {"faults": 0}
            moved = await control("POST", "market", symbol="BTC/USDT:USDT", by="-0.05", gap=True)
            assert moved == {"symbol": "BTC/USDT:USDT", "mark": "95.0", "last": "95.0"}
            taken = await control("POST", "market", symbol="BTC/USDT:USDT", deleverage="4", side="long")
            assert "error" not in taken
            assert await control("POST", "account", revoke="alice-key") == {"revoked": "alice-key"}
            assert (await post(session))[0] == 401
            assert await control("POST", "account", restore="alice-key") == {"restored": "alice-key"}
            assert (await control("POST", "clock", skew_ms=5)) == {"now_ms": START_MS + 5}
            state = await control("GET", "state")
            assert state["accounts"]["alice"]["positions"]["BTC/USDT:USDT/long"]["quantity"] == "6"
            assert (await control("POST", "faults", kind="none_such"))["error"]
            assert "unknown colour" in (await control("POST", "faults", kind="mute", colour=1))["error"]
            assert "POST /faults" in (await control("GET", "nowhere"))["error"]
            assert "NOPE" in (await control("POST", "market", symbol="NOPE"))["error"]
            await control("POST", "outage")
            assert (await post(session))[0] == 503

    run(main)


def test_a_host_of_no_exchange_is_told_so(certificates: Path) -> None:
    async def main() -> None:
        async with served(a_world(), certificates) as server:
            connector = aiohttp.TCPConnector(ssl=False)
            async with aiohttp.ClientSession(connector=connector) as session:
                url = f"https://127.0.0.1:{server.port}/fapi/v1/time"
                async with session.get(url, headers={"Host": "api.exchange.example"}) as response:
                    assert response.status == 421

    run(main)


def test_connections_are_refused_for_a_time_and_those_there_were_are_cut(certificates: Path) -> None:
    async def main() -> None:
        world = a_world()
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:
            assert (await post(session))[0] == 200
            server.refuse(150)
            with pytest.raises(ValueError, match="already"):
                server.refuse(1)
            await asyncio.sleep(0.05)
            assert await post(session) == CUT
            await asyncio.sleep(0.2)
            assert (await post(session))[0] == 200
            assert len(world.view(ALICE).orders) == 2

    run(main)


def test_connections_are_accepted_again_before_the_time_is_over(certificates: Path) -> None:
    async def main() -> None:
        world = a_world()
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:
            server.refuse(60_000)
            await asyncio.sleep(0.05)
            assert await post(session) == CUT
            server.accept()
            await asyncio.sleep(0.05)
            assert (await post(session))[0] == 200

    run(main)


@pytest.mark.parametrize(("kind", "status", "body"), SPOILT)
def test_what_spoils_a_reply_may_do_so_to_a_request_that_was_not_executed(
    certificates: Path, kind: FaultKind, status: Any, body: str
) -> None:
    async def main() -> None:
        world = a_world()
        world.faults.order(Fault(kind=kind, executed=False, body="null" if body == "null" else ""))
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:
            got = await post(session)
            assert not world.view(ALICE).orders
            assert got == status if isinstance(status, str) else (got[0] == status and body in got[1])

    run(main)


def test_a_fault_may_concern_what_a_request_is_about(certificates: Path) -> None:
    async def main() -> None:
        world = a_world()
        world.faults.order(Fault(kind=FaultKind.ERROR_BEFORE, about="symbol=ETHUSDT", status=502))
        world.faults.order(Fault(kind=FaultKind.ERROR_BEFORE, about="symbol=BTCUSDT", status=503))
        with pytest.raises(ValueError, match="about '\\('"):
            world.faults.order(Fault(kind=FaultKind.ERROR_BEFORE, about="("))
        async with served(world, certificates) as server, a_session(server.port, server.ca_file) as session:
            assert [(await post(session))[0] for _ in range(2)] == [503, 200]

    run(main)
