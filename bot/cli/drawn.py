"""What paths are drawn from: for the commands that play days which did not happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.compared import shipped

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.lab.tapes import SymbolTapes, Tape


def drawn_from(
    sources: Sequence[str], globs: Mapping[str, str], settings: Settings
) -> tuple[SymbolTapes, ...]:
    """The tapes of every source; a name without a file is that of a scenario."""
    from bot.lab.scenarios import FOLDER, library, names, read_scenario, tapes
    from bot.lab.stress.matrix import symbols_of
    from bot.lab.tapes import group, read_tape

    known = settings.config.tapes.map
    symbol_map = {**globs, **{glob: symbol for glob, symbol in known.items() if glob not in globs}}
    folder = shipped(FOLDER)
    found: list[Tape] = []
    for source in sources:
        if source.endswith(".toml"):
            found += tapes(read_scenario(Path(source)), symbols_of(settings))
        elif source in names(folder):
            found += tapes(library([source], folder)[0], symbols_of(settings))
        else:
            found.append(read_tape(source, symbol_map=symbol_map))
    return group(found)
