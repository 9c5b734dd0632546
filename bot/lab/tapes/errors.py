"""The one error of this package: everything that is wrong with a tape ends in a single clear line."""

from pathlib import Path

_LONGEST = 60


class TapeError(Exception):
    """A tape that cannot be used: which file, which line, what was found there and what to do about it.

    `line` counts from 1 and includes the header line; in a parquet file it counts rows from 1.
    It is None where the fault is not in one line.
    """

    def __init__(self, path: Path | str, line: int | None, found: str, remedy: str) -> None:
        """Keep the four parts apart for callers and join them for people."""
        self.path = Path(path)
        self.line = line
        self.found = found
        self.remedy = remedy
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {found}; {remedy}")


def shown(text: str) -> str:
    """Foreign text made safe for a one-line message: escaped and cut."""
    return ascii(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")
