"""Which symbol or rule somebody means who types ``BTC`` or ``topup``, and what to say where there is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.cli.failures import ExitCode, Failure


def meant(asked: str, known: Collection[str]) -> str:
    """The symbol that was meant: in full, or by its base coin where only one perpetual has it."""
    if asked in known:
        return asked
    found = [symbol for symbol in sorted(known) if symbol.partition("/")[0].lower() == asked.lower()]
    found = [symbol for symbol in found if "-" not in symbol] or found
    if len(found) == 1:
        return found[0]
    raise unknown("symbol", asked, known)


def unknown(what: str, asked: str, known: Iterable[str]) -> Failure:
    """That there is no such thing, which there are, and which may have been meant."""
    from bot.config.errors import suggestion

    names = sorted(known)
    there = ", ".join(names) or "none"
    return Failure(f'unknown {what} "{asked}"{suggestion(asked, names)}; there are {there}', ExitCode.USAGE)
