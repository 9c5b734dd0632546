"""Frames with a field gone, empty, negative or of another kind: a flaw or an error, never a guess."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.types import ClientId
from tests.building.frames import decimals, frame, frames, spoilt
from tests.venues.live.bybit.desk import ACCOUNT, DIALECT, LISTING, MARKETS, instrument, tiers
from tests.venues.live.bybit.test_reading import answers

HEARD = sorted(what for what in frames("bybit") if what.startswith("ws "))


def sane(found: Any) -> bool:
    return all(number.is_finite() for number in decimals(found))


@pytest.mark.parametrize("what", HEARD)
@given(data=st.data())
def test_a_spoilt_message_is_heard_without_an_error(what: str, data: st.DataObject) -> None:
    message = data.draw(spoilt(frame("bybit", what)))
    found = DIALECT.streams.hear(ACCOUNT, message, LISTING, 0)
    assert sane(found.facts)
    assert not (found.flaw and found.facts)


@given(data=st.data())
def test_a_spoilt_reading_is_an_error_or_a_flaw(data: st.DataObject) -> None:
    payloads = answers()
    name = data.draw(st.sampled_from(sorted(payloads)))
    payloads[name] = data.draw(spoilt(payloads[name]))
    with suppress(ValueError, KeyError):
        state = DIALECT.reading.account(ACCOUNT, payloads, LISTING)
        assert sane(state)
        assert all(position.quantity > 0 and position.entry > 0 for position in state.positions)


@given(data=st.data())
def test_a_spoilt_order_is_an_error_or_the_same_order(data: st.DataObject) -> None:
    conditional, executions = frame("bybit", "orders conditional"), frame("bybit", "executions")
    executions["result"]["list"][0] |= {"orderLinkId": "hf-3-17", "symbol": "BTCUSDT"}
    payloads = [conditional, frame("bybit", "history"), executions]
    place = data.draw(st.integers(0, 2))
    payloads[place] = data.draw(spoilt(payloads[place]))
    with suppress(ValueError, KeyError):
        assert sane(DIALECT.reading.order(instrument(), ClientId("hf-3-17"), payloads))


@given(data=st.data())
def test_a_spoilt_listing_is_an_error_or_smaller(data: st.DataObject) -> None:
    answer = tiers()
    answer[0] = data.draw(spoilt(answer[0]))
    market = {**MARKETS[0], "info": data.draw(spoilt(MARKETS[0]["info"]))}
    with suppress(ValueError, KeyError):
        listing = DIALECT.contracts.listing([market, *MARKETS[1:]], answer)
        assert sane([each.contract for each in listing.by_id.values()])


@given(data=st.data())
def test_spoilt_odds_and_ends_are_errors(data: st.DataObject) -> None:
    reading = DIALECT.reading
    with suppress(ValueError, KeyError):
        reading.time_ms(data.draw(spoilt(frame("bybit", "time"))))
    with suppress(ValueError, KeyError):
        reading.rights(data.draw(spoilt(frame("bybit", "key"))))
    with suppress(ValueError, KeyError):
        assert sane(reading.market([data.draw(spoilt(frame("bybit", "tickers inverse")))], LISTING))
    with suppress(ValueError, KeyError):
        spoilt_bars = data.draw(spoilt(frame("bybit", "kline inverse")))
        assert sane(reading.bars(instrument(), 3_600_000, spoilt_bars, 1670610000000))
    with suppress(ValueError, KeyError):
        positions = frame("bybit", "positions linear")
        reading.setup([data.draw(spoilt(frame("bybit", "account info"))), positions, positions])
