"""Tells the service manager how things stand, as systemd's ``sd_notify`` does: ready, alive, stopping.

The protocol is a datagram of ``NAME=value`` lines to the socket named in the environment (sd_notify(3)).
Where none is named, nobody supervises and nothing is told.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

_SOCKET, _USEC, _PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
_STATUS_MAX = 200


class Supervisor:
    """Where the service manager listens."""

    def __init__(self, address: str, watchdog_ms: int | None) -> None:
        """``address`` is a path, or an abstract name that begins with ``@``; empty: nobody listens.

        ``watchdog_ms`` is after how long without a sign of life the process is ended; ``None``: never.
        """
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_ms = watchdog_ms
        self.unheard = 0
        """How many messages could not be delivered."""
        self._ready = False
        self._status = ""

    @classmethod
    def named_by(cls, environ: MutableMapping[str, str]) -> Supervisor:
        """The one the environment names. Its names are taken out: they are for us and not for our children.

        What is neither a path nor an abstract name (systemd also knows vsock) is nobody.
        """
        address = environ.pop(_SOCKET, "")
        usec, pid = environ.pop(_USEC, ""), environ.pop(_PID, "")
        ours = pid in ("", str(os.getpid()))
        watched = ours and usec.isascii() and usec.isdigit() and int(usec) > 0
        known = address.startswith(("/", "@"))
        return cls(address if known else "", max(1, int(usec) // 1000) if watched else None)

    @property
    def pace_ms(self) -> int:
        """How often it wants a sign of life: twice in its time, as its manual says, and every second."""
        return 1_000 if self.watchdog_ms is None else max(1, min(1_000, self.watchdog_ms // 2))

    def ready(self) -> None:
        """The start is over. Said once."""
        if not self._ready:
            self._ready = True
            self._tell("READY=1")

    def alive(self) -> None:
        """A sign of life."""
        if self.watchdog_ms is not None:
            self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line about how things stand; said when it is another."""
        line = " ".join(text.split())[:_STATUS_MAX]
        if line != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        """A manager that does not listen must not hold up the guard, and is nobody's death."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(0)
                sender.sendto(message.encode(), self._address)
        except OSError:
            self.unheard += 1
