"""Plants a mistake in a copy of the tree and asks the part of the lab that is known to notice it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from time import monotonic

from tests.faults.planted.substitution import Substitution

PARTS = ("bot", "strategies", "config", "tests", "pyproject.toml")
"""What of the tree the lab needs."""
UNWANTED = shutil.ignore_patterns("frames", "browser", ".pytest_cache", ".hypothesis")
PATIENCE_S = 300
"""A part of the lab that takes longer has noticed nothing."""
NOTICED = 1
OTHERS = range(1, 8)
"""Runs that are tried where the one that is known to tell says nothing."""
VIOLATED = re.compile(r"seed \d+: ")
FAILED = re.compile(r"^FAILED [^\n]*", re.MULTILINE)
UNFIT = re.compile(r"\b(NameError|UnboundLocalError|ImportError|AttributeError)\b")
"""What a mistake says that is none: the code it was put into does not run."""
SAID_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one mistake. ``by`` is empty where nobody noticed; ``said`` is the first complaint."""

    name: str
    by: str
    said: str
    took_s: float


def caught(planted: Substitution, seed: int | None, root: Path) -> Finding:
    """Plant it in a copy of ``root`` and look: at the run of ``seed``, or by the test that notices.

    Where the code has changed another run may tell it instead: a few are tried, and each must be silent
    without the mistake.
    """
    began_s = monotonic()
    with a_copy_with(planted, root) as tree:
        if planted.noticed_by:
            by, said = planted.noticed_by, _failed(planted.noticed_by, tree)
        else:
            by, said = f"SIM seed {seed}", _at(seed, planted, tree)
            others = (other for other in OTHERS if not said and other != seed)
            for other in others:
                by, said = f"SIM seed {other} in place of {seed}", _at(other, planted, tree)
                said = "" if said and _at(other, planted, root) else said
                if said:
                    break
    took_s = monotonic() - began_s
    return Finding(name=planted.name, by=by if said else "", said=said or planted.breaks, took_s=took_s)


@contextmanager
def a_copy_with(planted: Substitution, root: Path) -> Iterator[Path]:
    """A tree of its own with the mistake in it."""
    with TemporaryDirectory(prefix="planted-") as folder:
        tree = copied(root, Path(folder) / "tree")
        planted.plant(tree)
        yield tree


def copied(root: Path, into: Path) -> Path:
    """The tree once more. Files are shared until one is replaced, compiled ones included."""
    into.mkdir()
    for part in PARTS:
        if (root / part).is_dir():
            shutil.copytree(root / part, into / part, ignore=UNWANTED, copy_function=_share)
        else:
            _share(str(root / part), str(into / part))
    return into


def _at(seed: int | None, planted: Substitution, tree: Path) -> str:
    return "" if seed is None else violated(planted, range(seed, seed + 1), tree)


def violated(planted: Substitution, seeds: range, tree: Path) -> str:
    """The first promise that is broken in the runs of these seeds, in the weather of a mistake.

    Empty if none is. An error of the lab itself is no complaint: a mistake is noticed by what it does.
    """
    which = f"{seeds.start}:{seeds.stop}"
    command = [sys.executable, "-m", "tests.faults.planted.noticing", planted.name, "--seeds", which]
    running = subprocess.Popen(
        command,
        cwd=tree,
        env=_environment(tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    alarm = Timer(PATIENCE_S, running.kill)
    alarm.start()
    try:
        assert running.stdout is not None, "asked for a pipe"
        return next(filter(None, map(complaint_in, running.stdout)), "")
    finally:
        alarm.cancel()
        running.kill()
        running.communicate()


def complaint_in(line: str) -> str:
    """What a line of a run complains of; empty where it does not, or only of code that does not run."""
    return line.strip()[:SAID_MAX] if VIOLATED.match(line) and not UNFIT.search(line) else ""


def _failed(test: str, tree: Path) -> str:
    options = ["-q", "-x", "-p", "no:cacheprovider", "-m", "slow or not slow"]
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *options, test],
            cwd=tree,
            env=_environment(tree),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    found = FAILED.search(ended.stdout) if ended.returncode == NOTICED else None
    return found.group()[:SAID_MAX] if found else ""


def _environment(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree)}


def _share(source: str, target: str) -> str:
    """A second name for a file, or a copy where the two places are on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
