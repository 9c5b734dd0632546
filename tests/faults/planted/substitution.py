"""A mistake as data: which words of which file become which others, what that breaks, and who notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class Misfit(Exception):  # noqa: N818  # it says what is the matter
    """The code has changed and the mistake cannot be made any more: find out how it would look today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """One mistake that somebody could make. ``old`` occurs exactly once in ``path``."""

    name: str
    path: str
    old: str
    new: str
    breaks: str
    """What it does to a person's money or sleep, in one sentence."""
    weather: tuple[str, ...] = ()
    """The kinds of fault in which the simulation shows it; none where it shows in any."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Limits in place of those of the scene, so that the wall that is missing is the one that matters."""
    minutes: int = 8
    """Simulated; in the last three of them nothing goes wrong."""
    noticed_by: str = ""
    """The test of the lab that notices it, as pytest is told it; empty where the simulation does."""

    def applied(self, text: str) -> str:
        """The file with the mistake in it; ``Misfit`` where it cannot be made exactly once."""
        times = text.count(self.old)
        if times != 1:
            raise Misfit(f"{self.name}: its words occur {times} times in {self.path}, expected once")
        return text.replace(self.old, self.new)

    def plant(self, root: Path) -> None:
        """Make the mistake in a copy of the tree."""
        file = root / self.path
        text = self.applied(file.read_text(encoding="utf-8"))
        file.unlink()  # The copy may share the file with the tree it was made from.
        file.write_text(text, encoding="utf-8")
