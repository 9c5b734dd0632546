"""The questions every running bot answers: how things stand, why, and what is in the journal."""

from __future__ import annotations

from pathlib import Path

from bot.core.engine import Engine
from bot.core.types import Symbol
from bot.runtime.control import Args, BadQuery, Query
from bot.runtime.journal import PAGE, Journal, JournalQuery


def standard_queries(engine: Engine, journal: Journal, path: Path) -> dict[str, Query]:
    """``status``, ``holdings``, ``explain`` (of ``symbol``, or of all) and ``journal`` (a page of it).

    ``path`` is where the journal is: another one may lie in the same folder.
    """

    async def status(args: Args) -> object:
        only(args)
        return {
            "epoch": journal.epoch,
            "journal": path.name,
            "states": engine.states(),
            "positions": engine.overview(),
        }

    async def explain(args: Args) -> object:
        only(args, "symbol")
        symbol = text(args, "symbol")
        return engine.explain(None if symbol is None else Symbol(symbol))

    async def holdings(args: Args) -> object:
        only(args)
        return engine.holdings()

    async def rows(args: Args) -> object:
        return await journal.read(journal_query(args))

    return {"status": status, "explain": explain, "holdings": holdings, "journal": rows}


def journal_query(args: Args) -> JournalQuery:
    """The query that JSON arguments ask for; ``BadQuery`` says what cannot be understood in them."""
    only(args, "since_ms", "symbol", "rule", "kind", "contains", "after_seq", "limit", "latest")
    limit = number(args, "limit", PAGE)
    if not 1 <= limit <= PAGE:
        raise BadQuery(f"limit {limit}, expected 1 to {PAGE}")
    latest = args.get("latest", False)
    if not isinstance(latest, bool):
        raise BadQuery(f"latest {latest!r}, expected true or false")
    return JournalQuery(
        since_ms=None if args.get("since_ms") is None else number(args, "since_ms", 0),
        symbol=text(args, "symbol"),
        rule=text(args, "rule"),
        kind=text(args, "kind"),
        contains=text(args, "contains"),
        after_seq=number(args, "after_seq", 0),
        limit=limit,
        latest=latest,
    )


def only(args: Args, *known: str) -> None:
    """Refuse arguments that are not ``known``: a misspelt one must not be passed over."""
    unknown = sorted(args.keys() - set(known))
    if unknown:
        raise BadQuery(f"no argument {', '.join(unknown)}; there are {', '.join(known) or 'none'}")


def text(args: Args, name: str) -> str | None:
    """An argument that is a string, ``None`` if it is not given."""
    value = args.get(name)
    if value is not None and not isinstance(value, str):
        raise BadQuery(f"{name} {value!r}, expected a string")
    return value


def number(args: Args, name: str, default: int) -> int:
    """An argument that is a whole number from 0."""
    value = args.get(name, default)
    # The largest number a row can hold: beyond it the database has no answer but an error.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise BadQuery(f"{name} {value!r}, expected a whole number from 0")
    return value
