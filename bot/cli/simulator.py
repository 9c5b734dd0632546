"""``holdfast simulator``: an exchange on this machine, to trade on with any client of the real one."""

from __future__ import annotations

import asyncio
import errno
import signal
from pathlib import Path

import click

from bot.cli.failures import Failure
from bot.cli.options import config_option, settings_of
from bot.cli.replay import DEFAULT_CONFIG, map_option

VENUES = ("binanceusdm", "binancecoinm", "bybit", "okx", "xt")
FOLDER = Path("data", "simulator")
"""Where the certificate is written."""


@click.command()
@click.option("--venue", type=click.Choice(VENUES), default=VENUES[0], show_default=True, help="Which one.")
@click.option(
    "--tape",
    "tapes",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Prices to play, named as for holdfast replay; may be repeated.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.001, 100_000),
    default=1.0,
    show_default=True,
    help="How many times as fast as it happened.",
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8443, show_default=True, help="0: a free one."
)
@click.option(
    "--warm-up",
    "warm_up_h",
    type=click.FloatRange(0, 10_000),
    default=24.0,
    show_default=True,
    help="Hours of the tapes that are history when it begins.",
)
@map_option
@click.option("--stop-at-end", is_flag=True, help="Stop when the tapes are over instead of standing still.")
@config_option(DEFAULT_CONFIG)
def simulator(
    venue: str,
    tapes: tuple[Path, ...],
    speed: float,
    port: int,
    warm_up_h: float,
    globs: dict[str, str],
    stop_at_end: bool,  # noqa: FBT001 - click passes flags
    config: tuple[Path, ...],
) -> None:
    """Serve the paper exchange behind an exchange's own wire protocol, on loopback, over TLS.

    Accounts, contracts, costs and positions are those of the configuration; at Bybit, where an account has
    one margin mode, all positions are in that of the first. Any client of the real exchange
    trades on it once its host names lead here; Holdfast does with "loopback" in its account. Faults are
    ordered at the control endpoint that is printed at the start.
    """
    from bot.cli.simulating import compose, introduction, serve
    from bot.simulator.playing import play

    settings = settings_of(config, DEFAULT_CONFIG)
    composition = compose(settings, venue, tapes, globs, int(warm_up_h * 3_600_000))

    async def main() -> None:
        _end_by_signals()
        async with serve(composition, venue, FOLDER, port) as server:
            click.echo(introduction(server, venue, composition.history))
            count = await play(composition.world, composition.moments, speed)
            still = "" if stop_at_end else "; the market stands still"
            click.echo(f"the tapes are over after {count} prices{still}")
            if not stop_at_end:
                await asyncio.Event().wait()

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        click.echo("stopped")
    except OSError as error:
        raise _unbound(port, error) from error


def _end_by_signals() -> None:
    """Let a signal cancel the running task, whatever the process inherited.

    What a shell starts in the background ignores SIGINT, and Python then leaves it ignored.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None, "no task is running"
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)


def _unbound(port: int, error: OSError) -> Exception:
    """What to do about a port that is not to be had; any other error as it is."""
    match error.errno:
        case errno.EADDRINUSE:
            found = (
                "something listens there already; stop it, or take another port with --port (0: a free one)"
            )
        case errno.EACCES:
            found = "this user may not listen there; take one above 1023 with --port"
        case _:
            return error
    return Failure(f"port {port} of this machine: {found}")
