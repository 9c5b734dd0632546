"""Frames with a field gone, empty, negative or of another kind: a flaw or an error, never a guess."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.types import ClientId, PositionMode
from tests.building.frames import decimals, frame, frames, spoilt
from tests.venues.live.okx.desk import ACCOUNT, DIALECT, LISTING, MARKETS, D, a_position, instrument, tiers
from tests.venues.live.okx.test_reading import answers

HEARD = sorted(what for what in frames("okx") if what.startswith("ws "))
ID = ClientId("hf-3-17")


def sane(found: Any) -> bool:
    return all(number.is_finite() for number in decimals(found))


@pytest.mark.parametrize("what", HEARD)
@given(data=st.data())
def test_a_spoilt_message_is_heard_without_an_error(what: str, data: st.DataObject) -> None:
    message = data.draw(spoilt(frame("okx", what)))
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


@pytest.mark.parametrize(
    "whats", [("stop met", "became", "fills"), ("order done", "became", "fills")], ids=["stop", "order"]
)
@given(data=st.data())
def test_a_spoilt_order_is_an_error_or_the_same_order(whats: tuple[str, ...], data: st.DataObject) -> None:
    payloads = [frame("okx", what) for what in whats]
    place = data.draw(st.integers(0, 2))
    payloads[place] = data.draw(spoilt(payloads[place]))
    with suppress(ValueError, KeyError):
        assert sane(DIALECT.reading.order(instrument(), ID, payloads))


@given(data=st.data())
def test_a_spoilt_listing_is_an_error_or_smaller(data: st.DataObject) -> None:
    answer = tiers()
    answer[0] = data.draw(spoilt(answer[0]))
    market = {**MARKETS[0], "info": data.draw(spoilt(MARKETS[0]["info"]))}
    with suppress(ValueError, KeyError):
        listing = DIALECT.contracts.listing([market, *MARKETS[1:]], answer)
        assert sane([each.contract for each in listing.by_id.values()])


@given(data=st.data())
def test_a_spoilt_answer_proves_nothing_or_is_an_error(data: st.DataObject) -> None:
    acting = DIALECT.acting(PositionMode.ONE_WAY)
    request = acting.reduce(a_position(), instrument(), D("0.1"), ID)
    answer = frame("okx", "order placed")
    assert not DIALECT.answers.proves(request, answer)
    with suppress(ValueError, KeyError):
        assert not DIALECT.answers.proves(request, data.draw(spoilt(answer)))


@given(data=st.data())
def test_spoilt_odds_and_ends_are_errors(data: st.DataObject) -> None:
    reading = DIALECT.reading
    with suppress(ValueError, KeyError):
        reading.time_ms(data.draw(spoilt(frame("okx", "time"))))
    with suppress(ValueError, KeyError):
        reading.rights(data.draw(spoilt(frame("okx", "config"))))
    with suppress(ValueError, KeyError):
        reading.setup([data.draw(spoilt(frame("okx", "config")))])
    for what in ("marks", "funding"):
        with suppress(ValueError, KeyError):
            assert sane(reading.market([data.draw(spoilt(frame("okx", what)))], LISTING))
    with suppress(ValueError, KeyError):
        assert sane(
            reading.bars(instrument(), 60_000, data.draw(spoilt(frame("okx", "candles"))), 1597026400000)
        )
