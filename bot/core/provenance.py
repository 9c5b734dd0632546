"""Whose an order is, told by its client id: which journal gave it, or that none of this bot's did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.types import OUR_PREFIX, AccountName


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochIds:
    """How many client ids an epoch of the journal gave: their numbers run from 1 to ``count``."""

    epoch: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenId:
    """A client id with our prefix that the exchange remembers of an order, whatever became of that."""

    account: AccountName
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which client ids are of this journal, and which the exchange remembers: told before anything is known.

    An id that is seen and was never ``given`` shows that the journal was lost or is an old copy, or that
    another bot acts here.
    """

    at_ms: int
    given: tuple[EpochIds, ...]
    """Of every earlier epoch that gave any."""
    seen: tuple[SeenId, ...]


def is_accepted(client_id: str, accepted: Iterable[str]) -> bool:
    """Whether it is among the strangers that a person has accepted, or was given before one of them."""
    if client_id in accepted:
        return True
    origin = origin_of(client_id)
    if origin is None:
        return False
    known = [found for found in map(origin_of, accepted) if found is not None]
    return any(epoch == origin[0] and number >= origin[1] for epoch, number in known)


def origin_of(client_id: str) -> tuple[int, int] | None:
    """Epoch and number of a client id of ours; ``None`` where it has none."""
    if not client_id.startswith(OUR_PREFIX):
        return None
    epoch, _, rest = client_id.removeprefix(OUR_PREFIX).partition("-")
    number = rest.partition("-")[0]
    return (int(epoch), int(number)) if epoch.isdecimal() and number.isdecimal() else None
