"""Writes files so that they are there whole or not at all, whenever the program or the machine stops."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

UNFINISHED = ".unfinished"
"""Behind the name of a file that is being written; nobody reads it."""


class Disk:
    """``sync`` makes what an open file has last; a test on a scratch disk needs none."""

    def __init__(self, sync: Callable[[int], None] = os.fsync) -> None:
        self._sync = sync

    def put(self, path: Path, data: bytes) -> None:
        """Write a file as a whole."""
        self.write(path, lambda file: file.write(data))

    def write(self, path: Path, fill: Callable[[BinaryIO], object]) -> None:
        """Write a file as a whole, by whatever fills it; where that raises, the file stays as it was."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}{UNFINISHED}")
        try:
            with unfinished.open("wb") as file:
                fill(file)
                file.flush()
                self._sync(file.fileno())
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        unfinished.replace(path)
        # The folder remembers the new name only once it is synced itself.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            self._sync(folder)
        finally:
            os.close(folder)
