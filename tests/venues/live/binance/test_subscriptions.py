"""Which streams the real ccxt class opens for our subscriptions: it subscribes and sends nothing else."""

import asyncio
from typing import Any

import pytest

from bot.core.facts import Link
from bot.core.types import Symbol
from bot.venues.live.dialect import Dialect
from bot.venues.live.terms import Listing, Wanted
from tests.venues.live.binance.recorded import BTC, COIN, COINM, QUARTERLY, USDM, both, coin_listing, listing

KEY = "x" * 64


def a_client(dialect: Dialect) -> Any:
    """ccxt's streaming class with its two ways out replaced: what it would have sent is kept."""
    pro = pytest.importorskip("ccxt.pro")

    class Recording(getattr(pro, dialect.traits.ccxt_id)):  # type: ignore[misc]  # a class chosen at run time
        asked: list[tuple[str, str]]
        opened: list[tuple[str, Any]]

        async def fetch2(self, path: Any, api: Any, method: Any, params: Any, *_: Any) -> Any:
            self.asked.append((method, path))
            return {"listenKey": KEY}

        async def watch(self, url: str, _: str, message: Any = None, *rest: Any) -> Any:
            self.opened.append((url, message))

        async def watch_multiple(self, url: str, _: Any, message: Any = None, *rest: Any) -> Any:
            self.opened.append((url, message["params"]))
            raise TimeoutError("held open")

        def delay(self, *_: Any) -> None:
            """Renewing the key is for later."""

    options = dialect.streams.client_options()
    client = Recording({"apiKey": "k", "secret": "s", **options})
    client.asked, client.opened = [], []
    kind = "linear" if dialect is USDM else "inverse"
    rows = listing() if dialect is USDM else coin_listing()
    client.set_markets(
        [
            client.safe_market_structure(
                {
                    "id": each.id,
                    "lowercaseId": each.id.lower(),
                    "symbol": each.symbol,
                    "base": "BTC",
                    "quote": "USDT" if kind == "linear" else "USD",
                    "settle": each.contract.settlement,
                    "type": "future" if each.contract.expiry_ms else "swap",
                    "swap": not each.contract.expiry_ms,
                    "future": bool(each.contract.expiry_ms),
                    "contract": True,
                    kind: True,
                    "precision": {"amount": 0.001, "price": 0.1},
                }
            )
            for each in rows.by_id.values()
        ]
    )
    return client


def opened(dialect: Dialect, known: Listing, wanted: Wanted) -> dict[str, tuple[str, Any]]:
    async def through() -> dict[str, tuple[str, Any]]:
        found = {}
        for subscription in dialect.streams.streams(wanted, known):
            client = a_client(dialect)
            with pytest.raises(TimeoutError, match="held open"):
                await subscription.start(client)
            assert client.asked == []
            assert subscription.link is Link.MARKET
            (found[subscription.name],) = client.opened
            await client.close()
        return found

    return asyncio.run(through())


def test_usdm_hears_all_marks_as_one_array_and_the_rest_by_symbol() -> None:
    wanted = Wanted(symbols=(BTC, QUARTERLY), timeframes_ms=(60_000, 3_600_000), book=True)
    found = opened(USDM, listing(), wanted)
    assert {name: streams for name, (_, streams) in found.items()} == {
        "marks": ["!markPrice@arr@1s"],
        "last prices": ["btcusdt@miniTicker", "btcusdt_261225@miniTicker"],
        "bars": [
            "btcusdt@kline_1m",
            "btcusdt@kline_1h",
            "btcusdt_261225@kline_1m",
            "btcusdt_261225@kline_1h",
        ],
        "book": ["btcusdt@bookTicker", "btcusdt_261225@bookTicker"],
    }
    assert found["marks"][0].startswith("wss://fstream.binance.com/market/ws/")
    assert found["book"][0].startswith("wss://fstream.binance.com/public/ws/")


def test_coin_m_hears_each_mark_over_one_connection() -> None:
    dated = Symbol("BTC/USD:BTC-201225")
    found = opened(COINM, coin_listing(), Wanted(symbols=(COIN, dated)))
    assert found["marks"][1] == ["btcusd_perp@markPrice@1s", "btcusd_201225@markPrice@1s"]
    assert found["marks"][0].startswith("wss://dstream.binance.com/ws")
    assert set(found) == {"marks", "last prices"}


def test_nothing_wanted_is_nothing_subscribed() -> None:
    assert USDM.streams.streams(Wanted(symbols=()), listing()) == ()
    assert USDM.streams.streams(Wanted(symbols=(Symbol("XYZ/USDT:USDT"),)), listing()) == ()


@pytest.mark.parametrize(("dialect", "known"), both())
def test_the_private_stream_gets_a_key_and_sends_nothing_else(dialect: Dialect, known: Listing) -> None:
    async def through() -> Any:
        client = a_client(dialect)
        (subscription,) = dialect.streams.private_streams()
        assert subscription.link is Link.ACCOUNT
        await subscription.start(client)
        await subscription.start(client)
        await client.close()
        return client

    client = asyncio.run(through())
    # A key once had is asked for anew at every start: it may have run out.
    assert client.asked == [("POST", "listenKey")] * 2
    url = {
        "binanceusdm": f"wss://fstream.binance.com/private/ws?listenKey={KEY}",
        "binancecoinm": f"wss://dstream.binance.com/ws/{KEY}",
    }[dialect.traits.name]
    assert client.opened == [(url, None)] * 2


@pytest.mark.parametrize(("dialect", "known"), both())
def test_ccxt_is_told_to_be_quick_and_to_leave_the_spot_host_alone(dialect: Dialect, known: Listing) -> None:
    client = a_client(dialect)
    assert client.options["fetchCurrencies"] is False
    assert client.options["recvWindow"] == dialect.traits.recv_window_ms == 3000
    assert client.options["defaultType"] == "swap"
    assert client.streaming["keepAlive"] == 5_000
    assert client.options["watchPositions"]["fetchPositionsSnapshot"] is False
