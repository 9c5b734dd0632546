"""What the number of a parameter counts, for those who read about it: the rule reference prints it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in words, put into the annotation of a parameter: ``Annotated[int, Unit("bars")]``."""

    name: str
