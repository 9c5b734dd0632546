"""``holdfast journal``: what was decided, done and refused, and why.

The running bot is asked if there is one; otherwise the file is opened, and only while we hold its lock.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import config_option, json_option, settings_of
from bot.cli.text import columns

if TYPE_CHECKING:
    from bot.cli.journal_file import Reading

Row = dict[str, Any]

KINDS = {
    "action": ("Action",),
    "refusal": ("Refusal",),
    "state": ("StateChanged",),
    "outcome": ("Sent", "Outcome"),
    "liquidation": ("Liquidated",),
    "deleveraging": ("Deleveraged",),
    "link": ("LinkChanged",),
    "funding": ("FundingPaid",),
    "alert": ("Alert", "AlertTold", "AlertAcknowledged"),
    "run": ("Opened", "Quarantined", "DiedOften", "Started", "Stopped", "Crashed"),
}
MET = "met"
"""Not a kind of row but a sort of outcome: a resting order was met."""
SHOWN = ("action", "refusal", "state", "liquidation", "deleveraging", MET)
_AGO = re.compile(r"[1-9][0-9]{0,5}(ms|s|m|h|d)")


class Moment(click.ParamType):  # type: ignore[type-arg]  # only generic since click 8.4
    """A duration back from the last row, or a date and time in UTC."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's signature
        """``("ago", ms)`` or ``("at", ms)``."""
        if not isinstance(value, str):
            return value
        if _AGO.fullmatch(value):
            from bot.core.durations import parse_duration

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
@click.option("--symbol", help="Only this symbol: BTC/USDT:USDT, or just BTC.")
@click.option("--rule", help="Only this rule.")
@click.option(
    "--kind", "kinds", type=click.Choice([*KINDS, MET, "all"]), multiple=True, help="May be repeated."
)
@click.option("--all-runs", is_flag=True, help="Also the runs before the latest one.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="The last rows.")
def journal(  # noqa: PLR0913, PLR0917 - click passes every option
    config: tuple[Path, ...],
    as_json: bool,  # noqa: FBT001 - click passes flags
    file: Path | None,
    since: tuple[str, int] | None,
    symbol: str | None,
    rule: str | None,
    kinds: tuple[str, ...],
    all_runs: bool,  # noqa: FBT001
    limit: int,
) -> None:
    """Show what was decided, done and refused, and why: the last rows of the latest run, oldest first."""
    from bot.runtime.journal.wording import understood

    settings = settings_of(config) if config or file is None else None
    path = file or Path(settings.config.journal.path if settings else "")
    names = [name for kind in kinds or SHOWN for name in KINDS.get(kind, (MET if kind == MET else None,))]
    base = {"symbol": symbol, "rule": rule, "limit": limit, "latest": True}
    configured = {entry.name for entry in settings.rules} if settings else set[str]()
    with understood(path):
        rows = asyncio.run(_rows(path, base, names, since, configured, all_runs=all_runs))
        text = _json(path, rows) if as_json else _text(rows)
    if text:
        click.echo(text)
    else:
        where = "" if all_runs else " in the latest run; --all-runs looks at the others, too"
        click.echo(f"{path}: no such rows{where}", err=True)


def _json(path: Path, rows: list[Row]) -> str:
    shown = [{**row, "body": json.loads(row["body"])} for row in rows]
    return json.dumps({"journal": str(path), "rows": shown}, indent=2, ensure_ascii=False)


def _text(rows: list[Row]) -> str:
    """One line a row, and between runs a line that says which one begins."""
    from bot.cli.journal_text import line

    if not rows:
        return ""
    lines = columns([line(row) for row in rows], indent="").splitlines()
    if rows[0]["run"] == rows[-1]["run"]:
        return "\n".join(lines)
    shown: list[str] = []
    for number, (row, text) in enumerate(zip(rows, lines, strict=True)):
        if not number or row["run"] != rows[number - 1]["run"]:
            shown.append(f"--- run {row['run']} ---" if row["run"] else "--- earlier runs ---")
        shown.append(text)
    return "\n".join(shown)


async def _rows(
    path: Path,
    base: dict[str, Any],
    kinds: list[str | None],
    since: tuple[str, int] | None,
    configured: AbstractSet[str],
    *,
    all_runs: bool,
) -> list[Row]:
    """The last rows of every kind asked for, in the order they were written, as ``flagged`` has them.

    ``Failure`` where the rule asked for is neither ``configured`` nor anywhere in the journal.
    """
    from bot.cli.journal_file import Reading
    from bot.cli.met import met_rows
    from bot.cli.symbols import meant

    async with Reading.of(path) as reading:
        given = {**base, "after_seq": 0 if all_runs else await reading.begin() - 1}
        if given["symbol"] is not None:
            known = await reading.symbols(given["after_seq"])
            given["symbol"] = meant(given["symbol"], known) if known else given["symbol"]
        if since:
            given["since_ms"] = await _since_ms(reading, since)
        found: dict[int, Row] = {}
        for kind in kinds:
            asked = {**given, "kind": kind}
            for row in await (met_rows(reading, given) if kind == MET else reading.about(asked)):
                found[row["seq"]] = row
        if not found and base["rule"] is not None:
            await _known(base["rule"], reading, configured)
        return await reading.flagged([found[seq] for seq in sorted(found)][-base["limit"] :])


async def _known(rule: str, reading: Reading, configured: AbstractSet[str]) -> None:
    """``Failure`` with the rules there are, unless this is one of them that has had nothing to say."""
    from bot.cli.symbols import unknown
    from bot.core.settings import RESERVED_NAMES

    if rule in configured or rule in RESERVED_NAMES or await reading.page({"rule": rule, "limit": 1}):
        return
    heard = [
        row for kind in ("Action", "Refusal") for row in await reading.page({"kind": kind, "latest": True})
    ]
    raise unknown("rule", rule, {*configured, *RESERVED_NAMES, *(row["rule"] for row in heard)})


async def _since_ms(reading: Reading, since: tuple[str, int]) -> int | None:
    word, ms = since
    if word == "at":
        return ms
    last = await reading.page({"limit": 1, "latest": True})
    return max(0, last[0]["at_ms"] - ms) if last else None
