"""``holdfast journal``: what was decided, done and refused, and why.

The running bot is asked if there is one; otherwise the file is opened, and only while we hold its lock.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bot.cli.options import config_option, json_option, settings_of
from bot.cli.text import columns

Row = dict[str, Any]

KINDS = {
    "action": ("Action",),
    "refusal": ("Refusal",),
    "state": ("StateChanged",),
    "outcome": ("Outcome",),
    "liquidation": ("Liquidated",),
    "funding": ("FundingPaid",),
    "run": ("Opened", "Started", "Stopped", "Crashed"),
}
SHOWN = ("action", "refusal", "state", "liquidation")
_AGO = re.compile(r"[1-9][0-9]{0,5}(ms|s|m|h|d)")


class Moment(click.ParamType):  # type: ignore[type-arg]  # only generic since click 8.4
    """A duration back from the last row, or a date and time in UTC."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's signature
        """``("ago", ms)`` or ``("at", ms)``."""
        if not isinstance(value, str):
            return value
        if _AGO.fullmatch(value):
            from bot.config.fields import parse_duration

            return "ago", parse_duration(value)
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f'found "{value}"; write 30m, 2h, 2025-10-10 or 2025-10-10T21:15', param, ctx)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return "at", int(at.timestamp() * 1000)


@click.command()
@config_option()
@json_option
@click.option(
    "--journal", "file", type=click.Path(path_type=Path), metavar="FILE", help="Instead of the config's."
)
@click.option("--since", type=Moment(), help="30m, 2h: before the last row; or 2025-10-10T21:15 in UTC.")
@click.option("--symbol", help="Only this symbol.")
@click.option("--rule", help="Only this rule.")
@click.option("--kind", "kinds", type=click.Choice([*KINDS, "all"]), multiple=True, help="May be repeated.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="The last rows.")
def journal(
    config: tuple[Path, ...],
    as_json: bool,  # noqa: FBT001 - click passes flags
    file: Path | None,
    since: tuple[str, int] | None,
    symbol: str | None,
    rule: str | None,
    kinds: tuple[str, ...],
    limit: int,
) -> None:
    """Show what was decided, done and refused, and why: the last rows, oldest first."""
    from bot.cli.journal_text import line

    path = file or Path(settings_of(config).config.journal.path)
    names = [name for kind in kinds or SHOWN for name in KINDS.get(kind, (None,))]
    base = {"symbol": symbol, "rule": rule, "limit": limit, "latest": True}
    rows = asyncio.run(_rows(path, base, names, since))
    if as_json:
        shown = [{**row, "body": json.loads(row["body"])} for row in rows]
        click.echo(json.dumps({"journal": str(path), "rows": shown}, indent=2, ensure_ascii=False))
    elif rows:
        click.echo(columns([line(row) for row in rows], indent=""))
    else:
        click.echo(f"{path}: no such rows", err=True)


async def _rows(
    path: Path, base: dict[str, Any], kinds: list[str | None], since: tuple[str, int] | None
) -> list[Row]:
    """The last rows of every kind asked for, in the order they were written."""
    from bot.cli.journal_file import Reading

    async with Reading.of(path) as reading:
        since_ms = since[1] if since else None
        if since and since[0] == "ago":
            last = await reading.page({"limit": 1, "latest": True})
            since_ms = max(0, last[0]["at_ms"] - since[1]) if last else None
        found: dict[int, Row] = {}
        for kind in kinds:
            for row in await reading.page({**base, "kind": kind, "since_ms": since_ms}):
                found[row["seq"]] = row
        return [found[seq] for seq in sorted(found)][-base["limit"] :]
