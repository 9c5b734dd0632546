"""What is still on its way has not failed, however often an account is read without a trace of it.

The simulation's exchange takes nothing that is older than three seconds, and two looks are further apart than
that anyway. Other exchanges take longer, and there this wall is the only one.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.intents import AddMargin, ReducePosition
from bot.core.types import PositionId
from bot.venues.live.open_acts import OpenAct, OpenActs
from bot.venues.live.plan import Plan
from bot.venues.live.terms import Instrument
from bot.venues.live.wire import Expiry, Request, Urgency
from tests.building.contracts import a_contract
from tests.building.core import BTC, LONG, T0, a_position
from tests.runtime.builders import an_action

OKX_MS = 30_000
OTHER = Request(api=("private",), method="POST", path="account/position/margin-balance")
ORDER = replace(OTHER, path="trade/order", expiry=Expiry(header="expTime", within_ms=3_000))


@pytest.mark.parametrize(
    ("looks_ms", "proven"),
    [((6_000, 9_000, 29_000), False), ((31_000,), False), ((31_000, 33_000), True), ((6_000, 31_000), False)],
)
def test_only_two_looks_after_the_receive_window_show_that_nothing_happened(
    looks_ms: tuple[int, ...], proven: bool
) -> None:
    acts = OpenActs(OKX_MS, lambda: T0)
    action = an_action(intent=AddMargin(id=LONG, amount=Decimal(10)))
    act = OpenAct(action, _a_plan(LONG), a_position(), left_ms=T0)
    found = [acts.disproved(act, T0 + after_ms) for after_ms in looks_ms]
    assert found == [False] * (len(looks_ms) - 1) + [proven]


@pytest.mark.parametrize(
    ("requests", "proven"),
    [((ORDER,), True), ((ORDER, ORDER), True), ((ORDER, OTHER), False), ((OTHER,), False), ((), False)],
)
def test_what_expires_sooner_is_disproved_sooner(requests: tuple[Request, ...], proven: bool) -> None:
    acts = OpenActs(OKX_MS, lambda: T0)
    action = an_action(intent=ReducePosition(id=LONG, quantity=Decimal(1)))
    act = OpenAct(action, _a_plan(LONG, requests), a_position(), left_ms=T0)
    looks_ms = (3_499, 3_500, 4_999, 5_000)
    assert [acts.disproved(act, T0 + after_ms) for after_ms in looks_ms] == [False, False, False, proven]


def _a_plan(id_: PositionId, requests: tuple[Request, ...] = ()) -> Plan:
    instrument = Instrument(id="BTC-USDT-SWAP", contract=a_contract(BTC))
    return Plan(id=id_, instrument=instrument, urgency=Urgency.EMERGENCY, requests=requests)
