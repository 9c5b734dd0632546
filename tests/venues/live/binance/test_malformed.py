"""Whatever comes, nothing is guessed and nothing breaks: recorded frames, spoilt at any place."""

import contextlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.live.binance.recorded import (
    ME,
    OURS,
    both,
    frame,
    names,
)

SPOILT: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "nan", "-nan", "inf", "-1", "0", "1e999999", "1e-999999", 0, -1, 1.5, True, [], {}, "x", ["1"]]
)
STREAMED = [name for name in names() if isinstance(frame(name), dict) and "e" in frame(name)] + ["marks"]
ROWS = {
    "positions": ("position isolated", "positions hedge"),
    "balances": ("balances",),
    "orders": ("open orders", "open limit order of the website"),
    "algo orders": ("open algo orders",),
}


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


def spoil(node: Any, path: tuple[Any, ...], value: Any, *, remove: bool) -> Any:
    if not path:
        return value
    at = node
    for key in path[:-1]:
        at = at[key]
    if remove:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return node


def numbers(found: Any) -> Iterator[Decimal]:
    if isinstance(found, Decimal):
        yield found
    elif isinstance(found, tuple | list):
        for each in found:
            yield from numbers(each)
    elif isinstance(found, dict):
        yield from numbers(list(found.values()))
    elif is_dataclass(found):
        yield from numbers([getattr(found, each.name) for each in fields(found)])


@given(st.data())
def test_no_spoilt_message_raises_or_says_what_is_no_number(data: st.DataObject) -> None:
    dialect, listing = data.draw(st.sampled_from(both()))
    message = frame(data.draw(st.sampled_from(STREAMED)))
    if "o" in message and data.draw(st.booleans()):
        message["o"]["c"] = data.draw(st.sampled_from([OURS, "autoclose-1", "adl_autoclose"]))
    path = data.draw(st.sampled_from(list(places(message))))
    spoilt = spoil(message, path, data.draw(SPOILT), remove=data.draw(st.booleans()))
    heard = dialect.streams.hear(ME, spoilt, listing, 0)
    assert all(number.is_finite() for number in numbers(heard.facts))


@given(st.data())
def test_no_spoilt_row_gets_into_the_account(data: st.DataObject) -> None:
    dialect, listing = data.draw(st.sampled_from(both()))
    payloads: dict[str, Any] = {
        name: [row for what in frames for row in frame(what)] for name, frames in ROWS.items()
    }
    name = data.draw(st.sampled_from(sorted(payloads)))
    path = data.draw(st.sampled_from(list(places(payloads[name]))))
    payloads[name] = spoil(payloads[name], path, data.draw(SPOILT), remove=data.draw(st.booleans()))
    with contextlib.suppress(ValueError, KeyError):
        state = dialect.reading.account(ME, payloads, listing)
        assert all(number.is_finite() for number in numbers(state))
        assert all(position.quantity > 0 and position.entry > 0 for position in state.positions)


@pytest.mark.parametrize("what", ["order", "algo order"])
@given(st.data())
def test_no_spoilt_answer_tells_of_an_order(what: str, data: st.DataObject) -> None:
    dialect, listing = both()[0]
    payloads = [frame(what) | {"clientOrderId": OURS, "clientAlgoId": OURS}, frame("trades")]
    if what == "order":
        payloads[0] |= {"status": "FILLED", "executedQty": "0.002", "orderId": 25851813}
        del payloads[0]["clientAlgoId"]
    path = data.draw(st.sampled_from(list(places(payloads))))
    spoilt = spoil(payloads, path or (0,), data.draw(SPOILT), remove=False)
    with contextlib.suppress(ValueError, KeyError):
        state = dialect.reading.order(listing.by_id["BTCUSDT"], OURS, spoilt)
        assert all(number.is_finite() for number in numbers(state))


@given(st.data())
def test_no_spoilt_listing_raises(data: st.DataObject) -> None:
    dialect, _ = both()[0]
    market = {"id": "BLZUSDT", "symbol": "BLZ/USDT:USDT", "info": frame("symbol")}
    brackets = [{"symbol": "BLZUSDT", "brackets": frame("brackets")[0]["brackets"]}]
    told: list[Any] = [market, brackets]
    path = data.draw(st.sampled_from(list(places(told))[3:]))
    spoilt = spoil(told, path, data.draw(SPOILT), remove=data.draw(st.booleans()))
    with contextlib.suppress(ValueError):
        listing = dialect.contracts.listing([spoilt[0]], [spoilt[1]])
        assert all(number.is_finite() for number in numbers([i.contract for i in listing.by_id.values()]))


@given(st.data())
def test_no_spoilt_answer_breaks_the_proofs(data: st.DataObject) -> None:
    dialect, _ = both()[0]
    answer = frame(data.draw(st.sampled_from(["margin moved", "leverage set", "algo order placed", "error"])))
    path = data.draw(st.sampled_from(list(places(answer))))
    spoilt = spoil(answer, path, data.draw(SPOILT), remove=data.draw(st.booleans()) and bool(path))
    code = dialect.answers.code(200, spoilt)
    assert code is None or isinstance(code, str)
