"""``holdfast demo``: a flash crash on paper, for somebody who has two minutes and no keys."""

from __future__ import annotations

import gc
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.failures import ExitCode, failure
from bot.cli.options import config_option, settings_of

if TYPE_CHECKING:
    from bot.cli.demonstration import Demonstration
    from bot.config import Settings

SECONDS = 12.0
TAPES = Path("data", "demo")


@click.command()
@config_option()
@click.option("--seed", default=10, show_default=True, help="Another number, another crash.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 600),
    default=SECONDS,
    show_default=True,
    help="How long it is to take; 0 is as fast as it goes.",
)
@click.pass_context
def demo(ctx: click.Context, config: tuple[Path, ...], seed: int, seconds: float) -> None:
    """Play a flash crash on the paper exchange: no keys, no network.

    An isolated and a cross position are guarded by the configured rules. Everything goes the way it will go
    live, and is in the journal afterwards; the prices are invented.
    """
    with _nothing_to_collect():
        from bot.cli.demonstration import Demonstration
        from bot.cli.table import board
        from bot.runtime.errors import ShellError
        from bot.runtime.process import Life, run

        settings = settings_of(config)
    if settings.config.mode == "live":
        click.echo('mode is "live", and the demo plays on paper as it always does', err=True)
    latency_ms, deadline_ms = settings.config.paper.latency_ms, settings.config.limits.deadline
    if latency_ms >= deadline_ms:
        raise settings.refuse(
            ("paper", "latency_ms"),
            f"found {latency_ms}, and limits.deadline is {deadline_ms} ms: no action would be answered in"
            " time; make the latency shorter, or use holdfast replay, which waits",
        )
    demonstration = Demonstration(settings, seed=seed, seconds=seconds)

    async def program(life: Life) -> None:
        try:
            with board("Holdfast on paper: an invented flash crash", sys.stdout) as shown:
                await demonstration.perform(life, shown, is_terminal=sys.stdout.isatty())
        except OSError as error:
            # What is written elsewhere has a name and says it; this was the screen, or the file it leads to.
            found = failure(error)
            if found is None:
                raise
            raise ShellError("standard output", *found.message.split("; ", 1)) from error

    exit_code = run(program, report=_report)
    if exit_code == 0 and not demonstration.finished:
        click.echo("interrupted; the journal is whole", err=True)
        exit_code = ExitCode.INTERRUPTED
    elif exit_code == 0:
        click.echo(farewell(demonstration, settings, config))
    ctx.exit(exit_code)


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """What is imported stays, and looking for garbage in it takes a tenth of the time to the first row."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _report(error: BaseException) -> None:
    """A defect goes to the log, which is loaded only now: it would take 50 ms and more of every start."""
    from bot.runtime.log import report_crash, set_up

    set_up()
    report_crash(error)


def farewell(demonstration: Demonstration, settings: Settings, config: tuple[Path, ...]) -> str:
    """What happened beside what would have happened, where it is written, and what to try next."""
    from bot.cli.deeds import deeds
    from bot.cli.replay_text import comparison, fates
    from bot.lab.scenario import write_csv

    answer = demonstration.result().to_json()
    written = [str(write_csv(tape, TAPES)) for tape in demonstration.tapes]
    first = answer["final"]["positions"][0]["symbol"]
    files = [part for path in config for part in ("--config", str(path))]
    tries = (
        ("why each rule did or did not act", ["explain", first, *files]),
        ("every decision of one rule", ["journal", "--rule", "quarterly_hedge", *files]),
        ("the same crash again, worst path first", ["replay", *written, "--path", "worst", *_config(files)]),
    )
    commands = "\n".join(f"  {_program()} {shlex.join(words)}\n      {what}" for what, words in tries)
    done = deeds(answer, settings.rules)
    parts = (
        f"\n{fates(answer)}",
        f"what each rule did\n{done}",
        f"with the rules, and without any defence\n{comparison(answer)}",
        f"journal: {settings.config.journal.path}",
        f"Now try\n{commands}",
    )
    return "\n\n".join(parts)


def _config(files: list[str]) -> list[str]:
    """A replay has another default, so the configuration is named."""
    from bot.cli.options import config_files

    return files or ["--config", str(config_files(())[0])]


def _program() -> str:
    """This program as it was called, so that a pasted command works."""
    called = sys.argv[0]
    return shlex.quote(called) if Path(called).name == "holdfast" else f"{shlex.quote(sys.executable)} -m bot"
