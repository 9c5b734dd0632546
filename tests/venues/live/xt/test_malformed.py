"""Answers and pushes with any field spoilt: a flaw or an error in words, never a guess and never a crash."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.venues.live.dialects.xt import DIALECT
from tests.venues.live.xt.recorded import ME, OURS, a_market, btc, frame, listing, names

SPOILT = st.sampled_from(
    [
        None,
        "",
        "abc",
        "nan",
        "inf",
        "-1",
        "0",
        0,
        -1,
        "1e999999",
        1e30,
        True,
        [],
        {},
        [None],
        {"a": 1},
        "BOTH",
    ]
)


def places(payload: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner: Any = payload.items() if isinstance(payload, dict) else ()
    for key, value in enumerate(payload) if isinstance(payload, list) else inner:
        yield from places(value, (*path, key))


@st.composite
def spoilt(draw: st.DrawFn, what: str | None = None) -> tuple[str, Any]:
    """A recorded payload with one to three of its parts replaced or taken away."""
    name = draw(st.sampled_from(names())) if what is None else what
    payload = frame(name)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(payload))
        if not found:
            return name, deepcopy(draw(SPOILT))
        *way, last = draw(st.sampled_from(found))
        within = payload
        for key in way:
            within = within[key]
        if isinstance(within, dict) and draw(st.booleans()):
            del within[last]
        else:
            within[last] = deepcopy(draw(SPOILT))
    return name, payload


def numbers(value: object) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from numbers(inner)


def is_sane(value: object) -> bool:
    return all(number.is_finite() for number in numbers(value))


@given(spoilt())
def test_hearing_never_raises_and_never_invents_a_number(case: tuple[str, Any]) -> None:
    heard = DIALECT.streams.hear(ME, case[1], listing(), 0)
    assert is_sane(heard)
    assert not heard.pass_on


@given(st.data(), st.sampled_from(["positions", "liquidations", "balances", "plans", "by hand", "orders"]))
def test_an_account_is_read_or_refused_in_words(data: st.DataObject, what: str) -> None:
    parts = ("positions", "liquidations", "balances", "plans", "by hand", "orders")
    payloads = {part: frame(part) for part in parts}
    payloads[what] = data.draw(spoilt(what))[1]
    try:
        state = DIALECT.reading.account(ME, payloads, listing())
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, but not without words
    else:
        assert is_sane(state)
        assert all(position.quantity > 0 for position in state.positions)


@given(st.data())
def test_an_order_is_found_or_refused_in_words(data: st.DataObject) -> None:
    parts = ["plans", "plan history", "orders", "order history", "trades"]
    which = data.draw(st.sampled_from(range(5)))
    payloads = [frame(part) for part in parts]
    payloads[which] = data.draw(spoilt(parts[which]))[1]
    try:
        assert is_sane(DIALECT.reading.order(btc(), OURS, payloads))
    except ValueError as error:
        assert str(error)  # noqa: PT017 - as above


@given(st.data(), st.sampled_from(["marks", "funding", "bars", "time", "account info"]))
def test_the_market_is_read_or_refused_in_words(data: st.DataObject, what: str) -> None:
    payload = data.draw(spoilt(what))[1]
    reading = DIALECT.reading
    try:
        match what:
            case "bars":
                assert is_sane(list(reading.bars(btc(), 60_000, payload, 2_000_000_000_000)))
            case "time":
                assert reading.time_ms(payload) > 0
            case "account info":
                reading.setup([payload])
            case _:
                assert is_sane(list(reading.market([frame("marks"), payload], listing())))
    except ValueError as error:
        assert str(error)  # noqa: PT017 - as above


@given(spoilt("contract"), spoilt("brackets"))
def test_a_contract_is_listed_whole_or_not_at_all(row: tuple[str, Any], brackets: tuple[str, Any]) -> None:
    market = a_market()
    market["info"] = row[1] if isinstance(row[1], dict) else {}
    try:
        found = DIALECT.contracts.listing([market], [brackets[1]])
    except ValueError as error:
        assert str(error)  # noqa: PT017 - an answer that is none
    else:
        assert is_sane([instrument.contract for instrument in found.by_symbol.values()])


@given(spoilt(), st.integers(100, 599))
def test_an_answer_is_judged_without_raising(case: tuple[str, Any], status: int) -> None:
    code = DIALECT.answers.code(status, case[1])
    assert code is None or code
    (request, *_) = DIALECT.reading.setup_requests()
    assert DIALECT.answers.proves(request, case[1]) in (True, False)
