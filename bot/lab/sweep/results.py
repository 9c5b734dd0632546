"""The results file of a sweep: what was asked in its first line, and a line for each cell that is done.

Each line is JSON and is written as soon as its cell is done, so that whatever ends a sweep loses only what
was under way, and the same command goes on. A last line that was being written then is dropped. In the end
the lines are put in order of their cells: the same sweep leaves the same file, byte for byte, however many
workers there were and however often it was broken off.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from bot.config.whole import write_whole
from bot.lab.replay.result import text
from bot.lab.sweep.cell import Crash, Outcome, Sample
from bot.lab.sweep.days import Paths
from bot.lab.sweep.errors import ResultsError

FORMAT = "holdfast_sweep"
FORMAT_VERSION = 1

_OTHERWISE = "name another file with --out"

Head = Mapping[str, Any]
"""What was asked: JSON values that a sweep's results depend on, and nothing else."""


class Results:
    """The outcomes that are there, in memory and in the file."""

    def __init__(self, path: Path, head: Head, file: IO[bytes]) -> None:
        """Read what the open ``file`` holds; ResultsError where that is no result of this sweep."""
        self.path = path
        self._head = {FORMAT: FORMAT_VERSION, **head}
        self._file = file
        self._outcomes: dict[tuple[Sample, int], Outcome] = {}
        self._read()

    @property
    def outcomes(self) -> Mapping[tuple[Sample, int], Outcome]:
        """By sample and number of the cell."""
        return self._outcomes

    def keep(self, outcome: Outcome) -> None:
        """Take one more; it is in the file when this returns."""
        key = outcome.sample, outcome.cell
        assert key not in self._outcomes, f"{key}: counted twice"
        self._outcomes[key] = outcome
        self._file.write(_line(_to_json(outcome)))
        self._file.flush()

    def finish(self) -> None:
        """Put the file in order."""
        samples = list(Sample)
        ordered = sorted(self._outcomes.values(), key=lambda each: (samples.index(each.sample), each.cell))
        lines = map(_line, (self._head, *map(_to_json, ordered)))
        write_whole(self.path, b"".join(lines).decode())

    def _read(self) -> None:
        whole = self._file.read()
        kept = whole[: whole.rfind(b"\n") + 1]
        if _line(self._head).startswith(whole):  # Nothing yet, or a first line that was being written.
            kept = b""
        else:
            self._read_lines(kept.splitlines())
        self._file.seek(len(kept))
        self._file.truncate()
        if not kept:
            self._file.write(_line(self._head))
            self._file.flush()

    def _read_lines(self, lines: Sequence[bytes]) -> None:
        found = _parsed(lines[0]) if lines else {}
        if found.get(FORMAT) != FORMAT_VERSION:
            raise ResultsError(f"{self.path}: holds something else than a sweep; {_OTHERWISE}")
        if found != self._head:
            names = _differing(found, self._head)
            raise ResultsError(f"{self.path}: holds another sweep, with another {names}; {_OTHERWISE}")
        for number, line in enumerate(lines[1:], start=2):
            try:
                outcome = _from_json(json.loads(line))
            except (ValueError, KeyError, TypeError, ArithmeticError):
                raise ResultsError(f"{self.path}:{number}: is no result of a sweep; {_OTHERWISE}") from None
            self._outcomes[outcome.sample, outcome.cell] = outcome


@contextmanager
def results(path: Path, head: Head) -> Iterator[Results]:
    """The file at ``path``, there already or new; ResultsError where it is another sweep's, or in use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ResultsError(f"{path}: another sweep is writing to it; wait for that one") from None
        file.seek(0)
        yield Results(path, head, file)


def _differing(found: Head, asked: Head) -> str:
    return ", ".join(name for name in {**asked, **found} if found.get(name) != asked.get(name))


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _to_json(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {
        "sample": outcome.sample.value,
        "cell": outcome.cell,
        "values": outcome.values,
        "crashes": [
            {
                "scenario": crash.scenario,
                "survived": crash.survived,
                "nearest": None if crash.nearest is None else text(crash.nearest),
                "cost": text(crash.cost),
                "margin_added": text(crash.margin_added),
                "equity": text(crash.equity),
                "digest": crash.digest,
            }
            for crash in outcome.crashes
        ],
    }
    if outcome.paths is not None:
        told["paths"] = _paths_json(outcome.paths)
    return told


def _paths_json(paths: Paths) -> dict[str, Any]:
    return {
        "paths": paths.paths,
        "survived": paths.survived,
        "cost": text(paths.cost),
        "margin_added": text(paths.margin_added),
        "equity": text(paths.equity),
    }


def _from_json(values: Mapping[str, Any]) -> Outcome:
    return Outcome(
        cell=int(values["cell"]),
        sample=Sample(values["sample"]),
        values=tuple(map(str, values["values"])),
        crashes=tuple(
            Crash(
                scenario=str(each["scenario"]),
                survived=bool(each["survived"]),
                nearest=None if each["nearest"] is None else Decimal(each["nearest"]),
                cost=Decimal(each["cost"]),
                margin_added=Decimal(each["margin_added"]),
                equity=Decimal(each["equity"]),
                digest=str(each["digest"]),
            )
            for each in values["crashes"]
        ),
        paths=_paths(values["paths"]) if "paths" in values else None,
    )


def _paths(values: Mapping[str, Any]) -> Paths:
    return Paths(
        paths=int(values["paths"]),
        survived=int(values["survived"]),
        cost=Decimal(values["cost"]),
        margin_added=Decimal(values["margin_added"]),
        equity=Decimal(values["equity"]),
    )
