"""The command ``holdfast``. Each command lives in a file of its own that is imported when it is asked for.

Nothing heavy is imported here, so that ``holdfast --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from bot.cli.failures import ExitCode, failure

COMMANDS = {
    "demo": ("bot.cli.demo", "Play a flash crash on paper: no keys, no network, under 20 seconds."),
    "run": ("bot.cli.run", "Guard accounts: on paper, in shadow, or live."),
    "doctor": ("bot.cli.doctor", "Look at the accounts, their keys and positions. Changes nothing."),
    "data": ("bot.cli.data", "Fetch, record and check market data for replays."),
    "replay": ("bot.cli.replay", "Run recorded market data through the rules."),
    "stress": ("bot.cli.stress", "Would your rules have survived the crashes of the past?"),
    "montecarlo": (
        "bot.cli.montecarlo",
        "How probable is survival, over days drawn from a tape?",
    ),
    "sweep": ("bot.cli.sweep", "Which values of the rules' parameters survive the most, and how firmly?"),
    "simulator": ("bot.cli.simulator", "Serve a simulated exchange that real clients can trade on."),
    "calc": ("bot.cli.calc", "Liquidation price and margin figures of a position."),
    "check": ("bot.cli.check", "Check a configuration, without network."),
    "venues": ("bot.cli.venues", "What each exchange can do, and what no source confirms."),
    "config": ("bot.cli.config", "Show the configuration that holds, or its JSON schema."),
    "rules": ("bot.cli.rules", "List the rules, show one, or write the reference of all."),
    "journal": ("bot.cli.journal", "What was decided, done and refused, and why."),
    "explain": ("bot.cli.explain", "Each rule's conditions, and how far away they are."),
    "health": ("bot.cli.health", "Whether the running bot is really well, and if not, why."),
    "alerts": ("bot.cli.alerts", "What people were told of, and whether channels carry."),
    "ack": ("bot.cli.alerts", "You have seen an alert: it is not told again."),
    "pause": ("bot.cli.ordering", "Let no rule act for a while; stops stay and are kept."),
    "resume": ("bot.cli.ordering", "End a pause, a halt, or flattening."),
    "halt": ("bot.cli.ordering", "Send nothing any more; stops that rest stay."),
    "release": ("bot.cli.ordering", "Let a rule act again that did the same too often in vain."),
    "acknowledge": ("bot.cli.ordering", "You have looked: rules may spend again, not only reduce."),
    "flatten": ("bot.cli.ordering", "Close every position of an account at market. Asks first."),
}

EPILOG = """Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not running, 4 configuration, 6 refused by a limit,
7 danger found, 70 a defect, 71 the loop stood still, 72 too much memory, too many files or tasks,
75 already running."""


class LazyGroup(click.Group):
    """A group whose commands are modules: imported to run, never to list."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command), f"{cmd_name}: no command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Run the command; what a person can act on becomes a line and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            # Whoever read our output has seen enough; the interpreter must not complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(ExitCode.OK)
        except Exception as error:
            found = failure(error)
            if found is None:
                raise
            raise found from error


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's callback
    if wanted:
        from importlib.metadata import version

        click.echo(f"holdfast {version('holdfast')}")
        ctx.exit()


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print it."
)
def cli() -> None:
    """Holdfast guards open futures positions against liquidation."""


def main() -> None:
    """Run the command line; never returns."""
    try:
        cli.main(prog_name="holdfast")
    except OSError as error:
        # Help and version are printed before any command runs, and may meet a full disk, too.
        found = failure(error)
        if found is None:
            raise
        found.show()
        sys.exit(found.exit_code)
