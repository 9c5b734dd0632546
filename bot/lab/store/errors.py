"""The one error of this package: what is wrong with a store, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """A store that cannot be used as it is: which file, what was found there, what to do about it."""

    def __init__(self, path: Path | str, found: str, remedy: str) -> None:
        self.path = Path(path)
        super().__init__(f"{path}: {found}; {remedy}")
