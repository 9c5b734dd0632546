"""Outages: windows in which the venue does not answer us, while its market goes on without us.

What venues did: BitMEX on 2020-03-13 delayed requests for 24 minutes, Binance answers 5xx ("the execution
status is UNKNOWN"), Bybit 10007 ("delivery and request status unknown"). So an answer is unknown unless the
outage says that requests are refused, as an overloaded Binance does (-1008). Nothing of them is executed,
which comes to light when the venue is read after the outage. Marks, resting orders, liquidations and funding
go on, as they did in all these hours. What an account's stream would have told meanwhile is told at the end,
together with the account as it is then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from bot.core.facts import AccountRead, Fact, Link, LinkChanged, MarkPrice, Outcome, OutcomeKind
from bot.core.types import AccountName, ClientId, PositionId, Symbol
from bot.venues.paper.model import PaperError
from bot.venues.port import Batch

STREAMS = (Link.MARKET, Link.ACCOUNT)
REFUSED_OR_UNKNOWN = (OutcomeKind.UNKNOWN, OutcomeKind.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From ``start_ms`` to before ``end_ms`` requests get ``answer`` and the streams ``links`` are silent."""

    start_ms: int
    end_ms: int
    links: tuple[Link, ...] = STREAMS
    answer: OutcomeKind = OutcomeKind.UNKNOWN

    def __post_init__(self) -> None:
        """Refuse what is no outage."""
        if not 0 <= self.start_ms < self.end_ms:
            raise PaperError(f"an outage from {self.start_ms} to {self.end_ms}")
        if self.answer not in REFUSED_OR_UNKNOWN:
            raise PaperError(
                f"requests in an outage are answered {self.answer}, expected rejected or unknown"
            )

    def covers(self, at_ms: int) -> bool:
        """Whether the venue is out at that time."""
        return self.start_ms <= at_ms < self.end_ms


class Outages:
    """The outages to come, and what the present one keeps from us. ``PaperError`` if two overlap."""

    def __init__(self, outages: Iterable[Outage], accounts: Iterable[AccountName]) -> None:
        self._outages = tuple(sorted(outages, key=lambda outage: outage.start_ms))
        for one, two in pairwise(self._outages):
            if two.start_ms < one.end_ms:
                raise PaperError(
                    f"an outage at {two.start_ms} begins before that of {one.start_ms} has ended"
                )
        self._accounts = tuple(accounts)
        self._present: Outage | None = None
        """The outage whose beginning has been told and whose end has not."""
        self._held: list[Fact] = []
        self._unknown: list[Outcome] = []

    def answer(self, at_ms: int, id_: PositionId, client_id: ClientId, overloaded: str) -> Outcome | None:
        """What a request gets at that time; ``None`` if the venue answers it as ever."""
        outage = self._at(at_ms)
        if outage is None:
            return None
        unknown = outage.answer is OutcomeKind.UNKNOWN
        outcome = Outcome(
            at_ms=at_ms,
            id=id_,
            client_id=client_id,
            kind=outage.answer,
            code="" if unknown else overloaded,
            proof="no answer: the venue is out" if unknown else "the venue is out and says so",
        )
        if unknown:
            self._unknown.append(outcome)
        return outcome

    def told(self, at_ms: int, batches: Sequence[Batch]) -> Sequence[Batch]:
        """What of ``batches`` the account's stream tells now; the rest is told when it is back."""
        if not batches or not self._outages:
            return batches
        outage = self._present or self._at(at_ms)
        if outage is None or Link.ACCOUNT not in outage.links:
            return batches
        self._held += [fact for batch in batches for fact in batch]
        return ()

    def connect(self, at_ms: int, marks: Mapping[Symbol, Decimal], snapshot: Batch) -> Sequence[Batch]:
        """Tell what began or ended by now. Streams begin again with ``marks`` and with ``snapshot``."""
        batches: list[Batch] = []
        if self._present is not None and not self._present.covers(at_ms):
            outage, self._present = self._present, None
            batches.append(self._back(outage, at_ms, _resumed(outage, at_ms, marks, snapshot)))
        outage_now = self._at(at_ms)
        if outage_now is not None and self._present is None:
            self._present = outage_now
            because = f"the venue is out since {outage_now.start_ms}"
            batches.append(tuple(self._links(outage_now, at_ms, up=False, because=because)))
        return tuple(batch for batch in batches if batch)

    def _back(self, outage: Outage, at_ms: int, state: Iterable[Fact]) -> Batch:
        held, self._held = self._held, []
        unknown, self._unknown = self._unknown, []
        proof = "read after the outage: there is no trace of it"
        resolved = [replace(o, at_ms=at_ms, kind=OutcomeKind.NOT_APPLIED, proof=proof) for o in unknown]
        links = self._links(outage, at_ms, up=True, because="the venue answers again")
        return (*held, *links, *resolved, *state)

    def _links(self, outage: Outage, at_ms: int, *, up: bool, because: str) -> Iterable[LinkChanged]:
        return [
            LinkChanged(at_ms=at_ms, account=account, link=link, up=up, because=because)
            for account in self._accounts
            for link in outage.links
        ]

    def _at(self, at_ms: int) -> Outage | None:
        return next((outage for outage in self._outages if outage.covers(at_ms)), None)


def _resumed(outage: Outage, at_ms: int, marks: Mapping[Symbol, Decimal], snapshot: Batch) -> Iterable[Fact]:
    """What the streams of an outage tell once it is over.

    Where the account's went on, all of it has been told already.
    """
    if Link.MARKET in outage.links:
        for symbol, mark in marks.items():
            yield MarkPrice(at_ms=at_ms, symbol=symbol, price=mark)
    if Link.ACCOUNT in outage.links:
        yield from snapshot
    elif outage.links:
        yield from (fact for fact in snapshot if isinstance(fact, AccountRead))
