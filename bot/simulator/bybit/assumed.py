"""What the simulated Bybit does that no source confirms, and how somebody could settle it."""

from __future__ import annotations

from bot.venues.live.terms import Assumed

ASSUMED = (
    Assumed(
        what="key, time window and signature are checked in this order",
        settle="send a request that is wrong in two ways and see which code comes back",
    ),
    Assumed(
        what="margin may be moved ten times a second, like the leverage",
        settle="move it faster on the test network and read X-Bapi-Limit",
    ),
    Assumed(
        what="the tickers of a market that stands still are told again every second",
        settle="watch the ticker of a quiet contract on the test network",
    ),
    Assumed(
        what="a market order reaches 5 % from the last price at most, for all symbols",
        settle="compare the price shown of a market order with its symbol's limits",
    ),
    Assumed(
        what="positionBalance of an isolated position is what positionIM is",
        settle="add margin on the test network and compare both fields",
    ),
    Assumed(
        what="a reduce-only order beyond the position is cut to it",
        settle="send one on the test network",
    ),
    Assumed(
        what="the codes and texts of why a margin mode or a subscription is refused",
        settle="switch the mode with a position open; subscribe to what is not there",
    ),
)
