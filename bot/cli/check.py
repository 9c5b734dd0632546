"""``holdfast check``: everything about a configuration that can be known without network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import config_files, config_option, json_option, settings_of
from bot.cli.text import columns

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.config.accounts import AccountTable
    from bot.config.errors import Problem
    from bot.config.levers import Finding


@click.command()
@config_option()
@json_option
def check(config: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Check a configuration: keys, values, rules, tiers, and what the venue can do. Needs no network."""
    from bot.config.errors import ConfigError
    from bot.config.levers import findings
    from bot.config.reaching import check_reachable

    files = config_files(config)
    settings = settings_of(files)
    # Without contracts in the file, those of the exchange will hold, and it is known what can be done there.
    theirs = settings.config.mode == "live" or not settings.config.contracts
    found = list(_at_exchanges(settings) if theirs else findings(settings))
    report = _report(settings, files, found)
    click.echo(json.dumps(report, indent=2, ensure_ascii=False) if as_json else _text(report))
    if settings.config.mode == "live":
        check_reachable(settings)
    hopeless = [finding for finding in found if finding.hopeless]
    if hopeless:
        raise ConfigError(_problem(finding, settings) for finding in hopeless)


def _problem(finding: Finding, settings: Settings) -> Problem:
    """A rule that can do nothing, at its place in the file."""
    from bot.config.rules import rule_name

    tables = settings.document.values["rules"]
    index = next(at for at, table in enumerate(tables) if rule_name(table) == finding.rule)
    text = f"rule {finding.rule} can do nothing on any position: {finding.text}"
    return settings.document.problem(("rules", index), text)


def _report(settings: Settings, files: tuple[Path, ...], found: list[Finding]) -> dict[str, Any]:
    config = settings.config
    return {
        "files": [str(file) for file in files],
        "mode": config.mode,
        "startable": _is_startable(settings) and not any(f.hopeless for f in found),
        "accounts": {
            name: f"{_where(account)}, {account.position_mode}, {account.margin_rules}"
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
        "notes": [*(_note(f) for f in found if not f.hopeless), *_told_later(settings), *_unsent(settings)],
        "warnings": list(settings.warnings),
        "digest": settings.digest(),
    }


def _told_later(settings: Settings) -> Iterator[str]:
    """What the file leaves to the exchange, and so no command without network can check."""
    config = settings.config
    if config.mode == "paper" and config.paper.positions and not config.contracts:
        symbols = ", ".join(sorted({position.symbol for position in config.paper.positions}))
        venues = " or ".join(sorted({table.venue for table in config.accounts.values() if table.venue}))
        yield f"steps and tiers of {symbols} are asked of {venues} by run --paper; a replay needs [contracts]"


def _unsent(settings: Settings) -> Iterator[str]:
    if settings.config.mode == "live":
        for name, account in settings.config.accounts.items():
            if account.loopback is None:
                yield f"{name} has no loopback: run --live refuses it, run --shadow and doctor do not"


def _at_exchanges(settings: Settings) -> Iterator[Finding]:
    """What the rules would ask of real accounts and their exchanges cannot do."""
    from bot.config.at_venues import check_told, findings_at
    from bot.venues.live.registry import dialect

    venues = {name: table.venue for name, table in settings.config.accounts.items()}
    traits = {name: dialect(venue).traits for name, venue in venues.items() if venue is not None}
    if settings.config.mode == "paper":
        check_told(settings, traits.values())
    yield from findings_at(settings, traits)


def _is_startable(settings: Settings) -> bool:
    from bot.config.reaching import unreachable

    return settings.config.mode != "live" or not any(unreachable(settings))


def _note(finding: Finding) -> str:
    return f"{finding.rule} {'has a substitute' if finding.replaced else 'cannot work'} on {finding.text}"


def _where(account: AccountTable) -> str:
    """At which exchange an account is, and what it begins with where it is simulated."""
    simulated = "" if account.balance is None else f"{_balances(account)} to start with"
    reached = " on this machine" if account.loopback else ""
    venue = f"at {account.venue}{reached}" if account.venue else ""
    return ", ".join(filter(None, (venue, simulated)))


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
    return f"{', '.join(report['files'])}: {state}\n{columns(rows)}"
