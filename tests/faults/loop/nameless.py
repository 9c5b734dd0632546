"""``python -m bot``, with a name server that can be taken away.

On loopback no name is ever looked up, so that this one fault needs a resolver of its own: it knows no name
while the file that ``HOLDFAST_NAMELESS`` names is there.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from aiohttp.abc import ResolveResult

from bot.cli.main import main
from bot.venues.live import session

NAMELESS = Path(os.environ["HOLDFAST_NAMELESS"])


class Nameless(session._ToLoopback):
    """Every name is this machine, while there are names."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if NAMELESS.exists():  # noqa: ASYNC240  # a look at one file of this machine, in a test
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        return await super().resolve(host, port, family)


if __name__ == "__main__":
    session._ToLoopback = Nameless  # type: ignore[misc]  # the one seam there is
    main()
