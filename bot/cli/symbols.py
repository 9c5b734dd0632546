"""Which symbol somebody means who types ``BTC``."""

from __future__ import annotations

from collections.abc import Collection

from bot.cli.failures import Failure


def meant(asked: str, known: Collection[str]) -> str:
    """The symbol that was meant: in full, or by its base coin where only one perpetual has it."""
    if asked in known:
        return asked
    found = [symbol for symbol in sorted(known) if symbol.partition("/")[0].lower() == asked.lower()]
    found = [symbol for symbol in found if "-" not in symbol] or found
    if len(found) == 1:
        return found[0]
    from bot.config.errors import suggestion

    raise Failure(
        f'unknown symbol "{asked}"{suggestion(asked, known)}; there are {", ".join(sorted(known)) or "none"}'
    )
