"""What befalls our process and its disk."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults.disk import Trouble
from tests.faults.evidence import Asked
from tests.faults.weather import Deed, Weather

FROZEN_MS = (700, 3_000, 12_000, 60_000)


def kill(weather: Weather) -> None:
    if weather.lab.life is not None:
        weather.lab.exchange.ledger.injected("kill")
        weather.lab.time.kill_in(weather.random.randint(1, 60))


def kill_near_a_write(weather: Weather) -> None:
    lab = weather.lab

    def nobody(_: Asked) -> None:
        """Every request passes."""

    def lurk(asked: Asked) -> None:
        if asked.writes and lab.life is not None:
            lab.exchange.restless = nobody
            lab.exchange.ledger.injected("kill near a write", request=asked.number)
            lab.time.kill_in(weather.random.randint(1, 25))

    lab.exchange.restless = lurk
    weather.later(60_000, lambda: setattr(lab.exchange, "restless", nobody))


def freeze(weather: Weather) -> None:
    time = weather.lab.time
    if weather.lab.life is not None:
        end_ms = weather.ends_ms(weather.random.choice(FROZEN_MS))
        weather.lab.exchange.ledger.injected("freeze", until_ms=end_ms)
        time.pass_until(end_ms)


def restart(weather: Weather) -> None:
    if weather.lab.life is not None:
        weather.lab.exchange.ledger.injected("restart")
        weather.lab.life.stop("SIGTERM")


def _disk(trouble: Trouble) -> Deed:
    def deed(weather: Weather) -> None:
        disk, for_ms = weather.lab.disk, weather.seconds(2, 30)
        disk.trouble = trouble
        weather.lab.exchange.ledger.injected(f"disk {trouble}", until_ms=weather.ends_ms(for_ms))
        weather.later(for_ms, lambda: setattr(disk, "trouble", None))

    return deed


DEEDS: Mapping[str, Deed] = {
    "kill": kill,
    "kill near a write": kill_near_a_write,
    "freeze": freeze,
    "restart": restart,
    "disk full": _disk(Trouble.FULL),
    "disk broken": _disk(Trouble.BROKEN),
}
