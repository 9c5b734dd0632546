"""What the simulated XT does that no source confirms, and how somebody could settle it."""

from __future__ import annotations

from bot.venues.live.terms import Assumed

ASSUMED = (
    Assumed(
        what="headers, key, time window and signature are checked in this order",
        settle="send a request that is wrong in two ways and see which code comes back",
    ),
    Assumed(
        what="the codes of the gateway are those of the spot interface",
        settle="send a futures request with a wrong key",
    ),
    Assumed(
        what="the books' reasons for a refusal have the code of XT's list whose words come nearest",
        settle="send one request of each kind with a wrong value",
    ),
    Assumed(
        what="position/list tells both sides of every contract that the account ever traded",
        settle="read it with an account that is flat",
    ),
    Assumed(
        what="a new listen key leaves the others valid; one that ends leaves its connection open and mute",
        settle="keep two private streams open until one ends",
    ),
    Assumed(
        what="a page has a hundred rows at most",
        settle="ask for more",
    ),
    Assumed(
        what="a funding fee below nought was paid",
        settle="compare the list with the balance before and after a settlement",
    ),
)
