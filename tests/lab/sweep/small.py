"""``python -m tests.lab.sweep.small FILE DEATH``: a small sweep that kills itself after so many cells."""

import os
import signal
import sys
from pathlib import Path

from bot.config import load
from bot.lab.scenarios import library
from bot.lab.sweep.parameters import parse_axes
from bot.lab.sweep.results import results
from bot.lab.sweep.sweep import Layout, lay_out, sweep
from bot.lab.sweep.workers import processes

ROOT = Path(__file__).resolve().parents[3]
PARAMETERS = ("top_up.below=0.03:0.05:3", "top_up.restore_to=0.07:0.09:3")
SCENARIOS = ("whipsaw", "2025-10-10", "flash_crash")


def a_layout() -> Layout:
    """Nine cells, what is configured, and two that meet the crash that was held back: twelve runs."""
    settings = load(ROOT / "config" / "paper.toml", {})
    axes = parse_axes(settings, PARAMETERS)
    return lay_out(settings, axes, library(SCENARIOS, ROOT / "config" / "scenarios"), hold_back=1, seed=1)


def main() -> None:
    path, death = Path(sys.argv[1]), int(sys.argv[2])

    def told(done: int) -> None:
        if done == death:
            os.kill(os.getpid(), signal.SIGKILL)

    layout = a_layout()
    with results(path, layout.head()) as kept:
        sweep(layout, processes(2), kept, told)


if __name__ == "__main__":
    main()
