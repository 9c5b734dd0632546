"""A scenario that has been read, and the way each coin goes in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from bot.config.errors import ConfigError, suggestion
from bot.config.explain import explained
from bot.config.read import read
from bot.lab.scenarios.minutes import Waypoint
from bot.lab.scenarios.model import ANY_COIN, CoinTable, ScenarioTable, Spell

FOLDER = Path("config", "scenarios")
"""Where the shipped ones are, from the folder the program is started in."""
_LEAST = 0.01
"""No coin is worth less than this part of what it was, whatever the one it is like does."""


class UnknownScenarioError(LookupError):
    """Nobody wrote a scenario of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario. ``sha256`` is that of its file, for those who say what they have played."""

    name: str
    table: ScenarioTable
    sha256: str

    @property
    def rising(self) -> bool:
        """Whether it is those who are short that it is about."""
        return self.table.pace == "squeeze"

    def coin(self, name: str) -> CoinTable:
        """What ``name`` does: what every other coin does, where it is not named."""
        return self.table.coins.get(name) or self.table.coins[ANY_COIN]

    def published(self, coin: str) -> Decimal | None:
        """The first price that the file gives for a coin; ``None`` where it does as another."""
        table = self.table.coins.get(coin)
        return table.path[0][1] if table is not None and table.path else None

    def funding(self, coin: str) -> tuple[Spell, ...]:
        """What is settled in a coin: as in the one that it is like, where its own is not told."""
        table = self.coin(coin)
        return table.funding or (self.table.coins[table.like].funding if table.like else ())

    def way(self, coin: str) -> tuple[Waypoint, ...]:
        """Where a coin is at which minute, in multiples of its first price."""
        table = self.coin(coin)
        if table.like is None or table.depth is None:
            return _from_first(_waypoints(table))
        leader = _waypoints(self.table.coins[table.like])
        peak, depth = _extremes(leader, rising=self.rising)
        factor = float(table.depth) / depth
        return _from_first([_stretched(each, peak, factor) for each in leader])


def read_scenario(path: Path) -> Scenario:
    """Read one file; ConfigError says everything that is wrong with it, with lines."""
    document = read([path], {})
    try:
        table = ScenarioTable.model_validate(document.values)
    except ValidationError as error:
        raise ConfigError(explained(error, ScenarioTable, (), document)) from None
    return Scenario(name=path.stem, table=table, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The scenarios of a folder, in order of their names."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def library(wanted: Iterable[str] = (), folder: Path = FOLDER) -> tuple[Scenario, ...]:
    """Those that are wanted, in that order, or all; ``UnknownScenarioError`` for a name without a file."""
    known = names(folder)
    chosen = tuple(wanted) or known
    for name in chosen:
        if name not in known:
            raise UnknownScenarioError(
                f'there is no scenario "{name}" in {folder}{suggestion(name, known)}; there are'
                f" {', '.join(known) or 'none'}"
            )
    return tuple(read_scenario(folder / f"{name}.toml") for name in chosen)


def _waypoints(table: CoinTable) -> list[Waypoint]:
    return [Waypoint(minute, float(price), float(wander)) for minute, price, wander in table.path]


def _from_first(way: list[Waypoint]) -> tuple[Waypoint, ...]:
    first = way[0].price
    return tuple(each._replace(price=each.price / first) for each in way)


def _extremes(way: list[Waypoint], *, rising: bool) -> tuple[float, float]:
    """The best price before the worst, and the fraction of it that was lost (or won, where it rises)."""
    best = peak = way[0].price
    depth = 0.0
    for each in way:
        best = min(best, each.price) if rising else max(best, each.price)
        move = abs(each.price / best - 1)
        if move > depth:
            peak, depth = best, move
    return peak, depth or 1.0


def _stretched(at: Waypoint, peak: float, factor: float) -> Waypoint:
    """As far from the peak as the other coin, times ``factor``, and as much wilder."""
    was = at.price / peak
    now = max(_LEAST, 1.0 + factor * (was - 1.0))
    return Waypoint(at.minute, now * peak, min(0.2, at.wander * factor * was / now))
