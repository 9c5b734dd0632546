"""``python -m tests.faults.soak [--hours H] [--to FILE]``: the large numbers, and a page about them.

Each part of the lab is run by its own command, and what the commands print is the page: nothing on it was
written by hand but the words about what it means. It is written anew after each part, so that a run that is
cut off leaves a true one. A part that found something makes the exit code 1, and the page says so too.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
VENUES = ("binanceusdm", "bybit", "okx", "xt")
ONCE = 0.5
"""Hours that two cores need for what is whole or nothing."""
LEAST_LEFT = 0.03
"""Hours for all the rest, where that is more than was asked for."""
A_ROW, SOME = "hangs", "5000"
"""Of the matrix, and how many bytes of each file: in a trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the lab: the command, and what its numbers are about."""

    title: str
    about: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a part came to."""

    part: Part
    printed: str
    exit_code: int
    took_s: float


def parts(hours: float, jobs: int) -> Sequence[Part]:
    """What is run in about ``hours`` on two cores, with ``jobs`` processes side by side.

    The planted mistakes are whole or nothing, and so are matrix and flips where there is time for them: less
    is a trial, which takes one row of the matrix and some of the bytes. What is left is for the others.
    """
    cores, left, trial = str(jobs), max(LEAST_LEFT, hours - ONCE), hours < ONCE
    flipped = SOME if trial else "all"

    def many(per_hour: int) -> str:
        return str(max(1, round(per_hour * left)))

    return (
        Part(
            title="Simulation",
            about="The whole bot but its sockets in virtual time, against a paper exchange behind Binance's "
            "wire protocol, with a user who meddles and a random subset of all faults for each seed. "
            "After each the exchange's ledger, the journal and all decisions are held against invariants.",
            command=("-m", "tests.faults", "--seeds", f"0:{many(1_500)}", "--jobs", cores),
        ),
        *(
            Part(
                title=f"Lost and wrong replies: {venue}{', one row' if trial else ''}",
                about="The real process with ccxt's own client and SQLite over TLS: every kind of reply that "
                "proves nothing, for every kind of action, executed by the exchange and not. The numbers are "
                "milliseconds to the proof.",
                command=(
                    *("-m", "tests.faults.loop", "--venue", venue, "--jobs", cores),
                    *(("--fault", A_ROW) if trial else ()),
                ),
            )
            for venue in VENUES
        ),
        Part(
            title="Disk",
            about=f"Of each file of a journal {flipped} bytes flipped, one at a time; a disk that is full, "
            "may only be read, or fails.",
            command=(
                *("-m", "tests.faults.disks", "--flips", flipped, "--full"),
                *("--errors", many(40), "--jobs", cores),
            ),
        ),
        Part(
            title="Mistakes of our own, planted",
            about="Without this the other numbers mean nothing: deliberate mistakes in our own code, one "
            "at a time, and whether the lab notices.",
            command=("-m", "tests.faults.planted", "--jobs", cores),
        ),
        Part(
            title="Kills",
            about="The real process, ended without warning at random moments and at calls into the system, "
            "stopped and continued, and started twice at once.",
            command=(
                *("-m", "tests.faults.kill", "--random", many(300), "--stops", many(40)),
                *("--rivals", many(40), "--syscalls", many(8), "--jobs", cores),
            ),
        ),
    )


def run(part: Part) -> Found:
    """Run one part to its end, and show what it prints meanwhile."""
    began = time.monotonic()
    lines = []
    command, pipe = [sys.executable, *part.command], subprocess.PIPE
    # What is said on stderr, how far it is, is for whoever waits.
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, text=True) as process:
        assert process.stdout is not None, "a pipe was asked for"
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    took_s = time.monotonic() - began
    return Found(part=part, printed="".join(lines), exit_code=process.returncode, took_s=took_s)


def page(found: Sequence[Found], missing: Sequence[Part], commit: str, day: str) -> str:
    """The page, in Markdown; ``missing`` has not been run yet."""
    bad = [each.part.title for each in found if each.exit_code]
    verdict = f"**Something was found in: {', '.join(bad)}.**" if bad else "No promise was broken."
    lines = "\n".join((*map(_line, found), *(f"| {part.title} | not run | |" for part in missing)))
    sections = "\n\n".join(_section(each) for each in found)
    return f"""# Reliability, in figures

Printed by `make soak`, which runs the fault lab (`tests/faults`) and writes this page. {verdict}

- {day}, commit `{commit}`
- {_machine()}
- {sum(each.took_s for each in found) / 3600:.1f} hours in all

| part | | minutes |
|---|---|---|
{lines}

## What is not claimed

- Nothing about live exchanges: all of this runs on one machine, against an exchange of our own that speaks
  their wire protocols as they are documented. `holdfast venues --assumed` lists what no source confirms.
- Nothing about power loss on disks that lie about what they have written.
- Exactly once for margin at exchanges that keep no history of it, where somebody else moves the same margin
  at the same moment: that is given up after a while, and counted as spent.
- That nothing is left to be found. A seed that fails is kept with its mending in
  `tests/faults/regressions.toml`.

{sections}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything and write the page; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0, help="how long, about")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--to", type=Path, default=PAGE, help="where the page goes")
    told = parser.parse_args(arguments)
    if told.hours < ONCE:
        print(f"a trial: {ONCE} hours is the least for the whole matrix and all bytes", file=sys.stderr)
    commit, day = _commit(), f"{datetime.now(UTC):%Y-%m-%d}"
    told.to.parent.mkdir(exist_ok=True)
    found: list[Found] = []
    missing = list(parts(told.hours, told.jobs))
    while missing:
        found.append(run(missing.pop(0)))
        told.to.write_text(page(found, missing, commit, day), encoding="utf-8")
    print(f"{told.to} is written")
    return int(any(each.exit_code for each in found))


def _line(found: Found) -> str:
    came_to = "something was found" if found.exit_code else "held"
    return f"| {found.part.title} | {came_to} | {found.took_s / 60:.0f} |"


def _section(found: Found) -> str:
    part = found.part
    command = " ".join(("python", *part.command))
    ended = f"{found.took_s:.0f} s, exit code {found.exit_code}"
    printed = re.sub(r"\x1b\[[0-9;]*m", "", found.printed).strip("\n")
    printed = re.sub(rf"({re.escape(str(ROOT))}|{re.escape(gettempdir())})[/\w.-]*", "...", printed)
    return f"## {part.title}\n\n{part.about}\n\n`{command}` ({ended})\n\n```text\n{printed}\n```"


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {system}"


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(
            ("git", *words), cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    changed = " and changes that were not committed" if git("status", "--porcelain") else ""
    return git("rev-parse", "--short", "HEAD") + changed


if __name__ == "__main__":
    sys.exit(main())
