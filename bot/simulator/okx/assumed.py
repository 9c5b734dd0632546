"""What the simulated OKX does that no source confirms, and how somebody could settle it."""

from __future__ import annotations

from bot.venues.live.terms import Assumed

ASSUMED = (
    Assumed(
        what="time, key, passphrase and signature are checked in this order, those of a stream's log-in too",
        settle="send a request that is wrong in two ways and see which code comes back",
    ),
    Assumed(
        what="an account without positions is told so on its stream by an empty list",
        settle="subscribe to positions on a flat demo account",
    ),
    Assumed(
        what="frozenBal is all of a balance that is neither free nor margin of isolated positions",
        settle="compare the fields of a demo account with positions and orders",
    ),
    Assumed(
        what="in net mode a reduce-only order beyond the position is cut to it",
        settle="send one in demo trading",
    ),
    Assumed(
        what="prices of a market that stands still are told again every second",
        settle="watch a quiet contract in demo trading",
    ),
)
