"""A request is handed on as a copy, in the shape the exchange wants, page after page."""

from __future__ import annotations

from typing import Any

import pytest

from bot.venues.live.wire import Request, page_name, pages


def paged(answer: Any) -> dict[str, str] | None:
    return {"cursor": answer["next"]} if answer["next"] else None


def test_what_a_client_writes_into_its_parameters_does_not_stay() -> None:
    request = Request(api="private", method="POST", path="order", params={"symbol": "BTCUSDT"})
    handed = request.outgoing()
    assert isinstance(handed, dict)
    handed["tag"] = "theirs"
    assert request.outgoing() == {"symbol": "BTCUSDT"}


def test_parameters_go_out_in_a_list_where_the_exchange_wants_one() -> None:
    request = Request(api="private", method="POST", path="cancel", params={"id": "1"}, listed=True)
    assert request.outgoing() == [{"id": "1"}]


def test_a_request_of_one_answer_has_no_next_page() -> None:
    assert Request(api="public", method="GET", path="time").after({"next": "x"}) is None


def test_the_next_page_is_asked_for_until_there_is_none() -> None:
    request = Request(api="private", method="GET", path="orders", params={"limit": 50}, following=paged)
    second = request.after({"next": "x"})
    assert second is not None
    assert second.params == {"limit": 50, "cursor": "x"}
    assert second.after({"next": ""}) is None


def test_pages_are_found_in_their_order() -> None:
    names = [page_name("orders", number) for number in (1, 2, 3)]
    assert names == ["orders", "orders+2", "orders+3"]
    assert pages(dict(zip(names, "abc", strict=True)), "orders") == ["a", "b", "c"]


def test_an_answer_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        pages({}, "orders")
