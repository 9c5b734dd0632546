"""Every kind of fault there is, by the name the ledger has it under."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults import at_the_exchange, by_the_person, on_the_machine, on_the_wire
from tests.faults.fronts import FRONTS
from tests.faults.user import DEEDS
from tests.faults.weather import Deed

WEATHER: Mapping[str, Deed] = {
    **on_the_wire.DEEDS,
    **at_the_exchange.DEEDS,
    **on_the_machine.DEEDS,
    **by_the_person.DEEDS,
}
EVERY_KIND = frozenset(
    {*WEATHER, *FRONTS, *(f"user: {name}" for name in DEEDS), "delivery", "our clock is wrong"}
)
