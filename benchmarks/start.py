"""How long ``holdfast run --live`` takes from nothing to an armed guard, the import of ccxt included."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.exchange import ACCOUNT, KEY, serving
from bot.runtime.control import ControlError, ask
from bot.venues.live.session import Loopback

SYMBOLS = 300
STARTS = 3
LOOK_S = 0.02
WITHIN_S = 60
CONFIG = """\
mode = "live"

[accounts.bench]
venue = "binanceusdm"
keys = {{ api_key = "env:BENCH_KEY", secret = "env:BENCH_SECRET" }}
loopback = {{ port = {port}, ca_file = "{ca_file}" }}

[limits]
margin_per_day = 500

[[rules]]
use = "top_up"
params = {{ below = 0.07, restore_to = 0.10 }}
"""


def figures(symbols: int = SYMBOLS) -> list[tuple[str, str]]:
    """Several starts, each with nothing but the program, at an exchange that has seen nobody."""
    took = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder, serving(Path(folder), symbols) as served:
            took.append(armed_after(served.loopback, Path(folder) / "bot"))
    name = f"start to ARMED, {symbols} symbols"
    return [
        (f"{name}, median of {STARTS}", f"{statistics.median(took):.2f} s"),
        (f"{name}, the longest", f"{max(took):.2f} s"),
        (f"{name}, load", f"{os.getloadavg()[0]:.1f}"),
    ]


def armed_after(loopback: Loopback, folder: Path) -> float:
    """Seconds until a bot of its own answers that it guards the position."""
    folder.mkdir()
    config = folder / "bot.toml"
    config.write_text(CONFIG.format(port=loopback.port, ca_file=loopback.ca_file))
    root = str(Path(__file__).resolve().parents[1])
    keys = {"BENCH_KEY": KEY.key, "BENCH_SECRET": KEY.secret, "PYTHONPATH": root}
    command = [sys.executable, "-m", "bot", "run", str(config), "--live"]
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=folder, env={**os.environ, **keys}, stdout=subprocess.DEVNULL
    ) as running:
        try:
            while not asyncio.run(_is_armed(folder / "data")):
                if running.poll() is not None or time.perf_counter() - began > WITHIN_S:
                    raise RuntimeError("the bot did not begin")
                time.sleep(LOOK_S)
            return time.perf_counter() - began
        finally:
            running.send_signal(signal.SIGINT)


async def _is_armed(data_dir: Path) -> bool:
    try:
        status: Any = await ask(data_dir, "status")
    except ControlError:
        return False
    return bool(status and status["positions"] and status["states"].get(ACCOUNT) == "armed")


if __name__ == "__main__":
    for row in figures():
        print("{:<60} {:>18}".format(*row))
