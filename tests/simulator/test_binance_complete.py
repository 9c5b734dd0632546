"""The simulated Binance USD-M is complete: what there is at Binance is served, or refused for a reason."""

from pathlib import Path

import pytest

from bot.simulator.binance.socket_api import METHODS, SESSION
from bot.simulator.binance.topics import parse_topic
from bot.simulator.binance.unserved import UNSERVED_STREAMS
from tests.building.simulator import a_world
from tests.simulator.binance_desk import a_binance, binance
from tests.simulator.endpoints import EVENTS, STREAMS, known_to_ccxt, page, unserved

PAGE = Path(__file__).resolve().parents[2] / "docs" / "binance.md"
BEYOND_CCXT = {("GET", "/fapi/v2/leverageBracket")}
"""What COIN-M has in that version."""


def test_every_endpoint_of_ccxt_is_served_or_refused_for_a_reason() -> None:
    served, refused = binance(a_world()).served, unserved()
    assert known_to_ccxt() - served - refused.keys() == set()
    assert served & refused.keys() == set()


def test_nothing_is_refused_that_does_not_exist() -> None:
    # ccxt gets the agreement to trade stocks, which the page "Futures TradFi Perps Contract" posts.
    assert unserved().keys() - known_to_ccxt() == {("POST", "/fapi/v1/stock/contract")}
    assert binance(a_world()).served - known_to_ccxt() == BEYOND_CCXT


@pytest.mark.parametrize(("method", "path"), sorted(unserved()))
def test_what_is_not_here_says_so(method: str, path: str) -> None:
    client = a_binance()
    assert (client.ask(method, path)["code"], client.status) == (-4084, 400)


def test_what_exists_nowhere_is_another_refusal() -> None:
    client = a_binance()
    assert (client.ask("GET", "/fapi/v1/nothing")["code"], client.status) == (-5000, 404)
    assert client.ask("GET", "/futures/data/nothing")["code"] == -5000


def test_every_documented_method_of_the_websocket_api_is_there() -> None:
    assert {*METHODS, *SESSION} == {
        "account.balance",
        "account.position",
        "account.status",
        "algoOrder.cancel",
        "algoOrder.place",
        "depth",
        "order.cancel",
        "order.modify",
        "order.place",
        "order.status",
        "session.logon",
        "session.logout",
        "session.status",
        "ticker.book",
        "ticker.price",
        "userDataStream.ping",
        "userDataStream.start",
        "userDataStream.stop",
        "v2/account.balance",
        "v2/account.position",
        "v2/account.status",
    }


@pytest.mark.parametrize("example", STREAMS.values())
def test_every_documented_stream_is_there(example: str) -> None:
    wire = binance(a_world())
    assert parse_topic(example, wire._office.by_id) is not None


def test_a_stream_is_not_there_and_said_to_be_missing() -> None:
    assert STREAMS.keys() & UNSERVED_STREAMS.keys() == set()
    assert len(EVENTS) == len(set(EVENTS))


def test_the_page_lists_what_there_is() -> None:
    """``python -m tests.simulator.endpoints docs/binance.md`` brings it up to date."""
    assert PAGE.read_text(encoding="utf-8") == page()
