"""What is read once before an account is guarded: its contracts, its setup, the rights of its key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from bot.venues.live.dialect import Dialect
from bot.venues.live.line import Line, Unreadable
from bot.venues.live.terms import Instrument, KeyRights, Listing, Payload, Setup
from bot.venues.live.wire import Request, Urgency


class Talking(Protocol):
    """What reading needs of ``Clients``."""

    @property
    def reads(self) -> Line:
        """The line that reads."""
        ...

    @property
    def markets(self) -> Sequence[Mapping[str, Any]]:
        """The markets as ccxt lists them."""
        ...


def every(_: Mapping[str, Any]) -> bool:
    """All markets."""
    return True


async def read_listing(
    dialect: Dialect,
    clients: Talking,
    among: Callable[[Mapping[str, Any]], bool] = every,
    urgency: Urgency = Urgency.ACCOUNT,
) -> Listing:
    """The contracts with their tiers, of the markets that are ``among`` those wanted."""
    markets = [market for market in clients.markets if among(market)]
    requests = dialect.contracts.tier_requests(markets)
    answers = await asyncio.gather(*(clients.reads.pages(r, urgency) for r in requests))
    try:
        found = dialect.contracts.listing(markets, [page for pages in answers for page in pages])
    except (ValueError, KeyError) as error:
        raise Unreadable(_named(requests), f"{type(error).__name__}: {error}") from error
    closed = {market["symbol"] for market in markets if is_suspended(market)}
    return Listing([_as_traded(each, closed) for each in found.by_symbol.values()]) if closed else found


def is_suspended(market: Mapping[str, Any]) -> bool:
    """Whether a market takes no orders for now; XT's own switch is not what ccxt looks at."""
    info = market.get("info")
    switched_off = isinstance(info, Mapping) and info.get("tradeSwitch") is False
    return market.get("active") is False or switched_off


def _as_traded(instrument: Instrument, closed: Collection[str]) -> Instrument:
    if instrument.symbol not in closed:
        return instrument
    return replace(instrument, contract=replace(instrument.contract, suspended=True))


class Barred(Unreadable):
    """A key that is good elsewhere at the exchange and is not let in to contracts; ``rights`` it has."""

    def __init__(self, refused: Unreadable, rights: KeyRights) -> None:
        """``refused`` is how it was not let in."""
        Exception.__init__(self, str(refused))
        self.code, self.limited, self.rights = refused.code, False, rights


async def read_setup(dialect: Dialect, clients: Talking) -> Setup:
    """How the account is set up; ``Barred`` where only its contracts are closed to the key."""
    requests = dialect.reading.setup_requests()
    try:
        payloads = [await clients.reads.read(request, Urgency.ACCOUNT) for request in requests]
    except Unreadable as error:
        rights = await _rights_all_the_same(dialect, clients, error)
        if rights is None:
            raise
        raise Barred(error, rights) from None
    try:
        return dialect.reading.setup(payloads)
    except (ValueError, KeyError) as error:
        raise Unreadable(_named(requests), f"{type(error).__name__}: {error}") from error


async def read_rights(dialect: Dialect, clients: Talking) -> KeyRights | None:
    """The rights of the key; ``None`` where the exchange tells nobody."""
    request = dialect.reading.rights_request()
    if request is None:
        return None
    payload: Payload = await clients.reads.read(request, Urgency.ACCOUNT)
    try:
        return dialect.reading.rights(payload)
    except (ValueError, KeyError) as error:
        raise Unreadable(request, f"{type(error).__name__}: {error}") from error


async def _rights_all_the_same(dialect: Dialect, clients: Talking, refused: Unreadable) -> KeyRights | None:
    """What a key may do that was just refused, where it may be heard of at another door."""
    if refused.code not in dialect.traits.codes.auth:
        return None
    try:
        return await read_rights(dialect, clients)
    except Unreadable:
        return None


def _named(requests: Sequence[Request]) -> Request:
    return requests[0] if requests else Request(api="", method="GET", path="nothing")
