"""``holdfast run``: the guard itself, on paper, in shadow or live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.failures import Failure
from bot.cli.options import DEFAULT_CONFIG, F, config_files, duration, settings_of

if TYPE_CHECKING:
    from bot.cli.running import Running
    from bot.config import Settings
    from bot.runtime.clock import Clock
    from bot.runtime.compositions.parts import Compose
    from bot.runtime.process import Life

MODES = ("paper", "shadow", "live")
LOG_FILE = "holdfast.log"


def _way(mode: str, text: str) -> Callable[[F], F]:
    """One way to run. All that are named are kept: of two of them neither is meant more than the other."""
    return click.option(f"--{mode}", "modes", flag_value=mode, multiple=True, help=text)


@click.command()
@click.argument("config", nargs=-1, type=click.Path(path_type=Path), metavar="[CONFIG]...")
@_way("paper", "Paper accounts on the live market: no key.")
@_way("shadow", "A real account: decide, record, never send.")
@_way("live", 'A real account. The file must say mode = "live".')
@click.option("--for", "for_ms", callback=duration, metavar="TIME", help="End by itself after this, as 2h.")
@click.pass_context
def run(ctx: click.Context, config: tuple[Path, ...], modes: tuple[str, ...], for_ms: int | None) -> None:
    """Guard the accounts of CONFIG until interrupted. Later files override earlier ones.

    Runs in the foreground. What protects the positions rests at the exchange and stays there when this ends.
    """
    if len(set(modes)) != 1:
        known = ", ".join(f"--{each}" for each in MODES)
        raise click.UsageError(f"say which: {known}" if not modes else f"say one of them only: {known}")
    mode = modes[0]
    files = config_files(config, DEFAULT_CONFIG)
    settings = settings_of(files)
    from bot.cli.running import Running
    from bot.runtime.clock import SystemClock

    _keep_to_ourselves()
    chosen = _chosen(mode, settings)
    running = Running(
        settings=settings,
        compose=chosen.compose,
        command=f"run --{mode}",
        title=f"{chosen.title}: {_where(settings)}",
        mode=mode,
        for_ms=for_ms,
    )
    ctx.exit(execute(running, SystemClock()))


def execute(running: Running, clock: Clock) -> int:
    """Run it through the life of a process; its exit code. ``Failure`` where it could not begin."""
    from bot.cli.running import guard
    from bot.runtime.errors import ShellError
    from bot.runtime.log import report_crash, set_up
    from bot.runtime.process import run as live_through
    from bot.runtime.starting.errors import KeyRefused
    from bot.venues.live.line import Unreadable

    found: list[Failure] = []

    async def program(life: Life) -> None:
        try:
            await guard(running, life, clock)
        except Unreadable as error:
            # The account was read a moment ago, so this is the line or the exchange, and no defect of ours.
            if error.code in _refusing_codes(running.settings):
                remedy = "look at the key, its rights and the addresses it is bound to"
                raise KeyRefused("the exchange", f"our key is not accepted ({error})", remedy) from error
            raise ShellError("the exchange", str(error), "look at the network and start again") from error
        except Exception as error:
            refused = _refused(error)
            if refused is None:
                raise
            found.append(refused)

    folder = Path(running.settings.config.journal.path).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    set_up(terminal=None, file=folder / LOG_FILE)
    exit_code = live_through(program, report=report_crash)
    if found:
        raise found[0]
    return exit_code


def _refusing_codes(settings: Settings) -> frozenset[str]:
    """By which the exchanges of these accounts say that a key is no good."""
    from bot.venues.live.registry import dialect

    venues = {account.venue for account in settings.config.accounts.values() if account.venue is not None}
    return frozenset[str]().union(*(dialect(venue).traits.codes.auth for venue in venues))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A way to run, and how the screen names it."""

    compose: Compose
    title: str


def _chosen(mode: str, settings: Settings) -> Chosen:
    """The one place where it is chosen what a run is made of; ConfigError where the file forbids it."""
    from bot.config.reaching import check_reachable, check_sendable

    match mode:
        case "paper":
            from bot.runtime.compositions.paper import check_priced, paper

            check_priced(settings)
            return Chosen(paper, "Holdfast ON PAPER, real prices and paper money")
        case "shadow":
            from bot.runtime.compositions.real import shadow

            check_reachable(settings)
            return Chosen(shadow, "Holdfast IN SHADOW, decides and records and sends nothing")
        case _:
            from bot.runtime.compositions.real import live

            check_sendable(settings)
            return Chosen(live, "Holdfast LIVE")


def _keep_to_ourselves() -> None:
    """Files are for us alone, and the memory, with the keys in it, is never written to the disk."""
    import os
    import resource

    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _where(settings: Settings) -> str:
    return ", ".join(
        f"{name} at {account.venue}{' on this machine' if account.loopback else ''}"
        for name, account in settings.config.accounts.items()
    )


def _refused(error: Exception) -> Failure | None:
    """What a person has to change before it can begin, as lines; ``None`` for anything else."""
    from bot.config import ConfigError
    from bot.runtime.errors import CONFIG
    from bot.runtime.starting.errors import AccountRefused, KeyRefused, StartRefused

    match error:
        case ConfigError():
            return Failure(str(error), CONFIG)
        case StartRefused() | AccountRefused() | KeyRefused():
            return Failure(str(error), error.exit_code)
        case _:
            return None
