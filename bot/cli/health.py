"""``holdfast health``: whether the running bot is really well, for scripts and for whoever supervises it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bot.cli.asking import answer_of, folder_of, which_bot
from bot.cli.failures import ExitCode, Failure

TIMEOUT_S = 5.0
"""A bot whose loop does not come to answer within this long is not well."""


@click.command()
@which_bot
def health(config: tuple[Path, ...], data: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Say whether the running bot is really well: armed or ordered flat, marks fresh, the journal written.

    Exit code 0: it is; 7: it is not, and a line says why; 3: no bot runs there; 1: it does not answer.
    """
    answer = answer_of(folder_of(config, data), "health", {}, timeout_s=TIMEOUT_S)
    if as_json:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    elif answer["well"]:
        click.echo("well")
    if not answer["well"]:
        raise Failure(f"not well: {'; '.join(answer['ills'])}", ExitCode.DANGER)
