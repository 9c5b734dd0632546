"""What the person orders of the bot while it runs: each order is taken back after a while, as people do."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults.scene import MAIN
from tests.faults.weather import Deed, Weather

AGAIN_MS = 2_000
"""Who finds the bot not running tries again."""


def pause(weather: Weather) -> None:
    for_ms = weather.seconds(10, 60)
    if _order(weather, "pause", {"for_ms": for_ms}):
        weather.lab.exchange.ledger.injected("pause", until_ms=weather.ends_ms(for_ms))


def halt(weather: Weather) -> None:
    for_ms = weather.seconds(10, 60)
    if _order(weather, "halt", {}):
        weather.lab.exchange.ledger.injected("halt", until_ms=weather.ends_ms(for_ms))
        weather.later(for_ms, lambda: _resume(weather))


def flatten(weather: Weather) -> None:
    for_ms = weather.seconds(20, 60)
    if _order(weather, "flatten", {"account": str(MAIN), "confirmed": str(MAIN)}):
        weather.lab.exchange.ledger.injected("flatten", until_ms=weather.ends_ms(for_ms))
        weather.later(for_ms, lambda: _resume(weather))


def _order(weather: Weather, name: str, args: Mapping[str, object]) -> bool:
    life = weather.lab.life
    return life is not None and life.command(name, {**args, "by": "a person"})


def _resume(weather: Weather) -> None:
    if not _order(weather, "resume", {}):
        weather.lab.time.after(AGAIN_MS, lambda: _resume(weather))


DEEDS: Mapping[str, Deed] = {"pause": pause, "halt": halt, "flatten": flatten}
