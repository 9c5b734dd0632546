"""How the simulated exchanges spell what they say."""

import json
from typing import Any

import pytest

from bot.simulator.wire import spelt


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"symbol": "BTCUSDT", "rows": [1, None, True]}, '{"symbol":"BTCUSDT","rows":[1,null,true]}'),
        ({"orderId": 10**20}, '{"orderId":100000000000000000000}'),
        ({"clientOrderId": "\ud800"}, '{"clientOrderId":"\\ud800"}'),
    ],
)
def test_an_answer_is_json_without_spaces_whatever_a_client_sent(payload: Any, text: str) -> None:
    assert spelt(payload) == text
    assert json.loads(text) == payload
