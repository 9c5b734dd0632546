"""Builders that several folders of tests share, with a default for everything.

``core`` is a desk to test the engine at; here are contracts under the rules of a venue, and tapes in memory.
"""

from tests.building.contracts import BTC, FLAT_TIERS, ONE_TIER, TIERS, a_contract
from tests.building.tapes import MINUTE_MS, START_MS, Bar, a_funding_tape, a_tape

__all__ = [
    "BTC",
    "FLAT_TIERS",
    "MINUTE_MS",
    "ONE_TIER",
    "START_MS",
    "TIERS",
    "Bar",
    "a_contract",
    "a_funding_tape",
    "a_tape",
]
