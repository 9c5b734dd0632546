"""``holdfast alerts`` and ``holdfast ack``: what people were told of, and that somebody has seen it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bot.cli.asking import answer_of, folder_of, which_bot
from bot.cli.failures import ExitCode, Failure

TIMEOUT_S = 5.0
TEST_TIMEOUT_S = 60.0
"""A test waits for every channel, one after the other."""


@click.group(invoke_without_command=True)
@which_bot
@click.pass_context
def alerts(ctx: click.Context, /, **where: Any) -> None:  # noqa: ANN401 - click's options
    """List what the running bot told people of, the latest last, and how its channels do."""
    ctx.obj = where
    if ctx.invoked_subcommand is None:
        from bot.cli.alerts_text import listing

        _show(_asked("alerts", {}, TIMEOUT_S, **where), listing, as_json=where["as_json"])


@alerts.command()
@click.argument("channel", required=False)
@click.pass_obj
def test(where: dict[str, Any], channel: str | None) -> None:
    """Send a message that says it is a test over CHANNEL, or over all, and say how long each took.

    Exit code 7 where one did not carry it.
    """
    from bot.cli.alerts_text import tests

    args: dict[str, object] = {} if channel is None else {"channel": channel}
    answer = _asked("test_alert", args, TEST_TIMEOUT_S, **where)
    _show(answer, tests, as_json=where["as_json"])
    if failed := [each["channel"] for each in answer["tests"] if not each["told"]]:
        raise Failure(f"not told by {', '.join(failed)}", ExitCode.DANGER)


@click.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(min=1), metavar="[NUMBER]...")
@which_bot
def ack(numbers: tuple[int, ...], **where: Any) -> None:  # noqa: ANN401 - click's options
    """Say that you have seen the alerts of these NUMBERS, or all: they are not told again.

    Changes nothing for the positions. Exit code 2 for a number that waits for nobody.
    """
    from bot.cli.alerts_text import acknowledged
    from bot.cli.ordering import user

    args: dict[str, object] = {"by": user()}
    if numbers:
        args["numbers"] = list(numbers)
    answer = _asked("ack", args, TIMEOUT_S, **where)
    _show(answer, acknowledged, as_json=where["as_json"])
    if missed := sorted(set(numbers) - set(answer["acknowledged"])):
        raise Failure(f"no alert {', '.join(map(str, missed))} waits for anybody", ExitCode.USAGE)


# -- inside -----------------------------------------------------------------------------------------


def _asked(
    query: str,
    args: dict[str, object],
    timeout_s: float,
    *,
    config: tuple[Path, ...],
    data: Path | None,
    as_json: bool,  # noqa: ARG001 - one of the options that say which bot is meant
) -> dict[str, Any]:
    return answer_of(folder_of(config, data), query, args, timeout_s=timeout_s)


def _show(answer: dict[str, Any], text: Any, *, as_json: bool) -> None:  # noqa: ANN401 - a function to text
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else text(answer))
