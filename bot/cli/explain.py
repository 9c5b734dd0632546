"""``holdfast explain``: each rule's conditions with their values, how far away they are, and what it did.

The running bot is asked if there is one. Otherwise its engine is brought back from the journal, as it was at
the end of the last run.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.failures import Failure
from bot.cli.options import config_option, json_option, settings_of

if TYPE_CHECKING:
    from bot.cli.journal_file import Reading
    from bot.config import Settings

LAST = 5
"""Decisions shown beneath the rules."""


@click.command()
@click.argument("symbol")
@config_option()
@json_option
@click.option(
    "--journal", "file", type=click.Path(path_type=Path), metavar="FILE", help="Instead of the config's."
)
def explain(symbol: str, config: tuple[Path, ...], as_json: bool, file: Path | None) -> None:  # noqa: FBT001 - click passes flags
    """Explain the positions in SYMBOL (BTC/USDT:USDT, or just BTC): why each rule did or did not act."""
    from bot.cli.explain_text import report
    from bot.runtime.journal.wording import understood

    settings = settings_of(config)
    path = file or Path(settings.config.journal.path)
    with understood(path):
        answer = asyncio.run(_answer(symbol, settings, path))
        text = json.dumps(answer, indent=2, ensure_ascii=False) if as_json else report(answer)
    click.echo(text)


async def _answer(asked: str, settings: Settings, path: Path) -> dict[str, Any]:
    from bot.cli.journal_file import Reading
    from bot.cli.met import closings
    from bot.cli.symbols import meant

    async with Reading.of(path) as reading:
        everything, states = await _explanations(reading, settings, path)
        known = {position["id"]["symbol"] for position in everything}
        known |= set(json.loads((await _started(reading, path))["stale_after_ms"]))
        symbol = meant(asked, known)
        begin = await reading.begin()
        rows = await _last_decisions(reading, symbol, begin)
        modelled = await reading.modelled(begin)
        return {
            "symbol": symbol,
            "synthetic": symbol in modelled,
            "synthetic_contracts": modelled,
            "source": "the running bot" if reading.live else f"the last run in {path}",
            "mark_at_ms": None if reading.live else await _last_mark_ms(reading, symbol, begin),
            "states": states,
            "positions": [p for p in everything if p["id"]["symbol"] == symbol],
            "closed": await closings(reading, symbol, begin),
            "last": [{**row, "body": json.loads(row["body"])} for row in rows],
        }


async def _explanations(
    reading: Reading, settings: Settings, path: Path
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All positions, and the state of each account."""
    if reading.live:
        answer = await reading.ask("explain", {})
        states = (await reading.ask("status", {}))["states"]
    else:
        from bot.cli.reconstruct import reconstructed
        from bot.runtime.plain import plain

        note = await _started(reading, path)
        engine = await reconstructed(reading.file, note, settings, path)
        answer, states = plain(engine.explain()), plain(engine.states())
    assert isinstance(answer, list), "explanations that are no list"
    assert isinstance(states, dict), "states that are no table"
    return [position for position in answer if isinstance(position, dict)], states


async def _last_mark_ms(reading: Reading, symbol: str, begin: int) -> int | None:
    """When the last mark was that a rule had to look at: those that came after it are in no journal."""
    given = {"kind": "MarkPrice", "symbol": symbol, "latest": True, "limit": 1, "after_seq": begin - 1}
    rows = await reading.page(given)
    return int(rows[-1]["at_ms"]) if rows else None


async def _started(reading: Reading, path: Path) -> dict[str, str]:
    """What the run that is explained noted about itself when it began."""
    given = {"kind": "Started", "after_seq": await reading.begin() - 1}
    rows = await reading.page({**given, "limit": 1})
    if not rows:
        raise Failure(f"{path}: no run has begun in this journal; run holdfast demo first, or name another")
    body: dict[str, str] = json.loads(rows[0]["body"])
    return body


async def _last_decisions(reading: Reading, symbol: str, begin: int) -> list[dict[str, Any]]:
    from bot.cli.met import met_rows

    given = {"symbol": symbol, "limit": LAST, "latest": True, "after_seq": begin - 1}
    found = await met_rows(reading, given)
    for kind in ("Action", "Refusal", "Liquidated"):
        found += await reading.about({**given, "kind": kind})
    return await reading.flagged(sorted(found, key=lambda row: row["seq"])[-LAST:])
