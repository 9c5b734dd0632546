"""Remembers a ban beside the journal, for a process that is started again before it is over.

The exchange counts per address and lengthens a ban by each request that meets it, and nothing tells a new
process that there is one but such a request. So its end is kept in a small file of its own: whoever talks to
that exchange from this folder has to know it, a look at the account too, which never opens the journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.config.whole import write_whole

FILE = "ban.json"
LONGEST_MS = 3 * 86_400_000
"""Binance documents bans of 2 minutes to 3 days; whatever the file says shuts nobody out for longer."""


@dataclass(frozen=True, slots=True)
class Ban:
    """The latest ban by ``exchange`` that was met from a folder. ``now_ms`` is our clock."""

    path: Path
    exchange: str
    now_ms: Callable[[], int]

    def left_ms(self) -> int:
        """How long it still lasts, 0 where there is none: never longer than it was to be when it was met.

        Our clock may have been wrong then or be so now, and must not make a ban of minutes one of days.
        """
        try:
            found = json.loads(self.path.read_text())
            if found["exchange"] != self.exchange:
                return 0
            met_ms, until_ms = int(found["met_ms"]), int(found["until_ms"])
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return 0
        return max(0, min(until_ms - self.now_ms(), until_ms - met_ms, LONGEST_MS))

    def meet(self, wait_ms: int) -> None:
        """It lasts ``wait_ms`` from now on. Not synced: a machine that lost its power takes a while to boot.

        A file that cannot be written must not end the guard of positions.
        """
        now_ms = self.now_ms()
        if wait_ms <= self.left_ms():
            return
        words = {"exchange": self.exchange, "met_ms": now_ms, "until_ms": now_ms + wait_ms}
        with suppress(OSError):
            write_whole(self.path, json.dumps(words))

    def sentence(self) -> str:
        """Until when nothing may be asked; empty where there is no ban."""
        left_ms = self.left_ms()
        if not left_ms:
            return ""
        until = datetime.fromtimestamp((self.now_ms() + left_ms) / 1000, UTC)
        return f"{self.exchange} has banned this address until {until:%Y-%m-%d %H:%M:%S} UTC"
