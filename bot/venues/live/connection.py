"""An account's connection to its exchange: all that those who talk for it share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.core.types import AccountName
from bot.venues.live.client import Ccxt, Hears
from bot.venues.live.clock import ExchangeClock
from bot.venues.live.dialect import Dialect
from bot.venues.live.gate import Gate
from bot.venues.live.line import Line
from bot.venues.live.terms import Listing


class Wires(Protocol):
    """What ``Clients`` is to the rest."""

    @property
    def gate(self) -> Gate:
        """What every request goes through."""
        ...

    @property
    def clock(self) -> ExchangeClock:
        """The exchange's clock."""
        ...

    @property
    def reads(self) -> Line:
        """The line that reads."""
        ...

    @property
    def writes(self) -> Line:
        """The line that acts."""
        ...

    @property
    def feed(self) -> Ccxt:
        """The client that holds the streams; another one after ``renew``."""
        ...

    @property
    def markets(self) -> Sequence[Mapping[str, Any]]:
        """The markets as ccxt lists them."""
        ...

    async def reload(self) -> None:
        """Read the list of markets anew; ``Unreadable`` where it cannot be read."""
        ...

    def listen(self, hears: Hears, connected: Callable[[], None]) -> None:
        """Give every message of the streams to ``hears`` first, and tell ``connected`` of connections."""
        ...

    def notice(self, code: str) -> None:
        """Look at the code of an error for what concerns more than one request."""
        ...

    async def renew(self) -> None:
        """Replace the client of the streams."""
        ...

    async def keep_warm(self) -> None:
        """Keep connection and clock fresh, for ever."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One account at one exchange.

    ``now_ms`` is our clock, ``say`` tells people one line.
    """

    account: AccountName
    dialect: Dialect
    listing: Listing
    wires: Wires
    now_ms: Callable[[], int]
    say: Callable[[str], None]
