"""Weather that only planted mistakes are looked for in: rare things, made common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal

from bot.core.types import OrderKind
from bot.runtime.errors import ShellError
from bot.simulator import OrderTerms
from bot.simulator.binance.section import market_id
from bot.simulator.faults import Fault, FaultKind
from tests.faults.evidence import Asked, Cause, Who
from tests.faults.fronts import FRONTS
from tests.faults.kinds import WEATHER
from tests.faults.on_the_wire import MARKS, WRITES
from tests.faults.scene import MAIN
from tests.faults.weather import Deed, Weather

STRANGER = "hf-900-"
LONG_LAG_MS = 7_500


def an_error_without_a_code(weather: Weather) -> None:
    """A gateway speaks JSON, but not the exchange's: the request was carried out behind it."""
    body = '{"message":"upstream is slow"}'
    weather.order("write 5xx json", Fault(kind=FaultKind.ERROR_AFTER, path=WRITES, status=503, body=body))


def nothing_that_was_nothing(weather: Weather) -> None:
    """A 200 with ``null`` in it, and this time nothing was carried out behind it."""
    weather.order(
        "write null before", Fault(kind=FaultKind.ERROR_BEFORE, path=WRITES, status=200, body="null")
    )


def a_long_lag(weather: Weather) -> None:
    """Queries answer from further behind than two looks are apart."""
    fault = Fault(kind=FaultKind.LAG, count=None, ms=LONG_LAG_MS)
    weather.last("query lag", 30_000, [fault])


def stops_expire_at_once(weather: Weather) -> None:
    """The exchange takes the next stop and ends it in the same breath."""
    lab = weather.lab

    def nobody(_: Asked) -> None:
        """Every request passes."""

    def lurk(asked: Asked) -> None:
        if asked.writes and asked.method == "POST" and asked.path.endswith("algoOrder") and asked.executed:
            lab.exchange.restless = nobody
            placed = [o for o in lab.exchange.world.view(MAIN).open_orders if o.client_id == asked.client_id]
            for order in placed:
                with lab.exchange.ledger.because(Cause(who=Who.VENUE, what="expiry")):
                    lab.exchange.world.cancel(MAIN, order.order_id)
                lab.exchange.ledger.injected("stop expired", order.client_id)

    lab.exchange.restless = lurk


def a_stranger(weather: Weather) -> None:
    """An order with our mark appears that this journal has never given a name to."""
    world = weather.lab.exchange.world
    held = list(world.view(MAIN).positions.values())
    if not held or any(order.client_id.startswith(STRANGER) for order in world.view(MAIN).open_orders):
        return
    id_, name = held[0].id, f"{STRANGER}{weather.lab.time.now_ms}"
    mark, contract = world.market[id_.symbol].mark, world.contracts[id_.symbol]
    with weather.lab.exchange.ledger.because(Cause(who=Who.USER, what="another bot")):
        world.place(
            OrderTerms(
                client_id=name,
                id=id_,
                kind=OrderKind.STOP_MARKET,
                quantity=held[0].quantity,
                reduces=True,
                trigger=contract.price_down(mark * (20 - 5 * id_.side.sign) / 20),
            )
        )
    weather.lab.exchange.ledger.injected("another bot", name)


def _ordered(name: str, **args: object) -> Deed:
    """A person orders something of the bot that runs."""

    def deed(weather: Weather) -> None:
        life = weather.lab.life
        if life is None or name not in life.queries:
            return
        query = life.queries[name]

        async def order() -> None:
            with suppress(ShellError):
                await query({"by": "the lab", **args})

        life.program.hear(lambda: life.program.create_task(order()))
        weather.lab.exchange.ledger.injected(f"a person orders: {name}")

    return deed


def a_stubborn_spike(weather: Weather) -> None:
    """A stream says the same wrong thing three times, index and all, and the second source is slow."""
    _spike(weather)
    weather.order(
        "read lost", Fault(kind=FaultKind.LOST_BEFORE, method="GET", path=r"/premiumIndex\?", count=8)
    )


def _spike(weather: Weather) -> None:
    world = weather.lab.exchange.world
    symbol = weather.a_symbol()
    contract, ticker = world.contracts[symbol], world.market[symbol]
    now_ms, off = world.clock.now_ms(), Decimal(weather.random.choice([80, 130])) / 100
    row = {
        "e": "markPriceUpdate",
        "E": now_ms + 900,
        "s": market_id(contract),
        "p": str(contract.price_down(ticker.mark * off)),
        "i": str(contract.price_down(ticker.index * off)),
        "r": "0.0001",
        "T": now_ms + 3_600_000,
    }
    weather.order(
        "spike",
        Fault(kind=FaultKind.REPLACE_FRAME, method="WS", path=MARKS, body=json.dumps([row]), count=3),
    )


def a_start_into_a_spike(weather: Weather) -> None:
    """The process is killed, and the first its successor hears of a stream is wrong."""
    killed = weather.lab.life
    WEATHER["kill"](weather)

    def wait(tries: int) -> None:
        if weather.lab.life in (None, killed) and tries:
            weather.later(100, lambda: wait(tries - 1))
        else:
            _spike(weather)

    wait(50)


def a_stop_of_the_user(weather: Weather) -> None:
    """The trader places a stop of his own beside ours."""
    world = weather.lab.exchange.world
    held = list(world.view(MAIN).positions.values())
    if not held:
        return
    position = weather.random.choice(held)
    mark, contract = world.market[position.id.symbol].mark, world.contracts[position.id.symbol]
    name = f"web-by-hand-{weather.lab.time.now_ms}"
    with weather.lab.exchange.ledger.because(Cause(who=Who.USER, what="place a stop")):
        world.place(
            OrderTerms(
                client_id=name,
                id=position.id,
                kind=OrderKind.STOP_MARKET,
                quantity=position.quantity,
                reduces=True,
                trigger=contract.price_down(mark * (20 - 6 * position.id.side.sign) / 20),
            )
        )
    weather.lab.exchange.ledger.injected("user: place a stop", name)


SPECIAL: Mapping[str, Deed] = {
    **WEATHER,
    **FRONTS,
    "write 5xx json": an_error_without_a_code,
    "write null before": nothing_that_was_nothing,
    "long lag": a_long_lag,
    "stops expire at once": stops_expire_at_once,
    "another bot": a_stranger,
    "stubborn spike": a_stubborn_spike,
    "a start into a spike": a_start_into_a_spike,
    "a stop of the user": a_stop_of_the_user,
    "a halt": _ordered("halt"),
    "a flatten": _ordered("flatten", account=MAIN, confirmed=MAIN),
    "a pause": _ordered("pause", for_ms=60_000),
}
