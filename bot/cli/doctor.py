"""``holdfast doctor``: a look at the accounts, and at what stands between them and a guard of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import DEFAULT_CONFIG, config_files, json_option, settings_of
from bot.cli.text import columns

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.core.types import AccountName
    from bot.runtime.starting.findings import Finding

TESTED_CCXT = "4.5.90"
"""The version whose requests and streams were compared with the exchanges' documents, one by one."""
SCHEMA_VERSION = 1


@click.command()
@click.argument("config", nargs=-1, type=click.Path(path_type=Path), metavar="[CONFIG]...")
@json_option
@click.pass_context
def doctor(ctx: click.Context, config: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Look at the accounts of CONFIG: key, clock, modes, positions, stops, and what would refuse a start.

    Exit code 4: the file does not fit the account; 6: a start would be refused; 7: a position is unprotected.
    """
    import asyncio

    settings = settings_of(config_files(config, DEFAULT_CONFIG))
    said: list[str] = []
    looked_at = asyncio.run(_look(settings, said))
    report = _report(settings, looked_at, said)
    click.echo(json.dumps(report, indent=2, ensure_ascii=False) if as_json else _text(report))
    ctx.exit(exit_code_of([finding for found in looked_at.values() for finding in found]))


async def _look(settings: Settings, said: list[str]) -> Mapping[AccountName, Sequence[Finding]]:
    from bot.config.reaching import check_reachable
    from bot.runtime.clock import SystemClock
    from bot.runtime.compositions.real import accounts, look_at
    from bot.runtime.starting.connecting import ban_of

    check_reachable(settings)
    clock = SystemClock()
    if sentence := ban_of(settings, clock).sentence():
        raise Failure(f"{sentence}: each request makes it longer; look again then", ExitCode.REFUSED)
    async with accounts(settings, clock, said.append) as found:
        return look_at(settings, found)


def _report(
    settings: Settings, looked_at: Mapping[AccountName, Sequence[Finding]], said: Sequence[str]
) -> dict[str, Any]:
    from bot.runtime.compositions.real import line_about

    return {
        "schema_version": SCHEMA_VERSION,
        "ccxt": _ccxt(),
        "running": _running(settings),
        "accounts": {
            name: [
                {
                    "level": finding.level.value,
                    "text": finding.text,
                    "line": line_about(settings, name, finding) if finding.key is not None else None,
                }
                for finding in found
            ]
            for name, found in looked_at.items()
        },
        "said": list(said),
    }


def _ccxt() -> dict[str, Any]:
    from importlib.metadata import version

    found = version("ccxt")
    return {"version": found, "tested": TESTED_CCXT, "is_tested": found == TESTED_CCXT}


def _running(settings: Settings) -> str:
    """Whether somebody holds the data directory already."""
    from bot.runtime.lock import AlreadyRunning, hold

    folder = Path(settings.config.journal.path).parent
    if not folder.is_dir():
        return "nothing runs here"
    try:
        with hold(folder):
            return "nothing runs here"
    except AlreadyRunning as error:
        return f"process {error.pid} runs here" if error.pid else "a process runs here"


def _text(report: Mapping[str, Any]) -> str:
    ccxt = report["ccxt"]
    note = "" if ccxt["is_tested"] else f", and {ccxt['tested']} is the one that was tested"
    rows: list[Sequence[str]] = [
        ("note" if ccxt["is_tested"] else "warn", "ccxt", f"version {ccxt['version']}{note}"),
        ("note", "lock", report["running"]),
    ]
    for name, found in report["accounts"].items():
        rows += [(each["level"], name, each["line"] or each["text"]) for each in found]
    rows += [("warn", "exchange", text) for text in report["said"]]
    return columns(rows)


def exit_code_of(found: Sequence[Finding]) -> int:
    """What the gravest of all findings comes to."""
    from bot.runtime.starting.findings import Level

    refusing = [finding for finding in found if finding.level is Level.REFUSE]
    if refusing:
        return ExitCode.CONFIG if all(each.mistaken for each in refusing) else ExitCode.REFUSED
    return ExitCode.DANGER if any(each.level is Level.DANGER for each in found) else ExitCode.OK
