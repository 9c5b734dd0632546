"""``holdfast check``: everything about a configuration that can be known without network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import config_files, config_option, json_option, settings_of
from bot.cli.text import columns

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.config.levers import Finding
    from bot.config.model import AccountTable


NOT_LIVE = 'a live start is not possible in this version; write mode = "paper"'


@click.command()
@config_option()
@json_option
def check(config: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Check a configuration: keys, values, rules, tiers, and what the venue can do. Needs no network."""
    from bot.config.levers import findings

    files = config_files(config)
    settings = settings_of(files)
    found = list(findings(settings))
    report = _report(settings, files, found)
    click.echo(json.dumps(report, indent=2, ensure_ascii=False) if as_json else _text(report))
    if settings.config.mode == "live":
        raise settings.refuse(("mode",), NOT_LIVE)
    hopeless = [finding for finding in found if finding.hopeless]
    if hopeless:
        lines = [f"rule {f.rule} can do nothing on any position: {f.text}" for f in hopeless]
        raise Failure("\n".join(lines), ExitCode.CONFIG)


def _report(settings: Settings, files: tuple[Path, ...], found: list[Finding]) -> dict[str, Any]:
    config = settings.config
    return {
        "files": [str(file) for file in files],
        "mode": config.mode,
        "startable": config.mode != "live",
        "accounts": {
            name: f"{_balances(account)} to start with, {account.position_mode}, {account.margin_rules}"
            for name, account in config.accounts.items()
        },
        "positions": [
            f"{p.symbol} {p.side} {p.quantity or f'worth {p.notional}'} {p.leverage}x {p.margin_mode}"
            for p in config.paper.positions
        ],
        "quarterlies": [
            f"{table.listed} {table.kind} quarterlies on {table.underlying}, prices synthetic"
            for table in config.paper.quarterlies
        ],
        "contracts": {
            symbol: "invented tiers" if contract.synthetic_tiers else "tiers as given"
            for symbol, contract in config.contracts.items()
        },
        "rules": [
            f"{entry.name}{' (shadow)' if entry.shadow else ''}: {', '.join(sorted(entry.symbols or ['*']))}"
            for entry in settings.rules
        ],
        "seatbelt": config.seatbelt.enabled,
        "hopeless": [f.rule for f in found if f.hopeless],
        "notes": [_note(f) for f in found if not f.hopeless],
        "warnings": list(settings.warnings),
        "digest": settings.digest(),
    }


def _note(finding: Finding) -> str:
    return f"{finding.rule} {'has a substitute' if finding.replaced else 'cannot work'} on {finding.text}"


def _balances(account: AccountTable) -> str:
    first = f"{account.balance} {account.currency}" if account.currency else f"{account.balance}"
    return ", ".join((first, *(f"{amount} {currency}" for currency, amount in account.others.items())))


def _text(report: dict[str, Any]) -> str:
    rows = [("mode", report["mode"])]
    for word, entries in (
        ("account", [f"{name}: {text}" for name, text in report["accounts"].items()]),
        ("position", report["positions"]),
        ("quarterlies", report["quarterlies"]),
        ("contract", [f"{symbol}: {text}" for symbol, text in report["contracts"].items()]),
        ("rule", report["rules"]),
        ("seatbelt", ["on: every position gets a resting stop" if report["seatbelt"] else "OFF"]),
        ("note", report["notes"]),
    ):
        rows.extend((word, entry) for entry in entries)
    state = "valid, with warnings" if report["warnings"] else "valid"
    if report["hopeless"]:
        state = f"NOT VALID: {', '.join(report['hopeless'])} can do nothing here"
    if report["mode"] == "live":
        state = "CANNOT BE STARTED: live trading does not exist in this version"
    return f"{', '.join(report['files'])}: {state}\n{columns(rows)}"
