"""Plants a mistake in a copy of the tree and asks the part of the lab that is known to notice it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.faults.planted.substitution import Catch, Seeds, Substitution

PARTS = ("bot", "strategies", "config", "tests", "pyproject.toml")
"""What of the tree the lab needs."""
UNWANTED = shutil.ignore_patterns("frames", "browser", ".pytest_cache", ".hypothesis")
PATIENCE_S = 120
"""A part of the lab that takes longer has noticed nothing."""
VIOLATED = re.compile(r"\bI(?:0[1-9]|[12]\d|3[0-3])\b[^\n]*")
"""The invariant in a line about a violation."""
SAID_MAX = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one mistake. ``by`` is ``None`` where nobody noticed; ``said`` is the first complaint."""

    name: str
    by: Catch | None
    said: str
    took_s: float


def caught(planted: Substitution, root: Path) -> Finding:
    """Plant it in a copy of ``root`` and look."""
    began_s = monotonic()
    with TemporaryDirectory(prefix="planted-") as folder:
        copy = copied(root, Path(folder) / "tree")
        planted.plant(copy)
        said = complaint(planted.caught_by, copy)
    return Finding(
        name=planted.name,
        by=None if said is None else planted.caught_by,
        said=said or planted.breaks,
        took_s=monotonic() - began_s,
    )


def copied(root: Path, into: Path) -> Path:
    """The tree once more. Files are shared until one is replaced, compiled ones included."""
    into.mkdir()
    for part in PARTS:
        if (root / part).is_dir():
            shutil.copytree(root / part, into / part, ignore=UNWANTED, copy_function=_share)
        else:
            _share(str(root / part), str(into / part))
    return into


def complaint(catch: Catch, tree: Path) -> str | None:
    """What the lab says about a tree; ``None`` if it is content.

    An error of the lab itself is no complaint: a mistake has to be noticed by what it does.
    """
    seeds = isinstance(catch, Seeds)
    if seeds:
        command = ["-m", "tests.faults", "--seeds", catch.which, "--jobs", "1"]
    else:
        command = [
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-m",
            "slow or not slow",
            catch.which,
        ]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if ended.returncode != 1:
        return None
    found = (
        VIOLATED.search(ended.stdout) if seeds else re.search(r"^FAILED [^\n]*", ended.stdout, re.MULTILINE)
    )
    return found.group()[:SAID_MAX] if found else None


def _share(source: str, target: str) -> str:
    """A second name for a file, or a copy where the two places are on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
