"""``holdfast pause``, ``resume``, ``halt``, ``release``, ``acknowledge`` and ``flatten``: orders to the bot.

Each goes over the control socket and is answered once it has been carried out and committed. Whatever is
ordered, the stops that rest at the exchange stay there; only flattening takes ours away, with the position.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.asking import answer_of, folder_of, which_bot
from bot.cli.failures import ExitCode, Failure
from bot.cli.options import duration

if TYPE_CHECKING:
    pass

TIMEOUT_S = 15.0
"""How long an answer may take: an order waits for what is being folded, and for the disk."""


@click.command()
@click.argument("subject", required=False, metavar="[RULE|POSITION]")
@click.option("--for", "for_ms", callback=duration, metavar="TIME", help="How long.  [default: 30m]")
@which_bot
def pause(subject: str | None, for_ms: int | None, **where: Any) -> None:  # noqa: ANN401 - click's options
    """Let no rule act for a while, or only RULE, or none on POSITION. It ends by itself.

    The seatbelt and the keeper go on, and stops that rest at the exchange stay.
    """
    _order("pause", {"subject": subject, "for_ms": for_ms}, **where)


@click.command()
@click.argument("subject", required=False, metavar="[RULE|POSITION]")
@which_bot
def resume(subject: str | None, **where: Any) -> None:  # noqa: ANN401 - click's options
    """End every pause and halt, and leave off flattening; or end the pause of RULE or POSITION."""
    _order("resume", {"subject": subject}, **where)


@click.command()
@which_bot
def halt(**where: Any) -> None:  # noqa: ANN401 - click's options
    """Send nothing any more, until resumed. Stops that rest at the exchange stay and work."""
    _order("halt", {}, **where)


@click.command()
@click.argument("rule", required=False)
@which_bot
def release(rule: str | None, **where: Any) -> None:  # noqa: ANN401 - click's options
    """Let RULE, or every rule, act again where it was latched: it did the same too often without effect.

    The seatbelt is none of them, and is released where you cancelled its stops and want them back.
    """
    _order("release", {"subject": rule}, **where)


@click.command()
@which_bot
def acknowledge(**where: Any) -> None:  # noqa: ANN401 - click's options
    """Say that you have looked: a bot that only reduces, because its journal was damaged, is armed again."""
    _order("acknowledge", {}, **where)


@click.command()
@click.argument("account", required=False)
@click.option("--yes", metavar="ACCOUNT", help="Confirm by the account's name, instead of being asked.")
@which_bot
def flatten(account: str | None, yes: str | None, **where: Any) -> None:  # noqa: ANN401 - click's options
    """Close every position of ACCOUNT at market, reduce-only, and take our stops away with them.

    Until nothing is held, nothing else is opened or added, over a restart too. Your own orders stay.
    """
    folder = folder_of(where["config"], where["data"])
    status = _ask(folder, "status", {})
    name = _account(account, status["states"])
    _confirm(name, yes, [p["id"] for p in status["positions"] if p["id"]["account"] == name])
    _order("flatten", {"account": name, "confirmed": name}, **where)


# -- inside -----------------------------------------------------------------------------------------


def _order(
    name: str,
    args: dict[str, object],
    *,
    config: tuple[Path, ...],
    data: Path | None,
    as_json: bool,
) -> None:
    given = {key: value for key, value in args.items() if value is not None}
    answer = _ask(folder_of(config, data), name, {**given, "by": user()})
    from bot.cli.ordering_text import report

    click.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else report(answer))


def _ask(folder: Path, query: str, args: dict[str, object]) -> dict[str, Any]:
    return answer_of(folder, query, args, timeout_s=TIMEOUT_S)


def _account(asked: str | None, known: dict[str, str]) -> str:
    """The account that is meant: the only one need not be named."""
    from bot.config.errors import suggestion

    there = ", ".join(known)
    if asked is None and len(known) == 1:
        return next(iter(known))
    if asked is None:
        raise Failure(f"which account is to be flattened? there are {there}", ExitCode.USAGE)
    if asked not in known:
        raise Failure(f'no account "{asked}"{suggestion(asked, known)}; there are {there}', ExitCode.USAGE)
    return asked


def _confirm(account: str, yes: str | None, held: list[dict[str, str]]) -> None:
    """``Failure`` unless the account's name was given once more: in words, or by whoever sits there."""
    if yes is None:
        if not sys.stdin.isatty():
            raise Failure(f"nobody is there to confirm it; say --yes {account}", ExitCode.USAGE)
        click.echo(f"Everything that {account} holds will be closed at market:", err=True)
        for id_ in held:
            click.echo(f"  {id_['symbol']} {id_['side']}", err=True)
        if not held:
            click.echo("  nothing at the moment", err=True)
        words = "Type the name of the account to go on"
        yes = click.prompt(words, default="", show_default=False, err=True)
    if yes != account:
        raise Failure(f'"{yes}" is not "{account}": nothing was done', ExitCode.USAGE)


def user() -> str:
    """Who orders it: the name of the local user, for the journal."""
    import os
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
