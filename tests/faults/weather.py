"""Everything that goes wrong in a seed's run: which kinds at all, and when each.

Each seed has its own few kinds, because faults that all come at once hide one another. Each kind is a name
and a deed; most order a fault of the simulator that waits for its request or message.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from bot.core.types import OUR_PREFIX, Side, Symbol
from bot.simulator.binance.section import market_id
from bot.simulator.faults import Fault, FaultKind
from tests.faults.disk import Disk, Trouble
from tests.faults.evidence import Asked, Cause, Who
from tests.faults.exchange import Exchange
from tests.faults.life import Life
from tests.faults.market import Prices
from tests.faults.passing import Time
from tests.faults.scene import KEY, MAIN

K = FaultKind
WRITES = r"/(order|algoOrder|positionMargin|leverage|marginType)\?"
READS = r"/(positionRisk|balance|openOrders|openAlgoOrders|order|algoOrder|userTrades|history|premiumIndex)\?"
MARKET, PRIVATE, MARKS = r"^/market", r"^/private", r"^/market/ws/!markPrice"
UNKNOWN_STATUS = '{"code":-1007,"msg":"Timeout waiting for response from backend server."}'
OVERLOADED = '{"code":-1008,"msg":"Server is currently overloaded with other requests."}'
TRIGGERS = '{"code":-2021,"msg":"Order would immediately trigger."}'
NO_MARGIN = '{"code":-2019,"msg":"Margin is insufficient."}'
Deed = Callable[[], None]


@dataclass(slots=True)
class Lab:
    """What faults act upon. ``life`` is the process that lives now, if one does."""

    time: Time
    exchange: Exchange
    prices: Prices
    disk: Disk
    life: Life | None = None


class Weather:
    """The faults of one seed, until ``stop_ms``."""

    def __init__(self, seed: int, lab: Lab, stop_ms: int) -> None:
        self.random = Random(f"{seed} weather")
        self.lab = lab
        self._stop_ms = stop_ms
        kinds = {**_ordered(self), **_lasting(self), **_of_the_machine(self)}
        self.kinds = {name: deed for name, deed in kinds.items() if self.random.random() < 0.35}
        self._pace_ms = self.random.choice([5_000, 15_000, 40_000])

    def begin(self) -> None:
        """Let the first come in a while."""
        self.lab.time.after(self.random.randint(1_000, 2 * self._pace_ms), self._strike)

    def _strike(self) -> None:
        if self.lab.time.now_ms >= self._stop_ms or not self.kinds:
            return
        self.kinds[self.random.choice(list(self.kinds))]()
        self.begin()

    # -- what deeds are made of ----------------------------------------------------------------------

    def order(self, name: str, fault: Fault) -> int:
        """Let a fault wait; it is taken back after a while if nothing met it."""
        number = self.lab.exchange.order(name, fault)
        if fault.count is not None:
            self.later(60_000, lambda: self.lab.exchange.world.faults.clear(number))
        return number

    def last(self, name: str, for_ms: int, faults: list[Fault]) -> None:
        """Let faults hold for a time."""
        numbers = [self.lab.exchange.order(name, fault) for fault in faults]
        self.lab.exchange.ledger.injected(name, until_ms=self.ends_ms(for_ms))

        def end() -> None:
            for number in numbers:
                self.lab.exchange.world.faults.clear(number)

        self.later(for_ms, end)

    def ends_ms(self, for_ms: int) -> int:
        """When something ends that begins now: no later than everything."""
        return min(self.lab.time.now_ms + for_ms, self._stop_ms)

    def later(self, ms: int, happening: Deed) -> None:
        """Undo something: after ``ms``, or when all faults end."""
        self.lab.time.at(self.ends_ms(ms), happening)

    def a_symbol(self) -> Symbol:
        """One that the account holds, if it holds any."""
        held = [id_.symbol for id_ in self.lab.exchange.world.view(MAIN).positions]
        return self.random.choice(held or list(self.lab.exchange.world.contracts))


def _ordered(weather: Weather) -> dict[str, Deed]:
    """Faults of single requests and messages."""
    random = weather.random

    def one(name: str, kind: FaultKind, *, method: str = "", path: str = WRITES, **more: object) -> Deed:
        def deed() -> None:
            made = {key: value() if callable(value) else value for key, value in more.items()}
            weather.order(name, Fault(kind=kind, method=method, path=path, **made))  # type: ignore[arg-type]

        return deed

    def late() -> int:
        return random.choice([800, 2_000, 4_000, 9_000])

    def few() -> int:
        return random.choice([1, 1, 3, 12])

    table: dict[str, tuple[FaultKind, dict[str, object]]] = {
        "write lost before": (K.LOST_BEFORE, {}),
        "write lost after": (K.LOST_AFTER, {}),
        "write hangs before": (K.HANG_BEFORE, {}),
        "write hangs after": (K.HANG_AFTER, {}),
        "write late": (K.DELAY_BEFORE, {"ms": late}),
        "reply late": (K.DELAY_AFTER, {"ms": late}),
        "write 5xx before": (K.ERROR_BEFORE, {"count": few}),
        "write 5xx after": (K.ERROR_AFTER, {"count": few}),
        "write html": (K.HTML_AFTER, {}),
        "write empty": (K.EMPTY_AFTER, {}),
        "write null": (K.BODY_AFTER, {"body": lambda: random.choice(["null", "[]", "{}", '""'])}),
        "write cut json": (K.CUT_JSON, {}),
        "write cut body": (K.CUT_BODY, {}),
        "write -1007 before": (K.ERROR_BEFORE, {"status": 408, "body": UNKNOWN_STATUS}),
        "write -1007 after": (K.ERROR_AFTER, {"status": 408, "body": UNKNOWN_STATUS}),
        "write -1008": (K.ERROR_BEFORE, {"status": 503, "body": OVERLOADED, "count": few}),
        "stop refused": (K.ERROR_BEFORE, {"status": 400, "body": TRIGGERS, "path": r"/algoOrder\?"}),
        "margin refused": (K.ERROR_BEFORE, {"status": 400, "body": NO_MARGIN, "path": r"/positionMargin\?"}),
    }
    found: dict[str, Deed] = {}
    for name, (kind, more) in table.items():
        found[name] = one(name, kind, **more)  # type: ignore[arg-type]  # the table says what is what
    gets: dict[str, tuple[FaultKind, dict[str, object]]] = {
        "read lost": (K.LOST_BEFORE, {"count": few}),
        "read hangs": (K.HANG_BEFORE, {}),
        "read 5xx": (K.ERROR_BEFORE, {"count": few}),
        "read html": (K.HTML_AFTER, {"count": few}),
        "read cut json": (K.CUT_JSON, {}),
        "read empty list": (K.BODY_AFTER, {"body": "[]"}),
        "read late": (K.DELAY_AFTER, {"ms": late, "count": few}),
    }
    for name, (kind, more) in gets.items():
        found[name] = one(name, kind, method="GET", path=READS, **more)
    frames: dict[str, tuple[FaultKind, str, dict[str, object]]] = {
        "market line closes": (K.CLOSE, MARKET, {}),
        "user line closes": (K.CLOSE, PRIVATE, {}),
        "market line mute": (K.MUTE, MARKET, {}),
        "user line mute": (K.MUTE, PRIVATE, {}),
        "market line half open": (K.HALF_OPEN, MARKET, {}),
        "user line half open": (K.HALF_OPEN, PRIVATE, {}),
        "line refused": (K.REFUSE, "", {"count": few}),
        "frames twice": (K.DUPLICATE, "", {"count": few}),
        "frames out of order": (K.REORDER, "", {"count": few}),
        "frames late": (K.DELAY_FRAME, "", {"ms": late, "count": few}),
        "frames dropped": (K.DROP, "", {"count": few}),
        "frame cut": (K.CUT_FRAME, "", {"count": few}),
        "spike": (K.REPLACE_FRAME, MARKS, {"body": lambda: _a_mark(weather, "spike"), "count": few}),
        "absurd frame": (K.REPLACE_FRAME, MARKS, {"body": lambda: _a_mark(weather, "absurd")}),
    }
    for name, (kind, path, more) in frames.items():
        found[name] = one(name, kind, method="WS", path=path, **more)
    return found


def _lasting(weather: Weather) -> dict[str, Deed]:
    """What is the matter with the exchange, its market or our rights for a while."""
    random, lab = weather.random, weather.lab
    exchange, world, ledger = lab.exchange, lab.exchange.world, lab.exchange.ledger

    def seconds(least: int, most: int) -> int:
        return random.randint(least, most) * 1_000

    def lag() -> None:
        ms = random.choice([700, 2_000, 4_500])
        weather.last("query lag", seconds(5, 40), [Fault(kind=K.LAG, count=None, ms=ms)])

    def limited() -> None:
        wait_ms = seconds(2, 10)
        fault = Fault(kind=K.LIMITED, count=None, retry_after_s=wait_ms // 1_000)
        weather.last("429", wait_ms, [fault])

    def banned() -> None:
        wait_ms = seconds(10, 90)
        fault = Fault(kind=K.BANNED, count=None, retry_after_s=wait_ms // 1_000)
        weather.last("418", wait_ms, [fault])

    def outage() -> None:
        faults = [
            Fault(kind=K.ERROR_BEFORE, status=503, count=None),
            Fault(kind=K.REFUSE, status=503, count=None),
            Fault(kind=K.MUTE, count=None, method="WS"),
        ]
        weather.last("outage", seconds(5, 90), faults)

    def unreachable() -> None:
        for_ms = seconds(3, 60)
        exchange.unreachable = True
        ledger.injected("unreachable", until_ms=weather.ends_ms(for_ms))
        weather.later(for_ms, lambda: setattr(exchange, "unreachable", False))

    def skewed() -> None:
        for_ms = seconds(10, 90)
        world.clock.skew_ms = random.choice([-1, 1]) * random.choice([600, 2_000, 8_000])
        ledger.injected("clock skew", str(world.clock.skew_ms), until_ms=weather.ends_ms(for_ms))
        weather.later(for_ms, lambda: setattr(world.clock, "skew_ms", 0))

    def revoked() -> None:
        for_ms = seconds(10, 90)
        world.keys.revoke(KEY.key)
        ledger.injected("key revoked", until_ms=weather.ends_ms(for_ms))
        weather.later(for_ms, lambda: world.keys.revoke(KEY.key, revoked=False))

    def key_expires() -> None:
        if exchange.wire.expire_sessions(MAIN):
            ledger.injected("listen key expired")

    def halted() -> None:
        symbol, for_ms = weather.a_symbol(), seconds(10, 60)
        world.market[symbol].halted = True
        lab.prices.halted.add(symbol)
        ledger.injected("market halted", symbol, until_ms=weather.ends_ms(for_ms))

        def resume() -> None:
            world.market[symbol].halted = False
            lab.prices.halted.discard(symbol)

        weather.later(for_ms, resume)

    def crash() -> None:
        symbol = weather.a_symbol()
        ppm = random.choice([-1, -1, 1]) * random.randint(30_000, 250_000)
        ledger.injected("crash", f"{symbol} by {ppm} ppm")
        if "-" not in symbol:
            lab.prices.crash(symbol, ppm, random.choice([0, 1, 5, 30]))

    def deleveraged() -> None:
        held = list(world.view(MAIN).positions.values())
        if held:
            position = random.choice(held)
            lot = world.contracts[position.id.symbol].lot
            quantity = max(lot, position.quantity / 2 // lot * lot)
            with ledger.because(Cause(who=Who.VENUE, what="deleveraging")):
                world.deleverage(position.id.symbol, position.id.side, quantity)
            ledger.injected("adl", str(position.id))

    def funded() -> None:
        symbol = weather.a_symbol()
        if "-" not in symbol:
            world.market[symbol].funding_rate = Decimal(random.randint(-75, 75)) / 10_000
            with ledger.because(Cause(who=Who.VENUE, what="funding")):
                world.settle_funding(symbol)
            ledger.injected("funding", symbol)

    def expired() -> None:
        ours = [o for o in world.view(MAIN).open_orders if o.client_id.startswith(OUR_PREFIX)]
        if ours:
            order = random.choice(ours)
            with ledger.because(Cause(who=Who.VENUE, what="expiry")):
                world.cancel(MAIN, order.order_id)
            ledger.injected("stop expired", order.client_id)

    return {
        "query lag": lag,
        "429": limited,
        "418": banned,
        "outage": outage,
        "unreachable": unreachable,
        "clock skew": skewed,
        "key revoked": revoked,
        "listen key expired": key_expires,
        "market halted": halted,
        "crash": crash,
        "adl": deleveraged,
        "funding": funded,
        "stop expired": expired,
    }


def _of_the_machine(weather: Weather) -> dict[str, Deed]:
    """What befalls our process and its disk."""
    random, lab = weather.random, weather.lab
    ledger, time = lab.exchange.ledger, lab.time

    def kill() -> None:
        if lab.life is not None:
            ledger.injected("kill")
            time.kill_in(random.randint(1, 60))

    def kill_near_a_write() -> None:
        def listen(asked: Asked) -> None:
            if asked.writes and lab.life is not None:
                lab.exchange.restless = lambda _: None
                ledger.injected("kill near a write", request=asked.number)
                time.kill_in(random.randint(1, 25))

        lab.exchange.restless = listen
        weather.later(60_000, lambda: setattr(lab.exchange, "restless", lambda _: None))

    def freeze() -> None:
        if lab.life is not None:
            ms = random.choice([700, 3_000, 12_000, 60_000])
            ledger.injected("freeze", f"{ms} ms", until_ms=time.now_ms + ms)
            time.pass_until(time.now_ms + ms)

    def restart() -> None:
        if lab.life is not None:
            ledger.injected("restart")
            lab.life.stop("SIGTERM")

    def trouble(name: str, kind: Trouble) -> Deed:
        def deed() -> None:
            for_ms = random.randint(2_000, 30_000)
            lab.disk.trouble = kind
            ledger.injected(name, until_ms=weather.ends_ms(for_ms))
            weather.later(for_ms, lambda: setattr(lab.disk, "trouble", None))

        return deed

    return {
        "kill": kill,
        "kill near a write": kill_near_a_write,
        "freeze": freeze,
        "restart": restart,
        "disk full": trouble("disk full", Trouble.FULL),
        "disk broken": trouble("disk broken", Trouble.BROKEN),
    }


def _a_mark(weather: Weather, what: str) -> str:
    """A frame of marks that is wrong: far off for a moment, or no price at all."""
    random, world = weather.random, weather.lab.exchange.world
    symbol = weather.a_symbol()
    contract, ticker = world.contracts[symbol], world.market[symbol]
    now_ms = world.clock.now_ms()
    row: dict[str, object] = {
        "e": "markPriceUpdate",
        "E": now_ms,
        "s": market_id(contract),
        "p": str(ticker.mark),
        "i": str(ticker.index),
        "r": "0.0001",
        "T": now_ms + 3_600_000,
    }
    if what == "spike":
        off = Decimal(random.choice([1, 30, 60, 80, 130, 1_000])) / 100
        row["p"] = str(contract.price_down(ticker.mark * off))
        return json.dumps([row])
    change = random.choice(
        [
            {"p": "NaN"},
            {"p": "0"},
            {"p": "-5"},
            {"p": ""},
            {"p": None},
            {"p": "1e400"},
            {"E": now_ms + 60_000},
            {"E": now_ms - 3_600_000},
            {"E": "now"},
            {"s": "NOSUCHUSDT"},
            {"r": "17"},
            {"r": "x"},
        ]
    )
    text = json.dumps([row | change])
    return random.choice([text, text, text[:-1], "[[[[", "{}", "[null]"])


def sides() -> tuple[Side, ...]:
    """Both."""
    return tuple(Side)
